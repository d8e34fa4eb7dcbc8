"""Takes monitor queries apart, by the grammar that Datadog's API documents.

https://docs.datadoghq.com/api/latest/monitors/#create-a-monitor, "Query Types".
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_COMPARED = re.compile(r"(?P<query>.+) (?P<operator>[<>]) (?P<threshold>[0-9.]+)")
_METRIC = re.compile(r"(?:avg|min|max|sum)\(last_(?P<window>[0-9]+[mhdw])\):(?P<expression>.+)")
_SELECTOR = re.compile(
    r"(?P<aggregate>avg|min|max|sum):(?P<metric>[a-z][a-z0-9_.]+)\{(?P<scope>(?:\$\{[^}]*\}|[^}])*)\}"
    r"(?: by \{(?P<groups>[a-z_,]+)\})?"
)
_WORDS = re.compile(r"(?P<tags>\S+(?: AND \S+)*) AND (?P<key>[a-z_]+) IN \((?P<values>[^()]+)\)")
_MINUTES = {"m": 1, "h": 60, "d": 1440, "w": 10080}


@dataclass(frozen=True, kw_only=True)
class Selector:
    """One metric of a query, with the tags of its scope. A scope that says `key IN (...)` is one for each value."""

    metric: str
    tags: dict[str, str]
    groups: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class MetricQuery:
    """A metric monitor's query."""

    window_minutes: int
    selectors: tuple[Selector, ...]
    operator: str
    threshold: float


def compared(query: str) -> tuple[str, str, float]:
    """What any monitor compares with what: query, operator, threshold."""
    match = _COMPARED.fullmatch(query)
    assert match, f"no comparison: {query}"
    return match["query"], match["operator"], float(match["threshold"])


def metric_query(query: str) -> MetricQuery:
    """A metric monitor's query in parts; fails where a part is not as documented."""
    left, operator, threshold = compared(query)
    match = _METRIC.fullmatch(left)
    assert match, f"no time aggregation: {query}"
    window = int(match["window"][:-1]) * _MINUTES[match["window"][-1]]
    assert window <= 10080, f"a window of more than a week: {query}"
    selectors = selectors_of(match["expression"])
    return MetricQuery(window_minutes=window, selectors=selectors, operator=operator, threshold=threshold)


def selectors_of(expression: str) -> tuple[Selector, ...]:
    """The metrics of an expression; what is left of it is arithmetic and functions, in balanced brackets."""
    selectors = tuple(
        Selector(metric=found["metric"], tags=tags, groups=tuple(found["groups"].split(",")) if found["groups"] else ())
        for found in _SELECTOR.finditer(expression)
        for tags in _scopes(found["scope"])
    )
    assert selectors, f"no metric: {expression}"
    rest = _SELECTOR.sub("1", expression).replace(".as_count()", "")
    rest = re.sub(r"\b(?:default_zero|week_before|abs)\(", "(", rest)
    assert re.fullmatch(r"[0-9.()*/+\- ]+", rest), f"unknown function in {expression}: {rest}"
    compile(rest, "query", "eval")
    return selectors


def _scopes(scope: str) -> list[dict[str, str]]:
    """By commas, or in words: the two cannot be mixed (https://docs.datadoghq.com/metrics/advanced-filtering/)."""
    words = _WORDS.fullmatch(scope)
    if words is None:
        return [dict(tag.split(":", 1) for tag in scope.split(","))]
    tags = dict(tag.split(":", 1) for tag in words["tags"].split(" AND "))
    return [tags | {words["key"]: value} for value in words["values"].split(", ")]
