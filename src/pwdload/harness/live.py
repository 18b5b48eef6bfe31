"""The load as it is seen while it goes on, in the process in charge."""

from collections.abc import Callable

import pyarrow as pa

from pwdload.criteria.live import DELIVERED_WITHIN_S, LiveLoad
from pwdload.samples import Block

Tap = Callable[[Block], None]
"""Is shown each block of samples that was written, in the thread that writes; raises nothing."""


def tap_of(live: LiveLoad, failed: Callable[[str], None]) -> Tap:
    """Return a tap that fills a `LiveLoad`; the first block that it cannot read ends that, and `failed` is told why.

    What is written must not suffer from whoever looks on.
    """
    broken: list[str] = []

    def take(block: Block) -> None:
        if broken:
            return
        try:
            live.take(block)
        except (ValueError, pa.ArrowException, OSError, EOFError, KeyError) as error:
            broken.append(f"{type(error).__name__}: {error}")
            failed(broken[0])

    return take


__all__ = ["DELIVERED_WITHIN_S", "LiveLoad", "Tap", "tap_of"]
