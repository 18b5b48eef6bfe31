"""The load of the run that is on, added up as its blocks of samples are written: what a `Snapshot` says of it.

One thread takes blocks, another asks how things stand; neither waits for the other. What is kept does not grow with the
run: sums since the start, and a record of each of the last seconds. A second is one in which exchanges were done.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import inf, isfinite
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from pwdload.criteria.live import DELIVERED_WITHIN_S
from pwdload.criteria.observing import ACCEPTED, BESIDE_THE_LOAD, CHANGE, FAILED
from pwdload.criteria.previewing import Exchanges, Preview
from pwdload.outcome import Outcome
from pwdload.samples import ROWS_MAX, Block
from pwdload.statistics.percentiles import P50, P95, P99, Percentile
from pwdload.watched.flows import Flows
from pwdload.watched.pairs import Numbers, Pairs, grown
from pwdload.watched.snapshot import BOUNDS_S, CodeCount, OutcomeCount, StepLatency, Window

COLUMNS: Final = ("worker", "step", "intended_s", "sent_s", "done_s", "error_code", "outcome")
WINDOW_S: Final = 5
"""How many seconds the window is long."""
_KEPT_S: Final = 30
"""So many seconds are kept one by one: processes need not be equally quick to tell."""
_CODES_MAX: Final = 48
"""Of all steps together."""
_OURS_MAX: Final = 2000
"""Outcomes and cases are our own words: there are never so many of them."""
_TOGETHER: Final = 2048
"""So many exchanges are added up at once: a few at a time cost more for themselves than for what they hold."""
_FLUSHED_BELOW: Final = ROWS_MAX
"""A block of fewer was handed over because its second is over (`pwdload.samples.SampleWriter`)."""
_AS_EXPECTED: Final = frozenset(outcome.value for outcome in Outcome if outcome.is_as_expected)
_BUCKETS: Final = len(BOUNDS_S) + 1

Floats = npt.NDArray[np.float64]
Columns = dict[str, npt.NDArray[Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadNow:
    """What is known of the load at one moment."""

    until_s: float
    """End of the window, on the run's clock: all that was done before has arrived, as far as known."""
    window: Window | None = None
    requests: int = 0
    changes: int = 0
    doubtful: int = 0
    """Changes that were sent, and of which no answer tells what became of them."""
    outcomes: tuple[OutcomeCount, ...] = ()
    codes: tuple[CodeCount, ...] = ()
    latency: tuple[StepLatency, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sums:
    """What was counted since the start: replaced as a whole, so that a reader has all of one moment."""

    outcomes: Numbers = field(default_factory=lambda: np.zeros(0, np.int64))
    codes: Numbers = field(default_factory=lambda: np.zeros(0, np.int64))
    buckets: Numbers = field(default_factory=lambda: np.zeros(0, np.int64))
    """By outcome and then bucket: one long row."""
    sums_s: Floats = field(default_factory=lambda: np.zeros(0))
    """Response times added up, by outcome."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Part:
    """What was counted at one time of what was done in one second."""

    outcomes: Numbers
    codes: Numbers
    changes_s: Floats
    """Response times of password changes."""
    lags_s: Floats


class WatchedLoad:
    """Adds up the exchanges of a run; those beside the load (`rearm`) are in no number."""

    def __init__(self, previews: Sequence[Preview] = ()) -> None:
        """Take the criteria that are to be counted as well."""
        self._previews = previews
        asked = [one.criterion for one in previews]
        self._flows = Flows() if any(one.of == "journey" for one in asked) else None
        self._cases = Pairs(_OURS_MAX) if any(one.case for one in asked) else None
        more = ("flow",) * (self._flows is not None) + ("case",) * (self._cases is not None)
        self._wanted = (*COLUMNS, *more)
        self._outcomes = Pairs(_OURS_MAX)
        self._codes = Pairs(_CODES_MAX)
        self._waiting: list[Columns] = []
        self._sums = _Sums()
        self._seconds: dict[int, list[_Part]] = {}
        self._done_s: dict[str, float] = {}
        """When the last exchange of each process was done."""

    def take(self, block: Block) -> None:
        """Take a block of samples, each once; those of one process in their order.

        Raises:
            pyarrow.ArrowException, OSError, EOFError, KeyError, ValueError: it is no block of samples.
        """
        for batch in block.batches(self._wanted):
            if batch.num_rows:
                self._waiting.append(self._columns(batch))
        if block.rows < _FLUSHED_BELOW or len(self._waiting) * block.rows >= _TOGETHER:
            self.add_up()

    def _columns(self, batch: pa.RecordBatch) -> Columns:
        worker, done_s = batch["worker"][0].as_py(), batch["done_s"].to_numpy()
        self._done_s[worker] = max(self._done_s.get(worker, -inf), float(done_s[-1]))
        columns: Columns = {
            "due_s": batch["intended_s"].to_numpy(),
            "sent_s": batch["sent_s"].to_numpy(zero_copy_only=False),  # NaN where nothing was sent
            "done_s": done_s,
            "outcome": self._outcomes.numbers(batch["step"], batch["outcome"]),
            "code": self._codes.numbers(batch["step"], batch["error_code"]),
        }
        if self._flows is not None:
            columns["flow_due_s"] = self._flows.due_s(worker, batch["flow"].to_numpy(), columns["due_s"])
        if self._cases is not None:
            columns["case"] = self._cases.numbers(batch["step"], batch["case"])
        return columns

    def add_up(self) -> None:
        """Add up what waits to be: by the thread that takes blocks, or when that is done."""
        waiting, self._waiting = self._waiting, []
        if not waiting:
            return
        columns = {name: np.concatenate([one[name] for one in waiting]) for name in waiting[0]}
        is_load = self._outcomes.which(lambda step, _: step != BESIDE_THE_LOAD)
        if not is_load.all():
            chosen = is_load[columns["outcome"]]
            columns = {name: column[chosen] for name, column in columns.items()}
        if len(columns["done_s"]):
            columns["response_s"] = columns["done_s"] - columns["due_s"]
            self._add_sums(columns)
            self._add_seconds(columns)
            self._add_criteria(columns)

    def _add_criteria(self, columns: Columns) -> None:
        if not self._previews:
            return
        outcome, cases = columns["outcome"], self._cases.known if self._cases is not None else [("", "")]
        exchanges = Exchanges(
            due_s=columns["due_s"],
            sent_s=columns["sent_s"],
            done_s=columns["done_s"],
            flow_due_s=columns.get("flow_due_s", columns["due_s"]),
            failed=self._outcomes.which(lambda _, word: word in FAILED)[outcome],
            changed=self._outcomes.which(lambda step, word: step == CHANGE and word in ACCEPTED)[outcome],
            step=outcome,
            case=columns["case"] if self._cases is not None else np.zeros(len(outcome), np.int64),
            steps=[step for step, _ in self._outcomes.known],
            cases=[case for _, case in cases],
        )
        for preview in self._previews:
            preview.take(exchanges)

    def _add_sums(self, columns: Columns) -> None:
        outcome, response_s, kinds = columns["outcome"], columns["response_s"], len(self._outcomes.known)
        bucket = outcome * _BUCKETS + np.searchsorted(BOUNDS_S, response_s)
        sums = self._sums
        sums_s: Floats = np.bincount(outcome, response_s, kinds).astype(np.float64)
        sums_s[: len(sums.sums_s)] += sums.sums_s
        self._sums = _Sums(
            outcomes=grown(sums.outcomes, np.bincount(outcome, minlength=kinds)),
            codes=grown(sums.codes, np.bincount(columns["code"], minlength=len(self._codes.known))),
            buckets=grown(sums.buckets, np.bincount(bucket, minlength=kinds * _BUCKETS)),
            sums_s=sums_s,
        )

    def _add_seconds(self, columns: Columns) -> None:
        second = np.floor(columns["done_s"]).astype(np.int64)
        newest, kinds, codes = int(second.max()), len(self._outcomes.known), len(self._codes.known)
        is_change = self._outcomes.which(lambda step, _: step == CHANGE)[columns["outcome"]]
        lag_s = columns["sent_s"] - columns["due_s"]
        for number in range(max(int(second.min()), newest - _KEPT_S), newest + 1):
            chosen = second == number
            part = _Part(
                outcomes=np.bincount(columns["outcome"][chosen], minlength=kinds),
                codes=np.bincount(columns["code"][chosen], minlength=codes),
                changes_s=columns["response_s"][chosen & is_change],
                lags_s=lag_s[chosen & ~np.isnan(lag_s)],
            )
            self._seconds.setdefault(number, []).append(part)
        for number in [one for one in self._seconds if one < newest - _KEPT_S]:
            del self._seconds[number]

    def look(self, now_s: float) -> LoadNow:
        """Return how the load stands; `now_s` is the run's clock, by which a process that is silent holds up nobody."""
        sums, until_s = self._sums, self._complete_until_s(now_s)
        until = int(until_s) if isfinite(until_s) else 0
        begin = max(until - WINDOW_S, 0)
        parts = [part for number in range(begin, until) for part in tuple(self._seconds.get(number, ()))]
        outcomes = _added([part.outcomes for part in parts], len(sums.outcomes))
        codes = _added([part.codes for part in parts], len(sums.codes))
        return LoadNow(
            until_s=float(until),
            window=self._window(parts, outcomes, float(until - begin)) if until > begin else None,
            requests=int(sums.outcomes.sum()),
            changes=self._count(sums.outcomes, CHANGE, Outcome.RIGHT_ACCEPT),
            doubtful=self._count(sums.outcomes, CHANGE, Outcome.UNKNOWN),
            outcomes=tuple(
                OutcomeCount(step=step, outcome=word, count=count, recent=recent)
                for (step, word), count, recent in self._told(self._outcomes, sums.outcomes, outcomes)
            ),
            codes=tuple(
                CodeCount(step=step, code=word, count=count, recent=recent)
                for (step, word), count, recent in self._told(self._codes, sums.codes, codes)
                if word
            ),
            latency=self._latency(sums),
        )

    def _complete_until_s(self, now_s: float) -> float:
        """Return until when all that was done has arrived; minus infinity where nothing is known.

        A process tells in the order in which things were done, so that its last exchange tells for all of it; and by
        the clock, what was done `DELIVERED_WITHIN_S` ago is here.
        """
        done_s = list(self._done_s.values())
        return max(min(done_s), now_s - DELIVERED_WITHIN_S) if done_s else -inf

    def _window(self, parts: Sequence[_Part], outcomes: Numbers, length_s: float) -> Window:
        requests = int(outcomes.sum())
        expected = self._outcomes.which(lambda _, word: word in _AS_EXPECTED)[: len(outcomes)]
        sent = self._outcomes.which(lambda _, word: word != Outcome.NOT_SENT)[: len(outcomes)]
        changes_s = np.concatenate([np.empty(0), *(part.changes_s for part in parts)])
        lags_s = np.concatenate([np.empty(0), *(part.lags_s for part in parts)])
        p50_ms, p95_ms, p99_ms = _percentiles_ms(changes_s, (P50, P95, P99))
        return Window(
            length_s=length_s,
            requests_per_s=int(outcomes[sent].sum()) / length_s,
            goodput_per_s=self._count(outcomes, CHANGE, Outcome.RIGHT_ACCEPT) / length_s,
            failed_share=1.0 - int(outcomes[expected].sum()) / requests if requests else None,
            p50_ms=p50_ms,
            p95_ms=p95_ms,
            p99_ms=p99_ms,
            changes=len(changes_s),
            lag_p99_ms=_percentiles_ms(lags_s, (P99,))[0],
        )

    def _count(self, counts: Numbers, step: str, outcome: Outcome) -> int:
        pairs = zip(self._outcomes.known, counts.tolist(), strict=False)
        return sum(count for pair, count in pairs if pair == (step, outcome.value))

    @staticmethod
    def _told(pairs: Pairs, sums: Numbers, recent: Numbers) -> list[tuple[tuple[str, str], int, int]]:
        # The other thread may have met new pairs meanwhile, of which nothing is added up yet.
        rows = zip(tuple(pairs.known), sums.tolist(), recent.tolist(), strict=False)
        return [row for row in rows if row[1]]

    def _latency(self, sums: _Sums) -> tuple[StepLatency, ...]:
        steps: dict[str, Numbers] = {}
        sums_s: dict[str, float] = {}
        rows = sums.buckets.reshape(-1, _BUCKETS)
        for (step, _), row, sum_s in zip(tuple(self._outcomes.known), rows, sums.sums_s.tolist(), strict=False):
            if row.any():
                steps[step] = steps[step] + row if step in steps else row
                sums_s[step] = sums_s.get(step, 0.0) + sum_s
        return tuple(
            StepLatency(step=step, counts=tuple(row.tolist()), sum_s=sums_s[step]) for step, row in steps.items()
        )


def _added(counts: Sequence[Numbers], length: int) -> Numbers:
    """Return the sum of counts by number, of which some may know fewer numbers."""
    total: Numbers = np.zeros(length, np.int64)
    for one in counts:
        total[: len(one)] += one[:length]
    return total


def _percentiles_ms(values_s: Floats, wanted: Sequence[Percentile]) -> list[float | None]:
    """Return percentiles of a few thousand values, in milliseconds: a preview, however few they are."""
    if not len(values_s):
        return [None] * len(wanted)
    places = [int(one.ranks(np.array([len(values_s)]))[0]) - 1 for one in wanted]
    ordered = np.partition(values_s, places)
    return [float(ordered[place]) * 1000.0 for place in places]
