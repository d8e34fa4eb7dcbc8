"""DatadogIntegration: one AWS account in Datadog: the role that Datadog assumes, and what it collects."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws
import pulumi_datadog as datadog

from components.security.iam import Statement, allow, aws_managed_arn, policy_document, trust_vendor
from components.security.names import GLOBAL_REGION
from config.platform import Datadog

# https://docs.datadoghq.com/integrations/guide/aws-manual-setup/: the account of Datadog's crawlers.
DATADOG_ACCOUNT = "464622532012"

# The permissions of https://github.com/DataDog/cloudformation-template, aws/datadog_integration_role.yaml
# ("BasePermissions: Full"), as of commit 0417aa87. Those that change something are further below.
READS = (
    "account:GetAccountInformation",
    "airflow:GetEnvironment",
    "airflow:ListEnvironments",
    "apigateway:GET",
    "appsync:ListGraphqlApis",
    "autoscaling:Describe*",
    "backup:List*",
    "batch:DescribeJobDefinitions",
    "bcm-data-exports:GetExport",
    "bcm-data-exports:ListExports",
    "budgets:ViewBudget",
    "cloudfront:GetDistributionConfig",
    "cloudfront:ListDistributions",
    "cloudtrail:DescribeTrails",
    "cloudtrail:GetTrail",
    "cloudtrail:GetTrailStatus",
    "cloudtrail:ListTrails",
    "cloudtrail:LookupEvents",
    "cloudwatch:Describe*",
    "cloudwatch:Get*",
    "cloudwatch:List*",
    "codebuild:BatchGetProjects",
    "codebuild:ListProjects",
    "codedeploy:BatchGet*",
    "codedeploy:List*",
    "cur:DescribeReportDefinitions",
    "directconnect:Describe*",
    "dms:DescribeReplicationInstances",
    "dynamodb:Describe*",
    "dynamodb:List*",
    "ec2:Describe*",
    "ecs:Describe*",
    "ecs:List*",
    "eks:DescribeCluster",
    "eks:ListClusters",
    "elasticache:Describe*",
    "elasticache:List*",
    "elasticfilesystem:DescribeAccessPoints",
    "elasticfilesystem:DescribeFileSystems",
    "elasticfilesystem:DescribeTags",
    "elasticloadbalancing:Describe*",
    "elasticmapreduce:Describe*",
    "elasticmapreduce:List*",
    "es:DescribeElasticsearchDomains",
    "es:ListDomainNames",
    "es:ListTags",
    "fsx:DescribeFileSystems",
    "fsx:ListTagsForResource",
    "health:DescribeAffectedEntities",
    "health:DescribeEventDetails",
    "health:DescribeEvents",
    "iam:ListAccountAliases",
    "kinesis:Describe*",
    "kinesis:List*",
    "lambda:List*",
    "logs:DescribeDeliveries",
    "logs:DescribeDeliverySources",
    "logs:DescribeLogGroups",
    "logs:DescribeLogStreams",
    "logs:DescribeSubscriptionFilters",
    "logs:FilterLogEvents",
    "logs:GetDeliveryDestination",
    "logs:TestMetricFilter",
    "network-firewall:DescribeLoggingConfiguration",
    "network-firewall:ListFirewalls",
    "oam:ListAttachedLinks",
    "oam:ListSinks",
    "organizations:Describe*",
    "organizations:List*",
    "rds:Describe*",
    "rds:List*",
    "redshift-serverless:ListNamespaces",
    "redshift:DescribeClusters",
    "redshift:DescribeLoggingStatus",
    "route53:List*",
    "route53resolver:ListResolverQueryLogConfigs",
    "s3:GetBucketLocation",
    "s3:GetBucketLogging",
    "s3:GetBucketNotification",
    "s3:GetBucketTagging",
    "s3:ListAllMyBuckets",
    "ses:Get*",
    "ses:List*",
    "sns:GetSubscriptionAttributes",
    "sns:List*",
    "sqs:ListQueues",
    "ssm:GetServiceSetting",
    "ssm:ListCommands",
    "states:DescribeStateMachine",
    "states:ListStateMachines",
    "tag:GetResources",
    "tag:GetTagKeys",
    "tag:GetTagValues",
    "timestream:DescribeEndpoints",
    "trustedadvisor:ListRecommendationResources",
    "trustedadvisor:ListRecommendations",
    "wafv2:ListLoggingConfigurations",
    "xray:BatchGetTraces",
    "xray:GetTraceSummaries",
)
FORWARDING = ("logs:DeleteSubscriptionFilter", "logs:PutSubscriptionFilter", "s3:PutBucketNotification")
"""What Datadog needs to subscribe its forwarder to log groups and buckets by itself."""
NOTIFYING = ("events:CreateEventBus", "sns:Publish")
"""What Datadog needs to send its own alerts to this account."""

# Datadog leaves out SQS by default because its metrics cost requests; the age of a worker's queue is one of
# them (https://docs.datadoghq.com/api/latest/aws-integration/, "namespace_filters").
EXCLUDED_NAMESPACES = ("AWS/ElasticMapReduce", "AWS/Usage")


@dataclass(frozen=True, kw_only=True)
class DatadogIntegrationArgs:
    """Which account, and how much of it Datadog sees."""

    account_id: str
    environment: str
    """Becomes the tag `env` of every metric and host of the account."""
    region: str
    datadog: Datadog
    trail_bucket: pulumi.Input[str] | None = None
    """The organization trail's bucket, in the account that has it."""
    trail_key_arn: pulumi.Input[str] | None = None
    """The key that the trail is encrypted with."""


class DatadogIntegration(pulumi.ComponentResource):
    """Lets Datadog read this account, and nothing more than it documents."""

    external_id: pulumi.Output[str]
    role_arn: pulumi.Output[str]

    def __init__(self, name: str, args: DatadogIntegrationArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("slipway:datadog:DatadogIntegration", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        # Datadog's answer, then the role that trusts it, then the account: Datadog tries the role at once.
        self.external_id = datadog.aws.IntegrationExternalId(f"{name}-external-id", opts=child).id
        role = aws.iam.Role(
            f"{name}-role",
            assume_role_policy=policy_document(trust_vendor("Datadog", DATADOG_ACCOUNT, self.external_id)),
            opts=child,
        )
        policy = aws.iam.RolePolicy(
            f"{name}-permissions",
            role=role.id,
            policy=pulumi.Output.all(bucket=args.trail_bucket, key=args.trail_key_arn).apply(
                lambda trail: policy_document(*_statements(args, trail["bucket"], trail["key"]))
            ),
            opts=child,
        )
        account = self._account(name, args, role, policy)
        if args.datadog.collect_resources:
            # https://docs.datadoghq.com/integrations/amazon-web-services/#resource-collection
            aws.iam.RolePolicyAttachment(
                f"{name}-resources",
                role=role.name,
                policy_arn=aws_managed_arn("SecurityAudit"),
                opts=child,
            )
        if args.datadog.event_bus:
            datadog.aws.IntegrationEventBridge(
                f"{name}-events",
                account_id=args.account_id,
                region=args.region,
                event_generator_name=f"slipway-{args.environment}",
                create_event_bus=True,
                # Datadog makes the bus by means of the role.
                opts=pulumi.ResourceOptions(parent=self, depends_on=[account]),
            )
        self.role_arn = role.arn
        self.register_outputs({"external_id": self.external_id, "role_arn": self.role_arn})

    def _account(
        self, name: str, args: DatadogIntegrationArgs, role: aws.iam.Role, policy: aws.iam.RolePolicy
    ) -> datadog.aws.IntegrationAccount:
        """Every filter is written out: one that is not would clear what is set, and no plan shows it."""
        forwarder = args.datadog.log_forwarder
        return datadog.aws.IntegrationAccount(
            f"{name}-account",
            aws_account_id=args.account_id,
            aws_partition="aws",
            account_tags=[f"env:{args.environment}"],
            auth_config=datadog.aws.IntegrationAccountAuthConfigArgs(
                aws_auth_config_role=datadog.aws.IntegrationAccountAuthConfigAwsAuthConfigRoleArgs(
                    role_name=role.name, external_id=self.external_id
                )
            ),
            # Billing, CloudFront, Route 53 and WAF publish their metrics in the global region.
            aws_regions=datadog.aws.IntegrationAccountAwsRegionsArgs(
                include_onlies=sorted({args.region, GLOBAL_REGION})
            ),
            metrics_config=datadog.aws.IntegrationAccountMetricsConfigArgs(
                enabled=True,
                automute_enabled=True,  # hosts that autoscaling takes away are no alert
                collect_cloudwatch_alarms=False,
                collect_custom_metrics=False,
                metric_name_filters=[],
                namespace_filters=datadog.aws.IntegrationAccountMetricsConfigNamespaceFiltersArgs(
                    exclude_onlies=list(EXCLUDED_NAMESPACES)
                ),
                tag_filters=[
                    datadog.aws.IntegrationAccountMetricsConfigTagFilterArgs(namespace=namespace, tags=list(tags))
                    for namespace, tags in sorted(args.datadog.tag_filters.items())
                ],
            ),
            logs_config=datadog.aws.IntegrationAccountLogsConfigArgs(
                lambda_forwarder=datadog.aws.IntegrationAccountLogsConfigLambdaForwarderArgs(
                    lambdas=[f"arn:aws:lambda:{args.region}:{args.account_id}:function:{forwarder.function}"]
                    if forwarder
                    else [],
                    sources=list(forwarder.sources) if forwarder else [],
                )
            ),
            resources_config=datadog.aws.IntegrationAccountResourcesConfigArgs(
                extended_collection=args.datadog.collect_resources,
                cloud_security_posture_management_collection=False,
            ),
            traces_config=datadog.aws.IntegrationAccountTracesConfigArgs(
                # Traces come from the agents.
                xray_services=datadog.aws.IntegrationAccountTracesConfigXrayServicesArgs(include_onlies=[])
            ),
            opts=pulumi.ResourceOptions(parent=self, depends_on=[policy]),
        )


def _statements(args: DatadogIntegrationArgs, bucket: str | None, key: str | None) -> list[Statement]:
    statements = [allow("Read", READS, ["*"])]
    if args.datadog.log_forwarder:
        statements.append(allow("ForwardLogs", FORWARDING, ["*"]))
    if args.datadog.event_bus:
        statements.append(allow("Notify", NOTIFYING, ["*"]))
    if bucket is not None:
        # https://docs.datadoghq.com/integrations/amazon-cloudtrail/#event-collection
        arns = [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"]
        statements.append(allow("ReadTrail", ["s3:GetBucketLocation", "s3:GetObject", "s3:ListBucket"], arns))
    if key is not None:
        statements.append(allow("DecryptTrail", ["kms:Decrypt"], [key]))
    return statements
