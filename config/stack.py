"""What a stack may say, in `Pulumi.<stack>.yaml`: identity, sizes, counts and versions, and nothing else."""

from __future__ import annotations

from typing import Annotated, Any, Self

from pydantic import BeforeValidator, Field, WithJsonSchema, model_validator

from config.fields import (
    ClusterName,
    Email,
    EnvironmentVariable,
    Exposure,
    InstanceTypeName,
    Model,
    Role,
    ServiceName,
    SshPublicKey,
    UserName,
    VpcCidr,
    text,
)
from config.migration import Migration
from config.times import TimeZone, UnixCron

# Tasks of a service and hosts of a cluster end here
# (https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-quotas.html).
MOST = 5000


class Range(Model):
    """From `min` to `max`, both included; a plain number stands for both."""

    min: int = Field(ge=1, le=MOST, description="the smallest number, at least 1")
    max: int = Field(ge=1, le=MOST, description="the largest number, at least min")

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.min > self.max:
            raise ValueError(f"min no greater than max; {self.min} is greater than {self.max}")
        return self

    @property
    def fixed(self) -> bool:
        """Whether there is nothing to scale."""
        return self.min == self.max


def _number_or_range(value: Any) -> Any:
    if isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= MOST:
        return Range(min=value, max=value)
    if not isinstance(value, dict):
        raise ValueError(f"a number from 1 to {MOST:,}, or {{min: 2, max: 10}}")
    return value


_NUMBER = {"type": "integer", "minimum": 1, "maximum": MOST}
NumberOrRange = Annotated[
    Range,
    BeforeValidator(_number_or_range),
    WithJsonSchema(
        {
            "anyOf": [
                _NUMBER,
                {
                    "type": "object",
                    "properties": {"min": _NUMBER, "max": _NUMBER},
                    "required": ["min", "max"],
                    "additionalProperties": False,
                },
            ]
        }
    ),
]


# https://docs.docker.com/reference/cli/docker/image/tag/
Version = Annotated[
    str,
    *text(
        r"(?!latest$)[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}|sha256:[0-9a-f]{64}",
        "an image tag that never moves, such as 4.12.0 or a commit, or sha256:DIGEST; not latest",
    ),
]


# https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetSecretValue.html (VersionId)
SecretVersion = Annotated[
    str, *text(r"[A-Za-z0-9-]{1,64}", "a secret's version id, or a parameter's version number, quoted")
]
Balancer = Annotated[
    str, *text(r"(?:internal|public)[2-9]?", "a load balancer of the cluster: internal, public, internal2 ...")
]
# https://docs.aws.amazon.com/elasticloadbalancing/latest/application/capacity-unit-reservation.html
CapacityUnits = Annotated[int, Field(ge=100)]


def balancer_name(exposure: Exposure, number: int) -> str:
    """What people call a cluster's load balancer; numbers count from 1."""
    return exposure if number == 1 else f"{exposure}{number}"


class Identity(Model):
    """What makes this environment itself."""

    cidr: VpcCidr = Field(description="the network of the environment, /16 to /20, that no other environment overlaps")
    bastion_public_key: SshPublicKey = Field(description="the OpenSSH public key of the environment's bastion")


class Night(Model):
    """When a cluster has no hosts."""

    start: UnixCron = Field(description="when it begins, such as 0 20 * * MON-FRI")
    end: UnixCron = Field(description="when it is over, such as 0 7 * * MON-FRI")
    time_zone: TimeZone = Field(default="UTC", description="the IANA time zone that both are read in")


class ClusterSize(Model):
    """How large one cluster is here."""

    instance_type: InstanceTypeName = Field(description="the EC2 instance type of every host, such as m7i.large")
    instances: NumberOrRange = Field(description="how many hosts: a number, or {min: 2, max: 10}")
    prewarm: dict[Balancer, CapacityUnits] = Field(
        default={},
        description="load balancer (internal, public, internal2 ...) to the capacity units (LCU) "
        "that are ready before the traffic is; a public one is there once the cluster has a public service",
    )
    night: Night | None = Field(
        default=None, description="when the cluster has no hosts; not where environments mirror each other"
    )


class Release(Model):
    """Which version of a service runs here, and its number of tasks."""

    version: Version = Field(description="the image's tag or digest")
    tasks: NumberOrRange | None = Field(
        default=None, description="how many tasks: a number, or {min: 2, max: 10}; not for jobs"
    )
    secret_versions: dict[EnvironmentVariable, SecretVersion] = Field(
        default={}, description="variable to its secret's current version; another one starts tasks with the new value"
    )


class EnvironmentStack(Model):
    """`Pulumi.ENVIRONMENT.yaml`."""

    environment: Identity = Field(description="what makes this environment itself")
    clusters: dict[ClusterName, ClusterSize] = Field(description="the size of each cluster of slipway:platform")
    services: dict[ServiceName, Release] = Field(description="the version and the number of tasks of each service")
    migration: Migration = Field(default=Migration(), description="what is needed while a company moves here")


class Person(Model):
    """Someone who works here. Offboarding is deleting the entry."""

    name: str = Field(min_length=1, max_length=100, description="the person's name")
    email: Email = Field(description="the person's address")
    ssh_public_key: SshPublicKey | None = Field(
        default=None,
        description="the person's OpenSSH public key, for the bastions of environments that the person operates",
    )
    roles: dict[str, Role] = Field(
        min_length=1, description="ops or an environment to the role there: administrator, developer or read_only"
    )


class OpsStack(Model):
    """`Pulumi.ops.yaml`."""

    people: dict[UserName, Person] = Field(description="everybody, by user name")
