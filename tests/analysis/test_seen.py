"""The samples of a run as arrays for its levels: what each holds, and that none is there twice."""

from pathlib import Path

import numpy as np
import pytest
from tests.analysis.queue_runs import Servers, run_of, stepped

from pwdload.analysis import Run
from pwdload.analysis.capacity.seen import Seen
from pwdload.criteria import Criterion, Metric, Sense
from pwdload.criteria.values import Time


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Return twenty seconds of a target that is near its limit."""
    target = Servers(servers=2, service_s=0.02)
    path: Path = tmp_path_factory.mktemp("seen")
    return run_of(path, stepped([40.0, 80.0], 10.0), target, seed=2, slo='p95_update_password = "300ms"')


def percentile(permille: int, step: str = "update_password", of: Time = "response", case: str = "") -> Criterion:
    """Return a criterion of a percentile."""
    return Criterion(
        name="p",
        metric=Metric.PERCENTILE,
        sense=Sense.AT_MOST,
        limit=0.3,
        permille=permille,
        of=of,
        step=step,
        case=case,
    )


def test_times_of_the_loads_own_step_are_there_once(run: Run) -> None:
    """Two percentiles of changes and the level's own times are one array; another time, or a case, is another."""
    seen = Seen(run)
    own = seen.response
    assert len(own)
    assert seen.population(percentile(950)) is seen.population(percentile(990)) is own
    assert seen.population(percentile(950, of="service")) is not own
    assert seen.population(percentile(950, case="valid_change")) is not own


def test_a_population_is_of_its_step_alone(run: Run) -> None:
    """Each step has as many times as there are samples of it, in the order in which they were due."""
    seen = Seen(run)
    for step, samples in run.samples.groupby("step", observed=True):
        mine = seen.population(percentile(950, step=str(step)))
        np.testing.assert_array_equal(mine.value, samples["response_s"])
        np.testing.assert_array_equal(mine.at_s, samples["intended_s"])
    assert len(seen.population(percentile(950, step="")).value) == len(run.samples)
