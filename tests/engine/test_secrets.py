"""A secret is nowhere in clear text: not in the state, nor in a plan, an event log or what the CLI says."""

from __future__ import annotations

import pytest

from .faults import SERVICES
from .workspace import API_KEY_CANARY, APP_KEY_CANARY, Workspace

pytestmark = pytest.mark.engine

STACK = "dev"
CANARY = "canary-of-the-program-91c2"
# The program takes a secret from outside (its own configuration has room for none), gives it to a resource and exports
# it.
PROGRAM = """
import os

import pulumi_aws as aws

secret = pulumi.Output.secret(os.environ["CANARY"])
outside = aws.Provider("canary", region="us-east-1", skip_credentials_validation=True)
parameter = aws.ssm.Parameter(
    "canary", type="SecureString", value=secret, opts=pulumi.ResourceOptions(provider=outside)
)
pulumi.export("canary", parameter.value)
"""


def test_secrets_stay_out_of_state_logs_and_plan(workspace: Workspace) -> None:
    workspace.shrink(SERVICES)
    workspace.begin_with(PROGRAM)
    workspace.init(STACK)
    workspace.env["CANARY"] = CANARY
    plan = workspace.folder / "plan.json"
    # Above -v=4 the CLI prints what goes over the wire, secrets too (https://www.pulumi.com/docs/support/debugging/).
    loud = ("--diff", "--show-config", "--debug", "--logtostderr", "-v=4")

    said = workspace.preview(STACK, "--save-plan", str(plan), *loud).ok().output
    events = (workspace.folder / "events.jsonl").read_text()
    said += workspace.up(STACK, *loud).ok().output
    events += (workspace.folder / "events.jsonl").read_text()
    said += workspace.run("stack", "output", "--stack", STACK).ok().output
    said += workspace.run("stack", "export", "--stack", STACK).ok().output
    said += workspace.run("stack", "history", "--stack", STACK).ok().output

    # The cloud got it, so it was there to be lost.
    assert CANARY in [record.inputs.get("value") for record in workspace.cloud.of("aws:ssm/parameter:Parameter")]
    written = {
        "the state": workspace.state_text(),
        "the plan": plan.read_text(),
        "the event log": events,
        "the output": said,
        "the stack's configuration": (workspace.project / f"Pulumi.{STACK}.yaml").read_text(),
    }
    for canary in (CANARY, API_KEY_CANARY, APP_KEY_CANARY):
        leaks = [where for where, text in written.items() if canary in text]
        assert leaks == [], f"{canary} is in {', '.join(leaks)}"
