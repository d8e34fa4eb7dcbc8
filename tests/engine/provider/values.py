"""Plausible values for what AWS and Datadog compute: ids, ARNs, names, addresses. The same for the same seed."""

from __future__ import annotations

import hashlib
import string
from collections import defaultdict
from collections.abc import Callable
from typing import Any
from uuid import UUID

from .cloud import Where
from .ids import ARN_IS_ID, ARNS, DEFAULTS, IDS, PREFIXED, PREFIXED_PROPERTIES
from .sdk import Property, resource_type

_LETTERS = string.ascii_lowercase + string.digits
_CREATED = "2026-01-02T03:04:05Z"

# What an update of a resource changes beyond the inputs given: numbers that count its versions.
COUNTED_BY_UPDATES = {
    "aws:ec2/launchTemplate:LaunchTemplate": ("latestVersion",),
    "aws:ec2/managedPrefixList:ManagedPrefixList": ("version",),
    "aws:ssm/parameter:Parameter": ("version",),
}


def describe(token: str, inputs: dict[str, Any], seed: str, where: Where, revision: int) -> tuple[str, dict[str, Any]]:
    """The id and the outputs of a thing: what it was given, and all that its SDK class says it gives.

    `seed` decides every made-up value. `revision` counts from 1 what was made for the same URN.
    """
    inputs = {name: value for name, value in inputs.items() if value is not None and name != "__defaults"}
    known = _prefixed_names(inputs, seed) | DEFAULTS.get(token, {}) | inputs
    fill = _Words(known, seed, where)
    arn = _arn(token, known, fill, revision)
    id_ = _id(token, known, fill, arn)
    if token == "aws:ecs/taskDefinition:TaskDefinition":
        id_ = f"{fill['family']}:{revision}"  # the real provider's is the family alone, for every revision
    outputs: dict[str, Any] = {}
    for prop in resource_type(token).outputs.values():
        value = _value(token, prop, id_, arn, seed, where)
        if value is not None:
            outputs[prop.name] = value
    outputs |= known
    outputs |= {name: 1 for name in COUNTED_BY_UPDATES.get(token, ())}
    if "tagsAll" in outputs:
        outputs["tagsAll"] = where.default_tags | (inputs.get("tags") or {})
    if token in _SPECIAL:
        outputs |= _SPECIAL[token](outputs, fill, id_, revision)
    return id_, outputs


class _Words(defaultdict[str, str]):
    """The words that ids and ARNs are made of; one that is not known reads as nothing."""

    def __init__(self, known: dict[str, Any], seed: str, where: Where) -> None:
        super().__init__(str)
        self.update({name: str(value) for name, value in known.items()})
        self.update(a=where.account, r=where.region, h=_hex(seed, 16), u=_uuid(seed), d=_digits(seed, 12))
        self.update(s=_letters(seed, 6), z=f"Z{_letters(seed, 19).upper()}")


def _arn(token: str, known: dict[str, Any], fill: _Words, revision: int) -> str:
    account, region, hexes = fill["a"], fill["r"], fill["h"]
    match token:
        case "aws:ecs/taskDefinition:TaskDefinition":
            return f"arn:aws:ecs:{region}:{account}:task-definition/{fill['family']}:{revision}"
        case "aws:ecs/service:Service":
            cluster = str(known.get("cluster", "default")).rsplit("/", 1)[-1]
            return f"arn:aws:ecs:{region}:{account}:service/{cluster}/{fill['name']}"
        case "aws:lb/listener:Listener":
            return f"{fill['loadBalancerArn'].replace(':loadbalancer/', ':listener/')}/{hexes}"
        case "aws:lb/listenerRule:ListenerRule":
            return f"{fill['listenerArn'].replace(':listener/', ':listener-rule/')}/{hexes}"
        case "aws:iam/openIdConnectProvider:OpenIdConnectProvider":
            return f"arn:aws:iam::{account}:oidc-provider/{fill['url'].removeprefix('https://')}"
        case _ if token in ARNS:
            return ARNS[token].format_map(fill)
    service, _, kind = token.removeprefix("aws:").partition("/")
    return f"arn:aws:{service}:{region}:{account}:{kind.split(':')[0]}/{fill['name'] or hexes}"


def _id(token: str, known: dict[str, Any], fill: _Words, arn: str) -> str:
    if token in ARN_IS_ID:
        return arn
    if token in PREFIXED:
        return f"{PREFIXED[token]}-0{fill['h']}"
    if token in IDS:
        return IDS[token].format_map(fill).rstrip("_")
    named = next((known[name] for name in ("name", "bucket", "keyName", "userName") if name in known), None)
    return str(named or fill["h"])


def _value(token: str, prop: Property, id_: str, arn: str, seed: str, where: Where) -> Any:
    """What the cloud gives for a property that it was not given; None where it gives nothing."""
    fixed: dict[str, Any] = {
        "arn": arn,
        "region": where.region,
        "accountId": where.account,
        "ownerId": where.account,
        "registryId": where.account,
        "createDate": _CREATED,
        "createdDate": _CREATED,
        "creationDate": _CREATED,
    }
    if prop.name in fixed and prop.kind == "str":
        return fixed[prop.name]
    if prop.name in PREFIXED_PROPERTIES and not prop.optional:
        return f"{PREFIXED_PROPERTIES[prop.name]}-0{_hex(f'{seed} {prop.name}', 16)}"
    if prop.optional:
        return None
    given = prop.name in resource_type(token).inputs
    empty: dict[str, Any] = {"int": 0, "float": 0.0, "bool": False, "list": [], "map": {}}
    if prop.kind != "str":
        return empty.get(prop.kind)
    if prop.name.endswith("Id") and not given:
        return _hex(f"{seed} {prop.name}", 16)
    return "" if given else f"{prop.name}-{_hex(f'{seed} {prop.name}', 8)}"


def _prefixed_names(inputs: dict[str, Any], seed: str) -> dict[str, str]:
    """The name that AWS makes up for what was given only the beginning of one."""
    prefixes = {"namePrefix": "name", "keyNamePrefix": "keyName", "bucketPrefix": "bucket"}
    return {name: f"{inputs[prefix]}{_hex(seed, 12)}" for prefix, name in prefixes.items() if prefix in inputs}


def _certificate(outputs: dict[str, Any], fill: _Words, id_: str, revision: int) -> dict[str, Any]:
    domains = sorted({outputs["domainName"], *outputs.get("subjectAlternativeNames", [])})
    options = []
    for domain in domains:
        plain = domain.removeprefix("*.")
        options.append(
            {
                "domainName": domain,
                "resourceRecordName": f"_{_hex(plain, 32)}.{plain}.",
                "resourceRecordType": "CNAME",
                "resourceRecordValue": f"_{_hex(plain, 32)}.acm-validations.aws.",
            }
        )
    return {"domainValidationOptions": options, "status": "ISSUED", "subjectAlternativeNames": domains}


def _load_balancer(outputs: dict[str, Any], fill: _Words, id_: str, revision: int) -> dict[str, Any]:
    internal = "internal-" if outputs.get("internal") else ""
    return {
        "arnSuffix": outputs["arn"].split(":loadbalancer/")[1],
        "dnsName": f"{internal}{outputs['name']}-{fill['d']}.{fill['r']}.elb.amazonaws.com",
        "zoneId": "Z35SXDOTRQ7X7K",
    }


def _target_group(outputs: dict[str, Any], fill: _Words, id_: str, revision: int) -> dict[str, Any]:
    return {"arnSuffix": outputs["arn"].split(":")[-1]}


def _task_definition(outputs: dict[str, Any], fill: _Words, id_: str, revision: int) -> dict[str, Any]:
    return {"revision": revision, "arnWithoutRevision": outputs["arn"].rsplit(":", 1)[0]}


def _zone(outputs: dict[str, Any], fill: _Words, id_: str, revision: int) -> dict[str, Any]:
    servers = [f"ns-{number}.awsdns-{number:02}.{end}" for number, end in enumerate(("com", "net", "org", "co.uk"))]
    return {"zoneId": id_, "nameServers": servers, "primaryNameServer": servers[0]}


def _organization(outputs: dict[str, Any], fill: _Words, id_: str, revision: int) -> dict[str, Any]:
    account = fill["a"]
    return {
        "arn": f"arn:aws:organizations::{account}:organization/{id_}",
        "masterAccountId": account,
        "masterAccountArn": f"arn:aws:organizations::{account}:account/{id_}/{account}",
        "roots": [
            {
                "id": f"r-{fill['s'][:4]}",
                "arn": f"arn:aws:organizations::{account}:root/{id_}/r-{fill['s'][:4]}",
                "name": "Root",
                "policyTypes": [],
            }
        ],
    }


def _datadog_account(outputs: dict[str, Any], fill: _Words, id_: str, revision: int) -> dict[str, Any]:
    config = dict(outputs.get("authConfig") or {})
    if "awsAuthConfigRole" in config:
        config["awsAuthConfigRole"] = {"externalId": fill["h"] * 2, **config["awsAuthConfigRole"]}
    return {"authConfig": config}


def _eip(outputs: dict[str, Any], fill: _Words, id_: str, revision: int) -> dict[str, Any]:
    address = f"203.0.113.{int(fill['h'], 16) % 254 + 1}"  # RFC 5737, for documentation
    return {"allocationId": id_, "publicIp": address}


def _vpc(outputs: dict[str, Any], fill: _Words, id_: str, revision: int) -> dict[str, Any]:
    if not outputs.get("assignGeneratedIpv6CidrBlock"):
        return {}
    return {"ipv6CidrBlock": f"2600:1f18:{fill['h'][:4]}:{fill['h'][4:6]}00::/56"}


def _bucket(outputs: dict[str, Any], fill: _Words, id_: str, revision: int) -> dict[str, Any]:
    return {
        "bucketDomainName": f"{id_}.s3.amazonaws.com",
        "bucketRegionalDomainName": f"{id_}.s3.{fill['r']}.amazonaws.com",
    }


def _repository(outputs: dict[str, Any], fill: _Words, id_: str, revision: int) -> dict[str, Any]:
    return {"repositoryUrl": f"{fill['a']}.dkr.ecr.{fill['r']}.amazonaws.com/{id_}"}


def _key(outputs: dict[str, Any], fill: _Words, id_: str, revision: int) -> dict[str, Any]:
    return {"keyId": id_}


def _unique_id(outputs: dict[str, Any], fill: _Words, id_: str, revision: int) -> dict[str, Any]:
    return {"uniqueId": f"AROA{fill['z'][1:18]}"}


_SPECIAL: dict[str, Callable[[dict[str, Any], _Words, str, int], dict[str, Any]]] = {
    "aws:acm/certificate:Certificate": _certificate,
    "aws:ec2/eip:Eip": _eip,
    "aws:ec2/vpc:Vpc": _vpc,
    "aws:ecr/repository:Repository": _repository,
    "aws:ecs/taskDefinition:TaskDefinition": _task_definition,
    "aws:iam/role:Role": _unique_id,
    "aws:kms/key:Key": _key,
    "aws:lb/loadBalancer:LoadBalancer": _load_balancer,
    "aws:lb/targetGroup:TargetGroup": _target_group,
    "aws:organizations/organization:Organization": _organization,
    "aws:route53/zone:Zone": _zone,
    "aws:s3/bucket:Bucket": _bucket,
    "datadog:aws/integrationAccount:IntegrationAccount": _datadog_account,
}


def _hex(seed: str, digits: int) -> str:
    return hashlib.sha256(seed.encode()).hexdigest()[:digits]


def _uuid(seed: str) -> str:
    return str(UUID(_hex(seed, 32)))


def _digits(seed: str, digits: int) -> str:
    return str(int(_hex(seed, 32), 16))[1 : digits + 1]


def _letters(seed: str, count: int) -> str:
    return "".join(_LETTERS[int(_hex(f"{seed} {i}", 4), 16) % 36] for i in range(count))
