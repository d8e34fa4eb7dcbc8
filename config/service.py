"""One service: `services/NAME.yaml`, the same in every environment."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal, Self

from pydantic import Field, TypeAdapter, ValidationInfo, field_validator, model_validator

from config.alerts import AlertName, AlertOverride
from config.fields import (
    ClusterName,
    EnvironmentVariable,
    Exposure,
    GitHubRepository,
    HttpsUrl,
    Model,
    Percent,
    Port,
    QueueName,
    Slug,
    TeamName,
    UrlPath,
    text,
)
from config.platform import RepositoryIds
from config.times import Cron, Schedule, TimeZone

PLACEHOLDERS = ("account_id", "domain", "environment", "internal_domain", "region")
"""What `${...}` in a service's environment and permissions may name: identity, and nothing else, differs."""


# https://docs.python.org/3/library/string.html#template-strings is what fills them in.
_CHARACTER = rf"\$\$|\$\{{(?:{'|'.join(PLACEHOLDERS)})\}}"
_NAMED = ", ".join(f"${{{name}}}" for name in PLACEHOLDERS)
_TEMPLATED = f"the placeholders {_NAMED}; any other dollar sign is written $$"
# A container does not start with a NUL in a variable, and whoever prints one does not expect the others.
_CONTROL = r"\x00-\x08\x0b-\x1f\x7f-\x9f"
Templated = Annotated[
    str,
    *text(
        rf"(?:[^${_CONTROL}]|{_CHARACTER})*",
        f"text without control characters other than tab and newline, with {_TEMPLATED}",
    ),
]
# https://pkg.go.dev/github.com/distribution/reference: [host[:port]/]path, and each part of the path as here.
ImageRepository = Annotated[
    str,
    *text(
        r"(?:[a-z0-9][a-z0-9.-]*(?::\d+)?/)?[a-z0-9]+(?:[._-]+[a-z0-9]+)*(?:/[a-z0-9]+(?:[._-]+[a-z0-9]+)*)*",
        "an image repository in lower case without tag or digest, such as acme/gateway; "
        "the version stands in Pulumi.<stack>.yaml",
    ),
]
# https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_CreateSecret.html (name), and
# https://docs.aws.amazon.com/systems-manager/latest/userguide/sysman-paramstore-su-create.html
SecretName = Annotated[
    str,
    *text(
        r"/?[A-Za-z0-9_.-]+(?:/[A-Za-z0-9_.-]+)*",
        "the name of a secret: billing/stripe-key for Secrets Manager, "
        "/billing/stripe-key for a Parameter Store parameter",
    ),
]
Action = Annotated[str, *text(r"[a-z0-9-]+:[A-Za-z0-9]+\*?", "an IAM action, such as s3:GetObject or sqs:Send*")]
_PART_OF_ARN = rf"(?:[^\s$:]|{_CHARACTER})*"
Resource = Annotated[
    str,
    *text(
        rf"arn:aws:[a-z0-9-]+:{_PART_OF_ARN}:{_PART_OF_ARN}:(?:[^\s$]|{_CHARACTER})+",
        f"an ARN, such as arn:aws:s3:::acme-reports/*, never a bare *; with {_TEMPLATED}",
    ),
]


class Permission(Model):
    """Something that the service may do in AWS, beyond what every service may."""

    actions: tuple[Action, ...] = Field(min_length=1, description="what may be done, as IAM actions")
    resources: tuple[Resource, ...] = Field(min_length=1, description="the ARNs that the actions are allowed on")


class Peak(Model):
    """A time in which more tasks are kept, whether there is load or not yet."""

    start: Cron = Field(description="when it begins, such as cron(0 8 ? * MON-FRI *)")
    end: Cron = Field(description="when it is over, as start")
    time_zone: TimeZone = Field(default="UTC", description="the IANA time zone that both are read in")
    percent: Percent = Field(description="how much of the stack's largest number of tasks is kept, in percent")


class Scaling(Model):
    """What an autoscaled service aims at; used where a stack gives it a range of tasks."""

    cpu_percent: Percent | None = Field(
        default=None,
        description="the CPU utilization to aim at; the platform's cpu_target_percent where not said",
    )
    memory_percent: Percent | None = Field(
        default=None,
        description="the memory utilization to aim at; the platform's memory_target_percent where not said",
    )
    peaks: dict[Slug, Peak] = Field(default={}, description="times of more tasks, by a name each")


class WebScaling(Scaling):
    """What an autoscaled web service aims at besides."""

    requests_per_target: int | None = Field(
        default=None,
        ge=1,
        description="requests a minute for each task; requests do not scale where not said",
    )


class WorkerScaling(Scaling):
    """What an autoscaled worker aims at besides."""

    messages_per_task: int | None = Field(
        default=None,
        ge=1,
        description="messages that wait in the worker's queue for each task; the queue does not scale where not said",
    )


MOST_MINUTES = 60
"""How long a shift may take: `up` waits for it, and what it works with is good for two hours."""


# https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_LinearConfiguration.html, ..._CanaryConfiguration.html
class Strategy(Model):
    """A deployment that shifts requests from the old tasks to new ones beside them, not task by task."""

    kind: Literal["rolling", "blue_green", "linear", "canary"] = Field(
        description="task by task, ready for the others; all requests at once; in equal steps; or a part first"
    )
    percent: int = Field(
        default=10, ge=3, le=100, description="how many requests a step shifts, or go first, 3 to 100 percent"
    )
    step_minutes: int = Field(
        default=5,
        ge=0,
        le=MOST_MINUTES,
        description="minutes that each step, or the first part, is watched for, 0 to 60",
    )
    bake_minutes: int = Field(
        default=5, ge=0, le=MOST_MINUTES, description="minutes that the old tasks are kept for afterwards, 0 to 60"
    )

    @property
    def shifts(self) -> bool:
        """Whether ECS moves the load balancer's weights, and does not replace task by task."""
        return self.kind != "rolling"

    @model_validator(mode="after")
    def _within_an_update(self) -> Self:
        steps = {"rolling": 0, "blue_green": 0, "linear": -(-100 // self.percent), "canary": 1}[self.kind]
        minutes = steps * self.step_minutes + self.bake_minutes
        if minutes > MOST_MINUTES:
            raise ValueError(
                f"{MOST_MINUTES} minutes in all, for which `up` waits; {steps} times {self.step_minutes} and "
                f"{self.bake_minutes} are {minutes}"
            )
        return self


class HealthCheck(Model):
    """How the load balancer decides that a task serves. Defaults: ../docs/services.md."""

    path: UrlPath = Field(default="/healthz", description="the path that answers 200 when the task can serve")
    interval_seconds: int = Field(default=30, ge=5, le=300, description="seconds between checks, 5 to 300")
    timeout_seconds: int = Field(default=5, ge=2, le=120, description="seconds that a check may take, 2 to 120")
    healthy_count: int = Field(
        default=2, ge=2, le=10, description="checks in a row that make a target healthy, 2 to 10"
    )
    unhealthy_count: int = Field(default=2, ge=2, le=10, description="checks in a row that make it unhealthy, 2 to 10")
    grace_seconds: int = Field(
        default=60, ge=0, le=3600, description="seconds after a start in which checks do not count"
    )

    @model_validator(mode="after")
    def _timeout_is_shorter(self) -> Self:
        if self.timeout_seconds >= self.interval_seconds:
            raise ValueError("a timeout_seconds that is smaller than interval_seconds")
        return self


# https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_CreateRepository.html (repositoryName); less what names
# a registry, and the folder that holds what came from Docker Hub.
_ECR_REPOSITORY = re.compile(
    r"(?=.{2,256}$)(?![^/]*\.[^/]*/)(?!docker-hub/)"
    r"(?:[a-z0-9]+(?:[._-][a-z0-9]+)*/)*[a-z0-9]+(?:[._-][a-z0-9]+)*"
)


class OwnImage(Model):
    """An image in the company's own ECR, and who builds it."""

    pushed_by: GitHubRepository = Field(
        description="the GitHub repository as OWNER/NAME whose main branch pushes the image"
    )
    ids: RepositoryIds | None = Field(
        default=None,
        description="the ids behind pushed_by; required where GitHub puts them in its OIDC subject: "
        "repositories created, renamed or transferred after 15 July 2026",
    )


class ServiceBase(Model):
    """What every kind of service says."""

    description: str = Field(min_length=1, max_length=200, description="what the service is for, in one sentence")
    owner: TeamName = Field(description="the team that owns it, one of slipway:platform teams")
    cluster: ClusterName = Field(description="the cluster that it runs on, one of slipway:platform clusters")
    image: ImageRepository = Field(description="the image's repository, without a tag")
    ecr: OwnImage | None = Field(
        default=None,
        description="keeps the image in the company's own ECR; where not said it comes from the registry that image "
        "names, or from Docker Hub",
    )
    cpu: int = Field(ge=64, le=16384, description="CPU units for a task; 1,024 are one vCPU")
    memory_mib: int = Field(ge=64, le=122880, description="memory for a task in MiB; the task is killed above it")
    command: tuple[str, ...] = Field(default=(), description="the command, where the image's own is not wanted")
    environment: dict[EnvironmentVariable, Templated] = Field(
        default={}, description="variables of the container, by name"
    )
    secrets: dict[EnvironmentVariable, SecretName] = Field(
        default={}, description="variables of the container that ECS fills from secrets: names, never values"
    )
    permissions: tuple[Permission, ...] = Field(default=(), description="what the service may do in AWS")
    read_only_root: bool = Field(default=True, description="whether the root file system is read-only")
    # https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDefinition.html (stopTimeout)
    stop_seconds: int = Field(default=30, ge=2, le=120, description="seconds between SIGTERM and SIGKILL, 2 to 120")
    profiling: bool = Field(default=False, description="whether Datadog's libraries profile the program")
    alerts: dict[AlertName, AlertOverride] = Field(default={}, description="monitors tuned or switched off")
    runbook: HttpsUrl | None = Field(default=None, description="the runbook, where it is not at the usual address")

    @field_validator("ecr")
    @classmethod
    def _name_in_ecr(cls, own: OwnImage | None, info: ValidationInfo) -> OwnImage | None:
        image = info.data.get("image")
        if own is not None and isinstance(image, str) and not _ECR_REPOSITORY.fullmatch(image):
            raise ValueError(
                f"an image that names no registry, such as acme/gateway, with single . _ - between letters and digits; "
                f"{image} is not one"
            )
        return own

    @field_validator("secrets")
    @classmethod
    def _one_source_a_variable(cls, secrets: dict[str, str], info: ValidationInfo) -> dict[str, str]:
        both = sorted(secrets.keys() & info.data.get("environment", {}).keys())
        if both:
            raise ValueError(f"variables that are not in environment too: {', '.join(both)}")
        return secrets


class WebService(ServiceBase):
    """Serves HTTP behind the cluster's load balancer under one internal name."""

    kind: Literal["web"] = Field(description="what kind of service it is")
    exposure: Exposure = Field(default="internal", description="who can reach it: internal or public")
    port: Port = Field(description="the port that the container listens on")
    # https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateRule.html
    priority: int = Field(
        ge=1, le=50000, description="the listener rule's priority, unique on its load balancer; leave gaps"
    )
    balancer: int = Field(
        default=1,
        ge=1,
        le=9,
        description="which of the cluster's load balancers it stands behind, where there are several",
    )
    health_check: HealthCheck = Field(default=HealthCheck(), description="how the load balancer checks a task")
    drain_seconds: int = Field(
        default=30, ge=0, le=3600, description="seconds a leaving task finishes requests in, 0 to 3600"
    )
    metrics_path: UrlPath | None = Field(
        default=None, description="the path of its OpenMetrics, which Datadog's agent reads; DogStatsD needs none"
    )
    scaling: WebScaling = Field(default=WebScaling(), description="what autoscaling aims at")
    strategy: Strategy | None = Field(
        default=None, description="how requests move to a new version; task by task where not said; public ones alone"
    )
    rollback_error_percent: Percent = Field(
        default=5,
        description="a deployment is rolled back when in two of three minutes more of the requests than this fail",
    )
    availability_percent: float = Field(
        default=99.9,
        ge=90,
        lt=100,
        description="how many requests of 30 days must get no 5xx status, in percent, 90 to below 100",
    )


class WorkerService(ServiceBase):
    """Runs for ever and serves nobody: consumers, schedulers, relays."""

    kind: Literal["worker"] = Field(description="what kind of service it is")
    queue: QueueName | None = Field(
        default=None, description="the SQS queue that it empties, whose age is then watched"
    )
    scaling: WorkerScaling = Field(default=WorkerScaling(), description="what autoscaling aims at")

    @field_validator("scaling")
    @classmethod
    def _messages_of_a_queue(cls, scaling: WorkerScaling, info: ValidationInfo) -> WorkerScaling:
        if scaling.messages_per_task is not None and info.data.get("queue", "") is None:
            raise ValueError("no messages_per_task without a queue")
        return scaling


class JobService(ServiceBase):
    """Runs to its end on a schedule."""

    kind: Literal["job"] = Field(description="what kind of service it is")
    schedule: Schedule = Field(description="rate(...) or cron(...), as EventBridge Scheduler reads it")
    time_zone: TimeZone = Field(default="UTC", description="the IANA time zone that the schedule is read in")


Service = WebService | WorkerService | JobService
SERVICE_KINDS: dict[str, type[WebService] | type[WorkerService] | type[JobService]] = {
    "web": WebService,
    "worker": WorkerService,
    "job": JobService,
}


def service_schema() -> dict[str, Any]:
    """The JSON Schema of a service file."""
    return TypeAdapter(Annotated[Service, Field(discriminator="kind")]).json_schema()
