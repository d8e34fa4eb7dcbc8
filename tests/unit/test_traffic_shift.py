import json
from typing import Any

import pulumi
import pulumi_aws as aws
import pytest

from components.network.load_balancer import LoadBalancer
from components.network.traffic_shift import TrafficShift, TrafficShiftArgs
from config.migration import Shift
from tests.cloud import Cloud
from tests.unit.examples import a_load_balancer

RECORD = "aws:route53/record:Record"
CHECK = "aws:route53/healthCheck:HealthCheck"

OLD = {
    "target": "old-prod.us-west-2.elb.amazonaws.com",
    "target_zone_id": "Z0OLDELB",
    "health_host": "old.acme.example",
    "health_path": "/health",
}
LADDER = (0, 1, 5, 10, 25, 50, 75, 100)


class ShiftCloud(Cloud):
    """A cloud that has a validation record for each certificate."""

    def new_resource(self, args: Any) -> tuple[str | None, dict[str, Any]]:
        id_, outputs = super().new_resource(args)
        if args.typ == "aws:acm/certificate:Certificate":
            outputs["domainValidationOptions"] = [
                {
                    "domainName": args.inputs["domainName"],
                    "resourceRecordName": "_proof.api.acme.example",
                    "resourceRecordType": "CNAME",
                    "resourceRecordValue": "_value.acm-validations.aws",
                }
            ]
        return id_, outputs


@pytest.fixture
def cloud() -> Cloud:
    return ShiftCloud()


def deploy(cloud: Cloud, **changes: Any) -> None:
    """`changes` are a Shift's, as its file would say them."""
    said = {"host": "api.acme.example", "service": "gateway", "old": OLD, **changes}

    def program() -> None:
        here = pulumi.ResourceOptions(providers=[aws.Provider("prod", region="us-east-1")])
        args = TrafficShiftArgs(
            shift=Shift.model_validate_json(json.dumps(said)),
            zone_id="root-zone",
            zone_provider=aws.Provider("ops", region="us-east-1"),
            balancer=LoadBalancer("api-public", a_load_balancer(), here),
            health_host="gateway.prod.acme.example",
            health_path="/healthz",
        )
        TrafficShift("api", args, here)

    cloud.deploy(program)


def weights(cloud: Cloud) -> dict[str, int]:
    return {
        r.inputs["setIdentifier"]: r.inputs["weightedRoutingPolicies"][0]["weight"]
        for r in cloud.all(RECORD)
        if "setIdentifier" in r.inputs
    }


@pytest.mark.parametrize("percent", LADDER)
def test_weights_are_percentages(cloud: Cloud, percent: int) -> None:
    deploy(cloud, new_percent=percent)
    assert weights(cloud) == {"old": 100 - percent, "new": percent}


def test_a_step_changes_two_weights_and_nothing_else(cloud: Cloud) -> None:
    deploy(cloud, new_percent=1)
    after = ShiftCloud()
    deploy(after, new_percent=5)
    before = {r.urn: r for r in cloud.resources}
    changed = {r.name: before[r.urn] for r in after.resources if r != before[r.urn]}
    assert set(changed) == {"api-old", "api-new"}
    for resource in after.resources:
        if resource.name in changed and resource.type == RECORD:
            old, new = dict(changed[resource.name].inputs), dict(resource.inputs)
            assert old.pop("weightedRoutingPolicies") != new.pop("weightedRoutingPolicies")
            assert old == new


def test_both_ends_are_checked_from_outside_by_hosts_of_their_own(cloud: Cloud) -> None:
    deploy(cloud)
    checks = {r.name: r.inputs for r in cloud.all(CHECK)}
    assert {name: (c["fqdn"], c["resourcePath"], c["type"], c["port"]) for name, c in checks.items()} == {
        "api-old": ("old.acme.example", "/health", "HTTPS", 443),
        "api-new": ("gateway.prod.acme.example", "/healthz", "HTTPS", 443),
    }
    assert {r.name: r.inputs.get("healthCheckId") for r in cloud.all(RECORD)} == {
        "api-new": "api-new-id",
        "api-old": "api-old-id",
        "api-proof": None,
    }


def test_records_and_checks_are_in_the_zones_account_and_the_certificate_at_the_listener(cloud: Cloud) -> None:
    deploy(cloud)
    for resource in [*cloud.all(RECORD), *cloud.all(CHECK)]:
        assert "::ops::" in resource.provider
    listener = cloud.get("aws:lb/listenerCertificate:ListenerCertificate")
    assert "::prod::" in listener.provider
    assert listener.inputs["listenerArn"] == "${api-public-https.arn}"
    assert listener.urn in cloud.get(RECORD, "api-new").dependencies


def test_an_old_end_outside_of_aws_needs_cnames(cloud: Cloud) -> None:
    outside = OLD | {"target": "lb.old-hoster.example", "target_zone_id": None}
    deploy(cloud, alias=False, old=outside)
    records = {r.name: r.inputs for r in cloud.all(RECORD)}
    for name, target in (("api-old", "lb.old-hoster.example"), ("api-new", "${api-public.dnsName}")):
        assert (records[name]["type"], records[name]["ttl"], records[name]["records"]) == ("CNAME", 60, [target])
        assert "aliases" not in records[name]


def test_a_retired_end_is_gone_and_the_record_stays_weighted(cloud: Cloud) -> None:
    deploy(cloud, new_percent=100, old=None)
    assert weights(cloud) == {"new": 100}
