"""The capacity out of all levels at once, where those near the limit contradict each other too much for a line.

A quasi-binomial regression of the share past the limit on the logarithm of the rate, with a logit link: less true to a
queue's tail than the line of `pwdload.searching.estimate`, and never at the mercy of two neighbours, since levels far
below and far above hold it. How much the levels scatter around it, Pearson's statistic over its degrees of freedom, is
what a count is worth; so contradicting levels give a wide interval, which is what they know.

Source: P. McCullagh, J. A. Nelder, "Generalized Linear Models" (1989), 4.4 and 4.5.
"""

from dataclasses import dataclass
from math import isfinite, log, sqrt

import numpy as np
import numpy.typing as npt

from pwdload.statistics.batches import student_quantile
from pwdload.statistics.shares import Z_975

Floats = npt.NDArray[np.float64]

LEVELS_LEAST = 4
"""Two are spent on the curve; fewer than two more say nothing of how they scatter."""
_ROUNDS = 50
_STEEPEST = 200.0
"""A steeper curve is a step: the levels are told apart without one."""


@dataclass(frozen=True, slots=True)
class Root:
    """Where the share meets what is allowed, in logarithms of the rate."""

    at: float
    half_width: float
    """Of the 95 % interval."""


def logistic_root(rates: Floats, over: Floats, due: Floats, allowed: float) -> Root | None:
    """Return where the fitted share is what is allowed; null with too few levels, or where it does not rise.

    ``over`` of ``due`` were past the limit at each of the ``rates``.
    """
    if len(rates) < LEVELS_LEAST:
        return None
    middle = float(np.log(rates).mean())
    x = np.column_stack([np.ones(len(rates)), np.log(rates) - middle])
    beta = np.array([log(allowed / (1.0 - allowed)), 0.0])
    for _ in range(_ROUNDS):
        share = _share(x @ beta)
        weights = due * share * (1.0 - share)
        information = x.T @ (weights[:, None] * x)
        if np.linalg.cond(information) > 1e12:
            return None
        step = np.linalg.solve(information, x.T @ (over - due * share))
        beta = beta + np.clip(step, -5.0, 5.0)
        if abs(beta[1]) > _STEEPEST:
            return None
        if np.abs(step).max() < 1e-9:
            break
    if not (np.isfinite(beta).all() and beta[1] > 0.0):
        return None
    root = (log(allowed / (1.0 - allowed)) - beta[0]) / beta[1]
    share = _share(x @ beta)
    degrees = len(rates) - 2
    # Far below the limit nothing is expected, and the one request that was slow would be a miracle.
    variance = np.maximum(due * share * (1.0 - share), 1.0)
    scatter = float(((over - due * share) ** 2 / variance).sum()) / degrees
    covariance = np.linalg.inv(information) * max(scatter, 1.0)
    gradient = np.array([1.0, root]) / beta[1]
    half_width = student_quantile(Z_975, degrees) * sqrt(float(gradient @ covariance @ gradient))
    return Root(at=root + middle, half_width=half_width) if isfinite(half_width) else None


def _share(logits: Floats) -> Floats:
    share: Floats = 1.0 / (1.0 + np.exp(-np.clip(logits, -30.0, 30.0)))
    return share
