"""AssumedRole: how a hook asks AWS while the program runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, kw_only=True)
class AssumedRole:
    """The role that the provider works as, so that asking needs no second set of credentials."""

    region: str
    role_arn: str

    def client(self, service: str) -> Any:
        """A botocore client, such as `ecs`, as the role, for an hour."""
        # Imported here: a plan asks nobody, and need not wait for it.
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
