"""What `pwdload check` does: saved runs, judged by the oracle alone."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from pwdload.errors import RunDirectoryError
from pwdload.oracle import Judgement, check_run
from pwdload.rundir import RunDirectory, RunRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedRun:
    """A run and what the oracle says of it."""

    directory: RunDirectory
    record: RunRecord
    judgement: Judgement


def check(paths: Sequence[Path]) -> tuple[CheckedRun, ...]:
    """Judge runs; whatever is no run is refused before the first of them is judged.

    Raises:
        RunDirectoryError: one of them is no run's directory, or holds something that cannot be read.
    """
    runs = [(directory, directory.read_record()) for directory in map(RunDirectory.open, paths)]
    return tuple(
        CheckedRun(directory=directory, record=record, judgement=_judged(directory)) for directory, record in runs
    )


def _judged(directory: RunDirectory) -> Judgement:
    try:
        return check_run(directory)
    except (OSError, ValueError, pa.ArrowException) as error:
        what = " ".join(f"{type(error).__name__}: {error}".split()).rstrip(".")
        raise RunDirectoryError(
            f"{directory.shown}: the run cannot be judged ({what}); give the directory as the run left it"
        ) from error
