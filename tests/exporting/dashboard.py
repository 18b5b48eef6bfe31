"""Writes the dashboard that `pwdload init --grafana` lays down (`python -m tests.exporting.dashboard`)."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.processes import ROOT

from pwdload.criteria.values import Standing
from pwdload.exporting import catalogue as c
from pwdload.exporting.metric import Metric

FILE = ROOT / "src" / "pwdload" / "starter" / "grafana" / "pwdload.json"
SOURCE = {"type": "prometheus", "uid": "${DS_PROMETHEUS}"}
STEP = 'step=~"$step"'
RUN = 'scenario=~"$scenario", run_id=~"$run"'
WIDTH = 24
GREEN, YELLOW, RED, BLUE = "green", "yellow", "red", "blue"


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """One expression, and what its series are called."""

    expression: str
    legend: str
    format: str = "time_series"
    instant: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """One panel; `about` is what a person reads behind its i."""

    title: str
    about: str
    queries: Sequence[Query]
    unit: str
    kind: str = "timeseries"
    width: int = 8
    height: int = 8
    stacked: bool = False
    most: float | None = None
    mappings: Sequence[dict[str, Any]] = ()
    transformations: Sequence[dict[str, Any]] = ()
    options: dict[str, Any] = field(default_factory=dict)


def of(metric: Metric, *more: str, suffix: str = "") -> str:
    """Return a selector of a metric in the runs that are chosen."""
    return f"{metric.prometheus_name}{suffix}{{{', '.join((RUN, *more))}}}"


def rate(selector: str) -> str:
    """Return how fast a counter grows, per second."""
    return f"rate({selector}[$__rate_interval])"


def quantile(share: float) -> Query:
    """Return a percentile of the response time, out of the buckets of all processes: percentiles are never averaged."""
    grown = rate(of(c.RESPONSE_TIME, STEP, suffix="_bucket"))
    return Query(
        expression=f"histogram_quantile({share}, sum by (le, step) ({grown}))",
        legend=f"p{share * 100:g} {{{{step}}}}",
    )


def lines(metric: Metric, legend: str) -> Query:
    """Return a gauge as it is."""
    return Query(expression=of(metric), legend=legend)


def standing(value: float, text: str, color: str) -> dict[str, Any]:
    """Return how a number is said in a word."""
    return {"type": "value", "options": {f"{value:g}": {"text": text, "color": color, "index": 0}}}


RIGHT = 'outcome=~"right_accept|right_reject"'
KEPT, BROKEN, DOUBT = (of(c.CRITERION, f'standing="{one}"') for one in Standing)
FAILED = f"1 - sum({rate(of(c.REQUESTS, RIGHT))}) / (sum({rate(of(c.REQUESTS))}) > 0)"
STANDINGS = f"max by (criterion) ({KEPT} * 1 or {DOUBT} * 2 or {BROKEN} * 3)"
TABLE = [
    {"id": "labelsToFields", "options": {}},
    {
        "id": "organize",
        "options": {
            "excludeByName": {"Time": True, "Value": True, "__name__": True, "instance": True, "job": True},
            "indexByName": {},
            "renameByName": {},
        },
    },
]
ROWS: dict[str, Sequence[Panel]] = {
    "The run": (
        Panel(
            title="Runs",
            about="What is shown. A run of pwdload has series of its own; choose it above.",
            queries=[Query(expression=of(c.INFO), legend="{{run_id}}", format="table", instant=True)],
            unit="none",
            kind="table",
            width=12,
            height=5,
            transformations=TABLE,
        ),
        Panel(
            title="Time left",
            about="Until the load ends, as planned; nothing where a search decides it.",
            queries=[Query(expression=f"clamp_min({of(c.END)} - {of(c.CLOCK)}, 0)", legend="{{run_id}}")],
            unit="s",
            kind="stat",
            width=4,
            height=5,
        ),
        Panel(
            title="Stage",
            about="The stage that is on.",
            queries=[lines(c.STAGE, "{{stage}}")],
            unit="none",
            kind="state-timeline",
            height=5,
            mappings=[standing(1, "on", BLUE)],
        ),
        Panel(
            title="Criteria so far",
            about="A preview of the verdict, over what has arrived: kept, broken, or cannot be told yet.",
            queries=[Query(expression=STANDINGS, legend="{{criterion}}")],
            unit="none",
            kind="state-timeline",
            width=12,
            height=6,
            mappings=[standing(1, "kept", GREEN), standing(2, "cannot tell", YELLOW), standing(3, "broken", RED)],
        ),
        Panel(
            title="Faults",
            about="When each fault was injected.",
            queries=[lines(c.FAULT_ACTIVE, "{{fault}} ({{kind}})")],
            unit="none",
            kind="state-timeline",
            width=12,
            height=6,
            mappings=[standing(0, "", "transparent"), standing(1, "injected", RED)],
        ),
    ),
    "Load": (
        Panel(
            title="Flows per second",
            about="What the schedule wants, what was begun, and password changes accepted as expected.",
            queries=[
                lines(c.PLANNED, "planned {{run_id}}"),
                lines(c.OFFERED, "offered {{run_id}}"),
                Query(expression=f"sum by (run_id) ({rate(of(c.CHANGES))})", legend="changed {{run_id}}"),
            ],
            unit="suffix:/s",
        ),
        Panel(
            title="What became of requests",
            about="Right ones are accepted or refused as they had to be; a wrong accept is a violation of correctness.",
            queries=[Query(expression=f"sum by (outcome) ({rate(of(c.REQUESTS))}) > 0", legend="{{outcome}}")],
            unit="reqps",
            stacked=True,
        ),
        Panel(
            title="Error codes",
            about="The API's own, and transport:... for what went wrong on the way.",
            queries=[Query(expression=f"sum by (step, code) ({rate(of(c.ERRORS))})", legend="{{step}} {{code}}")],
            unit="reqps",
        ),
        Panel(
            title="Not as expected",
            about="Share of all requests that did not come out as their case expects.",
            queries=[Query(expression=FAILED, legend="not as expected")],
            unit="percentunit",
            most=1.0,
        ),
        Panel(
            title="Flows under way",
            about="In flight, waiting for an idle slot, and how many slots (or users) there are.",
            queries=[lines(c.IN_FLIGHT, "in flight"), lines(c.QUEUED, "queued"), lines(c.USERS, "slots or users")],
            unit="short",
        ),
        Panel(
            title="Dropped arrivals",
            about="The queue was full. One is enough to make the run INVALID.",
            queries=[lines(c.DROPPED, "dropped {{run_id}}")],
            unit="short",
        ),
    ),
    "Response time": (
        Panel(
            title="Percentiles",
            about="From when a request was intended to its answer; out of buckets, so between two of their bounds.",
            queries=[quantile(0.5), quantile(0.95), quantile(0.99)],
            unit="s",
            width=12,
            height=9,
        ),
        Panel(
            title="All response times",
            about="How many fell into each bucket.",
            queries=[
                Query(
                    expression=f"sum by (le) ({rate(of(c.RESPONSE_TIME, STEP, suffix='_bucket'))})",
                    legend="{{le}}",
                    format="heatmap",
                )
            ],
            unit="s",
            kind="heatmap",
            width=12,
            height=9,
            options={"calculate": False, "yAxis": {"unit": "s", "axisPlacement": "left"}},
        ),
    ),
    "The instrument": (
        Panel(
            title="CPU of the generators",
            about="Share of a core. Near 100 % the numbers are about this machine, not the target.",
            queries=[lines(c.GENERATOR_CPU, "{{worker}}")],
            unit="percentunit",
        ),
        Panel(
            title="Lateness",
            about="Worst delay of each event loop, and how late requests were sent (99th percentile).",
            queries=[lines(c.GENERATOR_LAG, "loop {{worker}}"), lines(c.SEND_LAG, "sent late, p99")],
            unit="s",
        ),
        Panel(
            title="Silence",
            about="How long ago each process last said how it is. One that is lost makes the run INVALID.",
            queries=[
                lines(c.GENERATOR_SILENT, "{{worker}}"),
                Query(expression=f"{of(c.GENERATOR_LOST)} > 0", legend="LOST {{worker}}"),
            ],
            unit="s",
        ),
        Panel(
            title="Flows by generator",
            about="Begun per second by each process.",
            queries=[Query(expression=f"sum by (worker) ({rate(of(c.GENERATOR_BEGUN))})", legend="{{worker}}")],
            unit="suffix:/s",
        ),
        Panel(
            title="Waiting in generators",
            about="Flows under way and arrivals that wait, by process.",
            queries=[
                lines(c.GENERATOR_IN_FLIGHT, "in flight {{worker}}"),
                lines(c.GENERATOR_QUEUED, "queued {{worker}}"),
                lines(c.GENERATOR_DROPPED, "dropped {{worker}}"),
            ],
            unit="short",
        ),
        Panel(
            title="Samples on the way",
            about="Blocks that the master has not acknowledged; they lie safe on the worker's disk.",
            queries=[lines(c.GENERATOR_UNACKNOWLEDGED, "{{worker}}")],
            unit="short",
        ),
    ),
    "Accounts and search": (
        Panel(
            title="Test accounts",
            about="Ready ones may still be taken; those in doubt are settled at the end.",
            queries=[lines(c.ACCOUNTS, "{{state}}")],
            unit="short",
        ),
        Panel(
            title="Accounts last",
            about="For how long the ready ones last at the present rate.",
            queries=[lines(c.ACCOUNTS_LAST, "{{run_id}}")],
            unit="s",
        ),
        Panel(
            title="Search for capacity",
            about="The rate that is tried, and between which two rates the limit is by now.",
            queries=[
                lines(c.SEARCH_RATE, "tried"),
                lines(c.SEARCH_HELD, "highest that held"),
                lines(c.SEARCH_BROKEN, "lowest that did not"),
            ],
            unit="suffix:/s",
        ),
    ),
}


def dashboard() -> dict[str, Any]:
    """Return the dashboard."""
    return {
        "annotations": {"list": [_fault_marks()]},
        "description": "Load tests of the change of an expired password, while they run (pwdload).",
        "editable": True,
        "graphTooltip": 1,
        "panels": [*_panels()],
        "refresh": "5s",
        "schemaVersion": 39,
        "tags": ["pwdload", "load test"],
        "templating": {"list": [*_variables()]},
        "time": {"from": "now-30m", "to": "now"},
        "timezone": "browser",
        "title": "pwdload",
        "uid": "pwdload",
        "version": 1,
    }


def _fault_marks() -> dict[str, Any]:
    return {
        "datasource": SOURCE,
        "enable": True,
        "expr": f"{of(c.FAULT_ACTIVE)} == 1",
        "iconColor": RED,
        "name": "faults",
        "step": "1s",
        "tagKeys": "kind",
        "titleFormat": "{{fault}}",
    }


def _variables() -> Iterable[dict[str, Any]]:
    yield {
        "name": "DS_PROMETHEUS",
        "label": "Prometheus",
        "type": "datasource",
        "query": "prometheus",
        "refresh": 1,
        "hide": 0,
    }
    info = c.INFO.prometheus_name
    yield _variable("scenario", f"label_values({info}, scenario)", "Scenario")
    yield _variable("run", f'label_values({info}{{scenario=~"$scenario"}}, run_id)', "Run")
    times = f"{c.RESPONSE_TIME.prometheus_name}_count"
    yield _variable("step", f"label_values({times}{{{RUN}}}, step)", "Step")


def _variable(name: str, query: str, label: str) -> dict[str, Any]:
    return {
        "name": name,
        "label": label,
        "type": "query",
        "datasource": SOURCE,
        "definition": query,
        "query": {"query": query, "refId": name},
        "refresh": 2,
        "sort": 1,
        "multi": True,
        "includeAll": True,
        "allValue": ".*",
        "current": {"text": ["All"], "value": ["$__all"]},
        "hide": 0,
    }


def _panels() -> Iterable[dict[str, Any]]:
    number, top = 0, 0
    for title, panels in ROWS.items():
        number += 1
        place = {"h": 1, "w": WIDTH, "x": 0, "y": top}
        yield {"id": number, "type": "row", "title": title, "collapsed": False, "gridPos": place, "panels": []}
        left, top, height = 0, top + 1, 0
        for panel in panels:
            if left + panel.width > WIDTH:
                left, top, height = 0, top + height, 0
            number += 1
            yield _panel(panel, number, {"h": panel.height, "w": panel.width, "x": left, "y": top})
            left, height = left + panel.width, max(height, panel.height)
        top += height


def _panel(panel: Panel, number: int, place: dict[str, int]) -> dict[str, Any]:
    defaults: dict[str, Any] = {"unit": panel.unit, "mappings": [*panel.mappings]}
    if panel.kind == "timeseries":
        defaults["min"] = 0
        defaults["custom"] = {
            "drawStyle": "line",
            "lineWidth": 1,
            "fillOpacity": 20 if panel.stacked else 0,
            "showPoints": "never",
            "stacking": {"mode": "normal" if panel.stacked else "none", "group": "A"},
        }
    if panel.most is not None:
        defaults["max"] = panel.most
    return {
        "id": number,
        "type": panel.kind,
        "title": panel.title,
        "description": panel.about,
        "datasource": SOURCE,
        "gridPos": place,
        "fieldConfig": {"defaults": defaults, "overrides": []},
        "options": panel.options,
        "transformations": [*panel.transformations],
        "targets": [_target(query, "ABC"[at]) for at, query in enumerate(panel.queries)],
    }


def _target(query: Query, name: str) -> dict[str, Any]:
    return {
        "datasource": SOURCE,
        "expr": query.expression,
        "format": query.format,
        "instant": query.instant,
        "range": not query.instant,
        "legendFormat": query.legend,
        "refId": name,
    }


def text() -> str:
    """Return the file."""
    return json.dumps(dashboard(), indent=2) + "\n"


if __name__ == "__main__":
    FILE.write_text(text(), "utf-8")
