"""When flows were due: the first exchange of a flow, and its last, may be in different blocks."""

from typing import Final

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Numbers = npt.NDArray[np.int64]

_PLACES: Final = 1 << 17
"""So many flows of a process may begin while one is under way. Then its beginning is forgotten."""


class Flows:
    """Remembers when the latest flows of each process were due, in a ring by their numbers, which does not grow."""

    def __init__(self) -> None:
        self._rings: dict[str, tuple[Numbers, Floats]] = {}

    def due_s(self, worker: str, flow: Numbers, due_s: Floats) -> Floats:
        """Return for each exchange of a process when its flow was due; one that is in no flow (-1) was due on its own.

        They must come in the order in which they were done.
        """
        if worker not in self._rings:
            self._rings[worker] = np.full(_PLACES, -1, np.int64), np.zeros(_PLACES)
        flows, dues_s = self._rings[worker]
        place = flow % _PLACES
        is_first = (flows[place] != flow) & (flow >= 0)
        # Backwards: of several exchanges of a flow the first is written last, and stays.
        backwards = place[is_first][::-1]
        flows[backwards], dues_s[backwards] = flow[is_first][::-1], due_s[is_first][::-1]
        found: Floats = np.where(flow >= 0, dues_s[place], due_s)
        return found
