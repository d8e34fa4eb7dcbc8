"""ServicePage: a service in Datadog's software catalog: who owns it, what it is for, where to look."""

from __future__ import annotations

import json
from dataclasses import dataclass

import pulumi
import pulumi_datadog as datadog

from config.alerts import Kind


@dataclass(frozen=True, kw_only=True)
class ServicePageArgs:
    """What the service's file says of it. One page serves all environments."""

    service: str
    kind: Kind
    description: str
    owner: str
    owner_email: str
    chat: str  # a Datadog handle such as @slack-payments
    runbook_url: str
    repository: str  # of this platform, as OWNER/NAME


class ServicePage(pulumi.ComponentResource):
    """https://docs.datadoghq.com/software_catalog/entity_model/, schema v3"""

    def __init__(self, name: str, args: ServicePageArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("slipway:datadog:ServicePage", name, None, opts)
        datadog.SoftwareCatalog(
            f"{name}-page",
            entity=json.dumps(_entity(args), sort_keys=True),
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.register_outputs({})


def _entity(args: ServicePageArgs) -> dict[str, object]:
    source = f"https://github.com/{args.repository}/blob/main/services/{args.service}.yaml"
    return {
        "apiVersion": "v3",
        "kind": "service",
        "metadata": {
            "name": args.service,
            "displayName": args.service,
            "description": args.description,
            "owner": args.owner,
            "contacts": [
                {"name": args.owner, "type": "email", "contact": args.owner_email},
            ],
            "links": [
                {"name": "Runbook", "type": "runbook", "url": args.runbook_url},
                {"name": "Definition", "type": "repo", "provider": "github", "url": source},
            ],
            "tags": [f"chat:{args.chat.removeprefix('@')}", f"kind:{args.kind}", f"owner:{args.owner}"],
        },
        "spec": {"lifecycle": "production", "type": args.kind},
    }
