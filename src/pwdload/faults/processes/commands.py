"""Any target that commands can stop and start: those that the scenario gives."""

import shutil
from dataclasses import dataclass

from pwdload.errors import FaultError
from pwdload.faults.acts import Patience
from pwdload.faults.guardian import Guardian
from pwdload.faults.running import cleaned, environment, must_run, run, shown

_RUN = '"$@"'


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A command line. No shell reads it; it must return by itself, and what it leaves running is left alone."""

    argv: tuple[str, ...]
    limit_s: float = 30.0
    """Longer than this it may not take; it is killed then."""

    def __str__(self) -> str:
        return shown(self.argv)

    def check(self) -> None:
        """Return if there is such a program.

        Raises:
            FaultError: there is none.
        """
        if not self.argv:
            raise FaultError('a command without a program; write it as a list, such as ["systemctl", "stop", "iam"]')
        if shutil.which(self.argv[0], path=environment()["PATH"]) is None:
            raise FaultError(f"{cleaned(self.argv[0])}: no such program; name one that this machine has")

    def run(self) -> None:
        """Run it.

        Raises:
            FaultError: it cannot be started, takes too long, or fails.
        """
        must_run(self.argv, limit_s=self.limit_s)

    def succeeds(self) -> bool:
        """Whether it returns 0 in time."""
        return run(self.argv, limit_s=self.limit_s).exit_code == 0


class Commands:
    """`stop` injects, `start` heals, and `health` says when the target is back: exit code 0 is yes.

    Without `health`, it is back when `start` has returned.
    """

    def __init__(
        self, *, stop: Command, start: Command, health: Command | None = None, patience: Patience | None = None
    ) -> None:
        self._stop = stop
        self._start = start
        self._health = health
        self._patience = patience or Patience(limit_s=60.0, step_s=0.1)
        self._guardian: Guardian | None = None
        self._is_whole = False

    def check(self) -> None:
        """Return if the programs are there, and the target is healthy."""
        for command in (self._stop, self._start, self._health):
            if command is not None:
                command.check()
        if self._health is not None:
            must_run(self._health.argv, limit_s=self._health.limit_s)

    def inject(self) -> None:
        """Run the stop command; where one is in force already, none."""
        if self._is_whole:
            return
        if self._guardian is None:
            self._guardian = Guardian(_RUN, *self._start.argv)
        self._stop.run()
        self._is_whole = True

    def heal(self) -> None:
        """Run the start command, and wait until the target is healthy; nothing where none was stopped."""
        if self._guardian is None:
            return
        try:
            self._start.run()
        except FaultError:
            # What was never quite stopped may refuse to be started, and be well.
            if self._is_whole or self._health is None or not self._is_healthy():
                raise
        self._patience.until(self._is_healthy, f"{self._health or self._start}: to say that the target is healthy")
        self._guardian.dismiss()
        self._guardian, self._is_whole = None, False

    def _is_healthy(self) -> bool:
        try:
            return self._health is None or self._health.succeeds()
        except FaultError:
            return False  # it hung, as one that asks a dead target may
