"""What this program has answered, by route: the other side of a load test's books."""

from collections import Counter
from dataclasses import dataclass
from typing import NamedTuple

from pwdload.standin.answers import Answer
from pwdload.standin.clock import Clock


class Counted(NamedTuple):
    """What one kind of answer is counted under."""

    method: str
    route: str
    """Template of the path, ``*`` for paths that are not served."""
    http_status: int
    status: str
    error_code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CountsSnapshot:
    """All counts since a time, in seconds since 1970."""

    since_s: float
    counts: dict[Counted, int]

    def fields(self) -> dict[str, object]:
        """Return the counts as they are sent, sorted."""
        rows = [{**kind._asdict(), "count": count} for kind, count in sorted(self.counts.items())]
        return {"since": self.since_s, "total": sum(self.counts.values()), "counts": rows}


class Counts:
    """Counts answers in memory; they begin again with the process."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.reset()

    def reset(self) -> None:
        """Begin again."""
        self._since_s = self._clock()
        self._counter: Counter[Counted] = Counter()

    def add(self, method: str, route: str, answer: Answer) -> None:
        """Count an answer; called just before it is sent, so that whoever has it finds it counted."""
        error_code = answer.text("error_code") or answer.text("error")
        self._counter[Counted(method, route, answer.http_status, answer.text("status"), error_code)] += 1

    def snapshot(self) -> CountsSnapshot:
        """Return the counts so far."""
        return CountsSnapshot(since_s=self._since_s, counts=dict(self._counter))
