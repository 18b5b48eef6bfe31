"""The load of a run as plain arrays: exchanges, the requests that they are tries of, and the flows of those.

A request that was tried again is one request: due when its first try was, over with its last one, and failed when that
one failed. So a retry that worked has made a slow success out of a failure, which is what its client felt.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, Self

import numpy as np
import numpy.typing as npt
import pandas as pd

from pwdload.analysis.arrivals import ArrivalAccount
from pwdload.analysis.journeys import by_flow, reduced, with_end
from pwdload.analysis.windows import Window
from pwdload.arrays import empty, filled, parts, places_of
from pwdload.statistics.ordering import stable_order, taken

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Places = npt.NDArray[np.int64]


class Rates(Protocol):
    """A planned rate of arrivals (`pwdload.pacing.RatePlan`)."""

    def expected(self, t_s: float, /) -> float:
        """Return how many arrivals the plan brings until a time."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Planned:
    """What an open load had planned."""

    due_s: Floats
    """When each flow was due, in order."""
    rates: Rates

    @classmethod
    def of(cls, account: ArrivalAccount | None) -> Self | None:
        """Take the plan from an account of a run's arrivals; null in the closed model."""
        if account is None:
            return None
        return cls(due_s=account.frame["due_s"].to_numpy(dtype=float)[: account.planned], rates=account.rates)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Spells:
    """Things that were due, took their time and failed or not, in the order in which they were due."""

    due_s: Floats
    done_s: Floats
    is_failed: Flags

    def among(self, from_s: float, to_s: float) -> slice:
        """Return the places of those that were due from one time to before another."""
        first, last = np.searchsorted(self.due_s, [from_s, to_s])
        return slice(int(first), int(max(first, last)))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Load:
    """Everything that was sent, seen three ways. Times are seconds on the run's clock."""

    samples: pd.DataFrame
    """One row per exchange, ordered by the time when it was due; the columns of `pwdload.analysis.run.Run.samples`."""
    exchanges: Spells
    sent_s: Floats
    """When each exchange was sent; NaN where it was not."""
    is_first_try: Flags
    requests: Spells
    flows: Spells
    """A flow has failed when any of its requests has."""
    flow_sent_s: Floats
    """When each flow's first request was sent; NaN where it was not."""
    is_changed: Flags
    """Whether a flow has changed a password."""
    planned: Planned | None
    measured: tuple[Window, ...]
    end_s: float
    """When the load was told to stop."""


def load_of(samples: pd.DataFrame, planned: Planned | None, measured: Sequence[Window], end_s: float) -> Load:
    """Return the load of a run; samples without the column ``attempt`` are all first tries."""
    intended = samples["intended_s"].to_numpy(dtype=float)
    if (intended[1:] < intended[:-1]).any():
        samples = samples.sort_values("intended_s", kind="stable", ignore_index=True)
        intended = samples["intended_s"].to_numpy(dtype=float)
    exchanges = Spells(
        due_s=intended,
        done_s=samples["done_s"].to_numpy(dtype=float),
        is_failed=~samples["is_as_expected"].to_numpy(dtype=bool),
    )
    attempt = samples["attempt"].to_numpy() if "attempt" in samples else np.ones(len(samples), np.int16)
    sent_s = samples["sent_s"].to_numpy(dtype=float, na_value=np.nan)
    flow = _flow_codes(samples)
    requests, of_flow = _requests(exchanges, flow, samples["step"].cat.codes.to_numpy(), attempt)
    flows, firsts = _flows(exchanges, requests, flow, of_flow)
    changed = _any_of(flow, samples["is_change"].to_numpy(dtype=bool), len(firsts))
    return Load(
        samples=samples,
        exchanges=exchanges,
        sent_s=sent_s,
        is_first_try=attempt == 1,
        requests=requests,
        flows=flows,
        flow_sent_s=taken(sent_s, firsts),
        is_changed=changed,
        planned=planned,
        measured=tuple(measured),
        end_s=end_s,
    )


def _flow_codes(samples: pd.DataFrame) -> Places:
    """Return for each exchange the number of its flow, counted by when flows were due."""
    order, starts = by_flow(samples)
    by_due = stable_order(taken(order, starts))  # exchanges are ordered by when they were due
    number, codes = empty(len(starts), np.int64), empty(len(order), np.int64)
    for part in parts(len(by_due)):
        number[by_due[part]] = np.arange(part.start, part.stop)
    for part in parts(len(starts)):
        edges = with_end(starts, part, len(order))
        codes[order[edges[0] : edges[-1]]] = np.repeat(number[part], np.diff(edges))
    return codes


def _any_of(flow: Places, flags: Flags, count: int) -> Flags:
    """Say of each of so many flows whether any of its exchanges is flagged."""
    found = np.zeros(count, dtype=bool)
    for part in parts(len(flow)):
        found[flow[part][flags[part]]] = True
    return found


def _requests(
    exchanges: Spells, flow: Places, step: npt.NDArray[np.integer], attempt: npt.NDArray[np.integer]
) -> tuple[Spells, Places]:
    """Return the requests in the order in which they were due, and the flow of each."""
    if (attempt == 1).all():
        return exchanges, flow
    steps = int(step.max(initial=0)) + 1
    key = filled(len(flow), np.int64, lambda part: flow[part] * steps + step[part])
    order = stable_order(key)
    ordered = taken(key, order)
    begins = (taken(attempt, order) == 1) | np.append(True, ordered[1:] != ordered[:-1])
    first = places_of(begins)
    last = filled(len(first), np.int64, lambda part: with_end(first, part, len(order))[1:] - 1)
    rows = taken(order, first)
    due_s = taken(exchanges.due_s, rows)
    by_due = stable_order(due_s)
    done_s = reduced(np.maximum, taken(exchanges.done_s, order), first)
    requests = Spells(
        due_s=taken(due_s, by_due),
        done_s=taken(done_s, by_due),
        is_failed=taken(taken(exchanges.is_failed, taken(order, last)), by_due),
    )
    return requests, taken(flow, taken(rows, by_due))


def _flows(exchanges: Spells, requests: Spells, flow: Places, of_flow: Places) -> tuple[Spells, Places]:
    """Return the flows in the order in which they were due, and the place of each one's first exchange."""
    count = int(flow.max(initial=-1)) + 1
    # Exchanges are in order of time, and of several values for one place an assignment keeps the last.
    firsts = filled(count, np.int64, lambda _: 0)
    for part in reversed([*parts(len(flow))]):
        firsts[flow[part][::-1]] = np.arange(part.start, part.stop)[::-1]
    done_s = filled(count, np.float64, lambda _: 0.0)
    for part in parts(len(of_flow)):
        done_s[of_flow[part]] = requests.done_s[part]
    flows = Spells(
        due_s=taken(exchanges.due_s, firsts),
        done_s=done_s,
        is_failed=_any_of(of_flow, requests.is_failed, count),
    )
    return flows, firsts
