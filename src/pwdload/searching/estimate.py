"""The capacity and its 95 % interval, out of all levels that were played.

The share of requests past a limit grows with the rate like an exponential near the capacity: exactly so for M/M/1,
where P(response > T) = exp(-(mu - lambda) T), and nearly so for any queue whose tail is exponential. So the logarithm
of the share is fitted against that of the rate, a straight line over the levels around the limit (Poisson regression
with log link, weights that fall to 0 away from the limit), and the capacity is where the line meets what is allowed.
Every level near the limit counts, not only the last bracket; what was really offered stands for its rate, not what was
planned, which takes out a good part of the luck of the draw.

The interval is that of the line's root by the delta method. What a count is worth comes from blocks of time within the
levels (batch means), since requests that follow one another meet the same queue, and from how the levels scatter around
the line, which also knows of what outlasts a block. Where levels contradict each other so much that no line goes up
through those near the limit, all of them together decide (`pwdload.searching.widely`), and the interval is as wide.

Sources: W. S. Cleveland, "Robust locally weighted regression", JASA 74 (1979), 829-836; P. McCullagh, J. A. Nelder,
"Generalized Linear Models" (1989), chapters 6 and 9; R. E. Barlow and others, "Statistical Inference under Order
Restrictions" (1972), for what makes shares rise with the rate; S. Asmussen, P. W. Glynn, "Stochastic Simulation"
(2007), IV.5, for batch means.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import exp, inf, isfinite, log, nan, sqrt

import numpy as np
import numpy.typing as npt

from pwdload.criteria import Standing
from pwdload.searching.standing import standing_of
from pwdload.searching.values import Counts, Result
from pwdload.searching.widely import logistic_root

Floats = npt.NDArray[np.float64]

_Z = 2.1
"""A little more than the normal quantile of 1.96: what a count is worth is estimated too, of some ten levels."""
_REACH = 1.4
"""The line is fitted as far as it says that the share changes by this power of e, either way: 4 times."""
_NARROWEST, _WIDEST = 0.04, 0.5
"""Least and most reach of the fit, in logarithms of the rate."""
_FIRST = 0.2
"""Reach of the first round."""
_NEIGHBOURS = 5
"""Where that are too few, over so many levels, as far as they are within twice that: else luck is its slope."""
_ROUNDS = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """Where the share past a limit reaches what is allowed."""

    criterion: str
    """The one that gives first."""
    per_s: float
    lower_per_s: float
    upper_per_s: float
    is_fitted: bool
    """Whether it is of a line through several levels; else all that is known is between which two levels it lies."""

    @property
    def half_width(self) -> float:
        """Half the width of the interval, as a share of the estimate."""
        return (self.upper_per_s - self.lower_per_s) / (2 * self.per_s)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Levels:
    """One criterion on all levels, ordered by rate: a row per level, a column per block."""

    criterion: str
    allowed: float
    rates: Floats
    due: Floats
    over: Floats
    standings: tuple[Standing, ...]
    """What each level says by itself."""

    @property
    def shares(self) -> Floats:
        shares: Floats = (self.over.sum(axis=1) + 0.5) / (self.due.sum(axis=1) + 1.0)
        return shares


@dataclass(frozen=True, slots=True, kw_only=True)
class _Line:
    """log(share) = log(allowed) + slope * (log(rate) - root), over `reach` on either side."""

    root: float
    slope: float
    reach: float


def estimate(results: Sequence[Result]) -> Estimate | None:
    """Return the capacity by the criterion that gives first; None where no limit was passed, or none was kept.

    A level that was broken off for the target's sake counts as past the limit, by how much nobody knows. The return
    from beyond the limit does not count: a target that does not come back has another capacity then. Nor does a level
    in which a fault lay: what that cost says nothing of the load.
    """
    results = [one for one in results if not one.disturbed]
    whole = [one for one in results if not one.overload and one.role != "return"]
    found = [one for one in (_of(levels) for levels in _by_criterion(whole)) if one is not None]
    ceiling = min((one.rate_per_s for one in results if one.overload), default=None)
    if not found:
        return None if ceiling is None else _below(ceiling, whole)
    first = min(found, key=lambda one: one.per_s)
    if ceiling is not None and first.per_s > ceiling:
        return _below(ceiling, whole) or first
    return first


def _by_criterion(results: Sequence[Result]) -> list[_Levels]:
    names = dict.fromkeys(counts.criterion for one in results for counts in one.counts)
    return [_levels(name, results) for name in names]


def _levels(name: str, results: Sequence[Result]) -> _Levels:
    rows: list[tuple[float, Counts]] = [
        (one.offered_per_s, counts)
        for one in results
        for counts in one.counts
        if counts.criterion == name and any(counts.due) and one.offered_per_s > 0
    ]
    rows.sort(key=lambda row: row[0])
    return _Levels(
        criterion=name,
        allowed=rows[0][1].allowed if rows else 0.5,
        rates=np.array([rate for rate, _ in rows]),
        due=np.array([counts.due for _, counts in rows], float),
        over=np.array([counts.over for _, counts in rows], float),
        standings=tuple(standing_of(counts) for _, counts in rows),
    )


def _of(levels: _Levels) -> Estimate | None:
    between = _crossing(levels)
    if between is None:
        return None
    lower, upper = between
    rough = _chord(levels, lower, upper)
    line = _fitted(levels, rough) or _fitted(levels, rough, widely=True)
    if line is None:
        return _by_all(levels) or _between(levels)
    spread = _spread(levels, line)
    found = Estimate(
        criterion=levels.criterion,
        per_s=exp(line.root),
        lower_per_s=exp(line.root - _Z * spread),
        upper_per_s=exp(line.root + _Z * spread),
        is_fitted=True,
    )
    return _reconciled(levels, found)


def _reconciled(levels: _Levels, found: Estimate) -> Estimate:
    """Return an estimate that no level is sure to contradict: one surely kept above it, or surely broken below it.

    Such levels lie out of the line's reach, and say that it was luck that made the line.
    """
    sure = tuple(zip(levels.rates.tolist(), levels.standings, strict=True))
    kept = [rate for rate, standing in sure if standing is Standing.KEPT and rate > found.upper_per_s]
    broken = [rate for rate, standing in sure if standing is Standing.BROKEN and rate < found.lower_per_s]
    if not (kept or broken):
        return found
    wide = _by_all(levels) or found
    return replace(
        wide,
        lower_per_s=min([wide.lower_per_s, found.lower_per_s, *broken]),
        upper_per_s=max([wide.upper_per_s, found.upper_per_s, *kept]),
    )


def _by_all(levels: _Levels) -> Estimate | None:
    """Return what all levels together say, where some contradict each other; None if they do not, or say too little."""
    is_past = levels.shares > levels.allowed
    if not (np.diff(is_past.astype(int)) < 0).any():
        return None
    over, due = _totals(levels)
    root = logistic_root(levels.rates, over, due, levels.allowed)
    if root is None or root.half_width > _WIDEST:
        return None
    return Estimate(
        criterion=levels.criterion,
        per_s=exp(root.at),
        lower_per_s=exp(root.at - root.half_width),
        upper_per_s=exp(root.at + root.half_width),
        is_fitted=True,
    )


def _between(levels: _Levels) -> Estimate | None:
    """Return between which levels the limit lies at any rate: none below was broken, and none above was kept."""
    own_share = levels.shares
    broken, kept = levels.rates[own_share > levels.allowed], levels.rates[own_share <= levels.allowed]
    below, above = kept[kept < broken.min(initial=inf)], broken[broken > kept.max(initial=0.0)]
    if not (len(below) and len(above)):
        return None
    lower, upper = float(below.max()), float(above.min())
    return Estimate(
        criterion=levels.criterion,
        per_s=sqrt(lower * upper),
        lower_per_s=lower,
        upper_per_s=upper,
        is_fitted=False,
    )


def _crossing(levels: _Levels) -> tuple[int, int] | None:
    """Return the last level below the limit and the first above it, after shares are made to rise with the rate."""
    if len(levels.rates) < 2:
        return None
    rising = _rising(levels)
    past = np.flatnonzero(rising > levels.allowed)
    if not len(past) or past[0] == 0:
        return None
    return int(past[0]) - 1, int(past[0])


def _rising(levels: _Levels) -> Floats:
    """Return the shares pooled so that they do not fall as the rate rises (pool adjacent violators)."""
    pools: list[tuple[float, float, int]] = []
    for over, due in zip(levels.over.sum(axis=1), levels.due.sum(axis=1), strict=True):
        pools.append((over + 0.5, due + 1.0, 1))
        while len(pools) > 1 and pools[-2][0] / pools[-2][1] >= pools[-1][0] / pools[-1][1]:
            last, before = pools.pop(), pools.pop()
            pools.append((before[0] + last[0], before[1] + last[1], before[2] + last[2]))
    rising: Floats = np.concatenate([np.full(count, over / due) for over, due, count in pools])
    return rising


def _chord(levels: _Levels, lower: int, upper: int) -> _Line:
    """Return the line through two levels."""
    x, y = np.log(levels.rates), np.log(_rising(levels) / levels.allowed)
    slope = float((y[upper] - y[lower]) / max(x[upper] - x[lower], 1e-6))
    # Two neighbours may be as steep as chance likes: the first round looks further than they say.
    return _Line(root=float(x[lower] - y[lower] / slope), slope=min(slope, _REACH / _FIRST), reach=_FIRST)


def _reach(slope: float) -> float:
    return min(max(_REACH / slope, _NARROWEST), _WIDEST) if slope > 0 else _WIDEST


def _wide_enough(levels: _Levels, root: float, reach: float) -> float:
    """Return a reach that has the few nearest levels in it, or twice the reach where they are further away."""
    distances = np.sort(np.abs(np.log(levels.rates) - root))
    return max(reach, min(float(distances[min(_NEIGHBOURS, len(distances) - 1)]), 2 * reach))


def _fitted(levels: _Levels, rough: _Line, *, widely: bool = False) -> _Line | None:
    """Return the line through all levels within reach, found in rounds; None where there is too little for one."""

    def reach_of(root: float, slope: float) -> float:
        return _wide_enough(levels, root, _reach(slope)) if widely else _reach(slope)

    line = rough
    for _ in range(_ROUNDS):
        weights = _weights(levels, line)
        if (weights > 0).sum() < 3:
            return None
        root, slope = _solved(levels, line, weights)
        if not (isfinite(root) and slope > 0 and abs(root - line.root) < 2 * line.reach):
            return None
        line = _Line(root=root, slope=slope, reach=reach_of(root, slope))
    return line


def _totals(levels: _Levels) -> tuple[Floats, Floats]:
    return levels.over.sum(axis=1), levels.due.sum(axis=1)


def _weights(levels: _Levels, line: _Line) -> Floats:
    """Return Cleveland's tricube of the distance from the root, times what the line expects past the limit."""
    x = np.log(levels.rates)
    near = np.clip(1 - np.abs((x - line.root) / line.reach) ** 3, 0, None) ** 3
    weights: Floats = near * levels.due.sum(axis=1) * _expected(levels, line, x)
    return weights


def _expected(levels: _Levels, line: _Line, x: Floats) -> Floats:
    share: Floats = levels.allowed * np.exp(np.clip(line.slope * (x - line.root), -20.0, -log(levels.allowed)))
    return share


def _solved(levels: _Levels, line: _Line, weights: Floats) -> tuple[float, float]:
    """Return root and slope after one step of iteratively re-weighted least squares."""
    x, (over, due) = np.log(levels.rates), _totals(levels)
    share = _expected(levels, line, x)
    y = np.log(share / levels.allowed) + (over - due * share) / np.maximum(due * share, 1e-9)
    whole = weights.sum()
    x_mean, y_mean = float((weights * x).sum() / whole), float((weights * y).sum() / whole)
    across = x - x_mean
    slope = float((weights * across * (y - y_mean)).sum() / max((weights * across**2).sum(), 1e-18))
    return (x_mean - y_mean / slope if slope > 0 else nan), slope


def _spread(levels: _Levels, line: _Line) -> float:
    """Return the standard error of the root, in logarithms of the rate, by the delta method."""
    x, weights, (_, due) = np.log(levels.rates), _weights(levels, line), _totals(levels)
    share = _expected(levels, line, x)
    whole = weights.sum()
    across = x - (weights * x).sum() / whole
    above = line.slope * float((weights * x).sum() / whole - line.root)
    spread = max(float((weights * across**2).sum()), 1e-12)
    pull = weights * (above / line.slope * across / spread - 1 / whole) / line.slope
    return sqrt(float((pull**2 / np.maximum(due * share, 1e-9)).sum()) * _dispersion(levels, line, weights, share))


def _dispersion(levels: _Levels, line: _Line, weights: Floats, share: Floats) -> float:
    """Return how many times the variance of a Poisson count what was counted past the limit has.

    Pooled over all levels near the limit: out of their blocks, each at the rate that was really offered in it, and out
    of how the levels themselves scatter around the line, which also knows of what outlasts a block.
    """
    over, due = _totals(levels)
    count, blocks = due * share, levels.due.shape[1]
    kernel = weights / np.maximum(count, 1e-9)
    own_share = over / np.maximum(due, 1.0)
    richer = levels.due - due[:, None] / blocks
    blockwise = levels.over - own_share[:, None] * levels.due - line.slope * own_share[:, None] * richer
    within = blocks / (blocks - 1) * (blockwise**2).sum(axis=1)
    between = (over - count) ** 2
    inside = float((kernel * within).sum() / (kernel * count).sum())
    lost = 2 * float(kernel.max())
    if kernel.sum() <= 2 * lost:
        return max(inside, 1.0)
    outside = float((kernel * between).sum() / (kernel * count).sum() * kernel.sum() / (kernel.sum() - lost))
    return max(inside, (inside + outside) / 2, 1.0)


def _below(ceiling_per_s: float, whole: Sequence[Result]) -> Estimate | None:
    """Return what is known where the next level up had to be broken off."""
    lower = max((one.offered_per_s for one in whole if one.rate_per_s < ceiling_per_s), default=None)
    if lower is None:
        return None
    return Estimate(
        criterion="abort_when",
        per_s=sqrt(lower * ceiling_per_s),
        lower_per_s=lower,
        upper_per_s=max(ceiling_per_s, lower),
        is_fitted=False,
    )
