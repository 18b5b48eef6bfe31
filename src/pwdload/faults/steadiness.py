"""Whether the load is answered as it should be, seen while it is on: from each process's counts, second by second."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from pwdload.health import HealthRow
from pwdload.scenario.resilience import SteadyState
from pwdload.units import format_duration, format_share

_SLOW_SHARE_MAX = 0.05
"""By definition of a p95."""


class Seen(NamedTuple):
    """One criterion held against a piece of the run."""

    criterion: str
    measured: str
    met: bool | None
    """Null where there was nothing to tell it from."""


class _Counts(NamedTuple):
    at_s: float
    answers: int
    failed: int
    slow: int


@dataclass(slots=True)
class Steadiness:
    """Keeps every process's counts of its exchanges, and holds pieces of the run against the hypothesis."""

    wanted: SteadyState
    _rows: dict[str, list[_Counts]] = field(default_factory=dict)

    def take(self, row: HealthRow) -> None:
        """Take one process's counts since the run's start; they come about once a second, in order."""
        counts = _Counts(row.at_s, row.answers, row.failed, row.slow)
        self._rows.setdefault(row.worker, [_Counts(0.0, 0, 0, 0)]).append(counts)

    def look(self, from_s: float, to_s: float) -> tuple[Seen, ...]:
        """Hold the exchanges that ended in a piece of the run against each criterion, to the second."""
        answers = failed = slow = 0
        for rows in self._rows.values():
            before, after = _at(rows, from_s), _at(rows, to_s)
            answers += after.answers - before.answers
            failed += after.failed - before.failed
            slow += after.slow - before.slow
        return tuple(self._held(answers, failed, slow))

    def _held(self, answers: int, failed: int, slow: int) -> list[Seen]:
        seen = []
        if self.wanted.failed_share is not None:
            limit = self.wanted.failed_share
            share = failed / answers if answers else None
            seen.append(_seen(f"failed share at most {format_share(limit)}", share, limit))
        if self.wanted.p95_s is not None:
            within = format_duration(self.wanted.p95_s)
            share = slow / answers if answers else None
            seen.append(_seen(f"at most 5 % slower than {within}", share, _SLOW_SHARE_MAX))
        return seen


def _seen(criterion: str, share: float | None, limit: float) -> Seen:
    if share is None:
        return Seen(criterion, "nothing was answered", None)
    return Seen(criterion, format_share(share), share <= limit)


def _at(rows: Sequence[_Counts], at_s: float) -> _Counts:
    """Return the counts as they were last known at a time."""
    return rows[max(bisect_right(rows, at_s, key=lambda row: row.at_s) - 1, 0)]
