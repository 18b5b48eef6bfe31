"""Health that is garbled, cut or not there: nothing shows then that the generator was not measuring itself."""

import random
from pathlib import Path

import pytest
from tests.analysis.synthetic import easy_seconds, samples_of, write_health, write_run
from tests.judgements import GOOD

from pwdload.analysis import Run, find, load_run
from pwdload.analysis.caveats import Caveat, find_caveats
from pwdload.outcome import Finding, Verdict
from pwdload.rundir import RunDirectory

SECONDS = 100
CHECKS = ("cpu", "event_loop")


@pytest.fixture
def directory(tmp_path: Path) -> RunDirectory:
    """A run that has a row of health for each of its seconds."""
    directory = write_run(tmp_path / "run", samples_of(flows=600))
    write_health(directory, easy_seconds("local", SECONDS, random.Random(3)))
    return directory


def found(run: Run) -> list[Finding]:
    """Return what the checks of health found."""
    return [one for one in find(run, GOOD) if one.check in CHECKS]


def told(run: Run) -> dict[Caveat, str]:
    """Return the caveats."""
    return {note.caveat: note.detail for note in find_caveats(run, GOOD)}


def keep(directory: RunDirectory, seconds: int) -> None:
    """Leave so many rows, and a piece of the next."""
    lines = directory.health_file.read_text().splitlines(keepends=True)
    directory.health_file.write_text("".join(lines[: seconds + 1]) + lines[seconds + 1][:7])


def test_garbled_health_is_inconclusive_and_named(directory: RunDirectory) -> None:
    """A file that is there and says nothing is no file of an easy time."""
    directory.health_file.write_bytes(bytes(range(256)) * 8)
    run = load_run(directory)
    assert [one.verdict for one in found(run)] == [Verdict.INCONCLUSIVE] * 2
    assert all("health.csv" in one.reason for one in found(run))
    assert "health.csv" in told(run)[Caveat.UNREADABLE]


@pytest.mark.parametrize(("seconds", "measured"), [(40, 30), (2, 0)])
def test_most_of_it_cut_away_is_inconclusive(directory: RunDirectory, seconds: int, measured: int) -> None:
    """What some seconds say is not said of the others."""
    keep(directory, seconds)
    run = load_run(directory)
    assert [one.verdict for one in found(run)] == [Verdict.INCONCLUSIVE] * 2
    assert all(f"of local {measured} of 90 measured seconds" in one.reason for one in found(run))
    assert f"local in {measured} of 90 measured seconds" in told(run)[Caveat.HEALTH_NOT_ON_RECORD]


@pytest.mark.parametrize(("seconds", "is_told"), [(95, True), (98, False)])
def test_seconds_that_are_missing_are_a_caveat_but_for_the_ends(
    directory: RunDirectory, seconds: int, is_told: bool
) -> None:
    """A second or two at the ends are in no run's health; five are said to be missing, and decide nothing."""
    keep(directory, seconds)
    run = load_run(directory)
    assert [one.verdict for one in found(run)] == [Verdict.PASS] * 2
    assert (Caveat.HEALTH_NOT_ON_RECORD in told(run)) is is_told
    assert Caveat.UNREADABLE not in told(run), "a line that was cut at the end is how a killed run leaves it"


def test_without_the_file_nothing_was_examined(directory: RunDirectory) -> None:
    """No file is no PASS of what it would have shown."""
    directory.health_file.unlink()
    run = load_run(directory)
    assert not any(one.is_examined for one in found(run))
    assert Caveat.HEALTH_NOT_ON_RECORD in told(run)
