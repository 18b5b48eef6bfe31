"""Criteria and what is held against them, as plain values."""

from dataclasses import dataclass, fields, replace
from enum import StrEnum
from math import inf
from typing import Any, Literal, NamedTuple, Self

import numpy as np
import numpy.typing as npt

from pwdload.arrays import picked

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Counts = npt.NDArray[np.int64]
Texts = npt.NDArray[np.object_]
Places = npt.NDArray[np.intp]


@dataclass(frozen=True, slots=True, eq=False)
class Coded:
    """Texts of which there are few different ones: of a long run a tenth of what Python strings take."""

    codes: npt.NDArray[np.integer]
    """Of each exchange the place of its text among the words; -1 where it has none."""
    words: tuple[str, ...]

    def __getitem__(self, chosen: Flags | Places) -> Self:
        """Return the texts of the exchanges that are chosen."""
        return replace(self, codes=_chosen(self.codes, chosen))

    def __len__(self) -> int:
        """Return how many exchanges there are."""
        return len(self.codes)

    def tolist(self) -> list[str | None]:
        """Return the texts one by one."""
        texts: list[str | None] = np.asarray(self).tolist()
        return texts

    def __array__(self, dtype: npt.DTypeLike | None = None, copy: bool | None = None) -> Texts:
        """Return the texts themselves, null where there is none; always a copy."""
        texts: Texts = np.array([*self.words, None], dtype=object)[self.codes]
        return texts


def _chosen(values: Any, chosen: Flags | Places) -> Any:
    is_plain = isinstance(values, np.ndarray) and chosen.dtype == np.bool_
    return picked(values, chosen.astype(np.bool_, copy=False)) if is_plain else values[chosen]


def is_text(texts: Texts | Coded, word: str) -> Flags:
    """Say of each text whether it is this one."""
    if not isinstance(texts, Coded):
        same: Flags = texts == word
        return same
    if word not in texts.words:
        return np.zeros(len(texts), dtype=bool)
    found: Flags = texts.codes == texts.words.index(word)
    return found


class Standing(StrEnum):
    """Whether a criterion is kept. Doubt is never success."""

    KEPT = "kept"
    BROKEN = "broken"
    CANNOT_TELL = "cannot_tell"


class Metric(StrEnum):
    """What a criterion is about."""

    PERCENTILE = "percentile"
    """Of a time, in seconds."""
    FAILED_SHARE = "failed_share"
    """Of the exchanges due, from 0 to 1."""
    GOODPUT = "goodput"
    """Accepted changes of a password per second of measured time."""


class Sense(StrEnum):
    """Which side of its limit a value has to be on."""

    AT_MOST = "at_most"
    AT_LEAST = "at_least"


Time = Literal["response", "service", "journey"]
"""Which time a percentile is of; see `pwdload.samples.Sample`. A journey's is that of a whole flow."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Breadth:
    """Over what a criterion is judged: the whole measured time, each second of it, or a window that slides over it."""

    kind: Literal["run", "seconds", "window"] = "run"
    share: float = 1.0
    """Of "seconds": in at least which share of the seconds it must be kept, from 0 to 1."""
    window_s: float = 0.0
    """Of "window": how long it must be broken without a break to count as broken, in seconds."""
    stop: bool = False
    """Of "window": whether the run is ended then."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Criterion:
    """One thing that a run must keep."""

    name: str
    """Names it for programs: "p95_update_password"; what a scenario does not name is named from what it says."""
    metric: Metric
    sense: Sense
    limit: float
    """Seconds, a share from 0 to 1, or per second."""
    permille: int = 0
    """Of a percentile, in thousandths: 950 for p95."""
    of: Time = "response"
    step: str = ""
    """Only exchanges of this step; empty for all of them."""
    case: str = ""
    """Only of this case; empty for all."""
    stage: str = ""
    """Only due in this stage; empty for all measured ones."""
    breadth: Breadth = Breadth()


class Span(NamedTuple):
    """A stage as far as it counts for criteria: a span of the run's clock, its end not included. Seconds."""

    start_s: float
    end_s: float = inf
    stage: str = ""
    """Empty where the run has no stages."""
    measured: bool = True
    """Whether what states no stage is judged over it."""

    @property
    def length_s(self) -> float:
        """How long it lasts, in seconds."""
        return self.end_s - self.start_s


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """What was seen of the load, one element per exchange, ordered by the time it was due. Times in seconds.

    All arrays have the same length. A value of one run's clock; texts are Python strings, or `Coded`.
    """

    due_s: Floats
    sent_s: Floats
    """NaN where nothing was sent."""
    done_s: Floats
    failed: Flags
    """The client was not given what was due (`pwdload.analysis.checks.target.FAILURES`)."""
    shed: Flags
    """The target turned it away for want of room."""
    changed: Flags
    """An accepted update_password."""
    step: Texts | Coded
    case: Texts | Coded
    stage: Texts | Coded
    flow_due_s: Floats
    """When the flow that it belongs to was due: journey time is ``done_s - flow_due_s`` of an accepted change."""
    measured: Flags
    """Due within a measured stage."""

    def __len__(self) -> int:
        """Return how many exchanges there are."""
        return len(self.due_s)

    def where(self, chosen: Flags | Places) -> Self:
        """Return the exchanges that are chosen, by a flag for each or by their places."""
        return replace(self, **{field.name: _chosen(getattr(self, field.name), chosen) for field in fields(self)})


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A criterion held against what was seen."""

    criterion: Criterion
    standing: Standing
    value: float | None
    """What was seen, in the unit of the limit; of "seconds" still the value over all of them. Null without a sample."""
    lower: float | None
    """95 % confidence interval of the value, one bound each; null where it cannot be told."""
    upper: float | None
    samples: int
    """How many exchanges (or journeys, or changes) it rests on."""
    reason: str
    """One sentence for a person, with the numbers."""
    share_kept: float | None = None
    """Of "seconds": in which share of the seconds with samples it was kept."""
    broken_from_s: float | None = None
    """Of "window": when the first window in which it was broken begins, on the run's clock."""
    needed: int | None = None
    """Where it cannot be told: how many samples would tell, if what was seen went on; null where nobody can say."""
