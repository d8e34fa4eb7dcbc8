"""A stack brought up although the creation of every resource type in it fails once."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from .provider.faults import Fault
from .workspace import Run, Workspace

# Of each kind one, with a range of tasks in stage and in prod, with peaks, and with an image in ECR: every type that
# the whole catalogue makes, in about half the resources.
SERVICES = ("gateway", "invoices", "ledger", "website")
# Denied and throttled before anything exists; the third time out when the thing exists and is not ready.
_KINDS = (("denied", False), ("throttled", False), ("timed out", True))
_MOST_RUNS = 20


@dataclass(frozen=True, kw_only=True)
class Faulted:
    """What the runs did until one succeeded, and what the cloud held then."""

    runs: list[Run]
    faults: list[Fault]
    types: frozenset[str]
    created: Counter[str]  # how often each URN was created
    in_cloud: int


def survive_faults(workspace: Workspace, stack: str) -> Faulted:
    """Repeats `up`, and nothing else, until it succeeds. Each stack meets each type with another kind of fault."""
    cloud = workspace.cloud
    workspace.shrink(SERVICES)
    workspace.init(stack)
    planned = workspace.preview(stack).ok()
    types = sorted({step.type for step in planned.changes if step.type.startswith(("aws:", "datadog:"))})
    turn = ("ops", "dev", "stage", "prod").index(stack)
    faults = []
    for position, token in enumerate(types):
        error, after = _KINDS[(position + turn) % len(_KINDS)]
        faults.append(Fault(error=error, after=after, token=token))
    cloud.inject(*faults)
    runs = []
    while len(runs) < _MOST_RUNS:
        runs.append(workspace.up(stack, "--continue-on-error"))
        if runs[-1].code == 0:
            break
    return Faulted(
        runs=runs,
        faults=faults,
        types=frozenset(types),
        created=Counter(call.urn for call in cloud.calls if call.method == "Create" and call.error is None),
        in_cloud=workspace.assert_state_matches_cloud(stack),
    )
