"""What .github/scripts/rotations.py makes of a stack file when secrets have been rotated."""

from __future__ import annotations

import json
import runpy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
import yaml
from moto import mock_aws

from tests.projects import COMPANY, ROOT

SCRIPT: Any = runpy.run_path(str(ROOT / ".github/scripts/rotations.py"))

STACK = """\
# who changes this file reviews it
config:
  slipway:environment: { cidr: 10.30.0.0/16 }
  slipway:services:
    gateway: { version: "4.12.0", tasks: 2, secret_versions: { SIGNING_KEY: OLD_ID } }  # flow
    purge:
      version: "0.9.0"
      secret_versions:
        CDN_TOKEN: "1"  # block
    ledger: { version: "1.9.3", tasks: 2 }
"""
SERVICES = {
    "gateway": {"SIGNING_KEY": "gateway/signing-key"},
    "purge": {"CDN_TOKEN": "/purge/cdn-token"},
    "ledger": {"DATABASE_URL": "ledger/database-url"},
}


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    for name, value in (("REGION", "us-east-1"), ("ACCESS_KEY_ID", "x"), ("SECRET_ACCESS_KEY", "y")):
        monkeypatch.setenv(f"AWS_{'DEFAULT_REGION' if name == 'REGION' else name}", value)
    with mock_aws():
        yield boto3.Session()


@pytest.fixture
def project(tmp_path: Path, aws: Any) -> Path:
    """A stack whose secrets are as the file says."""
    secret = aws.client("secretsmanager").create_secret(Name="gateway/signing-key", SecretString="first")
    aws.client("ssm").put_parameter(Name="/purge/cdn-token", Value="first", Type="SecureString")
    (tmp_path / "Pulumi.prod.yaml").write_text(STACK.replace("OLD_ID", secret["VersionId"]))
    (tmp_path / "services").mkdir()
    for name, secrets in SERVICES.items():
        (tmp_path / f"services/{name}.yaml").write_text(json.dumps({"secrets": secrets}))
    return tmp_path


def look(project: Path) -> tuple[str, str]:
    """The file before and after."""
    file = project / "Pulumi.prod.yaml"
    before = file.read_text()
    SCRIPT["main"]("prod", project)
    return before, file.read_text()


def test_what_nobody_rotated_changes_nothing(project: Path) -> None:
    before, after = look(project)
    assert after == before


def test_a_rotated_secret_changes_its_version_and_not_a_character_besides(project: Path, aws: Any) -> None:
    rotated = aws.client("secretsmanager").put_secret_value(SecretId="gateway/signing-key", SecretString="second")
    aws.client("ssm").put_parameter(Name="/purge/cdn-token", Value="second", Type="SecureString", Overwrite=True)
    before, after = look(project)
    old = yaml.safe_load(before)["config"]["slipway:services"]["gateway"]["secret_versions"]["SIGNING_KEY"]
    assert after == before.replace(old, f'"{rotated["VersionId"]}"').replace('CDN_TOKEN: "1"', 'CDN_TOKEN: "2"')
    assert look(project) == (after, after)


def test_a_version_that_is_only_staged_is_not_current(project: Path, aws: Any) -> None:
    aws.client("secretsmanager").put_secret_value(
        SecretId="gateway/signing-key", SecretString="pending", VersionStages=["AWSPENDING"]
    )
    before, after = look(project)
    assert after == before


def test_a_parameter_that_is_not_there_is_an_error(project: Path, aws: Any) -> None:
    aws.client("ssm").delete_parameter(Name="/purge/cdn-token")
    with pytest.raises(LookupError, match="there is no parameter /purge/cdn-token"):
        look(project)


def test_a_companys_versions_are_found() -> None:
    text = (COMPANY / "Pulumi.prod.yaml").read_text()
    assert [where for where, _ in SCRIPT["written"](text)] == [("gateway", "SIGNING_KEY")]
