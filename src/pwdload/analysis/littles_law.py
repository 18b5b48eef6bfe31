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

import numpy as np
import pandas as pd

from pwdload.analysis.run import Run
from pwdload.analysis.windows import Window, stage_window
from pwdload.statistics.percentiles import Floats

COLUMNS = ("stage", "of", "per_s", "mean_s", "expected", "in_flight", "difference", "words")
AGREES = 0.05
"""A difference of a smaller share, or of less than `AGREES_BY`, is none."""
AGREES_BY = 0.5
LEAST = 100
"""With fewer requests or flows than this a stage has no line."""


def littles_law_table(run: Run, journeys: pd.DataFrame) -> pd.DataFrame:
    """Return for each stage that the run reached what should be under way, and what was.

    Columns: ``stage``, ``of`` (requests, flows), ``per_s`` (begun per second), ``mean_s`` (mean service time of
    a request, mean duration of a flow), ``expected`` (their product), ``in_flight`` (on average; NaN for flows where
    the processes' health is not on record), ``difference`` (``in_flight / expected - 1``) and ``words``.
    """
    rows: list[tuple[object, ...]] = []
    sent = run.samples[run.samples["sent_s"].notna()]
    begun, done = (sent[name].to_numpy(dtype=float) for name in ("sent_s", "done_s"))
    start, end = (journeys[name].to_numpy(dtype=float) for name in ("start_s", "end_s"))
    for stage in run.record.stages:
        window = stage_window(stage, run.end_s)
        if window is None:
            continue
        on_the_way = area(begun, done, window) / window.length_s
        rows += _row(stage.name, "requests", begun, done, window, on_the_way)
        rows += _row(stage.name, "flows", start, end, window, _counted(run, window))
    return pd.DataFrame(rows, columns=list(COLUMNS))


def area(begun: Floats, done: Floats, window: Window) -> float:
    """Return the seconds that requests spent on their way within a window, all together."""
    overlap = np.minimum(done, window.end_s) - np.maximum(begun, window.start_s)
    return float(np.maximum(overlap, 0.0).sum())


def _row(
    stage: str, of: str, begun: Floats, done: Floats, window: Window, in_flight: float
) -> Iterable[tuple[object, ...]]:
    inside = window.contains(begun)
    count = int(np.count_nonzero(inside))
    if count < LEAST:
        return
    per_s, mean_s = count / window.length_s, float((done[inside] - begun[inside]).sum()) / count
    expected = per_s * mean_s
    difference = in_flight / expected - 1.0 if expected > 0 else math.nan
    yield stage, of, per_s, mean_s, expected, in_flight, difference, _words(of, expected, in_flight)


def _counted(run: Run, window: Window) -> float:
    """Return the flows under way by the processes' own count, averaged over their readings; NaN without any."""
    readings: dict[str, list[int]] = {}
    for row in run.health:
        if window.start_s <= row.at_s < window.end_s:
            readings.setdefault(row.worker, []).append(row.in_flight)
    return sum(sum(mine) / len(mine) for mine in readings.values()) if readings else math.nan


def _words(of: str, expected: float, in_flight: float) -> str:
    """Return what the difference means."""
    if math.isnan(in_flight):
        return "the processes' own count is not on record"
    if abs(in_flight - expected) <= max(AGREES * expected, AGREES_BY):
        return "agrees"
    if of == "flows":
        return "two records of one thing differ: doubt one of them, or the stage did not settle"
    if in_flight < expected:
        return "part of what was sent here ended after the stage: a queue was growing"
    return "part of what was on its way had been sent before the stage: a queue was draining"
