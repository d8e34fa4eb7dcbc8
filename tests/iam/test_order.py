"""What AWS refuses until something else is there, and names without a reference to it, waits for it."""

from __future__ import annotations

import pytest

from plan.model import Resource
from tests.iam.planned import stacks

FIRST = {
    "compliance-delivery-us-east-1": "audit-history-policy",  # AWS Config tries the bucket
    "audit-trail": "audit-logs-policy",  # so does CloudTrail
    "detection-administrator-us-east-1": "organization-organization",
    "detection-access-analyzer-us-east-1": "organization-organization",
    "organization-root-access": "organization-organization",
    "audit-to-log": "account-boundary",
    "people-ada": "account-boundary",
}


@pytest.mark.parametrize(("later", "first"), FIRST.items())
def test_in_ops_nothing_comes_too_early(later: str, first: str) -> None:
    resources = {resource.urn: resource for resource in stacks()["ops"].resources}
    (resource,) = (r for r in resources.values() if r.name == later and r.custom)
    assert first in {resources[urn].name for urn in needed(resource, resources)}


def needed(resource: Resource, resources: dict[str, Resource]) -> set[str]:
    """The URNs of everything that is made before a resource."""
    found: set[str] = set()
    waiting = list(resource.dependencies)
    while waiting:
        urn = waiting.pop()
        if urn not in found:
            found.add(urn)
            waiting += resources[urn].dependencies
    return found
