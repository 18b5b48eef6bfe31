"""A folder of our own for as long as this process lives; those of processes that were killed go at the next start."""

import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from fcntl import LOCK_EX, LOCK_NB, flock
from pathlib import Path
from typing import Final

_PREFIX: Final = "pwdload-standin-private-"
_NEW_S: Final = 60.0
"""A folder that is younger may be one whose owner has not locked it yet."""


@contextmanager
def private_folder() -> Iterator[Path]:
    """Give a folder that is removed in the end; it is locked until then, by which others see that it is in use."""
    sweep(Path(tempfile.gettempdir()))
    with tempfile.TemporaryDirectory(prefix=_PREFIX, ignore_cleanup_errors=True) as name, _locked(Path(name)):
        yield Path(name)


def sweep(parent: Path, now_s: float | None = None) -> None:
    """Remove the folders below `parent` whose owners were killed; `now_s` is the time of day, in seconds."""
    now_s = time.time() if now_s is None else now_s
    for folder in parent.glob(f"{_PREFIX}*"):
        with suppress(OSError):  # in use, somebody else's, or gone meanwhile
            if now_s - folder.stat().st_mtime > _NEW_S:
                with _locked(folder):
                    shutil.rmtree(folder)


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Hold a folder's lock, which the kernel lets go when we die.

    Raises:
        OSError: somebody else holds it, or it cannot be opened.
    """
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        flock(descriptor, LOCK_EX | LOCK_NB)
        yield
    finally:
        os.close(descriptor)
