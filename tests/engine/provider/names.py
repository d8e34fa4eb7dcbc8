"""Auto-naming as Pulumi's bridge does it: what is not named is called after its logical name and seven hex digits.

The rule holds for every type whose `name` is optional in the SDK. The limits are AWS's; a name that does not fit is
an error, as in the bridge.
"""

from __future__ import annotations

import hashlib
from typing import Any

from .sdk import resource_type

_SUFFIX = 7  # hex digits, after a dash

# What holds the name, where it is not `name`, and how long it may be. AWS's own limits (API references).
_PROPERTY = {"aws:s3/bucket:Bucket": "bucket"}
_PREFIXES = ("namePrefix", "bucketPrefix")
_LONGEST = {
    "aws:appautoscaling/scheduledAction:ScheduledAction": 256,
    "aws:budgets/budget:Budget": 100,
    "aws:cloudwatch/eventRule:EventRule": 64,
    "aws:cloudwatch/logGroup:LogGroup": 512,
    "aws:ec2/launchTemplate:LaunchTemplate": 128,
    "aws:ecr/repository:Repository": 256,
    "aws:iam/group:Group": 128,
    "aws:iam/groupPolicy:GroupPolicy": 128,
    "aws:iam/instanceProfile:InstanceProfile": 128,
    "aws:iam/policy:Policy": 128,
    "aws:iam/role:Role": 64,
    "aws:iam/rolePolicy:RolePolicy": 128,
    "aws:iam/user:User": 64,
    "aws:lb/loadBalancer:LoadBalancer": 32,
    "aws:lb/targetGroup:TargetGroup": 32,
    "aws:s3/bucket:Bucket": 63,
    "aws:scheduler/schedule:Schedule": 64,
    "aws:scheduler/scheduleGroup:ScheduleGroup": 64,
    "aws:sqs/queue:Queue": 80,
    "aws:wafv2/ipSet:IpSet": 128,
    "aws:wafv2/webAcl:WebAcl": 128,
}
_OTHERS = 255


class NameTooLongError(ValueError):
    """The logical name leaves no room for the suffix."""


def name_property(token: str) -> str | None:
    """The property that auto-naming fills, or None for a type that is not auto-named."""
    name = _PROPERTY.get(token, "name")
    given = resource_type(token).inputs.get(name)
    return name if given is not None and given.optional else None


def auto_name(token: str, urn: str, inputs: dict[str, Any], generation: int) -> dict[str, str]:
    """What auto-naming adds to the inputs; the same for the same URN and generation."""
    name = name_property(token)
    if name is None or name in inputs or any(prefix in inputs for prefix in _PREFIXES):
        return {}
    logical, longest = urn.rsplit("::", 1)[1], _LONGEST.get(token, _OTHERS)
    if len(logical) + 1 + _SUFFIX > longest:
        raise NameTooLongError(
            f"name '{logical}' plus {_SUFFIX + 1} random chars is longer than maximum length {longest}"
        )
    suffix = hashlib.sha256(f"{urn} {generation}".encode()).hexdigest()[:_SUFFIX]
    full = f"{logical}-{suffix}"
    if token == "aws:kms/alias:Alias":
        full = f"alias/{full}"
    return {name: full.lower() if token == "aws:s3/bucket:Bucket" else full}
