"""The question to the registry, before anything is changed."""

from __future__ import annotations

import asyncio
import io
import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from email.message import Message
from typing import Any

import pulumi
import pytest
from moto import mock_aws

from components.compute.image_check import ImageCheck, ImageMissing, check_image
from components.security.assumed_role import AssumedRole

ACCOUNT = "333333333333"
ECR = f"{ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com"
ROLE = AssumedRole(region="us-east-1", role_arn=f"arn:aws:iam::{ACCOUNT}:role/deploy")


class Registry:
    """Answers with a status, or not at all."""

    def __init__(self) -> None:
        self.status: int | None = 200
        self.asked: list[urllib.request.Request] = []

    def open(self, request: urllib.request.Request, timeout: float) -> Any:
        self.asked.append(request)
        if self.status is None:
            raise urllib.error.URLError("no route to host")
        if self.status >= 400:
            raise urllib.error.HTTPError(request.full_url, self.status, "", Message(), io.BytesIO())
        response = urllib.request.addinfourl(io.BytesIO(), Message(), request.full_url, self.status)
        return response


@pytest.fixture
def registry(monkeypatch: pytest.MonkeyPatch) -> Iterator[Registry]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    monkeypatch.setenv("MOTO_ACCOUNT_ID", ACCOUNT)
    registry = Registry()
    monkeypatch.setattr(urllib.request, "urlopen", registry.open)
    with mock_aws():
        yield registry


@pytest.fixture
def warnings(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    said: list[str] = []
    monkeypatch.setattr(pulumi.log, "warn", said.append)
    return said


@pytest.mark.parametrize(
    ("image", "path"),
    [
        (f"{ECR}/gateway:4.12.0", "gateway/manifests/4.12.0"),
        (f"{ECR}/docker-hub/acme/gateway:4.12.0", "docker-hub/acme/gateway/manifests/4.12.0"),
        (f"{ECR}/gateway@sha256:{'a' * 64}", f"gateway/manifests/sha256:{'a' * 64}"),
    ],
)
def test_the_registry_is_asked_for_exactly_this_image(registry: Registry, image: str, path: str) -> None:
    check_image(ROLE, image, preview=False)
    (request,) = registry.asked
    assert request.full_url == f"https://{ECR}/v2/{path}"
    assert (request.get_header("Authorization") or "").startswith("Basic ")
    assert "application/vnd.oci.image.index.v1+json" in (request.get_header("Accept") or "")


def test_another_accounts_registry_is_asked_at_its_own_address(registry: Registry) -> None:
    other = "111111111111.dkr.ecr.eu-west-1.amazonaws.com"
    check_image(ROLE, f"{other}/gateway:1", preview=False)
    assert registry.asked[0].full_url == f"https://{other}/v2/gateway/manifests/1"


@pytest.mark.parametrize(
    ("image", "what"),
    [
        (f"{ECR}/gateway:9", "^gateway has no 9. Push it first"),
        (f"{ECR}/docker-hub/acme/gateway:9", "^Docker Hub's acme/gateway has no 9. Push it first"),
    ],
)
def test_an_image_that_is_not_there_is_a_failure(registry: Registry, image: str, what: str) -> None:
    registry.status = 404
    with pytest.raises(ImageMissing, match=what):
        check_image(ROLE, image, preview=False)


def test_a_preview_cannot_tell_what_the_cache_has_not_fetched_yet(registry: Registry) -> None:
    registry.status = 404
    check_image(ROLE, f"{ECR}/docker-hub/acme/gateway:9", preview=True)
    with pytest.raises(ImageMissing):
        check_image(ROLE, f"{ECR}/gateway:9", preview=True)


@pytest.mark.parametrize(("status", "what"), [(None, "no route to host"), (503, "answered 503")])
def test_a_registry_that_cannot_be_asked_is_a_warning(
    registry: Registry, warnings: list[str], status: int | None, what: str
) -> None:
    registry.status = status
    check_image(ROLE, f"{ECR}/gateway:1", preview=False)
    (warning,) = warnings
    assert what in warning


def test_a_login_that_is_refused_is_a_warning(
    registry: Registry, warnings: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    check_image(ROLE, f"{ECR}/gateway:1", preview=False)
    (warning,) = warnings
    assert "Unable to locate credentials" in warning
    assert registry.asked == []


def test_a_registry_that_the_role_cannot_log_in_to_is_not_asked(registry: Registry) -> None:
    check_image(ROLE, "ghcr.io/acme/gateway:1", preview=False)
    assert registry.asked == []


def test_every_new_task_definition_is_asked_about(registry: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pulumi.resource_hooks, "register_resource_hook", _registered)
    (hook,) = ImageCheck("images", ROLE).hooks.before_create or []
    assert isinstance(hook, pulumi.ResourceHook) and hook.opts and hook.opts.on_dry_run
    inputs = {"containerDefinitions": json.dumps([{"image": f"{ECR}/gateway:9"}])}
    registry.status = 404
    with pytest.raises(ImageMissing):
        call(hook, inputs)
    call(hook, {"containerDefinitions": pulumi.UNKNOWN})  # a preview that does not know them yet
    assert len(registry.asked) == 1


def _registered(hook: object) -> None:
    """No engine."""


def call(hook: pulumi.ResourceHook, inputs: dict[str, Any]) -> None:
    async def hooked() -> None:
        awaitable = hook(pulumi.ResourceHookArgs(urn="urn", id="", name="n", type="t", new_inputs=inputs))
        assert awaitable is not None
        await awaitable

    # A loop of its own, left alone by Pulumi's.
    loop = asyncio.new_event_loop()
    try:
        loop.run_until_complete(hooked())
    finally:
        loop.close()
