"""Tells Datadog that Pulumi has updated a stack. Run by the deploy workflow after each `pulumi up`:

pulumi stack history --json --page-size 1 | python -m slipway.stack_event STACK [SITE]

The API key comes from DD_API_KEY, as for the provider.
"""

from __future__ import annotations

import json
import os
import sys
import urllib.request
from collections.abc import Mapping
from datetime import datetime
from typing import Any

_SHOWN = ("create", "update", "replace", "delete")


def event(stack: str, update: Mapping[str, Any]) -> dict[str, Any]:
    """An entry of `pulumi stack history --json` as https://docs.datadoghq.com/api/latest/events/#post-an-event (v1)."""
    result, about = update["result"], update.get("environment", {})
    who = about.get("ci.pr.author") or about.get("git.author") or "unknown"
    changes = update.get("resourceChanges", {})
    counted = ", ".join(f"{changes[kind]} {kind}" for kind in _SHOWN if changes.get(kind)) or "nothing changed"
    commit = about.get("git.head", "")[:12]
    return {
        "title": f"Pulumi {update['kind']} of {stack}: {result}",
        "text": f"{counted}\nBy: {who}\nCommit: {commit or 'unknown'} {update.get('message', '')}".rstrip(),
        "alert_type": "success" if result == "succeeded" else "error",
        "date_happened": int(datetime.fromisoformat(update["endTime"].replace("Z", "+00:00")).timestamp()),
        "aggregation_key": f"pulumi:{stack}",
        "tags": [f"env:{stack}", "event:stack_update", f"outcome:{result}", "source:slipway", f"who:{who}"],
    }


def main() -> None:
    """Post the newest entry of the history on standard input."""
    stack, site = sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else "datadoghq.com"
    body = event(stack, json.load(sys.stdin)[0])
    request = urllib.request.Request(
        os.environ.get("DATADOG_API", f"https://api.{site}") + "/api/v1/events",
        data=json.dumps(body).encode(),
        headers={"Content-Type": "application/json", "DD-API-KEY": os.environ["DD_API_KEY"]},
        method="POST",
    )
    urllib.request.urlopen(request, timeout=10).close()
    print(body["title"])


if __name__ == "__main__":
    main()
