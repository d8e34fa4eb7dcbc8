"""ImageCache: Docker Hub's images through the account's own ECR, so that scaling out never depends on Docker Hub."""

from __future__ import annotations

import json

import pulumi
import pulumi_aws as aws

from components.compute.image_reference import CACHE_PREFIX

# Of each repository. An older one is fetched again where it is still asked for.
_KEPT_IMAGES = 100


class ImageCache(pulumi.ComponentResource):
    """A pull-through cache with its credential, whose value is put in by hand, once: see docs/first-hour.md."""

    secret_arn: pulumi.Output[str]

    def __init__(self, name: str, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("slipway:ecr:ImageCache", name, None, opts)
        # The name must start so: https://docs.aws.amazon.com/AmazonECR/latest/userguide/pull-through-cache-creating-secret.html
        secret = aws.secretsmanager.Secret(
            f"{name}-credential",
            name=f"ecr-pullthroughcache/{CACHE_PREFIX}",
            description="Docker Hub user name and access token for the ECR pull-through cache",
            opts=pulumi.ResourceOptions(parent=self, protect=True),
        )
        aws.ecr.PullThroughCacheRule(
            f"{name}-rule",
            ecr_repository_prefix=CACHE_PREFIX,
            upstream_registry_url="registry-1.docker.io",
            credential_arn=secret.arn,
            opts=pulumi.ResourceOptions(parent=self),
        )
        # ECR makes the repositories itself, when the first host pulls.
        aws.ecr.RepositoryCreationTemplate(
            f"{name}-repositories",
            prefix=CACHE_PREFIX,
            applied_fors=["PULL_THROUGH_CACHE"],
            lifecycle_policy=json.dumps(
                {
                    "rules": [
                        {
                            "rulePriority": 1,
                            "selection": {
                                "tagStatus": "any",
                                "countType": "imageCountMoreThan",
                                "countNumber": _KEPT_IMAGES,
                            },
                            "action": {"type": "expire"},
                        }
                    ]
                }
            ),
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.secret_arn = secret.arn
        self.register_outputs({"secret_arn": self.secret_arn})
