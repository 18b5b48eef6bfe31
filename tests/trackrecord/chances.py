"""What a run had as chances to find a defect, and which of them found it; a run's history cut into windows.

A **chance** is one change that may have been lost, or one race that may have been won twice: when it began, how likely
the defect was to show in it, and whether the oracle has found a violation there.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from math import prod
from typing import NamedTuple

import numpy as np

from pwdload.oracle import History
from pwdload.oracle.binomial import share_interval
from pwdload.oracle.checks.linearizability import explained
from pwdload.oracle.checks.races import find_races
from pwdload.oracle.operation import Kind, Result
from pwdload.oracle.reading import times


class Chance(NamedTuple):
    """One thing in which the defect may have shown."""

    begun_s: float
    """On the run's clock."""
    likely: float
    """From 0 to 1: how likely the defect was to show, by what is known without the oracle."""
    is_found: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Detection:
    """How often windows of one length had a violation in them."""

    windows: int
    found: int
    expected: float
    """Mean over the windows of 1 - (1 - p1)(1 - p2)..., one p for each chance that began in the window."""

    @property
    def share(self) -> float:
        """Share of the windows in which the defect was found."""
        return self.found / self.windows

    @property
    def interval(self) -> tuple[float, float]:
        """Where the true share lies with 95 % confidence, by Clopper and Pearson."""
        return share_interval(self.found, self.windows)


def lost_changes(history: History, share: float) -> Iterator[Chance]:
    """Yield each acknowledged change; found is one that an answer afterwards does not go with.

    Every account is changed once in the runs that this is for, so that what does not add up on it is its one change.
    """
    ops = history.operations
    broken = {story.account for story, _ in explained(history)}
    at = np.flatnonzero((ops.kind == Kind.UPDATE) & (ops.result == Result.OK))
    accounts = ops.account[at].tolist()
    assert len(accounts) == len(set(accounts)), "an account was changed twice"
    for account, begun_s in zip(accounts, ops.call_s[at].tolist(), strict=True):
        yield Chance(begun_s, share, account in broken)


def raced_tokens(history: History, window_s: float) -> Iterator[Chance]:
    """Yield each race that came to an end; likely is one whose first two requests left within the target's window.

    That is read from the stamps of sending alone, so that it owes nothing to what the target made of them.
    """
    sent_s = times(history.rows, "sent_s")
    for race in find_races(history):
        if race.winners:
            first, second = sorted(sent_s[list(race.rows)].tolist())[:2]
            yield Chance(first, float(second - first < window_s), len(race.winners) > 1)


def detection(runs: Sequence[Sequence[Chance]], window_s: float, length_s: float) -> Detection:
    """Return how often the windows that fit into runs of a length have found the defect.

    Args:
        runs: the chances of each run, in any order.
        window_s: how long a window is.
        length_s: how long each run was; what is left of it behind its last whole window is not looked at.
    """
    each = int(length_s / window_s + 1e-9)
    windows: list[list[Chance]] = []
    for chances in runs:
        mine: list[list[Chance]] = [[] for _ in range(each)]
        for one in chances:
            if 0 <= (place := int(one.begun_s // window_s)) < each:
                mine[place].append(one)
        windows += mine
    return Detection(
        windows=len(windows),
        found=sum(any(one.is_found for one in window) for window in windows),
        expected=sum(1.0 - prod(1.0 - one.likely for one in window) for window in windows) / len(windows),
    )


Chances = Callable[[History], Iterator[Chance]]
