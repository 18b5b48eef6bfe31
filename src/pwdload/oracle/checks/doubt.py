"""No change is left of which nobody knows whether it was applied."""

from collections import Counter

from pwdload.oracle.checks.concluding import Check, Words, concluded, were
from pwdload.oracle.history import Circumstances, History
from pwdload.oracle.judgement import CheckResult
from pwdload.oracle.reading import has_text
from pwdload.oracle.seen import Seen
from pwdload.outcome import Outcome
from pwdload.rundir import AccountsRecord
from pwdload.units import counted


def _look(history: History) -> Seen:
    rows = history.own.rows
    count = int(has_text(rows, "outcome", lambda word: word == Outcome.UNKNOWN).sum())
    return Seen(counts=Counter(rows=len(rows), unknown=count))


def _tell(history: Circumstances, seen: Seen) -> CheckResult:
    count = seen.counts["unknown"]
    ledger = history.record.ledger
    left = f"{were(count, 'request')} left without a documented answer"
    doubt = ""
    if ledger is None and count:
        doubt = f"{left}: applied or not, nobody knows."
    elif ledger is not None and ledger.unknown_left:
        doubt = (
            f"{were(ledger.unknown_left, 'account')} left in doubt: of two passwords each, nobody knows which is in "
            "force; try `pwdload accounts settle`."
        )
    good = f"{left}; {_settled(ledger)}" if count else "Every request that was sent got a documented answer."
    return concluded(
        Words(name="doubt", title="No doubt is left", good=good, bad="", nothing="No request was made."),
        examined=seen.counts["rows"],
        doubt=doubt,
    )


check_doubt = Check(look=_look, tell=_tell)
"""With a ledger, accounts in doubt decide; without, every request without a documented answer is a doubt left."""


def _settled(ledger: AccountsRecord | None) -> str:
    """Return what settling found out, in words."""
    settled = ledger.settled if ledger is not None else None
    if settled is None:
        return "none of them can have changed a password."
    neither = f", and {counted(settled.neither, 'account')} no password opens any more" if settled.neither else ""
    return f"{settled.applied:,} of their changes were applied, {settled.not_applied:,} were not{neither}."
