"""The test provider by itself, as the engine calls it; runs without the CLI."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import grpc
import pytest
from pulumi.runtime.proto import provider_pb2, provider_pb2_grpc
from pulumi.runtime.rpc import UNKNOWN

from .provider.cloud import Cloud
from .provider.faults import Fault
from .provider.server import Provider, _plain, _struct

ROLE = "aws:iam/role:Role"
TRUST = json.dumps({"Version": "2012-10-17", "Statement": []})


class Engine:
    """Calls a provider as the engine does, with one configured instance."""

    def __init__(self, provider: Provider) -> None:
        self.channel = grpc.insecure_channel(f"127.0.0.1:{provider.port}")
        self.stub = provider_pb2_grpc.ResourceProviderStub(self.channel)
        self.configure({"region": "us-east-1", "defaultTags": '{"tags": {"env": "dev"}}'})

    def configure(self, config: dict[str, Any]) -> None:
        self.stub.Configure(provider_pb2.ConfigureRequest(args=_struct(config)))

    def check(self, token: str, inputs: dict[str, Any], name: str = "thing") -> provider_pb2.CheckResponse:
        return self.stub.Check(provider_pb2.CheckRequest(urn=_urn(token, name), news=_struct(inputs)))

    def create(self, token: str, inputs: dict[str, Any], name: str = "thing", **rest: Any) -> Any:
        checked = self.check(token, inputs, name)
        assert list(checked.failures) == []
        request = provider_pb2.CreateRequest(urn=_urn(token, name), properties=checked.inputs, **rest)
        return self.stub.Create(request)

    def diff(self, token: str, old: dict[str, Any], new: dict[str, Any]) -> provider_pb2.DiffResponse:
        request = provider_pb2.DiffRequest(urn=_urn(token, "thing"), old_inputs=_struct(old), news=_struct(new))
        return self.stub.Diff(request)


def _urn(token: str, name: str) -> str:
    return f"urn:pulumi:dev::slipway::slipway:area:Component${token}::{name}"


@pytest.fixture
def cloud() -> Cloud:
    return Cloud()


@pytest.fixture
def engine(cloud: Cloud) -> Iterator[Engine]:
    provider = Provider("aws", cloud)
    engine = Engine(provider)
    yield engine
    engine.channel.close()
    provider.stop()


def test_computed_outputs_are_plausible_and_the_same_each_time(engine: Engine) -> None:
    created = _plain(engine.create(ROLE, {"assumeRolePolicy": TRUST, "tags": {"a": "b"}}).properties)
    assert created["arn"] == f"arn:aws:iam::000000000000:role/{created['name']}"
    assert created["tagsAll"] == {"env": "dev", "a": "b"}
    again = Provider("aws", Cloud())
    assert _plain(Engine(again).create(ROLE, {"assumeRolePolicy": TRUST, "tags": {"a": "b"}}).properties) == created
    again.stop()


def test_only_what_was_given_is_known_in_a_preview(engine: Engine, cloud: Cloud) -> None:
    planned = _plain(engine.create(ROLE, {"assumeRolePolicy": TRUST}, preview=True).properties)
    assert (planned["assumeRolePolicy"], planned["arn"]) == (TRUST, UNKNOWN)
    assert cloud.records == {}


def test_auto_naming_keeps_a_name_until_the_thing_is_made_again(engine: Engine) -> None:
    first = _plain(engine.check("aws:lb/targetGroup:TargetGroup", {}).inputs)
    assert first["name"].startswith("thing-") and len(first["name"]) == len("thing-1234567")
    assert first["__defaults"] == ["name"]
    kept = engine.stub.Check(
        provider_pb2.CheckRequest(
            urn=_urn("aws:lb/targetGroup:TargetGroup", "thing"), olds=_struct(first), news=_struct({})
        )
    )
    assert _plain(kept.inputs)["name"] == first["name"]
    engine.create("aws:lb/targetGroup:TargetGroup", {})
    assert _plain(engine.check("aws:lb/targetGroup:TargetGroup", {}).inputs)["name"] != first["name"]


@pytest.mark.parametrize(
    ("token", "inputs", "name", "said"),
    [
        (ROLE, {}, "thing", ("assumeRolePolicy", "is required (pulumi SDK)")),
        (ROLE, {"assume_role_policy": TRUST}, "thing", ("assume_role_policy", "is no property of this resource")),
        (ROLE, {"assumeRolePolicy": TRUST}, "x" * 60, ("name", "is longer than maximum length 64")),
        (ROLE, {"assumeRolePolicy": TRUST, "maxSessionDuration": 60}, "thing", ("maxSessionDuration", "at least 3600")),
        (ROLE, {"assumeRolePolicy": TRUST, "name": "a b"}, "thing", ("name", "does not match [\\w+=,.@-]+")),
        (
            "aws:lb/targetGroup:TargetGroup",
            {"healthCheck": {"interval": 301}},
            "t",
            ("healthCheck.interval", "most 300"),
        ),
        ("aws:lb/targetGroup:TargetGroup", {"protocol": "QUICK"}, "t", ("protocol", "allowed are HTTP, HTTPS")),
        (
            "aws:lb/targetGroup:TargetGroup",
            {"healthCheck": {"un_known": 1}},
            "t",
            ("healthCheck.un_known", "no property"),
        ),
        (
            "aws:ecs/taskDefinition:TaskDefinition",
            {"family": "f", "containerDefinitions": '[{"name": "n", "memory": "128"}]'},
            "t",
            ("containerDefinitions", "Invalid type for parameter [0].memory"),
        ),
    ],
)
def test_bad_inputs_are_refused_by_name_and_rule(
    engine: Engine, token: str, inputs: dict[str, Any], name: str, said: tuple[str, str]
) -> None:
    failures = [(failure.property, failure.reason) for failure in engine.check(token, inputs, name).failures]
    assert any(failure[0] == said[0] and said[1] in failure[1] for failure in failures), failures


def test_diff_names_the_path_and_what_replaces(engine: Engine) -> None:
    token = "aws:lb/targetGroup:TargetGroup"
    drain = engine.diff(token, {"deregistrationDelay": 30, "port": 80}, {"deregistrationDelay": 60, "port": 80})
    assert (list(drain.detailedDiff), list(drain.replaces)) == (["deregistrationDelay"], [])
    port = engine.diff(token, {"name": "n", "port": 80}, {"name": "n", "port": 81})
    assert (list(port.replaces), port.deleteBeforeReplace) == (["port"], True)
    same = engine.diff(token, {"port": 80}, {"port": 80})
    assert same.changes == provider_pb2.DiffResponse.DIFF_NONE


@pytest.mark.parametrize("after", [False, True])
def test_fault_hits_once_and_leaves_the_cloud_as_it_says(engine: Engine, cloud: Cloud, after: bool) -> None:
    cloud.inject(Fault(error="denied", token=ROLE, after=after))
    with pytest.raises(grpc.RpcError, match="AccessDeniedException"):
        engine.create(ROLE, {"assumeRolePolicy": TRUST})
    assert len(cloud.records) == int(after)
    engine.create(ROLE, {"assumeRolePolicy": TRUST}, name="another")
    assert len(cloud.records) == int(after) + 1


def test_what_aws_allows_once_is_refused_twice(engine: Engine) -> None:
    engine.create(ROLE, {"assumeRolePolicy": TRUST, "name": "deploy"})
    with pytest.raises(grpc.RpcError, match="AlreadyExists"):
        engine.create(ROLE, {"assumeRolePolicy": TRUST, "name": "deploy"}, name="another")


def test_account_that_is_not_allowed_is_refused(engine: Engine) -> None:
    roles = '[{"roleArn": "arn:aws:iam::444444444444:role/deploy"}]'
    with pytest.raises(grpc.RpcError, match="AWS account ID not allowed: 444444444444"):
        engine.configure({"assumeRoles": roles, "allowedAccountIds": '["222222222222"]'})
