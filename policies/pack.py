"""The rules as CrossGuard policies: the engine's resources in, violations out.

Single resources are judged before they are made, what needs the whole stack at the end of a preview and of an update.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from pulumi_policy import (
    EnforcementLevel,
    Policy,
    PolicyProviderResource,
    PolicyResource,
    PolicyResourceOptions,
    ReportViolation,
    ResourceValidationArgs,
    ResourceValidationPolicy,
    StackValidationArgs,
    StackValidationPolicy,
)
from pulumi_policy.proxy import UnknownValueError

from plan.model import Resource
from policies.exceptions import PolicyException, reason_for
from policies.rule import UNKNOWN, ResourceCheck, Rule, StackCheck
from policies.rules import RULES

Options: TypeAlias = PolicyResourceOptions


def policies(exceptions: Sequence[PolicyException]) -> list[Policy]:
    """A policy for each rule that the engine can judge: it sees one stack at a time."""
    made: list[Policy] = []
    for rule in RULES:
        if rule.of_resource:
            made.append(_of_resource(rule, rule.of_resource, exceptions))
        elif rule.of_stack:
            made.append(_of_stack(rule, rule.of_stack, exceptions))
    return made


def _of_resource(rule: Rule, check: ResourceCheck, exceptions: Sequence[PolicyException]) -> Policy:
    def validate(args: ResourceValidationArgs, report: ReportViolation) -> None:
        if rule.types and args.resource_type not in rule.types:
            return
        resource = _resource(
            args.urn, args.resource_type, args.name, args.props, args.opts, args.provider, args.opts.parent
        )
        if reason_for(exceptions, rule, _stack(args.urn), resource) is None:
            for message in check(resource):
                report(_sentence(message, rule), None)

    return ResourceValidationPolicy(
        name=rule.name,
        description=rule.reason,
        validate=validate,
        enforcement_level=EnforcementLevel.MANDATORY,
        remediation_steps=rule.remedy,
    )


def _of_stack(rule: Rule, check: StackCheck, exceptions: Sequence[PolicyException]) -> Policy:
    def validate(args: StackValidationArgs, report: ReportViolation) -> None:
        for resource, message in check([_from_state(each) for each in args.resources]):
            if reason_for(exceptions, rule, _stack(resource.urn), resource) is None:
                report(_sentence(message, rule), resource.urn)

    return StackValidationPolicy(
        name=rule.name,
        description=rule.reason,
        validate=validate,
        enforcement_level=EnforcementLevel.MANDATORY,
        remediation_steps=rule.remedy,
    )


def _sentence(message: str, rule: Rule) -> str:
    return f"Found: {message}. Remedy: {rule.remedy}"


def _from_state(each: PolicyResource) -> Resource:
    parent = each.parent.urn if each.parent else None
    return _resource(each.urn, each.resource_type, each.name, each.props, each.opts, each.provider, parent)


def _resource(
    urn: str,
    type_: str,
    name: str,
    props: Mapping[str, Any],
    opts: Options,
    provider: PolicyProviderResource | None,
    parent: str | None,
) -> Resource:
    return Resource(
        urn=urn,
        type=type_,
        name=name,
        # The engine does not say; the platform's components are of its own package.
        custom=not type_.startswith(("slipway:", "pulumi:pulumi:")),
        parent=parent,
        inputs={key: _plain(props, key) for key in props},
        provider=provider.urn if provider else None,
        protect=opts.protect,
    )


def _plain(container: Any, key: Any) -> Any:
    """A value without the pack's proxies, which raise where something is not known yet."""
    try:
        value = container[key]
    except UnknownValueError:
        return UNKNOWN
    if isinstance(value, Mapping):
        return {name: _plain(value, name) for name in value}
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return [_plain(value, index) for index in range(len(value))]
    return value


def _stack(urn: str) -> str:
    """`stage` of urn:pulumi:stage::slipway::..."""
    return urn.split("::")[0].rpartition(":")[2]
