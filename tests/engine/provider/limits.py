"""What AWS refuses although each input by itself is well-formed. Plain data."""

# What may exist only once in an account and region (properties of the outputs). Create answers AlreadyExists, as AWS
# does with EntityAlreadyExists, DuplicateLoadBalancerName, PriorityInUse, InvalidPermission.Duplicate and the like.
# Types whose API overwrites silently (alarms, inline policies, topics) and whose names may repeat are not here.
UNIQUE: dict[str, tuple[str, ...]] = {
    "aws:autoscaling/group:Group": ("name",),
    "aws:cloudwatch/logGroup:LogGroup": ("name",),
    "aws:ec2/keyPair:KeyPair": ("keyName",),
    "aws:ec2/launchTemplate:LaunchTemplate": ("name",),
    "aws:ec2/route:Route": ("routeTableId", "destinationCidrBlock", "destinationIpv6CidrBlock"),
    "aws:ec2/securityGroup:SecurityGroup": ("vpcId", "name"),
    "aws:ecr/pullThroughCacheRule:PullThroughCacheRule": ("ecrRepositoryPrefix",),
    "aws:ecr/repository:Repository": ("name",),
    "aws:ecs/capacityProvider:CapacityProvider": ("name",),
    "aws:ecs/service:Service": ("cluster", "name"),
    "aws:iam/group:Group": ("name",),
    "aws:iam/instanceProfile:InstanceProfile": ("name",),
    "aws:iam/openIdConnectProvider:OpenIdConnectProvider": ("url",),
    "aws:iam/policy:Policy": ("name",),
    "aws:iam/role:Role": ("name",),
    "aws:iam/user:User": ("name",),
    "aws:kms/alias:Alias": ("name",),
    "aws:lb/listener:Listener": ("loadBalancerArn", "port"),
    "aws:lb/listenerRule:ListenerRule": ("listenerArn", "priority"),
    "aws:lb/loadBalancer:LoadBalancer": ("name",),
    "aws:lb/targetGroup:TargetGroup": ("name",),
    "aws:route53/record:Record": ("zoneId", "name", "type", "setIdentifier"),
    "aws:s3/bucket:Bucket": ("bucket",),
    "aws:scheduler/schedule:Schedule": ("groupName", "name"),
    "aws:scheduler/scheduleGroup:ScheduleGroup": ("name",),
    "aws:secretsmanager/secret:Secret": ("name",),
    "aws:ssm/parameter:Parameter": ("name",),
    "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": (
        "securityGroupId",
        "ipProtocol",
        "fromPort",
        "toPort",
        "cidrIpv4",
        "cidrIpv6",
        "prefixListId",
        "referencedSecurityGroupId",
    ),
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": (
        "securityGroupId",
        "ipProtocol",
        "fromPort",
        "toPort",
        "cidrIpv4",
        "cidrIpv6",
        "prefixListId",
        "referencedSecurityGroupId",
    ),
}

# Where AWS itself refuses to delete while this property is true.
DELETION_PROTECTION: dict[str, str] = {
    "aws:lb/loadBalancer:LoadBalancer": "enableDeletionProtection",
}
