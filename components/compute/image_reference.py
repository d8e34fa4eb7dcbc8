"""How an image is referred to: Docker Hub's by way of the cache, the company's own in ECR, any other's as it is."""

from __future__ import annotations

import re
from dataclasses import dataclass

CACHE_PREFIX = "docker-hub"
"""Below it an account's ECR keeps what came from Docker Hub."""

PULL = ("ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer")
"""The IAM actions that pulling an image from ECR takes."""

_ECR = re.compile(
    r"(?P<host>(?P<account_id>\d{12})\.dkr\.ecr\.(?P<region>[a-z0-9-]+)\.amazonaws\.com)"
    r"/(?P<repository>[^:@]+)[:@](?P<version>.+)"
)


@dataclass(frozen=True, kw_only=True)
class EcrImage:
    """An image in some account's ECR."""

    host: str
    account_id: str
    region: str
    repository: str
    version: str

    @property
    def repository_arn(self) -> str:
        return f"arn:aws:ecr:{self.region}:{self.account_id}:repository/{self.repository}"

    @property
    def upstream(self) -> str | None:
        """The repository on Docker Hub, where ECR only caches it."""
        prefix = f"{CACHE_PREFIX}/"
        return self.repository.removeprefix(prefix) if self.repository.startswith(prefix) else None


def ecr_image(reference: str) -> EcrImage | None:
    """What a reference says, where it is one of ECR's."""
    match = _ECR.fullmatch(reference)
    return EcrImage(**match.groupdict()) if match else None


def registry_host(account_id: str, region: str) -> str:
    """An account's ECR."""
    return f"{account_id}.dkr.ecr.{region}.amazonaws.com"


def own_image(repository: str, version: str, *, account_id: str, region: str) -> str:
    """The company's own: it stands in ECR under its name."""
    return _versioned(f"{registry_host(account_id, region)}/{repository}", version)


def public_image(repository: str, version: str, *, account_id: str, region: str) -> str:
    """Docker Hub's by way of the account's cache, any other registry's as it is."""
    if names_registry(repository):
        return _versioned(repository, version)
    path = repository if "/" in repository else f"library/{repository}"
    return own_image(f"{CACHE_PREFIX}/{path}", version, account_id=account_id, region=region)


def names_registry(repository: str) -> bool:
    """Whether the first part names a registry: it does where it holds a dot or a port, as Docker reads it
    (https://pkg.go.dev/github.com/distribution/reference)."""
    first, _, rest = repository.partition("/")
    return bool(rest and re.search(r"[.:]", first))


def _versioned(repository: str, version: str) -> str:
    return f"{repository}{'@' if version.startswith('sha256:') else ':'}{version}"
