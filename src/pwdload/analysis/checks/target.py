"""What the answers tell of the load: that there was some, that the target saw the same, and how much of it failed."""

import pandas as pd

from pwdload.analysis.checks.answer import Answer
from pwdload.analysis.kinds import chosen
from pwdload.analysis.reconciliation import Reconciliation, incomparable, reconcile
from pwdload.analysis.recovery.tolerated import tolerated, tolerated_spans
from pwdload.analysis.run import Run
from pwdload.criteria.observing import FAILED
from pwdload.outcome import Outcome, Verdict
from pwdload.statistics.shares import ShareBounds, share_bounds
from pwdload.units import format_share

FAILED_SHARE_MAX = 0.01
"""Largest share of requests that may be refused wrongly, shed or never sent, until a scenario sets its own criteria."""
FAILURES = tuple(kind for kind in Outcome if kind in FAILED)
"""What counts as failed: the client was not given what was due. Violations have a check of their own."""


def check_requests_were_made(run: Run) -> Answer:
    """Nothing was sent, or nothing while it counted: nothing is known."""
    if not len(run.samples):
        return Verdict.INCONCLUSIVE, "No request was recorded, so nothing is known about the target."
    if not len(run.due):
        return Verdict.INCONCLUSIVE, "No request was due within the measured time, so nothing was measured."
    return Verdict.PASS, f"{len(run.samples):,} requests were recorded."


def check_target_counted_the_same(run: Run) -> Answer:
    """The stand-in's own counts differ from ours by more than requests without an answer can explain."""
    if why := incomparable(run):
        return Verdict.PASS, why
    result = reconcile(run)
    if result is None and run.record.target_is_standin and run.record.is_finished:
        return Verdict.INCONCLUSIVE, "The stand-in's own counts are not there, so nothing confirms ours."
    if result is None:
        return Verdict.PASS, "The target does not count, so the counts were not compared."
    if result.unexplained and run.record.target_is_standin and run.record.is_finished:
        return Verdict.INVALID, result.words
    return Verdict.PASS, _compared(result)


def check_criteria_are_on_record(run: Run) -> Answer:
    """What the run had to keep is not known, so that nobody can say whether it was kept."""
    if run.scenario_problem:
        return Verdict.INCONCLUSIVE, f"The criteria are not on record: {run.scenario_problem}."
    if not run.has_scenario:
        return Verdict.PASS, "The run directory, of an older version, has no scenario: no criterion of one was judged."
    return Verdict.PASS, "The scenario is there as it was given."


def check_few_requests_failed(run: Run) -> Answer:
    """Too many requests were refused wrongly, shed, never sent or never answered; or too few were made to tell.

    The rule holds both one-sided 95 % bounds of the failed share (`share_bounds`) against what the scenario allows
    (`[slo] failed_share`), or `FAILED_SHARE_MAX`: a lower bound above it fails, an upper bound below it passes, and
    whatever lies between is not known. Where the run states what may fail because of a fault, what was on its way
    meanwhile is left to that (`pwdload.analysis.recovery`).
    """
    samples, left_out = _held_against_the_limit(run)
    failed, requests = sum(_count(samples, kind) for kind in FAILURES), len(samples)
    if left_out and not requests:
        return Verdict.INCONCLUSIVE, f"All {left_out:,} requests were on their way while a fault was on or healing."
    if not requests:
        return Verdict.INCONCLUSIVE, "No request was made, so nothing is known of how many fail."
    bounds = share_bounds(failed, requests)
    limit = FAILED_SHARE_MAX if run.criteria.failed_share is None else run.criteria.failed_share
    most = format_share(limit)
    share = format_share(failed / requests)
    words = f"{share} of {requests:,} requests were wrongly refused, shed, not sent or not answered"
    if left_out:
        words = f"{words} ({left_out:,} more, under a fault or healing from it, are left to the criteria of resilience)"
    if bounds.lower > limit:
        return (
            Verdict.SLO_FAILED,
            f"{words}: with 95 % confidence more than {format_share(bounds.lower)} fail, {most} is allowed.",
        )
    if bounds.upper < limit:
        return Verdict.PASS, f"{words}: with 95 % confidence fewer than {most} fail."
    return Verdict.INCONCLUSIVE, _cannot_tell(failed, requests, bounds, most)


def _compared(result: Reconciliation) -> str:
    return (
        result.words if not result.unexplained else f"{result.words} It decides nothing: not a finished stand-in run."
    )


def _cannot_tell(failed: int, requests: int, bounds: ShareBounds, most: str) -> str:
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


def _held_against_the_limit(run: Run) -> tuple[pd.DataFrame, int]:
    """Return the samples that the run-wide limit is about, and how many are left to the criteria of resilience.

    A search goes past what the target can take: of it only the levels below the capacity count, its measured ones.
    """
    samples = run.samples if run.search is None else run.due
    spans = tolerated_spans(run.faults, run.criteria, run.end_s)
    if not spans:
        return samples, 0
    due_s, done_s = (samples[name].to_numpy(dtype=float) for name in ("intended_s", "done_s"))
    is_left = tolerated(spans, due_s, done_s)
    return chosen(samples, ~is_left), int(is_left.sum())


def _count(samples: pd.DataFrame, outcome: Outcome) -> int:
    return int((samples["outcome"] == outcome.value).sum())
