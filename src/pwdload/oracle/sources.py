"""Where the history of a run comes from, in one piece or in parts."""

from collections.abc import Iterator
from typing import Protocol

from pwdload.oracle.history import Circumstances, History

ACROSS = ("tokens", "sessions", "answers")
"""What rows are together for, beside their account: tokens that several accounts have to do with, sessions that came
more than once, answers whose times are compared."""


class Source(Protocol):
    """The rows of a run, in parts that fit into memory one at a time."""

    @property
    def circumstances(self) -> Circumstances:
        """What is known of the run beside its rows."""

    def across(self, name: str) -> Iterator[History]:
        """Yield parts that hold rows together for one of `ACROSS`; to be used up before `accounts` is begun."""

    def accounts(self) -> Iterator[History]:
        """Yield parts that have all rows of some accounts each, by rising accounts."""


class Whole:
    """A run in one piece."""

    def __init__(self, history: History) -> None:
        self._history = history

    @property
    def circumstances(self) -> Circumstances:
        """What is known of the run beside its rows."""
        return self._history

    def across(self, name: str) -> Iterator[History]:
        """Yield the run; of tokens nothing, as `accounts` has all that there is to be seen of them."""
        if name != "tokens":
            yield self._history

    def accounts(self) -> Iterator[History]:
        """Yield the run."""
        yield self._history
