import json

from components.network.access_logs import AccessLogs, AccessLogsArgs
from tests.cloud import Cloud

ARGS = AccessLogsArgs(
    company="acme", environment="stage", account_id="333333333333", region="us-east-1", retention_days=90
)


def test_only_the_load_balancers_of_the_account_and_region_deliver(cloud: Cloud) -> None:
    cloud.deploy(lambda: AccessLogs("access-logs", ARGS))
    policy = json.loads(cloud.one("aws:s3/bucketPolicy:BucketPolicy")["policy"])
    (allowed,) = [statement for statement in policy["Statement"] if statement["Effect"] == "Allow"]
    assert allowed == {
        "Sid": "LoadBalancers",
        "Effect": "Allow",
        "Principal": {"Service": "logdelivery.elasticloadbalancing.amazonaws.com"},
        "Action": "s3:PutObject",
        "Resource": "arn:aws:s3:::acme-stage-access-logs-333333333333/*/AWSLogs/333333333333/*",
        "Condition": {
            "ArnLike": {"aws:SourceArn": "arn:aws:elasticloadbalancing:us-east-1:333333333333:loadbalancer/*"}
        },
    }


def test_logs_are_encrypted_with_s3s_own_key_and_expire(cloud: Cloud) -> None:
    cloud.deploy(lambda: AccessLogs("access-logs", ARGS))
    (rule,) = cloud.one("aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration")[
        "rules"
    ]
    assert rule["applyServerSideEncryptionByDefault"] == {"sseAlgorithm": "AES256"}
    (rule,) = cloud.one("aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration")["rules"]
    assert rule["expiration"] == {"days": 90}


def test_the_bucket_is_protected_and_its_longest_name_fits(cloud: Cloud) -> None:
    longest = AccessLogsArgs(
        company="c" * 20, environment="stage", account_id="3" * 12, region="us-east-1", retention_days=90
    )
    cloud.deploy(lambda: AccessLogs("access-logs", longest))
    bucket = cloud.get("aws:s3/bucket:Bucket")
    assert bucket.protect
    assert len(bucket.inputs["bucket"]) <= 63
