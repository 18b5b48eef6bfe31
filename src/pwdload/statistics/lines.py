"""A straight line through a few points, and how sure its slope is."""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import stdtrit

Floats = npt.NDArray[np.float64]

LEAST_POINTS = 3
"""Two points fit any line: nothing would be left to say how sure it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """``y = intercept + slope * x`` by least squares, with the slope's 95 % interval."""

    slope: float
    lower: float
    upper: float
    intercept: float
    points: int


def fit_line(x: Floats, y: Floats) -> Line | None:
    """Return the least-squares line through points; None with fewer than three, or where all have the same x.

    The interval is Student's, with ``points - 2`` degrees of freedom: the points are taken to scatter about the line
    independently and evenly.

    Source: N. R. Draper, H. Smith, "Applied Regression Analysis", 3rd edition, Wiley 1998, section 1.4.

    Raises:
        ValueError: not as many x as y, or a value that is not finite.
    """
    if len(x) != len(y) or not (np.isfinite(x).all() and np.isfinite(y).all()):
        raise ValueError(f"{len(x)} x and {len(y)} y: a finite y for each finite x")
    if len(x) < LEAST_POINTS:
        return None
    away = x - x.mean()
    spread = float(away @ away)
    if spread <= 0:
        return None
    slope = float(away @ (y - y.mean())) / spread
    intercept = float(y.mean()) - slope * float(x.mean())
    left = y - intercept - slope * x
    free = len(x) - 2
    half = float(stdtrit(free, 0.975)) * math.sqrt(max(float(left @ left), 0.0) / free / spread)
    return Line(slope=slope, lower=slope - half, upper=slope + half, intercept=intercept, points=len(x))
