"""ImageRegistry: the company's own images in ECR, pushed once by CI and pulled by every environment."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.compute.image_reference import PULL, registry_host
from components.security.iam import allow, own_key, policy_document, root_arn, trust_github

# https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-push-iam.html; with PULL a push sees what is there.
PUSH = ("ecr:CompleteLayerUpload", "ecr:InitiateLayerUpload", "ecr:PutImage", "ecr:UploadLayerPart")

KEPT_VERSIONS = 500
"""So many of the newest versions of an image are kept. One that runs is far from that old: it would be 500 builds."""


@dataclass(frozen=True, kw_only=True)
class ImageRegistryArgs:
    """Who pushes what, and who pulls."""

    account_id: str
    region: str
    pull_account_ids: Sequence[str]
    workflow: str
    """The reusable workflow that alone may push, as GitHub names it: OWNER/NAME/.github/workflows/FILE@REF."""
    images: Mapping[str, Mapping[str, str]]
    """Repository -> each service that runs its image -> the GitHub subject that pushes it."""


class ImageRegistry(pulumi.ComponentResource):
    """A repository an image. What is pushed is scanned, never changes, and comes from the workflow alone.

    A repository and who may pull from it outlive their entry here: ops is applied before the environments, where tasks
    may still be started from it. Whoever wants the images gone deletes the repository by hand.
    """

    host: str
    """The registry that a push and a pull name."""

    def __init__(self, name: str, args: ImageRegistryArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("slipway:ecr:ImageRegistry", name, None, opts)
        self._name, self._args = name, args
        self._child = pulumi.ResourceOptions(parent=self)
        self.host = registry_host(args.account_id, args.region)
        key = self._key()
        for image, pushers in args.images.items():
            repository = self._repository(image, key)
            for service, subject in pushers.items():
                self._push_role(service, subject, repository)
        self.register_outputs({"host": self.host})

    def _key(self) -> aws.kms.Key:
        # Whoever pulls needs no permission on it: ECR decrypts by a grant of its own
        # (https://docs.aws.amazon.com/AmazonECR/latest/userguide/encryption-at-rest.html).
        key = aws.kms.Key(
            f"{self._name}-key",
            description="Images",
            enable_key_rotation=True,
            policy=policy_document(own_key(self._args.account_id)),
            opts=pulumi.ResourceOptions(parent=self, protect=True),
        )
        aws.kms.Alias(f"{self._name}-alias", name=f"alias/{self._name}", target_key_id=key.key_id, opts=self._child)
        return key

    def _repository(self, image: str, key: aws.kms.Key) -> aws.ecr.Repository:
        kept = pulumi.ResourceOptions(parent=self, retain_on_delete=True)
        repository = aws.ecr.Repository(
            f"{self._name}-{image}",
            name=image,
            image_tag_mutability="IMMUTABLE",
            image_scanning_configuration=aws.ecr.RepositoryImageScanningConfigurationArgs(scan_on_push=True),
            encryption_configurations=[
                aws.ecr.RepositoryEncryptionConfigurationArgs(encryption_type="KMS", kms_key=key.arn)
            ],
            opts=kept,
        )
        aws.ecr.RepositoryPolicy(
            f"{self._name}-{image}-pull",
            repository=repository.name,
            policy=policy_document(
                allow("Pull", PULL, principal={"AWS": [root_arn(id_) for id_ in self._args.pull_account_ids]})
            ),
            opts=kept,
        )
        # Signatures have no tag, and go with what they sign
        # (https://docs.aws.amazon.com/AmazonECR/latest/userguide/LifecyclePolicies.html).
        aws.ecr.LifecyclePolicy(
            f"{self._name}-{image}-lifecycle",
            repository=repository.name,
            policy=json.dumps(
                {
                    "rules": [
                        {
                            "rulePriority": 1,
                            "description": f"Keep {KEPT_VERSIONS} versions",
                            "selection": {
                                "tagStatus": "tagged",
                                "tagPatternList": ["*"],
                                "countType": "imageCountMoreThan",
                                "countNumber": KEPT_VERSIONS,
                            },
                            "action": {"type": "expire"},
                        }
                    ]
                }
            ),
            opts=kept,
        )
        return repository

    def _push_role(self, service: str, subject: str, repository: aws.ecr.Repository) -> None:
        role = aws.iam.Role(
            f"{self._name}-push-{service}",
            name=push_role_name(service),
            assume_role_policy=policy_document(
                trust_github(self._args.account_id, subjects=[subject], workflow=self._args.workflow),
            ),
            opts=self._child,
        )
        aws.iam.RolePolicy(
            f"{self._name}-push-{service}",
            role=role.name,
            policy=repository.arn.apply(
                lambda arn: policy_document(
                    allow("Login", ["ecr:GetAuthorizationToken"], ["*"]),
                    allow("Push", sorted((*PULL, *PUSH)), [arn]),
                )
            ),
            opts=self._child,
        )


def push_role_name(service: str) -> str:
    """The role that a service's build assumes; .github/workflows/image.yml types it."""
    return f"push-{service}"
