"""ClusterAlerts: the monitors of one ECS cluster and its hosts."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi

from components.monitoring.monitors import Audience, Watch, default_monitors
from config.alerts import Alert


@dataclass(frozen=True, kw_only=True)
class ClusterAlertsArgs:
    """Which cluster, and whom its alerts reach."""

    cluster: str
    """The ECS cluster's physical name; its hosts have the tag `cluster` with it."""
    audience: Audience


# Queries know the scopes $cluster (ECS), $hosts (EC2 and the agents) and $events (DeployEvents). The
# thresholds of hosts are those of claranet/terraform-datadog-monitors, "system/generic".
_WATCHES: dict[str, tuple[Watch, Alert]] = {
    "cpu_reservation": (
        Watch(
            title="CPU is nearly all reserved",
            query="min(last_30m):avg:aws.ecs.cluster.cpureservation{$cluster}",
            source="cloudwatch",
            what="Tasks have reserved {{value}} percent of the cluster's CPU for half an hour.",
            impact="The next tasks wait for a host. Managed scaling has not helped: is the maximum reached?",
            priority=3,
        ),
        Alert(kinds=(), unit="percent of the cluster's CPU", fires="above", warning=85, critical=95),
    ),
    "memory_reservation": (
        Watch(
            title="memory is nearly all reserved",
            query="min(last_30m):avg:aws.ecs.cluster.memory_reservation{$cluster}",
            source="cloudwatch",
            what="Tasks have reserved {{value}} percent of the cluster's memory for half an hour.",
            impact="The next tasks wait for a host. Managed scaling has not helped: is the maximum reached?",
            priority=3,
        ),
        Alert(kinds=(), unit="percent of the cluster's memory", fires="above", warning=85, critical=95),
    ),
    # A few failed checks in the window are a moment of trouble; nearly all of them are a host to replace.
    "host_unhealthy": (
        Watch(
            title="a host fails its status checks",
            query="avg(last_15m):max:aws.ec2.status_check_failed{$hosts} by {host}",
            source="cloudwatch",
            what="{{host.name}} has failed AWS's status checks in the last 15 minutes.",
            impact="Its tasks are cut off or frozen. The group replaces it; if not, terminate it.",
            priority=2,
        ),
        Alert(kinds=(), unit="share of failed checks", fires="above", warning=0.3, critical=0.9, highest=1),
    ),
    "instance_refresh": (
        Watch(
            title="hosts could not be replaced",
            query=("sum(last_1d):default_zero(sum:slipway.instance_refreshes{$events,outcome:failed}.as_count())"),
            source="events",
            what="{{value}} instance refreshes stopped half way in a day.",
            impact="Hosts of the old and of the new template run side by side. The events say why.",
            priority=3,
            no_data="resolve",
        ),
        Alert(kinds=(), unit="failed refreshes in a day", fires="above", warning=0, critical=1),
    ),
    # Two hours replace some forty hosts, a tenth of them at a time and each of them in ten minutes with its draining.
    # The function of `DeployEvents` counts, and a number is always there: without one, it does not work.
    "instance_refresh_stuck": (
        Watch(
            title="the replacement of hosts does not end",
            query="min(last_15m):max:slipway.instance_refreshes.minutes{$events}",
            source="events",
            what="An instance refresh has been running for {{value}} minutes.",
            impact="Hosts of both templates run side by side. A task does not stop, or a new host is not healthy.",
            priority=3,
            no_data="show_and_notify_no_data",
        ),
        Alert(kinds=(), unit="minutes", fires="above", warning=120, critical=240, highest=100000),
    ),
    "host_cpu": (
        Watch(
            title="a host's CPU is used up",
            query="min(last_1h):100 - avg:system.cpu.idle{$hosts} by {host}",
            source="agent",
            what="{{host.name}} has used {{value}} percent of its CPU for an hour.",
            impact="Its tasks slow each other down.",
            priority=4,
        ),
        Alert(kinds=(), unit="percent of the CPU", fires="above", warning=85, critical=90),
    ),
    "host_load": (
        Watch(
            title="a host has more to do than it can",
            query="min(last_30m):avg:system.load.norm.5{$hosts} by {host}",
            source="agent",
            what="{{host.name}} has had {{value}} runnable processes a CPU for half an hour.",
            impact="Everything on it waits: for CPU, or for the disk.",
            priority=4,
        ),
        Alert(kinds=(), unit="runnable processes a CPU", fires="above", warning=2, critical=2.5),
    ),
    "host_memory": (
        Watch(
            title="a host's memory is used up",
            query="max(last_10m):100 * avg:system.mem.pct_usable{$hosts} by {host}",
            source="agent",
            what="{{host.name}} has had {{value}} percent of its memory left for 10 minutes.",
            impact="The kernel will kill tasks, or the agents.",
            priority=3,
        ),
        Alert(kinds=(), unit="percent of the memory", fires="below", warning=10, critical=5),
    ),
    "host_disk": (
        Watch(
            title="a host's disk fills up",
            query="min(last_10m):100 * max:system.disk.in_use{$hosts} by {host,device}",
            source="agent",
            what="{{device.name}} of {{host.name}} is {{value}} percent full.",
            impact="A full disk stops every task on the host. Images and logs are cleaned by ECS and Docker.",
            priority=3,
        ),
        Alert(kinds=(), unit="percent of the disk", fires="above", warning=80, critical=90),
    ),
    "host_inodes": (
        Watch(
            title="a host's disk runs out of inodes",
            query="min(last_10m):100 * max:system.fs.inodes.in_use{$hosts} by {host,device}",
            source="agent",
            what="{{device.name}} of {{host.name}} has used {{value}} percent of its inodes.",
            impact="No more files can be made, whatever space is left.",
            priority=4,
        ),
        Alert(kinds=(), unit="percent of the inodes", fires="above", warning=90, critical=95),
    ),
}


class ClusterAlerts(pulumi.ComponentResource):
    """Tells the platform team when a cluster's hosts are full, broken or not replaced."""

    def __init__(self, name: str, args: ClusterAlertsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("slipway:datadog:ClusterAlerts", name, None, opts)
        environment = args.audience.environment
        scopes = {
            "cluster": f"env:{environment},clustername:{args.cluster}",
            "hosts": f"env:{environment},cluster:{args.cluster}",
            "events": f"env:{environment},cluster:{args.cluster}",
        }
        default_monitors(
            name,
            _WATCHES,
            scopes=scopes,
            subject=f"cluster {args.cluster}",
            audience=args.audience,
            tags=[f"cluster:{args.cluster}"],
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.register_outputs({})
