"""What the web UI keeps of a run: bounded however long it is, spikes not smoothed away, JSON that any browser reads."""

import json
from dataclasses import replace
from itertools import pairwise
from math import inf, nan

import pytest
from tests.watched.course import moment
from tests.watched.snapshots import with_odd_words

from pwdload.watched import Phase, Snapshot
from pwdload.watched.history import COURSE_POINTS, NAMES, RECENT_POINTS, History, point_of, row_json
from pwdload.watched.live import Live


def history_of(seconds: int) -> History:
    history = History("run-1")
    for second in range(seconds):
        history.take(moment(second + 0.5))
    return history


def row_of(snapshot: Snapshot) -> dict[str, float | None]:
    return dict(zip(NAMES, json.loads(row_json(point_of(snapshot))), strict=True))


def at_each_second(rows: dict[str, object]) -> list[float]:
    return [row[0] for row in rows["rows"]]  # type: ignore[attr-defined]


def test_a_short_run_is_kept_second_by_second() -> None:
    """Nothing is left out or made one while there is room."""
    history = history_of(200)
    assert [point.at_s for point in history.recent()] == [second + 0.5 for second in range(200)]
    assert history.course() == history.recent()


@pytest.mark.parametrize("hours", [4, pytest.param(24, marks=pytest.mark.slow)])
def test_a_run_of_a_day_takes_no_more_room_than_one_of_an_hour(hours: int) -> None:
    """The course is halved as often as it is full, and still reaches from the first second to the last."""
    history = History("run-1")
    snapshot = moment(1.0)
    for second in range(hours * 3600):
        history.take(replace(snapshot, at_s=float(second)))
    course = history.course()
    assert COURSE_POINTS / 2 <= len(course) <= COURSE_POINTS
    assert len(history.recent()) == RECENT_POINTS
    assert course[0].at_s < 256
    assert course[-1].at_s == hours * 3600 - 1
    steps = [later.at_s - earlier.at_s for earlier, later in pairwise(course[:-1])]
    assert len(set(steps)) == 1, "evenly spaced"


def test_a_spike_of_one_second_stays_in_the_course_of_a_long_run() -> None:
    """Points that are made one keep the worst of percentiles and lags, and the mean of rates."""
    history = History("run-1")
    for second in range(4 * COURSE_POINTS):
        snapshot = moment(float(second))
        assert snapshot.window is not None
        p99_ms = 9_000.0 if second == 1_001 else 10.0
        window = replace(snapshot.window, p99_ms=p99_ms, goodput_per_s=100.0 if second % 2 else 50.0)
        history.take(replace(snapshot, window=window))
    course = history.course()
    assert max(point.p99_ms or 0.0 for point in course) == 9_000.0
    assert {point.goodput_per_s for point in course} == {75.0}


def test_a_gap_of_knowledge_is_null_and_not_zero() -> None:
    """Before the first samples nothing is known; made one with what is known, what is known stands."""
    unknown = replace(moment(1.0), window=None, offered_per_s=None, generators=(), accounts=None)
    row = row_of(unknown)
    assert row["p99_ms"] is row["goodput_per_s"] is row["offered_per_s"] is row["loop_lag_ms"] is row["shed"] is None
    history = History("run-1")
    for second in range(COURSE_POINTS):
        history.take(replace(unknown, at_s=float(second)) if second % 2 else moment(float(second)))
    assert all(point.p99_ms is not None and point.outcomes_per_s is not None for point in history.course())


def test_a_clock_that_stands_still_adds_no_points() -> None:
    """Before a run's clock goes, and after its end, snapshots come all the same."""
    history = history_of(10)
    for _ in range(5):
        history.take(moment(9.5, phase=Phase.ENDED))
    assert len(history.recent()) == history.seen == 10


def test_a_page_that_has_most_points_is_given_the_rest() -> None:
    """Each second it asks for what came since; one that slept too long gets what is kept."""
    history = history_of(RECENT_POINTS + 50)
    assert [point.at_s for point in history.recent(history.seen - 2)] == [RECENT_POINTS + 48.5, RECENT_POINTS + 49.5]
    assert len(history.recent(10)) == RECENT_POINTS
    assert not history.recent(history.seen)
    assert not history.recent(history.seen + 1_000)


def test_outcomes_are_counted_per_second_of_the_window() -> None:
    """All steps together, each outcome under its own name."""
    snapshot = moment(130.0)
    row = row_of(snapshot)
    assert row["shed"] == 150 / 5
    assert row["right_accept"] == sum(one.recent for one in snapshot.outcomes if one.outcome == "right_accept") / 5


def test_another_run_begins_with_empty_charts() -> None:
    """The first snapshot of a second run is not drawn behind the last of the first."""
    live = Live(lambda: 0.0)
    for second in range(5):
        live.take(moment(float(second)))
    live.take(moment(0.5, run_id="run-2", phase=Phase.STARTING))
    told = json.loads(live.history_json(whole=False))
    assert (told["run_id"], told["seen"], at_each_second(told)) == ("run-2", 1, [0.5])


def test_nothing_is_told_before_the_first_run() -> None:
    """The page can be opened before anybody has pressed Start."""
    live = Live(lambda: 0.0)
    assert json.loads(live.snapshot_json()) == {"snapshot": None, "age_s": None, "has_report": False}
    assert json.loads(live.history_json(whole=True))["rows"] == []


def test_the_age_of_a_snapshot_is_told() -> None:
    """A process that answers and has no new numbers is found out."""
    now = [100.0]
    live = Live(lambda: now[0])
    live.take(moment(3.0))
    now[0] = 107.5
    assert json.loads(live.snapshot_json())["age_s"] == 7.5


def test_what_is_no_number_is_null_in_json() -> None:
    """NaN and infinity are not JSON: a browser would show nothing at all."""
    live = Live(lambda: 0.0)
    live.take(with_percentiles(moment(3.0), p50_ms=nan, p95_ms=inf))
    for text in (live.snapshot_json(), live.history_json(whole=False), live.history_json(whole=True)):
        assert "NaN" not in text
        assert "Infinity" not in text
        json.loads(text)


def test_rows_are_those_of_the_points() -> None:
    """What is kept as JSON, so that opening a page holds nobody up, is what the points say, after halving as well."""
    history = history_of(2 * COURSE_POINTS + 3)
    for points, text in (
        (history.recent(), history.recent_json()),
        (history.recent(history.seen - 5), history.recent_json(history.seen - 5)),
        (history.course(), history.course_json()),
    ):
        assert json.loads(text) == [json.loads(row_json(point)) for point in points]


def test_a_snapshot_goes_through_json_unchanged() -> None:
    """All that the snapshot holds reaches the page, odd characters included."""
    live, snapshot = Live(lambda: 0.0), with_odd_words(moment(3.0))
    live.take(snapshot)
    assert json.loads(live.snapshot_json())["snapshot"] == json.loads(json.dumps(snapshot.to_json()))


def with_percentiles(snapshot: Snapshot, *, p50_ms: float, p95_ms: float) -> Snapshot:
    assert snapshot.window is not None
    return replace(snapshot, window=replace(snapshot.window, p50_ms=p50_ms, p95_ms=p95_ms))
