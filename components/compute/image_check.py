"""ImageCheck: a version that its registry does not have fails before anything of the service is changed."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from typing import Any

import pulumi

from components.compute.image_reference import ecr_image
from components.security.assumed_role import AssumedRole, client_errors, in_thread

# https://distribution.github.io/distribution/spec/manifest-v2-2/ and https://github.com/opencontainers/image-spec
_MANIFESTS = ", ".join(
    (
        "application/vnd.oci.image.index.v1+json",
        "application/vnd.oci.image.manifest.v1+json",
        "application/vnd.docker.distribution.manifest.list.v2+json",
        "application/vnd.docker.distribution.manifest.v2+json",
    )
)


class ImageMissing(Exception):
    """The registry says that there is no such image."""


class ImageCheck:
    """The hook of an environment's task definitions; one object for all of them."""

    hooks: pulumi.ResourceHookBinding
    """For each aws.ecs.TaskDefinition, in previews as well."""

    def __init__(self, name: str, role: AssumedRole) -> None:
        async def check(args: pulumi.ResourceHookArgs) -> None:
            definitions = (args.new_inputs or {}).get("containerDefinitions")
            if isinstance(definitions, str):  # not so in a preview in which they are not known yet
                for definition in json.loads(definitions):
                    await in_thread(check_image, role, definition["image"], preview=bool(pulumi.runtime.is_dry_run()))

        hook = pulumi.ResourceHook(f"{name}-there", check, pulumi.ResourceHookOptions(on_dry_run=True))
        self.hooks = pulumi.ResourceHookBinding(before_create=[hook])


def check_image(role: AssumedRole, image: str, *, preview: bool) -> None:
    """Raises ImageMissing where the registry has no such image. A registry that cannot be reached is no failure."""
    known = ecr_image(image)  # Docker Hub's too: by way of the cache this fetches it, so no host waits for it
    if known is None:
        return
    try:
        (login,) = role.client("ecr").get_authorization_token()["authorizationData"]
        # The token is good for every registry that the role may read; its endpoint is the role's own account's.
        own = f":{known.account_id}:" in role.role_arn
        registry = login["proxyEndpoint"] if own else f"https://{known.host}"
        status = _status(f"{registry}/v2/{known.repository}/manifests/{known.version}", login["authorizationToken"])
    except (OSError, *client_errors()) as error:
        pulumi.log.warn(f"{image}: the registry could not be asked whether it has it: {error}")
        return
    if status == 404 and not (preview and known.upstream):  # a preview may not make the cache fetch it
        source = f"Docker Hub's {known.upstream}" if known.upstream else known.repository
        raise ImageMissing(f"{source} has no {known.version}. Push it first, or correct the version.")
    if status not in (200, 404):
        pulumi.log.warn(f"{image}: the registry answered {status} when asked whether it has it")


def _status(url: str, token: str) -> int:
    request = urllib.request.Request(url, headers={"Authorization": f"Basic {token}", "Accept": _MANIFESTS})
    response: Any
    try:
        with urllib.request.urlopen(request, timeout=60) as response:
            return int(response.status)
    except urllib.error.HTTPError as error:
        return error.code
