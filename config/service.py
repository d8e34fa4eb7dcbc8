"""One service: `services/NAME.yaml`, the same in every environment."""

from __future__ import annotations

import re
import string
import zoneinfo
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, TypeAdapter, model_validator

from config.alerts import AlertName
from config.fields import (
    ClusterName,
    EnvironmentVariable,
    HttpsUrl,
    Model,
    Percent,
    Port,
    TeamName,
    UrlPath,
    text,
)

PLACEHOLDERS = ("account_id", "domain", "environment", "internal_domain", "region")
"""What `${...}` in a service's environment and permissions may name: identity, and nothing else, differs."""


def _placeholders(text: str) -> str:
    template = string.Template(text)
    unknown = sorted(set(template.get_identifiers()) - set(PLACEHOLDERS)) if template.is_valid() else [text]
    if unknown:
        raise ValueError(
            f"the placeholders {', '.join(f'${{{name}}}' for name in PLACEHOLDERS)}; any other dollar sign is written $$"
        )
    return text


def _repository(image: str) -> str:
    last = image.rsplit("/", 1)[-1]
    if ":" in last or "@" in last:
        raise ValueError(
            "an image repository without tag or digest; the version stands in Pulumi.<stack>.yaml"
        )
    if not re.fullmatch(r"[a-z0-9][a-z0-9._-]*(?::\d+)?(?:/[a-z0-9]+(?:[._-]+[a-z0-9]+)*)*", image):
        raise ValueError("an image repository in lower case, such as acme/gateway")
    return image


Templated = Annotated[str, AfterValidator(_placeholders)]
# https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_CreateSecret.html (name), and
# https://docs.aws.amazon.com/systems-manager/latest/userguide/sysman-paramstore-su-create.html
SecretName = Annotated[
    str,
    *text(
        r"/?[A-Za-z0-9_.-]+(?:/[A-Za-z0-9_.-]+)*",
        "the name of a secret: billing/stripe-key for Secrets Manager, /billing/stripe-key for a Parameter Store parameter",
    ),
]
Action = Annotated[
    str, *text(r"[a-z0-9-]+:[A-Za-z0-9]+\*?", "an IAM action, such as s3:GetObject or sqs:Send*")
]
Resource = Annotated[
    str,
    *text(r"arn:aws:[a-z0-9-]+:\S*:\S*:\S+", "the ARN of something; a bare * is not allowed"),
    AfterValidator(_placeholders),
]
# https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html
Schedule = Annotated[
    str,
    *text(
        r"rate\([1-9]\d* (?:minute|hour|day)s?\)|cron\((?:\S+ ){5}\S+\)",
        "rate(15 minutes) or cron(0 3 * * ? *): minute, hour, day of month, month, day of week, year",
    ),
]


class Permission(Model):
    """Something that the service may do in AWS, beyond what every service may."""

    actions: tuple[Action, ...] = Field(min_length=1, description="IAM actions")
    resources: tuple[Resource, ...] = Field(
        min_length=1, description="the ARNs that the actions are allowed on"
    )


class AlertOverride(Model):
    """Other thresholds for one monitor, or its switch-off with a reason."""

    warning: float | None = Field(default=None, description="the warning threshold in the monitor's unit")
    critical: float | None = Field(default=None, description="the critical threshold in the monitor's unit")
    disabled: str | None = Field(
        default=None, min_length=10, description="the reason why the monitor is switched off"
    )

    @model_validator(mode="after")
    def _one_of(self) -> Self:
        thresholds = (self.warning is not None) + (self.critical is not None)
        if (self.disabled is None) == (thresholds == 0):
            raise ValueError("either `warning` and/or `critical`, or `disabled` with the reason")
        return self


class Scaling(Model):
    """What an autoscaled service aims at; used where a stack gives it a range of tasks."""

    cpu_percent: Percent | None = Field(default=None, description="the CPU utilization to aim at, 1 to 100")
    memory_percent: Percent | None = Field(
        default=None, description="the memory utilization to aim at, 1 to 100"
    )
    requests_per_target: int | None = Field(
        default=None, ge=1, description="requests a target and minute (web only)"
    )


class HealthCheck(Model):
    """How the load balancer decides that a task serves. Defaults: ../docs/services.md."""

    path: UrlPath = Field(default="/healthz", description="the path that answers 200 when the task can serve")
    interval_seconds: int = Field(default=30, ge=5, le=300, description="seconds between checks, 5 to 300")
    timeout_seconds: int = Field(
        default=5, ge=2, le=120, description="seconds that a check may take, 2 to 120"
    )
    healthy_count: int = Field(
        default=2, ge=2, le=10, description="checks in a row that make a target healthy, 2 to 10"
    )
    unhealthy_count: int = Field(
        default=2, ge=2, le=10, description="checks in a row that make it unhealthy, 2 to 10"
    )
    grace_seconds: int = Field(
        default=60, ge=0, le=3600, description="seconds after a start in which checks do not count"
    )

    @model_validator(mode="after")
    def _timeout_is_shorter(self) -> Self:
        if self.timeout_seconds >= self.interval_seconds:
            raise ValueError("a timeout_seconds that is smaller than interval_seconds")
        return self


class ServiceBase(Model):
    """What every kind of service says."""

    description: str = Field(
        min_length=1, max_length=200, description="what the service is for, in one sentence"
    )
    owner: TeamName = Field(description="the team that owns it, one of slipway:platform teams")
    cluster: ClusterName = Field(description="the cluster that it runs on, one of slipway:platform clusters")
    image: Annotated[str, AfterValidator(_repository)] = Field(
        description="the image's repository, without a tag"
    )
    cpu: int = Field(ge=64, le=16384, description="CPU units for a task; 1,024 are one vCPU")
    memory_mib: int = Field(
        ge=64, le=122880, description="memory for a task in MiB; the task is killed above it"
    )
    command: tuple[str, ...] = Field(
        default=(), description="the command, where the image's own is not wanted"
    )
    environment: dict[EnvironmentVariable, Templated] = Field(default={}, description="environment variables")
    secrets: dict[EnvironmentVariable, SecretName] = Field(
        default={}, description="environment variables that ECS fills from secrets: names, never values"
    )
    permissions: tuple[Permission, ...] = Field(default=(), description="what the service may do in AWS")
    read_only_root: bool = Field(default=True, description="whether the root file system is read-only")
    # https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDefinition.html (stopTimeout)
    stop_seconds: int = Field(
        default=30, ge=2, le=120, description="seconds between SIGTERM and SIGKILL, 2 to 120"
    )
    alerts: dict[AlertName, AlertOverride] = Field(default={}, description="monitors tuned or switched off")
    runbook: HttpsUrl | None = Field(
        default=None, description="the runbook, where it is not at the usual address"
    )

    @model_validator(mode="after")
    def _one_source_a_variable(self) -> Self:
        both = sorted(self.environment.keys() & self.secrets.keys())
        if both:
            raise ValueError(f"each variable once; {', '.join(both)} is in environment and in secrets")
        reserved = sorted(
            name for name in (*self.environment, *self.secrets) if name.startswith(("DD_", "ECS_", "AWS_"))
        )
        if reserved:
            raise ValueError(
                f"variables that do not start with DD_, ECS_ or AWS_ (the platform sets those): {', '.join(reserved)}"
            )
        return self


class WebService(ServiceBase):
    """Serves HTTP behind the cluster's load balancer under one internal name."""

    kind: Literal["web"]
    exposure: Literal["internal", "public"] = Field(
        default="internal", description="who can reach it: internal or public"
    )
    port: Port = Field(description="the port that the container listens on")
    # https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateRule.html
    priority: int = Field(
        ge=1, le=50000, description="the listener rule's priority, unique in the cluster; leave gaps"
    )
    health_check: HealthCheck = Field(
        default=HealthCheck(), description="how the load balancer checks a task"
    )
    drain_seconds: int = Field(
        default=30, ge=0, le=3600, description="seconds a leaving task finishes requests in, 0 to 3600"
    )
    scaling: Scaling = Field(default=Scaling(), description="what autoscaling aims at")


class WorkerService(ServiceBase):
    """Runs for ever and serves nobody: consumers, schedulers, relays."""

    kind: Literal["worker"]
    scaling: Scaling = Field(default=Scaling(), description="what autoscaling aims at")

    @model_validator(mode="after")
    def _no_requests(self) -> Self:
        if self.scaling.requests_per_target is not None:
            raise ValueError("no scaling.requests_per_target: a worker has no targets")
        return self


class JobService(ServiceBase):
    """Runs to its end on a schedule."""

    kind: Literal["job"]
    schedule: Schedule = Field(description="rate(...) or cron(...), as EventBridge Scheduler reads it")
    time_zone: str = Field(default="UTC", description="the IANA time zone that the schedule is read in")

    @model_validator(mode="after")
    def _zone_exists(self) -> Self:
        try:
            zoneinfo.ZoneInfo(self.time_zone)
        except (zoneinfo.ZoneInfoNotFoundError, ValueError):
            raise ValueError("a time_zone of the IANA database, such as UTC or Europe/Berlin") from None
        return self


Service = WebService | WorkerService | JobService
SERVICE_KINDS: dict[str, type[WebService] | type[WorkerService] | type[JobService]] = {
    "web": WebService,
    "worker": WorkerService,
    "job": JobService,
}


def service_schema() -> dict[str, Any]:
    """The JSON Schema of a service file."""
    return TypeAdapter(Annotated[Service, Field(discriminator="kind")]).json_schema()
