"""The rules on offline plans: what `slipway plan --policies` and the pull-request comment show."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from plan.model import Plan, Resource
from policies.exceptions import PolicyException, reason_for
from policies.rule import Finding, Rule
from policies.rules import RULES


def check(plan: Plan, exceptions: Sequence[PolicyException]) -> list[Finding]:
    """What one stack's plan breaks, in the order of the rules and of the plan; excepted findings among it."""
    return check_all([plan], exceptions)


def check_all(plans: Iterable[Plan], exceptions: Sequence[PolicyException]) -> list[Finding]:
    """The same for several stacks."""
    plans = list(plans)
    return [
        Finding(
            rule=rule,
            stack=plan.stack,
            resource=resource,
            message=message,
            exception=reason_for(exceptions, rule, plan.stack, resource),
        )
        for rule in RULES
        for plan in plans
        for resource, message in _broken(rule, plan)
    ]


def once(findings: Iterable[Finding]) -> list[tuple[Finding, tuple[str, ...]]]:
    """The same finding of several stacks is one: the first of them, and where it was made."""
    found: dict[tuple[str | None, ...], tuple[Finding, tuple[str, ...]]] = {}
    for each in findings:
        key = (each.rule.name, each.resource.label, each.message, each.exception)
        first, stacks = found.get(key, (each, ()))
        found[key] = (first, tuple(dict.fromkeys((*stacks, each.stack))))
    return list(found.values())


def _broken(rule: Rule, plan: Plan) -> Iterator[tuple[Resource, str]]:
    if rule.of_stack:
        yield from rule.of_stack(plan.resources)
    if rule.of_resource:
        for resource in plan.resources:
            if not rule.types or resource.type in rule.types:
                for message in rule.of_resource(resource):
                    yield resource, message
