"""From a snapshot to metrics: names, labels, sums, and what must not grow without an end."""

import math
import random
import re
from dataclasses import replace

from tests.processes import ROOT
from tests.watched.course import later
from tests.watched.snapshots import fault, full, generator, starting

from pwdload.exporting.catalogue import CATALOGUE, CHANGES, CRITERION, ERRORS, FAULT_ACTIVE, REQUESTS, RESPONSE_TIME
from pwdload.exporting.families import SERIES_MOST, families
from pwdload.exporting.metric import Family, Kind, Metric
from pwdload.outcome import Outcome
from pwdload.watched import CodeCount, Snapshot


def family(snapshot: Snapshot, metric: Metric) -> Family:
    """Return one family of a snapshot."""
    return next(one for one in families(snapshot) if one.metric is metric)


def values(snapshot: Snapshot, metric: Metric) -> dict[tuple[str, ...], float]:
    """Return the values of a metric by its own labels."""
    return {point.labels[2:]: point.value for point in family(snapshot, metric).points}


def test_names_keep_the_rules_of_prometheus() -> None:
    """Base units, `_total` on counters and on nothing else, one name per metric, and no label that Prometheus keeps."""
    names = [metric.prometheus_name for metric in CATALOGUE]
    assert len(set(names)) == len(names)
    for metric, name in zip(CATALOGUE, names, strict=True):
        assert re.fullmatch(r"pwdload(_[a-z0-9]+)+", name)
        assert name.endswith("_total") == (metric.kind is Kind.COUNTER)
        assert not re.search(r"_(ms|milliseconds|percent|count|sum|bucket|info_info)$", name)
        assert ("seconds" in name) == (metric.unit == "s")
        assert not {"le", "quantile", "instance", "job"} & set(metric.all_labels)


def test_every_number_of_a_snapshot_is_there_once() -> None:
    """What is counted comes out as it went in, and no two series have the same labels."""
    snapshot = full()
    counted = values(snapshot, REQUESTS)
    assert sum(counted.values()) == snapshot.requests
    assert all(counted[one.step, one.outcome] == one.count for one in snapshot.outcomes)
    assert values(snapshot, CHANGES) == {(): snapshot.changes}
    for one in families(snapshot):
        labels = [point.labels for point in one.points] + [each.labels for each in one.distributions]
        assert len(set(labels)) == len(labels)
        assert labels, one.metric.name
        assert all(len(each) == len(one.metric.all_labels) for each in labels)
        assert all(math.isfinite(point.value) for point in one.points)


def test_what_is_not_known_has_no_series() -> None:
    """A zero that nobody counted would be drawn, and alerted on; only counters begin with zero."""
    shown = {one.metric.name for one in families(starting()) if one.points}
    assert "flows.planned" not in shown
    assert "accounts" not in shown
    assert "send_lag.p99" not in shown
    assert set(values(starting(), REQUESTS).values()) == {0}
    assert {outcome.value for outcome in Outcome} == {labels[1] for labels in values(starting(), REQUESTS)}


def test_counters_never_go_back_within_a_run_and_begin_anew_with_the_next() -> None:
    """Whatever a run's snapshots say, each series of a counter only grows; another run has series of its own."""
    chance, snapshot = random.Random(7), full(7)
    before: dict[tuple[str, tuple[str, ...]], float] = {}
    for _ in range(50):
        now = {
            (one.metric.name, point.labels): point.value
            for one in families(snapshot)
            if one.metric.kind is Kind.COUNTER
            for point in one.points
        }
        assert all(now[key] >= value for key, value in before.items())
        before, snapshot = now, later(snapshot, chance)
    other = {point.labels for one in families(starting(run_id="run-2")) for point in one.points}
    assert not other & {labels for _, labels in before}


def test_response_times_keep_their_buckets() -> None:
    """Percentiles of a dashboard come from the counts of the snapshot, those slower than all bounds included."""
    snapshot = full()
    shown = {one.labels[2]: one for one in family(snapshot, RESPONSE_TIME).distributions}
    for one in snapshot.latency:
        assert (shown[one.step].counts, shown[one.step].sum) == (one.counts, one.sum_s)
    assert shown["verify"].count == 0


def test_two_injections_of_one_name_are_one_series() -> None:
    """A fault that comes again has one name; it is active while any of its injections is."""
    assert values(full(), FAULT_ACTIVE)["slow", "latency"] == 1
    healed = replace(full(), faults=(fault("slow", "healed"), fault("slow", "skipped")))
    assert values(healed, FAULT_ACTIVE) == {("slow", "latency"): 0}


def test_a_criterion_stands_in_one_way() -> None:
    """Exactly one of the three standings is 1, so that a dashboard can draw them and an alert can name one."""
    shown = values(full(), CRITERION)
    assert [standing for (name, standing), value in shown.items() if name == "failed_share" and value] == [
        "cannot_tell"
    ]
    assert sum(shown.values()) == 2


def test_series_are_bounded_whatever_a_target_answers() -> None:
    """Ten thousand error codes, or as many workers, would bring down the Prometheus of a whole team."""
    codes = tuple(CodeCount(step="login", code=f"X{n}", count=1, recent=0) for n in range(2_000))
    snapshot = replace(full(), codes=codes, generators=tuple(generator(f"w{n}") for n in range(2_000)))
    errors = values(snapshot, ERRORS)
    assert sum(errors.values()) == 2_000
    assert errors["login", "other"] == 2_000 - SERIES_MOST
    assert sum(len(one.points) for one in families(snapshot)) <= SERIES_MOST * len(CATALOGUE)


def test_the_page_lists_every_metric() -> None:
    """Whoever writes an alert reads docs/watching.md: name, kind, labels and meaning are those of the code."""
    page = (ROOT / "docs" / "watching.md").read_text("utf-8")
    rows = re.findall(r"^\| `pwdload_.*$", page, re.MULTILINE)
    for row, one in zip(rows, CATALOGUE, strict=True):
        labels = ", ".join(f"`{label}`" for label in one.labels)
        assert row == f"| `{one.prometheus_name}` | `{one.otel_name}` | {one.kind} | {labels} | {one.help} |"
