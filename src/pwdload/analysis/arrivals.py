"""What became of every arrival that was planned, told by the numbers that the samples carry.

In the open model the flow of a sample is the number of its arrival in the run's schedule, and the schedule can be made
again from the run's record. So nobody has to be believed: an arrival is in a sample, or it is not, and those that are
not must add up to what the processes say that they dropped or gave up.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from pwdload.analysis.due_times import due_times
from pwdload.analysis.kinds import chosen, with_columns
from pwdload.analysis.slots import waits_s
from pwdload.analysis.unbegun import Unbegun, explain
from pwdload.arrays import copied, empty, filled, parts, picked
from pwdload.health import HealthRow
from pwdload.pacing import RatePlan, Schedule
from pwdload.rundir import ArrivalCounts, ArrivalPlan, RunRecord
from pwdload.statistics.ordering import taken

Floats = npt.NDArray[np.float64]
Numbers = npt.NDArray[np.int64]

EDGE_S = 0.1
"""A load that is stopped before its schedule has ended may cut off what was due within so long before: the word to
stop and the word to begin are then on their way at the same time."""
_ROWS = 1 << 20
"""So many samples are looked at at once."""
ROUNDING_S = 1e-6
"""More than rounding takes from a time on the run's clock."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ArrivalAccount:
    """Every arrival of a run, and what the processes say of them."""

    plan: ArrivalPlan
    rates: RatePlan
    until_s: float
    """Arrivals due before this were to be begun: when the load ended, or the whole plan did. Seconds."""
    frame: pd.DataFrame
    """One row per arrival, its number the index: those due before ``until_s``, and behind them what was begun later.

    ``due_s``; ``is_begun`` (some sample is of it); ``begin_s``, ``sent_s`` and ``end_s`` (a slot took it, its first
    request was sent, its last answer came); ``is_kept`` (its first request was sent on a connection that was open
    already); ``wait_s`` (how long it waited for a slot); ``lag_s`` (how late the generator sent it beyond that, which
    on a new connection includes connecting). Seconds on the run's clock; NaN for what did not happen.
    """
    planned: int
    """How many were due before ``until_s``: the first rows of the frame."""
    told: Mapping[str, ArrivalCounts]
    """What each process said in the end, by name; of one that did not report, what is known from its health."""
    unbegun: Unbegun
    doubles: Numbers
    """Arrivals that were begun more than once."""
    foreign: Numbers
    """Flows that are no arrival of the schedule."""
    shifted: Numbers
    """Arrivals whose intended time is not the schedule's."""
    contradictions: tuple[str, ...] = ()
    """Where what a process said cannot be so, one sentence each."""

    @property
    def begun(self) -> int:
        """How many of the planned ones are in a sample."""
        return int(self.frame["is_begun"].iloc[: self.planned].sum())

    @property
    def waited(self) -> int:
        """How many found no idle slot."""
        return sum(counts.waited for counts in self.told.values())

    @property
    def waited_s_max(self) -> float:
        """The longest wait for a slot, in seconds."""
        return max((counts.waited_s_max for counts in self.told.values()), default=0.0)

    @property
    def first_dropped_s(self) -> float | None:
        """When the first one was dropped; null when none was, or nobody knows when."""
        firsts = [counts.first_dropped_s for counts in self.told.values() if counts.first_dropped_s is not None]
        return min(firsts, default=None)

    def not_begun_s(self, since_s: float = 0.0) -> Floats:
        """Return when those arrivals were due that are in no sample, from a time on, in order."""
        due_s = self.frame["due_s"].to_numpy()[: self.planned]
        begun = self.frame["is_begun"].to_numpy()[: self.planned]
        times: Floats = due_s[~begun & (due_s >= since_s)]
        return times


def account_for(record: RunRecord, samples: pd.DataFrame, health: Sequence[HealthRow]) -> ArrivalAccount | None:
    """Account for every arrival of a run; None in the closed model.

    ``samples`` are those of `pwdload.analysis.run.Run`. Raises `UsageError` when the plan on record is none.
    """
    if record.arrivals is None:
        return None
    rates = RatePlan.of(record.arrivals.pieces)
    until_s = _until_s(record, rates, samples)
    last_s = max(until_s, float(samples["intended_s"].max()) + ROUNDING_S) if len(samples) else until_s
    due_s = _due_times(record.arrivals, rates, last_s)
    planned = int(np.searchsorted(due_s, until_s))
    number = samples["flow"].to_numpy()
    is_ours = (number >= 0) & (number < len(due_s))
    ours = chosen(samples, is_ours)
    frame, firsts = _frame(due_s, ours)
    told = _told(record, health)
    begun = _by_worker(ours, firsts)
    frame = _with_waits(frame, [begun[name] for name, counts in told.items() if counts.waited and name in begun])
    seen = {name: len(numbers) for name, numbers in begun.items()}
    begun_last_first = frame["is_begun"].to_numpy()[::-1]
    last = len(frame) - int(begun_last_first.argmax()) if begun_last_first.any() else 0
    frame = frame.iloc[: max(planned, last)]
    unbegun = explain(
        frame["due_s"].to_numpy()[:planned][~frame["is_begun"].to_numpy()[:planned]],
        told,
        unrecorded=sum(max(0, counts.begun - seen.get(name, 0)) for name, counts in told.items()),
        edge_s=until_s - EDGE_S if until_s < rates.end_s else until_s,
        some_silent=bool(_silent(record)),
    )
    return ArrivalAccount(
        plan=record.arrivals,
        rates=rates,
        until_s=until_s,
        frame=frame,
        planned=planned,
        told=told,
        unbegun=unbegun,
        doubles=_doubles(due_s, ours, firsts),
        foreign=np.unique(number[~is_ours]),
        shifted=_shifted(record, due_s, ours, firsts),
        contradictions=tuple(_contradictions(record, seen, len(due_s), until_s >= rates.end_s)),
    )


def _until_s(record: RunRecord, rates: RatePlan, samples: pd.DataFrame) -> float:
    """Return until when arrivals were to be begun; of a run that was cut short, until it last is known to have."""
    if record.duration_s is None:
        first = samples["flow"].duplicated() if len(samples) else pd.Series(dtype=bool)
        return float(samples.loc[~first, "intended_s"].max()) + ROUNDING_S if len(samples) else 0.0
    return rates.end_s if record.duration_s >= rates.end_s - EDGE_S else max(record.duration_s, 0.0)


def _due_times(plan: ArrivalPlan, rates: RatePlan, last_s: float) -> Floats:
    return due_times(Schedule(plan=rates, arrivals=plan.kind, seed=plan.seed), last_s)


def _frame(due_s: Floats, samples: pd.DataFrame) -> tuple[pd.DataFrame, Numbers]:
    """Return the arrivals, without their waits, and the places of the first samples of those begun, by number."""
    number = samples["flow"].to_numpy()
    # Samples are ordered by intended time. Of several values for one place, an assignment keeps the last.
    place = filled(len(due_s), np.int64, lambda _: -1)
    for end in range(len(number), 0, -_ROWS):
        start = max(end - _ROWS, 0)
        place[number[start:end][::-1]] = np.arange(start, end)[::-1]
    done_s, end_s = samples["done_s"].to_numpy(), filled(len(due_s), np.float64, lambda _: np.nan)
    for part in parts(len(number)):
        end_s[number[part]] = done_s[part]
    is_begun = filled(len(due_s), np.bool_, lambda part: place[part] >= 0)
    firsts = picked(place, is_begun)
    sent_s, begin_s, was_reused = _of_firsts(samples, firsts, picked(due_s, is_begun))
    is_kept = _spread(is_begun, was_reused)
    frame = pd.DataFrame(
        {
            "due_s": due_s,
            "is_begun": is_begun,
            "begin_s": _spread(is_begun, begin_s),
            "sent_s": _spread(is_begun, sent_s),
            "end_s": end_s,
            "is_kept": filled(len(due_s), np.bool_, lambda part: is_kept[part] == 1.0),
            "wait_s": np.zeros(len(due_s)) if is_begun.all() else _spread(is_begun, np.zeros(len(firsts))),
        },
        copy=False,
    )
    sent = frame["sent_s"].to_numpy()
    lag_s = filled(len(due_s), np.float64, lambda part: sent[part] - due_s[part])
    return with_columns(frame, {"lag_s": lag_s}), firsts


def _of_firsts(samples: pd.DataFrame, firsts: Numbers, due_s: Floats) -> tuple[Floats, Floats, Floats]:
    """Return when the first requests were sent, when a slot took each, and 1.0 where its connection was open."""
    all_sent_s = samples["sent_s"].to_numpy(dtype=float)
    connect_s, tls_s = (samples[name].to_numpy(dtype=float) for name in ("connect_s", "tls_s"))
    sent_s = taken(all_sent_s, firsts)

    def begin_s(part: slice) -> Floats:
        opening_s = sum(np.nan_to_num(times_s[firsts[part]], nan=0.0) for times_s in (connect_s, tls_s))
        return np.where(np.isnan(sent_s[part]), due_s[part], sent_s[part] - opening_s)

    reused = samples["is_reused"].to_numpy()
    was_reused = filled(len(firsts), np.float64, lambda part: reused[firsts[part]])
    return sent_s, filled(len(firsts), np.float64, begin_s), was_reused


def _by_worker(samples: pd.DataFrame, firsts: Numbers) -> dict[str, Numbers]:
    """Return the numbers of the arrivals that each process began, in order."""
    number = taken(samples["flow"].to_numpy(), firsts)
    worker = taken(samples["worker"].cat.codes.to_numpy(), firsts)
    return {str(name): picked(number, worker == code) for code, name in enumerate(samples["worker"].cat.categories)}


def _spread(where: npt.NDArray[np.bool_], values: Floats) -> Floats:
    if len(values) == len(where):
        return values
    spread, at = empty(len(where), np.float64), 0
    for part in parts(len(where)):
        count = int(np.count_nonzero(where[part]))
        mine = np.full(len(where[part]), np.nan)
        mine[where[part]] = values[at : at + count]
        spread[part], at = mine, at + count
    return spread


def _with_waits(frame: pd.DataFrame, numbers: Sequence[Numbers]) -> pd.DataFrame:
    """Return the arrivals with how long those of each of these processes waited for a slot, taken from their lag."""
    if not numbers:
        return frame
    wait_s, lag_s = (copied(frame[name].to_numpy()) for name in ("wait_s", "lag_s"))
    for mine in numbers:
        waits = waits_s(*(taken(frame[name].to_numpy(), mine) for name in ("due_s", "begin_s", "end_s")))
        for part in parts(len(mine)):
            wait_s[mine[part]] = waits[part]
            lag_s[mine[part]] -= waits[part]
    return with_columns(frame, {"wait_s": wait_s, "lag_s": lag_s})


def _told(record: RunRecord, health: Sequence[HealthRow]) -> dict[str, ArrivalCounts]:
    last = {row.worker: row for row in sorted(health, key=lambda row: row.at_s)}
    queued = {row.worker for row in health if row.queued}
    told = {
        name: ArrivalCounts(dropped=row.dropped, waited=int(name in queued))
        for name, row in last.items()
        if row.dropped or name in queued
    }
    return told | {worker.name: worker.arrivals for worker in record.workers if worker.arrivals is not None}


def _silent(record: RunRecord) -> set[str]:
    """Return the processes that can have had turns and said nothing of them."""
    gone = {worker.name for worker in record.lost_workers} | set(record.expected_workers)
    return gone - {worker.name for worker in record.workers}


def _doubles(due_s: Floats, samples: pd.DataFrame, firsts: Numbers) -> Numbers:
    number = samples["flow"].to_numpy()
    worker = samples["worker"].cat.codes.to_numpy()
    of_first = np.zeros(len(due_s), dtype=worker.dtype)
    for part in parts(len(firsts)):
        of_first[number[firsts[part]]] = worker[firsts[part]]
    intended_s, is_other = samples["intended_s"].to_numpy(), np.empty(len(number), np.bool_)
    is_begin, is_begun, begins = np.empty(len(number), np.bool_), np.zeros(len(due_s), np.bool_), 0
    for part in parts(len(number)):
        mine = number[part]
        is_other[part] = of_first[mine] != worker[part]
        is_begin[part] = np.abs(intended_s[part] - due_s[mine]) <= ROUNDING_S
        is_begun[mine[is_begin[part]]] = True
        begins += int(np.count_nonzero(is_begin[part]))
    # Each arrival was begun once as a rule: then there are as many begins as arrivals that were.
    twice = np.zeros(0, np.int64)
    if begins != np.count_nonzero(is_begun):
        twice = np.flatnonzero(np.bincount(number[is_begin], minlength=len(due_s)) > 1)
    return np.union1d(twice, picked(number, is_other))


def _shifted(record: RunRecord, due_s: Floats, samples: pd.DataFrame, firsts: Numbers) -> Numbers:
    """Return the arrivals whose intended time differs from the schedule's by more than rounding and their clock."""
    clocks = {worker.name: worker.clock for worker in record.workers if worker.clock is not None}
    allowed = [
        ROUNDING_S + (clock.error_s + abs(clock.drift_s) if (clock := clocks.get(str(name))) is not None else 0.0)
        for name in samples["worker"].cat.categories
    ]
    number, intended_s = samples["flow"].to_numpy(), samples["intended_s"].to_numpy()
    worker, allowed_s = samples["worker"].cat.codes.to_numpy(), np.array(allowed)
    shifted: list[Numbers] = [number[:0]]
    for part in parts(len(firsts)):
        first = firsts[part]
        off_s = np.abs(intended_s[first] - due_s[number[first]])
        shifted.append(number[first][off_s > allowed_s[worker[first]]])
    return np.concatenate(shifted)


def _contradictions(record: RunRecord, seen: Mapping[str, int], all_due: int, is_whole: bool) -> Iterable[str]:
    counted = {worker.name: worker.arrivals for worker in record.workers if worker.arrivals is not None}
    for name, counts in counted.items():
        if counts.due != counts.begun + counts.dropped + counts.abandoned:
            yield (
                f"{name} counted {counts.due:,} arrivals as its turn, but {counts.begun:,} begun, {counts.dropped:,} "
                f"dropped and {counts.abandoned:,} abandoned."
            )
        if seen.get(name, 0) > counts.begun:
            yield f"{name} says that it began {counts.begun:,} arrivals; its samples are of {seen[name]:,}."
    due = sum(counts.due for counts in counted.values())
    if is_whole and due > all_due:
        yield f"The processes counted {due:,} arrivals as their turns; the schedule has {all_due:,}."
