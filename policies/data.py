"""What is kept: encrypted, for a time, and not deleted by accident."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from plan.model import Resource
from plan.stateful import PROTECTED
from policies.rule import Rule, as_list, is_reference, is_true, resource_rule, stack_rule, within

# Their logs say what people typed in a container, called in an account, and sent to a public balancer.
_RECORDING = ("slipway:audit:AuditTrail", "slipway:ecs:EcsCluster", "slipway:lb:WebFirewall")
_BUCKET = "aws:s3/bucket:Bucket"
_BESIDE_A_BUCKET = {
    "aws:s3/bucketPolicy:BucketPolicy": "a policy that refuses clear text",
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": "a block of public access",
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": "encryption",
    "aws:s3/bucketVersioning:BucketVersioning": "versioning",
}


@resource_rule(
    "aws:ebs/encryptionByDefault:EncryptionByDefault",
    "aws:ebs/volume:Volume",
    "aws:ec2/launchTemplate:LaunchTemplate",
    remedy="Set encrypted on every volume, and name the root volume.",
)
def encrypted_volumes(resource: Resource) -> Iterator[str]:
    """A volume's snapshots outlive it and can be copied; encrypted, they are worth nothing without the key."""
    if resource.short_type == "EncryptionByDefault":
        # True unless it is said.
        if not is_true(resource.inputs.get("enabled", True)):
            yield "volumes of the account are not encrypted by default"
        return
    if resource.short_type == "Volume":
        if not is_true(resource.inputs.get("encrypted")):
            yield "the volume is not encrypted"
        return
    mappings = resource.inputs.get("blockDeviceMappings")
    if is_reference(mappings):
        return
    if not mappings:
        yield "the image decides about its root volume"
    for mapping in as_list(mappings):
        if not is_true((mapping.get("ebs") or {}).get("encrypted")):
            yield f"{mapping.get('deviceName')} is not encrypted"


@resource_rule(
    "aws:sns/topic:Topic",
    "aws:sqs/queue:Queue",
    remedy="Set kms_master_key_id; for a queue sqs_managed_sse_enabled is enough.",
)
def encrypted_messages(resource: Resource) -> Iterator[str]:
    """A message that waits lies on a disk."""
    if resource.inputs.get("kmsMasterKeyId"):
        return
    if resource.short_type == "Queue" and is_true(resource.inputs.get("sqsManagedSseEnabled")):
        return
    yield "messages are kept in clear text"


@resource_rule("aws:cloudwatch/logGroup:LogGroup", remedy="Set kms_key_id to the key of LogKey.")
def encrypted_records(resource: Resource) -> Iterator[str]:
    """What people did and what the firewall saw is encrypted with a key of the account's own, whose use is on record.
    Everything else in CloudWatch Logs is encrypted with AWS's."""
    if any(within(resource, component) for component in _RECORDING) and not resource.inputs.get("kmsKeyId"):
        yield "no key of the account's own"


@resource_rule(
    "aws:cloudwatch/logGroup:LogGroup",
    remedy="Set retention_in_days.",
)
def log_retention(resource: Resource) -> Iterator[str]:
    """Logs that are kept for ever are paid for ever, and hold personal data longer than anybody may."""
    days = resource.inputs.get("retentionInDays")
    if not days and not resource.inputs.get("skipDestroy"):
        yield "kept for ever"


@stack_rule(remedy="Make the bucket with PrivateBucket, which has all of it.")
def complete_buckets(resources: Sequence[Resource]) -> Iterator[tuple[Resource, str]]:
    """A bucket is private, encrypted, versioned and reached by TLS only by resources of their own, which are easily
    forgotten. They stand beside it, under the same component."""
    beside: dict[str | None, set[str]] = defaultdict(set)
    for resource in resources:
        beside[resource.parent].add(resource.type)
    for resource in resources:
        if resource.type == _BUCKET:
            missing = [what for kind, what in _BESIDE_A_BUCKET.items() if kind not in beside[resource.parent]]
            if missing:
                yield resource, f"without {', '.join(missing)}"


@resource_rule(
    *sorted(PROTECTED),
    "aws:ecr/repository:Repository",
    "aws:lb/loadBalancer:LoadBalancer",
    remedy="Give it protect=True; a balancer enable_deletion_protection; a repository of images no force_delete.",
)
def protected_state(resource: Resource) -> Iterator[str]:
    """A slip in a pull request must not delete what cannot be made again: the engine refuses, AWS for a balancer and
    for a repository that holds images."""
    if resource.short_type == "LoadBalancer":
        if not is_true(resource.inputs.get("enableDeletionProtection")):
            yield "AWS would delete it"
    elif resource.short_type == "Repository":
        if is_true(resource.inputs.get("forceDelete")):
            yield "AWS would delete it with its images"
    elif not resource.protect:
        yield "the engine would delete it"


RULES: tuple[Rule, ...] = (
    encrypted_volumes,
    encrypted_messages,
    encrypted_records,
    complete_buckets,
    log_retention,
    protected_state,
)
