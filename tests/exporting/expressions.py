"""What PromQL expressions name: metrics and labels, found by the parser of Prometheus' own grammar."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import promql_parser as promql

from pwdload.exporting.catalogue import CATALOGUE
from pwdload.exporting.metric import Kind

SERIES = {metric.prometheus_name: metric for metric in CATALOGUE if metric.kind is not Kind.HISTOGRAM} | {
    f"{metric.prometheus_name}_{suffix}": metric
    for metric in CATALOGUE
    if metric.kind is Kind.HISTOGRAM
    for suffix in ("bucket", "sum", "count")
}
"""Every name that a scrape has, with its metric."""


@dataclass
class Named:
    """What one expression names."""

    names: set[str] = field(default_factory=set)
    labels: set[str] = field(default_factory=set)
    """In selectors."""
    grouped: set[str] = field(default_factory=set)
    """In `by (...)`."""
    rated: set[str] = field(default_factory=set)
    """Names that are asked for over a time."""


def labels_of(name: str) -> set[str]:
    """Return the labels that a series has."""
    return {*SERIES[name].all_labels, *(["le"] if name.endswith("_bucket") else [])}


def named_in(expression: str) -> Named:
    """Return what an expression names; `ValueError` where it is no PromQL."""
    found = Named()
    _walk(promql.parse(with_values(expression)), found)
    return found


def with_values(expression: str) -> str:
    """Return an expression with values where Grafana puts those of its variables."""
    return re.sub(r"\$(scenario|run|step)\b", ".*", expression.replace("$__rate_interval", "1m"))


def _walk(part: Any, found: Named) -> None:
    if isinstance(part, promql.VectorSelector):
        found.names.add(part.name or "")
        found.labels |= {one.name for one in part.matchers.matchers}
    elif isinstance(part, promql.MatrixSelector):
        found.rated.add(part.vector_selector.name or "")
    elif isinstance(part, promql.AggregateExpr) and part.modifier is not None:
        found.grouped |= set(part.modifier.labels)
    for inner in _within(part):
        _walk(inner, found)


def _within(part: Any) -> Iterator[Any]:
    for name in ("expr", "lhs", "rhs", "vector_selector"):
        if (inner := getattr(part, name, None)) is not None:
            yield inner
    yield from getattr(part, "args", None) or ()
