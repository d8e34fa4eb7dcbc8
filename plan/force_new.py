"""Which properties of a resource type can only change by replacing the resource. Plain data, no imports.

`FORCE_NEW[token]` is (source, properties). A type with no properties changes in place, whatever changes; a type that
is missing is not known. A nested property is written with dots and without list indexes; one that is named brings
along everything below it. Property names are Pulumi's, in camel case.

Sources: for aws the schema function of terraform-provider-aws v6.58.0 (`package.function` under internal/service,
`ForceNew: true` or a `RequiresReplace` plan modifier, and what its `CustomizeDiff` forces unconditionally); for datadog
the file below datadog/ of terraform-provider-datadog v4.19.0. The two providers that Pulumi wraps. What is in a block
does not inherit its `ForceNew` (schema.go of the Terraform SDK, `diffList`, `diffSet`): the leaves that have it are
listed.
"""

# Every aws resource that has a `region` of its own moves there by replacement (Terraform AWS provider, "Enhanced
# Region Support": a changed region forces a new resource).
ALWAYS = ("region",)

# What replaces only under a condition: token -> property -> the condition, from the same source's `CustomizeDiff`.
SOMETIMES: dict[str, dict[str, str]] = {
    "aws:cloudwatch/logDeliveryDestination:LogDeliveryDestination": {
        "deliveryDestinationConfiguration.destinationResourceArn": "to a destination of another AWS service",
    },
    "aws:ec2/instance:Instance": {
        "enablePrimaryIpv6": "when it is turned off",
        "instanceType": "to a type that the instance cannot become in place",
        "userData": "with userDataReplaceOnChange",
        "userDataBase64": "with userDataReplaceOnChange",
    },
    "aws:ec2/natGateway:NatGateway": {"secondaryPrivateIpAddressCount": "of a private gateway"},
    "aws:ec2/subnet:Subnet": {"ipv6CidrBlock": "where assignIpv6AddressOnCreation was on"},
    "aws:ec2/vpc:Vpc": {"instanceTenancy": "except from dedicated to default"},
    "aws:ec2/vpcEndpoint:VpcEndpoint": {"privateDnsEnabled": "of an endpoint that is not of type Interface"},
    "aws:lb/loadBalancer:LoadBalancer": {
        "securityGroups": "of a network load balancer, from none to some or from some to none",
        "subnetMappings": "when a mapping that stays changes",
        "subnets": "of a network load balancer, unless some are only added",
    },
    "aws:organizations/organization:Organization": {"featureSet": "from ALL to CONSOLIDATED_BILLING"},
    "aws:ssm/parameter:Parameter": {"tier": "from Advanced to Standard"},
    "datadog:index/softwareCatalog:SoftwareCatalog": {"entity": "when its kind, namespace or name changes"},
}

# Of these conditions, those that only hold where another input has a certain value: which input, and the value.
ONLY_WHERE: dict[tuple[str, str], tuple[str, str]] = {
    ("aws:lb/loadBalancer:LoadBalancer", "securityGroups"): ("loadBalancerType", "network"),
    ("aws:lb/loadBalancer:LoadBalancer", "subnets"): ("loadBalancerType", "network"),
}

FORCE_NEW: dict[str, tuple[str, tuple[str, ...]]] = {
    "aws:accessanalyzer/analyzer:Analyzer": (
        "accessanalyzer.resourceAnalyzer",
        ("analyzerName", "configuration", "type"),
    ),
    "aws:accessanalyzer/archiveRule:ArchiveRule": (
        "accessanalyzer.resourceArchiveRule",
        ("analyzerName", "ruleName"),
    ),
    "aws:account/alternativeContact:AlternativeContact": (
        "account.resourceAlternateContact",
        ("accountId", "alternateContactType"),
    ),
    "aws:account/region:Region": ("account.resourceRegion", ("accountId", "regionName")),
    "aws:acm/certificate:Certificate": (
        "acm.resourceCertificate",
        (
            "certificateAuthorityArn",
            "domainName",
            "keyAlgorithm",
            "subjectAlternativeNames",
            "validationMethod",
            "validationOptions",
        ),
    ),
    "aws:acm/certificateValidation:CertificateValidation": (
        "acm.resourceCertificateValidation",
        ("certificateArn", "validationRecordFqdns"),
    ),
    "aws:appautoscaling/policy:Policy": (
        "appautoscaling.resourcePolicy",
        ("name", "resourceId", "scalableDimension", "serviceNamespace"),
    ),
    "aws:appautoscaling/scheduledAction:ScheduledAction": (
        "appautoscaling.resourceScheduledAction",
        ("name", "resourceId", "scalableDimension", "serviceNamespace"),
    ),
    "aws:appautoscaling/target:Target": (
        "appautoscaling.resourceTarget",
        ("resourceId", "scalableDimension", "serviceNamespace"),
    ),
    "aws:autoscaling/attachment:Attachment": (
        "autoscaling.resourceAttachment",
        ("autoscalingGroupName", "elb", "lbTargetGroupArn"),
    ),
    "aws:autoscaling/group:Group": (
        "autoscaling.resourceGroup",
        ("initialLifecycleHooks", "name", "namePrefix"),
    ),
    "aws:autoscaling/lifecycleHook:LifecycleHook": ("autoscaling.resourceLifecycleHook", ("name",)),
    "aws:autoscaling/notification:Notification": ("autoscaling.resourceNotification", ("topicArn",)),
    "aws:autoscaling/policy:Policy": ("autoscaling.resourcePolicy", ("autoscalingGroupName", "name")),
    "aws:autoscaling/schedule:Schedule": (
        "autoscaling.resourceSchedule",
        ("autoscalingGroupName", "scheduledActionName"),
    ),
    "aws:autoscaling/tag:Tag": ("autoscaling.resourceGroupTag", ("autoscalingGroupName", "tag.key")),
    "aws:autoscaling/trafficSourceAttachment:TrafficSourceAttachment": (
        "autoscaling.resourceTrafficSourceAttachment",
        ("autoscalingGroupName", "trafficSource"),
    ),
    "aws:budgets/budget:Budget": ("budgets.resourceBudget", ("accountId", "name", "namePrefix")),
    "aws:budgets/budgetAction:BudgetAction": (
        "budgets.resourceBudgetAction",
        ("accountId", "actionType", "budgetName"),
    ),
    "aws:cfg/aggregateAuthorization:AggregateAuthorization": (
        "configservice.resourceAggregateAuthorization",
        ("accountId", "authorizedAwsRegion"),
    ),
    "aws:cfg/configurationAggregator:ConfigurationAggregator": (
        "configservice.resourceConfigurationAggregator",
        ("name",),
    ),
    "aws:cfg/conformancePack:ConformancePack": ("configservice.resourceConformancePack", ("name",)),
    "aws:cfg/deliveryChannel:DeliveryChannel": ("configservice.resourceDeliveryChannel", ("name",)),
    "aws:cfg/recorder:Recorder": ("configservice.resourceConfigurationRecorder", ("name",)),
    "aws:cfg/recorderStatus:RecorderStatus": ("configservice.resourceConfigurationRecorderStatus", ()),
    "aws:cfg/remediationConfiguration:RemediationConfiguration": (
        "configservice.resourceRemediationConfiguration",
        ("configRuleName",),
    ),
    "aws:cfg/retentionConfiguration:RetentionConfiguration": (
        "configservice.retentionConfigurationResource.Schema",
        (),
    ),
    "aws:cfg/rule:Rule": ("configservice.resourceConfigRule", ("name",)),
    "aws:cloudtrail/eventDataStore:EventDataStore": (
        "cloudtrail.resourceEventDataStore",
        ("kmsKeyId", "name"),
    ),
    "aws:cloudtrail/organizationDelegatedAdminAccount:OrganizationDelegatedAdminAccount": (
        "cloudtrail.organizationDelegatedAdminAccountResource.Schema",
        ("accountId",),
    ),
    "aws:cloudtrail/trail:Trail": ("cloudtrail.resourceTrail", ("name",)),
    "aws:cloudwatch/compositeAlarm:CompositeAlarm": (
        "cloudwatch.resourceCompositeAlarm",
        ("actionsEnabled", "alarmName"),
    ),
    "aws:cloudwatch/dashboard:Dashboard": ("cloudwatch.resourceDashboard", ("dashboardName",)),
    "aws:cloudwatch/eventApiDestination:EventApiDestination": ("events.resourceAPIDestination", ("name",)),
    "aws:cloudwatch/eventArchive:EventArchive": ("events.resourceArchive", ("eventSourceArn", "name")),
    "aws:cloudwatch/eventBus:EventBus": ("events.resourceBus", ("eventSourceName", "name")),
    "aws:cloudwatch/eventBusPolicy:EventBusPolicy": ("events.resourceBusPolicy", ("eventBusName",)),
    "aws:cloudwatch/eventConnection:EventConnection": ("events.resourceConnection", ()),
    "aws:cloudwatch/eventPermission:EventPermission": (
        "events.resourcePermission",
        ("eventBusName", "statementId"),
    ),
    "aws:cloudwatch/eventRule:EventRule": ("events.resourceRule", ("eventBusName", "name", "namePrefix")),
    "aws:cloudwatch/eventTarget:EventTarget": ("events.resourceTarget", ("eventBusName", "rule", "targetId")),
    "aws:cloudwatch/logAccountPolicy:LogAccountPolicy": (
        "logs.resourceAccountPolicy",
        ("policyName", "policyType", "selectionCriteria"),
    ),
    "aws:cloudwatch/logAnomalyDetector:LogAnomalyDetector": (
        "logs.anomalyDetectorResource.Schema",
        ("kmsKeyId",),
    ),
    "aws:cloudwatch/logDataProtectionPolicy:LogDataProtectionPolicy": (
        "logs.resourceDataProtectionPolicy",
        ("logGroupName",),
    ),
    "aws:cloudwatch/logDelivery:LogDelivery": (
        "logs.deliveryResource.Schema",
        ("deliveryDestinationArn", "deliverySourceName"),
    ),
    "aws:cloudwatch/logDeliveryDestination:LogDeliveryDestination": (
        "logs.deliveryDestinationResource.Schema",
        ("name", "outputFormat"),
    ),
    "aws:cloudwatch/logDeliveryDestinationPolicy:LogDeliveryDestinationPolicy": (
        "logs.deliveryDestinationPolicyResource.Schema",
        ("deliveryDestinationName",),
    ),
    "aws:cloudwatch/logDeliverySource:LogDeliverySource": (
        "logs.deliverySourceResource.Schema",
        ("logType", "name", "resourceArn"),
    ),
    "aws:cloudwatch/logDestination:LogDestination": ("logs.resourceDestination", ("name",)),
    "aws:cloudwatch/logDestinationPolicy:LogDestinationPolicy": (
        "logs.resourceDestinationPolicy",
        ("destinationName",),
    ),
    "aws:cloudwatch/logGroup:LogGroup": ("logs.resourceGroup", ("logGroupClass", "name", "namePrefix")),
    "aws:cloudwatch/logMetricFilter:LogMetricFilter": ("logs.resourceMetricFilter", ("logGroupName", "name")),
    "aws:cloudwatch/logResourcePolicy:LogResourcePolicy": (
        "logs.resourceResourcePolicy",
        ("policyName", "resourceArn"),
    ),
    "aws:cloudwatch/logStream:LogStream": ("logs.resourceStream", ("logGroupName", "name")),
    "aws:cloudwatch/logSubscriptionFilter:LogSubscriptionFilter": (
        "logs.resourceSubscriptionFilter",
        ("destinationArn", "logGroup", "name"),
    ),
    "aws:cloudwatch/metricAlarm:MetricAlarm": ("cloudwatch.resourceMetricAlarm", ("name",)),
    "aws:cloudwatch/metricStream:MetricStream": ("cloudwatch.resourceMetricStream", ("name", "namePrefix")),
    "aws:cloudwatch/queryDefinition:QueryDefinition": ("logs.resourceQueryDefinition", ()),
    "aws:costexplorer/anomalyMonitor:AnomalyMonitor": (
        "ce.resourceAnomalyMonitor",
        ("monitorDimension", "monitorSpecification", "monitorType"),
    ),
    "aws:costexplorer/anomalySubscription:AnomalySubscription": (
        "ce.resourceAnomalySubscription",
        ("accountId", "name"),
    ),
    "aws:costexplorer/costAllocationTag:CostAllocationTag": ("ce.resourceCostAllocationTag", ()),
    "aws:costexplorer/costCategory:CostCategory": ("ce.resourceCostCategory", ("name", "ruleVersion")),
    "aws:ebs/defaultKmsKey:DefaultKmsKey": ("ec2.resourceEBSDefaultKMSKey", ("keyArn",)),
    "aws:ebs/encryptionByDefault:EncryptionByDefault": ("ec2.resourceEBSEncryptionByDefault", ()),
    "aws:ebs/snapshot:Snapshot": ("ec2.resourceEBSSnapshot", ("description", "outpostArn", "volumeId")),
    "aws:ebs/snapshotBlockPublicAccess:SnapshotBlockPublicAccess": (
        "ec2.resourceEBSSnapshotBlockPublicAccess",
        (),
    ),
    "aws:ebs/volume:Volume": (
        "ec2.resourceEBSVolume",
        ("availabilityZone", "encrypted", "kmsKeyId", "multiAttachEnabled", "outpostArn", "snapshotId"),
    ),
    "aws:ec2/allowedImagesSettings:AllowedImagesSettings": ("ec2.allowedImagesSettingsResource.Schema", ()),
    "aws:ec2/capacityReservation:CapacityReservation": (
        "ec2.resourceCapacityReservation",
        (
            "availabilityZone",
            "ebsOptimized",
            "ephemeralStorage",
            "instanceMatchCriteria",
            "instancePlatform",
            "instanceType",
            "tenancy",
        ),
    ),
    "aws:ec2/defaultCreditSpecification:DefaultCreditSpecification": (
        "ec2.defaultCreditSpecificationResource.Schema",
        ("instanceFamily",),
    ),
    "aws:ec2/defaultNetworkAcl:DefaultNetworkAcl": (
        "ec2.resourceDefaultNetworkACL",
        ("defaultNetworkAclId",),
    ),
    "aws:ec2/defaultRouteTable:DefaultRouteTable": (
        "ec2.resourceDefaultRouteTable",
        ("defaultRouteTableId",),
    ),
    "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup": ("ec2.resourceDefaultSecurityGroup", ("vpcId",)),
    "aws:ec2/defaultSubnet:DefaultSubnet": ("ec2.resourceDefaultSubnet", ("availabilityZone", "ipv6Native")),
    "aws:ec2/defaultVpc:DefaultVpc": ("ec2.resourceDefaultVPC", ()),
    "aws:ec2/egressOnlyInternetGateway:EgressOnlyInternetGateway": (
        "ec2.resourceEgressOnlyInternetGateway",
        ("vpcId",),
    ),
    "aws:ec2/eip:Eip": (
        "ec2.resourceEIP",
        ("address", "domain", "ipamPoolId", "networkBorderGroup", "publicIpv4Pool"),
    ),
    "aws:ec2/eipAssociation:EipAssociation": (
        "ec2.resourceEIPAssociation",
        (
            "allocationId",
            "allowReassociation",
            "instanceId",
            "networkInterfaceId",
            "privateIpAddress",
            "publicIp",
        ),
    ),
    "aws:ec2/flowLog:FlowLog": (
        "ec2.resourceFlowLog",
        (
            "deliverCrossAccountRole",
            "destinationOptions",
            "eniId",
            "iamRoleArn",
            "logDestination",
            "logDestinationType",
            "logFormat",
            "maxAggregationInterval",
            "regionalNatGatewayId",
            "subnetId",
            "tagFieldSpecifications",
            "trafficType",
            "transitGatewayAttachmentId",
            "transitGatewayId",
            "vpcId",
        ),
    ),
    "aws:ec2/imageBlockPublicAccess:ImageBlockPublicAccess": ("ec2.resourceImageBlockPublicAccess", ()),
    "aws:ec2/instance:Instance": (
        "ec2.resourceInstanceSchema",
        (
            "ami",
            "associatePublicIpAddress",
            "availabilityZone",
            "cpuOptions.amdSevSnp",
            "ebsBlockDevices.deleteOnTermination",
            "ebsBlockDevices.deviceName",
            "ebsBlockDevices.encrypted",
            "ebsBlockDevices.iops",
            "ebsBlockDevices.kmsKeyId",
            "ebsBlockDevices.snapshotId",
            "ebsBlockDevices.throughput",
            "ebsBlockDevices.volumeSize",
            "ebsBlockDevices.volumeType",
            "ebsOptimized",
            "enclaveOptions.enabled",
            "ephemeralBlockDevices",
            "hibernation",
            "hostId",
            "instanceMarketOptions",
            "keyName",
            "launchTemplate",
            "placementGroup",
            "placementGroupId",
            "placementPartitionNumber",
            "primaryNetworkInterface.networkInterfaceId",
            "privateDnsNameOptions",
            "privateIp",
            "rootBlockDevice.encrypted",
            "rootBlockDevice.kmsKeyId",
            "secondaryNetworkInterfaces.deleteOnTermination",
            "secondaryNetworkInterfaces.deviceIndex",
            "secondaryNetworkInterfaces.interfaceType",
            "secondaryNetworkInterfaces.networkCardIndex",
            "secondaryNetworkInterfaces.privateIpAddressCount",
            "secondaryNetworkInterfaces.secondarySubnetId",
            "subnetId",
            "tenancy",
        ),
    ),
    "aws:ec2/instanceMetadataDefaults:InstanceMetadataDefaults": (
        "ec2.instanceMetadataDefaultsResource.Schema",
        (),
    ),
    "aws:ec2/internetGateway:InternetGateway": ("ec2.resourceInternetGateway", ()),
    "aws:ec2/internetGatewayAttachment:InternetGatewayAttachment": (
        "ec2.resourceInternetGatewayAttachment",
        ("internetGatewayId", "vpcId"),
    ),
    "aws:ec2/keyPair:KeyPair": ("ec2.resourceKeyPair", ("keyName", "keyNamePrefix", "publicKey")),
    "aws:ec2/launchTemplate:LaunchTemplate": ("ec2.resourceLaunchTemplate", ("name", "namePrefix")),
    "aws:ec2/mainRouteTableAssociation:MainRouteTableAssociation": (
        "ec2.resourceMainRouteTableAssociation",
        (),
    ),
    "aws:ec2/managedPrefixList:ManagedPrefixList": ("ec2.resourceManagedPrefixList", ("addressFamily",)),
    "aws:ec2/managedPrefixListEntry:ManagedPrefixListEntry": (
        "ec2.resourceManagedPrefixListEntry",
        ("cidr", "description", "prefixListId"),
    ),
    "aws:ec2/natGateway:NatGateway": (
        "ec2.resourceNATGateway",
        ("allocationId", "availabilityMode", "connectivityType", "privateIp", "subnetId", "vpcId"),
    ),
    "aws:ec2/natGatewayEipAssociation:NatGatewayEipAssociation": (
        "ec2.natGatewayEIPAssociationResource.Schema",
        ("allocationId", "natGatewayId"),
    ),
    "aws:ec2/networkAcl:NetworkAcl": ("ec2.resourceNetworkACL", ("vpcId",)),
    "aws:ec2/networkAclAssociation:NetworkAclAssociation": (
        "ec2.resourceNetworkACLAssociation",
        ("networkAclId", "subnetId"),
    ),
    "aws:ec2/networkAclRule:NetworkAclRule": (
        "ec2.resourceNetworkACLRule",
        (
            "cidrBlock",
            "egress",
            "fromPort",
            "icmpCode",
            "icmpType",
            "ipv6CidrBlock",
            "networkAclId",
            "protocol",
            "ruleAction",
            "ruleNumber",
            "toPort",
        ),
    ),
    "aws:ec2/networkInterface:NetworkInterface": (
        "ec2.resourceNetworkInterface",
        ("interfaceType", "subnetId"),
    ),
    "aws:ec2/networkInterfaceAttachment:NetworkInterfaceAttachment": (
        "ec2.resourceNetworkInterfaceAttachment",
        ("deviceIndex", "instanceId", "networkCardIndex", "networkInterfaceId"),
    ),
    "aws:ec2/networkInterfaceSecurityGroupAttachment:NetworkInterfaceSecurityGroupAttachment": (
        "ec2.resourceNetworkInterfaceSGAttachment",
        ("networkInterfaceId", "securityGroupId"),
    ),
    "aws:ec2/peeringConnectionOptions:PeeringConnectionOptions": (
        "ec2.resourceVPCPeeringConnectionOptions",
        ("vpcPeeringConnectionId",),
    ),
    "aws:ec2/placementGroup:PlacementGroup": (
        "ec2.resourcePlacementGroup",
        ("name", "partitionCount", "spreadLevel", "strategy"),
    ),
    "aws:ec2/route:Route": (
        "ec2.resourceRoute",
        ("destinationCidrBlock", "destinationIpv6CidrBlock", "destinationPrefixListId", "routeTableId"),
    ),
    "aws:ec2/routeTable:RouteTable": ("ec2.resourceRouteTable", ("vpcId",)),
    "aws:ec2/routeTableAssociation:RouteTableAssociation": (
        "ec2.resourceRouteTableAssociation",
        ("gatewayId", "subnetId"),
    ),
    "aws:ec2/securityGroup:SecurityGroup": (
        "ec2.resourceSecurityGroup",
        ("description", "name", "namePrefix", "vpcId"),
    ),
    "aws:ec2/securityGroupAssociation:SecurityGroupAssociation": (
        "ec2.resourceVPCEndpointSecurityGroupAssociation",
        ("replaceDefaultAssociation", "securityGroupId", "vpcEndpointId"),
    ),
    "aws:ec2/securityGroupRule:SecurityGroupRule": (
        "ec2.resourceSecurityGroupRule",
        (
            "cidrBlocks",
            "fromPort",
            "ipv6CidrBlocks",
            "prefixListIds",
            "protocol",
            "securityGroupId",
            "self",
            "sourceSecurityGroupId",
            "toPort",
            "type",
        ),
    ),
    "aws:ec2/serialConsoleAccess:SerialConsoleAccess": ("ec2.resourceSerialConsoleAccess", ()),
    "aws:ec2/subnet:Subnet": (
        "ec2.resourceSubnet",
        (
            "availabilityZone",
            "availabilityZoneId",
            "cidrBlock",
            "ipv4IpamPoolId",
            "ipv4NetmaskLength",
            "ipv6IpamPoolId",
            "ipv6Native",
            "ipv6NetmaskLength",
            "outpostArn",
            "vpcId",
        ),
    ),
    "aws:ec2/subnetCidrReservation:SubnetCidrReservation": (
        "ec2.resourceSubnetCIDRReservation",
        ("cidrBlock", "description", "reservationType", "subnetId"),
    ),
    "aws:ec2/tag:Tag": ("ec2.resourceTag", ("key", "resourceId")),
    "aws:ec2/volumeAttachment:VolumeAttachment": (
        "ec2.resourceVolumeAttachment",
        ("deviceName", "instanceId", "volumeId"),
    ),
    "aws:ec2/vpc:Vpc": ("ec2.resourceVPC", ("cidrBlock", "ipv4IpamPoolId", "ipv4NetmaskLength")),
    "aws:ec2/vpcBlockPublicAccessExclusion:VpcBlockPublicAccessExclusion": (
        "ec2.vpcBlockPublicAccessExclusionResource.Schema",
        ("subnetId", "vpcId"),
    ),
    "aws:ec2/vpcBlockPublicAccessOptions:VpcBlockPublicAccessOptions": (
        "ec2.vpcBlockPublicAccessOptionsResource.Schema",
        (),
    ),
    "aws:ec2/vpcDhcpOptions:VpcDhcpOptions": (
        "ec2.resourceVPCDHCPOptions",
        (
            "domainName",
            "domainNameServers",
            "ipv6AddressPreferredLeaseTime",
            "netbiosNameServers",
            "netbiosNodeType",
            "ntpServers",
        ),
    ),
    "aws:ec2/vpcDhcpOptionsAssociation:VpcDhcpOptionsAssociation": (
        "ec2.resourceVPCDHCPOptionsAssociation",
        ("vpcId",),
    ),
    "aws:ec2/vpcEndpoint:VpcEndpoint": (
        "ec2.resourceVPCEndpoint",
        (
            "dnsOptions.privateDnsPreference",
            "dnsOptions.privateDnsSpecifiedDomains",
            "resourceConfigurationArn",
            "serviceName",
            "serviceNetworkArn",
            "serviceRegion",
            "vpcEndpointType",
            "vpcId",
        ),
    ),
    "aws:ec2/vpcEndpointConnectionAccepter:VpcEndpointConnectionAccepter": (
        "ec2.resourceVPCEndpointConnectionAccepter",
        ("vpcEndpointId", "vpcEndpointServiceId"),
    ),
    "aws:ec2/vpcEndpointConnectionNotification:VpcEndpointConnectionNotification": (
        "ec2.resourceVPCEndpointConnectionNotification",
        ("vpcEndpointId", "vpcEndpointServiceId"),
    ),
    "aws:ec2/vpcEndpointPolicy:VpcEndpointPolicy": ("ec2.resourceVPCEndpointPolicy", ("vpcEndpointId",)),
    "aws:ec2/vpcEndpointRouteTableAssociation:VpcEndpointRouteTableAssociation": (
        "ec2.resourceVPCEndpointRouteTableAssociation",
        ("routeTableId", "vpcEndpointId"),
    ),
    "aws:ec2/vpcEndpointService:VpcEndpointService": ("ec2.resourceVPCEndpointService", ()),
    "aws:ec2/vpcEndpointServiceAllowedPrinciple:VpcEndpointServiceAllowedPrinciple": (
        "ec2.resourceVPCEndpointServiceAllowedPrincipal",
        ("principalArn", "vpcEndpointServiceId"),
    ),
    "aws:ec2/vpcEndpointSubnetAssociation:VpcEndpointSubnetAssociation": (
        "ec2.resourceVPCEndpointSubnetAssociation",
        ("subnetId", "vpcEndpointId"),
    ),
    "aws:ec2/vpcIpv4CidrBlockAssociation:VpcIpv4CidrBlockAssociation": (
        "ec2.resourceVPCIPv4CIDRBlockAssociation",
        ("cidrBlock", "ipv4IpamPoolId", "ipv4NetmaskLength", "vpcId"),
    ),
    "aws:ec2/vpcIpv6CidrBlockAssociation:VpcIpv6CidrBlockAssociation": (
        "ec2.resourceVPCIPv6CIDRBlockAssociation",
        (
            "assignGeneratedIpv6CidrBlock",
            "ipv6CidrBlock",
            "ipv6IpamPoolId",
            "ipv6NetmaskLength",
            "ipv6Pool",
            "vpcId",
        ),
    ),
    "aws:ec2/vpcPeeringConnection:VpcPeeringConnection": (
        "ec2.resourceVPCPeeringConnection",
        ("peerOwnerId", "peerRegion", "peerVpcId", "vpcId"),
    ),
    "aws:ec2/vpcPeeringConnectionAccepter:VpcPeeringConnectionAccepter": (
        "ec2.resourceVPCPeeringConnectionAccepter",
        ("vpcPeeringConnectionId",),
    ),
    "aws:ec2/vpcSecurityGroupRulesExclusive:VpcSecurityGroupRulesExclusive": (
        "ec2.resourceSecurityGroupRulesExclusive.Schema",
        ("securityGroupId",),
    ),
    "aws:ecr/lifecyclePolicy:LifecyclePolicy": ("ecr.resourceLifecyclePolicy", ("policy", "repository")),
    "aws:ecr/pullThroughCacheRule:PullThroughCacheRule": (
        "ecr.resourcePullThroughCacheRule",
        ("ecrRepositoryPrefix", "upstreamRegistryUrl", "upstreamRepositoryPrefix"),
    ),
    "aws:ecr/registryPolicy:RegistryPolicy": ("ecr.resourceRegistryPolicy", ()),
    "aws:ecr/registryScanningConfiguration:RegistryScanningConfiguration": (
        "ecr.resourceRegistryScanningConfiguration",
        (),
    ),
    "aws:ecr/replicationConfiguration:ReplicationConfiguration": ("ecr.resourceReplicationConfiguration", ()),
    "aws:ecr/repository:Repository": ("ecr.resourceRepository", ("encryptionConfigurations", "name")),
    "aws:ecr/repositoryCreationTemplate:RepositoryCreationTemplate": (
        "ecr.resourceRepositoryCreationTemplate",
        ("prefix",),
    ),
    "aws:ecr/repositoryPolicy:RepositoryPolicy": ("ecr.resourceRepositoryPolicy", ("repository",)),
    "aws:ecs/accountSettingDefault:AccountSettingDefault": ("ecs.resourceAccountSettingDefault", ("name",)),
    "aws:ecs/capacityProvider:CapacityProvider": (
        "ecs.resourceCapacityProvider",
        (
            "autoScalingGroupProvider.autoScalingGroupArn",
            "cluster",
            "managedInstancesProvider.instanceLaunchTemplate.capacityOptionType",
            "name",
        ),
    ),
    "aws:ecs/cluster:Cluster": ("ecs.resourceCluster", ("name",)),
    "aws:ecs/clusterCapacityProviders:ClusterCapacityProviders": (
        "ecs.resourceClusterCapacityProviders",
        ("clusterName",),
    ),
    "aws:ecs/service:Service": (
        "ecs.resourceService",
        ("cluster", "iamRole", "launchType", "name", "schedulingStrategy"),
    ),
    "aws:ecs/tag:Tag": ("ecs.resourceTag", ("key", "resourceArn")),
    "aws:ecs/taskDefinition:TaskDefinition": (
        "ecs.resourceTaskDefinition",
        (
            "containerDefinitions",
            "cpu",
            "enableFaultInjection",
            "ephemeralStorage",
            "executionRoleArn",
            "family",
            "ipcMode",
            "memory",
            "networkMode",
            "pidMode",
            "placementConstraints",
            "proxyConfiguration",
            "requiresCompatibilities",
            "runtimePlatform",
            "taskRoleArn",
            "volumes",
        ),
    ),
    "aws:ecs/taskSet:TaskSet": (
        "ecs.resourceTaskSet",
        (
            "capacityProviderStrategies",
            "cluster",
            "externalId",
            "launchType",
            "loadBalancers",
            "networkConfiguration",
            "platformVersion",
            "service",
            "serviceRegistries",
            "taskDefinition",
        ),
    ),
    "aws:guardduty/detector:Detector": ("guardduty.resourceDetector", ()),
    "aws:guardduty/detectorFeature:DetectorFeature": (
        "guardduty.resourceDetectorFeature",
        ("detectorId", "name"),
    ),
    "aws:guardduty/member:Member": (
        "guardduty.resourceMember",
        ("accountId", "detectorId", "disableEmailNotification", "email", "invitationMessage"),
    ),
    "aws:guardduty/memberDetectorFeature:MemberDetectorFeature": (
        "guardduty.memberDetectorFeatureResource.Schema",
        ("accountId", "detectorId", "name"),
    ),
    "aws:guardduty/organizationAdminAccount:OrganizationAdminAccount": (
        "guardduty.resourceOrganizationAdminAccount",
        ("adminAccountId",),
    ),
    "aws:guardduty/organizationConfiguration:OrganizationConfiguration": (
        "guardduty.resourceOrganizationConfiguration",
        ("detectorId",),
    ),
    "aws:guardduty/organizationConfigurationFeature:OrganizationConfigurationFeature": (
        "guardduty.resourceOrganizationConfigurationFeature",
        ("additionalConfigurations.name", "detectorId", "name"),
    ),
    "aws:guardduty/publishingDestination:PublishingDestination": (
        "guardduty.resourcePublishingDestination",
        ("detectorId", "tags"),
    ),
    "aws:iam/accessKey:AccessKey": ("iam.resourceAccessKey", ("pgpKey", "user")),
    "aws:iam/accountAlias:AccountAlias": ("iam.resourceAccountAlias", ("accountAlias",)),
    "aws:iam/accountPasswordPolicy:AccountPasswordPolicy": ("iam.resourceAccountPasswordPolicy", ()),
    "aws:iam/group:Group": ("iam.resourceGroup", ()),
    "aws:iam/groupMembership:GroupMembership": ("iam.resourceGroupMembership", ("group", "name")),
    "aws:iam/groupPolicy:GroupPolicy": ("iam.resourceGroupPolicy", ("group", "name", "namePrefix")),
    "aws:iam/groupPolicyAttachment:GroupPolicyAttachment": (
        "iam.resourceGroupPolicyAttachment",
        ("group", "policyArn"),
    ),
    "aws:iam/instanceProfile:InstanceProfile": (
        "iam.resourceInstanceProfile",
        ("name", "namePrefix", "path"),
    ),
    "aws:iam/openIdConnectProvider:OpenIdConnectProvider": ("iam.resourceOpenIDConnectProvider", ("url",)),
    "aws:iam/organizationsFeatures:OrganizationsFeatures": ("iam.organizationsFeaturesResource.Schema", ()),
    "aws:iam/policy:Policy": ("iam.resourcePolicy", ("description", "name", "namePrefix", "path")),
    "aws:iam/policyAttachment:PolicyAttachment": ("iam.resourcePolicyAttachment", ("name", "policyArn")),
    "aws:iam/role:Role": ("iam.resourceRole", ("name", "namePrefix", "path")),
    "aws:iam/rolePolicy:RolePolicy": ("iam.resourceRolePolicy", ("name", "namePrefix", "role")),
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment": (
        "iam.resourceRolePolicyAttachment",
        ("policyArn", "role"),
    ),
    "aws:iam/serverCertificate:ServerCertificate": (
        "iam.resourceServerCertificate",
        ("certificateBody", "certificateChain", "privateKey"),
    ),
    "aws:iam/serviceLinkedRole:ServiceLinkedRole": (
        "iam.resourceServiceLinkedRole",
        ("awsServiceName", "customSuffix"),
    ),
    "aws:iam/sshKey:SshKey": ("iam.resourceUserSSHKey", ("encoding", "publicKey", "username")),
    "aws:iam/user:User": ("iam.resourceUser", ()),
    "aws:iam/userGroupMembership:UserGroupMembership": ("iam.resourceUserGroupMembership", ("user",)),
    "aws:iam/userLoginProfile:UserLoginProfile": (
        "iam.resourceUserLoginProfile",
        ("passwordLength", "passwordResetRequired", "pgpKey", "user"),
    ),
    "aws:iam/userPolicy:UserPolicy": ("iam.resourceUserPolicy", ("name", "namePrefix", "user")),
    "aws:iam/userPolicyAttachment:UserPolicyAttachment": (
        "iam.resourceUserPolicyAttachment",
        ("policyArn", "user"),
    ),
    "aws:iam/virtualMfaDevice:VirtualMfaDevice": (
        "iam.resourceVirtualMFADevice",
        ("path", "virtualMfaDeviceName"),
    ),
    "aws:identitystore/group:Group": ("identitystore.resourceGroup", ("identityStoreId",)),
    "aws:identitystore/groupMembership:GroupMembership": (
        "identitystore.resourceGroupMembership",
        ("groupId", "identityStoreId", "memberId"),
    ),
    "aws:identitystore/user:User": ("identitystore.resourceUser", ("identityStoreId", "userName")),
    "aws:kms/alias:Alias": ("kms.resourceAlias", ("name", "namePrefix")),
    "aws:kms/ciphertext:Ciphertext": (
        "kms.resourceCiphertext",
        ("context", "keyId", "plaintext", "plaintextWoVersion"),
    ),
    "aws:kms/customKeyStore:CustomKeyStore": (
        "kms.resourceCustomKeyStore",
        ("cloudHsmClusterId", "customKeyStoreType", "trustAnchorCertificate"),
    ),
    "aws:kms/externalKey:ExternalKey": (
        "kms.resourceExternalKey",
        ("keyMaterialBase64", "keySpec", "keyUsage", "multiRegion"),
    ),
    "aws:kms/grant:Grant": (
        "kms.resourceGrant",
        (
            "constraints",
            "grantCreationTokens",
            "granteePrincipal",
            "keyId",
            "name",
            "operations",
            "retireOnDelete",
            "retiringPrincipal",
        ),
    ),
    "aws:kms/key:Key": (
        "kms.resourceKey",
        ("customKeyStoreId", "customerMasterKeySpec", "keyUsage", "multiRegion", "xksKeyId"),
    ),
    "aws:kms/keyPolicy:KeyPolicy": ("kms.resourceKeyPolicy", ()),
    "aws:kms/replicaExternalKey:ReplicaExternalKey": (
        "kms.resourceReplicaExternalKey",
        ("keyMaterialBase64", "primaryKeyArn"),
    ),
    "aws:kms/replicaKey:ReplicaKey": ("kms.resourceReplicaKey", ("primaryKeyArn",)),
    "aws:lb/listener:Listener": ("elbv2.resourceListener", ("loadBalancerArn",)),
    "aws:lb/listenerCertificate:ListenerCertificate": (
        "elbv2.resourceListenerCertificate",
        ("certificateArn", "listenerArn"),
    ),
    "aws:lb/listenerRule:ListenerRule": ("elbv2.resourceListenerRule", ("listenerArn",)),
    "aws:lb/loadBalancer:LoadBalancer": (
        "elbv2.resourceLoadBalancer",
        ("customerOwnedIpv4Pool", "internal", "loadBalancerType", "name", "namePrefix"),
    ),
    "aws:lb/targetGroup:TargetGroup": (
        "elbv2.resourceTargetGroup",
        (
            "ipAddressType",
            "name",
            "namePrefix",
            "port",
            "protocol",
            "protocolVersion",
            "targetControlPort",
            "targetType",
            "vpcId",
        ),
    ),
    "aws:lb/targetGroupAttachment:TargetGroupAttachment": (
        "elbv2.resourceTargetGroupAttachment",
        ("availabilityZone", "port", "quicServerId", "targetGroupArn", "targetId"),
    ),
    "aws:organizations/account:Account": (
        "organizations.resourceAccount",
        ("email", "iamUserAccessToBilling", "roleName"),
    ),
    "aws:organizations/awsServiceAccess:AwsServiceAccess": (
        "organizations.awsServiceAccessResource.Schema",
        ("servicePrincipal",),
    ),
    "aws:organizations/delegatedAdministrator:DelegatedAdministrator": (
        "organizations.resourceDelegatedAdministrator",
        ("accountId", "servicePrincipal"),
    ),
    "aws:organizations/organization:Organization": ("organizations.resourceOrganization", ()),
    "aws:organizations/organizationalUnit:OrganizationalUnit": (
        "organizations.resourceOrganizationalUnit",
        ("parentId",),
    ),
    "aws:organizations/policy:Policy": ("organizations.resourcePolicy", ("type",)),
    "aws:organizations/policyAttachment:PolicyAttachment": (
        "organizations.resourcePolicyAttachment",
        ("policyId", "targetId"),
    ),
    "aws:organizations/resourcePolicy:ResourcePolicy": ("organizations.resourceResourcePolicy", ()),
    "aws:organizations/tag:Tag": ("organizations.resourceTag", ("key", "resourceId")),
    "aws:ram/permission:Permission": ("ram.permissionResource.Schema", ("name", "resourceType")),
    "aws:ram/principalAssociation:PrincipalAssociation": (
        "ram.resourcePrincipalAssociation",
        ("principal", "resourceShareArn"),
    ),
    "aws:ram/resourceAssociation:ResourceAssociation": (
        "ram.resourceResourceAssociation",
        ("resourceArn", "resourceShareArn"),
    ),
    "aws:ram/resourceShare:ResourceShare": (
        "ram.resourceResourceShare",
        ("permissionArns", "resourceShareConfiguration.retainSharingOnAccountLeaveOrganization"),
    ),
    "aws:ram/resourceShareAccepter:ResourceShareAccepter": (
        "ram.resourceResourceShareAccepter",
        ("shareArn",),
    ),
    "aws:ram/resourceShareAssociationsExclusive:ResourceShareAssociationsExclusive": (
        "ram.resourceShareAssociationsExclusiveResource.Schema",
        ("resourceShareArn",),
    ),
    "aws:ram/sharingWithOrganization:SharingWithOrganization": ("ram.resourceSharingWithOrganization", ()),
    "aws:resourcegroups/group:Group": ("resourcegroups.resourceGroup", ("name",)),
    "aws:resourcegroups/resource:Resource": ("resourcegroups.resourceResource", ("groupArn", "resourceArn")),
    "aws:route53/delegationSet:DelegationSet": ("route53.resourceDelegationSet", ("referenceName",)),
    "aws:route53/healthCheck:HealthCheck": (
        "route53.resourceHealthCheck",
        ("measureLatency", "referenceName", "requestInterval", "routingControlArn", "type"),
    ),
    "aws:route53/hostedZoneDnsSec:HostedZoneDnsSec": ("route53.resourceHostedZoneDNSSEC", ("hostedZoneId",)),
    "aws:route53/keySigningKey:KeySigningKey": ("route53.resourceKeySigningKey", ("hostedZoneId", "name")),
    "aws:route53/queryLog:QueryLog": ("route53.resourceQueryLog", ("cloudwatchLogGroupArn", "zoneId")),
    "aws:route53/record:Record": ("route53.resourceRecord", ("name", "zoneId")),
    "aws:route53/resolverDnsSecConfig:ResolverDnsSecConfig": (
        "route53resolver.resourceDNSSECConfig",
        ("resourceId",),
    ),
    "aws:route53/resolverEndpoint:ResolverEndpoint": (
        "route53resolver.resourceEndpoint",
        ("direction", "securityGroupIds"),
    ),
    "aws:route53/resolverQueryLogConfig:ResolverQueryLogConfig": (
        "route53resolver.resourceQueryLogConfig",
        ("destinationArn", "name"),
    ),
    "aws:route53/resolverQueryLogConfigAssociation:ResolverQueryLogConfigAssociation": (
        "route53resolver.resourceQueryLogConfigAssociation",
        ("resolverQueryLogConfigId", "resourceId"),
    ),
    "aws:route53/resolverRule:ResolverRule": ("route53resolver.resourceRule", ("domainName", "ruleType")),
    "aws:route53/resolverRuleAssociation:ResolverRuleAssociation": (
        "route53resolver.resourceRuleAssociation",
        ("name", "resolverRuleId", "vpcId"),
    ),
    "aws:route53/vpcAssociationAuthorization:VpcAssociationAuthorization": (
        "route53.resourceVPCAssociationAuthorization",
        ("vpcId", "vpcRegion", "zoneId"),
    ),
    "aws:route53/zone:Zone": ("route53.resourceZone", ("delegationSetId", "name")),
    "aws:route53/zoneAssociation:ZoneAssociation": (
        "route53.resourceZoneAssociation",
        ("vpcId", "vpcRegion", "zoneId"),
    ),
    "aws:s3/accessPoint:AccessPoint": (
        "s3control.resourceAccessPoint",
        (
            "accountId",
            "bucket",
            "bucketAccountId",
            "name",
            "publicAccessBlockConfiguration",
            "vpcConfiguration",
        ),
    ),
    "aws:s3/accountPublicAccessBlock:AccountPublicAccessBlock": (
        "s3control.resourceAccountPublicAccessBlock",
        ("accountId",),
    ),
    "aws:s3/bucket:Bucket": (
        "s3.resourceBucket",
        ("bucket", "bucketNamespace", "bucketPrefix", "objectLockEnabled"),
    ),
    "aws:s3/bucketAcl:BucketAcl": ("s3.resourceBucketACL", ("bucket",)),
    "aws:s3/bucketCorsConfiguration:BucketCorsConfiguration": (
        "s3.resourceBucketCorsConfiguration",
        ("bucket",),
    ),
    "aws:s3/bucketIntelligentTieringConfiguration:BucketIntelligentTieringConfiguration": (
        "s3.resourceBucketIntelligentTieringConfiguration",
        ("bucket", "name"),
    ),
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": (
        "s3.bucketLifecycleConfigurationResource.Schema",
        ("bucket",),
    ),
    "aws:s3/bucketLogging:BucketLogging": ("s3.resourceBucketLogging", ("bucket",)),
    "aws:s3/bucketMetric:BucketMetric": ("s3.resourceBucketMetric", ("bucket", "name")),
    "aws:s3/bucketNotification:BucketNotification": ("s3.resourceBucketNotification", ("bucket",)),
    "aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration": (
        "s3.resourceBucketObjectLockConfiguration",
        ("bucket", "objectLockEnabled"),
    ),
    "aws:s3/bucketObjectv2:BucketObjectv2": ("s3.resourceObject", ("bucket", "key")),
    "aws:s3/bucketOwnershipControls:BucketOwnershipControls": (
        "s3.resourceBucketOwnershipControls",
        ("bucket",),
    ),
    "aws:s3/bucketPolicy:BucketPolicy": ("s3.resourceBucketPolicy", ("bucket",)),
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": (
        "s3.resourceBucketPublicAccessBlock",
        ("bucket",),
    ),
    "aws:s3/bucketReplicationConfig:BucketReplicationConfig": (
        "s3.resourceBucketReplicationConfiguration",
        ("bucket",),
    ),
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": (
        "s3.resourceBucketServerSideEncryptionConfiguration",
        ("bucket",),
    ),
    "aws:s3/bucketVersioning:BucketVersioning": ("s3.resourceBucketVersioning", ("bucket",)),
    "aws:scheduler/schedule:Schedule": ("scheduler.resourceSchedule", ("groupName", "name", "namePrefix")),
    "aws:scheduler/scheduleGroup:ScheduleGroup": ("scheduler.resourceScheduleGroup", ("name", "namePrefix")),
    "aws:secretsmanager/secret:Secret": ("secretsmanager.resourceSecret", ("name", "namePrefix", "type")),
    "aws:secretsmanager/secretPolicy:SecretPolicy": ("secretsmanager.resourceSecretPolicy", ("secretArn",)),
    "aws:secretsmanager/secretRotation:SecretRotation": (
        "secretsmanager.resourceSecretRotation",
        ("secretId",),
    ),
    "aws:secretsmanager/secretVersion:SecretVersion": (
        "secretsmanager.resourceSecretVersion",
        ("secretBinary", "secretId", "secretString"),
    ),
    "aws:secretsmanager/tag:Tag": ("secretsmanager.resourceTag", ("key", "secretId")),
    "aws:securityhub/account:Account": ("securityhub.resourceAccount", ("enableDefaultStandards",)),
    "aws:securityhub/automationRule:AutomationRule": ("securityhub.automationRuleResource.Schema", ()),
    "aws:securityhub/configurationPolicy:ConfigurationPolicy": (
        "securityhub.resourceConfigurationPolicy",
        (),
    ),
    "aws:securityhub/configurationPolicyAssociation:ConfigurationPolicyAssociation": (
        "securityhub.resourceConfigurationPolicyAssociation",
        ("targetId",),
    ),
    "aws:securityhub/findingAggregator:FindingAggregator": ("securityhub.resourceFindingAggregator", ()),
    "aws:securityhub/member:Member": ("securityhub.resourceMember", ("accountId", "email", "invite")),
    "aws:securityhub/organizationAdminAccount:OrganizationAdminAccount": (
        "securityhub.resourceOrganizationAdminAccount",
        ("adminAccountId",),
    ),
    "aws:securityhub/organizationConfiguration:OrganizationConfiguration": (
        "securityhub.resourceOrganizationConfiguration",
        (),
    ),
    "aws:securityhub/standardsControl:StandardsControl": (
        "securityhub.resourceStandardsControl",
        ("standardsControlArn",),
    ),
    "aws:securityhub/standardsControlAssociation:StandardsControlAssociation": (
        "securityhub.standardsControlAssociationResource.Schema",
        ("securityControlId", "standardsArn"),
    ),
    "aws:securityhub/standardsSubscription:StandardsSubscription": (
        "securityhub.resourceStandardsSubscription",
        ("standardsArn",),
    ),
    "aws:servicequotas/autoManagement:AutoManagement": (
        "servicequotas.autoManagementResource.Schema",
        ("optInLevel",),
    ),
    "aws:servicequotas/serviceQuota:ServiceQuota": (
        "servicequotas.resourceServiceQuota",
        ("quotaCode", "serviceCode"),
    ),
    "aws:servicequotas/template:Template": (
        "servicequotas.templateResource.Schema",
        ("awsRegion", "quotaCode", "serviceCode"),
    ),
    "aws:servicequotas/templateAssociation:TemplateAssociation": (
        "servicequotas.resourceTemplateAssociation.Schema",
        (),
    ),
    "aws:sns/topic:Topic": ("sns.topicSchema", ("fifoTopic", "name", "namePrefix")),
    "aws:sns/topicPolicy:TopicPolicy": ("sns.resourceTopicPolicy", ("arn",)),
    "aws:sns/topicSubscription:TopicSubscription": (
        "sns.subscriptionSchema",
        ("endpoint", "protocol", "topic"),
    ),
    "aws:sqs/queue:Queue": ("sqs.queueSchema", ("fifoQueue", "name", "namePrefix")),
    "aws:sqs/queuePolicy:QueuePolicy": ("sqs.resourceQueuePolicy", ("queueUrl",)),
    "aws:sqs/redriveAllowPolicy:RedriveAllowPolicy": ("sqs.resourceQueueRedriveAllowPolicy", ("queueUrl",)),
    "aws:sqs/redrivePolicy:RedrivePolicy": ("sqs.resourceQueueRedrivePolicy", ("queueUrl",)),
    "aws:ssm/association:Association": ("ssm.resourceAssociation", ("name",)),
    "aws:ssm/document:Document": ("ssm.resourceDocument", ("name",)),
    "aws:ssm/maintenanceWindow:MaintenanceWindow": ("ssm.resourceMaintenanceWindow", ()),
    "aws:ssm/maintenanceWindowTarget:MaintenanceWindowTarget": (
        "ssm.resourceMaintenanceWindowTarget",
        ("description", "name", "resourceType", "windowId"),
    ),
    "aws:ssm/maintenanceWindowTask:MaintenanceWindowTask": (
        "ssm.resourceMaintenanceWindowTask",
        ("taskType", "windowId"),
    ),
    "aws:ssm/parameter:Parameter": ("ssm.resourceParameter", ("dataType", "name")),
    "aws:ssm/serviceSetting:ServiceSetting": ("ssm.resourceServiceSetting", ()),
    "aws:ssoadmin/accountAssignment:AccountAssignment": (
        "ssoadmin.resourceAccountAssignment",
        ("instanceArn", "permissionSetArn", "principalId", "principalType", "targetId", "targetType"),
    ),
    "aws:ssoadmin/customerManagedPolicyAttachment:CustomerManagedPolicyAttachment": (
        "ssoadmin.resourceCustomerManagedPolicyAttachment",
        ("customerManagedPolicyReference", "instanceArn", "permissionSetArn"),
    ),
    "aws:ssoadmin/instanceAccessControlAttributes:InstanceAccessControlAttributes": (
        "ssoadmin.resourceInstanceAccessControlAttributes",
        ("instanceArn",),
    ),
    "aws:ssoadmin/managedPolicyAttachment:ManagedPolicyAttachment": (
        "ssoadmin.resourceManagedPolicyAttachment",
        ("instanceArn", "managedPolicyArn", "permissionSetArn"),
    ),
    "aws:ssoadmin/permissionSet:PermissionSet": ("ssoadmin.resourcePermissionSet", ("instanceArn", "name")),
    "aws:ssoadmin/permissionSetInlinePolicy:PermissionSetInlinePolicy": (
        "ssoadmin.resourcePermissionSetInlinePolicy",
        ("instanceArn", "permissionSetArn"),
    ),
    "aws:ssoadmin/permissionsBoundaryAttachment:PermissionsBoundaryAttachment": (
        "ssoadmin.resourcePermissionsBoundaryAttachment",
        ("instanceArn", "permissionSetArn", "permissionsBoundary"),
    ),
    "aws:vpc/endpointPrivateDns:EndpointPrivateDns": (
        "ec2.vpcEndpointPrivateDNSResource.Schema",
        ("vpcEndpointId",),
    ),
    "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": (
        "ec2.securityGroupRuleResource.Schema",
        ("securityGroupId",),
    ),
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": (
        "ec2.securityGroupRuleResource.Schema",
        ("securityGroupId",),
    ),
    "aws:vpc/securityGroupVpcAssociation:SecurityGroupVpcAssociation": (
        "ec2.securityGroupVPCAssociationResource.Schema",
        ("securityGroupId", "vpcId"),
    ),
    "aws:wafv2/ipSet:IpSet": ("wafv2.resourceIPSet", ("ipAddressVersion", "name", "namePrefix", "scope")),
    "aws:wafv2/regexPatternSet:RegexPatternSet": (
        "wafv2.resourceRegexPatternSet",
        ("name", "namePrefix", "scope"),
    ),
    "aws:wafv2/ruleGroup:RuleGroup": ("wafv2.resourceRuleGroup", ("capacity", "name", "namePrefix", "scope")),
    "aws:wafv2/webAcl:WebAcl": ("wafv2.resourceWebACL", ("name", "namePrefix", "scope")),
    "aws:wafv2/webAclAssociation:WebAclAssociation": (
        "wafv2.resourceWebACLAssociation",
        ("resourceArn", "webAclArn"),
    ),
    "aws:wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration": (
        "wafv2.resourceWebACLLoggingConfiguration",
        ("logDestinationConfigs", "resourceArn"),
    ),
    "datadog:aws/integrationAccount:IntegrationAccount": (
        "fwprovider/resource_datadog_integration_aws_account.go",
        (),
    ),
    "datadog:aws/integrationEventBridge:IntegrationEventBridge": (
        "fwprovider/resource_datadog_integration_aws_event_bridge.go",
        ("accountId", "createEventBus", "eventGeneratorName", "region"),
    ),
    "datadog:index/apiKey:ApiKey": ("fwprovider/resource_datadog_api_key.go", ()),
    "datadog:index/dashboard:Dashboard": ("resource_datadog_dashboard.go", ("layoutType",)),
    "datadog:index/dashboardJson:DashboardJson": ("resource_datadog_dashboard_json.go", ()),
    "datadog:index/downtimeSchedule:DowntimeSchedule": (
        "fwprovider/resource_datadog_downtime_schedule.go",
        (),
    ),
    "datadog:index/logsIndex:LogsIndex": ("resource_datadog_logs_index.go", ("name",)),
    "datadog:index/logsMetric:LogsMetric": (
        "resource_datadog_logs_metric.go",
        ("compute.aggregationType", "compute.path", "name"),
    ),
    "datadog:index/metricTagConfiguration:MetricTagConfiguration": (
        "resource_datadog_metric_tag_configuration.go",
        ("metricName", "metricType"),
    ),
    "datadog:index/monitor:Monitor": ("resource_datadog_monitor.go", ("type",)),
    "datadog:index/monitorConfigPolicy:MonitorConfigPolicy": (
        "resource_datadog_monitor_config_policy.go",
        (),
    ),
    "datadog:index/monitorNotificationRule:MonitorNotificationRule": (
        "fwprovider/resource_datadog_monitor_notification_rule.go",
        (),
    ),
    "datadog:index/role:Role": ("resource_datadog_role.go", ()),
    "datadog:index/serviceDefinitionYaml:ServiceDefinitionYaml": (
        "resource_datadog_service_definition_yaml.go",
        (),
    ),
    "datadog:index/serviceLevelObjective:ServiceLevelObjective": (
        "resource_datadog_service_level_objective.go",
        ("type",),
    ),
    "datadog:index/softwareCatalog:SoftwareCatalog": ("fwprovider/resource_datadog_software_catalog.go", ()),
    "datadog:index/team:Team": ("fwprovider/resource_datadog_team.go", ()),
    "datadog:index/teamLink:TeamLink": ("fwprovider/resource_datadog_team_link.go", ("teamId",)),
    "datadog:index/teamMembership:TeamMembership": (
        "fwprovider/resource_datadog_team_membership.go",
        ("teamId", "userId"),
    ),
    "datadog:index/webhook:Webhook": ("fwprovider/resource_datadog_webhook.go", ()),
    "datadog:pagerduty/serviceObject:ServiceObject": (
        "resource_datadog_integration_pagerduty_service_object.go",
        ("serviceName",),
    ),
    "datadog:slack/channel:Channel": ("resource_datadog_integration_slack_channel.go", ("accountName",)),
}
