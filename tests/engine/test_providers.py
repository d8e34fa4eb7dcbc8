"""No resource gets a provider that nobody chose, and none works in an account that it was not meant for."""

from __future__ import annotations

import pytest

from .workspace import Workspace

pytestmark = pytest.mark.engine

STACK = "dev"
STRAYS = {
    "aws": 'import pulumi_aws as aws\naws.sns.Topic("stray")\n',
    "datadog": 'import pulumi_datadog as datadog\ndatadog.Team("stray", description="d", handle="h", name="n")\n',
}
WRONG_ACCOUNT = """
import pulumi_aws as aws

elsewhere = aws.Provider(
    "elsewhere",
    region="us-east-1",
    allowed_account_ids=["222222222222"],
    assume_roles=[aws.ProviderAssumeRoleArgs(role_arn="arn:aws:iam::444444444444:role/deploy")],
)
aws.sns.Topic("stray", opts=pulumi.ResourceOptions(provider=elsewhere))
"""


@pytest.mark.parametrize("package", STRAYS)
def test_default_provider_is_refused(workspace: Workspace, package: str) -> None:
    workspace.shrink(["reports"])
    workspace.begin_with(STRAYS[package])
    workspace.init(STACK)
    refused = workspace.preview(STACK).refused()
    assert f"Default provider for '{package}' disabled" in refused.output
    assert "stray" in refused.output
    assert workspace.cloud.records == {}


def test_wrong_account_is_refused_before_anything_is_created(workspace: Workspace) -> None:
    workspace.shrink(["reports"])
    workspace.begin_with(WRONG_ACCOUNT)
    workspace.init(STACK)
    refused = workspace.up(STACK).refused()
    assert "AWS account ID not allowed: 444444444444" in refused.output
    assert workspace.cloud.of("aws:sns/topic:Topic") == []
