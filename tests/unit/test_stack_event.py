"""The event that tells Datadog of a `pulumi up`."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
import yaml
from datadog_api_client.v1.model.event_create_request import EventCreateRequest

from slipway import stack_event
from slipway.stack_event import event
from tests.datadog_models import accepted
from tests.intake import Intake
from tests.projects import ROOT


def an_update(**changes: Any) -> dict[str, Any]:
    """An entry as `pulumi stack history --json` prints it."""
    given = {
        "kind": "update",
        "startTime": "2026-11-23T12:30:00.000Z",
        "endTime": "2026-11-23T12:31:14.000Z",
        "message": "gateway 4.13.0",
        "environment": {"git.author": "ada", "git.head": "0123456789abcdef0123456789abcdef01234567"},
        "result": "succeeded",
        "resourceChanges": {"create": 1, "same": 410, "update": 2, "replace": 1},
    }
    return given | changes


def test_an_update_in_full() -> None:
    body = event("stage", an_update())
    assert body == {
        "title": "Pulumi update of stage: succeeded",
        "text": "1 create, 2 update, 1 replace\nBy: ada\nCommit: 0123456789ab gateway 4.13.0",
        "alert_type": "success",
        "date_happened": 1795437074,
        "aggregation_key": "pulumi:stage",
        "tags": ["env:stage", "event:stack_update", "outcome:succeeded", "source:slipway", "who:ada"],
    }
    accepted(body, EventCreateRequest)


@pytest.mark.parametrize(
    ("changes", "key", "expected"),
    [
        ({"result": "failed"}, "alert_type", "error"),
        ({"resourceChanges": {"same": 4}}, "text", "nothing changed\nBy: ada\nCommit: 0123456789ab gateway 4.13.0"),
        ({"environment": {}}, "text", "1 create, 2 update, 1 replace\nBy: unknown\nCommit: unknown gateway 4.13.0"),
        ({"kind": "destroy"}, "title", "Pulumi destroy of stage: succeeded"),
    ],
    ids=["failed", "unchanged", "by nobody known", "destroyed"],
)
def test_what_differs(changes: dict[str, Any], key: str, expected: str) -> None:
    body = event("stage", an_update(**changes))
    assert body[key] == expected
    accepted(body, EventCreateRequest)


def test_datadog_receives_what_pulumi_says_of_its_newest_update(
    intake: Intake, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DD_API_KEY", "the-key")
    monkeypatch.setattr("sys.argv", ["stack_event", "stage", "datadoghq.eu"])
    monkeypatch.setattr("sys.stdin", io.StringIO(json.dumps([an_update(), an_update(result="failed")])))
    stack_event.main()
    assert intake.received == [("/api/v1/events", "the-key", event("stage", an_update()))]
    assert capsys.readouterr().out == "Pulumi update of stage: succeeded\n"


def test_the_apply_workflow_tells_of_every_update_that_ran() -> None:
    workflow = yaml.safe_load((ROOT / ".github/workflows/apply.yml").read_text())
    steps = workflow["jobs"]["apply"]["steps"]
    (at,) = (number for number, step in enumerate(steps) if "slipway.stack_event" in step.get("run", ""))
    assert steps[at - 1]["id"] == "up"
    assert steps[at]["if"] == """always() && contains(fromJSON('["success", "failure"]'), steps.up.outcome)"""
