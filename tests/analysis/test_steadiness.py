"""Whether stages had settled, and whether what was under way is rate times time: on runs whose truth is known."""

import random
from collections.abc import Callable, Hashable
from pathlib import Path
from typing import Any

import pytest
from tests.analysis.synthetic import STAGES, easy_seconds, record_of, samples_of, write_health, write_run

from pwdload.analysis import Caveat, find_caveats, load_run
from pwdload.analysis.journeys import journey_frame
from pwdload.analysis.littles_law import littles_law_table
from pwdload.analysis.run import Run
from pwdload.analysis.steadiness import StageSettling, steadiness
from pwdload.oracle.judgement import Judgement
from pwdload.rundir import RunDirectory
from pwdload.samples import Sample

STEADY = STAGES[1]


def later(sample: Sample, by_s: float) -> Sample:
    """Return a sample as it would be had its request been due so much later."""
    assert sample.sent_s is not None
    first_s = None if sample.first_byte_s is None else sample.first_byte_s + by_s
    return sample._replace(
        intended_s=sample.intended_s + by_s,
        sent_s=sample.sent_s + by_s,
        first_byte_s=first_s,
        done_s=sample.done_s + by_s,
    )


def slowed(samples: list[Sample], factor: Callable[[float], float]) -> list[Sample]:
    """Return the samples with service times longer by a factor of the time when they were due."""
    return [
        sample._replace(done_s=sample.sent_s + (sample.done_s - sample.sent_s) * factor(sample.intended_s))
        for sample in samples
        if sample.sent_s is not None
    ]


def of_stage(run: Run, name: str) -> StageSettling:
    """Return what was found of a stage."""
    return next(one for one in steadiness(run) if one.stage == name)


def test_steady_stages_are_left_alone(tmp_path: Path) -> None:
    """A run whose response times are the same throughout has no caveat about warm-up or trend."""
    run = load_run(write_run(tmp_path / "run", samples_of(flows=4000)))
    assert [one.found for one in steadiness(run)][1:] == ["no warm-up and no trend"] * 2
    assert not {Caveat.WARM_UP_TREND, Caveat.STAGE_TREND} & caveats(run)


def test_measured_time_that_begins_too_early_is_told(tmp_path: Path) -> None:
    """Ten seconds at thrice the response time, within the measured stage, are found and named with their p50."""
    samples = slowed(samples_of(flows=4000), lambda at_s: 3.0 if at_s < 20.0 else 1.0)
    run = load_run(write_run(tmp_path / "run", samples))
    found = of_stage(run, "steady")
    assert found.has_warm_up
    assert 8 <= found.warm_up_s <= 14
    assert found.p50_early_s > 2 * found.p50_late_s
    assert Caveat.WARM_UP_TREND in caveats(run)


def test_a_queue_that_grows_is_told(tmp_path: Path) -> None:
    """A stage in which response times triple is told to have had a trend, with what p50 did."""
    samples = slowed(samples_of(flows=4000), lambda at_s: 1.0 + max(at_s - 60.0, 0.0) / 20.0)
    run = load_run(write_run(tmp_path / "run", samples))
    found = of_stage(run, "rush")
    assert found.change > 0.5
    assert Caveat.STAGE_TREND in caveats(run) or found.has_warm_up


def test_a_short_stage_is_not_looked_at(tmp_path: Path) -> None:
    """Ten seconds are too short for the question, and the table says so instead of an answer."""
    run = load_run(write_run(tmp_path / "run", samples_of(flows=1000)))
    assert of_stage(run, "warm up").found == "not looked at: too short, or too few requests"


def test_requests_in_flight_are_rate_times_time(tmp_path: Path) -> None:
    """In steady stages requests on their way are rate times service time; without health flows are not compared."""
    run = load_run(write_run(tmp_path / "run", samples_of(flows=4000)))
    table = lines(run)
    for stage in ("steady", "rush"):
        row = table[stage, "requests"]
        assert row["in_flight"] == pytest.approx(row["expected"], rel=0.02)
        assert row["per_s"] == pytest.approx(80.0, rel=0.01)
        assert row["words"] == "agrees"
        assert table[stage, "flows"]["words"] == "the processes' own count is not on record"


def test_processes_that_count_otherwise_are_told(tmp_path: Path) -> None:
    """Processes that counted thrice as many flows under way as rate and duration allow are not believed in silence."""
    directory = counting(tmp_path / "right", flows_under_way=2)
    run = load_run(directory)
    assert lines(run)["steady", "flows"]["words"] == "agrees"
    run = load_run(counting(tmp_path / "wrong", flows_under_way=7))
    assert lines(run)["steady", "flows"]["words"].startswith("two records of one thing differ")


def test_flows_that_the_end_cuts_off_while_they_wait_are_under_way_until_then(tmp_path: Path) -> None:
    """A flow that waits for a token to expire has no answer to show for it: both records have it all the same."""
    wait_s, end_s = 8.0, 100.0
    samples = [one for one in samples_of(flows=4000, service_s=lambda _: 0.025) if one.step == "login"]
    updates = [one for one in samples_of(flows=4000, service_s=lambda _: 0.025) if one.step == "update_password"]
    samples += [later(one, wait_s) for one in updates if one.done_s + wait_s <= end_s]
    samples = [one._replace(seq=seq) for seq, one in enumerate(sorted(samples, key=lambda one: one.done_s))]
    for counted, is_doubtful in ((322, False), (240, True)):
        directory = write_run(tmp_path / str(counted), samples, record=record_of(samples))
        seconds = easy_seconds("local", int(end_s), random.Random(1))
        write_health(directory, [row._replace(in_flight=counted) for row in seconds])
        row = lines(load_run(directory))["rush", "flows"]
        assert row["words"].startswith("two records of one thing differ") is is_doubtful


def lines(run: Run) -> dict[Hashable, dict[Hashable, Any]]:
    """Return the lines of Little's law by stage and by what is counted."""
    return littles_law_table(run, journey_frame(run.samples)).set_index(["stage", "of"]).to_dict("index")


def counting(path: Path, flows_under_way: int) -> RunDirectory:
    """Write a run of 40 flows a second of 50 ms each, and a process that counted so many under way."""
    samples = samples_of(flows=4000, service_s=lambda rng: 0.024 + 0.002 * rng.random())
    directory = write_run(path, samples, record=record_of(samples))
    rows = [row._replace(in_flight=flows_under_way) for row in easy_seconds("local", 100, random.Random(1))]
    write_health(directory, rows)
    return directory


def caveats(run: Run) -> set[Caveat]:
    """Return the caveats of a run."""
    return {note.caveat for note in find_caveats(run, Judgement(results=()))}
