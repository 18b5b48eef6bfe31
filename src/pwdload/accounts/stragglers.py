"""Processes of an earlier run that are still there after the one in charge is gone.

A worker that has lost its master goes on until it notices. Whoever settled its accounts meanwhile would find out what
is no longer so a moment later. One on another machine is not seen; but it stops when its leases have run out.
"""

import logging
import time
from collections.abc import Callable
from fcntl import LOCK_NB, LOCK_SH, flock
from pathlib import Path
from typing import Final

from pwdload.accounts.journal import SUFFIX
from pwdload.accounts.journal_copy import is_in_use
from pwdload.accounts.leases import Terms
from pwdload.errors import AccountsError

PATIENCE_S: Final = 90.0
"""Longer than a worker takes to see that its master is gone: Locust gives a master that is silent 60 s."""
_LEASE_S: Final = Terms(use_s=15.0).patience_s
"""How long a process on another machine may be at work after it was last told that it may."""
_SILENT_S: Final = 2.0
"""A wait that lasts longer is told."""
_LOOK_EVERY_S: Final = 0.1

log = logging.getLogger(__name__)


def wait_for_stragglers(
    journals: Path,
    *,
    patience_s: float = PATIENCE_S,
    lease_s: float = _LEASE_S,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], object] = time.sleep,
) -> None:
    """Return when no process writes any journal of a directory, here or, for as long as its leases last, elsewhere.

    To be called by the holder of the ledger's lock: no other process begins a journal then.

    Raises:
        AccountsError: one still does when the patience is over; the message names its journal.
    """
    begun_s, is_told = clock(), False
    while written := [path.name for path in sorted(journals.glob(f"*{SUFFIX}")) if _is_used(path, lease_s)]:
        waited_s = clock() - begun_s
        what = f"{journals.parent}: a process of an earlier run still uses its accounts and writes {written[0]}"
        if waited_s >= patience_s:
            raise AccountsError(f"{what}; end it, or wait until it has ended, then try again")
        if waited_s >= _SILENT_S and not is_told:
            log.warning("%s; waiting for its end", what)
            is_told = True
        sleep(_LOOK_EVERY_S)


def _is_used(path: Path, lease_s: float) -> bool:
    return is_being_written(path) or is_in_use(path, lease_s)


def is_being_written(path: Path) -> bool:
    """Whether the process that writes a journal is still there."""
    try:
        with path.open("rb") as file:
            flock(file.fileno(), LOCK_SH | LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False  # gone, or not to be read, which whoever reads it says better
    return False
