"""How long each arrival waited for a slot, and how late the generator was beyond that.

An arrival that finds all slots of its process busy waits, and that wait is a part of its response time. It is not the
generator's fault, so it is told apart from the lag that is. A process takes what waits in the order in which it was
due: with c slots, its flow k (from 0) can begin when k - c + 1 flows have ended.

    due          k-2   k-1    k
    ended                |     |    |<- the (k - c + 1)-th end: until here k waits,
    begun                              |<- until here the generator lags

c is the most flows that the samples show under way at once, which is what the process had once an arrival waited.
Where slots were taken from a process during the run, c is too large for what came after: lag is then overstated.
"""

import numpy as np
import numpy.typing as npt

from pwdload.arrays import filled, parts
from pwdload.statistics.ordering import ascending

Floats = npt.NDArray[np.float64]
ROUNDING_S = 1e-7
"""More than rounding takes from a time on the run's clock, and less than any flow takes."""


def waits_s(due_s: Floats, begin_s: Floats, end_s: Floats) -> Floats:
    """Return how long each flow of a process that ran out of slots waited for one, in seconds.

    Flows are in the order in which they were due; ``begin_s`` is when a slot took a flow, ``end_s`` its last answer.
    """
    ends_s = ascending(end_s)
    slots = most_at_once(begin_s, ends_s)

    def waits(part: slice) -> Floats:
        free_s, without = np.full(part.stop - part.start, -np.inf), max(slots - part.start, 0)
        free_s[without:] = ends_s[max(part.start - slots, 0) : max(part.stop - slots, 0)]
        late_s: Floats = np.clip(free_s - due_s[part], 0.0, np.maximum(begin_s[part] - due_s[part], 0.0))
        return late_s

    return filled(len(due_s), np.float64, waits)


def most_at_once(begin_s: Floats, ends_s: Floats) -> int:
    """Return the most flows that were under way at once; one at least. ``ends_s`` is in order.

    What a slot begins when it has ended another flow must not overlap with that by rounding.
    """
    begun_s, most = ascending(begin_s), 1
    for part in parts(len(begun_s)):
        ended = np.searchsorted(ends_s, begun_s[part] + ROUNDING_S, side="right")
        most = max(most, int((np.arange(part.start + 1, part.stop + 1) - ended).max()))
    return most
