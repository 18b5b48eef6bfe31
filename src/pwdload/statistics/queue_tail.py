"""Up to which rate a queue keeps a percentile of its response time, from all times of several rates at once.

A level near the capacity is worth a few dozen looks at its queue, so that no level says by itself how many requests are
past a limit. All levels together do, once it is known how a queue's tail depends on the rate: nearly that of M/M/c,

    P(response > t) = P(service > t) + (rate / most)^g * exp(a - k (most - rate) t)

which is exact for M/M/1 with g = a = 0, k = 1. The first term is what the two lowest rates show, at which hardly
anybody waits; `most`, what the target cannot do more of, is also what it got done where it was given more; g, a and k
are whatever fits. Several limits up to the one that is asked for are fitted at once: how steep the tail is at one rate
says how it changes with the rate. The interval is the jackknife's: the levels, which have their luck each, are left out
one by one.

Sources: H. Sakasegawa, "An approximation formula L_q = alpha rho^beta / (1 - rho)", Annals of the Institute of
Statistical Mathematics 29 (1977), 67-75, for the power of the load; B. Efron, "The Jackknife, the Bootstrap and Other
Resampling Plans", SIAM (1982).
"""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pwdload.statistics import distributions as stats

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

PARTS = (0.25, 0.4, 0.6, 0.8, 1.0)
"""The limits that are looked at, as parts of the one that is asked for."""
_FITTED = slice(1, None)
"""The first one only shows how the service is spread."""
LEAST_LEVELS = 5
_KEEPS_UP = 0.985
"""What gets less than this share of its load done has no steady tail;"""
_OVERLOADED = 0.97
"""and below this share it shows the most that can be done."""
_LOWEST, _HIGHEST = 0.0005, 0.8
"""Shares outside of these say nothing of the tail."""
_BEYOND_SERVICE = 0.2
"""Of a limit that service alone passes more often than this, it is the service that shows, not the queue."""
_LUCK = 6.0
"""About the square root of what a count of a queue varies by, over what independent ones would."""
_FLAT = 0.01
_NEAR = 0.5
"""Shares that are further from what is allowed count for less, since no queue is of this shape all over."""
_STARTS = (0.5, 4.0)
_SHAPE = 0.012
"""What the formula itself is off by, relative to the rate: found at M/M/c and at lognormal service, 1 to 16 servers."""
_ALL_AS_LONG = (0.5, 0.05)
"""Where so many services pass one limit, and so few the next, each takes about as long: such a tail falls in steps."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tails:
    """What was seen at several rates: a row for each, a column for each of `PARTS`. Rates per second."""

    rates: Floats
    served: Floats
    trials: Floats
    past: Floats
    """How many of the trials took longer than each part of the limit."""
    limit_s: float
    allowed: float
    """The share that may take longer than the limit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Root:
    """The rate at which the share past the limit is what is allowed, with its 95 % interval."""

    per_s: float
    lower: float
    upper: float


def root_of(tails: Tails) -> Root | None:
    """Return up to which rate the limit is kept; null where that is too little, or no such curve."""
    if _falls_in_steps(tails):
        return None
    use = _useful(tails)
    if np.count_nonzero(use.any(axis=1)) < LEAST_LEVELS:
        return None
    starts = [_fitted(tails, use, np.array([0.0, power, 0.0, math.log(_most(tails))])) for power in _STARTS]
    best = min(starts, key=lambda found: found[1])[0]
    whole = _crossing(tails, best)
    if whole is None:
        return None
    left_out = [_without(tails, use, row, best) for row in np.flatnonzero(use.any(axis=1)).tolist()]
    roots = np.log([root for root in left_out if root is not None])
    if len(roots) < LEAST_LEVELS - 1:
        return None
    count = len(roots)
    error = math.hypot(math.sqrt((count - 1) / count * float(np.square(roots - roots.mean()).sum())), _SHAPE)
    reach = float(stats.t.ppf(0.975, count - 1)) * error
    return Root(per_s=whole, lower=whole * math.exp(-reach), upper=whole * math.exp(reach))


def _falls_in_steps(tails: Tails) -> bool:
    service = _service(tails)
    most, few = _ALL_AS_LONG
    return bool(((service[:-1] > most) & (service[1:] < few)).any())


def _useful(tails: Tails) -> Flags:
    """Return which shares are fitted: of levels that keep up, neither next to none nor next to all."""
    shares = tails.past / tails.trials[:, None]
    use: Flags = (shares > _LOWEST) & (shares < _HIGHEST) & (tails.served > _KEEPS_UP * tails.rates)[:, None]
    use[:, : _FITTED.start] = False
    use[:, _service(tails) > _BEYOND_SERVICE] = False
    return use


def _overloaded(tails: Tails) -> Floats:
    found: Floats = tails.served[tails.served < _OVERLOADED * tails.rates]
    return found


def _most(tails: Tails) -> float:
    over = _overloaded(tails)
    return float(np.median(over)) if len(over) else float(tails.rates.max()) * 1.05


def _service(tails: Tails) -> Floats:
    """Return which share is past each limit where hardly anybody waits."""
    low = np.argsort(tails.rates, kind="stable")[:2]
    shares: Floats = tails.past[low].sum(axis=0) / tails.trials[low].sum()
    return shares


def _share(tails: Tails, found: Floats, rate: Floats, part: npt.NDArray[np.intp]) -> Floats:
    base, power, steep, most = found[0], found[1], math.exp(found[2]), math.exp(found[3])
    gap = np.maximum(most - rate, 1e-3 * most)
    limits = np.asarray(PARTS)[part] * tails.limit_s
    waiting = base + power * np.log(np.minimum(rate / most, 1.0)) - steep * gap * limits
    share: Floats = _service(tails)[part] + np.exp(np.minimum(waiting, 0.0))
    return share


def _fitted(tails: Tails, use: Flags, start: Floats) -> tuple[Floats, float]:
    """Return the parameters (a, g, log k, log most) that fit, and how badly they do; luck of a level is not squared."""
    from scipy.optimize import least_squares  # noqa: PLC0415 - a tenth of a second that most reports need not

    row, part = np.nonzero(use)
    rate, seen = tails.rates[row], tails.past[row, part] / tails.trials[row]
    weights = np.sqrt(tails.past[row, part]) / _LUCK / (1.0 + _NEAR * np.square(np.log(seen / tails.allowed)))
    over = _overloaded(tails)
    anchor = math.log(float(np.median(over))) if len(over) else None

    def off(found: Floats) -> Floats:
        errors = (np.log(_share(tails, found, rate, part)) - np.log(seen)) * weights
        loosely = [found[0], (found[1] - 1.0) / 3.0, found[2] / 0.5]
        held = [] if anchor is None else [(found[3] - anchor) / _FLAT]
        return np.concatenate([errors, loosely, held])

    result = least_squares(off, start, loss="soft_l1")
    return result.x, float(result.cost)


def _without(tails: Tails, use: Flags, row: int, start: Floats) -> float | None:
    fewer = use.copy()
    fewer[row] = False
    return _crossing(tails, _fitted(tails, fewer, start)[0])


def _crossing(tails: Tails, found: Floats) -> float | None:
    """Return the rate at which the curve is at what is allowed; null where it is not between the rates and `most`."""
    from scipy.optimize import brentq  # noqa: PLC0415 - as above

    last = np.array([len(PARTS) - 1])

    def above(rate: float) -> float:
        return float(_share(tails, found, np.array([rate]), last)[0]) - tails.allowed

    low, high = float(tails.rates.min()), math.exp(found[3])
    if not (high > low and above(low) < 0.0 < above(high)):
        return None
    return float(brentq(above, low, high, xtol=1e-6 * high))
