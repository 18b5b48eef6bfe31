"""How the memory of a long run is asked for and given back."""

import pyarrow as pa

from pwdload.heap import keep_large_blocks_apart

_APART_BYTES = 4 * 2**20
"""Less than a column of half a million samples takes, and more than anything else does."""


def give_back_freed_memory() -> None:
    """Have this process, and those that it forks, give every column back to the system when it is freed.

    Arrow's own allocator and glibc's keep much of it for later: of ten million samples, read by several threads, half
    a gigabyte that nobody uses. Numpy asks for large pages, so that new memory costs next to nothing. Without glibc
    nothing is changed.
    """
    if keep_large_blocks_apart(_APART_BYTES, free_at_end=None):
        pa.set_memory_pool(pa.system_memory_pool())
