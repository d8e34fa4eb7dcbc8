"""What in a change deserves a look first: lost state, access, exposure, protection, alerts, and what restarts."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any

from plan.diff import TASK_DEFINITION, Action, Pair, Risk, StackDiff, opened
from plan.model import REFERENCE, Plan, Resource
from plan.stateful import STATEFUL

KINDS = {
    "state": "Replaced or deleted, with state",
    "access": "Access of people",
    "iam": "IAM widened",
    "public": "Newly public",
    "protection": "Protection removed",
    "alerts": "Alerts lost",
    "strategy": "Deployment strategy in one step",
    "replaced": "Replaced",
    "may replace": "May be replaced",
    "restart": "Tasks restarted",
    "hosts": "Hosts replaced",
}
"""Kind of a Risk -> its heading, in the order of a report."""

_GUARDS = (
    "aws:accessanalyzer/",
    "aws:cfg/recorder",
    "aws:cloudtrail/trail:",
    "aws:ebs/encryptionByDefault:",
    "aws:ebs/snapshotBlockPublicAccess:",
    "aws:ec2/flowLog:",
    "aws:ec2/imageBlockPublicAccess:",
    "aws:ec2/instanceMetadataDefaults:",
    "aws:guardduty/",
    "aws:iam/accountPasswordPolicy:",
    "aws:organizations/policy",
    "aws:s3/accountPublicAccessBlock:",
    "aws:s3/bucketPublicAccessBlock:",
    "aws:s3/bucketServerSideEncryptionConfiguration:",
    "aws:s3/bucketVersioning:",
    "aws:securityhub/",
    "aws:wafv2/webAcl",
)
"""Types whose whole purpose is to guard: deleting one is a risk in itself."""

_ALERTS = (
    "datadog:index/monitor:Monitor",
    "datadog:index/serviceLevelObjective:ServiceLevelObjective",
    "aws:cloudwatch/metricAlarm:MetricAlarm",
)

# Property (its last part) -> the value that guards.
_GUARDING = {
    "blockPublicAcls": True,
    "blockPublicPolicy": True,
    "deletionProtection": True,
    "dropInvalidHeaderFields": True,
    "enableDeletionProtection": True,
    "enableKeyRotation": True,
    "enableLogFileValidation": True,
    "encrypted": True,
    "forceDestroy": False,
    "httpTokens": "required",
    "ignorePublicAcls": True,
    "restrictPublicBuckets": True,
}
_PUBLIC = {"associatePublicIpAddress": True, "internal": False, "mapPublicIpOnLaunch": True, "publiclyAccessible": True}
# https://docs.datadoghq.com/monitors/notify/#notify-your-team: @team-name, @slack-workspace-channel, @ada@acme.example.
_HANDLE = re.compile(r"(?<![\w@.+-])@[\w@.+-]*\w")
_EVERYBODY = ("0.0.0.0/0", "::/0")
_ATTACHMENTS = ("RolePolicyAttachment", "UserPolicyAttachment", "GroupPolicyAttachment", "ManagedPolicyAttachment")


def of(diff: StackDiff) -> list[Risk]:
    """All risks of one stack, by kind as in KINDS."""
    found = [risk for pair in diff.pairs for risk in _of_pair(pair, diff)]
    order = {kind: number for number, kind in enumerate(KINDS)}
    return sorted(found, key=lambda risk: (order[risk.kind], risk.owner, risk.subject, risk.text))


def _of_pair(pair: Pair, diff: StackDiff) -> Iterator[Risk]:
    change = diff.change(pair)

    def risk(kind: str, text: str = "") -> Risk:
        return Risk(kind=kind, owner=change.owner, subject=change.label, text=text, stacks=change.stacks)

    resource = pair.resource
    ends = pair.action in (Action.REPLACE, Action.DELETE, Action.MAY_REPLACE)
    if pair.action is Action.REPLACE or pair.action is Action.MAY_REPLACE:
        why = ", ".join(dict.fromkeys(p.path for p in pair.properties if p.effect != "updates"))
        reasons = "; ".join(dict.fromkeys(p.because for p in pair.properties if p.effect != "updates" and p.because))
        text = f"{pair.action} because of {why}" + (f" ({reasons})" if reasons else "")
    else:
        text = str(pair.action)
    if ends and (change.protected or resource.type in STATEFUL):
        yield risk("state", text + (": protected, so Pulumi refuses" if change.protected else ""))
    elif pair.action is Action.REPLACE and resource.type != TASK_DEFINITION:
        yield risk("replaced", text)
    elif pair.action is Action.MAY_REPLACE:
        yield risk("may replace", text)

    for text in _widened(pair, diff):
        yield risk("iam", text)
    for text in _newly_public(pair, diff):
        yield risk("public", text)
    for text in _unprotected(pair):
        yield risk("protection", text)
    for text in _alerts_lost(pair):
        yield risk("alerts", text)
    if pair.before is not None and pair.after is not None:
        paths = [p.path for p in pair.properties]
        strategies = [_strategy(each) for each in (pair.before, pair.after)]
        if "none" in strategies and not {"none", "ROLLING"}.issuperset(strategies):
            yield risk("strategy", f"{' -> '.join(strategies)}, where AWS wants ROLLING in between: docs/deploys.md")
        if resource.type == "aws:ecs/service:Service" and "taskDefinition" in paths:
            yield risk("restart", _images(pair, diff))
        if resource.type == "aws:autoscaling/group:Group" and any("launchTemplate" in path for path in paths):
            yield risk("hosts", "by instance refresh" if "instanceRefresh" in resource.inputs else "as they end")


def _strategy(service: Resource) -> str:
    """What shifts the requests between a service's two target groups; `none` where it has one."""
    balancers = service.inputs.get("loadBalancers") or ()
    if service.type != "aws:ecs/service:Service" or not any("advancedConfiguration" in each for each in balancers):
        return "none"
    return str(service.inputs["deploymentConfiguration"]["strategy"])


# IAM -----------------------------------------------------------------------------------------------------------------

_Grant = tuple[str, str, str, str]
"""Principal, action, resource, condition."""


def _widened(pair: Pair, diff: StackDiff) -> Iterator[str]:
    after = pair.after
    if after is None or not after.type.startswith(("aws:", "datadog:")) or pair.action is Action.OPTIONS:
        return
    old = opened(pair.before.inputs) if pair.before else {}
    new = opened(after.inputs)
    if pair.before is not None:
        if "permissionsBoundary" in old and "permissionsBoundary" not in new:
            yield "its permissions boundary is gone"
        for name, document in new.items():
            if isinstance(document, Mapping) and "Statement" in document:
                before = old.get(name)
                before = before if isinstance(before, Mapping) and "Statement" in before else {"Statement": []}
                yield from _new_grants(before, document)
        gained = [arn for arn in new.get("managedPolicyArns", ()) if arn not in old.get("managedPolicyArns", ())]
        if after.short_type in _ATTACHMENTS and old.get("policyArn") != new.get("policyArn"):
            gained.append(new["policyArn"])
        yield from (f"new policy {arn}" for arn in gained)
        return
    # What is new altogether counts where it gives to something that was there, or to somebody who is no AWS service.
    receiver = next((new[key] for key in ("role", "user", "group") if isinstance(new.get(key), str)), None)
    existing = receiver is not None and _existed(receiver, diff)
    if after.short_type in _ATTACHMENTS and existing:
        yield f"new policy {new.get('policyArn')}"
    for document in new.values():
        if isinstance(document, Mapping) and "Statement" in document:
            for text in _new_grants({"Statement": []}, document):
                broad = "action *" in text
                outside = text.startswith("new trust") and "Service:" not in text
                if existing or broad or (outside and after.type.startswith("aws:iam/role:")):
                    yield text


def _existed(receiver: str, diff: StackDiff) -> bool:
    match = REFERENCE.match(receiver)
    for resource in diff.before.resources:
        if match and (resource.name, resource.short_type) == (match[1], match[2]):
            return True
        if resource.type.startswith("aws:iam/") and resource.inputs.get("name") == receiver:
            return True
    return False


def _new_grants(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[str]:
    old, new = set(_grants(before, "Allow")), set(_grants(after, "Allow"))
    added = sorted(grant for grant in new - old if not any(_covers(known, grant) for known in old))
    principals = {grant[0] for grant in old}
    by_text: dict[str, list[str]] = {}
    for principal, action, resource, condition in added:
        if principal and principal not in principals:
            by_text.setdefault(f"new trust: {principal}", []).append(action)
            continue
        known = any(
            fnmatchcase(action, pattern) and who == principal and fnmatchcase(resource, where)
            for who, pattern, where, _ in old
        )
        what = "action now under another condition" if known else "new"
        to = f" by {principal}" if principal else ""
        under = " with a condition" if condition != "{}" and not known else ""
        by_text.setdefault(f"{what}: RESOURCE {resource}{to}{under}", []).append(action)
    for text, actions in by_text.items():
        said = ", ".join(f"action {action}" if action == "*" else action for action in actions)
        head, found, where = text.partition(": RESOURCE ")
        yield f"{head}: {said} on {where}" if found else f"{text} ({said})"
    lost = sorted(set(_grants(before, "Deny")) - set(_grants(after, "Deny")))
    if lost:
        yield "no longer denied: " + ", ".join(dict.fromkeys(action for _, action, _, _ in lost))


def _covers(known: _Grant, grant: _Grant) -> bool:
    """Whether a grant was there already, in a broader one."""
    (who, action, resource, condition), (new_who, new_action, new_resource, new_condition) = known, grant
    return (
        who in (new_who, "*")
        and fnmatchcase(new_action.lower(), action.lower())
        and fnmatchcase(new_resource, resource)
        and condition in ("{}", new_condition)
    )


def _grants(document: Mapping[str, Any], effect: str) -> Iterator[_Grant]:
    for statement in document["Statement"]:
        if not isinstance(statement, Mapping) or statement.get("Effect") != effect:
            continue
        condition = json.dumps(statement.get("Condition", {}), sort_keys=True)
        actions = [*statement.get("Action", ()), *(f"all but {a}" for a in statement.get("NotAction", ()))]
        resources = [*statement.get("Resource", ()), *(f"all but {r}" for r in statement.get("NotResource", ()))]
        for principal in _principals(statement):
            for action in actions:
                for resource in resources or ["*"]:
                    yield principal, str(action), str(resource), condition


def _principals(statement: Mapping[str, Any]) -> list[str]:
    principal = statement.get("Principal")
    if isinstance(principal, Mapping):
        return [f"{kind}:{who}" if who != "*" else "*" for kind, all_of in principal.items() for who in all_of]
    if principal is not None:
        return ["*"]
    return [f"all but {json.dumps(statement['NotPrincipal'], sort_keys=True)}"] if "NotPrincipal" in statement else [""]


# The rest ------------------------------------------------------------------------------------------------------------


def _newly_public(pair: Pair, diff: StackDiff) -> Iterator[str]:
    after = pair.after
    if after is None or pair.action is Action.OPTIONS:
        return
    before, inputs = (pair.before.inputs if pair.before else {}), after.inputs
    for name, value in _PUBLIC.items():
        if inputs.get(name) is value and before.get(name) is not value:
            yield f"{name}: {str(value).lower()}"
    if "Rule" in after.short_type and "Egress" not in after.short_type and inputs.get("type") != "egress":
        for name in ("cidrIpv4", "cidrIpv6", "cidrBlocks", "ipv6CidrBlocks"):
            now, then = inputs.get(name) or (), before.get(name) or ()
            for cidr in _EVERYBODY:
                if cidr in ([now] if isinstance(now, str) else now) and cidr not in (
                    [then] if isinstance(then, str) else then
                ):
                    yield f"open to {cidr}, ports {inputs.get('fromPort', 'all')} to {inputs.get('toPort', 'all')}"
    if "acl" in inputs and str(inputs["acl"]).startswith("public") and before.get("acl") != inputs["acl"]:
        yield f"ACL {inputs['acl']}"
    moved = after.type == "aws:lb/listenerRule:ListenerRule" and inputs.get("listenerArn") != before.get("listenerArn")
    if moved and _faces_the_internet(inputs.get("listenerArn"), diff.after):
        yield "behind a load balancer that faces the internet"
    new, old = opened(inputs), opened(before)
    for name, document in new.items():
        if isinstance(document, Mapping) and "Statement" in document and not after.type.startswith("aws:iam/"):
            known = old.get(name)
            known = known if isinstance(known, Mapping) and "Statement" in known else {"Statement": []}
            open_ = {g for g in _grants(document, "Allow") if g[0] == "*" and g[3] == "{}"}
            if actions := sorted({g[1] for g in open_ - set(_grants(known, "Allow"))}):
                yield f"anybody: {', '.join(actions)}"


def _faces_the_internet(listener: Any, plan: Plan) -> bool:
    found = plan.target(listener)
    balancer = plan.target(found.inputs.get("loadBalancerArn")) if found else None
    return balancer is not None and balancer.inputs.get("internal") is False


def _unprotected(pair: Pair) -> Iterator[str]:
    before, after = pair.before, pair.after
    if before is None:
        return
    if after is None:
        if pair.action is Action.DELETE and before.type.startswith(_GUARDS):
            yield "deleted"
        return
    if before.protect and not after.protect:
        yield "no longer protected"
    if before.retain_on_delete and not after.retain_on_delete:
        yield "no longer kept when deleted"
    for change in pair.properties:
        last = change.path.rpartition(".")[2]
        guarding = _GUARDING.get(last)
        if guarding is not None and change.before == guarding and change.after != guarding:
            yield f"{change.path}: {json.dumps(change.before)} -> {json.dumps(change.after)}"
        elif guarding is False and change.before is None and change.after is True:
            yield f"{change.path}: true"
        elif change.path in ("enableLogging", "enable", "versioningConfiguration.status") and change.before in (
            True,
            "Enabled",
        ):
            yield f"{change.path}: {json.dumps(change.after)}"


def _alerts_lost(pair: Pair) -> Iterator[str]:
    before, after = pair.before, pair.after
    if before is None or before.type not in _ALERTS:
        return
    if after is None:
        yield "deleted"
        return
    lost = _recipients(before) - _recipients(after)
    if lost:
        yield "no longer tells " + ", ".join(sorted(lost))
    if before.inputs.get("actionsEnabled", True) and after.inputs.get("actionsEnabled", True) is False:
        yield "its actions are off"


def _recipients(resource: Resource) -> set[str]:
    actions = resource.inputs.get("alarmActions") or ()
    return {*_HANDLE.findall(str(resource.inputs.get("message", ""))), *map(str, actions)}


def _images(pair: Pair, diff: StackDiff) -> str:
    """`orders: acme/orders:1.0.0 -> acme/orders:1.1.0`, or which parts of the task definition differ."""
    assert pair.after is not None
    match = REFERENCE.match(str(pair.after.inputs.get("taskDefinition")))
    for other in diff.pairs:
        if match and other.before and (other.resource.name, other.resource.short_type) == (match[1], match[2]):
            images = [p for p in other.properties if p.path.endswith(".image")]
            if images:
                return ", ".join(f"{p.before} -> {p.after}" for p in images)
            return "because of " + ", ".join(dict.fromkeys(p.path for p in other.properties))
    return "with another task definition"
