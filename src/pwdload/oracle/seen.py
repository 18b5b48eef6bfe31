"""What a check has seen in one part of a run, and how that adds up to the whole.

A long run is looked at part by part, its accounts some at a time. What a part shows is a value that can be added to
that of another part, in any order: counts, the first findings of each kind by an order that every part agrees on, and
numbers of which only all together say something.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Self

import numpy as np

from pwdload.oracle.history import History
from pwdload.oracle.judgement import VIOLATIONS_MAX, Violation
from pwdload.oracle.operation import Floats
from pwdload.oracle.timeline import violation_at

Order = tuple[object, ...]
"""By which findings of one kind are told, the least first; two of a kind compare with each other."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something wrong, once."""

    order: Order
    kind: str = ""
    """Of each kind the first are kept."""
    rule: str = ""
    sentence: str = ""
    worker: str = ""
    """With `seq` it names the sample that shows it."""
    seq: int = -1
    account: int | None = None
    """Whose timeline tells of it, where that is not the sample's own."""
    violation: Violation | None = None
    """What a person is told of it; null as long as its account was not at hand."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What was seen in a part, or in several."""

    counts: Counter[str] = field(default_factory=Counter)
    found: tuple[Finding, ...] = ()
    values: Mapping[str, tuple[Floats, ...]] = field(default_factory=dict)
    """Numbers by name, piece by piece."""

    @classmethod
    def together(cls, parts: Iterable[Self]) -> Self:
        """Add parts up: the same whatever their order."""
        counts: Counter[str] = Counter()
        found: list[Finding] = []
        values: dict[str, tuple[Floats, ...]] = {}
        for part in parts:
            counts.update(part.counts)
            found = list(_first([*found, *part.found]))
            for name, pieces in part.values.items():
                values[name] = (*values.get(name, ()), *pieces)
        return cls(counts=counts, found=tuple(found), values=values)

    def all(self, name: str) -> Floats:
        """Return all numbers of a name, in no order that means anything."""
        return np.concatenate([np.zeros(0), *self.values.get(name, ())])

    def of(self, *kinds: str) -> list[Finding]:
        """Return the first findings of some kinds, in their order; without kinds of all."""
        return sorted((one for one in self.found if not kinds or one.kind in kinds), key=lambda one: one.order)

    def told(self, *kinds: str) -> list[Violation]:
        """Return what a person is told of them."""
        return [one.violation for one in self.of(*kinds) if one.violation is not None][:VIOLATIONS_MAX]

    def told_by(self, history: History, check: str) -> Self:
        """Return the same with what is told of each finding whose sample is in a part of the history."""
        return replace(self, found=tuple(_told(one, history, check) for one in _first(self.found)))


def finding_at(
    history: History,
    row: int,
    *,
    rule: str,
    sentence: str,
    kind: str = "",
    number: int = 0,
) -> Finding:
    """Return what a row shows, in the order of their numbers, then of rows, then of sentences."""
    intended_s, seq, worker = history.place_of(row)
    order = (number, intended_s, seq, worker, sentence)
    return Finding(order=order, kind=kind, rule=rule, sentence=sentence, worker=worker, seq=seq)


def findings_at(history: History, rows: Sequence[int], *, rule: str, sentence: str, kind: str = "") -> list[Finding]:
    """Return what some rows show, which are in order: of the first of them."""
    first = [int(row) for row in rows[:VIOLATIONS_MAX]]
    return [finding_at(history, row, rule=rule, sentence=sentence, kind=kind) for row in first]


def _first(found: Iterable[Finding]) -> Iterator[Finding]:
    """Yield the first of each kind."""
    kinds: dict[str, list[Finding]] = {}
    for one in found:
        kinds.setdefault(one.kind, []).append(one)
    for same in kinds.values():
        yield from sorted(same, key=lambda one: one.order)[:VIOLATIONS_MAX] if len(same) > 1 else same


def _told(one: Finding, history: History, check: str) -> Finding:
    if one.violation is not None or one.seq < 0:
        return one
    row = history.row_at(one.worker, one.seq, or_guest=one.account is not None)
    if row is None:
        return one
    told = violation_at(history, check=check, rule=one.rule, sentence=one.sentence, row=row, account=one.account)
    return replace(one, violation=told)
