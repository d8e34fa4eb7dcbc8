"""An environment: its account, network, names, clusters, services and their alerts. dev, stage and prod are this."""

from __future__ import annotations

from typing import Any

import pulumi

from components.compute.deploy_check import DeployCheck
from components.compute.ecs_cluster import EcsCluster, EcsClusterArgs, NightArgs
from components.compute.ecs_service import (
    EcsService,
    EcsServiceArgs,
    HealthCheckArgs,
    NameArgs,
    PeakArgs,
    Permission,
    QueueArgs,
    ScheduleArgs,
    StrategyArgs,
    WebArgs,
)
from components.compute.image_cache import ImageCache
from components.compute.image_check import ImageCheck
from components.compute.image_reference import own_image, public_image
from components.network.access_logs import AccessLogs, AccessLogsArgs
from components.network.bastion import Bastion, BastionArgs
from components.network.internal_dns import InternalDns, InternalDnsArgs
from components.network.network import Network, NetworkArgs
from components.network.web_firewall import WebFirewall, WebFirewallArgs
from components.security.assumed_role import AssumedRole
from components.security.iam import bounded, config_bucket_name
from components.security.log_key import LogKey, LogKeyArgs
from config.capacity import capacity
from config.instance_types import ECS_RESERVED_MIB, instance_type
from config.service import JobService, Scaling, Strategy, WebService, WorkerService
from config.settings import Cluster, DeployedService, EnvironmentSettings
from config.stack import Night
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

    compliance(settings, config_bucket_name(platform.company, platform.accounts.ops.id), in_account)
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
        name: _cluster(cluster, settings, network, dns, access_logs, firewall, log_key, in_account)
        for name, cluster in settings.clusters.items()
    }
    role = AssumedRole(region=platform.region, role_arn=access_role_arn(settings))
    deploy_check, image_check = DeployCheck("deploy", role), ImageCheck("image", role)
    services = {}
    for name, service in settings.services.items():
        cluster = clusters[service.spec.cluster]
        services[name] = _service(
            service, settings, network, dns, cluster, log_key, deploy_check, image_check, in_account
        )
    monitoring(settings, clusters, services, deploy_check, in_both)
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


def _cluster(
    cluster: Cluster,
    settings: EnvironmentSettings,
    network: Network,
    dns: InternalDns,
    access_logs: AccessLogs,
    firewall: WebFirewall,
    log_key: LogKey,
    opts: pulumi.ResourceOptions,
) -> EcsCluster:
    host, definition, size = instance_type(cluster.size.instance_type), cluster.definition, cluster.size
    return EcsCluster(
        cluster.name,
        EcsClusterArgs(
            vpc_id=network.vpc_id,
            vpc_cidr=str(settings.identity.cidr),
            private_subnet_ids=network.private_subnet_ids,
            public_subnet_ids=network.public_subnet_ids,
            certificate_arn=dns.certificate_arn,
            instance_type=host.name,
            architecture=host.architecture,
            more_instance_types=[f"{family}.{host.size}" for family in definition.more_families],
            spot_percent=definition.spot_percent,
            instances_min=size.instances.min,
            instances_max=size.instances.max,
            night=_night(size.night) if size.night else None,
            disk_gib=definition.disk_gib or host.disk_gib,
            ami_release=settings.platform.ami_release,
            reserved_memory_mib=ECS_RESERVED_MIB,
            access_logs_bucket=access_logs.bucket,
            web_acl_arn=firewall.arn,
            log_key_arn=log_key.arn,
            public=settings.is_public(cluster.name),
            internal_balancers=definition.internal_balancers,
            public_balancers=definition.public_balancers,
            minimum_capacity_units=size.prewarm,
        ),
        opts,
    )


def _night(night: Night) -> NightArgs:
    return NightArgs(start=night.start, end=night.end, time_zone=night.time_zone)


def _service(
    service: DeployedService,
    settings: EnvironmentSettings,
    network: Network,
    dns: InternalDns,
    cluster: EcsCluster,
    log_key: LogKey,
    deploy_check: DeployCheck,
    image_check: ImageCheck,
    opts: pulumi.ResourceOptions,
) -> EcsService:
    platform, spec = settings.platform, service.spec
    account_id, region = settings.account.id, platform.region
    scaling = Scaling() if isinstance(spec, JobService) else spec.scaling
    return EcsService(
        service.name,
        EcsServiceArgs(
            environment=settings.environment,
            account_id=account_id,
            region=region,
            vpc_id=network.vpc_id,
            cluster_arn=cluster.arn,
            cluster_name=cluster.name,
            capacity_provider=cluster.capacity_provider,
            owner=spec.owner,
            image=_image(service, settings),
            version=service.version,
            cpu=spec.cpu,
            memory_mib=spec.memory_mib,
            tasks_min=service.tasks.min,
            tasks_max=service.tasks.max,
            command=spec.command,
            variables=spec.environment,
            secrets=spec.secrets,
            secret_versions=service.secret_versions,
            permissions=[Permission(actions=p.actions, resources=p.resources) for p in spec.permissions],
            read_only_root=spec.read_only_root,
            stop_seconds=spec.stop_seconds,
            log_retention_days=platform.log_retention_days,
            log_key_arn=log_key.arn,
            collect_logs=platform.datadog.collect_logs,
            profiling=spec.profiling,
            exec_log_group_arn=cluster.exec_log_group_arn,
            cpu_target_percent=scaling.cpu_percent or platform.cpu_target_percent,
            memory_target_percent=scaling.memory_percent or platform.memory_target_percent,
            queue=_queue(spec) if isinstance(spec, WorkerService) else None,
            peaks=_peaks(scaling, service),
            web=_web(service.name, spec, settings, dns, cluster) if isinstance(spec, WebService) else None,
            schedule=ScheduleArgs(expression=spec.schedule, time_zone=spec.time_zone)
            if isinstance(spec, JobService)
            else None,
            deploy_check=deploy_check,
            image_check=image_check,
        ),
        opts,
    )


def _image(service: DeployedService, settings: EnvironmentSettings) -> str:
    """The company's own images are in ops, Docker Hub's in the cache of this account."""
    image, region = service.spec.image, settings.platform.region
    if service.spec.ecr:
        return own_image(image, service.version, account_id=settings.platform.accounts.ops.id, region=region)
    return public_image(image, service.version, account_id=settings.account.id, region=region)


def _queue(spec: WorkerService) -> QueueArgs | None:
    if spec.queue is None or spec.scaling.messages_per_task is None:
        return None
    return QueueArgs(name=spec.queue, messages_per_task=spec.scaling.messages_per_task)


def _peaks(scaling: Scaling, service: DeployedService) -> list[PeakArgs]:
    """Where the number of tasks is fixed nothing scales, and a peak changes nothing."""
    return [
        PeakArgs(
            name=name,
            start=peak.start,
            end=peak.end,
            time_zone=peak.time_zone,
            tasks_min=max(service.tasks.min, -(-service.tasks.max * peak.percent // 100)),
        )
        for name, peak in sorted(scaling.peaks.items())
    ]


def _strategy(strategy: Strategy) -> StrategyArgs:
    return StrategyArgs(
        kind=strategy.kind,
        percent=strategy.percent,
        step_minutes=strategy.step_minutes,
        bake_minutes=strategy.bake_minutes,
    )


def _web(name: str, spec: WebService, settings: EnvironmentSettings, dns: InternalDns, cluster: EcsCluster) -> WebArgs:
    """A service stands behind one balancer. A public one is reached by its public and its internal name alike."""
    names = [NameArgs(role="internal", host=f"{name}.{settings.internal_domain}", zone_id=dns.private_zone_id)]
    if spec.exposure == "public":
        names.insert(0, NameArgs(role="public", host=f"{name}.{settings.domain}", zone_id=dns.public_zone_id))
    balancer = cluster.balancer(spec.exposure, spec.balancer)
    check = spec.health_check
    shifts = settings.migration.shifts.values()
    return WebArgs(
        port=spec.port,
        priority=spec.priority,
        names=names,
        more_hosts=sorted(shift.host for shift in shifts if shift.service == name),
        health_check=HealthCheckArgs(
            path=check.path,
            interval_seconds=check.interval_seconds,
            timeout_seconds=check.timeout_seconds,
            healthy_count=check.healthy_count,
            unhealthy_count=check.unhealthy_count,
            grace_seconds=check.grace_seconds,
        ),
        drain_seconds=spec.drain_seconds,
        metrics_path=spec.metrics_path,
        balancer=balancer.name,
        listener_arn=balancer.listener_arn,
        balancer_dns_name=balancer.dns_name,
        balancer_zone_id=balancer.zone_id,
        balancer_arn_suffix=balancer.arn_suffix,
        requests_per_target=spec.scaling.requests_per_target,
        rollback_error_percent=spec.rollback_error_percent,
        strategy=_strategy(spec.strategy) if spec.strategy else None,
    )
