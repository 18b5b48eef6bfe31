"""What a report says of a search: its capacity, what gives first, what comes past it, and what the run is worth."""

import random
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pytest
from tests.analysis.open_runs import Played, plan_of, play
from tests.judgements import GOOD

from pwdload.analysis import Analysis, Run, analyse, load_run
from pwdload.analysis.capacity import Capacity, Shape
from pwdload.analysis.capacity.of_run import levels_of, seen_of
from pwdload.analysis.capacity.search import disturbed_levels, searched
from pwdload.analysis.caveats import Caveat
from pwdload.analysis.checks.search import search_findings
from pwdload.criteria import Standing
from pwdload.injections import FaultsRecord, Injection
from pwdload.outcome import Finding, Verdict
from pwdload.report.model import Chart, Table
from pwdload.report.sections import capacity_section, scalability_section
from pwdload.rundir import RateRecord, RunDirectory
from pwdload.searching import LevelRecord, Result, Role, SearchRecord, Settings, write_search

MU = 50.0
LIMIT_S = 0.2
LENGTH_S = 60.0
SCENARIO = """
title = "Search"
[load]
model = "open"
[search]
from = "15/s"
to = "90/s"
[slo]
p95_update_password = "200ms"
failed_share = "1%"
"""
SETTINGS = Settings(
    from_per_s=15.0,
    to_per_s=90.0,
    resolution=0.05,
    settle_s=10.0,
    hold_s=50.0,
    repeats=4,
    beyond=1.5,
    budget_s=1200.0,
)
LEVELS: tuple[tuple[Role, float], ...] = (
    ("coarse", 15.0),
    ("coarse", 25.0),
    ("coarse", 45.0),
    ("bracket", 33.0),
    ("repeat", 36.0),
    ("repeat", 34.0),
    ("repeat", 37.0),
    ("repeat", 33.0),
    ("beyond", 55.0),
    ("return", 20.0),
)


class Queue:
    """One server; a login costs nothing, an update takes an exponential time, longer by `strain` past the limit."""

    def __init__(self, *, strain: float = 1.0, slow: float = 1.0) -> None:
        self._free_s, self._is_update, self._random = 0.0, False, random.Random(5)
        self._strain, self._slow = strain, slow

    def __call__(self, sent_s: float, _: random.Random) -> float:
        """Return how long a request takes."""
        self._is_update = not self._is_update
        if self._is_update:
            return 0.001
        rate = self._slow * MU / (self._strain if LENGTH_S * 8 <= sent_s < LENGTH_S * 9 else 1.0)
        self._free_s = max(self._free_s, sent_s) + self._random.expovariate(rate)
        return self._free_s - sent_s


def searched_run(folder: Path, queue: Queue, levels: tuple[tuple[Role, float], ...] = LEVELS) -> Run:
    """Write a run that was a search over these levels, one after the other, and read it."""
    names = [f"search {rate:g}/s #{place}" for place, (_, rate) in enumerate(levels)]
    pieces = [
        RateRecord(name, LENGTH_S * place, LENGTH_S * (place + 1), rate, rate)
        for place, (name, (_, rate)) in enumerate(zip(names, levels, strict=True))
    ]
    played = play(plan_of(pieces, kind="poisson", slots=5000), service=queue)
    directory = _measured(played).write(folder)
    directory.scenario_file.write_text(SCENARIO)
    records = tuple(
        LevelRecord(
            stage=name,
            reason="Because.",
            result=Result(
                role=role,
                rate_per_s=rate,
                offered_per_s=rate,
                start_s=LENGTH_S * place + SETTINGS.settle_s,
                end_s=LENGTH_S * (place + 1),
                counts=(),
            ),
            standing=Standing.CANNOT_TELL,
            broken=(),
        )
        for place, (name, (role, rate)) in enumerate(zip(names, levels, strict=True))
    )
    record = SearchRecord(
        settings=SETTINGS, criteria=("p95_update_password",), levels=records, outcome="Over.", found=True
    )
    write_search(directory.search_file, record)
    return load_run(directory)


def _measured(played: Played) -> Played:
    """Return the run with those stages measured that lie below its capacity, as the harness marks them."""
    low = ("15/s", "25/s")
    stages = tuple(replace(one, measured=any(rate in one.name for rate in low)) for one in played.record.stages)
    return replace(played, record=replace(played.record, stages=stages))


@pytest.fixture(scope="module")
def steady(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A search at M/M/1, which is kept at 35.02/s and serves 50/s at most."""
    return searched_run(tmp_path_factory.mktemp("runs") / "steady", Queue())


@pytest.fixture(scope="module")
def analysed(steady: Run) -> Analysis:
    """The analysis of it."""
    return analyse(steady, GOOD)


def capacity_of(run: Run) -> Capacity:
    """Return the capacity that the analysis has found."""
    capacity = searched(run)
    assert capacity is not None
    return capacity


def verdict_of(findings: Iterable[Finding], check: str) -> tuple[Verdict, str]:
    """Return what a check has found."""
    (one,) = [one for one in findings if one.check == check]
    return one.verdict, one.reason


def of_search(run: Run) -> list[Finding]:
    """Return what the checks of a search find."""
    return list(search_findings(run, searched(run)))


def test_the_capacity_is_counted_anew_from_the_samples(steady: Run) -> None:
    """The record of the search holds no counts here: everything is told by the samples, with its interval."""
    capacity = capacity_of(steady)
    assert capacity.flows_per_s is not None
    assert capacity.flows_lower is not None
    assert capacity.flows_upper is not None
    assert abs(capacity.flows_per_s / 35.02 - 1) < 0.1
    assert capacity.flows_lower < 35.02 < capacity.flows_upper
    assert capacity.changes_per_s == pytest.approx(capacity.flows_per_s, rel=0.02)
    assert capacity.shape is Shape.SATURATES
    assert capacity.limiter is not None
    assert capacity.limiter.criterion == "p95_update_password"
    assert capacity.limiter.words.startswith("p95 of update_password at most 200 ms gives first")


def test_past_the_limit_as_much_gets_done_and_the_way_back_takes_as_long_as_the_backlog(steady: Run) -> None:
    """One minute of 10 % too much leaves some 5 s of work; at 20/s it is done after some 8 s."""
    capacity = capacity_of(steady)
    assert capacity.beyond_kept_share is not None
    assert 1.2 < capacity.beyond_kept_share < 1.6, "50/s are served where the capacity is 35/s"
    assert capacity.returned_s is not None
    assert 2 <= capacity.returned_s <= 25


def test_a_level_beyond_the_limit_does_not_fail_a_search_that_found_it(analysed: Analysis) -> None:
    """The criteria were broken on purpose: only the levels below the capacity count for the verdict."""
    checks = ("capacity", "slo.p95_update_password", "failed_share")
    assert {verdict_of(analysed.findings, check)[0] for check in checks} == {Verdict.PASS}


def test_response_against_load_is_drawn_from_the_levels_of_the_search(analysed: Analysis) -> None:
    """Every level is a point, those that were not measured as well: the bend past the limit is what a review asks for.

    The capacity's own section has goodput against what was offered, and what became of each level.
    """
    shown = analysed.shown
    assert shown.source == "search"
    assert len(shown.levels) == len(LEVELS)
    low, beyond = shown.levels[0], shown.levels[-2]
    assert (beyond.times[1].value or 0.0) > 5 * (low.times[1].value or 1.0)
    assert (beyond.goodput.lower or 0.0) > (low.goodput.upper or 1.0)
    section = scalability_section(analysed)
    assert section is not None
    assert [item.name for item in section.items if isinstance(item, Chart)] == [
        "response_by_throughput",
        "response_by_in_flight",
        "goodput_by_in_flight",
    ]
    (table,) = [item for item in section.items if isinstance(item, Table)]
    assert table.title == "Levels"
    assert "criteria" not in [column.name for column in table.columns]


@pytest.mark.parametrize(
    ("least_per_s", "verdict"), [(25.0, Verdict.PASS), (35.0, Verdict.INCONCLUSIVE), (45.0, Verdict.SLO_FAILED)]
)
def test_a_stated_least_capacity_is_held_against_the_interval(
    analysed: Analysis, least_per_s: float, verdict: Verdict
) -> None:
    """Below the interval it passes, above it fails, and within it nobody can tell."""
    assert analysed.run.search is not None
    stated = replace(analysed.run, search=replace(analysed.run.search, at_least_per_s=least_per_s))
    assert verdict_of(search_findings(stated, analysed.capacity), "capacity")[0] is verdict


def test_a_generator_without_processor_time_makes_the_run_invalid(steady: Run, analysed: Analysis) -> None:
    """A limit at which the generator was saturated may be the generator's own."""
    health = tuple(row._replace(cpu_share=1.0) if 120 < row.at_s < 180 else row for row in steady.health)
    verdict, reason = verdict_of(search_findings(replace(steady, health=health), analysed.capacity), "search_generator")
    assert verdict is Verdict.INVALID
    assert "the limit may be the generator's" in reason


def test_a_target_that_breaks_down_past_its_limit_is_named_so(tmp_path: Path) -> None:
    """Where goodput falls past the limit, a reader must not push the target there: it is said in the first sentence."""
    capacity = capacity_of(searched_run(tmp_path / "run", Queue(strain=3.0)))
    assert capacity.shape is Shape.RETROGRADE
    assert capacity.beyond_kept_share is not None
    assert capacity.beyond_kept_share < 0.7
    assert "Past it less gets done than before" in capacity.words


def test_a_target_that_serves_all_past_its_limit_has_met_none_of_its_own(tmp_path: Path) -> None:
    """Waiting breaks a criterion before the target is full: how much it serves at most is more than was tried."""
    levels = (*LEVELS[:-2], ("beyond", 44.0), LEVELS[-1])
    capacity = capacity_of(searched_run(tmp_path / "run", Queue(), levels))
    assert capacity.shape is Shape.FOLLOWS
    assert capacity.flows_per_s == pytest.approx(35.02, rel=0.1)
    assert "Past it all of it still gets done, only later" in capacity.words
    assert "no less gets done" not in capacity.words


def test_a_target_that_never_saturates_has_no_number(tmp_path: Path) -> None:
    """All that was tried was kept: the capacity is beyond, and that is the answer."""
    run = searched_run(tmp_path / "run", Queue(slow=20.0), (("coarse", 15.0), ("coarse", 25.0), ("coarse", 45.0)))
    capacity = capacity_of(run)
    assert (capacity.shape, capacity.flows_per_s, capacity.limiter) == (Shape.NEVER_SATURATES, None, None)
    assert capacity.flows_lower == pytest.approx(45, rel=0.1)
    assert capacity.changes_lower is not None
    assert capacity.changes_lower <= max(one.changes_per_s for one in capacity.levels), "no more than was seen"
    assert verdict_of(of_search(run), "capacity")[0] is Verdict.INCONCLUSIVE


def test_a_target_that_keeps_nothing_fails(tmp_path: Path) -> None:
    """Not even the lowest rate was kept: that is a verdict."""
    run = searched_run(tmp_path / "run", Queue(slow=0.2), (("coarse", 15.0),))
    assert capacity_of(run).shape is Shape.NEVER_KEPT
    assert verdict_of(of_search(run), "capacity")[0] is Verdict.SLO_FAILED


def test_a_fault_in_a_level_is_no_limit(steady: Run) -> None:
    """A level in which the target was disturbed is listed and told, and leaves the capacity to the others."""
    place, (_, rate) = 2, LEVELS[2]
    fault = Injection(
        fault="disk full",
        kind="latency",
        means="proxy",
        planned_start_s=LENGTH_S * place + 20.0,
        planned_end_s=LENGTH_S * place + 30.0,
        inject_before_s=LENGTH_S * place + 20.0,
        inject_after_s=LENGTH_S * place + 20.1,
        heal_before_s=LENGTH_S * place + 30.0,
        heal_after_s=LENGTH_S * place + 30.1,
    )
    run = replace(steady, faults=FaultsRecord(injections=(fault,)))
    assert [stage for stage, _ in disturbed_levels(run)] == [f"search {rate:g}/s #{place}"]
    assert f"search {rate:g}/s #{place}" not in [one.level.stage for one in seen_of(run, levels_of(run)).levels]
    capacity, before = capacity_of(run), capacity_of(steady)
    assert len(capacity.levels) == len(before.levels)
    assert capacity.flows_per_s != before.flows_per_s
    assert capacity.flows_per_s == pytest.approx(35.02, rel=0.15)
    told = {note.caveat: note.text for note in analyse(run, GOOD).caveats}
    assert 'the fault "disk full"' in told[Caveat.FAULT_IN_LEVEL]
    assert Caveat.FAULT_IN_LEVEL not in {note.caveat for note in analyse(steady, GOOD).caveats}


def test_the_report_shows_every_level_and_why_it_was_played(analysed: Analysis) -> None:
    """A reviewer sees what the capacity rests on: charts, each level, each decision."""
    section = capacity_section(analysed)
    assert section is not None
    names = [item.name for item in section.items]
    assert names == ["capacity_goodput", "capacity_response", "capacity_levels", "capacity_decisions"]
    assert len(section.items[2].rows) == len(LEVELS)  # type: ignore[union-attr]
    assert "One step past the limit" in section.intro
    assert "kept the criteria again after" in section.intro


def test_a_search_that_cannot_be_read_is_told_and_hides_nothing_else(tmp_path: Path) -> None:
    """A damaged record of the search costs the capacity, not the report."""
    searched_run(tmp_path / "run", Queue(), LEVELS[:1])
    (tmp_path / "run" / "search.json").write_text("{")
    again = load_run(RunDirectory.open(tmp_path / "run"))
    assert again.search is None
    assert any("search.json" in problem for problem in again.problems)
