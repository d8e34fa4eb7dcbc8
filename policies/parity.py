"""What prod has and stage has not, or the other way round."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from ipaddress import IPv4Network
from typing import Any

from policies.rule import Rule, document, estate_rule
from slipway.plan import Plan, Resource

# Types whose whole inputs are security settings, by how their tokens begin.
_SECURITY = (
    "aws:accessanalyzer/",
    "aws:cfg/",
    "aws:cloudwatch/logGroup:",
    "aws:ebs/",
    "aws:ec2/default",
    "aws:ec2/imageBlock",
    "aws:ec2/instanceMetadata",
    "aws:ec2/networkAcl",
    "aws:ec2/securityGroup:",
    "aws:iam/",
    "aws:kms/",
    "aws:lb/listener:",
    "aws:lb/loadBalancer:",
    "aws:s3/",
    "aws:secretsmanager/",
    "aws:securityhub/",
    "aws:sns/",
    "aws:sqs/",
    "aws:vpc/",
    "aws:wafv2/",
)
# Of other types these inputs, and of containers these keys.
_SETTINGS = {
    "aws:ec2/launchTemplate:LaunchTemplate": ("blockDeviceMappings", "metadataOptions", "networkInterfaces"),
    "aws:ecs/service:Service": ("enableExecuteCommand", "networkConfiguration"),
    "aws:ecs/taskDefinition:TaskDefinition": ("containerDefinitions", "networkMode", "pidMode", "volumes"),
}
_CONTAINER = ("linuxParameters", "mountPoints", "name", "privileged", "readonlyRootFilesystem", "secrets", "user")
_CIDR = re.compile(r"(?<![\d.])\d{1,3}(?:\.\d{1,3}){3}/\d{1,2}(?!\d)")


@estate_rule(remedy="Change it for every environment, in stacks/ or components/; a stack file cannot say it.")
def stage_prod_parity(plans: Mapping[str, Plan]) -> Iterator[tuple[str, Resource, str]]:
    """What passes in stage passes in prod only if both are closed in the same way."""
    if "stage" not in plans or "prod" not in plans:
        return
    stage, prod = _settings(plans["stage"]), _settings(plans["prod"])
    for key in sorted(stage.keys() | prod.keys()):
        if key not in prod:
            yield "stage", stage[key][0], "is not in prod"
        elif key not in stage:
            yield "prod", prod[key][0], "is not in stage"
        else:
            differing = _differing(stage[key][1], prod[key][1])
            if differing:
                yield "prod", prod[key][0], f"differs from stage in {', '.join(differing)}"


def _settings(plan: Plan) -> dict[str, tuple[Resource, dict[str, Any]]]:
    """Each resource with security settings, under its URN: both without what makes the environment itself."""
    neutral = _Neutral(plan)
    found = {}
    for resource in plan.resources:
        inputs: Mapping[str, Any]
        if resource.type in _SETTINGS:
            inputs = {name: resource.inputs[name] for name in _SETTINGS[resource.type] if name in resource.inputs}
        elif resource.type.startswith(_SECURITY):
            inputs = resource.inputs
        else:
            continue
        settings = {
            name: neutral(_readable(name, value))
            for name, value in inputs.items()
            if name != "minimumLoadBalancerCapacity"  # a size
        }
        settings["protect"] = str(resource.protect)
        found[neutral(resource.urn)] = (resource, settings)
    return found


def _readable(name: str, value: Any) -> Any:
    """A volume's size and a container's image are no security settings."""
    if name == "blockDeviceMappings":
        return [(each.get("deviceName"), (each.get("ebs") or {}).get("encrypted")) for each in value]
    if name == "containerDefinitions":
        return [{key: each.get(key) for key in _CONTAINER} for each in document(value) or ()]
    return value


class _Neutral:
    """Writes values without the environment's name, account and network."""

    def __init__(self, plan: Plan) -> None:
        accounts = {
            str(account)
            for resource in plan.resources
            if resource.type == "pulumi:providers:aws" and resource.name == "aws"
            for account in document(resource.inputs.get("allowedAccountIds")) or ()
        }
        self._words = re.compile(rf"(?<![A-Za-z0-9])(?:{'|'.join([plan.stack, *sorted(accounts)])})(?![A-Za-z0-9])")
        self._networks = [
            IPv4Network(resource.inputs["cidrBlock"])
            for resource in plan.resources
            if resource.type == "aws:ec2/vpc:Vpc" and "cidrBlock" in resource.inputs
        ]

    def __call__(self, value: Any) -> str:
        text = value if isinstance(value, str) else json.dumps(value, sort_keys=True)
        return self._words.sub("<own>", _CIDR.sub(self._network, text))

    def _network(self, found: re.Match[str]) -> str:
        network = IPv4Network(found[0], strict=False)
        return "<network>" if any(network.subnet_of(own) for own in self._networks) else found[0]


def _differing(one: Mapping[str, Any], other: Mapping[str, Any]) -> list[str]:
    return sorted(name for name in one.keys() | other.keys() if one.get(name) != other.get(name))


RULES: tuple[Rule, ...] = (stage_prod_parity,)
