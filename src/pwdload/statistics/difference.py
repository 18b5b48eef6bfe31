"""How two samples differ, and how sure that is: percentiles and shares, each with an interval and two tests.

What is known of each side is a distribution of what its true number may be: for a percentile, the observed value at a
rank drawn from what the ranks may be off (`pwdload.statistics.quantiles`). The difference of two independent draws has
the distribution of the difference. Samples that hang together have ranks that are further off, as far as their
effective number says.

Two tests, because "no difference was found" is no proof of sameness: a difference test (is 0 outside the interval?) and
an equivalence test (is all of the 90 % interval within the margin?), which is two one-sided tests at 5 %.

Sources: K. Krishnamoorthy, T. Mathew, "Inferences on the means of lognormal distributions using generalized p-values
and generalized confidence intervals", Journal of Statistical Planning and Inference 115 (2003), 103-121, for
differences by draws; G. Y. Zou, A. Donner, "Construction of confidence limits about effect measures", Statistics in
Medicine 27 (2008), 1693-1702; D. J. Schuirmann, Journal of Pharmacokinetics and Biopharmaceutics 15 (1987), 657-680,
for the two one-sided tests.
"""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pwdload.statistics import distributions as stats
from pwdload.statistics.dependence import Dependence, dependence
from pwdload.statistics.percentiles import Floats, Percentile
from pwdload.statistics.quantiles import worth_of
from pwdload.statistics.slots import counted, slot_codes, slot_count

DRAWS = 4000
"""How many draws a difference is told from: the ends of a 95 % interval have a hundred draws beyond each."""
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """B less A, in the unit of the values, with 95 % and 90 % intervals; everything is NaN where it cannot be told.

    Relative ends are of B / A - 1: 0.05 is 5 % more. They are NaN where A's number is 0.
    """

    estimate: float
    lower: float
    upper: float
    relative_lower: float
    relative_upper: float
    p_value: float
    """Two-sided: how often chance alone makes a difference as large as this; never 0."""
    a: float
    """A's own number."""
    b: float
    """B's own number."""
    lower_90: float
    upper_90: float
    relative_lower_90: float
    relative_upper_90: float
    is_dependent: bool = False
    """Whether samples of either side hang together, so that the interval was widened."""

    @property
    def is_known(self) -> bool:
        """Whether there were samples enough."""
        return not math.isnan(self.lower)

    @property
    def is_different(self) -> bool:
        """Whether 0 is outside the 95 % interval."""
        return self.is_known and not self.lower <= 0.0 <= self.upper

    @property
    def relative(self) -> float:
        """B / A - 1; NaN where A's number is 0."""
        return self.b / self.a - 1.0 if self.a else math.nan


def percentile_difference(
    a_values: Floats, a_times: Floats, b_values: Floats, b_times: Floats, permille: int, seed: int
) -> Difference:
    """Return how a percentile of B differs from A's.

    ``times`` say when each value belongs, in any unit and order; they decide which samples are neighbours. All NaN
    where either side has fewer samples than the percentile asks for, or fewer effective ones. The same seed gives the
    same numbers. Raises ValueError when values and times are not of one length.
    """
    percentile = Percentile(f"p{permille / 10:g}", permille)
    rng = np.random.default_rng(seed)
    sides = [
        _drawn_percentile(*_known(values, times), percentile, rng)
        for values, times in ((a_values, a_times), (b_values, b_times))
    ]
    return _difference(*sides)


def share_difference(a_hits: Bools, a_times: Floats, b_hits: Bools, b_times: Floats, seed: int) -> Difference:
    """Return how the share of hits in B differs from A's: all NaN without samples on either side.

    Draws are from Jeffreys' distribution of a share, Beta(hits + 1/2, misses + 1/2), of the effective numbers.
    """
    rng = np.random.default_rng(seed)
    return _difference(*(_drawn_share(hits, times, rng) for hits, times in ((a_hits, a_times), (b_hits, b_times))))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Side:
    """What is known of one side: its number, and draws of what the true one may be; no draws where it is unknown."""

    number: float
    draws: Floats
    is_dependent: bool = False


_UNKNOWN = _Side(number=math.nan, draws=np.zeros(0))


def _known(values: Floats, times: Floats) -> tuple[Floats, Floats]:
    if len(values) != len(times):
        raise ValueError(f"{len(values)} values and {len(times)} times: each value needs its time")
    kept = ~np.isnan(values)
    return (values, times) if kept.all() else (values[kept], times[kept])


def _drawn_percentile(values: Floats, times: Floats, percentile: Percentile, rng: np.random.Generator) -> _Side:
    count, share = len(values), percentile.permille / 1000.0
    if count < percentile.least_samples:
        return _UNKNOWN
    ordered = np.sort(values)
    how = worth_of(values, times, ordered, percentile)
    if how is None:
        return _UNKNOWN
    ranks = _drawn_ranks(count, share, how, rng)
    return _Side(
        number=float(ordered[-(-percentile.permille * count // 1000) - 1]),
        draws=ordered[np.clip(ranks, 1, count) - 1],
        is_dependent=how.is_dependent,
    )


def _drawn_ranks(count: int, share: float, how: Dependence, rng: np.random.Generator) -> npt.NDArray[np.int64]:
    """Return ranks that the true percentile may have."""
    if not how.is_dependent:
        # The true percentile lies just above as many values as a binomial draw says: between that rank and the next.
        ranks: npt.NDArray[np.int64] = rng.binomial(count, share, DRAWS) + rng.integers(0, 2, DRAWS)
        return ranks
    off = stats.t.ppf(_even(rng), how.degrees) * math.sqrt(share * (1.0 - share) / how.effective)
    return np.ceil(count * (share + off)).astype(np.int64)


def _even(rng: np.random.Generator) -> Floats:
    """Return draws from 0 to 1, one in each of as many equal parts, in random order: ends of intervals shake less."""
    even: Floats = (rng.permutation(DRAWS) + rng.random(DRAWS)) / DRAWS
    return even


def _drawn_share(hits: Bools, times: Floats, rng: np.random.Generator) -> _Side:
    if not len(hits):
        return _UNKNOWN
    slots = slot_count(len(hits))
    how = dependence(counted(slot_codes(times, slots), hits, slots))
    share = float(np.count_nonzero(hits)) / len(hits)
    good, bad = share * how.effective, (1.0 - share) * how.effective
    return _Side(number=share, draws=rng.beta(good + 0.5, bad + 0.5, DRAWS), is_dependent=how.is_dependent)


def _difference(a: _Side, b: _Side) -> Difference:
    known = bool(len(a.draws) and len(b.draws))
    off = b.draws - a.draws if known else np.zeros(0)
    ratio = b.draws / a.draws - 1.0 if known and a.draws.min() > 0 else np.zeros(0)
    lower, lower_90, upper_90, upper = _ends(off)
    relative = _ends(ratio)
    return Difference(
        estimate=b.number - a.number,
        lower=lower,
        upper=upper,
        relative_lower=relative[0],
        relative_upper=relative[3],
        p_value=_p_value(off),
        a=a.number,
        b=b.number,
        lower_90=lower_90,
        upper_90=upper_90,
        relative_lower_90=relative[1],
        relative_upper_90=relative[2],
        is_dependent=a.is_dependent or b.is_dependent,
    )


def _ends(draws: Floats) -> tuple[float, float, float, float]:
    if not len(draws):
        return math.nan, math.nan, math.nan, math.nan
    ends = np.quantile(draws, [0.025, 0.05, 0.95, 0.975])
    return float(ends[0]), float(ends[1]), float(ends[2]), float(ends[3])


def _p_value(off: Floats) -> float:
    """Return twice the share of draws on the rarer side of 0; a draw at 0 counts half, one is added to each side."""
    if not len(off):
        return math.nan
    at_zero = np.count_nonzero(off == 0) / 2.0
    below, above = np.count_nonzero(off < 0) + at_zero, np.count_nonzero(off > 0) + at_zero
    return float(min(1.0, 2.0 * (min(below, above) + 1.0) / (len(off) + 2.0)))
