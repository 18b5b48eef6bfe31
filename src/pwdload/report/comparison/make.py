"""What `pwdload compare` and `pwdload history` do, without printing."""

from collections.abc import Sequence
from pathlib import Path

from pwdload.analysis.comparison.compare import compare
from pwdload.analysis.comparison.history import history
from pwdload.analysis.comparison.mismatches import find_mismatches
from pwdload.report.comparison.build import build
from pwdload.report.comparison.page import Page
from pwdload.report.comparison.past import past_runs
from pwdload.report.comparison.past_page import build_history
from pwdload.report.comparison.reading import Given, read_sides, refuse


def compare_runs(base: Given, news: Sequence[Given], *, margin: float, seed: int, anyway: bool) -> Page:
    """Hold each new side against the base.

    Raises:
        RunDirectoryError: a directory is no run's, or nothing was measured in it.
        UsageError: a run stands on two sides.
        NotComparableError, InvalidRunError: the runs cannot be compared, and ``anyway`` was not said.
    """
    sides = read_sides(base, news)
    notes = find_mismatches(sides[0], sides[1:])
    if not anyway:
        refuse(notes)
    return build(compare(sides[0], sides[1:], margin=margin, seed=seed), notes)


def past_of(folder: Path, *, scenario: str | None, seed: int) -> Page:
    """Return the past of one scenario, from all its runs below a folder.

    Raises:
        RunDirectoryError: there is no run there.
        UsageError: the runs are of several scenarios and none is named, or the one named is not among them.
    """
    name, runs = past_runs(folder, scenario)
    return build_history(history(name, runs, seed=seed))
