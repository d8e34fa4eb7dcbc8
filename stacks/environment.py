"""An environment: its account, network, names, clusters, services and their alerts. Every stack but ops is this."""

from __future__ import annotations

from typing import Any

import pulumi

from components.compute.deploy_check import DeployCheck
from components.compute.ecs_cluster import EcsCluster, EcsClusterArgs
from components.compute.ecs_service import EcsService, EcsServiceArgs
from components.compute.image_cache import ImageCache
from components.compute.image_check import ImageCheck
from components.compute.image_reference import own_image, public_image
from components.compute.placement import Placement, Zone
from components.network.access_logs import AccessLogs, AccessLogsArgs
from components.network.bastion import Bastion, BastionArgs
from components.network.internal_dns import InternalDns, InternalDnsArgs
from components.network.network import Network, NetworkArgs
from components.network.web_firewall import WebFirewall, WebFirewallArgs
from components.security.assumed_role import AssumedRole
from components.security.iam import bounded
from components.security.log_key import LogKey, LogKeyArgs
from components.security.names import config_bucket_name
from config.capacity import capacity
from config.settings import DeployedService, EnvironmentSettings
from stacks.account import account_baseline, compliance
from stacks.migration import migration
from stacks.monitoring import monitoring
from stacks.providers import access_role_arn, account_provider, datadog_provider, root_zone_provider


def environment(settings: EnvironmentSettings) -> dict[str, pulumi.Input[Any]]:
    """Declare the whole environment; what people look up afterwards is exported."""
    platform = settings.platform
    aws_provider = account_provider(settings)
    root_zone, datadog = root_zone_provider(settings), datadog_provider(settings)
    account = account_baseline(settings, pulumi.ResourceOptions(providers=[aws_provider]))
    boundary = [bounded(account.boundary_arn)]
    in_account = pulumi.ResourceOptions(providers=[aws_provider], transformations=boundary)
    in_both = pulumi.ResourceOptions(providers=[aws_provider, datadog], transformations=boundary)

    compliance(settings, config_bucket_name(platform.company, platform.ops.account.id), in_account)
    log_key = LogKey("logs", LogKeyArgs(account_id=settings.account.id, region=platform.region), in_account)
    network = Network(
        "network",
        NetworkArgs(
            cidr=settings.identity.cidr,
            region=platform.region,
            availability_zones=platform.availability_zones,
            ssh_cidrs=platform.ssh_cidrs,
            log_retention_days=platform.log_retention_days,
            log_key_arn=log_key.arn,
        ),
        in_account,
    )
    dns = InternalDns(
        "dns",
        InternalDnsArgs(
            domain=settings.domain,
            internal_domain=settings.internal_domain,
            vpc_id=network.vpc_id,
            root_zone_id=platform.root_zone_id,
            root_provider=root_zone,
        ),
        in_account,
    )
    Bastion(
        "bastion",
        BastionArgs(
            vpc_id=network.vpc_id,
            vpc_cidr=str(settings.identity.cidr),
            public_subnet_ids=network.public_subnet_ids,
            region=platform.region,
            public_key=settings.identity.bastion_public_key,
            people_keys=settings.ssh_keys,
            ssh_cidrs=platform.ssh_cidrs,
            zone_id=dns.public_zone_id,
            domain=settings.domain,
        ),
        in_account,
    )
    ImageCache("image-cache", in_account)
    access_logs = AccessLogs(
        "access-logs",
        AccessLogsArgs(
            company=platform.company,
            environment=settings.environment,
            account_id=settings.account.id,
            region=platform.region,
            retention_days=90,
        ),
        in_account,
    )
    firewall = WebFirewall(
        "firewall",
        WebFirewallArgs(log_retention_days=platform.log_retention_days, log_key_arn=log_key.arn),
        in_account,
    )
    clusters = {
        name: EcsCluster(
            name,
            EcsClusterArgs(
                vpc_id=network.vpc_id,
                vpc_cidr=str(settings.identity.cidr),
                private_subnet_ids=network.private_subnet_ids,
                public_subnet_ids=network.public_subnet_ids,
                certificate_arn=dns.certificate_arn,
                cluster=cluster,
                public=settings.is_public(name),
                ami_release=platform.ami_release,
                access_logs_bucket=access_logs.bucket,
                web_acl_arn=firewall.arn,
                log_key_arn=log_key.arn,
            ),
            in_account,
        )
        for name, cluster in settings.clusters.items()
    }
    role = AssumedRole(region=platform.region, role_arn=access_role_arn(settings))
    deploy_check, image_check = DeployCheck("deploy", role), ImageCheck("image", role)
    placements = {
        name: _placement(cluster, settings, network, dns, log_key, deploy_check, image_check)
        for name, cluster in clusters.items()
    }
    shifts = settings.migration.shifts.values()
    services = {
        name: EcsService(
            name,
            EcsServiceArgs(
                service=service,
                image=_image(service, settings),
                placement=placements[service.spec.cluster],
                more_hosts=sorted(shift.host for shift in shifts if shift.service == name),
            ),
            in_account,
        )
        for name, service in settings.services.items()
    }
    monitoring(settings, clusters, placements, services, in_both)
    migration(settings, network, clusters, root_zone, in_account)

    return {
        "domain": settings.domain,
        "vpc_id": network.vpc_id,
        "clusters": {name: cluster.arn for name, cluster in clusters.items()},
        "services": {name: service.address for name, service in services.items() if service.address},
        "capacity": {
            proof.cluster: {
                "tasks_at_most": proof.tasks,
                "hosts_needed": proof.needed,
                "hosts_without_a_zone": proof.left,
                "hosts_at_most": proof.maximum,
            }
            for proof in capacity(settings)
        },
    }


def _placement(
    cluster: EcsCluster,
    settings: EnvironmentSettings,
    network: Network,
    dns: InternalDns,
    log_key: LogKey,
    deploy_check: DeployCheck,
    image_check: ImageCheck,
) -> Placement:
    platform = settings.platform
    return Placement(
        environment=settings.environment,
        account_id=settings.account.id,
        region=platform.region,
        vpc_id=network.vpc_id,
        cluster_name=cluster.name,
        cluster_arn=cluster.arn,
        capacity_provider=cluster.capacity_provider,
        balancers=cluster.balancers,
        public_zone=Zone(domain=settings.domain, id=dns.public_zone_id),
        internal_zone=Zone(domain=settings.internal_domain, id=dns.private_zone_id),
        cpu_target_percent=platform.cpu_target_percent,
        memory_target_percent=platform.memory_target_percent,
        log_retention_days=platform.log_retention_days,
        log_key_arn=log_key.arn,
        collect_logs=platform.datadog.collect_logs,
        exec_log_group_arn=cluster.exec_log_group_arn,
        deploy_check=deploy_check,
        image_check=image_check,
    )


def _image(service: DeployedService, settings: EnvironmentSettings) -> str:
    """The company's own images are in ops, Docker Hub's in the cache of this account."""
    image, region = service.spec.image, settings.platform.region
    if service.spec.ecr:
        return own_image(image, service.version, account_id=settings.platform.ops.account.id, region=region)
    return public_image(image, service.version, account_id=settings.account.id, region=region)
