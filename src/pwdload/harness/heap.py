"""Keeps the heap of a process from growing through a long run, though nothing more is kept in it.

The C library (glibc) takes a block of 128 KiB or more from the system on its own, and gives it back when it is free.
But as soon as it has given the first one back, it has all others up to that size in its heap, where small things settle
in the hole that a block leaves:

    | kept passwords, 1.3 MB |            -->   | .. hole, 1.2 MB .. x | kept passwords, 1.3 MB |     -->   ...

Large dictionaries in which entries come and go are made anew every few seconds; each time the next hole is too small,
and the heap is a megabyte larger: 60 MB in an hour at 500 flows a second, on and on. Told a size, glibc keeps to it.
"""

import ctypes
from typing import Any, Final

_M_TRIM_THRESHOLD: Final = -1
_M_MMAP_THRESHOLD: Final = -3
"""From glibc's <malloc.h>."""
APART_FROM_BYTES: Final = 128 << 10
"""What glibc begins with."""
_TOP_FREE_BYTES: Final = 1 << 20
"""So much may be free at the heap's end: less, and it would be taken and given back with every block of samples."""


def keep_large_blocks_apart() -> bool:
    """Have every large block taken from the system on its own, always; children of this process do the same.

    Return whether this C library can: another one than glibc has rules of its own, and is left alone.
    """
    try:
        mallopt: Any = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError, TypeError):
        return False
    return bool(mallopt(_M_MMAP_THRESHOLD, APART_FROM_BYTES) and mallopt(_M_TRIM_THRESHOLD, _TOP_FREE_BYTES))
