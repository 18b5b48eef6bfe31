"""The order of the tests where several processes share them: what takes long comes first, an equal part to each.

xdist gives each process one stretch of the list, and what one has not begun another may take from its end. By the
names of their files the whole runs would lie in one stretch, and be what is left when everything else is done: each
waits half of its time, and then the processors would have nothing else to do.
"""

from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import TypeVar

import pytest

T = TypeVar("T")
_LONG = "tests/e2e/"


def in_hands(items: Sequence[pytest.Item], hands: int) -> list[pytest.Item]:
    """Return the tests in the order in which so many processes do them best."""
    first = [item for item in items if item.nodeid.startswith(_LONG)]
    rest = [item for item in items if not item.nodeid.startswith(_LONG)]
    return dealt([[*piece] for _, piece in groupby(first, _shared)], rest, hands)


def dealt(first: Iterable[Sequence[T]], rest: Sequence[T], hands: int) -> list[T]:
    """Return everything in as many stretches of equal length, each beginning with its share of the `first` pieces.

    A piece stays together. The rest fills the stretches up, in its order.
    """
    begun: list[list[T]] = [[] for _ in range(hands)]
    for number, piece in enumerate(first):
        begun[number % hands].extend(piece)
    left = [*rest]
    count = len(left) + sum(map(len, begun))
    stretches: list[T] = []
    for number, stretch in enumerate(begun):
        length = (count - len(stretches)) // (hands - number)  # as xdist divides
        room = max(0, length - len(stretch))
        stretches += [*stretch, *left[:room]]
        del left[:room]
    return [*stretches, *left]


def _shared(item: pytest.Item) -> tuple[str, ...]:
    """Return what tests have in common that each process with one of them would make again; else the test."""
    definitions = item._fixtureinfo.name2fixturedefs if isinstance(item, pytest.Function) else {}
    wide = [name for name, found in definitions.items() if found[-1].scope == "module"]
    return (item.nodeid.partition("::")[0], *sorted(wide)) if wide else (item.nodeid,)
