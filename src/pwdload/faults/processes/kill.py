"""A process that is killed, and started again as it was."""

from pwdload.errors import FaultError
from pwdload.faults.acts import Patience
from pwdload.faults.processes.target import Restartable


class Kill:
    """SIGKILL at the injection; the same process again, and healthy, at the healing."""

    def __init__(self, process: Restartable, *, patience: Patience | None = None) -> None:
        self._process = process
        self._patience = patience or Patience(limit_s=30.0)

    def check(self) -> None:
        """Return if the process is healthy."""
        if not self._process.is_healthy():
            raise FaultError(f"process {self._process.pid}: not healthy; it must be before it is killed")

    def inject(self) -> None:
        """Kill it, and return when it is gone."""
        self._process.kill()

    def heal(self) -> None:
        """Start it again unless it runs, and return when it is healthy."""
        self._process.start_again()
        self._patience.until(self._process.is_healthy, "the process that was started again: to be healthy")
