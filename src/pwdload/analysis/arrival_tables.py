"""Open arrivals as tables: by stage, slot by slot, second by second, and how late they left."""

import numpy as np
import numpy.typing as npt
import pandas as pd

from pwdload.analysis.arrivals import ArrivalAccount
from pwdload.analysis.kinds import chosen
from pwdload.analysis.latency import LATENCY_COLUMNS, overall
from pwdload.analysis.run import Run
from pwdload.arrays import filled, picked
from pwdload.statistics.bins import tallied, whole_widths
from pwdload.statistics.ordering import ascending

SLOT_S = 0.1
"""Evenness is counted in slots of so long."""
EVENNESS = ("planned_fewest", "planned_most", "sent_fewest", "sent_most")

Floats = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


def stage_arrivals(account: ArrivalAccount) -> pd.DataFrame:
    """Return one row per stage of the plan, as far as the run reached it.

    Columns: ``stage``, ``start_s``, ``end_s``, ``planned``, ``begun``, ``never_begun`` (all by the time when they were
    due), ``planned_per_s`` (by the rate that was planned), ``due_per_s`` (by the schedule, which chance makes a little
    more or less), ``sent_per_s`` (by the time when they were sent) and `EVENNESS`: the fewest and the most arrivals in
    any whole slot of `SLOT_S` from the stage's start on, due and sent; null where the stage has none.
    """
    frame = account.frame
    due_s, is_begun = frame["due_s"].to_numpy(), frame["is_begun"].to_numpy()
    sent_s = ascending(_sent_s(frame))
    rows = []
    for stage, start_s, end_s in stage_spans(account):
        first, last = np.searchsorted(due_s, [start_s, end_s])
        sent = np.searchsorted(sent_s, [start_s, end_s])
        length_s = end_s - start_s
        here = int(np.count_nonzero(is_begun[first:last]))
        expected = account.rates.expected(end_s) - account.rates.expected(start_s)
        rates = (expected / length_s, (last - first) / length_s, (sent[1] - sent[0]) / length_s)
        slots = (*_extremes(due_s, start_s, end_s), *_extremes(sent_s, start_s, end_s))
        rows.append((stage, start_s, end_s, last - first, here, last - first - here, *rates, *slots))
    names = ("planned_per_s", "due_per_s", "sent_per_s")
    columns = ["stage", "start_s", "end_s", "planned", "begun", "never_begun", *names, *EVENNESS]
    return pd.DataFrame(rows, columns=columns).astype(dict.fromkeys(EVENNESS, "Int64"))


def stage_spans(account: ArrivalAccount) -> tuple[tuple[str, float, float], ...]:
    """Return when each stage of the plan began and ended, without those that the run never reached."""
    spans: dict[str, tuple[float, float]] = {}
    for piece in account.rates.segments:
        start_s, _ = spans.get(piece.stage, (piece.start_s, 0.0))
        spans[piece.stage] = (start_s, min(piece.end_s, max(account.until_s, start_s)))
    return tuple((stage, start_s, end_s) for stage, (start_s, end_s) in spans.items() if end_s > start_s)


def arrivals_in_time(
    run: Run, account: ArrivalAccount, journeys: pd.DataFrame, bins: int, width_s: float
) -> pd.DataFrame:
    """Return the arrivals in each bin of time.

    Columns: ``start_s``; ``planned`` (by the planned rate, not whole), ``due`` (by the schedule), ``sent`` (first
    requests, by when they left), ``never_begun`` (by when they were due), ``as_expected`` (flows that were over and
    wholly as their case expects: the goodput), ``changes`` (accepted changes of a password, by when they were done).
    ``journeys`` are those of `pwdload.analysis.journeys.journey_frame`.
    """
    frame = account.frame
    edges = np.arange(bins + 1) * width_s
    planned = np.array([account.rates.expected(min(edge, account.until_s)) for edge in edges])
    is_wholly = (journeys["is_as_expected"] & ~journeys["is_unfinished"]).to_numpy()
    due = frame.iloc[: account.planned]
    due_s, is_begun = due["due_s"].to_numpy(), due["is_begun"].to_numpy()
    done_s, is_change = run.samples["done_s"].to_numpy(), run.samples["is_change"].to_numpy()
    return pd.DataFrame(
        {
            "start_s": edges[:-1],
            "planned": np.diff(planned),
            "due": _counts(due_s, bins, width_s),
            "sent": _counts(_sent_s(frame), bins, width_s),
            "never_begun": _counts(picked(due_s, ~is_begun), bins, width_s),
            "as_expected": _counts(picked(journeys["end_s"].to_numpy(), is_wholly), bins, width_s),
            "changes": _counts(picked(done_s, is_change), bins, width_s),
        }
    )


def lag_table(run: Run, account: ArrivalAccount) -> pd.DataFrame:
    """Return how late arrivals were sent, of those due within the measured time and sent on open connections.

    Columns: ``part`` (all of it; waiting for a slot; the generator's lag, which is the rest) and `LATENCY_COLUMNS`.
    """
    flags = _on_open_connections(run, account)
    parts = {"sent after it was due": "late_s", "waiting for a slot": "wait_s", "generator lag": "lag_s"}
    # One column after the other: of a long run each takes much room.
    rows = [{"part": part, **overall(_part_of(account, flags, value), value)} for part, value in parts.items()]
    rows = rows if flags.any() else []
    return pd.DataFrame(rows, columns=["part", *LATENCY_COLUMNS]).astype({"count": "int64"})


def lag_of_arrivals(run: Run, account: ArrivalAccount) -> dict[str, float]:
    """Return the generator's lag alone as one row: `LATENCY_COLUMNS` by name, NaN where there are too few."""
    return overall(_part_of(account, _on_open_connections(run, account), "lag_s"), "lag_s")


def _part_of(account: ArrivalAccount, flags: Flags, value: str) -> pd.DataFrame:
    """Return one column of the arrivals that are flagged; ``late_s`` is how late they were sent, all in all."""
    if value != "late_s":
        return chosen(account.frame, flags, [value])
    frame = chosen(account.frame, flags, ["sent_s", "due_s"])
    sent_s, due_s = frame["sent_s"].to_numpy(), frame["due_s"].to_numpy()
    late_s = filled(len(frame), np.float64, lambda part: sent_s[part] - due_s[part])
    return pd.DataFrame({"late_s": late_s}, copy=False)


def _sent_s(frame: pd.DataFrame) -> Floats:
    """Return when the first requests were sent, of those arrivals that were."""
    sent_s = frame["sent_s"].to_numpy(dtype=float)
    return picked(sent_s, ~np.isnan(sent_s))


def _on_open_connections(run: Run, account: ArrivalAccount) -> Flags:
    """Say of each arrival whether it was due within the measured time, and sent on a connection that was open."""
    frame = account.frame
    due_s = frame["due_s"].to_numpy()
    inside = np.zeros(len(frame), dtype=bool)
    for window in run.measured:
        inside |= window.contains(due_s)
    kept: Flags = inside & frame["is_kept"].to_numpy()
    return kept


def _extremes(times_s: Floats, start_s: float, end_s: float) -> tuple[int | None, int | None]:
    """Return the fewest and the most of these times, which are in order, in any whole slot of a span."""
    slots = int((end_s - start_s) / SLOT_S + 1e-6)
    if not slots:
        return None, None
    counts = np.diff(np.searchsorted(times_s, start_s + np.arange(slots + 1) * SLOT_S))
    return int(counts.min()), int(counts.max())


def _counts(times_s: Floats, bins: int, width_s: float) -> Counts:
    return tallied(
        len(times_s), bins, lambda part: np.clip(whole_widths(times_s[part], width_s).astype(np.int64), 0, bins - 1)
    )
