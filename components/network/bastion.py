"""Bastion: the host of an environment that people log in to; renews itself and keeps its address."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.security.iam import allow, aws_managed_arn, deny, policy_document, trust_service
from components.security.names import BASTION_PEOPLE

# The smallest with the memory that the package manager needs. Nothing but SSH runs here.
INSTANCE_TYPE = "t4g.micro"
# Resolved at each launch. The template keeps this text, so a new release is never part of an unrelated
# deploy: it comes with the next replacement. Clusters pin theirs, because there a replacement moves tasks.
# https://docs.aws.amazon.com/autoscaling/ec2/userguide/using-systems-manager-parameters.html
IMAGE = "resolve:ssm:/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-arm64"
# Amazon Linux 2023 is released about every two weeks, so a host is never much more than one release behind.
# Auto Scaling allows a day at the least.
MAX_LIFETIME_SECONDS = 14 * 24 * 3600
# From the launch until the host has its address.
WARMUP_SECONDS = 180


@dataclass(frozen=True, kw_only=True)
class BastionArgs:
    """Where the bastion stands and who may knock; all else is the same in every environment."""

    vpc_id: pulumi.Input[str]
    vpc_cidr: str
    public_subnet_ids: Sequence[pulumi.Input[str]]
    region: str
    public_key: str
    """OpenSSH; EC2 takes ssh-ed25519 and ssh-rsa."""
    people_keys: Mapping[str, str]
    """User name to OpenSSH key, of everybody who may enter beside that key."""
    ssh_cidrs: tuple[str, ...]
    """IPv4; where none is listed, Session Manager is the only way in."""
    zone_id: pulumi.Input[str]
    domain: str
    """The zone's; the host is bastion.DOMAIN."""


class Bastion(pulumi.ComponentResource):
    """One Amazon Linux host in an Auto Scaling group, for Session Manager and, from listed networks, SSH.

    It is replaced when its template changes (a new key, say), when it fails, and every two weeks for the
    latest image. The successor starts first and takes the address over as the last step of its boot; sessions
    end when the address moves, and for a few minutes there are two hosts.
    """

    address: pulumi.Output[str]
    """IPv4."""
    host_name: str
    security_group_id: pulumi.Output[str]
    """What else is to be reached from here lets this group in."""

    def __init__(self, name: str, args: BastionArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("slipway:network:Bastion", name, None, opts)
        self._name = name
        self._args = args
        child = pulumi.ResourceOptions(parent=self)

        address = aws.ec2.Eip(f"{name}-address", domain="vpc", tags={"Name": name}, opts=child)
        host_name = f"bastion.{args.domain}"
        aws.route53.Record(
            f"{name}-record",
            zone_id=args.zone_id,
            name=host_name,
            type="A",
            ttl=300,
            records=[address.public_ip],
            opts=child,
        )
        aws.ssm.Parameter(
            f"{name}-people",
            name=BASTION_PEOPLE,
            type="String",
            # Above 4 KiB it costs something, and takes 8.
            tier="Intelligent-Tiering",
            insecure_value=authorized_keys(args.people_keys),  # public keys: the plan may show who enters
            opts=child,
        )
        security_group = self._create_security_group()
        profile, permissions = self._create_profile(address)
        template = self._create_template(address, security_group, profile)
        aws.autoscaling.Group(
            f"{name}-group",
            min_size=1,
            max_size=1,
            vpc_zone_identifiers=args.public_subnet_ids,
            launch_template=aws.autoscaling.GroupLaunchTemplateArgs(
                id=template.id, version=template.latest_version.apply(str)
            ),
            health_check_type="EC2",
            default_instance_warmup=WARMUP_SECONDS,
            max_instance_lifetime=MAX_LIFETIME_SECONDS,
            instance_maintenance_policy=aws.autoscaling.GroupInstanceMaintenancePolicyArgs(
                min_healthy_percentage=100, max_healthy_percentage=200
            ),
            # With the maintenance policy's percentages. AWS has no rollback where the image is a parameter:
            # https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_RollbackInstanceRefresh.html
            instance_refresh=aws.autoscaling.GroupInstanceRefreshArgs(strategy="Rolling"),
            tags=[aws.autoscaling.GroupTagArgs(key="Name", value=name, propagate_at_launch=False)],
            # The first host asks for its address within a minute.
            opts=pulumi.ResourceOptions(parent=self, depends_on=permissions),
        )

        self.address = address.public_ip
        self.host_name = host_name
        self.security_group_id = security_group.id
        self.register_outputs(
            {
                "address": self.address,
                "host_name": self.host_name,
                "security_group_id": self.security_group_id,
            }
        )

    def _create_security_group(self) -> aws.ec2.SecurityGroup:
        name, args = self._name, self._args
        child = pulumi.ResourceOptions(parent=self)
        group = aws.ec2.SecurityGroup(
            f"{name}-security-group",
            description="Bastion",
            vpc_id=args.vpc_id,
            tags={"Name": name},
            opts=child,
        )
        for cidr in args.ssh_cidrs:
            aws.vpc.SecurityGroupIngressRule(
                f"{name}-ssh-{cidr.replace('/', '-')}",
                security_group_id=group.id,
                description="SSH",
                ip_protocol="tcp",
                from_port=22,
                to_port=22,
                cidr_ipv4=cidr,
                opts=child,
            )
        aws.vpc.SecurityGroupEgressRule(
            f"{name}-into-vpc",
            security_group_id=group.id,
            description="Whatever in the VPC lets the bastion in",
            ip_protocol="tcp",
            from_port=0,
            to_port=65535,
            cidr_ipv4=args.vpc_cidr,
            opts=child,
        )
        aws.vpc.SecurityGroupEgressRule(
            f"{name}-https",
            security_group_id=group.id,
            description="AWS APIs and packages",
            ip_protocol="tcp",
            from_port=443,
            to_port=443,
            cidr_ipv4="0.0.0.0/0",
            opts=child,
        )
        return group

    def _create_profile(self, address: aws.ec2.Eip) -> tuple[aws.iam.InstanceProfile, list[pulumi.Resource]]:
        """The host's instance profile, and what must be in place before it is of use."""
        name = self._name
        child = pulumi.ResourceOptions(parent=self)
        role = aws.iam.Role(
            f"{name}-role",
            assume_role_policy=policy_document(trust_service("ec2.amazonaws.com")),
            opts=child,
        )
        session_manager = aws.iam.RolePolicyAttachment(
            f"{name}-session-manager",
            role=role.name,
            policy_arn=aws_managed_arn("AmazonSSMManagedInstanceCore"),
            opts=child,
        )
        ec2 = f"arn:aws:ec2:{self._args.region}:*"
        policy = aws.iam.RolePolicy(
            f"{name}-policy",
            role=role.name,
            policy=policy_document(
                allow("TakeTheAddress", "ec2:AssociateAddress", address.arn),
                allow(
                    "ForBastionsOnly",
                    ["ec2:AssociateAddress"],
                    [f"{ec2}:instance/*", f"{ec2}:network-interface/*"],
                    {"StringEquals": {"aws:ResourceTag/Name": name}},
                ),
                # The managed policy reads every parameter, and services keep secrets in some.
                deny(
                    "NoOtherParameters",
                    ["ssm:GetParameter", "ssm:GetParameters"],
                    not_resources=f"arn:aws:ssm:{self._args.region}:*:parameter{BASTION_PEOPLE}",
                ),
            ),
            opts=child,
        )
        profile = aws.iam.InstanceProfile(f"{name}-profile", role=role.name, opts=child)
        return profile, [session_manager, policy]

    def _create_template(
        self, address: aws.ec2.Eip, security_group: aws.ec2.SecurityGroup, profile: aws.iam.InstanceProfile
    ) -> aws.ec2.LaunchTemplate:
        name, args = self._name, self._args
        child = pulumi.ResourceOptions(parent=self)
        # EC2 cannot change a key pair, so a new key is a new pair, a new template version and a new host.
        key = aws.ec2.KeyPair(f"{name}-key", public_key=args.public_key, opts=child)
        return aws.ec2.LaunchTemplate(
            f"{name}-template",
            image_id=IMAGE,
            instance_type=INSTANCE_TYPE,
            key_name=key.key_name,
            iam_instance_profile=aws.ec2.LaunchTemplateIamInstanceProfileArgs(arn=profile.arn),
            network_interfaces=[
                aws.ec2.LaunchTemplateNetworkInterfaceArgs(
                    # A way to the API that gives it the fixed one; released at that moment.
                    associate_public_ip_address="true",
                    security_groups=[security_group.id],
                    delete_on_termination="true",
                )
            ],
            block_device_mappings=[
                aws.ec2.LaunchTemplateBlockDeviceMappingArgs(
                    device_name="/dev/xvda",
                    ebs=aws.ec2.LaunchTemplateBlockDeviceMappingEbsArgs(
                        encrypted="true", volume_type="gp3", volume_size=8, delete_on_termination="true"
                    ),
                )
            ],
            metadata_options=aws.ec2.LaunchTemplateMetadataOptionsArgs(
                http_endpoint="enabled", http_tokens="required", http_put_response_hop_limit=1
            ),
            # Name and the provider's default tags, which do not reach what a template launches.
            tag_specifications=[
                aws.ec2.LaunchTemplateTagSpecificationArgs(resource_type=kind, tags=security_group.tags_all)
                for kind in ("instance", "network-interface", "volume")
            ],
            user_data=address.allocation_id.apply(lambda allocation: user_data(allocation, args.region)),
            opts=child,
        )


def authorized_keys(people: Mapping[str, str]) -> str:
    """The lines of `authorized_keys`: type, key and user name; SSM takes no empty value."""
    lines = [" ".join((*key.split(" ")[:2], user)) for user, key in sorted(people.items())]
    return "\n".join(["# People of Pulumi.ops.yaml", *lines])


def user_data(allocation_id: str, region: str) -> str:
    """The host's first boot, in Base64: harden sshd, learn people's keys, then take the address."""
    script = f"""\
#!/bin/bash
set -euo pipefail

# sshd keeps the first value that it reads, and it reads these files in the order of their names.
install --mode 600 /dev/stdin /etc/ssh/sshd_config.d/00-bastion.conf <<'EOF'
AllowUsers ec2-user
AuthenticationMethods publickey
AuthorizedKeysFile .ssh/authorized_keys /etc/ssh/people_keys
PermitRootLogin no
PasswordAuthentication no
KbdInteractiveAuthentication no
# People jump (ssh -J); an agent that is forwarded would lend their keys to whoever is root here.
AllowAgentForwarding no
X11Forwarding no
LoginGraceTime 30
ClientAliveInterval 300
EOF
sshd -t
systemctl reload sshd

# Whoever leaves is out within a minute. Where AWS does not answer, the keys stay as they were.
install --mode 755 /dev/stdin /usr/local/sbin/people-keys <<'EOF'
#!/bin/bash
set -euo pipefail
umask 022
aws ssm get-parameter --region '{region}' --name '{BASTION_PEOPLE}' --query Parameter.Value --output text \\
  --cli-connect-timeout 10 --cli-read-timeout 10 > /etc/ssh/people_keys.new
mv /etc/ssh/people_keys.new /etc/ssh/people_keys
EOF
install --mode 644 /dev/stdin /etc/systemd/system/people-keys.service <<'EOF'
[Service]
Type=oneshot
ExecStart=/usr/local/sbin/people-keys
EOF
install --mode 644 /dev/stdin /etc/systemd/system/people-keys.timer <<'EOF'
[Timer]
OnActiveSec=0
OnUnitInactiveSec=60
AccuracySec=1

[Install]
WantedBy=timers.target
EOF
systemctl enable --now people-keys.timer

# Last, so that a host that does not get here takes nothing over. The answer may be lost with the old address.
instance_id="$(cloud-init query instance_id)"
until aws ec2 associate-address --region '{region}' --allocation-id '{allocation_id}' \\
  --instance-id "$instance_id" --allow-reassociation --cli-connect-timeout 10 --cli-read-timeout 10; do
  sleep 5
done
"""
    return base64.b64encode(script.encode()).decode()
