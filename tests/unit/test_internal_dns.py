"""InternalDns: what its children are asked to be."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pulumi
import pulumi_aws as aws
import pytest
from pulumi.runtime import mocks
from pulumi_aws.acm.outputs import CertificateDomainValidationOption

from components.network.internal_dns import InternalDns, InternalDnsArgs, validation_option
from tests.cloud import Cloud


def dns(use: Callable[[InternalDns], object] = lambda _: None) -> Callable[[], None]:
    def program() -> None:
        account = aws.Provider("account", region="us-east-1")
        args = InternalDnsArgs(
            domain="stage.acme.example",
            internal_domain="internal.stage.acme.example",
            vpc_id="vpc-1",
            root_zone_id="Z0ROOT",
            root_provider=aws.Provider("root", region="us-east-1"),
        )
        use(InternalDns("dns", args, pulumi.ResourceOptions(providers=[account])))

    return program


def provider_of(cloud: Cloud, type_: str, name: str) -> str:
    return cloud.get(type_, name).provider.split("::")[-2]


def test_public_zone_is_protected(cloud: Cloud) -> None:
    cloud.deploy(dns())
    zone = cloud.get("aws:route53/zone:Zone", "dns-public")
    assert zone.protect
    assert zone.inputs == {"name": "stage.acme.example", "comment": "Public names"}


def test_private_zone_is_protected_and_seen_from_the_vpc_alone(cloud: Cloud) -> None:
    cloud.deploy(dns())
    zone = cloud.get("aws:route53/zone:Zone", "dns-private")
    assert zone.protect
    assert zone.inputs == {
        "name": "internal.stage.acme.example",
        "comment": "Internal names",
        "vpcs": [{"vpcId": "vpc-1"}],
    }


def test_delegation_is_written_into_the_root_zone(cloud: Cloud) -> None:
    cloud.deploy(dns())
    assert cloud.one("aws:route53/record:Record", "dns-delegation") == {
        "zoneId": "Z0ROOT",
        "name": "stage.acme.example",
        "type": "NS",
        "ttl": 3600,
        "records": "${dns-public.nameServers}",
    }


def test_only_the_delegation_goes_to_the_root_provider(cloud: Cloud) -> None:
    cloud.deploy(dns())
    children = [child for child in cloud.resources if child.custom and not child.type.startswith("pulumi:providers:")]
    by_root = [child.name for child in children if provider_of(cloud, child.type, child.name) == "root"]
    by_account = [child for child in children if provider_of(cloud, child.type, child.name) == "account"]
    assert by_root == ["dns-delegation"]
    assert len(by_account) == len(children) - 1


def test_every_child_hangs_below_the_component(cloud: Cloud) -> None:
    cloud.deploy(dns())
    component = cloud.get("slipway:dns:InternalDns")
    assert {child.parent for child in cloud.resources if child.name.startswith("dns-")} == {component.urn}


def test_only_amazon_may_issue_certificates(cloud: Cloud) -> None:
    cloud.deploy(dns())
    assert cloud.one("aws:route53/record:Record", "dns-authorities") == {
        "zoneId": "${dns-public.zoneId}",
        "name": "stage.acme.example",
        "type": "CAA",
        "ttl": 300,
        "records": ['0 issue "amazon.com"'],
    }


def test_certificate_is_for_the_domain_and_both_wildcards(cloud: Cloud) -> None:
    cloud.deploy(dns())
    assert cloud.one("aws:acm/certificate:Certificate") == {
        "domainName": "stage.acme.example",
        "subjectAlternativeNames": ["*.stage.acme.example", "*.internal.stage.acme.example"],
        "validationMethod": "DNS",
        "tags": {"Name": "stage.acme.example"},
    }


def test_certificate_is_asked_for_when_amazon_may_issue_it(cloud: Cloud) -> None:
    cloud.deploy(dns())
    authorities = cloud.get("aws:route53/record:Record", "dns-authorities")
    assert authorities.urn in cloud.get("aws:acm/certificate:Certificate").dependencies


@pytest.mark.parametrize(("role", "name"), [("public", 0), ("internal", 2)])
def test_a_proof_is_of_one_of_the_names_of_the_certificate(cloud: Cloud, role: str, name: int) -> None:
    cloud.deploy(dns())
    assert cloud.one("aws:route53/record:Record", f"dns-validation-{role}") == {
        "zoneId": "${dns-public.zoneId}",
        "name": f"${{dns-certificate.domainValidationOptions[{name}].resourceRecordName}}",
        "type": "CNAME",
        "ttl": 300,
        "records": [f"${{dns-certificate.domainValidationOptions[{name}].resourceRecordValue}}"],
        "allowOverwrite": True,
    }


class KnowingCloud(Cloud):
    """Answers for the certificate as AWS does: in any order, a name and its wildcard with the same record."""

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        id_, outputs = super().new_resource(args)
        if args.typ == "aws:acm/certificate:Certificate":
            outputs["domainValidationOptions"] = [
                _option("*.internal.stage.acme.example", "_x2.internal.stage.acme.example."),
                _option("*.stage.acme.example", "_x1.stage.acme.example."),
                _option("stage.acme.example", "_x1.stage.acme.example."),
            ]
        return id_, outputs


def _option(domain: str, record: str) -> dict[str, str]:
    return {
        "domainName": domain,
        "resourceRecordName": record,
        "resourceRecordType": "CNAME",
        "resourceRecordValue": f"{record}proof.",
    }


def test_two_records_prove_three_names() -> None:
    cloud = KnowingCloud()
    cloud.deploy(dns())
    proofs = [
        record.inputs for record in cloud.all("aws:route53/record:Record") if record.name.startswith("dns-validation-")
    ]
    assert [(proof["name"], proof["records"]) for proof in proofs] == [
        ("_x2.internal.stage.acme.example.", ["_x2.internal.stage.acme.example.proof."]),
        ("_x1.stage.acme.example.", ["_x1.stage.acme.example.proof."]),
    ]


def test_validation_option_is_found_by_its_domain() -> None:
    options = [
        CertificateDomainValidationOption(domain_name=domain, resource_record_name=f"_{domain}")
        for domain in ("*.acme.example", "acme.example")
    ]
    assert validation_option(options, "acme.example").resource_record_name == "_acme.example"


def test_validation_waits_for_both_proofs_and_for_the_delegation(cloud: Cloud) -> None:
    cloud.deploy(dns())
    validation = cloud.get("aws:acm/certificateValidation:CertificateValidation")
    assert validation.inputs == {
        "certificateArn": "${dns-certificate.arn}",
        "validationRecordFqdns": ["${dns-validation-public.fqdn}", "${dns-validation-internal.fqdn}"],
    }
    assert cloud.get("aws:route53/record:Record", "dns-delegation").urn in validation.dependencies


def test_certificate_is_given_out_when_it_is_issued(cloud: Cloud) -> None:
    def listener(built: InternalDns) -> None:
        aws.lb.ListenerCertificate("user", listener_arn="listener", certificate_arn=built.certificate_arn)

    cloud.deploy(dns(listener))
    validation = cloud.get("aws:acm/certificateValidation:CertificateValidation")
    user = cloud.get("aws:lb/listenerCertificate:ListenerCertificate")
    assert user.inputs["certificateArn"] == "${dns-certificate.arn}"
    assert validation.urn in user.dependencies


def test_outputs(cloud: Cloud) -> None:
    cloud.deploy(dns())
    assert cloud.outputs[cloud.get("slipway:dns:InternalDns").urn] == {
        "public_zone_id": "${dns-public.zoneId}",
        "private_zone_id": "${dns-private.zoneId}",
        "certificate_arn": "${dns-certificate.arn}",
        "domain": "stage.acme.example",
        "internal_domain": "internal.stage.acme.example",
    }
