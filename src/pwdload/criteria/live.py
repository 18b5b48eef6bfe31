"""What is seen of the load while it goes on: the blocks of samples, decoded as they are written.

The process in charge has every sample in its hands once, encoded: its own, or those that its workers send. A `LiveLoad`
takes each block on its way, reads the nine columns that criteria need, and keeps them as arrays, 42 bytes for each
exchange. Blocks are taken by one thread, questions are asked by another; neither waits for the other.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from math import inf, nan
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from pwdload.criteria.observing import ACCEPTED, BESIDE_THE_LOAD, CHANGE, COLUMNS, FAILED, TURNED_AWAY, measured_in
from pwdload.criteria.values import Flags, Floats, Observed, Span, Texts
from pwdload.samples import Block

DELIVERED_WITHIN_S = 3.0
"""What was done longer ago has arrived: a process hands its samples on every second, and a line takes less than two."""
_FLOW_LASTS_S = 600.0
"""No flow is under way for longer: when it was due may be forgotten then."""
_NO_FLOW = -1

Codes = npt.NDArray[np.int16]
_TEXTS = ("step", "case", "stage")
_KINDS: dict[str, type[np.generic]] = {
    **dict.fromkeys(("due_s", "sent_s", "done_s", "flow_due_s"), np.float64),
    **dict.fromkeys(("failed", "shed", "changed", "measured"), np.bool_),
    **dict.fromkeys(_TEXTS, np.int16),
}
"""The columns of a piece: those of `Observed`, with a code for each text."""


class LiveLoad:
    """The exchanges of the run that is on, as far as they have arrived.

    What is still in flight is in no sample: of the moments just gone only the quick answers are here. By its times and
    failures a target so looks better than it is, and by the changes that were due worse.
    """

    def __init__(
        self,
        spans: Sequence[Span],
        *,
        processes: int = 1,
        now: Callable[[], float] | None = None,
        horizon_s: float = inf,
    ) -> None:
        """Take the stages (`pwdload.criteria.observing.spans_of`) and how many processes make load.

        `now` is the run's clock, by which a process that has nothing to send holds up nobody. What was due more than
        `horizon_s` before the latest is forgotten.
        """
        self._spans = spans
        self._processes = processes
        self._now = now
        self._horizon_s = horizon_s
        self._pieces: list[_Piece] = []
        self._latest_s = -inf
        self._done_s: dict[str, float] = {}
        self._words = _Words()
        self._flows = _Flows()

    def take(self, frame: bytes | Block) -> None:
        """Take a block of samples, each once; those of one process in their order.

        Raises:
            DamagedBlockError, pyarrow.ArrowException, OSError, EOFError: it is no block of samples.
        """
        block = frame if isinstance(frame, Block) else Block.parse(frame)
        for batch in block.batches(COLUMNS):
            if batch.num_rows:
                self._keep(batch)

    def observed(self, from_s: float, to_s: float) -> Observed:
        """Return the exchanges that were due from a time on and before another, in the order they were due."""
        pieces = [one for one in tuple(self._pieces) if one.last_s >= from_s and one.first_s < to_s]
        parts = [one.due_between(from_s, to_s) for one in pieces]
        columns: dict[str, Any] = {
            name: np.concatenate([np.empty(0, kind), *(part[name] for part in parts)]) for name, kind in _KINDS.items()
        }
        order = np.argsort(columns["due_s"], kind="stable")
        ordered = {name: column[order] for name, column in columns.items()}
        return Observed(**ordered | {name: self._words.texts(ordered[name]) for name in _TEXTS})

    def complete_until_s(self) -> float:
        """Return before which time, on the run's clock, all that was due and is done has arrived, as far as known.

        The samples of one process arrive in the order in which they were done, so its last one tells for all of it; and
        by the clock, what was done `DELIVERED_WITHIN_S` ago is here. Minus infinity where nothing is known.
        """
        done_s = list(self._done_s.values())
        heard_s = min(done_s) if done_s and len(done_s) >= self._processes else -inf
        return max(heard_s, self._now() - DELIVERED_WITHIN_S if self._now is not None else -inf)

    def _keep(self, batch: pa.RecordBatch) -> None:
        worker, due_s, done_s = batch["worker"][0].as_py(), batch["intended_s"].to_numpy(), batch["done_s"].to_numpy()
        outcome, step = batch["outcome"], batch["step"]
        columns: dict[str, npt.NDArray[Any]] = {
            "due_s": due_s,
            "sent_s": pc.fill_null(batch["sent_s"], nan).to_numpy(),
            "done_s": done_s,
            "flow_due_s": self._flows.due_s(worker, batch["flow"].to_pylist(), due_s.tolist()),
            "failed": _is_any_of(outcome, FAILED),
            "shed": _is_any_of(outcome, TURNED_AWAY),
            "changed": _is_any_of(outcome, ACCEPTED) & _is_any_of(step, {CHANGE}),
            "measured": measured_in(due_s, self._spans),
            **{name: self._words.codes(batch[name]) for name in _TEXTS},
        }
        is_load = ~_is_any_of(step, {BESIDE_THE_LOAD})
        # Choosing copies: what is kept does not hold on to the memory of the whole block.
        kept = {name: column[is_load] for name, column in columns.items()}
        self._pieces.append(_Piece(kept, first_s=float(due_s.min()), last_s=float(due_s.max())))
        self._done_s[worker] = max(self._done_s.get(worker, -inf), float(done_s.max()))
        self._forget(float(due_s.max()))

    def _forget(self, due_s: float) -> None:
        self._latest_s = max(self._latest_s, due_s)
        while self._pieces[0].last_s < self._latest_s - self._horizon_s:
            del self._pieces[0]


@dataclass(frozen=True, slots=True)
class _Piece:
    """What one block holds."""

    columns: dict[str, npt.NDArray[Any]]
    first_s: float
    """When the first of it was due, and the last."""
    last_s: float

    def due_between(self, from_s: float, to_s: float) -> dict[str, npt.NDArray[Any]]:
        if from_s <= self.first_s and self.last_s < to_s:
            return self.columns
        chosen = (self.columns["due_s"] >= from_s) & (self.columns["due_s"] < to_s)
        return {name: column[chosen] for name, column in self.columns.items()}


class _Words:
    """Numbers for texts, of which there are few."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}

    def codes(self, column: pa.DictionaryArray) -> Codes:
        """Return the number of each text, a new one for each that is new."""
        own = [self._numbers.setdefault(text, len(self._numbers)) for text in column.dictionary.to_pylist()]
        codes: Codes = np.array(own, np.int16)[column.indices.to_numpy()]
        return codes

    def texts(self, codes: Codes) -> Texts:
        """Return the text of each number."""
        texts: Texts = np.array([*self._numbers], np.object_)[codes] if len(codes) else np.empty(0, np.object_)
        return texts


class _Flows:
    """When flows were due: the first exchange of a flow, and its last, may be in different blocks.

    A flow that has not been heard of for a while is forgotten, at the latest after twice that while.
    """

    def __init__(self) -> None:
        self._recent: dict[tuple[str, int], float] = {}
        self._before: dict[tuple[str, int], float] = {}
        self._begun_s = 0.0

    def due_s(self, worker: str, flows: Iterable[int], due_s: Sequence[float]) -> Floats:
        """Return for each exchange when its flow was due; one that belongs to none was due on its own."""
        found = np.array([self._of(worker, flow, at_s) for flow, at_s in zip(flows, due_s, strict=True)])
        if due_s[-1] > self._begun_s + _FLOW_LASTS_S:
            self._before, self._recent, self._begun_s = self._recent, {}, due_s[-1]
        return found

    def _of(self, worker: str, flow: int, due_s: float) -> float:
        if flow == _NO_FLOW:
            return due_s
        key = worker, flow
        known = self._recent.get(key)
        if known is None:
            known = self._recent[key] = self._before.get(key, due_s)
        return known


def _is_any_of(column: pa.DictionaryArray, texts: Iterable[str]) -> Flags:
    """Return which of a column's texts are among the given ones."""
    wanted = frozenset(texts)
    own = np.array([text in wanted for text in column.dictionary.to_pylist()], dtype=bool)
    flags: Flags = own[column.indices.to_numpy()]
    return flags
