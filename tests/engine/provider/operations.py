"""Which AWS operation creates a resource type, so that botocore's model of it can judge the inputs. Plain data.

A property belongs to the member of the same name, also in the plural, and with the kind of resource before it (`name`
of a role is `RoleName`). Rows say only what that rule does not find: `members` maps further properties, or None where
a property of that name means something else; `root` names the member that holds the properties; `made` are required
members that the real provider makes up itself.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True)
class Operation:
    service: str
    name: str
    root: str = ""
    members: dict[str, str | None] = field(default_factory=dict)
    nested: dict[str, str] = field(default_factory=dict)
    made: tuple[str, ...] = ()


def _operation(service: str, name: str, **rest: object) -> Operation:
    return Operation(service=service, name=name, **rest)  # type: ignore[arg-type]


OPERATIONS: dict[str, Operation] = {
    "aws:accessanalyzer/analyzer:Analyzer": _operation("accessanalyzer", "CreateAnalyzer", made=("type",)),
    "aws:account/alternativeContact:AlternativeContact": _operation("account", "PutAlternateContact"),
    "aws:acm/certificate:Certificate": _operation("acm", "RequestCertificate"),
    "aws:appautoscaling/policy:Policy": _operation(
        "application-autoscaling",
        "PutScalingPolicy",
        members={
            "targetTrackingScalingPolicyConfiguration": "TargetTrackingScalingPolicyConfiguration",
            "stepScalingPolicyConfiguration": None,
        },
    ),
    "aws:appautoscaling/scheduledAction:ScheduledAction": _operation(
        "application-autoscaling",
        "PutScheduledAction",
        members={"name": "ScheduledActionName", "startTime": None},
    ),
    "aws:appautoscaling/target:Target": _operation("application-autoscaling", "RegisterScalableTarget"),
    "aws:autoscaling/group:Group": _operation(
        "autoscaling",
        "CreateAutoScalingGroup",
        members={
            "name": "AutoScalingGroupName",
            "vpcZoneIdentifiers": None,
            "tags": None,
            "availabilityZoneDistribution": None,
        },
    ),
    "aws:budgets/budget:Budget": _operation("budgets", "CreateBudget", root="Budget"),
    "aws:cloudtrail/trail:Trail": _operation("cloudtrail", "CreateTrail"),
    "aws:cloudwatch/eventApiDestination:EventApiDestination": _operation("events", "CreateApiDestination"),
    "aws:cloudwatch/eventConnection:EventConnection": _operation(
        "events", "CreateConnection", members={"authParameters": None}
    ),
    "aws:cloudwatch/eventRule:EventRule": _operation("events", "PutRule"),
    "aws:cloudwatch/logGroup:LogGroup": _operation("logs", "CreateLogGroup"),
    "aws:cloudwatch/metricAlarm:MetricAlarm": _operation(
        "cloudwatch",
        "PutMetricAlarm",
        members={
            "name": "AlarmName",
            "evaluateLowSampleCountPercentiles": "EvaluateLowSampleCountPercentile",
        },
    ),
    "aws:costexplorer/anomalyMonitor:AnomalyMonitor": _operation(
        "ce", "CreateAnomalyMonitor", root="AnomalyMonitor", members={"name": "MonitorName"}
    ),
    "aws:costexplorer/anomalySubscription:AnomalySubscription": _operation(
        "ce",
        "CreateAnomalySubscription",
        root="AnomalySubscription",
        members={"name": "SubscriptionName", "thresholdExpression": None},
    ),
    "aws:ec2/eip:Eip": _operation("ec2", "AllocateAddress"),
    "aws:ec2/flowLog:FlowLog": _operation(
        "ec2", "CreateFlowLogs", made=("ResourceIds", "ResourceType"), members={"destinationOptions": None}
    ),
    "aws:ec2/keyPair:KeyPair": _operation(
        "ec2", "ImportKeyPair", members={"publicKey": "PublicKeyMaterial"}, made=("KeyName",)
    ),
    "aws:ec2/launchTemplate:LaunchTemplate": _operation(
        "ec2", "CreateLaunchTemplate", root="LaunchTemplateData", members={"name": None}
    ),
    "aws:ec2/natGateway:NatGateway": _operation("ec2", "CreateNatGateway"),
    "aws:ec2/securityGroup:SecurityGroup": _operation(
        "ec2", "CreateSecurityGroup", members={"name": "GroupName"}, made=("Description",)
    ),
    "aws:ec2/subnet:Subnet": _operation("ec2", "CreateSubnet"),
    "aws:ec2/vpc:Vpc": _operation("ec2", "CreateVpc"),
    "aws:ec2/vpcEndpoint:VpcEndpoint": _operation("ec2", "CreateVpcEndpoint"),
    "aws:ecr/pullThroughCacheRule:PullThroughCacheRule": _operation("ecr", "CreatePullThroughCacheRule"),
    "aws:ecr/repository:Repository": _operation("ecr", "CreateRepository"),
    "aws:ecs/capacityProvider:CapacityProvider": _operation("ecs", "CreateCapacityProvider"),
    "aws:ecs/cluster:Cluster": _operation("ecs", "CreateCluster"),
    "aws:ecs/clusterCapacityProviders:ClusterCapacityProviders": _operation(
        "ecs",
        "PutClusterCapacityProviders",
        members={"clusterName": "cluster"},
        made=("capacityProviders", "defaultCapacityProviderStrategy"),
    ),
    "aws:ecs/service:Service": _operation(
        "ecs",
        "CreateService",
        members={
            "iamRole": "role",
            "orderedPlacementStrategies": "placementStrategy",
            "waitForSteadyState": None,
        },
    ),
    "aws:ecs/taskDefinition:TaskDefinition": _operation("ecs", "RegisterTaskDefinition"),
    "aws:guardduty/detector:Detector": _operation("guardduty", "CreateDetector", made=("Enable",)),
    "aws:iam/accountAlias:AccountAlias": _operation("iam", "CreateAccountAlias"),
    "aws:iam/accountPasswordPolicy:AccountPasswordPolicy": _operation("iam", "UpdateAccountPasswordPolicy"),
    "aws:iam/group:Group": _operation("iam", "CreateGroup"),
    "aws:iam/groupPolicy:GroupPolicy": _operation(
        "iam",
        "PutGroupPolicy",
        members={"group": "GroupName", "policy": "PolicyDocument", "name": "PolicyName"},
    ),
    "aws:iam/groupPolicyAttachment:GroupPolicyAttachment": _operation(
        "iam", "AttachGroupPolicy", members={"group": "GroupName"}
    ),
    "aws:iam/instanceProfile:InstanceProfile": _operation("iam", "CreateInstanceProfile"),
    "aws:iam/openIdConnectProvider:OpenIdConnectProvider": _operation("iam", "CreateOpenIDConnectProvider"),
    "aws:iam/policy:Policy": _operation("iam", "CreatePolicy", members={"policy": "PolicyDocument"}),
    "aws:iam/role:Role": _operation("iam", "CreateRole", members={"assumeRolePolicy": "AssumeRolePolicyDocument"}),
    "aws:iam/rolePolicy:RolePolicy": _operation(
        "iam", "PutRolePolicy", members={"role": "RoleName", "policy": "PolicyDocument", "name": "PolicyName"}
    ),
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment": _operation(
        "iam", "AttachRolePolicy", members={"role": "RoleName"}
    ),
    "aws:iam/user:User": _operation("iam", "CreateUser"),
    "aws:kms/alias:Alias": _operation("kms", "CreateAlias"),
    "aws:kms/key:Key": _operation("kms", "CreateKey"),
    "aws:lb/listener:Listener": _operation(
        "elbv2", "CreateListener", members={"mutualAuthentication": None, "defaultActions": "DefaultActions"}
    ),
    "aws:lb/listenerRule:ListenerRule": _operation("elbv2", "CreateRule", made=("Priority",)),
    "aws:lb/loadBalancer:LoadBalancer": _operation(
        "elbv2",
        "CreateLoadBalancer",
        members={"loadBalancerType": "Type", "customerOwnedIpv4Pool": None, "ipamPools": None},
    ),
    "aws:lb/targetGroup:TargetGroup": _operation(
        "elbv2",
        "CreateTargetGroup",
        nested={
            "healthCheck.healthyThreshold": "HealthyThresholdCount",
            "healthCheck.interval": "HealthCheckIntervalSeconds",
            "healthCheck.path": "HealthCheckPath",
            "healthCheck.protocol": "HealthCheckProtocol",
            "healthCheck.timeout": "HealthCheckTimeoutSeconds",
            "healthCheck.unhealthyThreshold": "UnhealthyThresholdCount",
        },
    ),
    "aws:organizations/account:Account": _operation("organizations", "CreateAccount", members={"name": "AccountName"}),
    "aws:organizations/organizationalUnit:OrganizationalUnit": _operation("organizations", "CreateOrganizationalUnit"),
    "aws:organizations/policy:Policy": _operation("organizations", "CreatePolicy", made=("Description", "Type")),
    "aws:route53/healthCheck:HealthCheck": _operation(
        "route53", "CreateHealthCheck", root="HealthCheckConfig", members={"regions": "Regions"}
    ),
    "aws:route53/record:Record": _operation(
        "route53",
        "ChangeResourceRecordSets",
        root="ChangeBatch.Changes.ResourceRecordSet",
        members={"records": None},
    ),
    "aws:route53/zone:Zone": _operation(
        "route53", "CreateHostedZone", members={"vpcs": None}, made=("CallerReference",)
    ),
    "aws:s3/bucket:Bucket": _operation("s3", "CreateBucket"),
    "aws:scheduler/schedule:Schedule": _operation(
        "scheduler", "CreateSchedule", members={"startDate": None, "endDate": None, "target": "Target"}
    ),
    "aws:scheduler/scheduleGroup:ScheduleGroup": _operation("scheduler", "CreateScheduleGroup"),
    "aws:secretsmanager/secret:Secret": _operation("secretsmanager", "CreateSecret"),
    "aws:sns/topic:Topic": _operation("sns", "CreateTopic"),
    "aws:sqs/queue:Queue": _operation("sqs", "CreateQueue"),
    "aws:ssm/parameter:Parameter": _operation("ssm", "PutParameter", made=("Value",)),
    "aws:wafv2/webAcl:WebAcl": _operation(
        "wafv2", "CreateWebACL", members={"rules": None, "visibilityConfig": "VisibilityConfig"}
    ),
}

# Inputs that are JSON, and the member whose shape their content has to fit.
JSON_INPUTS = {("aws:ecs/taskDefinition:TaskDefinition", "containerDefinitions"): "containerDefinitions"}
