"""ServicePage: a service in Datadog's software catalog: who owns it, what it is for, where to look."""

from __future__ import annotations

import json
from dataclasses import dataclass

import pulumi
import pulumi_datadog as datadog

from config.platform import Team
from config.service import Service


@dataclass(frozen=True, kw_only=True)
class ServicePageArgs:
    """What the service's file says of it. One page serves all environments."""

    spec: Service
    owner: Team
    runbook_url: str
    repository: str
    """This platform's, as OWNER/NAME."""


class ServicePage(pulumi.ComponentResource):
    """https://docs.datadoghq.com/software_catalog/entity_model/, schema v3"""

    def __init__(self, name: str, args: ServicePageArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("slipway:datadog:ServicePage", name, None, opts)
        datadog.SoftwareCatalog(
            f"{name}-page",
            entity=json.dumps(_entity(name, args), sort_keys=True),
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.register_outputs({})


def _entity(name: str, args: ServicePageArgs) -> dict[str, object]:
    spec = args.spec
    source = f"https://github.com/{args.repository}/blob/main/services/{name}.yaml"
    return {
        "apiVersion": "v3",
        "kind": "service",
        "metadata": {
            "name": name,
            "displayName": name,
            "description": spec.description,
            "owner": spec.owner,
            "contacts": [
                {"name": spec.owner, "type": "email", "contact": args.owner.email},
            ],
            "links": [
                {"name": "Runbook", "type": "runbook", "url": args.runbook_url},
                {"name": "Definition", "type": "repo", "provider": "github", "url": source},
            ],
            "tags": [f"chat:{args.owner.chat.removeprefix('@')}", f"kind:{spec.kind}", f"owner:{spec.owner}"],
        },
        "spec": {"lifecycle": "production", "type": spec.kind},
    }
