import json
from dataclasses import replace
from typing import Any

import botocore.session
import pytest
from botocore.validate import ParamValidator
from hypothesis import given

from components.compute.image_registry import ImageRegistry, ImageRegistryArgs, push_role_name
from config.fields import ServiceName
from tests.cloud import Cloud, Registered
from tests.unit.test_config_properties import legal

REPOSITORY = "aws:ecr/repository:Repository"
WORKFLOW = "acme/platform/.github/workflows/image.yml@refs/heads/main"
GITHUB = "token.actions.githubusercontent.com"

ARGS = ImageRegistryArgs(
    account_id="111111111111",
    region="us-east-1",
    pull_account_ids=["222222222222", "333333333333"],
    workflow=WORKFLOW,
    images={
        "acme/ledger": {"ledger": "repo:acme/ledger:ref:refs/heads/main"},
        "acme/tools": {name: "repo:acme/tools:ref:refs/heads/main" for name in ("cleanup", "digest")},
    },
)


@pytest.fixture
def registry(cloud: Cloud) -> Cloud:
    cloud.deploy(lambda: ImageRegistry("images", ARGS))
    return cloud


def document(resource: Registered, property_: str = "policy") -> dict[str, Any]:
    found: dict[str, Any] = json.loads(resource.inputs[property_])
    return found


def test_what_is_pushed_never_changes_is_scanned_and_encrypted(registry: Cloud) -> None:
    assert [r.inputs for r in registry.all(REPOSITORY)] == [
        {
            "encryptionConfigurations": [{"encryptionType": "KMS", "kmsKey": "${images-key.arn}"}],
            "imageScanningConfiguration": {"scanOnPush": True},
            "imageTagMutability": "IMMUTABLE",
            "name": image,
        }
        for image in ("acme/ledger", "acme/tools")
    ]


def test_every_environment_may_pull_and_nothing_else(registry: Cloud) -> None:
    policies = registry.all("aws:ecr/repositoryPolicy:RepositoryPolicy")
    assert [policy.inputs["repository"] for policy in policies] == ["acme/ledger", "acme/tools"]
    for policy in policies:
        assert document(policy)["Statement"] == [
            {
                "Sid": "Pull",
                "Effect": "Allow",
                "Principal": {"AWS": ["arn:aws:iam::222222222222:root", "arn:aws:iam::333333333333:root"]},
                "Action": ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
            }
        ]


def test_old_versions_expire_and_signatures_only_with_them(registry: Cloud) -> None:
    (ledger, _) = registry.all("aws:ecr/lifecyclePolicy:LifecyclePolicy")
    (rule,) = document(ledger)["rules"]
    assert rule["selection"] == {
        "countNumber": 500,
        "countType": "imageCountMoreThan",
        "tagPatternList": ["*"],
        "tagStatus": "tagged",
    }
    assert rule["action"] == {"type": "expire"}


def test_only_the_reusable_workflow_on_the_services_main_branch_pushes(registry: Cloud) -> None:
    roles = {role.inputs["name"]: role for role in registry.all("aws:iam/role:Role")}
    assert set(roles) == {"push-ledger", "push-cleanup", "push-digest"}
    (statement,) = document(roles["push-ledger"], "assumeRolePolicy")["Statement"]
    assert statement["Principal"] == {"Federated": f"arn:aws:iam::111111111111:oidc-provider/{GITHUB}"}
    assert statement["Condition"] == {
        "StringEquals": {
            f"{GITHUB}:aud": "sts.amazonaws.com",
            f"{GITHUB}:sub": ["repo:acme/ledger:ref:refs/heads/main"],
            f"{GITHUB}:job_workflow_ref": WORKFLOW,
        }
    }


def test_a_service_pushes_its_own_image_alone(registry: Cloud) -> None:
    pushes = {
        policy.name: next(s for s in document(policy)["Statement"] if s["Sid"] == "Push")
        for policy in registry.all("aws:iam/rolePolicy:RolePolicy")
    }
    assert {name: push["Resource"] for name, push in pushes.items()} == {
        "images-push-ledger": ["${images-acme/ledger.arn}"],
        "images-push-cleanup": ["${images-acme/tools.arn}"],
        "images-push-digest": ["${images-acme/tools.arn}"],
    }
    assert not any("Delete" in action for push in pushes.values() for action in push["Action"])


def test_another_image_changes_nothing_of_those_that_are_there(registry: Cloud) -> None:
    fewer = Cloud()
    args = replace(ARGS, images={"acme/ledger": ARGS.images["acme/ledger"]})
    fewer.deploy(lambda: ImageRegistry("images", args))
    known = {resource.urn: resource for resource in registry.resources}
    assert [resource.name for resource in fewer.resources if resource != known[resource.urn]] == []


@given(legal(ServiceName))
def test_every_push_role_has_a_name_that_iam_takes(name: str) -> None:
    shape = botocore.session.get_session().get_service_model("iam").operation_model("CreateRole").input_shape
    assert shape is not None
    report = ParamValidator().validate({"RoleName": push_role_name(name), "AssumeRolePolicyDocument": "{}"}, shape)
    assert not report.has_errors()
    assert len(push_role_name(name)) <= shape.members["RoleName"].metadata["max"]
