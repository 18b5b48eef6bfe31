"""The Universal Scalability Law: what it is fitted to comes back, and what cannot be fitted is said."""

import numpy as np
import pytest

from pwdload.statistics.usl import Usl, fit_usl, usl_throughput, why_no_usl

CURVES = (
    # gamma, alpha, beta, relative error of each level, levels, highest concurrency
    (20.0, 0.03, 0.0005, 0.02, 8, 100.0),
    (100.0, 0.1, 0.0, 0.02, 10, 60.0),
    (20.0, 0.0, 0.001, 0.03, 6, 60.0),
    (5.0, 0.2, 0.01, 0.05, 20, 30.0),
)
NAMES = ("gamma", "alpha", "beta")


def fitted(curve: tuple[float, ...], seed: int, draws: int = 1000) -> Usl:
    """The fit to levels on a curve, each with an error of its own."""
    gamma, alpha, beta, error, levels, highest = curve
    concurrency = np.geomspace(1.0, highest, int(levels))
    noise = np.random.default_rng(seed).standard_normal(int(levels))
    throughput = usl_throughput(concurrency, gamma, alpha, beta) * (1 + error * noise)
    return fit_usl(concurrency, throughput, seed=seed, draws=draws)


def covered(curve: tuple[float, ...], runs: int, draws: int) -> dict[str, float]:
    """In which share of simulated runs each parameter's interval holds its truth."""
    hits = dict.fromkeys((*NAMES, "peak"), 0)
    gamma, alpha, beta = curve[:3]
    knee = np.sqrt((1 - alpha) / beta) if beta else np.inf
    peak = float(usl_throughput(np.array([knee]), gamma, alpha, beta)[0]) if beta else gamma / alpha
    for seed in range(runs):
        usl = fitted(curve, seed, draws)
        truths = dict(zip(NAMES, curve, strict=False)) | {"peak": peak}
        for name, truth in truths.items():
            estimate = getattr(usl, name)
            hits[name] += estimate is None or estimate.lower - 1e-12 <= truth <= estimate.upper + 1e-12
    return {name: count / runs for name, count in hits.items()}


def test_exact_levels_give_their_curve_back() -> None:
    """Without error all five numbers are those of the curve, and the knee is known to be real."""
    usl = fitted((20.0, 0.03, 0.0005, 0.0, 8, 100.0), 1)
    assert [getattr(usl, name).value for name in NAMES] == pytest.approx([20.0, 0.03, 0.0005])
    assert usl.knee is not None
    assert usl.knee.value == pytest.approx(np.sqrt(0.97 / 0.0005))
    assert usl.is_knee_seen
    assert usl.fits


def test_intervals_hold_the_truth_in_nine_of_ten_runs_and_more() -> None:
    """A few simulated runs; the slow proof counts them in hundreds."""
    shares = covered(CURVES[0], 60, 300)
    assert min(shares.values()) >= 0.85
    assert sum(shares.values()) / len(shares) >= 0.9


@pytest.mark.slow
@pytest.mark.parametrize("curve", CURVES, ids=str)
def test_intervals_hold_the_truth_in_93_of_100_runs(curve: tuple[float, ...]) -> None:
    """Parameters of 500 simulated runs lie within their intervals in 93 % of them or more, give or take chance."""
    shares = covered(curve, 500, 1000)
    assert np.mean(list(shares.values())) >= 0.93
    assert min(shares.values()) >= 0.93 - 2 * np.sqrt(0.93 * 0.07 / 500)


def test_an_mm1_queue_has_a_contention_of_one_half() -> None:
    """In M/M/1 throughput is mu N / (1 + N), which is the law with gamma = mu/2, alpha = 1/2 and no coherency."""
    in_flight = np.array([0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0])
    usl = fit_usl(in_flight, 100 * in_flight / (1 + in_flight))
    assert usl.gamma.value == pytest.approx(50.0, rel=1e-3)
    assert usl.alpha.value == pytest.approx(0.5, abs=1e-3)
    assert usl.beta.value == pytest.approx(0.0, abs=1e-4)
    assert usl.peak is not None
    assert not usl.is_knee_seen


def test_a_kinked_curve_does_not_fit_and_says_so() -> None:
    """Throughput that breaks in half at once lies on no curve of the law."""
    concurrency = np.array([1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0])
    usl = fit_usl(concurrency, np.array([10.0, 20.0, 40.0, 80.0, 160.0, 60.0, 55.0]))
    assert not usl.fits


@pytest.mark.parametrize(
    ("concurrency", "throughput", "says"),
    [
        ([1, 2, 3, 4, 5], [1, 2, 3, 4, 5], "needs 6 levels with throughput or more; there are 5"),
        ([1, 2, 3, 4, 5, 6], [0] * 6, "there are 0"),
        ([1, 2, 3, 4, 5, np.nan], [1] * 6, "there are 5"),
        ([10, 11, 12, 13, 14, 15], [1] * 6, "differs 2-fold"),
        ([], [], "there are 0"),
    ],
)
def test_too_few_levels_are_refused_with_the_reason(
    concurrency: list[float], throughput: list[float], says: str
) -> None:
    """Fewer than six usable levels, or levels that are all alike, give no curve."""
    levels = np.array(concurrency, dtype=float), np.array(throughput, dtype=float)
    assert says in why_no_usl(*levels)
    with pytest.raises(ValueError, match="Universal Scalability Law needs"):
        fit_usl(*levels)


def test_the_same_levels_give_the_same_intervals() -> None:
    """Chance is seeded: a report is the same whenever it is made."""
    assert fitted(CURVES[0], 3).alpha == fitted(CURVES[0], 3).alpha


def test_the_band_holds_the_curve() -> None:
    """The curve lies within its band wherever levels were seen."""
    usl = fitted(CURVES[0], 5)
    at = np.linspace(*usl.reach, 30)
    low, high = usl.band_per_s(at)
    curve = usl.throughput_per_s(at)
    assert ((low <= curve * 1.001) & (curve <= high * 1.001)).all()
