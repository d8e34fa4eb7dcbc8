"""The kinds of values that configuration is made of, and the base that every model shares."""

from __future__ import annotations

import re
from collections.abc import Callable
from ipaddress import IPv4Network
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

Role = Literal["administrator", "developer", "read_only"]
Exposure = Literal["internal", "public"]

OPS = "ops"
"""The stack of the account that people log in to. Every other stack is an environment."""


class Model(BaseModel):
    """Frozen, no unknown keys, no silent conversions; units stand in the field names."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, validate_default=True)


def _matches(pattern: str, allowed: str) -> Callable[[str], str]:
    compiled = re.compile(pattern, re.ASCII)  # as JavaScript, and so an editor, reads it

    def check(value: str) -> str:
        if not compiled.fullmatch(value):
            raise ValueError(allowed)
        return value

    return check


def text(pattern: str, allowed: str) -> tuple[object, object]:
    """A pattern for the JSON Schema, and the same pattern with an answer that people understand.

    Editors show `patternErrorMessage`, an addition of VS Code's to JSON Schema; so do the tables in docs/.
    """
    return (
        Field(json_schema_extra={"pattern": f"^(?:{pattern})$", "patternErrorMessage": allowed}),
        AfterValidator(_matches(pattern, allowed)),
    )


# 20 characters leave room for "-tg", a dash and Pulumi's 7 random characters in a target group's 32
# (https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateTargetGroup.html).
ServiceName = Annotated[
    str,
    *text(
        r"(?=.{2,20}$)[a-z](?:-?[a-z0-9])+",
        "2 to 20 characters: a-z, 0-9 and single dashes inside, starting with a letter",
    ),
]
# 14 characters leave room for "-internal", a dash and 7 random characters in a load balancer's 32. Its name
# may not begin with "internal-", a security group's not with "sg-", a capacity provider's not with aws, ecs
# or fargate (CreateLoadBalancer, CreateSecurityGroup and CreateCapacityProvider in AWS's API references).
ClusterName = Annotated[
    str,
    *text(
        r"(?=.{2,14}$)(?!aws|ecs|fargate|internal(?:-|$)|sg(?:-|$))[a-z](?:-?[a-z0-9])+",
        "2 to 14 characters: a-z, 0-9 and single dashes inside, starting with a letter; "
        "not starting with aws, ecs, fargate, internal- or sg-, which AWS keeps for itself",
    ),
]
TeamName = Annotated[
    str,
    *text(
        r"(?=.{2,30}$)[a-z](?:-?[a-z0-9])+",
        "2 to 30 characters: a-z, 0-9 and single dashes inside, starting with a letter",
    ),
]
UserName = Annotated[
    str,
    *text(
        r"(?=.{2,32}$)[a-z](?:[.-]?[a-z0-9])+",
        "2 to 32 characters: a-z, 0-9, single dots and dashes inside, starting with a letter",
    ),
]
Slug = Annotated[
    str,
    *text(
        r"(?=.{2,20}$)[a-z](?:-?[a-z0-9])+",
        "2 to 20 characters: a-z, 0-9 and single dashes inside, starting with a letter",
    ),
]
# Stands in COMPANY-NAME-access-logs-ACCOUNT, which S3 allows 63 characters; in the statement ids of the state bucket's
# policy, which take no dash and are told apart by the letter behind it; in the roles delegate-NAME and
# delegate-NAME-preview; in the key alias pulumi-NAME beside pulumi-state; and in NAME.DOMAIN (`checks.platform`).
EnvironmentName = Annotated[
    str,
    *text(
        r"(?=.{2,11}$)(?!(?:ops|state)$)(?!.*-preview$)[a-z][a-z0-9]*(?:-[a-z][a-z0-9]*)*",
        "2 to 11 characters: a-z, 0-9 and single dashes inside, with a letter first and behind each dash; "
        "not ops or state, and not ending in -preview, which the platform uses itself",
    ),
]
AccountId = Annotated[str, *text(r"\d{12}", "an AWS account id: 12 digits, quoted")]
Region = Annotated[str, *text(r"[a-z]{2}(?:-[a-z]+)+-\d", "an AWS region, such as us-east-1")]
AvailabilityZone = Annotated[str, *text(r"[a-z]{2}(?:-[a-z]+)+-\d[a-z]", "an availability zone, such as us-east-1a")]
ZoneId = Annotated[str, *text(r"Z[A-Z0-9]{6,31}", "a Route 53 hosted zone id, such as Z0123456789ABCDEFGHIJ")]
# A certificate's first name, the environment's and the domain, such as "stage." and 58, has at most 64 characters
# (https://docs.aws.amazon.com/acm/latest/APIReference/API_RequestCertificate.html, DomainName).
DomainName = Annotated[
    str,
    *text(
        r"(?=.{1,58}$)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}",
        "a domain name in lower case of at most 58 characters, such as acme.example",
    ),
]
# https://www.rfc-editor.org/rfc/rfc1035#section-2.3.4
HostName = Annotated[
    str,
    *text(
        r"(?=.{1,253}$)(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z]{2,63}",
        "a DNS name, such as old-123456.us-east-1.elb.amazonaws.com",
    ),
]
Email = Annotated[str, *text(r"[^@\s]+@[^@\s]+\.[a-z]{2,63}", "an e-mail address")]
# https://docs.aws.amazon.com/organizations/latest/APIReference/API_CreateAccount.html (Email)
RootEmail = Annotated[
    str, *text(r"(?=.{6,64}$)[^@\s]+@[^@\s]+\.[a-z]{2,63}", "an e-mail address of 6 to 64 characters")
]
GitHubRepository = Annotated[
    str, *text(r"[A-Za-z0-9][A-Za-z0-9-]{0,38}/[A-Za-z0-9._-]{1,100}", "a GitHub repository as OWNER/NAME")
]
SshPublicKey = Annotated[
    str,
    *text(
        r"(?:ssh-ed25519|ssh-rsa) [A-Za-z0-9+/]{40,}={0,3}(?: \S.*)?",
        "an OpenSSH public key, ssh-ed25519 or ssh-rsa: ssh-ed25519 AAAA... comment",
    ),
]
# https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_CreateSecret.html (Name)
SecretsManagerName = Annotated[
    str, *text(r"[A-Za-z0-9_.-]+(?:/[A-Za-z0-9_.-]+)*", "the name of a secret, such as datadog/api-key")
]
AgentVersion = Annotated[str, *text(r"\d+\.\d+\.\d+", "a release of public.ecr.aws/datadog/agent, such as 7.72.1")]
# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_CreateQueue.html (QueueName)
QueueName = Annotated[
    str,
    *text(r"[A-Za-z0-9_-]{1,75}(?:\.fifo)?", "the name of an SQS queue: letters, digits, _ and -; .fifo may follow"),
]
# https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html (FunctionName)
LambdaName = Annotated[str, *text(r"[A-Za-z0-9_-]{1,64}", "the name of a Lambda function, such as datadog-forwarder")]
# https://docs.datadoghq.com/api/latest/aws-logs-integration/#get-list-of-aws-log-ready-services
LogSource = Annotated[
    str, *text(r"[a-z0-9]+(?:-[a-z0-9]+)*", "a service whose logs Datadog subscribes to, such as elbv2, s3 or waf")
]
# https://docs.datadoghq.com/api/latest/aws-integration/#list-available-namespaces
CloudWatchNamespace = Annotated[
    str, *text(r"[A-Za-z0-9]+(?:/[A-Za-z0-9]+)+", "a namespace of CloudWatch metrics, such as AWS/EC2")
]
# https://docs.datadoghq.com/getting_started/tagging/#define-tags; an exclamation mark leaves out what has the tag
DatadogTag = Annotated[str, *text(r"!?[a-z][a-z0-9_./-]*:[a-z0-9_./*?-]+", "a tag as KEY:VALUE, such as team:growth")]
Handle = Annotated[
    str, *text(r"@[A-Za-z0-9][A-Za-z0-9@._-]*", "a Datadog notification handle, such as @slack-payments")
]
# https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateRole.html (RoleName)
RoleName = Annotated[str, *text(r"[A-Za-z0-9_+=,.@-]{1,64}", "the name of an IAM role, such as deploy or preview")]
Phone = Annotated[str, *text(r"\+?[0-9 ()-]{6,25}", "a phone number, such as +1 555 0100")]
# https://docs.aws.amazon.com/singlesignon/latest/APIReference/API_InstanceMetadata.html
IdentityCenterArn = Annotated[
    str, *text(r"arn:aws:sso:::instance/(?:sso)?ins-[a-zA-Z0-9-.]{16}", "arn:aws:sso:::instance/ssoins-...")
]
IdentityStoreId = Annotated[str, *text(r"d-[0-9a-f]{10}", "an identity store id, such as d-1234567890")]
# https://www.rfc-editor.org/rfc/rfc3986#section-3.3, without what would need escaping
UrlPath = Annotated[str, *text(r"/[A-Za-z0-9._~!$&'()*+,;=:@%/-]{0,1023}", 'a path that begins with "/"')]
HttpsUrl = Annotated[str, *text(r"https://[^\s/]+(?:/\S*)?", "an https:// address")]
EnvironmentVariable = Annotated[
    str,
    *text(
        r"(?!AWS_|DD_|ECS_)[A-Za-z_][A-Za-z0-9_]*",
        "a variable name: letters, digits and underscores, no digit first; "
        "not starting with AWS_, DD_ or ECS_, which the platform sets",
    ),
]
InstanceFamily = Annotated[str, *text(r"[a-z][a-z0-9-]*", "a family of EC2 instance types, such as m6i")]
InstanceTypeName = Annotated[
    str, *text(r"[a-z][a-z0-9-]*\.[a-z0-9]+", "an EC2 instance type as FAMILY.SIZE, such as m7i.large")
]


AmiRelease = Annotated[
    str,
    *text(
        r"2023\.\d+\.\d{8}-kernel-\d+\.\d+",
        "a release of the ECS-optimized AL2023 image, such as 2023.0.20261110-kernel-6.1",
    ),
]

_PRIVATE = tuple(IPv4Network(cidr) for cidr in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"))  # RFC 1918
_DOCKER = IPv4Network("172.17.0.0/16")
"""The default network of Docker's bridge on every host, which hides a VPC of the same addresses."""


_VPC = (
    f"a private network (RFC 1918) of /16 to /20 outside Docker's {_DOCKER}, "
    "with no bits set behind the prefix, such as 10.20.0.0/16"
)
_IPV4 = "an IPv4 network with no bits set behind the prefix, such as 172.31.0.0/16"
_SSH = "an IPv4 network of /16 or smaller, with no bits set behind the prefix, such as 198.51.100.0/24"


def _vpc(cidr: object) -> object:
    network = _network(cidr)
    # AWS allows a VPC /16 to /28; below /20 three zones of public and private subnets have too few addresses.
    if (
        network is None
        or not 16 <= network.prefixlen <= 20
        or not any(network.subnet_of(range_) for range_ in _PRIVATE)
        or network.overlaps(_DOCKER)
    ):
        raise ValueError(_VPC)
    return cidr


def _ipv4(cidr: object) -> object:
    if _network(cidr) is None:
        raise ValueError(_IPV4)
    return cidr


def _narrow(cidr: str) -> str:
    network = _network(cidr)
    if network is None or network.prefixlen < 16:
        raise ValueError(_SSH)
    return str(network)


def _network(cidr: object) -> IPv4Network | None:
    try:
        return IPv4Network(cidr) if isinstance(cidr, str) else None
    except ValueError:
        return None


_OCTETS = r"^\d{1,3}(?:\.\d{1,3}){3}"

VpcCidr = Annotated[
    IPv4Network,
    Field(json_schema_extra={"pattern": rf"{_OCTETS}/(?:1[6-9]|20)$", "patternErrorMessage": _VPC}),
    BeforeValidator(_vpc),
]
Ipv4Cidr = Annotated[
    IPv4Network,
    Field(json_schema_extra={"pattern": rf"{_OCTETS}/(?:[12]?\d|3[0-2])$", "patternErrorMessage": _IPV4}),
    BeforeValidator(_ipv4),
]
SshCidr = Annotated[
    str,
    Field(json_schema_extra={"pattern": rf"{_OCTETS}(?:/(?:1[6-9]|2\d|3[0-2]))?$", "patternErrorMessage": _SSH}),
    AfterValidator(_narrow),
]
Port = Annotated[int, Field(ge=1, le=65535)]
Percent = Annotated[int, Field(ge=1, le=100)]
