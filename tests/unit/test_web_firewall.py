from components.network.web_firewall import WebFirewall, WebFirewallArgs
from tests.cloud import Cloud

ACL = "aws:wafv2/webAcl:WebAcl"
ARGS = WebFirewallArgs(log_retention_days=30, log_key_arn="key-arn")


def test_aws_managed_rules_look_at_each_request_and_the_rest_passes(cloud: Cloud) -> None:
    cloud.deploy(lambda: WebFirewall("firewall", ARGS))
    acl = cloud.one(ACL)
    assert (acl["scope"], acl["defaultAction"]) == ("REGIONAL", {"allow": {}})
    groups = [rule["statement"]["managedRuleGroupStatement"]["name"] for rule in acl["rules"]]
    assert groups == [
        "AWSManagedRulesAmazonIpReputationList",
        "AWSManagedRulesCommonRuleSet",
        "AWSManagedRulesKnownBadInputsRuleSet",
        "AWSManagedRulesSQLiRuleSet",
    ]
    assert [rule["priority"] for rule in acl["rules"]] == [10, 20, 30, 40]
    assert all(rule["overrideAction"] == {"none": {}} for rule in acl["rules"])


def test_an_upload_is_no_attack(cloud: Cloud) -> None:
    cloud.deploy(lambda: WebFirewall("firewall", ARGS))
    overrides = {
        rule["name"]: rule["statement"]["managedRuleGroupStatement"].get("ruleActionOverrides", [])
        for rule in cloud.one(ACL)["rules"]
    }
    assert overrides == {
        "reputation": [],
        "common": [{"actionToUse": {"count": {}}, "name": "SizeRestrictions_BODY"}],
        "bad-inputs": [],
        "sql": [],
    }


def test_what_is_refused_is_logged_without_credentials(cloud: Cloud) -> None:
    cloud.deploy(lambda: WebFirewall("firewall", ARGS))
    logs = cloud.one("aws:cloudwatch/logGroup:LogGroup")
    assert logs == {"kmsKeyId": "key-arn", "name": "aws-waf-logs-firewall", "retentionInDays": 30}
    logging = cloud.one("aws:wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration")
    assert logging["logDestinationConfigs"] == ["${firewall-logs.arn}"]
    assert logging["loggingFilter"] == {
        "defaultBehavior": "DROP",
        "filters": [
            {
                "behavior": "KEEP",
                "conditions": [{"actionCondition": {"action": "BLOCK"}}],
                "requirement": "MEETS_ANY",
            }
        ],
    }
    assert [field["singleHeader"]["name"] for field in logging["redactedFields"]] == [
        "authorization",
        "cookie",
    ]
