"""The target's own metrics against the load: means by level, cost per change, what it was short of."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from tests.analysis.capacities import FOUND, level
from tests.analysis.synthetic import counts_of, samples_of, write_run

from pwdload.analysis import Caveat, Run, load_run
from pwdload.analysis.stages import stage_table
from pwdload.analysis.target_load import TargetLoad, metrics_in_time, missing_metrics, target_load
from pwdload.metrics import Metrics
from pwdload.rundir import RunDirectory

LEVELS = replace(
    FOUND, levels=(level(10.0, 0.0, 30.0, "low"), level(20.0, 30.0, 60.0, "middle"), level(40.0, 60.0, 90.0, "high"))
)
WATCHED = 'title = "x"\n[target.metrics]\ncsv = "m.csv"\ncores = 8\n'


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run of 100 s without metrics."""
    samples = samples_of(flows=400)
    return load_run(write_run(tmp_path_factory.mktemp("runs") / "run", samples, counts=counts_of(samples)))


def watched(run: Run, source: str = WATCHED, **series: Callable[[float], float | None]) -> Run:
    """The run with a value of each metric every 5 s."""
    at_s = tuple(float(second) for second in range(0, 100, 5))
    metrics = Metrics(at_s=at_s, series={name: tuple(map(of, at_s)) for name, of in series.items()})
    return replace(run, metrics=metrics, scenario_source=source)


def cores(at_s: float) -> float:
    """Half a core idling, 50 ms for each change of the levels above."""
    return 0.5 + 0.05 * (10.0 if at_s < 30 else 20.0 if at_s < 60 else 40.0)


def look(run: Run) -> TargetLoad:
    """What the target spent at the three levels."""
    found = target_load(run, stage_table(run), LEVELS)
    assert found is not None
    return found


def test_cost_per_change_is_the_slope_over_the_levels(run: Run) -> None:
    """Idling is no change's cost: 50 ms each, whatever the target uses without any."""
    cost = look(watched(run, cpu=cores)).cost
    assert cost is not None
    assert (cost.cpu_s, cost.idle_cores, cost.levels) == pytest.approx((0.05, 0.5, 3))
    assert (cost.lower, cost.upper) == pytest.approx((0.05, 0.05))


def test_one_load_says_only_what_a_change_costs_at_most(run: Run) -> None:
    """Stages of one rate leave idling in it, and no interval is made up."""
    cpu_run = watched(run, cpu=lambda _: 2.0)
    stages = stage_table(cpu_run)
    found = target_load(cpu_run, stages, None)
    assert found is not None
    assert found.cost is not None
    assert (found.cost.lower, found.cost.upper, found.cost.idle_cores) == (None, None, None)
    most = stages[stages["is_measured"].astype(bool)]["changes_per_s"].max()
    assert found.cost.cpu_s == pytest.approx(2.0 / most)


def test_what_is_near_its_limit_gives_first(run: Run) -> None:
    """7.76 of 8 cores at the highest level are 97 %, memory has room."""
    found = look(watched(run, cpu=lambda at_s: 7.76 if at_s >= 60 else 2.0, memory_share=lambda _: 0.6))
    assert [use.words for use in found.uses] == ["CPU at 97 %", "memory at 60 %"]
    assert [use.words for use in found.short_of] == ["CPU at 97 %"]


def test_means_are_of_each_level_and_gaps_stay_gaps(run: Run) -> None:
    """A metric that begins late has no value at the first level."""
    found = look(watched(run, memory=lambda at_s: None if at_s < 30 else at_s))
    assert [mean for one in found.levels for mean in one.means] == pytest.approx([42.5, 72.5])
    assert found.cost is None


def test_metrics_in_time_are_averaged_in_bins(run: Run) -> None:
    """Ten seconds with two values have their mean; bins without any have none."""
    metrics = Metrics(at_s=(-5.0, 0.0, 5.0, 20.0, 999.0), series={"cpu": (9.0, 1.0, 2.0, None, 9.0)})
    frame = metrics_in_time(metrics, 3, 10.0)
    assert frame["start_s"].tolist() == [0.0, 10.0, 20.0]
    assert frame["cpu"].iloc[0] == 1.5
    assert frame["cpu"].iloc[1:].isna().all()


@pytest.mark.parametrize(
    ("source", "series", "words"),
    [
        ('title = "x"', {}, None),
        (WATCHED, {"cpu": cores}, None),
        (
            'title = "x"\n[target.metrics]\nprometheus = "http://x"\nqueries = { cpu = "c", memory = "m" }',
            {"cpu": cores},
            "without memory",
        ),
    ],
)
def test_what_was_asked_for_and_is_missing_is_a_caveat(
    run: Run, source: str, series: dict[str, Callable[[float], float]], words: str | None
) -> None:
    """The reader knows which metric nobody has."""
    assert missing_metrics(watched(run, source, **series)) == words


def test_metrics_of_another_time_are_a_caveat(run: Run) -> None:
    """A clock in another time zone is told, not drawn as nothing."""
    elsewhere = replace(watched(run), metrics=Metrics(at_s=(3_600.0,), series={"cpu": (1.0,)}))
    assert missing_metrics(elsewhere) == "none lies within the time of the run"
    assert missing_metrics(replace(elsewhere, metrics=None)) == "none is on record"
    assert target_load(elsewhere, stage_table(elsewhere), LEVELS) is None
    assert Caveat.METRICS_MISSING.weakens == "capacity"


def test_a_file_that_is_wrong_is_told_and_the_report_is_made(run: Run, tmp_path: Path) -> None:
    """What somebody put into the directory by hand cannot break the report."""
    directory: RunDirectory = write_run(tmp_path / "run", samples_of(flows=50))
    directory.metrics_file.write_text("time,cpu\nsoon,1\n", encoding="utf-8")
    broken = load_run(directory)
    assert broken.metrics is None
    assert any(problem.startswith("metrics.csv: line 2: 'soon' is no time") for problem in broken.problems)
