"""Little's law as a check of the instrument: what is under way on average is rate times time in the system.

The law knows no assumption about distributions, only that what comes in goes out. So a difference is either a stage
that did not settle, or a number that is wrong. Twice: requests on their way, all from the samples; and flows under way
as each process counted them second by second (`pwdload.health`), against rate and duration of flows from the samples,
which are two independent records of one thing.

The mean is used here and nowhere else: the law is about means.

Source: J. D. C. Little, "A proof for the queuing formula L = lambda W", Operations Research 9 (1961), 383-387.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from pwdload.analysis.kinds import chosen
from pwdload.analysis.run import Run
from pwdload.analysis.windows import Window, stage_window
from pwdload.statistics.bins import part_by_part, summed, tally
from pwdload.statistics.percentiles import Floats

COLUMNS = ("stage", "of", "per_s", "mean_s", "expected", "in_flight", "difference", "words")
AGREES = 0.05
"""A difference of a smaller share, or of less than `AGREES_BY`, is none; nor what chance does to a few readings."""
AGREES_BY = 0.5
_DOUBT = "two records of one thing differ: doubt one of them"
LEAST = 100
"""With fewer requests or flows than this a stage has no line."""


def littles_law_table(run: Run, journeys: pd.DataFrame) -> pd.DataFrame:
    """Return for each stage that the run reached what should be under way, and what was.

    Columns: ``stage``, ``of`` (requests, flows), ``per_s`` (begun per second), ``mean_s`` (mean service time of
    a request, mean duration of a flow), ``expected`` (their product), ``in_flight`` (on average; NaN for flows where
    the processes' health is not on record), ``difference`` (``in_flight / expected - 1``) and ``words``.
    """
    stages = [(stage.name, stage_window(stage, run.end_s)) for stage in run.record.stages]
    reached = [(name, window) for name, window in stages if window is not None]
    sent = chosen(run.samples, run.samples["sent_s"].notna().to_numpy(), ["sent_s", "done_s"])
    edges = np.unique([edge for _, window in reached for edge in (window.start_s, window.end_s)])
    requests = UnderWay.of(sent["sent_s"].to_numpy(dtype=float), sent["done_s"].to_numpy(dtype=float), edges)
    flows = UnderWay.of(journeys["start_s"].to_numpy(dtype=float), _ends_s(run, journeys), edges)
    rows: list[tuple[object, ...]] = []
    for name, window in reached:
        rows += _row(name, "requests", requests, window, (requests.mean_in(window), 0))
        rows += _row(name, "flows", flows, window, _counted(run, window))
    return pd.DataFrame(rows, columns=list(COLUMNS))


@dataclass(frozen=True, slots=True, kw_only=True)
class UnderWay:
    """What was under way between some edges of time, added up in one pass however many stages there are.

    Every array has one element per edge: of what begins before it.
    """

    edges: Floats
    begun: Floats
    """How many had begun."""
    lasting_s: Floats
    """How long these lasted, all together."""
    area_s: Floats
    """How long they, and whatever else, had been under way until the edge, all together."""

    @classmethod
    def of(cls, begun: Floats, done: Floats, edges: Floats) -> "UnderWay":
        """Add up what began and was done at these times."""
        size = len(edges)
        at, ended = (part_by_part(lambda part: np.searchsorted(edges, part, side="right"), t) for t in (begun, done))
        sums = (
            tally(at, size + 1),
            summed(at, lambda part: done[part] - begun[part], size + 1),
            summed(at, lambda part: begun[part], size + 1),
            summed(ended, lambda part: done[part], size + 1),
        )
        counts, lasting, since, until = (np.cumsum(one)[:size].astype(np.float64) for one in sums)
        over = np.cumsum(tally(ended, size + 1))[:size]
        # Seconds since each beginning less seconds since each end.
        area = (edges * counts - since) - (edges * over - until)
        return cls(edges=edges, begun=counts, lasting_s=lasting, area_s=area)

    def within(self, window: Window) -> tuple[float, float, float]:
        """Return how many began in a window, how long these lasted, and the seconds under way in it."""
        first, last = np.searchsorted(self.edges, [window.start_s, window.end_s])
        return (
            float(self.begun[last] - self.begun[first]),
            float(self.lasting_s[last] - self.lasting_s[first]),
            float(self.area_s[last] - self.area_s[first]),
        )

    def mean_in(self, window: Window) -> float:
        """Return how many were under way in a window on average."""
        return max(self.within(window)[2], 0.0) / window.length_s


def _ends_s(run: Run, journeys: pd.DataFrame) -> Floats:
    """Return when each flow was over: one that the end of the run cut off had been waiting for its next step."""
    ends_s = journeys["end_s"].to_numpy(dtype=float)
    return np.where(journeys["is_unfinished"].to_numpy(), np.maximum(ends_s, run.end_s), ends_s)


def _row(
    stage: str, of: str, flow: UnderWay, window: Window, counted: tuple[float, int]
) -> Iterable[tuple[object, ...]]:
    """Yield the row of a stage; what was under way, as it was `counted`, comes with how often somebody looked."""
    count, lasting_s, _ = flow.within(window)
    if count < LEAST:
        return
    in_flight, readings = counted
    per_s, mean_s = count / window.length_s, lasting_s / count
    expected = per_s * mean_s
    difference = in_flight / expected - 1.0 if expected > 0 else math.nan
    # A number that is read now and then is off by chance: about as the square root of what it is over the readings.
    luck = 3.0 * math.sqrt(expected / readings) if readings else 0.0
    allowed = max(AGREES * expected, AGREES_BY, luck)
    is_doubtful = bool(readings) and abs(in_flight - flow.mean_in(window)) > allowed
    words = _DOUBT if is_doubtful else _words(of, expected, in_flight, allowed)
    yield stage, of, per_s, mean_s, expected, in_flight, difference, words


def _counted(run: Run, window: Window) -> tuple[float, int]:
    """Return the flows under way by the processes' own count on average, NaN without any, and how often they looked."""
    readings: dict[str, list[int]] = {}
    for row in run.health:
        if window.start_s <= row.at_s < window.end_s:
            readings.setdefault(row.worker, []).append(row.in_flight)
    if not readings:
        return math.nan, 0
    return sum(sum(mine) / len(mine) for mine in readings.values()), min(map(len, readings.values()))


def _words(of: str, expected: float, in_flight: float, allowed: float) -> str:
    """Return what the difference means."""
    if math.isnan(in_flight):
        return "the processes' own count is not on record"
    if abs(in_flight - expected) <= allowed:
        return "agrees"
    if in_flight < expected:
        why = ": a queue was growing" if of == "requests" else ""
        return f"part of what began here ended after the stage{why}"
    why = ": a queue was draining" if of == "requests" else ""
    return f"part of what was under way had begun before the stage{why}"
