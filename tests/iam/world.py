"""IAM on moto: the planned users, groups, roles and policies of all stacks, created through boto3.

moto checks signatures, actions and resources, and passes over most conditions and over trust between accounts. So a
world is made as it is for people with MFA, or as it is without: each statement that MFA decides is kept or left out.
What else moto passes over is judged in test_proofs.py.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

import boto3
from moto import mock_aws
from moto.core import disable_iam_authentication, enable_iam_authentication

from tests.iam.planned import Stack

REGION = "us-east-1"


class World:
    """The accounts of all stacks. Made by `world`."""

    def __init__(self, stacks: Mapping[str, Stack], *, mfa: bool) -> None:
        self._accounts = {name: stack.account_id for name, stack in stacks.items()}
        self._mfa = mfa
        # One for all, since reading a service's model takes longest. Its clients have no types of their own.
        self._boto: Any = boto3.Session(region_name=REGION)
        self._keys: dict[str, dict[str, str]] = {}
        with disable_iam_authentication():
            for stack in stacks.values():
                self._create(stack, self._iam(stack.name))

    def assume(self, user: str, stack: str, role: str) -> Any:
        """A person takes a role with an access key; botocore's ClientError where that is refused."""
        sts = self._boto.client("sts", **self._keys[user])
        return sts.assume_role(RoleArn=self._arn(stack, role), RoleSessionName=user)

    def client(self, service: str, stack: str, role: str) -> Any:
        """A client that acts as this role, however it was taken."""
        return self._boto.client(service, **self._session(stack, role))

    def remove(self, user: str) -> None:
        """What a deployment does with a user that is no longer planned (`force_destroy`)."""
        with disable_iam_authentication():
            iam = self._iam("ops")
            for group in iam.list_groups_for_user(UserName=user)["Groups"]:
                iam.remove_user_from_group(GroupName=group["GroupName"], UserName=user)
            for key in iam.list_access_keys(UserName=user)["AccessKeyMetadata"]:
                iam.delete_access_key(UserName=user, AccessKeyId=key["AccessKeyId"])
            iam.delete_user(UserName=user)

    def _iam(self, stack: str) -> Any:
        return self.client("iam", stack, "OrganizationAccountAccessRole")

    def _arn(self, stack: str, role: str) -> str:
        return f"arn:aws:iam::{self._accounts[stack]}:role/{role}"

    def _session(self, stack: str, role: str) -> dict[str, str]:
        with disable_iam_authentication():
            sts = self._boto.client("sts")
            response = sts.assume_role(RoleArn=self._arn(stack, role), RoleSessionName="test")
        credentials = response["Credentials"]
        return {
            "aws_access_key_id": credentials["AccessKeyId"],
            "aws_secret_access_key": credentials["SecretAccessKey"],
            "aws_session_token": credentials["SessionToken"],
        }

    def _create(self, stack: Stack, iam: Any) -> None:
        roles: set[str] = set()
        for policy in stack.all("aws:iam/policy:Policy"):
            iam.create_policy(
                PolicyName=policy.inputs.get("name", policy.name),
                Path=policy.inputs.get("path", "/"),
                PolicyDocument=self._document(stack, policy.inputs["policy"]),
            )
        for role in stack.all("aws:iam/role:Role"):
            if "name" not in role.inputs:
                continue  # a task's or a host's, which no person and no job assumes
            roles.add(role.inputs["name"])
            iam.create_role(
                RoleName=role.inputs["name"],
                AssumeRolePolicyDocument=self._document(stack, role.inputs["assumeRolePolicy"]),
                **_boundary(stack, role.inputs),
            )
        for inline in stack.all("aws:iam/rolePolicy:RolePolicy"):
            if (role_name := stack.resolved(inline.inputs["role"])) in roles:
                iam.put_role_policy(
                    RoleName=role_name,
                    PolicyName=inline.name,
                    PolicyDocument=self._document(stack, inline.inputs["policy"]),
                )
        for attachment in stack.all("aws:iam/rolePolicyAttachment:RolePolicyAttachment"):
            if (role_name := stack.resolved(attachment.inputs["role"])) in roles:
                iam.attach_role_policy(RoleName=role_name, PolicyArn=stack.resolved(attachment.inputs["policyArn"]))
        for group in stack.all("aws:iam/group:Group"):
            iam.create_group(GroupName=group.inputs["name"], Path=group.inputs["path"])
        for inline in stack.all("aws:iam/groupPolicy:GroupPolicy"):
            document = self._document(stack, inline.inputs["policy"])
            if json.loads(document)["Statement"]:
                iam.put_group_policy(
                    GroupName=stack.resolved(inline.inputs["group"]),
                    PolicyName=inline.name,
                    PolicyDocument=document,
                )
        for user in stack.all("aws:iam/user:User"):
            name = user.inputs["name"]
            iam.create_user(UserName=name, Path=user.inputs["path"], **_boundary(stack, user.inputs))
            key = iam.create_access_key(UserName=name)["AccessKey"]
            self._keys[name] = {
                "aws_access_key_id": key["AccessKeyId"],
                "aws_secret_access_key": key["SecretAccessKey"],
            }
        for membership in stack.all("aws:iam/userGroupMembership:UserGroupMembership"):
            for group in membership.inputs["groups"]:
                iam.add_user_to_group(
                    GroupName=stack.resolved(group), UserName=stack.resolved(membership.inputs["user"])
                )

    def _document(self, stack: Stack, text: str) -> str:
        document = json.loads(stack.resolved(text))
        statements = [_decided(statement, mfa=self._mfa) for statement in document["Statement"]]
        document["Statement"] = [statement for statement in statements if statement]
        return json.dumps(document)


@contextmanager
def world(stacks: Mapping[str, Stack], *, mfa: bool) -> Iterator[World]:
    """The only world there is while it is open. Every request in it is authorized."""
    with (
        # moto compiles each action of ReadOnlyAccess, all 3,000, for each request.
        patch.object(re, "_MAXCACHE", 10_000),
        mock_aws(config={"iam": {"load_aws_managed_policies": True}}),
        enable_iam_authentication(),
    ):
        yield World(stacks, mfa=mfa)


def _boundary(stack: Stack, inputs: Mapping[str, Any]) -> dict[str, str]:
    boundary = inputs.get("permissionsBoundary")
    return {"PermissionsBoundary": stack.resolved(boundary)} if boundary else {}


def _decided(statement: Mapping[str, Any], *, mfa: bool) -> dict[str, Any] | None:
    """The statement as it is for sessions with MFA, or without; None where it does not apply to them."""
    conditions: dict[str, Any] = {}
    for operator, keys in statement.get("Condition", {}).items():
        for key, value in keys.items():
            # `Null` asks whether the key is absent, as it is without MFA: people come with their access keys here.
            if key == "aws:MultiFactorAuthPresent" and (value == "true") is (mfa is (operator == "Null")):
                return None
            if key == "aws:MultiFactorAuthAge" and not mfa:
                return None
            if not key.startswith("aws:MultiFactorAuth"):
                conditions.setdefault(operator, {})[key] = value
    rest = {element: value for element, value in statement.items() if element != "Condition"}
    return {**rest, "Condition": conditions} if conditions else rest
