"""What a check is, and the words that several of them use."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pwdload.analysis.run import Run
from pwdload.outcome import Group, Verdict

Answer = tuple[Verdict, str]
Check = Callable[[Run], Answer]


@dataclass(frozen=True, slots=True)
class Question:
    """A check with its names."""

    check: str
    """Names it for programs, for ever."""
    title: str
    """What holds if it passes, for a person."""
    ask: Check
    group: Group = Group.INSTRUMENT
    is_possible: Callable[[Run], bool] = lambda _: True
    """Whether a run has anything for it; where it has not, a PASS is told as not examined."""


def named(names: Sequence[str]) -> str:
    """Return names as a list that does not grow with a large fleet: "worker-1, worker-2, worker-3 and 7 more"."""
    return ", ".join(names[:3]) + (f" and {len(names) - 3:,} more" if len(names) > 3 else "")


def clock(at_s: float) -> str:
    """Return a time on the run's clock as tables and plots show it."""
    return f"{at_s:,.1f} s"
