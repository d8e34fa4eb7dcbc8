"""The types of resources that hold what nobody can make again: data, keys, history, addresses and names that others
know. What deletes or replaces one is the first thing that a reviewer reads."""

from __future__ import annotations

PROTECTED = frozenset(
    {
        "aws:cloudtrail/trail:Trail",
        "aws:dynamodb/table:Table",
        "aws:ec2/vpc:Vpc",
        "aws:efs/fileSystem:FileSystem",
        "aws:kms/key:Key",
        "aws:organizations/account:Account",
        "aws:organizations/organization:Organization",
        "aws:organizations/organizationalUnit:OrganizationalUnit",
        "aws:rds/cluster:Cluster",
        "aws:rds/instance:Instance",
        "aws:route53/zone:Zone",
        "aws:s3/bucket:Bucket",
        "aws:secretsmanager/secret:Secret",
    }
)
"""A policy wants `protect` on these: they stay when what uses them goes."""

STATEFUL = PROTECTED | {
    "aws:backup/vault:Vault",
    "aws:cloudwatch/logGroup:LogGroup",
    "aws:ebs/volume:Volume",
    "aws:ec2/eip:Eip",
    "aws:ecr/repository:Repository",
    "aws:elasticache/replicationGroup:ReplicationGroup",
    "aws:iam/user:User",
    "aws:s3/bucketV2:BucketV2",
    "aws:sqs/queue:Queue",
}
"""These and what may go with its service, its person or its host."""
