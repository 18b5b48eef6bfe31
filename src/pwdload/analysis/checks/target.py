"""What the answers tell of the target: whether it was right, and whether that is known."""

from pwdload.analysis.checks.answer import Answer, counted
from pwdload.analysis.intervals import ShareBounds, share_bounds
from pwdload.analysis.reconciliation import Reconciliation, reconcile
from pwdload.analysis.run import Run
from pwdload.outcome import Outcome, Verdict
from pwdload.rundir import AccountsRecord
from pwdload.units import format_share

FAILED_SHARE_MAX = 0.01
"""Largest share of requests that may be refused wrongly, shed or never sent, until a scenario sets its own criteria."""
FAILURES = (Outcome.WRONG_REJECT, Outcome.SHED, Outcome.NOT_SENT, Outcome.UNKNOWN)
"""What counts as failed: the client was not given what was due. Violations have a check of their own."""


def check_requests_were_made(run: Run) -> Answer:
    """Nothing was sent, or nothing while it counted: nothing is known."""
    if not len(run.samples):
        return Verdict.INCONCLUSIVE, "No request was recorded, so nothing is known about the target."
    if not len(run.due):
        return Verdict.INCONCLUSIVE, "No request was due within the measured time, so nothing was measured."
    return Verdict.PASS, f"{len(run.samples):,} requests were recorded."


def check_nothing_wrong_was_accepted(run: Run) -> Answer:
    """Something that had to be refused was accepted."""
    count = _count(run, Outcome.WRONG_ACCEPT)
    if count:
        cases = run.samples.loc[run.samples["outcome"] == Outcome.WRONG_ACCEPT.value, "case"].value_counts()
        return (
            Verdict.CORRECTNESS_FAILED,
            f"{_requests(count)} accepted that had to be refused, most of them in case {cases.index[0]}.",
        )
    return Verdict.PASS, "Nothing was accepted that had to be refused."


def check_contract_was_kept(run: Run) -> Answer:
    """A complete answer was one that the published contract, or the scenario, does not allow."""
    count = _count(run, Outcome.CONTRACT_VIOLATION)
    if count:
        return Verdict.CORRECTNESS_FAILED, f"{_requests(count)} answered in a way the contract does not allow."
    return Verdict.PASS, "Every complete answer was one that the contract allows."


def check_target_counted_the_same(run: Run) -> Answer:
    """The stand-in's own counts differ from ours by more than requests without an answer can explain."""
    result = reconcile(run)
    if result is None and run.record.target_is_standin and run.record.is_finished:
        return Verdict.INCONCLUSIVE, "The stand-in's own counts are not there, so nothing confirms ours."
    if result is None:
        return Verdict.PASS, "The target does not count, so the counts were not compared."
    if result.unexplained and run.record.target_is_standin and run.record.is_finished:
        return Verdict.INVALID, result.words
    return Verdict.PASS, _compared(result)


def check_no_doubt_is_left(run: Run) -> Answer:
    """Changes ended in doubt, and nobody found out whether they were applied."""
    count, ledger = _count(run, Outcome.UNKNOWN), run.record.ledger
    if ledger is None and count:
        return (
            Verdict.INCONCLUSIVE,
            f"{count:,} request{'s' * (count != 1)} left without a documented answer: applied or not, nobody knows.",
        )
    if ledger is not None and ledger.unknown_left:
        return (
            Verdict.INCONCLUSIVE,
            f"{counted(ledger.unknown_left, 'account')} left in doubt: of two passwords each, nobody knows which is in "
            "force; try `pwdload accounts settle`.",
        )
    if not count:
        return Verdict.PASS, "Every request that was sent got a documented answer."
    return Verdict.PASS, f"{_requests(count)} left without a documented answer; {_settled(ledger)}"


def _settled(ledger: AccountsRecord | None) -> str:
    """Return what settling found out, in words."""
    settled = ledger.settled if ledger is not None else None
    if settled is None:
        return "none of them can have changed a password."
    neither = f", and {counted(settled.neither, 'account')} no password opens any more" if settled.neither else ""
    return f"{settled.applied:,} of their changes were applied, {settled.not_applied:,} were not{neither}."


def check_few_requests_failed(run: Run) -> Answer:
    """Too many requests were refused wrongly, shed, never sent or never answered; or too few were made to tell.

    The rule holds both one-sided 95 % bounds of the failed share (`share_bounds`) against `FAILED_SHARE_MAX`: a lower
    bound above it fails, an upper bound below it passes, and whatever lies between is not known.
    """
    failed, requests = sum(_count(run, kind) for kind in FAILURES), len(run.samples)
    if not requests:
        return Verdict.INCONCLUSIVE, "No request was made, so nothing is known of how many fail."
    bounds = share_bounds(failed, requests)
    most = format_share(FAILED_SHARE_MAX)
    share = format_share(failed / requests)
    words = f"{share} of {requests:,} requests were wrongly refused, shed, not sent or not answered"
    if bounds.lower > FAILED_SHARE_MAX:
        return (
            Verdict.SLO_FAILED,
            f"{words}: with 95 % confidence more than {format_share(bounds.lower)} fail, {most} is allowed.",
        )
    if bounds.upper < FAILED_SHARE_MAX:
        return Verdict.PASS, f"{words}: with 95 % confidence fewer than {most} fail."
    return Verdict.INCONCLUSIVE, _cannot_tell(failed, requests, bounds)


def _compared(result: Reconciliation) -> str:
    return (
        result.words if not result.unexplained else f"{result.words} It decides nothing: not a finished stand-in run."
    )


def _cannot_tell(failed: int, requests: int, bounds: ShareBounds) -> str:
    most = format_share(FAILED_SHARE_MAX)
    few = f"{requests:,} request{' is' if requests == 1 else 's are'} too few to say"
    if not failed:
        return (
            f"{few} that fewer than {most} fail: none did, and with 95 % confidence at most "
            f"{format_share(bounds.upper)} do."
        )
    return (
        f"{few} whether more or fewer than {most} fail: {failed:,} did, and with 95 % confidence each way "
        f"at least {format_share(bounds.lower)} and at most {format_share(bounds.upper)} do."
    )


def _count(run: Run, outcome: Outcome) -> int:
    return int((run.samples["outcome"] == outcome.value).sum())


def _requests(count: int) -> str:
    return f"{count:,} request was" if count == 1 else f"{count:,} requests were"
