"""What a process must offer to be paused, or killed and started again."""

from typing import Protocol


class Running(Protocol):
    """A process that runs."""

    @property
    def pid(self) -> int:
        """Its number at present: another one after it was started again."""


class Restartable(Running, Protocol):
    """A process that can be started again as it was: same port, same data, same settings."""

    def kill(self) -> None:
        """End it by SIGKILL, and return when it is gone; nothing when it is gone already."""

    def start_again(self) -> None:
        """Start it if it does not run.

        Raises:
            FaultError: it cannot be started.
        """

    def is_healthy(self) -> bool:
        """Whether it answers as it should."""
