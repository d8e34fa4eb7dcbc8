"""The policy documents of all stacks as they are planned, with what AWS will have filled in filled in."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from plan.model import Plan, Resource
from tests import projects

STACKS = ("ops", "dev", "stage", "prod")
ORGANIZATION_ID = "o-acme000001"

# ARN of a resource by its type; {name} is its physical name where it has one, else its logical name.
ARNS = {
    "aws:cloudwatch/eventRule:EventRule": "arn:aws:events:{region}:{account}:rule/{name}",
    "aws:cloudwatch/logGroup:LogGroup": "arn:aws:logs:{region}:{account}:log-group:{name}",
    "aws:ec2/eip:Eip": "arn:aws:ec2:{region}:{account}:elastic-ip/{name}",
    "aws:ecr/repository:Repository": "arn:aws:ecr:{region}:{account}:repository/{name}",
    "aws:ecs/cluster:Cluster": "arn:aws:ecs:{region}:{account}:cluster/{name}",
    "aws:iam/policy:Policy": "arn:aws:iam::{account}:policy{path}{name}",
    "aws:iam/role:Role": "arn:aws:iam::{account}:role/{name}",
    "aws:kms/key:Key": "arn:aws:kms:{region}:{account}:key/{name}",
    "aws:route53/zone:Zone": "arn:aws:route53:::hostedzone/{name}",
    "aws:s3/bucket:Bucket": "arn:aws:s3:::{name}",
    "aws:secretsmanager/secret:Secret": "arn:aws:secretsmanager:{region}:{account}:secret:{name}-AbCdEf",
    "aws:sns/topic:Topic": "arn:aws:sns:{region}:{account}:{name}",
    "aws:sqs/queue:Queue": "arn:aws:sqs:{region}:{account}:{name}",
}

# `${NAME:Type.property}`, and not one of IAM's own variables such as `${aws:username}`.
_REFERENCE = re.compile(r"\$\{(?P<owner>[^{}:]+:(?:\w+\$)*[A-Z]\w*)\.(?P<property>[^{}]+)\}")


@dataclass(frozen=True, kw_only=True)
class Document:
    """One policy document and where it stands."""

    stack: str
    resource: Resource
    property: str
    text: str

    def __str__(self) -> str:
        return f"{self.stack}:{self.resource.name}"

    @property
    def statements(self) -> list[dict[str, Any]]:
        statements: list[dict[str, Any]] = json.loads(self.text)["Statement"]
        return statements


class Stack:
    """One stack's plan, read as IAM would have it after `up`."""

    def __init__(self, plan: Plan, account_id: str, region: str) -> None:
        self.name = plan.stack
        self.account_id = account_id
        self.region = region
        self.resources = plan.resources
        self._by_reference = {f"{resource.name}:{resource.short_type}": resource for resource in plan.resources}

    def all(self, type_: str) -> list[Resource]:
        """Every resource of a type."""
        return [resource for resource in self.resources if resource.type == type_]

    def resolved(self, text: str) -> str:
        """The text with each reference replaced by a value of the kind that AWS gives it."""
        return _REFERENCE.sub(lambda match: self._value(match["owner"], match["property"]), text)

    def documents(self) -> Iterator[Document]:
        """Every policy document, whatever property it stands in."""
        for resource in self.resources:
            for name, value in resource.inputs.items():
                if isinstance(value, str) and value.startswith("{") and '"Statement"' in value:
                    text = self.resolved(value)
                    yield Document(stack=self.name, resource=resource, property=name, text=text)

    def _value(self, owner: str, property_: str) -> str:
        resource = self._by_reference[owner]
        name = resource.inputs.get("name") or resource.inputs.get("bucket") or resource.name
        if resource.type == "aws:organizations/organization:Organization" and property_ == "id":
            return ORGANIZATION_ID
        if property_ == "ownerId":
            return self.account_id
        if property_ == "arn":
            return ARNS[resource.type].format(
                account=self.account_id, region=self.region, name=name, path=resource.inputs.get("path", "/")
            )
        return str(name)


def platform(root: Path = projects.COMPANY) -> Mapping[str, Any]:
    """`slipway:platform` of a project."""
    project: Mapping[str, Any] = yaml.safe_load((root / "Pulumi.yaml").read_text())
    value: Mapping[str, Any] = project["config"]["slipway:platform"]["value"]
    return value


def listed(value: Any) -> list[Any]:
    """IAM takes one value where it takes a list."""
    return value if isinstance(value, list) else [value]


@cache
def stacks(of: Path = projects.COMPANY) -> Mapping[str, Stack]:
    """A company's stacks, made once for all tests."""
    return _stacks(of, projects.planned(of).values())


def planned(root: Path, names: Sequence[str]) -> Mapping[str, Stack]:
    """The stacks of a project."""
    return _stacks(root, projects.plans(projects.jobs(root, names)))


def _stacks(root: Path, plans: Iterable[Plan]) -> Mapping[str, Stack]:
    settings = platform(root)
    accounts = {stack: own["account"] for stack, own in {"ops": settings["ops"], **settings["environments"]}.items()}
    return {plan.stack: Stack(plan, accounts[plan.stack]["id"], settings["region"]) for plan in plans}
