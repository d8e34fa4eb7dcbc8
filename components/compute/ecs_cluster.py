"""EcsCluster: one ECS cluster of EC2 hosts for one concern, with the load balancers of its services."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import get_args

import pulumi
import pulumi_aws as aws

from components.network.load_balancer import ANYWHERE, LoadBalancer, LoadBalancerArgs
from components.security.iam import aws_managed_arn, policy_document, trust_service
from config.fields import Exposure
from config.instance_types import ECS_RESERVED_MIB, Architecture, instance_type
from config.settings import Cluster
from config.stack import Night, Range, balancer_name

ROOT_DEVICE = "/dev/xvda"


@dataclass(frozen=True, kw_only=True)
class EcsClusterArgs:
    """What a caller decides; the rest is this module's opinion."""

    vpc_id: pulumi.Input[str]
    vpc_cidr: str
    private_subnet_ids: Sequence[pulumi.Input[str]]
    public_subnet_ids: Sequence[pulumi.Input[str]]
    certificate_arn: pulumi.Input[str]
    cluster: Cluster
    ami_release: str
    """The pinned ECS-optimized AL2023 release, such as 2023.0.20261110-kernel-6.1."""
    public: bool
    """Whether services of this cluster are reached from the internet."""
    access_logs_bucket: pulumi.Input[str] | None = None
    web_acl_arn: pulumi.Input[str] | None = None
    """The firewall before the public balancers."""
    log_key_arn: pulumi.Input[str] | None = None
    """The key that encrypts the record of what people did in containers by ECS Exec; none is kept without it."""
    log_retention_days: int = 365


class EcsCluster(pulumi.ComponentResource):
    """Runs containers on hosts that are replaced, scaled and drained without anybody's help."""

    arn: pulumi.Output[str]
    name: str
    """The cluster's physical name: what people type and what metrics are tagged with."""
    group_name: pulumi.Output[str]
    """The physical name of the hosts' Auto Scaling group."""
    capacity_provider: pulumi.Output[str]
    """The name of the capacity provider, known once it is associated with the cluster."""
    exec_log_group_arn: pulumi.Output[str] | None
    """Where ECS Exec records what people do in containers."""
    balancers: Mapping[str, LoadBalancer]
    """By name: internal, internal2 ..., and public, public2 ... where the cluster has public services."""

    def __init__(self, name: str, args: EcsClusterArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("slipway:ecs:EcsCluster", name, None, opts)
        self._child = pulumi.ResourceOptions(parent=self)
        self.name = name

        cluster = self._cluster(args)
        security_group = self._security_group(args)
        group = self._hosts(args, security_group)
        self.group_name = group.name
        self.capacity_provider = self._capacity_provider(cluster, group)
        self.balancers = self._balancers(args, security_group)
        self.arn = cluster.arn
        size = args.cluster.size
        self.register_outputs(
            {
                "instance_type": size.instance_type,
                "instances": {"min": size.instances.min, "max": size.instances.max},
                "arn": self.arn,
            }
        )

    def _cluster(self, args: EcsClusterArgs) -> aws.ecs.Cluster:
        self.exec_log_group_arn = None
        configuration = None
        if args.log_key_arn is not None:
            audit = aws.cloudwatch.LogGroup(
                f"{self.name}-exec",
                name=f"/ecs-exec/{self.name}",
                retention_in_days=args.log_retention_days,
                kms_key_id=args.log_key_arn,
                opts=self._child,
            )
            self.exec_log_group_arn = audit.arn
            # https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-exec.html#ecs-exec-logging
            configuration = aws.ecs.ClusterConfigurationArgs(
                execute_command_configuration=aws.ecs.ClusterConfigurationExecuteCommandConfigurationArgs(
                    logging="OVERRIDE",
                    log_configuration=aws.ecs.ClusterConfigurationExecuteCommandConfigurationLogConfigurationArgs(
                        cloud_watch_log_group_name=audit.name, cloud_watch_encryption_enabled=True
                    ),
                )
            )
        return aws.ecs.Cluster(
            f"{self.name}-cluster",
            name=self.name,
            settings=[aws.ecs.ClusterSettingArgs(name="containerInsights", value="enhanced")],
            configuration=configuration,
            opts=self._child,
        )

    def _balancers(self, args: EcsClusterArgs, hosts: aws.ec2.SecurityGroup) -> Mapping[str, LoadBalancer]:
        exposures: tuple[Exposure, ...] = get_args(Exposure) if args.public else ("internal",)
        definition, size = args.cluster.definition, args.cluster.size
        balancers = {}
        for exposure, number in [(each, n + 1) for each in exposures for n in range(definition.balancers(each))]:
            key, internal = balancer_name(exposure, number), exposure == "internal"
            balancers[key] = LoadBalancer(
                f"{self.name}-{key}",
                LoadBalancerArgs(
                    internal=internal,
                    vpc_id=args.vpc_id,
                    subnet_ids=args.private_subnet_ids if internal else args.public_subnet_ids,
                    certificate_arn=args.certificate_arn,
                    clients=[args.vpc_cidr] if internal else ANYWHERE,
                    hosts_security_group_id=hosts.id,
                    access_logs_bucket=args.access_logs_bucket,
                    web_acl_arn=None if internal else args.web_acl_arn,
                    minimum_capacity_units=size.prewarm.get(key),
                ),
                self._child,
            )
        return balancers

    def _security_group(self, args: EcsClusterArgs) -> aws.ec2.SecurityGroup:
        """Hosts reach out to images, AWS and other services; who may reach them is each load balancer's rule."""
        group = aws.ec2.SecurityGroup(
            f"{self.name}-hosts", vpc_id=args.vpc_id, description="ECS hosts", opts=self._child
        )
        aws.vpc.SecurityGroupEgressRule(
            f"{self.name}-hosts-out",
            security_group_id=group.id,
            description="Images, AWS and other services",
            ip_protocol="-1",
            cidr_ipv4="0.0.0.0/0",
            opts=self._child,
        )
        return group

    def _instance_profile(self) -> aws.iam.InstanceProfile:
        role = aws.iam.Role(
            f"{self.name}-host",
            assume_role_policy=policy_document(trust_service("ec2.amazonaws.com")),
            opts=self._child,
        )
        for key, policy in (
            ("ecs", "service-role/AmazonEC2ContainerServiceforEC2Role"),
            ("ssm", "AmazonSSMManagedInstanceCore"),
        ):
            aws.iam.RolePolicyAttachment(
                f"{self.name}-host-{key}",
                role=role.name,
                policy_arn=aws_managed_arn(policy),
                opts=self._child,
            )
        return aws.iam.InstanceProfile(f"{self.name}-host", role=role.name, opts=self._child)

    def _hosts(self, args: EcsClusterArgs, security_group: aws.ec2.SecurityGroup) -> aws.autoscaling.Group:
        definition, size = args.cluster.definition, args.cluster.size
        host = instance_type(size.instance_type)
        tags = {"Name": f"ecs-{self.name}", "cluster": self.name}
        template = aws.ec2.LaunchTemplate(
            f"{self.name}-hosts",
            image_id=f"resolve:ssm:{_ami_parameter(args.ami_release, host.architecture)}",
            instance_type=host.name,
            iam_instance_profile=aws.ec2.LaunchTemplateIamInstanceProfileArgs(arn=self._instance_profile().arn),
            vpc_security_group_ids=[security_group.id],
            # Hop limit 1: a task on the bridge network cannot reach the host's credentials.
            metadata_options=aws.ec2.LaunchTemplateMetadataOptionsArgs(
                http_endpoint="enabled", http_tokens="required", http_put_response_hop_limit=1
            ),
            block_device_mappings=[
                aws.ec2.LaunchTemplateBlockDeviceMappingArgs(
                    device_name=ROOT_DEVICE,
                    ebs=aws.ec2.LaunchTemplateBlockDeviceMappingEbsArgs(
                        volume_type="gp3",
                        volume_size=definition.disk_gib or host.disk_gib,
                        encrypted="true",
                        delete_on_termination="true",
                    ),
                )
            ],
            monitoring=aws.ec2.LaunchTemplateMonitoringArgs(enabled=True),
            user_data=base64.b64encode(user_data(self.name, ECS_RESERVED_MIB).encode()).decode(),
            # The provider's default tags do not reach what a launch template starts.
            tag_specifications=[
                aws.ec2.LaunchTemplateTagSpecificationArgs(resource_type=resource_type, tags=tags)
                for resource_type in ("instance", "volume")
            ],
            update_default_version=True,
            opts=self._child,
        )
        # A number, not "$Latest": only a changed property starts an instance refresh.
        version = template.latest_version.apply(str)
        mixed = bool(definition.more_families or definition.spot_percent)
        group = aws.autoscaling.Group(
            f"{self.name}-hosts",
            min_size=size.instances.min,
            max_size=size.instances.max,
            vpc_zone_identifiers=list(args.private_subnet_ids),
            launch_template=None if mixed else aws.autoscaling.GroupLaunchTemplateArgs(id=template.id, version=version),
            mixed_instances_policy=_mixed(args.cluster, template.id, version) if mixed else None,
            # A Spot host that is likely to be taken away is replaced before it is.
            capacity_rebalance=True if definition.spot_percent else None,
            instance_refresh=aws.autoscaling.GroupInstanceRefreshArgs(
                strategy="Rolling",
                preferences=aws.autoscaling.GroupInstanceRefreshPreferencesArgs(
                    # New hosts first, so that a rollout of hosts takes no capacity away.
                    min_healthy_percentage=100,
                    max_healthy_percentage=110,
                    instance_warmup="120",
                    scale_in_protected_instances="Refresh",
                    skip_matching=True,
                ),
            ),
            default_instance_warmup=120,
            health_check_type="EC2",
            termination_policies=["OldestLaunchTemplate", "Default"],
            # ECS sets this tag itself when managed scaling is on; without it here, each run would take it away.
            tags=[aws.autoscaling.GroupTagArgs(key="AmazonECSManaged", value="true", propagate_at_launch=True)],
            # Managed scaling moves the first. Where there are nights they move the others: a comparison at night, or an
            # update, must not wake the hosts.
            opts=pulumi.ResourceOptions(
                parent=self, ignore_changes=["desiredCapacity", *(["maxSize", "minSize"] if size.night else [])]
            ),
        )
        if size.night:
            self._night(size.night, size.instances, group)
        return group

    def _night(self, night: Night, instances: Range, group: aws.autoscaling.Group) -> None:
        """No host at night: services keep their count, and their tasks start when hosts are back.

        Other limits for the hosts hold from the next morning.
        """
        for action, recurrence, low, high in (
            ("night", night.start, 0, 0),
            ("morning", night.end, instances.min, instances.max),
        ):
            aws.autoscaling.Schedule(
                f"{self.name}-{action}",
                autoscaling_group_name=group.name,
                scheduled_action_name=action,
                recurrence=recurrence,
                time_zone=night.time_zone,
                min_size=low,
                max_size=high,
                desired_capacity=low,
                opts=self._child,
            )

    def _capacity_provider(self, cluster: aws.ecs.Cluster, group: aws.autoscaling.Group) -> pulumi.Output[str]:
        provider = aws.ecs.CapacityProvider(
            f"{self.name}-hosts",
            auto_scaling_group_provider=aws.ecs.CapacityProviderAutoScalingGroupProviderArgs(
                auto_scaling_group_arn=group.arn,
                managed_draining="ENABLED",
                managed_scaling=aws.ecs.CapacityProviderAutoScalingGroupProviderManagedScalingArgs(
                    status="ENABLED", target_capacity=100, instance_warmup_period=120
                ),
                # With protection on, hosts that run only the agent's daemon would stay for ever.
                managed_termination_protection="DISABLED",
            ),
            opts=self._child,
        )
        association = aws.ecs.ClusterCapacityProviders(
            f"{self.name}-capacity",
            cluster_name=cluster.name,
            capacity_providers=[provider.name],
            default_capacity_provider_strategies=[
                aws.ecs.ClusterCapacityProvidersDefaultCapacityProviderStrategyArgs(
                    capacity_provider=provider.name, weight=1
                )
            ],
            opts=self._child,
        )
        # By way of the association, so that a service waits for it.
        return pulumi.Output.all(provider.name, association.id).apply(lambda known: str(known[0]))


def _mixed(
    cluster: Cluster, template_id: pulumi.Input[str], version: pulumi.Input[str]
) -> aws.autoscaling.GroupMixedInstancesPolicyArgs:
    """Further types in the size that the stack says: as large as its own type or larger, and of its architecture."""
    host = instance_type(cluster.size.instance_type)
    more = [f"{family}.{host.size}" for family in cluster.definition.more_families]
    return aws.autoscaling.GroupMixedInstancesPolicyArgs(
        instances_distribution=aws.autoscaling.GroupMixedInstancesPolicyInstancesDistributionArgs(
            on_demand_allocation_strategy="prioritized",
            on_demand_base_capacity=0,
            on_demand_percentage_above_base_capacity=100 - cluster.definition.spot_percent,
            # https://docs.aws.amazon.com/autoscaling/ec2/userguide/allocation-strategies.html: the recommended one.
            spot_allocation_strategy="price-capacity-optimized",
        ),
        launch_template=aws.autoscaling.GroupMixedInstancesPolicyLaunchTemplateArgs(
            launch_template_specification=aws.autoscaling.GroupMixedInstancesPolicyLaunchTemplateLaunchTemplateSpecificationArgs(
                launch_template_id=template_id, version=version
            ),
            overrides=[
                aws.autoscaling.GroupMixedInstancesPolicyLaunchTemplateOverrideArgs(instance_type=type_)
                for type_ in (host.name, *more)
            ],
        ),
    )


def user_data(cluster: str, reserved_memory_mib: int) -> str:
    """What a host runs at its first boot: the ECS agent's settings.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-agent-config.html
    An image is pulled once, and cleaned away when no task uses it; `prefer-cached` would keep every version:
    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/pull-behavior.html
    """
    return f"""#!/bin/bash
set -euo pipefail
cat >>/etc/ecs/ecs.config <<'CONFIG'
ECS_CLUSTER={cluster}
ECS_RESERVED_MEMORY={reserved_memory_mib}
ECS_ENABLE_SPOT_INSTANCE_DRAINING=true
ECS_CONTAINER_INSTANCE_PROPAGATE_TAGS_FROM=ec2_instance
ECS_IMAGE_PULL_BEHAVIOR=once
ECS_ENGINE_TASK_CLEANUP_WAIT_DURATION=1h
CONFIG
"""


def _ami_parameter(release: str, architecture: Architecture) -> str:
    # https://docs.aws.amazon.com/AmazonECS/latest/developerguide/retrieve-ecs-optimized_AMI.html
    folder = "/aws/service/ecs/optimized-ami/amazon-linux-2023"
    folder = folder if architecture == "x86_64" else f"{folder}/arm64"
    return f"{folder}/al2023-ami-ecs-hvm-{release}-{architecture}/image_id"
