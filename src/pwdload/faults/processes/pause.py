"""A process that stands still: SIGSTOP and SIGCONT. Its sockets stay open, and nobody answers on them."""

import os
import signal
from dataclasses import dataclass

from pwdload.errors import FaultError
from pwdload.faults.acts import Patience
from pwdload.faults.guardian import Guardian
from pwdload.faults.processes.states import Look, looked_at
from pwdload.faults.processes.target import Running

_CONTINUE = 'kill -s CONT -- "$1"'


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stopped:
    """Who was sent the signal, and who goes on for us if we die."""

    number: int
    """A pid, or a process group with a minus."""
    was: Look
    guardian: Guardian


class Pause:
    """Stops a process, or with `group` all of its process group, and lets it go on."""

    def __init__(self, process: Running, *, group: bool = False, patience: Patience | None = None) -> None:
        self._process = process
        self._group = group
        self._patience = patience or Patience()
        self._stopped: _Stopped | None = None

    def check(self) -> None:
        """Return if the process is there and may be stopped."""
        self._send(self._number(), 0)

    def inject(self) -> None:
        """Stop it, and return when all of it stands still."""
        number = self._number()
        if self._stopped is not None and self._stopped.number != number:
            self.heal()
        if self._stopped is None:
            # First the one who lets it go on: between the signal and a guardian, we could be killed.
            guardian = Guardian(_CONTINUE, str(number))
            self._stopped = _Stopped(number=number, was=looked_at(number), guardian=guardian)
        self._send(number, signal.SIGSTOP)
        self._patience.until(lambda: looked_at(number).is_stopped, f"process {abs(number)}: to be stopped by SIGSTOP")

    def heal(self) -> None:
        """Let it go on. One that is gone meanwhile stands still no more."""
        if self._stopped is None:
            return
        number, was = self._stopped.number, self._stopped.was
        if looked_at(number).is_same(was):
            self._send(number, signal.SIGCONT)
            self._patience.until(
                lambda: not looked_at(number).has_stopped, f"process {abs(number)}: to go on after SIGCONT"
            )
        self._stopped.guardian.dismiss()
        self._stopped = None

    def _number(self) -> int:
        pid = self._process.pid
        try:
            number = -os.getpgid(pid) if self._group else pid
        except ProcessLookupError:
            raise FaultError(f"process {pid}: there is none; start it before the run") from None
        if number in {os.getpid(), -os.getpgrp()}:
            raise FaultError(f"process {pid}: this one, or of its process group; it cannot stop itself")
        return number

    def _send(self, number: int, sent: int) -> None:
        try:
            os.kill(number, sent)
        except ProcessLookupError:
            if sent != signal.SIGCONT:
                raise FaultError(f"process {abs(number)}: there is none; start it before the run") from None
        except PermissionError:
            raise FaultError(f"process {abs(number)}: not ours to stop (of another user); run as its owner") from None
