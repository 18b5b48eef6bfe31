"""What a history is made of: the numbers of each run, from its report where there is one, else from its samples."""

import json
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from pwdload.analysis import headline, load_run
from pwdload.analysis.capacity.search import searched
from pwdload.analysis.checks.target import FAILURES
from pwdload.analysis.comparison.history import Numbers, PastRun
from pwdload.analysis.comparison.planned import other_plan, other_scenario_keys
from pwdload.analysis.journeys import journey_frame
from pwdload.analysis.latency import overall
from pwdload.analysis.run import Run
from pwdload.errors import RunDirectoryError, UsageError
from pwdload.oracle.told import short
from pwdload.outcome import Verdict
from pwdload.report.comparison.reading import find_runs, verdict_of_run
from pwdload.rundir import RunDirectory, RunRecord
from pwdload.statistics.percentiles import P95

_FAILED = frozenset(kind.value for kind in FAILURES)


def past_runs(folder: Path, scenario: str | None) -> tuple[str, tuple[PastRun, ...]]:
    """Return the scenario and its runs below a folder, in any order.

    The load of the newest run is the one that the others are held against: a run of another load is listed and left
    out, as is one whose verdict is INVALID, and one whose files cannot be read.

    Raises:
        RunDirectoryError: there is no run, or none that can be read.
        UsageError: runs of several scenarios and none named, or the one named is not among them.
    """
    found, broken = _records(find_runs(folder))
    names = {record.scenario for _, record in found}
    name = _scenario(folder, sorted(names), scenario)
    kept = sorted((one for one in found if one[1].scenario == name), key=lambda one: one[1].started_utc)
    newest = kept[-1]
    # Nobody knows of which scenario a broken one is; but runs are kept in a folder of their scenario's name.
    maybe = [one for one in broken if one[0].path.parent.name not in names - {name}]
    return name, (
        *(_broken(directory, why) for directory, why in maybe),
        *(_past(directory, record, newest) for directory, record in kept),
    )


def _records(
    directories: Iterable[RunDirectory],
) -> tuple[list[tuple[RunDirectory, RunRecord]], list[tuple[RunDirectory, RunDirectoryError]]]:
    """Return the runs whose record can be read, and the others, with what is wrong with each.

    Raises:
        RunDirectoryError: there is none that can be read.
    """
    found, broken = [], []
    for directory in directories:
        try:
            found.append((directory, directory.read_record()))
        except RunDirectoryError as error:
            broken.append((directory, error))
    if broken and not found:
        raise broken[0][1]
    return found, broken


def _broken(directory: RunDirectory, error: RunDirectoryError, record: RunRecord | None = None) -> PastRun:
    """Return a run that nothing can be told of."""
    return PastRun(
        shown=str(directory.shown),
        started_utc="" if record is None else record.started_utc,
        verdict=Verdict.INCONCLUSIVE,
        version="" if record is None else record.versions.get("pwdload", ""),
        numbers=Numbers(),
        left_out=short(str(error).replace(f"{directory.path}/", "").partition("; give another")[0]),
    )


def _scenario(folder: Path, names: Sequence[str], wanted: str | None) -> str:
    if wanted is None and len(names) == 1:
        return names[0]
    known = ", ".join(names)
    if wanted is None:
        raise UsageError(f"{folder}: runs of several scenarios ({known}); name one with --scenario")
    if wanted not in names:
        raise UsageError(f"{folder}: no run of scenario {wanted}; there are runs of {known}")
    return wanted


def _past(directory: RunDirectory, record: RunRecord, newest: tuple[RunDirectory, RunRecord]) -> PastRun:
    try:
        return _told(directory, record, newest)
    except RunDirectoryError as error:
        return _broken(directory, error, record)


def _told(directory: RunDirectory, record: RunRecord, newest: tuple[RunDirectory, RunRecord]) -> PastRun:
    numbers = reported_numbers(directory)
    verdict = verdict_of_run(directory)
    return PastRun(
        shown=str(directory.shown),
        started_utc=record.started_utc,
        verdict=verdict,
        version=record.versions.get("pwdload", ""),
        numbers=numbers if numbers is not None else measured_numbers(directory),
        left_out=_left_out(directory, record, newest, verdict),
    )


def _left_out(
    directory: RunDirectory, record: RunRecord, newest: tuple[RunDirectory, RunRecord], verdict: Verdict
) -> str:
    """Return why a run is in no series; empty where it is."""
    if verdict is Verdict.INVALID:
        return "INVALID: its instrument failed"
    ours, theirs = newest[0].scenario_source(), directory.scenario_source()
    if keys := other_scenario_keys(ours, theirs):
        return keys
    if record.target_is_standin is not newest[1].target_is_standin:
        return "the stand-in on one side, a real target on the other"
    # A search finds its stages anew each time.
    return "" if "\n[search]" in f"\n{theirs}" else other_plan(newest[1], record)


def measured_numbers(directory: RunDirectory) -> Numbers:
    """Compute the numbers of a run from its samples."""
    run = load_run(directory)
    journeys = journey_frame(run.samples)
    head = headline(run, journeys)
    changed = journeys[journeys["is_due_measured"] & journeys["is_changed"]]
    journey_s = overall(changed, "changed_s")[P95.column]
    outcomes = run.samples["outcome"]
    return Numbers(
        goodput_per_s=head.changes_per_s,
        p50_s=head.update.p50_s,
        p95_s=head.update.p95_s,
        p99_s=head.update.p99_s,
        journey_p95_s=None if journey_s != journey_s else journey_s,  # noqa: PLR0124 - NaN is not itself
        failed_share=float(outcomes.isin(_FAILED).mean()) if len(outcomes) else None,
        capacity_per_s=_searched(run),
    )


def reported_numbers(directory: RunDirectory) -> Numbers | None:
    """Return the numbers that a run's own report has; null where it has none, or not all that they are made of."""
    document = _document(directory)
    try:
        tables = {table["name"]: table for section in document["sections"] for table in section["tables"]}
        update = _row(tables["latency_by_step"], {"step": "update_password", "time": "response"})
        journey = _row(tables["journeys"], {"journey": "log-in to changed"})
        stages = list(map(_named(tables["stages"]), tables["stages"]["rows"]))
        answers = list(map(_named(tables["answers"]), tables["answers"]["rows"]))
        measured_s = sum(stage["end_s"] - stage["start_s"] for stage in stages if stage["is_measured"])
        changes = sum(stage["changes"] for stage in stages if stage["is_measured"])
        requests = sum(row["count"] for row in answers)
        failed = sum(row["count"] for row in answers if row["outcome"] in _FAILED)
        return Numbers(
            goodput_per_s=changes / measured_s if measured_s else None,
            p50_s=update.get("p50_s"),
            p95_s=update.get("p95_s"),
            p99_s=update.get("p99_s"),
            journey_p95_s=journey.get("p95_s"),
            failed_share=failed / requests if requests else None,
            capacity_per_s=_capacity(document),
        )
    except (KeyError, TypeError, ValueError, AttributeError):
        return None


def _document(directory: RunDirectory) -> dict[str, Any]:
    try:
        document = json.loads((directory.path / "report.json").read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return document if isinstance(document, dict) else {}


def _named(table: dict[str, Any]) -> Callable[[Iterable[Any]], dict[str, Any]]:
    names = [column["name"] for column in table["columns"]]
    return lambda row: dict(zip(names, row, strict=True))


def _row(table: dict[str, Any], keys: dict[str, str]) -> dict[str, Any]:
    """Return the row with these values; empty where there is none."""
    rows = map(_named(table), table["rows"])
    return next((row for row in rows if all(row[key] == value for key, value in keys.items())), {})


def _capacity(document: dict[str, Any]) -> float | None:
    """Return the capacity that a search has found, by its report, in accepted changes a second.

    What levels or a ramp happen to show is less sure by far, and a limit that was never seen is none.
    """
    capacity = document.get("capacity")
    if not isinstance(capacity, dict) or capacity.get("source") != "search" or capacity.get("changes_upper") is None:
        return None
    value = capacity.get("changes_per_s")
    return float(value) if isinstance(value, int | float) else None


def _searched(run: Run) -> float | None:
    """Return the same of a run without a report."""
    found = searched(run)
    return found.changes_per_s if found is not None and found.changes_upper is not None else None


__all__ = ["RunDirectoryError", "measured_numbers", "past_runs", "reported_numbers"]
