"""The load as it is seen while it goes on, in the process in charge."""

from collections.abc import Callable
from typing import Protocol

from pwdload.samples import Block

Tap = Callable[[Block], None]
"""Is shown each block of samples that was written, in the thread that writes; raises nothing."""


class Looker(Protocol):
    """Is given blocks of samples one by one, and makes something of them; it may raise what it likes."""

    def take(self, block: Block, /) -> None:
        """Take the next block."""


def tap_of(looker: Looker, failed: Callable[[str], None]) -> Tap:
    """Return a tap that fills a looker; the first block that it cannot read ends that, and `failed` is told why.

    What is written must not suffer from whoever looks on.
    """
    broken: list[str] = []

    def take(block: Block) -> None:
        if broken:
            return
        try:
            looker.take(block)
        except Exception as error:  # noqa: BLE001 - whatever it is: told, and nothing that is written suffers
            broken.append(f"{type(error).__name__}: {error}")
            failed(broken[0])

    return take


def all_of(*taps: Tap | None) -> Tap | None:
    """Return a tap that shows each block to several, in their order; null where there is none."""
    there = [tap for tap in taps if tap is not None]

    def show(block: Block) -> None:
        for tap in there:
            tap(block)

    return show if there else None
