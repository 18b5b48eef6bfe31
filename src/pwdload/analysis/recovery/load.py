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
from pwdload.analysis.windows import Window

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
    if len(intended) and (np.diff(intended) < 0).any():
        samples = samples.sort_values("intended_s", kind="stable", ignore_index=True)
        intended = samples["intended_s"].to_numpy(dtype=float)
    exchanges = Spells(
        due_s=intended,
        done_s=samples["done_s"].to_numpy(dtype=float),
        is_failed=~samples["is_as_expected"].to_numpy(dtype=bool),
    )
    attempt = samples["attempt"].to_numpy(dtype=np.int64) if "attempt" in samples else np.ones(len(samples), np.int64)
    sent_s = samples["sent_s"].to_numpy(dtype=float, na_value=np.nan)
    flow = _flow_codes(samples)
    requests, of_flow = _requests(exchanges, flow, samples["step"].cat.codes.to_numpy(), attempt)
    flows, firsts = _flows(exchanges, requests, flow, of_flow)
    changed = np.bincount(flow[samples["is_change"].to_numpy(dtype=bool)], minlength=len(firsts)) > 0
    return Load(
        samples=samples,
        exchanges=exchanges,
        sent_s=sent_s,
        is_first_try=attempt == 1,
        requests=requests,
        flows=flows,
        flow_sent_s=sent_s[firsts],
        is_changed=changed,
        planned=planned,
        measured=tuple(measured),
        end_s=end_s,
    )


def _flow_codes(samples: pd.DataFrame) -> Places:
    """Return for each exchange the number of its flow, counted by when flows were due."""
    flow = samples["flow"].to_numpy(dtype=np.int64)
    worker = samples["worker"].cat.codes.to_numpy().astype(np.int64)
    codes: Places = pd.factorize(worker * (int(flow.max(initial=0)) + 1) + flow)[0].astype(np.int64)
    return codes


def _requests(exchanges: Spells, flow: Places, step: npt.NDArray[np.integer], attempt: Places) -> tuple[Spells, Places]:
    """Return the requests in the order in which they were due, and the flow of each."""
    if (attempt == 1).all():
        return exchanges, flow
    key = flow * (int(step.max(initial=0)) + 1) + step
    order = np.argsort(key, kind="stable")
    begins = (attempt[order] == 1) | (np.diff(key[order], prepend=-1) != 0)
    first = np.flatnonzero(begins)
    last = np.append(first[1:], len(order)) - 1
    due_s = exchanges.due_s[order[first]]
    by_due = np.argsort(due_s, kind="stable")
    done_s = np.maximum.reduceat(exchanges.done_s[order], first)
    requests = Spells(
        due_s=due_s[by_due],
        done_s=done_s[by_due],
        is_failed=exchanges.is_failed[order[last]][by_due],
    )
    return requests, flow[order[first]][by_due]


def _flows(exchanges: Spells, requests: Spells, flow: Places, of_flow: Places) -> tuple[Spells, Places]:
    """Return the flows in the order in which they were due, and the place of each one's first exchange."""
    count = int(flow.max(initial=-1)) + 1
    # Exchanges are in order of time, and of several values for one place an assignment keeps the last.
    firsts = np.zeros(count, dtype=np.int64)
    firsts[flow[::-1]] = np.arange(len(flow), dtype=np.int64)[::-1]
    done_s = np.zeros(count)
    done_s[of_flow] = requests.done_s
    flows = Spells(
        due_s=exchanges.due_s[firsts],
        done_s=done_s,
        is_failed=np.bincount(of_flow[requests.is_failed], minlength=count) > 0,
    )
    return flows, firsts
