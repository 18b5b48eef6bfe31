"""What a check has found."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from typing import Final

from pwdload.errors import TargetError

REQUESTS_MAX: Final = 10
"""Requests that one examination may send, all together."""


class Status(Enum):
    """How it is with what was checked."""

    OK = "ok"
    WARNING = "warning"
    """A run works, and its figures may suffer."""
    FAILED = "failed"
    """A run would be refused, or would come to nothing."""
    NOT_CHECKED = "not checked"
    """Something stands in the way; the value says what."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One line of an examination."""

    check: str
    """Its name, as docs/doctor.md lists it."""
    status: Status
    value: str
    """What was seen, with its unit; no secret, and on one line."""
    remedy: str = ""
    """What to do, in one sentence; empty where there is nothing to do."""


def ok(check: str, value: str) -> Finding:
    """Return that all is well."""
    return Finding(check=check, status=Status.OK, value=value)


def warning(check: str, value: str, remedy: str) -> Finding:
    """Return that a run works, and may suffer."""
    return Finding(check=check, status=Status.WARNING, value=value, remedy=remedy)


def failed(check: str, value: str, remedy: str) -> Finding:
    """Return that no run can come to anything before this is mended."""
    return Finding(check=check, status=Status.FAILED, value=value, remedy=remedy)


def not_checked(check: str, why: str, remedy: str = "") -> Finding:
    """Return that nobody has looked, and why."""
    return Finding(check=check, status=Status.NOT_CHECKED, value=why, remedy=remedy)


def exit_code(findings: Iterable[Finding]) -> int:
    """Return 0 where nothing has failed, and 2 where something is to be mended before a run."""
    return 2 if any(one.status is Status.FAILED for one in findings) else 0


class Budget:
    """Counts the requests of an examination."""

    def __init__(self, most: int = REQUESTS_MAX) -> None:
        self._most = most
        self.spent = 0
        """How many were sent."""

    def take(self) -> None:
        """Count one that is about to be sent.

        Raises:
            TargetError: it would be one too many, which is a mistake of ours.
        """
        if self.spent >= self._most:
            raise TargetError(f"{self._most} requests were sent, and the doctor sends no more; report this")
        self.spent += 1
