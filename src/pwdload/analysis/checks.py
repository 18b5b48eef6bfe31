"""The verdict: small checks, each of which answers one question about the run, merged to the worst answer.

Every check returns exactly one finding, also when all is well, so that the report can say what was looked at.
"""

from collections.abc import Callable, Iterable

from pwdload.analysis.intervals import ShareBounds, share_bounds
from pwdload.analysis.reconciliation import Reconciliation, reconcile
from pwdload.analysis.run import Run
from pwdload.outcome import Finding, Outcome, Verdict, merge
from pwdload.units import format_duration, format_share

FAILED_SHARE_MAX = 0.01
"""Largest share of requests that may be refused wrongly, shed or never sent, until a scenario sets its own criteria."""
FAILURES = (Outcome.WRONG_REJECT, Outcome.SHED, Outcome.NOT_SENT)
"""What counts as failed: definite failures only; doubt and violations have checks of their own."""

Answer = tuple[Verdict, str]
Check = Callable[[Run], Answer]


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


def check_run_was_finished(run: Run) -> Answer:
    """The run has no end, or ended because something broke."""
    if not run.record.is_finished:
        return Verdict.INVALID, "The run was cut short: its record has no end, and what came last may be missing."
    if run.record.ended_by.startswith("accounts ran dry"):
        at = format_duration(run.record.duration_s or 0.0)
        return Verdict.INVALID, f"The accounts ran dry after {at}: the load ended before its schedule did."
    if run.record.ended_by.startswith("error"):
        return Verdict.INVALID, f"The load ended with an error: {run.record.ended_by.partition(':')[2].strip() or '?'}."
    ends = [stage.end_s for stage in run.record.stages]
    if run.record.ended_by != "schedule" and ends and ends[-1] is not None:
        ended, planned = (format_duration(value) for value in (run.record.duration_s or 0.0, ends[-1]))
        return Verdict.INCONCLUSIVE, f"The run was stopped after {ended} of the {planned} that were planned."
    return Verdict.PASS, f"The run ended in order ({run.record.ended_by or 'no reason given'})."


def check_every_process_reported(run: Run) -> Answer:
    """A process left no samples, or an unfinished file."""
    missing = missing_workers(run)
    if missing:
        return Verdict.INVALID, f"No samples from {', '.join(missing)}: a part of the load is missing."
    silent = sorted(set(run.record.expected_workers) - {worker.name for worker in run.record.workers})
    if silent and run.record.is_finished:
        return Verdict.INVALID, f"{', '.join(silent)} did not report its samples: the last of them may be missing."
    unfinished = [file.worker for file in run.files if not file.finished]
    if unfinished:
        return (
            Verdict.INVALID,
            f"{', '.join(unfinished)} did not finish its samples: up to a block of them is missing.",
        )
    return Verdict.PASS, f"All samples of {len(run.files)} process{'es' * (len(run.files) != 1)} are there."


def check_no_sample_is_missing(run: Run) -> Answer:
    """Numbers have gaps, a recorder dropped samples, rows are damaged, or a file holds fewer than its process made."""
    gaps = sum(file.missing for file in run.files)
    dropped = sum(worker.dropped for worker in run.record.workers)
    rows = {file.worker: file.rows for file in run.files}
    short = sum(max(0, worker.samples - rows.get(worker.name, 0)) for worker in run.record.workers)
    damaged = sum(file.damaged for file in run.files)
    if damaged:
        return Verdict.INVALID, f"{damaged:,} samples are damaged or foreign, and were left out."
    if gaps or dropped or short:
        return (
            Verdict.INVALID,
            f"Samples are missing: {gaps:,} gaps in the sequence numbers, {dropped:,} failures to write, "
            f"{short:,} fewer on file than were made.",
        )
    return Verdict.PASS, "The samples are complete: no gap in any process's sequence numbers."


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
    """Requests ended in doubt: they may or may not have been applied."""
    count = _count(run, Outcome.UNKNOWN)
    if count:
        return (
            Verdict.INCONCLUSIVE,
            f"{count:,} request{'s' * (count != 1)} left without a documented answer: applied or not, nobody knows.",
        )
    return Verdict.PASS, "Every request that was sent got a documented answer."


def check_few_requests_failed(run: Run) -> Answer:
    """Too many requests were refused wrongly, shed, or never sent; or too few were made to tell.

    The rule holds both one-sided 95 % bounds of the failed share (`share_bounds`) against `FAILED_SHARE_MAX`: a lower
    bound above it fails, an upper bound below it passes, and whatever lies between is not known.
    """
    failed, requests = sum(_count(run, kind) for kind in FAILURES), len(run.samples)
    if not requests:
        return Verdict.INCONCLUSIVE, "No request was made, so nothing is known of how many fail."
    bounds = share_bounds(failed, requests)
    most = format_share(FAILED_SHARE_MAX)
    words = f"{format_share(failed / requests)} of {requests:,} requests were wrongly refused, shed or not sent"
    if bounds.lower > FAILED_SHARE_MAX:
        return (
            Verdict.SLO_FAILED,
            f"{words}: with 95 % confidence more than {format_share(bounds.lower)} fail, {most} is allowed.",
        )
    if bounds.upper < FAILED_SHARE_MAX:
        return Verdict.PASS, f"{words}: with 95 % confidence fewer than {most} fail."
    return Verdict.INCONCLUSIVE, _cannot_tell(failed, requests, bounds)


CHECKS: tuple[tuple[str, Check], ...] = (
    ("requests were made", check_requests_were_made),
    ("nothing wrong was accepted", check_nothing_wrong_was_accepted),
    ("the contract was kept", check_contract_was_kept),
    ("the run was finished", check_run_was_finished),
    ("every process reported", check_every_process_reported),
    ("no sample is missing", check_no_sample_is_missing),
    ("the target counted the same", check_target_counted_the_same),
    ("no doubt is left", check_no_doubt_is_left),
    ("few requests failed", check_few_requests_failed),
)


def find(run: Run, checks: Iterable[tuple[str, Check]] = CHECKS) -> tuple[Finding, ...]:
    """Return one finding per check, the worst first, in the order of the checks among equals.

    A check that crashes has found nothing out: INCONCLUSIVE, with its error named.
    """
    findings = [_find(name, check, run) for name, check in checks]
    badness = list(Verdict).index
    return tuple(sorted(findings, key=lambda finding: -badness(finding.verdict)))


def verdict_of(findings: Iterable[Finding]) -> Verdict:
    """Return the verdict that the findings come to."""
    return merge(finding.verdict for finding in findings)


def missing_workers(run: Run) -> tuple[str, ...]:
    """Return the processes that should have left samples and did not."""
    return tuple(sorted(set(run.record.expected_workers) - {file.worker for file in run.files}))


def _find(name: str, check: Check, run: Run) -> Finding:
    try:
        verdict, reason = check(run)
    except Exception as error:  # noqa: BLE001 - whatever broke, the other checks must still be heard
        verdict, reason = Verdict.INCONCLUSIVE, f"The check broke: {type(error).__name__}: {error}"
    return Finding(verdict=verdict, check=name, reason=reason)


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
