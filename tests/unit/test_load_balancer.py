import pytest

from components.network.load_balancer import ANYWHERE, LoadBalancer
from tests.cloud import Cloud
from tests.unit.examples import a_load_balancer

INGRESS = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
EGRESS = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"
LISTENER = "aws:lb/listener:Listener"


def test_balancer_is_hardened_and_cannot_be_deleted_by_mistake(cloud: Cloud) -> None:
    cloud.deploy(lambda: LoadBalancer("api-internal", a_load_balancer()))
    assert cloud.one("aws:lb/loadBalancer:LoadBalancer") == {
        "dropInvalidHeaderFields": True,
        "enableDeletionProtection": True,
        "internal": True,
        "ipAddressType": "ipv4",
        "loadBalancerType": "application",
        "securityGroups": ["api-internal-alb-id"],
        "subnets": ["private-a", "private-b", "private-c"],
    }


def test_https_listener_answers_404_to_names_that_no_service_has(cloud: Cloud) -> None:
    cloud.deploy(lambda: LoadBalancer("api-internal", a_load_balancer()))
    assert cloud.one(LISTENER, "api-internal-https") == {
        "certificateArn": "certificate-arn",
        "defaultActions": [
            {
                "type": "fixed-response",
                "fixedResponse": {
                    "contentType": "text/plain",
                    "messageBody": "no service has this name\n",
                    "statusCode": "404",
                },
            }
        ],
        "loadBalancerArn": "${api-internal.arn}",
        "port": 443,
        "protocol": "HTTPS",
        "sslPolicy": "ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09",
    }


def test_http_is_redirected(cloud: Cloud) -> None:
    cloud.deploy(lambda: LoadBalancer("api-internal", a_load_balancer()))
    (action,) = cloud.one(LISTENER, "api-internal-http")["defaultActions"]
    assert action == {
        "type": "redirect",
        "redirect": {"port": "443", "protocol": "HTTPS", "statusCode": "HTTP_301"},
    }


def test_clients_reach_the_two_listeners_from_the_source_network_alone(cloud: Cloud) -> None:
    cloud.deploy(lambda: LoadBalancer("api-internal", a_load_balancer(clients=["10.20.0.0/16"])))
    rules = [r.inputs for r in cloud.all(INGRESS) if r.inputs["securityGroupId"] == "api-internal-alb-id"]
    assert [(r["fromPort"], r["toPort"], r["cidrIpv4"], r["ipProtocol"]) for r in rules] == [
        (443, 443, "10.20.0.0/16", "tcp"),
        (80, 80, "10.20.0.0/16", "tcp"),
    ]


def test_the_world_reaches_a_public_balancer_by_ipv6_too(cloud: Cloud) -> None:
    cloud.deploy(lambda: LoadBalancer("api-public", a_load_balancer(internal=False, clients=ANYWHERE)))
    assert cloud.one("aws:lb/loadBalancer:LoadBalancer")["ipAddressType"] == "dualstack"
    rules = [r.inputs for r in cloud.all(INGRESS) if r.inputs["securityGroupId"] == "api-public-alb-id"]
    assert {(r["fromPort"], r["toPort"], r.get("cidrIpv4"), r.get("cidrIpv6")) for r in rules} == {
        (80, 80, "0.0.0.0/0", None),
        (80, 80, None, "::/0"),
        (443, 443, "0.0.0.0/0", None),
        (443, 443, None, "::/0"),
    }


def test_hosts_accept_the_ephemeral_range_from_this_balancer_alone(cloud: Cloud) -> None:
    cloud.deploy(lambda: LoadBalancer("api-internal", a_load_balancer()))
    assert cloud.one(INGRESS, "api-internal-at-hosts") == {
        "description": "Load balancer",
        "fromPort": 32768,
        "ipProtocol": "tcp",
        "referencedSecurityGroupId": "api-internal-alb-id",
        "securityGroupId": "hosts",
        "toPort": 65535,
    }
    assert cloud.one(EGRESS) == {
        "description": "Tasks on the hosts",
        "fromPort": 32768,
        "ipProtocol": "tcp",
        "referencedSecurityGroupId": "hosts",
        "securityGroupId": "api-internal-alb-id",
        "toPort": 65535,
    }


def test_each_request_is_logged_below_the_balancers_name(cloud: Cloud) -> None:
    cloud.deploy(lambda: LoadBalancer("api-internal", a_load_balancer(access_logs_bucket="logs")))
    assert cloud.one("aws:lb/loadBalancer:LoadBalancer")["accessLogs"] == {
        "bucket": "logs",
        "enabled": True,
        "prefix": "api-internal",
    }


def test_capacity_is_ready_before_the_traffic(cloud: Cloud) -> None:
    cloud.deploy(lambda: LoadBalancer("api-public", a_load_balancer(minimum_capacity_units=500)))
    assert cloud.one("aws:lb/loadBalancer:LoadBalancer")["minimumLoadBalancerCapacity"] == {"capacityUnits": 500}


@pytest.mark.parametrize(
    ("acl", "associations"),
    [(None, []), ("acl-arn", [{"resourceArn": "${api-public.arn}", "webAclArn": "acl-arn"}])],
)
def test_firewall_stands_before_the_balancer(cloud: Cloud, acl: str | None, associations: list[dict[str, str]]) -> None:
    cloud.deploy(lambda: LoadBalancer("api-public", a_load_balancer(web_acl_arn=acl)))
    found = cloud.all("aws:wafv2/webAclAssociation:WebAclAssociation")
    assert [r.inputs for r in found] == associations


def test_the_longest_name_of_a_balancer_fits(cloud: Cloud) -> None:
    """AWS allows 32 characters, and Pulumi appends a dash and seven random ones."""
    longest = f"{'c' * 14}-internal2"
    cloud.deploy(lambda: LoadBalancer(longest, a_load_balancer()))
    assert len(cloud.get("aws:lb/loadBalancer:LoadBalancer").name) + 8 <= 32
