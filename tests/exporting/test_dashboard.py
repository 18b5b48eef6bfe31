"""The Grafana dashboard: what it names exists, what it says has a unit, and Grafana's own model of it loses nothing."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from grafana_foundation_sdk.cog import plugins
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.dashboard import Dashboard
from tests.exporting.dashboard import FILE, text
from tests.exporting.expressions import SERIES, labels_of, named_in

from pwdload.exporting.catalogue import CATALOGUE
from pwdload.exporting.metric import Kind

BOARD: dict[str, Any] = json.loads(FILE.read_text("utf-8"))
PANELS = [panel for panel in BOARD["panels"] if panel["type"] != "row"]
QUERIES = [(panel["title"], target) for panel in PANELS for target in panel["targets"]]
EXPRESSIONS = [target["expr"] for _, target in QUERIES] + [one["expr"] for one in BOARD["annotations"]["list"]]


def test_the_file_is_the_one_that_is_written_from_the_catalogue() -> None:
    """A metric that is renamed is renamed there too: `make reference`."""
    assert FILE.read_text("utf-8") == text()


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_an_expression_names_only_what_there_is(expression: str) -> None:
    """A panel that asks for a name or a label that nobody exports shows "No data", and says nothing of why."""
    named = named_in(expression)
    assert named.names <= SERIES.keys()
    for name in named.names:
        assert named.labels <= labels_of(name)
        assert named.grouped <= labels_of(name)
    counters = {name for name in named.names if name.endswith(("_total", "_bucket"))}
    drawn_as_they_are = {"pwdload_flows_dropped_total", "pwdload_generator_dropped_total"}
    assert counters - drawn_as_they_are <= named.rated
    assert {"scenario", "run_id"} <= named.labels


@pytest.mark.parametrize(("title", "target"), QUERIES, ids=lambda one: one if isinstance(one, str) else "")
def test_a_legend_names_labels_that_its_series_have(title: str, target: dict[str, Any]) -> None:
    """A label that is lost on the way leaves a legend with a hole in it."""
    named = named_in(target["expr"])
    left = named.grouped or set.intersection(*(labels_of(name) for name in named.names))
    assert set(re.findall(r"\{\{(\w+)\}\}", target["legendFormat"])) <= left, title


def test_a_variable_asks_for_what_there_is() -> None:
    """Scenario, run and step are chosen among those that have been exported; all panels use one data source."""
    variables = {one["name"]: one for one in BOARD["templating"]["list"]}
    assert [*variables] == ["DS_PROMETHEUS", "scenario", "run", "step"]
    assert variables["DS_PROMETHEUS"]["type"] == "datasource"
    for one in BOARD["templating"]["list"][1:]:
        asked = re.fullmatch(r"label_values\((\w+)(\{.*\})?, (\w+)\)", one["query"]["query"])
        assert asked is not None
        assert asked[3] in labels_of(asked[1])
        named_in(asked[1] + (asked[2] or ""))
    sources = {json.dumps(panel["datasource"]) for panel in PANELS} | {json.dumps(q["datasource"]) for _, q in QUERIES}
    assert sources == {'{"type": "prometheus", "uid": "${DS_PROMETHEUS}"}'}


def test_every_panel_says_what_it_shows_and_in_which_unit() -> None:
    """A title, a sentence, a unit, a place of its own, and every metric is drawn somewhere."""
    assert all(panel["description"].endswith(".") and panel["fieldConfig"]["defaults"]["unit"] for panel in PANELS)
    assert len({panel["id"] for panel in BOARD["panels"]}) == len(BOARD["panels"])
    places = [
        (panel["gridPos"]["x"] + dx, panel["gridPos"]["y"] + dy)
        for panel in BOARD["panels"]
        for dx in range(panel["gridPos"]["w"])
        for dy in range(panel["gridPos"]["h"])
    ]
    assert len(set(places)) == len(places)
    assert max(x for x, _ in places) < 24
    drawn = {SERIES[name].name for one in EXPRESSIONS for name in named_in(one).names}
    assert {metric.name for metric in CATALOGUE} - drawn == {"run.phase"}
    seconds = {name for name, metric in SERIES.items() if metric.unit == "s" and metric.kind is not Kind.HISTOGRAM}
    for panel in PANELS:
        names = set().union(*(named_in(target["expr"]).names for target in panel["targets"]))
        assert panel["fieldConfig"]["defaults"]["unit"] == "s" or not names & seconds


def test_grafanas_own_model_of_a_dashboard_holds_it() -> None:
    """Read and written again by Grafana's SDK, nothing is lost but fields that only its Prometheus plugin knows."""
    plugins.register_default_plugins()
    again = json.loads(JSONEncoder().encode(Dashboard.from_json(BOARD)))
    assert {re.sub(r"\[\d+\]", "", path) for path in lost(BOARD, again)} == {
        *(f".annotations.list.{name}" for name in ("step", "tagKeys", "titleFormat")),
        ".templating.list.definition",
    }


def lost(there: object, again: object, path: str = "") -> Iterator[str]:
    """Yield the paths of what is there and was not written again, or differently."""
    if isinstance(there, dict) and isinstance(again, dict):
        yield from (f"{path}.{name}" for name in there.keys() - again.keys())
        for name in there.keys() & again.keys():
            yield from lost(there[name], again[name], f"{path}.{name}")
    elif isinstance(there, list) and isinstance(again, list) and len(there) == len(again):
        for number, (one, other) in enumerate(zip(there, again, strict=True)):
            yield from lost(one, other, f"{path}[{number}]")
    elif there != again:
        yield path
