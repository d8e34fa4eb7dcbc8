"""ImageCache: Docker Hub's images through the account's own ECR, so that scaling out never depends on Docker Hub."""

from __future__ import annotations

import re

import pulumi
import pulumi_aws as aws

PREFIX = "docker-hub"


class ImageCache(pulumi.ComponentResource):
    """A pull-through cache with its credential, whose value is put in by hand, once: see docs/first-hour.md."""

    secret_arn: pulumi.Output[str]

    def __init__(self, name: str, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("slipway:ecr:ImageCache", name, None, opts)
        # The name must start so: https://docs.aws.amazon.com/AmazonECR/latest/userguide/pull-through-cache-creating-secret.html
        secret = aws.secretsmanager.Secret(
            f"{name}-credential",
            name=f"ecr-pullthroughcache/{PREFIX}",
            description="Docker Hub user name and access token for the ECR pull-through cache",
            opts=pulumi.ResourceOptions(parent=self, protect=True),
        )
        aws.ecr.PullThroughCacheRule(
            f"{name}-rule",
            ecr_repository_prefix=PREFIX,
            upstream_registry_url="registry-1.docker.io",
            credential_arn=secret.arn,
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.secret_arn = secret.arn
        self.register_outputs({"secretArn": self.secret_arn})


def cached_image(repository: str, version: str, *, account_id: str, region: str) -> str:
    """The image to pull: Docker Hub's by way of the cache, any other registry's as it is.

    The first part names a registry where it holds a dot or a port, as Docker reads it
    (https://pkg.go.dev/github.com/distribution/reference).
    """
    separator = "@" if version.startswith("sha256:") else ":"
    first, _, rest = repository.partition("/")
    if rest and re.search(r"[.:]", first):
        return f"{repository}{separator}{version}"
    path = repository if rest else f"library/{repository}"
    return f"{account_id}.dkr.ecr.{region}.amazonaws.com/{PREFIX}/{path}{separator}{version}"
