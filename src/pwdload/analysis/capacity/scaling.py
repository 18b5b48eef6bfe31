"""The Universal Scalability Law of a run: its goodput against how much was under way, level by level."""

import numpy as np

from pwdload.analysis.capacity.levels import LoadLevels
from pwdload.statistics.usl import Usl, fit_usl, why_no_usl


def scaling_of(found: LoadLevels) -> Usl | str:
    """Return the law as it fits the levels of a run, or why it cannot be fitted, one sentence."""
    if found.source == "slices":
        return "The Universal Scalability Law is fitted to levels of load, and the run held too few."
    in_flight = np.array([one.level.in_flight for one in found.levels], dtype=np.float64)
    goodput = np.array([one.goodput.value or 0.0 for one in found.levels], dtype=np.float64)
    return why_no_usl(in_flight, goodput) or fit_usl(in_flight, goodput)
