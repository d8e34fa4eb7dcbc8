"""The kinds of values that configuration is made of, and the base that every model shares."""

from __future__ import annotations

import re
from collections.abc import Callable
from ipaddress import IPv4Network
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

Environment = Literal["dev", "stage", "prod"]
Stack = Literal["ops", "dev", "stage", "prod"]
Role = Literal["administrator", "developer", "read_only"]

ENVIRONMENTS: tuple[Environment, ...] = ("dev", "stage", "prod")
STACKS: tuple[Stack, ...] = ("ops", *ENVIRONMENTS)


class Model(BaseModel):
    """Frozen, no unknown keys, no silent conversions; units stand in the field names."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, validate_default=True)


def _matches(pattern: str, allowed: str) -> Callable[[str], str]:
    compiled = re.compile(pattern)

    def check(value: str) -> str:
        if not compiled.fullmatch(value):
            raise ValueError(allowed)
        return value

    return check


def text(pattern: str, allowed: str) -> tuple[object, object]:
    """A pattern for the JSON Schema, and the same pattern with an answer that people understand."""
    return Field(json_schema_extra={"pattern": f"^(?:{pattern})$"}), AfterValidator(
        _matches(pattern, allowed)
    )


# 20 characters leave room for "-tg", a dash and Pulumi's 7 random characters in the 32 that AWS allows a target
# group's name (https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateTargetGroup.html).
ServiceName = Annotated[
    str,
    *text(
        r"[a-z](?:-?[a-z0-9]){1,19}",
        "2 to 20 characters: a-z, 0-9 and single dashes inside, starting with a letter",
    ),
]
# 14 characters leave room for "-internal", a dash and 7 random characters in a load balancer's 32.
ClusterName = Annotated[
    str,
    *text(
        r"[a-z](?:-?[a-z0-9]){1,13}",
        "2 to 14 characters: a-z, 0-9 and single dashes inside, starting with a letter",
    ),
]
TeamName = Annotated[
    str,
    *text(
        r"[a-z](?:-?[a-z0-9]){1,29}",
        "2 to 30 characters: a-z, 0-9 and single dashes inside, starting with a letter",
    ),
]
UserName = Annotated[
    str,
    *text(
        r"[a-z](?:[.-]?[a-z0-9]){1,31}",
        "2 to 32 characters: a-z, 0-9, single dots and dashes inside, starting with a letter",
    ),
]
Slug = Annotated[
    str,
    *text(
        r"[a-z](?:-?[a-z0-9]){1,19}",
        "2 to 20 characters: a-z, 0-9 and single dashes inside, starting with a letter",
    ),
]
AccountId = Annotated[str, *text(r"\d{12}", "an AWS account id: 12 digits, quoted")]
Region = Annotated[str, *text(r"[a-z]{2}(?:-[a-z]+)+-\d", "an AWS region, such as us-east-1")]
ZoneId = Annotated[str, *text(r"Z[A-Z0-9]{6,31}", "a Route 53 hosted zone id, such as Z0123456789ABCDEFGHIJ")]
DomainName = Annotated[
    str,
    *text(
        r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}",
        "a domain name in lower case, such as acme.example",
    ),
]
Email = Annotated[str, *text(r"[^@\s]+@[^@\s]+\.[a-z]{2,63}", "an e-mail address")]
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
Handle = Annotated[
    str, *text(r"@[A-Za-z0-9][A-Za-z0-9@._-]*", "a Datadog notification handle, such as @slack-payments")
]
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
    str, *text(r"[A-Za-z_][A-Za-z0-9_]*", "a variable name: letters, digits and underscores, no digit first")
]
InstanceTypeName = Annotated[
    str, *text(r"[a-z][a-z0-9-]*\.[a-z0-9]+", "an EC2 instance type as FAMILY.SIZE, such as m7i.large")
]


def _wide_enough(network: IPv4Network) -> IPv4Network:
    # AWS allows a VPC /16 to /28; below /20 three zones of a public and a private subnet have too few addresses.
    if not 16 <= network.prefixlen <= 20 or not network.is_private:
        raise ValueError("a private network (RFC 1918) of /16 to /20, such as 10.20.0.0/16")
    return network


VpcCidr = Annotated[IPv4Network, AfterValidator(_wide_enough)]
Port = Annotated[int, Field(ge=1, le=65535)]
Percent = Annotated[int, Field(ge=1, le=100)]
