"""What a stand-in keeps for itself alone, and what is left of it when it is killed."""

import os
import tempfile
import time
from pathlib import Path

import pytest
from tests.standin.process import popen

from pwdload.standin.private import private_folder, sweep

LATER_S = 3600.0


@pytest.fixture(autouse=True)
def _own_temporary_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", None)


def test_a_stand_in_over_a_database_makes_no_folder(tmp_path: Path) -> None:
    """One that is killed as a fault, again and again, would leave one each time."""
    process = popen("--port", "0", "--db", str(tmp_path / "accounts.db"), "--seed-accounts", "1", cwd=tmp_path)
    try:
        assert process.stdout is not None
        assert process.stdout.readline()
    finally:
        process.kill()
        process.communicate()
    assert [path.name for path in tmp_path.iterdir() if path.is_dir()] == []


def test_what_a_killed_one_has_left_goes_at_the_next_start(tmp_path: Path) -> None:
    """A process that was killed cannot tidy up; the kernel has let go of its lock."""
    left = tmp_path / "pwdload-standin-private-left"
    left.mkdir()
    (left / "standin.db").write_text("accounts")
    an_hour_ago = time.time() - LATER_S
    os.utime(left, (an_hour_ago, an_hour_ago))
    with private_folder() as own:
        assert own.is_dir()
        assert [*tmp_path.iterdir()] == [own]
    assert [*tmp_path.iterdir()] == []


def test_what_is_in_use_new_or_of_others_stays(tmp_path: Path) -> None:
    """Two stand-ins side by side, one that is just starting, and a folder that is none of ours."""
    with private_folder() as used:
        others = tmp_path / "pwdload-standin-abc"
        others.mkdir()
        sweep(tmp_path, time.time() + LATER_S)
        assert {*tmp_path.iterdir()} == {used, others}
    new = tmp_path / "pwdload-standin-private-new"
    new.mkdir()
    sweep(tmp_path)
    assert {*tmp_path.iterdir()} == {others, new}
