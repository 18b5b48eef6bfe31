"""Whether the run came to its end, and whether every process, and every sample, is there."""

from pwdload.analysis.checks.answer import Answer, clock, named
from pwdload.analysis.criteria import ended_by
from pwdload.analysis.generators import last_due_s, missing_of_s
from pwdload.analysis.run import Run
from pwdload.outcome import Verdict
from pwdload.rundir import LostWorker
from pwdload.units import counted, format_duration


def check_no_worker_was_lost(run: Run) -> Answer:
    """A worker was gone before it had reported: its load ended, and what it did last is known in part at best."""
    lost = run.record.lost_workers
    if not lost:
        return Verdict.PASS, "No worker was lost."
    first = min(lost, key=lambda worker: worker.noticed_s)
    others = [worker.name for worker in lost if worker is not first]
    also = f" {named(others)} {'was' if len(others) == 1 else 'were'} lost too, see Lost workers." if others else ""
    return Verdict.INVALID, f"{_lost_when(first)}. {_lost_what(run, first)}{also}"


def check_nothing_broke(run: Run) -> Answer:
    """A process says that something went wrong within the instrument itself."""
    broken = [(worker.name, error) for worker in run.record.workers for error in worker.errors]
    if not broken:
        return Verdict.PASS, "No process reported an error of its own."
    worker, error = broken[0]
    more = f" And {counted(len(broken) - 1, 'more error')} like it, or others." if len(broken) > 1 else ""
    return Verdict.INVALID, f"Something broke in {worker}: {error.rstrip('.')}.{more}"


def check_run_was_finished(run: Run) -> Answer:
    """The run has no end, or ended because something broke."""
    if not run.record.is_finished:
        return Verdict.INVALID, "The run was cut short: its record has no end, and what came last may be missing."
    if run.record.ended_by.startswith("accounts ran dry"):
        dry_s = run.record.ledger.dry_s if run.record.ledger is not None else None
        at = format_duration(dry_s if dry_s is not None else run.record.duration_s or 0.0)
        return Verdict.INVALID, f"The accounts ran dry after {at}: the load ended before its schedule did."
    if name := ended_by(run):
        ended = format_duration(run.record.duration_s or 0.0)
        return Verdict.PASS, f"The run ended after {ended}, by its own criterion {name}: see Criteria."
    if run.record.ended_by.startswith("error"):
        return Verdict.INVALID, f"The load ended with an error: {run.record.ended_by.partition(':')[2].strip() or '?'}."
    ends = [stage.end_s for stage in run.record.stages]
    if run.record.ended_by != "schedule" and ends and ends[-1] is not None:
        ended, planned = (format_duration(value) for value in (run.record.duration_s or 0.0, ends[-1]))
        return Verdict.INCONCLUSIVE, f"The run was stopped after {ended} of the {planned} that were planned."
    return Verdict.PASS, f"The run ended in order ({run.record.ended_by or 'no reason given'})."


def check_every_process_reported(run: Run) -> Answer:
    """A process left no samples, did not say that it was done, or left an unfinished file.

    Of lost workers all of that is so, and said of them by the check before.
    """
    lost = {worker.name for worker in run.record.lost_workers}
    missing = [name for name in missing_workers(run) if name not in lost]
    if missing:
        return Verdict.INVALID, f"No samples from {', '.join(missing)}: a part of the load is missing."
    silent = sorted(set(run.record.expected_workers) - {worker.name for worker in run.record.workers} - lost)
    if silent and run.record.is_finished:
        return Verdict.INVALID, f"{', '.join(silent)} did not report its samples: the last of them may be missing."
    unreadable = [file.name for file in run.files if file.is_unreadable]
    if unreadable:
        return Verdict.INVALID, f"{named(unreadable)} cannot be read: a part of the load is missing."
    unfinished = [file.worker for file in run.files if not file.finished and file.worker not in lost]
    if unfinished:
        return (
            Verdict.INVALID,
            f"{', '.join(unfinished)} did not finish its samples: up to a block of them is missing.",
        )
    there = len({file.worker for file in run.files} - lost)
    besides = f" that {'was' if there == 1 else 'were'} not lost" if lost else ""
    return Verdict.PASS, f"All samples of {there} process{'es' * (there != 1)}{besides} are there."


def check_no_sample_is_missing(run: Run) -> Answer:
    """Numbers have gaps, a recorder dropped samples, rows are damaged, or a file holds fewer than its process made."""
    gaps = sum(file.missing for file in run.files)
    dropped = sum(worker.dropped for worker in run.record.workers)
    rows = {file.worker: file.rows for file in run.files}
    short = sum(max(0, worker.samples - rows.get(worker.name, 0)) for worker in run.record.workers)
    short += sum(max(0, lost.samples_received - rows.get(lost.name, 0)) for lost in run.record.lost_workers)
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


def missing_workers(run: Run) -> tuple[str, ...]:
    """Return the processes that should have left samples and did not."""
    return tuple(sorted(set(run.record.expected_workers) - {file.worker for file in run.files}))


def _lost_when(lost: LostWorker) -> str:
    heard = "it was never heard of" if lost.last_heard_s is None else f"last heard of at {clock(lost.last_heard_s)}"
    return f"{lost.name} was lost: noticed at {clock(lost.noticed_s)}, {heard}"


def _lost_what(run: Run, lost: LostWorker) -> str:
    """Return what is there of a lost worker, and what is missing: told by time, since turns are not on record."""
    rows = sum(file.rows for file in run.files if file.worker == lost.name)
    last_s = last_due_s(run, lost.name)
    there = f"{counted(rows, 'sample')} of it {'is' if rows == 1 else 'are'} there"
    since = f", the last one due at {clock(last_s)}" if last_s is not None else ""
    if run.arrivals is None:
        return f"{there}{since}; what it did after that is missing."
    missing_s = missing_of_s(run, run.arrivals, lost.name)
    if not len(missing_s):
        return f"{there}{since}; no arrival is missing."
    span = f"due from {clock(missing_s[0])} to {clock(missing_s[-1])}"
    return f"{there}{since}; of the arrivals {span} {len(missing_s):,} are in no sample, begun or not."
