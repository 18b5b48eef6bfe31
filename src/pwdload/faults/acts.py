"""What every fault can do, however it is made: be checked beforehand, be injected, be healed.

No time is chosen here: whoever holds an act decides when it is called. An act may wait for a state that it has asked
for (a process is stopped, a service answers again), as long as its `Patience` allows.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from pwdload.errors import FaultError


class Act(Protocol):
    """A fault that can be injected and healed. Both calls return when it has taken hold, and are safe to repeat."""

    def check(self) -> None:
        """Return if it can be done here; called before the run, changes nothing that lasts.

        Raises:
            FaultError: this machine or this target cannot have the fault; the text says why.
        """

    def inject(self) -> None:
        """Let it take hold.

        Raises:
            FaultError: it has not, or only in part; `heal` undoes what there is of it.
        """

    def heal(self) -> None:
        """Undo it, also when `inject` has failed half-way; nothing to undo is no error.

        Raises:
            FaultError: it is still there, as far as anybody knows; may be tried again.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long a state is waited for, and on whose clock."""

    limit_s: float = 10.0
    step_s: float = 0.01
    """Time between two looks."""
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep

    def until(self, holds: Callable[[], bool], what: str) -> None:
        """Return as soon as a condition holds; it is looked at once at least.

        Raises:
            FaultError: it still does not after `limit_s`; `what` says what was waited for.
        """
        deadline_s = self.clock() + self.limit_s
        while not holds():
            if self.clock() >= deadline_s:
                raise FaultError(f"{what}: not within {self.limit_s:g} s")
            self.sleep(self.step_s)
