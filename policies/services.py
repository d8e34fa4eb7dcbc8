"""What every service has: an owner, alerts, and secrets that nobody can read."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from plan.model import Resource
from policies.rule import Rule, as_list, document, is_reference, resource_rule, stack_rule, within

SERVICE = "slipway:ecs:EcsService"
ALERTS = "slipway:datadog:ServiceAlerts"
MONITOR = "datadog:index/monitor:Monitor"

# The resources of a service that AWS lets one tag and that people look for by service or owner, or pay for.
_TAGGED = (
    "aws:cloudwatch/logGroup:LogGroup",
    "aws:ecs/service:Service",
    "aws:ecs/taskDefinition:TaskDefinition",
    "aws:iam/role:Role",
    "aws:lb/listenerRule:ListenerRule",
    "aws:lb/targetGroup:TargetGroup",
)
_SECRET_NAME = re.compile(
    r"(?:^|_)(?:PASSWORD|PASSWD|PWD|PASSPHRASE|SECRET|TOKEN|CREDENTIALS?|KEY)$", re.ASCII | re.IGNORECASE
)
# An AWS access key id, a private key, and an address with a password in it. Ids by
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-unique-ids
_SECRET_VALUE = re.compile(r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b|-----BEGIN [A-Z ]*PRIVATE KEY|://[^/\s:@]*:[^/\s@]+@")


@resource_rule(*_TAGGED, remedy="Pass the tags service and owner, as EcsService does for its resources.")
def service_tags(resource: Resource) -> Iterator[str]:
    """Whoever finds something in the console or on the bill sees at once which service it is of, and whom to ask."""
    tags = resource.inputs.get("tags")
    if not within(resource, SERVICE) or is_reference(tags):
        return
    missing = sorted({"service", "owner"} - {*(tags or ())})
    if missing:
        yield f"without {' and '.join(missing)}"


@resource_rule("pulumi:providers:aws", remedy="Make the provider in stacks/providers.py, which tags.")
def default_tags(resource: Resource) -> Iterator[str]:
    """Everything says which environment it is of and that it is made by the program, not by hand."""
    content = document(resource.inputs.get("defaultTags"))
    if content is None and resource.inputs.get("defaultTags") is not None:
        return
    missing = sorted({"env", "managed-by"} - {*((content or {}).get("tags") or ())})
    if missing:
        yield f"without {' and '.join(missing)}"


@resource_rule(
    "aws:ecs/taskDefinition:TaskDefinition",
    "aws:lambda/function:Function",
    remedy="Move it to `secrets:` in the service's file, which names a secret of Secrets Manager.",
    exceptions={
        "slipway:datadog:DeployEvents$aws:lambda/function:Function::deploy-events-function": (
            "API_KEY_SECRET is the name of a secret; the function reads its value from Secrets Manager."
        ),
    },
)
def no_clear_secrets(resource: Resource) -> Iterator[str]:
    """The environment stands in clear text in the task definition, in the console, in the state and in the plan, for
    everybody who may look."""
    for where, name, value in _variables(resource):
        if _SECRET_NAME.search(name) and value:
            yield f"{where}{name} has a value"
        elif _SECRET_VALUE.search(str(value)):
            yield f"{where}{name} looks like a secret"


def _variables(resource: Resource) -> Iterator[tuple[str, str, Any]]:
    if resource.short_type == "Function":
        environment = resource.inputs.get("environment")
        variables = environment.get("variables") if isinstance(environment, Mapping) else None
        for name, value in variables.items() if isinstance(variables, Mapping) else ():
            yield "", name, value
        return
    for container in as_list(document(resource.inputs.get("containerDefinitions"))):
        for variable in container.get("environment") or ():
            yield f"{container.get('name')}: ", str(variable.get("name")), variable.get("value")


@stack_rule(
    remedy="Declare ServiceAlerts with the service's name beside it; each monitor has warning and critical and names "
    "a handle."
)
def service_alerts(resources: Sequence[Resource]) -> Iterator[tuple[Resource, str]]:
    """A service without alerts is down until a customer calls. The warning is there so that somebody can act before
    anybody is woken, and neither helps if it reaches nobody."""
    alerts = {resource.name: resource.urn for resource in resources if resource.type == ALERTS}
    watched = {resource.parent for resource in resources if resource.type == MONITOR}
    for resource in resources:
        if resource.type == SERVICE:
            if resource.name not in alerts:
                yield resource, "no ServiceAlerts of its name"
            elif alerts[resource.name] not in watched:
                yield resource, "its ServiceAlerts watch nothing"
        elif resource.type == MONITOR and within(resource, ALERTS):
            thresholds = resource.inputs.get("monitorThresholds")
            missing = sorted({"warning", "critical"} - {*(thresholds or ())})
            if missing and not is_reference(thresholds):
                yield resource, f"no {' and no '.join(missing)} threshold"
            message = resource.inputs.get("message")
            if not is_reference(message) and "@" not in str(message):
                yield resource, "reaches nobody"


RULES: tuple[Rule, ...] = (service_tags, default_tags, no_clear_secrets, service_alerts)
