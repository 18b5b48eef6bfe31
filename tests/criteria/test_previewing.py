"""Criteria over what has arrived, by counts: they say what `judge` says of the same exchanges, second by second."""

import random
from math import inf

import numpy as np
import pytest
from tests.criteria.exchanges import exchange
from tests.criteria.test_false_verdicts import SERVICE_S, exponential_limit, queue

from pwdload.criteria import Breadth, Criterion, Metric, Sense, Span, Standing, judge
from pwdload.criteria.live import LiveLoad
from pwdload.criteria.previewing import Preview
from pwdload.samples import Block, Sample
from pwdload.watched.load import WatchedLoad

SPANS = (Span(0.0, 5.0, "warm up", measured=False), Span(5.0, 25.0, "hold"), Span(25.0, 40.0, "peak"))


def percentile(limit: float, permille: int = 950, **more: object) -> Criterion:
    """Return a criterion of a percentile."""
    fields: dict[str, object] = {"name": "p", "metric": Metric.PERCENTILE, "sense": Sense.AT_MOST, "limit": limit}
    return Criterion(**fields | {"permille": permille} | more)  # type: ignore[arg-type]


def failed(limit: float, **more: object) -> Criterion:
    """Return a criterion of the failed share."""
    fields: dict[str, object] = {"name": "f", "metric": Metric.FAILED_SHARE, "sense": Sense.AT_MOST, "limit": limit}
    return Criterion(**fields | more)  # type: ignore[arg-type]


def goodput(limit: float) -> Criterion:
    """Return a criterion of goodput."""
    return Criterion(name="g", metric=Metric.GOODPUT, sense=Sense.AT_LEAST, limit=limit)


CRITERIA = (
    percentile(0.5),
    percentile(0.36),
    percentile(0.2),
    percentile(0.25, 900, step="login", case="replayed", stage="peak", of="service"),
    percentile(0.7, 990, of="journey"),
    percentile(0.05, 500, sense=Sense.AT_LEAST),
    failed(0.05),
    failed(0.001),
    failed(0.02, breadth=Breadth(kind="seconds", share=0.5)),
    percentile(0.4, breadth=Breadth(kind="window", window_s=2.0)),
    percentile(0.4, breadth=Breadth(kind="window", window_s=9.0)),
    goodput(20.0),
    goodput(49.0),
    goodput(80.0),
)


@pytest.fixture(scope="module")
def blocks() -> list[Block]:
    """Return forty seconds of a load with three slow ones, in blocks."""
    rng = random.Random(3)
    rows: list[Sample] = []
    for number in range(4000):
        due_s = number / 100
        took_s = rng.lognormvariate(-2.0, 0.5) * (3.0 if 15.0 < due_s < 18.0 else 1.0)
        rows.append(
            exchange(
                due_s,
                took_s,
                flow=number // 2,
                step="update_password" if number % 2 else "login",
                case="valid_change" if number % 8 < 4 else "replayed",
                outcome="unknown" if rng.random() < (0.03 if due_s > 30.0 else 0.005) else "right_accept",
            )
        )
    rows.sort(key=lambda row: row.done_s)
    return [Block.encode(place, rows[place : place + 256]) for place in range(0, len(rows), 256)]


def test_counts_say_what_the_exchanges_say(blocks: list[Block]) -> None:
    """Whatever a criterion is about, it stands as `judge` has it, and its value is within the width of a bucket."""
    previews, live = [Preview(one, SPANS) for one in CRITERIA], LiveLoad(SPANS)
    load = WatchedLoad(previews)
    for block in blocks:
        load.take(block)
        live.take(block)
    load.add_up()
    observed = live.observed(-inf, inf)
    for preview in previews:
        seen, judged = preview.look(40.0), judge(preview.criterion, observed, SPANS)
        assert seen.standing is judged.standing, (preview.criterion, seen, judged)
        assert seen.seen
    found = {preview.look(40.0).standing for preview in previews}
    assert found == set(Standing)


@pytest.mark.parametrize("seed", [18, 45])
def test_a_lucky_run_is_not_called_kept_before_its_report_could_say_so(seed: int) -> None:
    """Half a minute of a queue at its limit, with no bad spell: few are slow, many nearly are, and nobody can tell."""
    criterion, spans = percentile(exponential_limit(950, SERVICE_S / 0.3)), [Span(0.0)]
    observed = queue(1_000, 0.7)(np.random.default_rng(seed))
    preview = Preview(criterion, spans)
    load = WatchedLoad([preview])
    times = zip(observed.due_s, observed.done_s, strict=True)
    load.take(Block.encode(0, [exchange(float(due_s), float(done_s - due_s)) for due_s, done_s in times]))
    load.add_up()
    assert judge(criterion, observed, spans).standing is Standing.CANNOT_TELL
    assert preview.look(inf).standing is Standing.CANNOT_TELL


def test_the_value_is_on_the_side_of_the_limit_where_it_is(blocks: list[Block]) -> None:
    """A percentile that is read from buckets never says 299 ms of what was counted as beyond 300 ms."""
    values_s = sorted(
        row["done_s"] - row["intended_s"]
        for block in blocks
        for row in block.batches()[0].to_pylist()
        if 5.0 <= row["intended_s"] < 40.0
    )
    truth_s = values_s[-(-len(values_s) * 950 // 1000) - 1]
    just_kept, just_broken = Preview(percentile(truth_s), SPANS), Preview(percentile(truth_s - 1e-6), SPANS)
    load = WatchedLoad([just_kept, just_broken])
    for block in blocks:
        load.take(block)
    load.add_up()
    for preview, side in ((just_kept, -1), (just_broken, 1)):
        trials, hits = int(preview._trials.sum()), int(preview._hits.sum())
        value_s = preview._value(trials, hits)
        assert (value_s - preview.criterion.limit) * side >= 0
        assert value_s == pytest.approx(truth_s, rel=0.02)


def test_before_anything_has_arrived_nobody_can_tell() -> None:
    """Every criterion begins as one of which nothing was seen."""
    for criterion in CRITERIA:
        seen = Preview(criterion, SPANS).look(5.0)
        assert (seen.standing, seen.seen) == (Standing.CANNOT_TELL, "")


def test_a_look_at_an_hour_costs_no_more_than_its_seconds() -> None:
    """A run of an hour is thousands of numbers for a look, however many exchanges it had; none of them is kept."""
    preview = Preview(percentile(0.3), [Span(0.0, inf)])
    load = WatchedLoad([preview])
    for minute in range(60):
        load.take(Block.encode(minute, [exchange(60.0 * minute + place / 10) for place in range(60)]))
    load.add_up()
    assert len(preview._trials) <= 2 * 3600
    assert preview.look(3600.0).standing is Standing.KEPT
