"""Keeps the heap of a process as large as what is in it, through a long run.

large blocks  The C library (glibc) takes a block of 128 KiB or more from the system on its own, and gives it back when
              it is free. But as soon as it has given the first one back, it has all others up to that size in its heap,
              where small things settle in the hole that a block leaves. Large dictionaries in which entries come and go
              (the passwords used last: 1.3 MB) are made anew every few seconds; where the hole has become too small,
              the heap is a megabyte larger. Told a size, glibc keeps to it.
small ones    When an answer is late, hundreds of flows wait, and what they took lies among what is needed on when all
              have gone. The holes are used again, but not all of them: their pages can be given back.

At 500 flows a second both together were 12 MB after ten minutes, and whoever looked meanwhile saw memory that leaks.
"""

import ctypes
from functools import cache
from typing import Any, Final

_M_TRIM_THRESHOLD: Final = -1
_M_MMAP_THRESHOLD: Final = -3
"""From glibc's <malloc.h>."""
APART_FROM_BYTES: Final = 128 << 10
"""What glibc begins with."""
TOP_FREE_BYTES: Final = 1 << 20
"""So much may be free at the heap's end: less, and it would be taken and given back with every block of samples."""


@cache
def _library() -> Any:
    """Return the C library; null where this is no system that has one to load."""
    try:
        return ctypes.CDLL(None)
    except (OSError, TypeError):
        return None


def keep_large_blocks_apart(from_bytes: int = APART_FROM_BYTES, *, free_at_end: int | None = TOP_FREE_BYTES) -> bool:
    """Have every large block taken from the system on its own, always; processes that are forked do the same.

    `free_at_end`: so many bytes may be free at the heap's end before they are given back; null: as glibc has it.
    Return whether this C library can: another one than glibc has rules of its own, and is left alone.
    """
    mallopt = getattr(_library(), "mallopt", None)
    if mallopt is None or not mallopt(_M_MMAP_THRESHOLD, from_bytes):
        return False
    return free_at_end is None or bool(mallopt(_M_TRIM_THRESHOLD, free_at_end))


def give_back_holes(free_at_end: int = TOP_FREE_BYTES) -> bool:
    """Give the pages back in which nothing is kept, but for some bytes at its end; return whether there were any.

    To be called by a thread beside the one that must not wait: it lets Python go on meanwhile, but whoever wants more
    than 512 bytes at once waits for it. A heap of 15 MB takes 0.3 ms, and each megabyte that is given back 0.2 ms.
    """
    malloc_trim = getattr(_library(), "malloc_trim", None)
    return malloc_trim is not None and bool(malloc_trim(free_at_end))
