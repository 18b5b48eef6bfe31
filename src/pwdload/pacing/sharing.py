"""Whose turn it is: arrivals shared out over workers that come and go, by numbers on which all agree."""

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from operator import attrgetter
from typing import Self

from pwdload.errors import UsageError


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """Who takes turns from one arrival on, until the next share begins."""

    from_number: int
    members: tuple[str, ...]
    """Workers in the order of their turns: the first one plays `from_number`."""

    def worker(self, number: int) -> str:
        """Return the worker that plays an arrival, `from_number` or above."""
        return self.members[(number - self.from_number) % len(self.members)]

    def queue(self, number: int) -> tuple[str, ...]:
        """Return the members in the order of their next turns, seen right before an arrival."""
        turn = (number - self.from_number) % len(self.members)
        return self.members[turn:] + self.members[:turn]


@dataclass(frozen=True, slots=True)
class Sharing:
    """A division of all arrivals among workers: each arrival belongs to exactly one.

    Workers take turns, so that even arrivals are even for each of them. When the membership changes, those that stay
    keep their order and who is next; joiners line up at the end. So between two turns of a worker every other one that
    is there all the while has exactly one turn, across any number of changes, and no turn comes later than announced.

    It is a value of plain parts: `Sharing(shares)` in another process says the same. A change makes a new one, that
    differs from its first arrival on only; that arrival must not have been handed out by anybody yet.

    Raises `UsageError` for shares without members, with one twice, or not in the order of their numbers from 0 on.
    """

    shares: tuple[Share, ...]

    def __post_init__(self) -> None:
        numbers = tuple(share.from_number for share in self.shares)
        if numbers[:1] != (0,) or any(after <= before for before, after in pairwise(numbers)):
            raise UsageError(f"shares from the arrivals {numbers} on; allowed are rising numbers, the first one 0")
        for share in self.shares:
            if not share.members or len(set(share.members)) < len(share.members):
                raise UsageError(
                    f"share from arrival {share.from_number} on: {', '.join(share.members) or 'nobody'}; "
                    "allowed is one worker or more, each once"
                )

    @classmethod
    def among(cls, workers: Iterable[str]) -> Self:
        """Share out all arrivals among workers, whose turns are in the order of their names."""
        return cls((Share(from_number=0, members=tuple(sorted(set(workers)))),))

    def worker(self, number: int) -> str:
        """Return the worker that plays an arrival.

        Raises `ValueError` for a number below 0.
        """
        return self._share(number).worker(number)

    def members(self, number: int) -> frozenset[str]:
        """Return the workers among which an arrival was shared out."""
        return frozenset(self._share(number).members)

    def changed(self, workers: Iterable[str], from_number: int) -> Self:
        """Return the division in which only these workers have turns from an arrival on.

        Raises `UsageError` if nobody is left, or if the arrival lies before the last change.
        """
        last = self.shares[-1]
        if from_number < last.from_number:
            raise UsageError(
                f"a change of workers from arrival {from_number} on, after one from {last.from_number} on; "
                "allowed is that number or a higher one"
            )
        # Changes at one arrival are one change: a worker that leaves and comes back in no time keeps its turn.
        earlier = tuple(share for share in self.shares if share.from_number < from_number)
        queue = earlier[-1].queue(from_number) if earlier else ()
        wanted = set(workers)
        members = (*(worker for worker in queue if worker in wanted), *sorted(wanted.difference(queue)))
        return type(self)((*earlier, Share(from_number=from_number, members=members)))

    def joined(self, worker: str, from_number: int) -> Self:
        """Return the division in which one more worker has turns from an arrival on; as `changed` otherwise."""
        return self.changed({*self.shares[-1].members, worker}, from_number)

    def left(self, worker: str, from_number: int) -> Self:
        """Return the division in which a worker has no turns from an arrival on; as `changed` otherwise."""
        return self.changed({*self.shares[-1].members} - {worker}, from_number)

    def _share(self, number: int) -> Share:
        last = self.shares[-1]
        if number >= last.from_number:
            return last
        if number < 0:
            raise ValueError(f"arrivals are numbered from 0 on, not {number}")
        return self.shares[bisect_right(self.shares, number, key=attrgetter("from_number")) - 1]
