"""WebFirewall: AWS WAF with AWS's managed rules before the public load balancers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

# In the order in which they look at a request: what is refused by its address alone costs the least. Together they
# take 1,125 of the 1,500 capacity units that a web ACL has without extra charge.
# https://docs.aws.amazon.com/waf/latest/developerguide/aws-managed-rule-groups-list.html
MANAGED_RULES: Mapping[str, str] = {
    "reputation": "AWSManagedRulesAmazonIpReputationList",  # 25
    "common": "AWSManagedRulesCommonRuleSet",  # 700
    "bad-inputs": "AWSManagedRulesKnownBadInputsRuleSet",  # 200
    "sql": "AWSManagedRulesSQLiRuleSet",  # 200
}

# It refuses every body above 8 KiB, an ordinary upload among them: counted, so that metrics show it.
TOO_STRICT = {"AWSManagedRulesCommonRuleSet": ("SizeRestrictions_BODY",)}


@dataclass(frozen=True, kw_only=True)
class WebFirewallArgs:
    """Where the refused requests are kept."""

    log_retention_days: int
    log_key_arn: pulumi.Input[str]


class WebFirewall(pulumi.ComponentResource):
    """One web ACL for an environment. It refuses what AWS's rules know; each refusal is logged, nothing else is."""

    arn: pulumi.Output[str]

    def __init__(self, name: str, args: WebFirewallArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("slipway:lb:WebFirewall", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        acl = aws.wafv2.WebAcl(
            f"{name}-acl",
            scope="REGIONAL",
            description="Public load balancers",
            default_action=aws.wafv2.WebAclDefaultActionArgs(allow=aws.wafv2.WebAclDefaultActionAllowArgs()),
            rules=[
                _managed(key, group, priority=10 * number)
                for number, (key, group) in enumerate(MANAGED_RULES.items(), start=1)
            ],
            visibility_config=aws.wafv2.WebAclVisibilityConfigArgs(
                cloudwatch_metrics_enabled=True, metric_name=name, sampled_requests_enabled=True
            ),
            opts=child,
        )
        # The name has to begin so: https://docs.aws.amazon.com/waf/latest/developerguide/logging-cw-logs.html
        logs = aws.cloudwatch.LogGroup(
            f"{name}-logs",
            name=f"aws-waf-logs-{name}",
            retention_in_days=args.log_retention_days,
            kms_key_id=args.log_key_arn,
            opts=child,
        )
        aws.wafv2.WebAclLoggingConfiguration(
            f"{name}-logging",
            resource_arn=acl.arn,
            log_destination_configs=[logs.arn],
            logging_filter=aws.wafv2.WebAclLoggingConfigurationLoggingFilterArgs(
                default_behavior="DROP",
                filters=[
                    aws.wafv2.WebAclLoggingConfigurationLoggingFilterFilterArgs(
                        behavior="KEEP",
                        requirement="MEETS_ANY",
                        conditions=[
                            aws.wafv2.WebAclLoggingConfigurationLoggingFilterFilterConditionArgs(
                                action_condition=aws.wafv2.WebAclLoggingConfigurationLoggingFilterFilterConditionActionConditionArgs(
                                    action="BLOCK"
                                )
                            )
                        ],
                    )
                ],
            ),
            # Who is refused must not leave a password behind.
            redacted_fields=[
                aws.wafv2.WebAclLoggingConfigurationRedactedFieldArgs(
                    single_header=aws.wafv2.WebAclLoggingConfigurationRedactedFieldSingleHeaderArgs(name=header)
                )
                for header in ("authorization", "cookie")
            ],
            opts=child,
        )
        self.arn = acl.arn
        self.register_outputs({"arn": self.arn})


def _managed(key: str, group: str, *, priority: int) -> aws.wafv2.WebAclRuleArgs:
    return aws.wafv2.WebAclRuleArgs(
        name=key,
        priority=priority,
        # The group's own actions hold.
        override_action=aws.wafv2.WebAclRuleOverrideActionArgs(none=aws.wafv2.WebAclRuleOverrideActionNoneArgs()),
        statement=aws.wafv2.WebAclRuleStatementArgs(
            managed_rule_group_statement=aws.wafv2.WebAclRuleStatementManagedRuleGroupStatementArgs(
                vendor_name="AWS",
                name=group,
                rule_action_overrides=[
                    aws.wafv2.WebAclRuleStatementManagedRuleGroupStatementRuleActionOverrideArgs(
                        name=rule,
                        action_to_use=aws.wafv2.WebAclRuleStatementManagedRuleGroupStatementRuleActionOverrideActionToUseArgs(
                            count=aws.wafv2.WebAclRuleStatementManagedRuleGroupStatementRuleActionOverrideActionToUseCountArgs()
                        ),
                    )
                    for rule in TOO_STRICT.get(group, ())
                ],
            )
        ),
        visibility_config=aws.wafv2.WebAclRuleVisibilityConfigArgs(
            cloudwatch_metrics_enabled=True, metric_name=key, sampled_requests_enabled=True
        ),
    )
