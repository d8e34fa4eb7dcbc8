"""AssumedRole: how a hook calls AWS while the program runs."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

# Threads of their own. Pulumi's are taken by registrations, as many as there are; each ends when its resource is made,
# which may be when a hook has returned: with no thread left for its call, an `up` would wait for ever.
_THREADS = ThreadPoolExecutor(16)


@dataclass(frozen=True, kw_only=True)
class AssumedRole:
    """The role that the provider works as, so that a hook needs no second set of credentials."""

    region: str
    role_arn: str

    def client(self, service: str) -> Any:
        """A botocore client, such as `ecs`, as the role, for an hour."""
        # Imported here: a plan calls nobody, and need not wait for it.
        import botocore.session

        session = botocore.session.get_session()
        sts: Any = session.create_client("sts", region_name=self.region)
        credentials = sts.assume_role(RoleArn=self.role_arn, RoleSessionName="slipway")["Credentials"]
        return session.create_client(
            service,
            region_name=self.region,
            aws_access_key_id=credentials["AccessKeyId"],
            aws_secret_access_key=credentials["SecretAccessKey"],
            aws_session_token=credentials["SessionToken"],
        )


def client_errors() -> tuple[type[Exception], ...]:
    """What a client raises when AWS refuses, or cannot be reached."""
    from botocore.exceptions import BotoCoreError, ClientError

    return BotoCoreError, ClientError


async def in_thread(call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Calls without holding up the program."""
    return await asyncio.get_running_loop().run_in_executor(_THREADS, lambda: call(*args, **kwargs))
