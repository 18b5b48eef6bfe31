"""What is called instead of scipy.stats gives what scipy.stats gives."""

import subprocess
import sys

import numpy as np
import pytest
from tests.processes import environment

from pwdload.statistics import distributions as ours

PROBABILITIES = np.array([1e-9, 0.001, 0.025, 0.05, 0.2, 0.48, 0.51, 0.9, 0.95, 0.975, 0.995, 1 - 1e-9])
VALUES = np.array([-9.0, -2.5, -0.1, 0.0, 0.3, 1.96, 5.0, 30.0])
DEGREES = np.array([1.0, 2.0, 4.5, 19.0, 20.0, 99.0, 1e6])
SHARES = np.array([0.001, 0.01, 0.25, 0.5, 0.9, 0.95, 0.99, 0.999])
TRIALS = np.array([1, 2, 5, 10, 19, 29, 100, 598, 599, 1_000, 12_345, 1_000_000, 30_000_000])


def test_ranks_of_an_interval_are_those_of_scipy() -> None:
    """Every quantile of a binomial that an interval of a percentile may ask for is the same whole number."""
    from scipy import stats  # noqa: PLC0415 - half a second that the other tests of this process need not

    probabilities, trials, shares = np.meshgrid(PROBABILITIES, TRIALS, SHARES)
    assert np.array_equal(ours.binom.ppf(probabilities, trials, shares), stats.binom.ppf(probabilities, trials, shares))


def test_quantiles_and_tails_are_those_of_scipy() -> None:
    """Normal, Student's t and chi-squared agree to the last digits, far out too."""
    from scipy import stats  # noqa: PLC0415 - as above

    close = pytest.approx
    assert ours.norm.ppf(PROBABILITIES) == close(stats.norm.ppf(PROBABILITIES), rel=1e-12, abs=1e-12)
    assert ours.norm().sf(VALUES) == close(stats.norm.sf(VALUES), rel=1e-12)
    assert ours.norm.cdf(VALUES) == close(stats.norm.cdf(VALUES), rel=1e-12)
    for degrees in DEGREES:
        assert ours.t.ppf(PROBABILITIES, degrees) == close(stats.t.ppf(PROBABILITIES, degrees), rel=1e-9, abs=1e-9)
        assert ours.t(degrees).sf(VALUES) == close(stats.t.sf(VALUES, degrees), rel=1e-9)
        assert ours.t(degrees).cdf(VALUES) == close(stats.t.cdf(VALUES, degrees), rel=1e-9)
        assert ours.chi2.ppf(PROBABILITIES, degrees) == close(stats.chi2.ppf(PROBABILITIES, degrees), rel=1e-9)


@pytest.mark.parametrize("values", [[3.0], [2.0, 2.0], [5.0, 1.0, 5.0, 5.0, -2.0, 1.0, 0.5]])
def test_ranks_are_those_of_scipy(values: list[float]) -> None:
    """Equal values share the mean of their ranks."""
    from scipy import stats  # noqa: PLC0415 - as above

    assert ours.rankdata(values).tolist() == stats.rankdata(values).tolist()


def test_a_report_begins_without_what_takes_long() -> None:
    """What a report of most runs never asks for, and would wait for a second: it is imported where it is used."""
    heavy = "scipy.stats scipy.optimize scipy.interpolate scipy.spatial scipy.linalg ruptures faker typer"
    # Newer versions of scipy.special bring some of it themselves.
    script = (
        "import sys, scipy.special; brought = set(sys.modules); import pwdload.report; "
        f"print(*sorted((sys.modules.keys() - brought) & {set(heavy.split())}))"
    )
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, env=environment(), capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == ""
