"""How the memory of a long run is asked for and given back."""

from ctypes import CDLL

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3
"""Names of `mallopt`, from glibc's malloc.h."""
_KEPT_BYTES = 128 * 2**20
"""More than the largest column of ten million samples takes."""


def keep_freed_memory() -> None:
    """Have this process, and those that it forks, use memory again that it has freed, rather than give it back at once.

    Every table of a long run takes and frees columns of many megabytes. To have the system clear them anew each time
    takes a sixth of the time. What was freed until now, in pieces, is given back first. Without glibc nothing is
    changed.
    """
    libc = CDLL(None)
    if hasattr(libc, "mallopt") and hasattr(libc, "malloc_trim"):
        libc.malloc_trim(0)
        libc.mallopt(_MMAP_THRESHOLD, 2**30)
        libc.mallopt(_TRIM_THRESHOLD, _KEPT_BYTES)
