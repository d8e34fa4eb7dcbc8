import json

from components.security.log_key import LogKey, LogKeyArgs
from tests.cloud import Cloud


def test_logs_of_this_account_alone_use_the_key(cloud: Cloud) -> None:
    cloud.deploy(lambda: LogKey("logs", LogKeyArgs(account_id="333333333333", region="us-east-1")))
    key = cloud.get("aws:kms/key:Key")
    assert key.protect
    assert key.inputs["enableKeyRotation"] is True
    account, logs = json.loads(key.inputs["policy"])["Statement"]
    assert account["Principal"] == {"AWS": "arn:aws:iam::333333333333:root"}
    assert logs["Principal"] == {"Service": "logs.us-east-1.amazonaws.com"}
    assert logs["Condition"] == {
        "ArnLike": {"kms:EncryptionContext:aws:logs:arn": "arn:aws:logs:us-east-1:333333333333:log-group:*"}
    }


def test_people_find_the_key_by_its_alias(cloud: Cloud) -> None:
    cloud.deploy(lambda: LogKey("logs", LogKeyArgs(account_id="333333333333", region="us-east-1")))
    assert cloud.one("aws:kms/alias:Alias") == {"name": "alias/logs", "targetKeyId": "${logs-key.keyId}"}
