"""The account of arrivals: each planned one is begun, or has its reason, and waits are told from lag."""

import math
import random
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Literal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.analysis.open_runs import FLAT, PIECES, STALL, Played, plan_of, play, quick, schedule_of, stalling

from pwdload.analysis import Run, load_run
from pwdload.analysis.arrival_tables import arrivals_in_time, lag_table, stage_arrivals
from pwdload.analysis.arrivals import EDGE_S, ArrivalAccount
from pwdload.analysis.journeys import journey_frame
from pwdload.analysis.unbegun import Unbegun
from pwdload.rundir import ArrivalCounts, RateRecord


def run_of(played: Played, folder: Path) -> Run:
    """The run as a report reads it."""
    return load_run(played.write(folder / "run"))


def account_of(played: Played, folder: Path) -> ArrivalAccount:
    """Its account of arrivals."""
    account = run_of(played, folder).arrivals
    assert account is not None
    return account


@pytest.mark.parametrize("workers", [1, 2, 3])
@pytest.mark.parametrize("kind", ["even", "poisson"])
def test_all_is_accounted_for_in_a_good_run(tmp_path: Path, kind: Literal["even", "poisson"], workers: int) -> None:
    """However many processes take turns, every arrival of the schedule is found in the samples, once, and on time."""
    plan = plan_of(kind=kind, slots=60)
    account = account_of(play(plan, workers=workers), tmp_path)
    due_s = [arrival.due_s for arrival in schedule_of(plan)]
    assert account.planned == account.begun == len(due_s)
    assert account.frame["due_s"].tolist() == due_s
    assert account.unbegun == Unbegun()
    assert not len(account.doubles) + len(account.foreign) + len(account.shifted) + len(account.contradictions)
    assert account.frame["lag_s"].between(0, 0.00031).all()


FATES = ("begun", "dropped", "abandoned", "unrecorded", "gone")
SMALL = (RateRecord("all", 0.0, 2.0, 20.0, 40.0),)


@settings(max_examples=40)
@given(
    fates=st.lists(st.sampled_from(FATES), min_size=60, max_size=60),
    workers=st.integers(1, 3),
    is_lost=st.booleans(),
)
def test_whatever_became_of_arrivals_adds_up(fates: list[str], workers: int, is_lost: bool) -> None:
    """Any division of the planned arrivals into begun, dropped, given up, unrecorded and gone leaves no remainder."""
    played = play(plan_of(SMALL, slots=30), workers=workers)
    played = played.without(lambda sample: fates[sample.flow] != "begun")
    names = [worker.name for worker in played.record.workers]
    for turn, name in enumerate(names):
        mine = fates[turn::workers]
        counts = ArrivalCounts(
            due=sum(fate != "gone" for fate in mine),
            begun=mine.count("begun") + mine.count("unrecorded"),
            dropped=mine.count("dropped"),
            abandoned=mine.count("abandoned"),
        )
        played = played.with_worker(name, lambda one, counts=counts: replace(one, arrivals=counts))  # type: ignore[misc]
    if is_lost:
        played = replace(played, record=replace(played.record, expected_workers=(*names, "worker-9")))
    with tempfile.TemporaryDirectory() as folder:
        account = account_of(played, Path(folder))
    assert account.begun == fates.count("begun")
    assert account.planned == 60 == account.begun + account.unbegun.total
    assert account.unbegun == Unbegun(
        dropped=fates.count("dropped"),
        abandoned=fates.count("abandoned"),
        unrecorded=fates.count("unrecorded"),
        **{"lost" if is_lost else "missing": fates.count("gone")},
    )
    assert account.contradictions == ()
    assert len(account.not_begun_s()) == account.unbegun.total


@settings(max_examples=40)
@given(slots=st.integers(1, 6), seed=st.integers(0, 1000), mean_s=st.floats(0.01, 0.2), workers=st.integers(1, 2))
def test_waits_for_a_slot_are_told_from_lag(slots: int, seed: int, mean_s: float, workers: int) -> None:
    """From the samples alone, each wait for a slot is what the process itself saw, and nothing of it is called lag."""
    chance = random.Random(seed)
    plan = plan_of((RateRecord("all", 0.0, 4.0, 30.0, 60.0),), slots=slots * workers, kind="poisson")
    played = play(plan, workers=workers, service=lambda *_: chance.expovariate(1 / mean_s), lag_s=0.0, steps=1)
    with tempfile.TemporaryDirectory() as folder:
        account = account_of(played, Path(folder))
    counts = [worker.arrivals for worker in played.record.workers if worker.arrivals is not None]
    assert account.waited == sum(one.waited for one in counts)
    assert int((account.frame["wait_s"] > 1e-9).sum()) == account.waited
    assert math.isclose(account.frame["wait_s"].max(), max(one.waited_s_max for one in counts), abs_tol=1e-9)
    is_kept = account.frame["is_kept"]
    assert np.allclose(account.frame.loc[is_kept, "lag_s"], 0.0, atol=1e-9)


def test_stall_with_slots_enough_shows_the_whole_truth(tmp_path: Path) -> None:
    """A stall of five seconds is in the percentiles as the arithmetic has it, when every arrival finds a slot."""
    run = run_of(play(plan_of(FLAT, slots=600), service=stalling, steps=1, lag_s=0.0), tmp_path)
    waits = np.sort(run.samples["response_s"].to_numpy())
    assert len(waits) == 3000
    for share, truth_s in ((0.50, 0.005), (0.90, 2.00), (0.95, 3.50), (0.99, 4.70)):
        assert waits[math.ceil(share * 3000) - 1] == pytest.approx(truth_s, rel=0.01)
    assert run.arrivals is not None
    assert run.arrivals.waited == 0


def test_stall_without_slots_is_in_response_times_but_not_in_service_times(tmp_path: Path) -> None:
    """With 20 slots what waited in our queue still waited: response times have it, service times and lag do not."""
    run = run_of(play(plan_of(FLAT, slots=20), service=stalling, steps=1), tmp_path)
    account = run.arrivals
    assert account is not None
    assert account.waited == 493
    assert account.waited_s_max == pytest.approx(4.8, abs=0.01)
    response_s, service_s = (np.sort(run.samples[name].to_numpy()) for name in ("response_s", "service_s"))
    assert response_s[2969] == pytest.approx(4.70, rel=0.05)
    assert service_s[2969] == pytest.approx(0.005, rel=0.01)
    lag = lag_table(run, account).set_index("part")
    assert float(lag["p99_s"]["waiting for a slot"]) > 4.0
    assert float(lag["max_s"]["generator lag"]) < 0.0004
    assert float(lag["max_s"]["sent after it was due"]) == pytest.approx(4.8, abs=0.01)


def test_stop_may_cut_off_what_was_due_at_that_moment(tmp_path: Path) -> None:
    """What was due in the blink before a stop is nobody's fault; what was due before that is missing."""
    played = play(plan_of(FLAT))
    stopped = replace(played.record, duration_s=20.0, ended_by="stopped")
    early = replace(played, record=stopped).without(lambda one: one.flow >= 1995).with_counts("local", due=-1005)
    account = account_of(early.with_counts("local", begun=-1005), tmp_path / "blink")
    assert schedule_of(played.record.arrivals or plan_of())[1995].due_s > 20.0 - EDGE_S
    assert account.planned == 2000
    assert account.unbegun == Unbegun(cut_off=5)
    earlier = replace(played, record=stopped).without(lambda one: one.flow >= 1980).with_counts("local", due=-1020)
    account = account_of(earlier.with_counts("local", begun=-1020), tmp_path / "more")
    assert account.unbegun == Unbegun(cut_off=10, missing=10)


def test_begun_after_the_stop_is_no_mistake(tmp_path: Path) -> None:
    """A worker hears of a stop a little later than it was ordered: what it began meanwhile is planned, just later."""
    played = play(plan_of(FLAT))
    late = replace(played, record=replace(played.record, duration_s=29.5, ended_by="stopped"))
    account = account_of(late, tmp_path)
    assert account.planned == account.begun == 2950
    assert len(account.frame) == 3000
    assert account.unbegun == Unbegun()
    assert not len(account.foreign)


def test_run_cut_short_is_accounted_for_as_far_as_it_got(tmp_path: Path) -> None:
    """Of a run without an end the last arrival begun is where the account stops."""
    played = play(plan_of(FLAT), workers=2)
    record = replace(played.record, duration_s=None, ended_utc=None, ended_by="", workers=())
    short = replace(played.without(lambda one: one.intended_s > 12.0 or one.flow == 700), record=record)
    account = account_of(short, tmp_path)
    assert account.planned == account.begun + 1 == 1200
    assert account.unbegun == Unbegun(lost=1)
    assert account.not_begun_s().tolist() == [pytest.approx(7.005)]


@pytest.mark.parametrize("kept", [0, 1])
def test_next_to_nothing_is_an_account_too(tmp_path: Path, kept: int) -> None:
    """A run that began no arrival, or one, is read like any other."""
    played = play(plan_of(FLAT)).without(lambda one: one.flow >= kept)
    account = account_of(played, tmp_path)
    assert account.planned == 3000
    assert account.begun == kept
    assert account.unbegun.total == 3000 - kept


def test_even_arrivals_are_even_as_sent(tmp_path: Path) -> None:
    """At 100/s even every 100 ms hold 9 to 11 that were sent, from one process as from two."""
    for workers in (1, 2):
        account = account_of(play(plan_of(FLAT), workers=workers), tmp_path / str(workers))
        (row,) = stage_arrivals(account).to_dict("records")
        assert (row["planned_fewest"], row["planned_most"]) == (10, 10)
        assert 9 <= row["sent_fewest"] <= row["sent_most"] <= 11
        assert row["planned_per_s"] == row["due_per_s"] == 100
        assert row["sent_per_s"] == pytest.approx(100, abs=0.1)


def test_stages_are_counted_by_what_was_due_in_them(tmp_path: Path) -> None:
    """The stages' planned and begun arrivals add up to the run's, and a ramp's rate is its average."""
    played = play(plan_of(PIECES)).without(lambda one: 10.0 <= one.intended_s < 10.5 and one.step == "login")
    table = stage_arrivals(account_of(play(plan_of(PIECES)), tmp_path / "good")).set_index("stage")
    assert table["planned"].to_dict() == {"warm up": 250, "steady": 2000, "rush": 750}
    assert table["planned_per_s"].to_dict() == {"warm up": 50.0, "steady": 100.0, "rush": 150.0}
    assert not table["never_begun"].any()
    gone = played.without(lambda one: one.intended_s >= 10.0 and one.flow in range(750, 800))
    table = stage_arrivals(account_of(gone, tmp_path / "bad")).set_index("stage")
    assert table["never_begun"].to_dict() == {"warm up": 0, "steady": 50, "rush": 0}


def test_seconds_add_up(tmp_path: Path) -> None:
    """Second by second, what was planned, due, sent, and ended as expected adds up to the whole run."""
    run = run_of(play(plan_of(PIECES), service=quick), tmp_path)
    assert run.arrivals is not None
    table = arrivals_in_time(run, run.arrivals, journey_frame(run.samples), 31, 1.0)
    assert table["planned"].sum() == pytest.approx(3000)
    assert table["due"].sum() == table["sent"].sum() == table["as_expected"].sum() == table["changes"].sum() == 3000
    assert table["never_begun"].sum() == 0
    assert table["planned"].iloc[10] == pytest.approx(100)


def test_stall_shows_in_goodput_and_not_in_the_offered_load(tmp_path: Path) -> None:
    """While the target stands still, arrivals go on being sent, and nothing ends."""
    run = run_of(play(plan_of(FLAT, slots=600), service=stalling, steps=1), tmp_path)
    assert run.arrivals is not None
    table = arrivals_in_time(run, run.arrivals, journey_frame(run.samples), 31, 1.0)
    stalled = table[(table["start_s"] >= STALL[0] + 1) & (table["start_s"] < STALL[1])]
    assert stalled["sent"].between(99, 101).all()
    assert not stalled["as_expected"].any()


def test_plan_that_is_none_is_a_problem_and_no_crash(tmp_path: Path) -> None:
    """A record whose pieces do not follow one another is told, and nothing is computed from it."""
    played = play(plan_of(FLAT))
    broken = plan_of((RateRecord("a", 0.0, 10.0, 1.0, 1.0), RateRecord("b", 20.0, 30.0, 1.0, 1.0)))
    run = run_of(replace(played, record=replace(played.record, arrivals=broken)), tmp_path)
    assert run.arrivals is None
    assert run.is_open
    assert "plan of arrivals" in run.problems[0]
