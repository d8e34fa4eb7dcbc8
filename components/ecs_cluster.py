"""EcsCluster: one ECS cluster of EC2 hosts for one concern, with the load balancers of its services."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import pulumi
import pulumi_aws as aws

from components.iam import policy_document, trust_service
from components.load_balancer import LoadBalancer, LoadBalancerArgs

ROOT_DEVICE = "/dev/xvda"


@dataclass(frozen=True, kw_only=True)
class EcsClusterArgs:
    """What a caller decides; the rest is this module's opinion."""

    vpc_id: pulumi.Input[str]
    vpc_cidr: str
    private_subnet_ids: Sequence[pulumi.Input[str]]
    public_subnet_ids: Sequence[pulumi.Input[str]]
    certificate_arn: pulumi.Input[str]
    instance_type: str
    architecture: Literal["x86_64", "arm64"]
    instances_min: int
    instances_max: int
    disk_gib: int
    ami_release: str
    """The pinned ECS-optimized AL2023 release, such as 2023.0.20261110-kernel-6.1."""
    reserved_memory_mib: int
    """Memory that the ECS agent keeps back from tasks for what else runs on a host."""
    public: bool
    """Whether services of this cluster are reached from the internet."""


class EcsCluster(pulumi.ComponentResource):
    """Runs containers on hosts that are replaced, scaled and drained without anybody's help."""

    arn: pulumi.Output[str]
    name: str
    """The cluster's physical name: what people type and what metrics are tagged with."""
    capacity_provider: pulumi.Output[str]
    """The name of the capacity provider, known once it is associated with the cluster."""
    internal: LoadBalancer
    public: LoadBalancer | None

    def __init__(self, name: str, args: EcsClusterArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("slipway:ecs:EcsCluster", name, None, opts)
        self._child = pulumi.ResourceOptions(parent=self)
        self.name = name

        cluster = aws.ecs.Cluster(
            f"{name}-cluster",
            name=name,
            settings=[aws.ecs.ClusterSettingArgs(name="containerInsights", value="enhanced")],
            opts=self._child,
        )
        security_group = self._security_group(args)
        group = self._hosts(args, security_group)
        self.capacity_provider = self._capacity_provider(cluster, group)
        self.internal = LoadBalancer(
            f"{name}-internal",
            LoadBalancerArgs(
                internal=True,
                vpc_id=args.vpc_id,
                subnet_ids=args.private_subnet_ids,
                certificate_arn=args.certificate_arn,
                source_cidr=args.vpc_cidr,
                hosts_security_group_id=security_group.id,
            ),
            self._child,
        )
        self.public = None
        if args.public:
            self.public = LoadBalancer(
                f"{name}-public",
                LoadBalancerArgs(
                    internal=False,
                    vpc_id=args.vpc_id,
                    subnet_ids=args.public_subnet_ids,
                    certificate_arn=args.certificate_arn,
                    source_cidr="0.0.0.0/0",
                    hosts_security_group_id=security_group.id,
                ),
                self._child,
            )
        self.arn = cluster.arn
        self.register_outputs(
            {
                "instanceType": args.instance_type,
                "instances": {"min": args.instances_min, "max": args.instances_max},
                "arn": self.arn,
            }
        )

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
            assume_role_policy=json.dumps(policy_document(trust_service("ec2.amazonaws.com"))),
            opts=self._child,
        )
        for key, policy in (
            ("ecs", "service-role/AmazonEC2ContainerServiceforEC2Role"),
            ("ssm", "AmazonSSMManagedInstanceCore"),
        ):
            aws.iam.RolePolicyAttachment(
                f"{self.name}-host-{key}",
                role=role.name,
                policy_arn=f"arn:aws:iam::aws:policy/{policy}",
                opts=self._child,
            )
        return aws.iam.InstanceProfile(f"{self.name}-host", role=role.name, opts=self._child)

    def _hosts(self, args: EcsClusterArgs, security_group: aws.ec2.SecurityGroup) -> aws.autoscaling.Group:
        tags = {"Name": f"ecs-{self.name}", "cluster": self.name}
        template = aws.ec2.LaunchTemplate(
            f"{self.name}-hosts",
            image_id=f"resolve:ssm:{_ami_parameter(args)}",
            instance_type=args.instance_type,
            iam_instance_profile=aws.ec2.LaunchTemplateIamInstanceProfileArgs(
                arn=self._instance_profile().arn
            ),
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
                        volume_size=args.disk_gib,
                        encrypted="true",
                        delete_on_termination="true",
                    ),
                )
            ],
            monitoring=aws.ec2.LaunchTemplateMonitoringArgs(enabled=True),
            user_data=base64.b64encode(user_data(self.name, args.reserved_memory_mib).encode()).decode(),
            # The provider's default tags do not reach what a launch template starts.
            tag_specifications=[
                aws.ec2.LaunchTemplateTagSpecificationArgs(resource_type=resource_type, tags=tags)
                for resource_type in ("instance", "volume")
            ],
            update_default_version=True,
            opts=self._child,
        )
        return aws.autoscaling.Group(
            f"{self.name}-hosts",
            min_size=args.instances_min,
            max_size=args.instances_max,
            vpc_zone_identifiers=list(args.private_subnet_ids),
            # A number, not "$Latest": only a changed property starts an instance refresh.
            launch_template=aws.autoscaling.GroupLaunchTemplateArgs(
                id=template.id, version=template.latest_version.apply(str)
            ),
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
            tags=[
                aws.autoscaling.GroupTagArgs(key="AmazonECSManaged", value="true", propagate_at_launch=True)
            ],
            # Managed scaling moves it.
            opts=pulumi.ResourceOptions(parent=self, ignore_changes=["desiredCapacity"]),
        )

    def _capacity_provider(
        self, cluster: aws.ecs.Cluster, group: aws.autoscaling.Group
    ) -> pulumi.Output[str]:
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


def user_data(cluster: str, reserved_memory_mib: int) -> str:
    """What a host runs at its first boot: the ECS agent's settings.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-agent-config.html
    """
    return f"""#!/bin/bash
set -euo pipefail
cat >>/etc/ecs/ecs.config <<'CONFIG'
ECS_CLUSTER={cluster}
ECS_RESERVED_MEMORY={reserved_memory_mib}
ECS_ENABLE_SPOT_INSTANCE_DRAINING=true
ECS_CONTAINER_INSTANCE_PROPAGATE_TAGS_FROM=ec2_instance
ECS_IMAGE_PULL_BEHAVIOR=prefer-cached
ECS_ENGINE_TASK_CLEANUP_WAIT_DURATION=1h
CONFIG
"""


def _ami_parameter(args: EcsClusterArgs) -> str:
    # https://docs.aws.amazon.com/AmazonECS/latest/developerguide/retrieve-ecs-optimized_AMI.html
    folder = "/aws/service/ecs/optimized-ami/amazon-linux-2023"
    folder = folder if args.architecture == "x86_64" else f"{folder}/arm64"
    return f"{folder}/al2023-ami-ecs-hvm-{args.ami_release}-{args.architecture}/image_id"
