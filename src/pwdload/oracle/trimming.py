"""Giving freed memory back to the system, between two parts of a long run."""

import pyarrow as pa

from pwdload.heap import give_back_holes


def trim() -> None:
    """Give back what neither Arrow nor glibc has a use for now; without glibc they keep it for later."""
    pa.default_memory_pool().release_unused()
    give_back_holes(0)
