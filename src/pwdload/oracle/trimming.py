"""Giving freed memory back to the system, between two parts of a long run."""

from ctypes import CDLL

import pyarrow as pa


def trim() -> None:
    """Give back what neither Arrow nor glibc has a use for now; without glibc they keep it for later."""
    pa.default_memory_pool().release_unused()
    libc = CDLL(None)
    if hasattr(libc, "malloc_trim"):
        libc.malloc_trim(0)
