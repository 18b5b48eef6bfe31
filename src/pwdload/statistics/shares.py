"""How sure a share is: what can be said of a probability after so many trials."""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

Z_95 = 1.6448536269514722
"""The standard normal quantile of 95 %: what lies beyond it on one side is 5 %."""
Z_975 = 1.959963984540054
"""Of 97.5 %: what lies beyond it on either side is 5 %."""
Z_999 = 3.090232306167813
"""Of 99.9 %: what lies beyond it on one side happens once in a thousand looks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShareBounds:
    """Two one-sided bounds of a share, from 0 to 1, each of which holds by itself with 95 % confidence."""

    lower: float
    upper: float


def share_bounds(hits: int, trials: int) -> ShareBounds:
    """Return the one-sided 95 % Wilson score bounds of a share of which ``hits`` in ``trials`` were seen.

    Without trials nothing is known: 0 to 1. Without hits the upper bound is ``z² / (n + z²)``, so that a share of less
    than 1 % takes 268 trials to show. The trials are taken to be independent; requests that fail together make
    the true bounds wider.

    Source: E. B. Wilson, "Probable inference, the law of succession, and statistical inference", Journal of the
    American Statistical Association 22 (1927), 209-212; one-sided use: L. D. Brown, T. T. Cai, A. DasGupta, "Interval
    estimation for a binomial proportion", Statistical Science 16 (2001), 101-133.

    Raises:
        ValueError: more hits than trials, or fewer than none.
    """
    return _bounds(hits, trials, Z_95)


def share_interval(hits: int, trials: int) -> ShareBounds:
    """Return the two-sided 95 % Wilson score interval of a share; else as `share_bounds`."""
    return _bounds(hits, trials, Z_975)


def lower_bounds(hits: Floats, trials: Floats, z: float = Z_999) -> Floats:
    """Return the one-sided lower Wilson score bounds of many shares; 0 where there are no trials.

    A share that is larger than a limit by more than chance explains has its lower bound above that limit.
    """
    n, z2 = np.maximum(trials, 1.0), z**2
    seen = np.clip(hits / n, 0.0, 1.0)
    spread = z * np.sqrt(seen * (1 - seen) / n + z2 / (4 * n**2))
    lower: Floats = np.where(hits > 0, (seen + z2 / (2 * n) - spread) / (1 + z2 / n), 0.0)
    return lower


def _bounds(hits: int, trials: int, z: float) -> ShareBounds:
    if not 0 <= hits <= trials:
        raise ValueError(f"{hits} hits in {trials} trials: hits must be between 0 and the trials")
    if not trials:
        return ShareBounds(lower=0.0, upper=1.0)
    seen, z2 = hits / trials, z**2
    centre = seen + z2 / (2 * trials)
    spread = z * math.sqrt(seen * (1 - seen) / trials + z2 / (4 * trials**2))
    whole = 1 + z2 / trials
    # Exactly 0 and 1 where nothing and where everything was hit: rounding must not leave a trace there.
    lower = 0.0 if hits == 0 else (centre - spread) / whole
    upper = 1.0 if hits == trials else (centre + spread) / whole
    return ShareBounds(lower=lower, upper=upper)
