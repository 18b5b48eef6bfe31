"""From paths to sides: finds the runs, reads them, and refuses what cannot be compared."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from pwdload.analysis import find, load_run
from pwdload.analysis.comparison.mismatches import MismatchNote
from pwdload.analysis.comparison.values import Side, SideRun
from pwdload.analysis.run import read_samples_of
from pwdload.errors import PwdloadError, RunDirectoryError, UsageError
from pwdload.outcome import Verdict, merge
from pwdload.report.judged import judged
from pwdload.rundir import RunDirectory


class NotComparableError(PwdloadError):
    """The runs differ in something that no difference of theirs can be told from."""


class InvalidRunError(PwdloadError):
    """One of the runs is INVALID: its instrument failed."""

    exit_code: ClassVar[int] = Verdict.INVALID.exit_code


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """A side as it was asked for: a name, and directories of runs or of folders that hold some."""

    name: str
    paths: tuple[Path, ...]


def find_runs(path: Path) -> tuple[RunDirectory, ...]:
    """Return the run that a directory is, or all runs below it, by path; what links point to is not looked at twice.

    Raises:
        RunDirectoryError: there is no such directory, or no run in it.
    """
    if not path.is_dir():
        raise RunDirectoryError(f"{path}: no such directory; runs are kept as reports/SCENARIO/START")
    if (path / "run.json").is_file():
        return (RunDirectory.open(path),)
    found = sorted({file.parent.resolve() for file in path.rglob("run.json") if file.is_file()})
    if not found:
        raise RunDirectoryError(
            f"{path}: no run here (no run.json, nor below); give a run's own directory, reports/SCENARIO/START, or one "
            "that holds runs"
        )
    return tuple(map(RunDirectory, found))


def read_sides(base: Given, news: Sequence[Given]) -> tuple[Side, ...]:
    """Read all runs of all sides, base first.

    Raises:
        RunDirectoryError: a directory is no run's, or nothing was measured in it.
        UsageError: a run stands on two sides.
    """
    found = {given.name: _directories(given) for given in (base, *news)}
    _refuse_same(found)
    return tuple(_side(name, directories) for name, directories in found.items())


def refuse(notes: Sequence[MismatchNote]) -> None:
    """Refuse to compare what cannot be compared, in one line with all reasons.

    Raises:
        InvalidRunError: one of the reasons is that a run is INVALID.
        NotComparableError: there are others only.
    """
    reasons = [note for note in notes if note.mismatch.severity != "caveat"]
    if not reasons:
        return
    text = " ".join(f"{note.text.rstrip('.')}." for note in reasons)
    line = f"not compared: {text} Make runs alike, or add --anyway to compare them with these as caveats"
    raise (InvalidRunError if any(one.mismatch.severity == "invalid" for one in reasons) else NotComparableError)(line)


def verdict_of_run(directory: RunDirectory) -> Verdict:
    """Return what a run is worth: by its report, or judged now where it has none; no PASS without its criteria."""
    known = directory.read_verdict()
    if known is not None:
        problem = directory.read_scenario(directory.read_record()).problem
        return merge((known, Verdict.INCONCLUSIVE)) if problem else known
    samples = read_samples_of(directory)
    judgement, run = judged(directory, samples), load_run(directory, samples)
    return merge(finding.verdict for finding in find(run, judgement))


def _directories(given: Given) -> tuple[RunDirectory, ...]:
    found = [directory for path in given.paths for directory in find_runs(path)]
    return tuple({directory.path: directory for directory in found}.values())


def _refuse_same(found: dict[str, tuple[RunDirectory, ...]]) -> None:
    seen: dict[Path, str] = {}
    for name, directories in found.items():
        for directory in directories:
            other = seen.setdefault(directory.path, name)
            if other != name:
                raise UsageError(
                    f"{directory.shown}: stands on both sides, {other} and {name}; a run is compared with another one"
                )


def _side(name: str, directories: Sequence[RunDirectory]) -> Side:
    runs = tuple(sorted(_runs(directories), key=lambda one: (one.run.record.started_utc, one.shown)))
    return Side(name=name, runs=runs)


def _runs(directories: Sequence[RunDirectory]) -> Iterator[SideRun]:
    for directory in directories:
        run = load_run(directory)
        if not len(run.due):
            torn = [file.name for file in run.files if not file.finished]
            why = f"; {', '.join(torn)} cannot be read to its end" if torn else ""
            raise RunDirectoryError(
                f"{directory.shown}: no request was due in its measured time, so there is nothing to compare{why}; "
                "give another run"
            )
        yield SideRun(shown=str(directory.shown), run=run, verdict=verdict_of_run(directory))
