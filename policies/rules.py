"""All rules, in the order of the documentation."""

from __future__ import annotations

from policies import data, identity, network, services
from policies.rule import Rule

RULES: tuple[Rule, ...] = (*network.RULES, *identity.RULES, *data.RULES, *services.RULES)
