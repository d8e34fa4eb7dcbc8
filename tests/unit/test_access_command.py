"""`slipway access` on the committed people."""

from __future__ import annotations

import configparser
import io
import json
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from config import read
from config.platform import Platform
from plan.model import Plan, Resource
from plan.project import ProjectError
from slipway import access
from slipway.cli import app
from slipway.render import console
from tests.projects import COMPANY, ROOT, copy_project, each_company, edit, planned, stack_config
from tests.unit.test_diff_revisions import commit, git

ACCOUNTS = {"ops": "111111111111", "dev": "222222222222", "stage": "333333333333", "prod": "444444444444"}


@pytest.fixture(scope="module")
def ops() -> tuple[Plan, Platform]:
    platform = read(COMPANY).platform
    assert platform
    return planned()["ops"], platform


def test_everybody_reaches_what_their_groups_assume(ops: tuple[Plan, Platform]) -> None:
    plan, platform = ops
    assert platform.account_ids == ACCOUNTS
    reaches = access.matrix(plan, platform.account_ids)
    assert [(r.person, r.environment, r.role, r.account, r.mfa) for r in reaches] == [
        ("ada", "dev", "administrator", ACCOUNTS["dev"], True),
        ("ada", "ops", "administrator", ACCOUNTS["ops"], True),
        ("ada", "prod", "administrator", ACCOUNTS["prod"], True),
        ("ada", "stage", "administrator", ACCOUNTS["stage"], True),
        ("grace", "dev", "developer", ACCOUNTS["dev"], True),
    ]
    assert reaches[-1].role_arn == f"arn:aws:iam::{ACCOUNTS['dev']}:role/developer"
    assert json.loads(json.dumps(access.to_json(reaches)))[-1]["email"] == "grace@acme.example"


@each_company
def test_everybody_reaches_what_their_lines_say_and_nothing_else(of: Path) -> None:
    platform = read(of).platform
    assert platform
    reaches = access.matrix(planned(of)["ops"], platform.account_ids)
    people = stack_config(of, "ops")["slipway:people"]
    mfa = platform.identity_center is None  # Identity Center's own settings ask for it, and no policy does
    assert {(r.person, r.environment, r.role, r.account, r.mfa) for r in reaches} == {
        (name, stack, role.replace("_", "-"), platform.account_ids[stack], mfa)
        for name, person in people.items()
        for stack, role in person["roles"].items()
    }


def test_the_table_has_a_column_for_each_account(ops: tuple[Plan, Platform]) -> None:
    plan, platform = ops
    out = io.StringIO()
    access.table(access.matrix(plan, platform.account_ids), platform, console(out))
    assert [line.split() for line in out.getvalue().splitlines()] == [
        ["Person", "ops", "dev", "stage", "prod"],
        ["ada", "administrator", "administrator", "administrator", "administrator"],
        ["grace", "-", "developer", "-", "-"],
        ["account", ACCOUNTS["ops"], ACCOUNTS["dev"], ACCOUNTS["stage"], ACCOUNTS["prod"]],
    ]


def test_profiles_assume_each_role_with_mfa(ops: tuple[Plan, Platform]) -> None:
    plan, platform = ops
    text = access.aws_config(access.matrix(plan, platform.account_ids), "grace", platform)
    parser = configparser.ConfigParser()
    parser.read_string(text)
    assert {name: dict(parser[name]) for name in parser.sections()} == {
        "profile acme": {"region": "us-east-1"},
        "profile acme-dev-developer": {
            "role_arn": "arn:aws:iam::222222222222:role/developer",
            "source_profile": "acme",
            "mfa_serial": "arn:aws:iam::111111111111:mfa/grace",
            "role_session_name": "grace",
            "region": "us-east-1",
        },
    }
    assert (
        "# https://signin.aws.amazon.com/switchrole?account=222222222222&roleName=developer"
        "&displayName=acme-dev-developer\n"
    ) in text


def test_the_first_hour_shows_what_is_printed(ops: tuple[Plan, Platform]) -> None:
    plan, platform = ops
    (shown,) = re.findall(r"^```ini\n(.*?)```$", (ROOT / "docs/first-hour.md").read_text(), flags=re.M | re.S)
    assert shown in access.aws_config(access.matrix(plan, platform.account_ids), "ada", platform) + "\n"


def test_two_revisions_say_who_gains_and_who_loses_which_role(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet")
    root = copy_project(tmp_path / "platform")
    commit(tmp_path, "base")
    edit(root / "Pulumi.ops.yaml", r"roles: \{ dev: developer \}", "roles: { dev: read_only, stage: developer }")
    result = CliRunner().invoke(app, ["diff", "base", "--stack", "ops", "--format", "json", "--root", str(root)])
    risks = json.loads(result.stdout)["risks"]
    assert [(risk["subject"], risk["text"]) for risk in risks if risk["kind"] == "access"] == [
        ("grace", "gains read-only in dev"),
        ("grace", "gains developer in stage"),
        ("grace", "loses developer in dev"),
    ]


def test_somebody_unknown(ops: tuple[Plan, Platform]) -> None:
    plan, platform = ops
    with pytest.raises(ProjectError, match=r"'mallory' has no role in any account\. Those who have: ada, grace"):
        access.aws_config(access.matrix(plan, platform.account_ids), "mallory", platform)


def test_a_project_without_accounts(tmp_path: Path) -> None:
    (tmp_path / "Pulumi.yaml").write_text("name: other\nruntime: python\n")
    (tmp_path / "Pulumi.ops.yaml").write_text("config: {}\n")
    (tmp_path / "__main__.py").write_text("")
    result = CliRunner().invoke(app, ["access", "--root", str(tmp_path)])
    assert result.exit_code == 1
    assert result.stderr == "Pulumi.yaml has no slipway:platform with accounts, so nobody's access can be told.\n"


def test_a_role_that_needs_no_mfa_is_told() -> None:
    def resource(type_: str, name: str, inputs: dict[str, object]) -> Resource:
        return Resource(urn=f"urn:pulumi:ops::p::{type_}::{name}", type=type_, name=name, custom=True, inputs=inputs)

    statement = {"Effect": "Allow", "Action": ["sts:AssumeRole"], "Resource": ["arn:aws:iam::222222222222:role/deploy"]}
    policy = json.dumps({"Version": "2012-10-17", "Statement": statement})
    plan = Plan(
        stack="ops",
        exports={},
        resources=(
            resource("aws:iam/user:User", "u", {"name": "bob"}),
            resource("aws:iam/userGroupMembership:UserGroupMembership", "m", {"user": "bob", "groups": ["g", "none"]}),
            resource("aws:iam/groupPolicy:GroupPolicy", "p", {"group": "g", "policy": policy}),
        ),
    )
    (reach,) = access.matrix(plan, {"dev": "222222222222"})
    assert (reach.person, reach.environment, reach.role, reach.mfa) == ("bob", "dev", "deploy", False)


def test_identity_center_makes_the_same_table(ops: tuple[Plan, Platform]) -> None:
    def resource(type_: str, name: str, inputs: dict[str, object]) -> Resource:
        return Resource(urn=f"urn:pulumi:ops::p::{type_}::{name}", type=type_, name=name, custom=True, inputs=inputs)

    plan = Plan(
        stack="ops",
        exports={},
        resources=(
            resource("aws:identitystore/user:User", "u", {"userName": "ada", "displayName": "Ada"}),
            resource("aws:identitystore/group:Group", "g", {"displayName": "dev-developer"}),
            resource("aws:ssoadmin/permissionSet:PermissionSet", "s", {"name": "developer"}),
            resource(
                "aws:ssoadmin/accountAssignment:AccountAssignment",
                "a",
                {
                    "principalId": "${g:Group.groupId}",
                    "permissionSetArn": "${s:PermissionSet.arn}",
                    "targetId": "222222222222",
                },
            ),
            resource(
                "aws:identitystore/groupMembership:GroupMembership",
                "m",
                {"groupId": "${g:Group.groupId}", "memberId": "${u:User.userId}"},
            ),
        ),
    )
    reaches = access.matrix(plan, {"dev": "222222222222"})
    assert [(r.person, r.environment, r.role, r.group) for r in reaches] == [
        ("ada", "dev", "developer", "dev-developer")
    ]
    with pytest.raises(ProjectError, match="aws configure sso"):
        access.aws_config(reaches, "ada", ops[1])
