"""What prod has and stage has not, or the other way round."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import groupby

from plan.model import Plan, Resource
from plan.parity import compare
from policies.rule import Rule, estate_rule


@estate_rule(remedy="Change it for every environment, in stacks/ or components/; a stack file cannot say it.")
def stage_prod_parity(plans: Mapping[str, Plan]) -> Iterator[tuple[str, Resource, str]]:
    """What passes in stage passes in prod only if nothing but sizes, counts and versions differs."""
    if "stage" not in plans or "prod" not in plans:
        return
    for resource, found in groupby(compare(plans["stage"], plans["prod"]), key=lambda each: each.resource):
        wrong = [each for each in found if not each.kind]
        if not wrong:
            continue
        if any(each.path for each in wrong):
            properties = dict.fromkeys(re.split(r"[.\[]", each.path.removeprefix("inputs."))[0] for each in wrong)
            yield "prod", resource, f"differs from stage in {', '.join(properties)}"
        elif wrong[0].theirs is None:
            yield "stage", resource, "is not in prod"
        else:
            yield "prod", resource, "is not in stage"


RULES: tuple[Rule, ...] = (stage_prod_parity,)
