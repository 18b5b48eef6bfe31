"""Gunther's Universal Scalability Law: throughput as a function of how much is under way at once.

    X(N) = gamma N / (1 + alpha (N - 1) + beta N (N - 1))

gamma is what one does alone, alpha the share of the work that only one at a time can do (contention), beta what
keeping each in step with every other costs (coherency). With beta above 0 throughput is highest at the knee,
N* = sqrt((1 - alpha) / beta), and falls beyond it. Source: N. J. Gunther, "Guerrilla Capacity Planning" (2007),
chapters 4 to 6.

The fit. N / X is linear in 1/gamma, alpha/gamma and beta/gamma, all of which are 0 or more, so that least squares
need no starting values and cannot stop in a wrong place. Errors of throughput are taken to be relative, hence each
level is weighted by what the fit says of it, until that no longer changes.

The intervals are a parametric bootstrap. A few levels say little of how large their errors are, so each draw takes an
error variance of its own out of what they leave open (chi-square with levels - 3 degrees of freedom), which makes the
interval that of Student's t rather than of the normal distribution. The draws are free of the bounds that the values
have to keep: what is cut off at 0 would be too narrow on its other side. The intervals are cut off at the end.
"""

from dataclasses import dataclass
from math import sqrt

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

LEVELS_MIN = 6
"""Fewer levels leave too few degrees of freedom beside three parameters to say how wrong they are."""
SPREAD_MIN = 2.0
"""The highest level must have at least so many times the concurrency of the lowest: else there is no curve to see."""
MISFIT_MAX = 0.05
"""Largest root mean square of the relative residuals at which the law counts as fitting."""
DRAWS = 1000
_PARAMETERS = 3
_ROUNDS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """A number with its 95 % interval; a bound is infinite where the data leave it open."""

    value: float
    lower: float
    upper: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Usl:
    """The law as it was fitted. Concurrency is a mean number under way, throughput is per second."""

    gamma: Estimate
    """Throughput of one alone, per second."""
    alpha: Estimate
    """Contention: 1/alpha times gamma is never passed."""
    beta: Estimate
    """Coherency: above 0 throughput falls again."""
    knee: Estimate | None
    """Concurrency at which throughput is highest; null where the best fit never falls (beta 0)."""
    peak: Estimate | None
    """Throughput there; without a knee gamma/alpha, which it comes ever closer to; null where it grows for ever."""
    misfit: float
    """Root mean square of the relative residuals, as a share of throughput."""
    reach: tuple[float, float]
    """Lowest and highest concurrency that was seen: what lies outside is extrapolated."""
    draws: Floats
    """One row of gamma, alpha, beta per bootstrap draw."""

    @property
    def fits(self) -> bool:
        """Whether the levels lie on such a curve; where they do not, none of its numbers mean anything."""
        return self.misfit <= MISFIT_MAX

    @property
    def is_knee_seen(self) -> bool:
        """Whether throughput falls again within what was tried, and by more than chance explains."""
        return self.knee is not None and self.beta.lower > 0 and self.knee.value <= self.reach[1]

    def throughput_per_s(self, concurrency: Floats) -> Floats:
        """Return the law's throughput at each concurrency."""
        return usl_throughput(concurrency, self.gamma.value, self.alpha.value, self.beta.value)

    def band_per_s(self, concurrency: Floats) -> tuple[Floats, Floats]:
        """Return the lower and upper ends of the curve's 95 % band at each concurrency."""
        gamma, alpha, beta = (column[:, None] for column in self.draws.T)
        curves = np.maximum(usl_throughput(concurrency[None, :], gamma, alpha, beta), 0.0)
        lower, upper = np.quantile(curves, (0.025, 0.975), axis=0)
        return lower, upper


def usl_throughput(concurrency: Floats, gamma: float | Floats, alpha: float | Floats, beta: float | Floats) -> Floats:
    """Return X(N) of the Universal Scalability Law."""
    slowing = 1 + alpha * (concurrency - 1) + beta * concurrency * (concurrency - 1)
    throughput: Floats = gamma * concurrency / slowing
    return throughput


def why_no_usl(concurrency: Floats, throughput: Floats) -> str:
    """Return why the law cannot be fitted to these levels, one sentence; empty where it can."""
    usable = _usable(concurrency, throughput)
    count = int(usable.sum())
    if count < LEVELS_MIN:
        return f"The Universal Scalability Law needs {LEVELS_MIN} levels with throughput or more; there are {count}."
    low, high = float(concurrency[usable].min()), float(concurrency[usable].max())
    if high < SPREAD_MIN * low:
        return (
            f"The Universal Scalability Law needs levels whose concurrency differs {SPREAD_MIN:g}-fold or more; "
            f"these reach from {low:.3g} to {high:.3g}."
        )
    return ""


def fit_usl(concurrency: Floats, throughput: Floats, *, seed: int = 1, draws: int = DRAWS) -> Usl:
    """Fit the law to levels, one element each: how much was under way on average, and throughput per second.

    Levels without concurrency or throughput are left out. The same numbers and seed give the same result.

    Raises:
        ValueError: it cannot be fitted, with the reason (`why_no_usl`).
    """
    if why := why_no_usl(concurrency, throughput):
        raise ValueError(why)
    usable = _usable(concurrency, throughput)
    n, x = concurrency[usable], throughput[usable]
    columns, sizes = _columns(n)
    best, expected = _fit(columns, n / x)
    residuals = np.log(expected * x / n)
    centre, free = columns @ _unbound(columns, (n / x)[None, :], expected)[0], len(n) - _PARAMETERS
    random = np.random.default_rng(seed)
    spread = np.sqrt((((n / x - centre) / expected) ** 2).sum() / random.chisquare(free, draws))
    noise = spread[:, None] * random.standard_normal((draws, len(n)))
    drawn = _unbound(columns, centre + expected * noise, expected)
    misfit = float(np.sqrt((residuals**2).mean()))
    return _result(_law(best / sizes), _laws(drawn / sizes), misfit, n)


def _usable(concurrency: Floats, throughput: Floats) -> npt.NDArray[np.bool_]:
    with np.errstate(invalid="ignore"):
        usable: npt.NDArray[np.bool_] = (concurrency > 0) & (throughput > 0)
    return usable & np.isfinite(concurrency) & np.isfinite(throughput)


def _columns(n: Floats) -> tuple[Floats, Floats]:
    """Return what N / X is linear in, each column brought to a like size, and those sizes.

    Unscaled, the solution would lose its digits where N runs into the thousands.
    """
    columns = np.stack([np.ones_like(n), n - 1, n * (n - 1)], axis=1)
    sizes = np.abs(columns).max(axis=0)
    return columns / sizes, sizes


def _fit(columns: Floats, target: Floats) -> tuple[Floats, Floats]:
    """Return the coefficients of 0 or more with the least relative squares, and what they make of each level."""
    from scipy.optimize import nnls  # noqa: PLC0415 - a tenth of a second that most reports need not

    solution, expected = np.zeros(_PARAMETERS), target
    for _ in range(_ROUNDS):
        solution, _norm = nnls(columns / expected[:, None], target / expected)
        # A concurrency below 1 makes a column negative, and with it perhaps the sum.
        expected = np.maximum(columns @ solution, 1e-3 * target)
    return solution, expected


def _unbound(columns: Floats, targets: Floats, expected: Floats) -> Floats:
    """Return for each row of targets the coefficients with the least squares relative to what is expected."""
    weighed = columns / expected[:, None]
    solutions = np.linalg.lstsq(weighed, (targets / expected).T, rcond=None)[0].T
    return solutions.astype(np.float64)


def _law(solution: Floats) -> Floats:
    """Return gamma, alpha, beta of the three coefficients; gamma is infinite where one alone takes no time."""
    alone, contention, coherency = map(float, solution)
    alone = max(alone, 1e-9 * (contention + coherency), 1e-300)
    return np.array([1 / alone, contention / alone, coherency / alone])


def _laws(solutions: Floats) -> Floats:
    return np.array([_law(solution) for solution in solutions])


def _result(best: Floats, drawn: Floats, misfit: float, n: Floats) -> Usl:
    gamma, alpha, beta = (_estimate(value, column) for value, column in zip(best, drawn.T, strict=True))
    knees, peaks = (np.array(ends) for ends in zip(*(_knee(*row) for row in drawn), strict=True))
    knee, peak = _knee(*best)
    return Usl(
        gamma=gamma,
        alpha=alpha,
        beta=beta,
        knee=_estimate(knee, knees) if np.isfinite(knee) else None,
        peak=_estimate(peak, peaks) if np.isfinite(peak) else None,
        misfit=misfit,
        reach=(float(n.min()), float(n.max())),
        draws=drawn,
    )


def _knee(gamma: float, alpha: float, beta: float) -> tuple[float, float]:
    """Return the concurrency at which throughput is highest, and that throughput; infinite where there is no end."""
    if beta > 0:
        # Whatever slows down from the first on is at its best alone.
        knee = max(sqrt(max(1 - alpha, 0.0) / beta), 1.0)
        slowing = 1 + alpha * (knee - 1) + beta * knee * (knee - 1)
        return knee, gamma * knee / slowing if slowing > 0 else np.inf
    return np.inf, gamma / alpha if alpha > 0 and beta == 0 else np.inf


def _estimate(value: float, drawn: Floats) -> Estimate:
    # Ranks rather than interpolation: between a number and infinity there is nothing.
    lower, upper = np.maximum(np.quantile(drawn, (0.025, 0.975), method="inverted_cdf"), 0.0)
    return Estimate(value=float(value), lower=min(float(lower), float(value)), upper=max(float(upper), float(value)))
