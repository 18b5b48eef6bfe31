"""Whether and when a client tries a request again that came to nothing.

Only what a client was to be given is tried again: a request that is there to be refused would be another wrong
password, or another forgery. A change whose answer never came is tried again with the same state_token or not at all,
since a token serves once: if the first try was applied, the second one is refused, and cannot change anything.
"""

import hashlib
from dataclasses import dataclass
from typing import Final, Literal

from pwdload.api.contract import Step
from pwdload.cases.expectation import Accept
from pwdload.cases.played import Played
from pwdload.outcome import Outcome
from pwdload.scenario.resilience import RetriesTable

_WAIT_S_MAX: Final = 3_600.0
"""A target that asks for more has no say in how long a flow takes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Retries:
    """How a client tries again."""

    attempts: int
    """Most tries of one request, the first one included."""
    backoff_s: float
    """Wait before the second try; doubled with each further one."""
    backoff_s_max: float
    jitter: Literal["full", "none"]
    """full: each wait is drawn evenly from none to all of it, so that clients do not come back together."""
    doubtful: Literal["never", "same_token"]
    """What becomes of a change that was sent and not answered."""
    retry_after: Literal["honoured", "ignored"]
    """Whether a wait that the target asks for is waited, where it is the longer one."""

    def is_wanted(self, played: Played) -> bool:
        """Whether a request is to be tried again, by what came of it."""
        if played.attempt >= self.attempts or type(played.expect) is not Accept:
            return False
        if played.exchange.interrupted is not None:
            return False
        if played.outcome is Outcome.UNKNOWN or played.may_have_changed_password:
            return played.step is not Step.UPDATE_PASSWORD or self.doubtful == "same_token"
        return played.outcome in (Outcome.SHED, Outcome.NOT_SENT)

    def wait_s(self, played: Played, chance: float) -> float:
        """Return how long to wait before the next try; `chance` is evenly drawn from 0 up to 1."""
        whole_s = min(self.backoff_s * 2.0 ** (played.attempt - 1), self.backoff_s_max)
        wait_s = whole_s * chance if self.jitter == "full" else whole_s
        aside = played.exchange.aside
        asked_s = seconds_of(aside.retry_after) if aside is not None and self.retry_after == "honoured" else 0.0
        return min(max(wait_s, asked_s), _WAIT_S_MAX)


def retries_of(table: RetriesTable | None) -> Retries | None:
    """Return how a scenario's clients try again; null where they do not."""
    if table is None or table.attempts == 1:
        return None
    return Retries(
        attempts=table.attempts,
        backoff_s=table.backoff_s,
        backoff_s_max=table.backoff_max_s,
        jitter=table.jitter,
        doubtful=table.doubtful,
        retry_after=table.retry_after,
    )


def seconds_of(retry_after: str) -> float:
    """Return the seconds that a Retry-After asks to wait; 0 where it gives a date or nothing that can be read."""
    return float(retry_after) if retry_after.isascii() and retry_after.isdigit() else 0.0


def chance_of(seed: int, flow: int, step: int, attempt: int) -> float:
    """Draw a number from 0 up to 1: the same for the same try of the same flow."""
    text = f"{seed}\0{flow}\0{step}\0{attempt}"
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=6).digest(), "big") / 2.0**48
