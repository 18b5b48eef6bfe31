"""Arrays in files are arrays as any others, and leave nothing behind."""

import errno
import os
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import IO

import numpy as np
import pytest

from pwdload import arrays
from pwdload.arrays import are_in_files, copied, empty, filled, in_files, picked, places_of, written
from pwdload.errors import RunDirectoryError


@pytest.fixture(params=["memory", "files"])
def where(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Both places, one after the other, with parts of seven elements."""
    monkeypatch.setattr(arrays, "ROWS", 7)
    kind: str = request.param
    with in_files(tmp_path, least_bytes=1) if kind == "files" else nullcontext():
        yield kind


@pytest.mark.parametrize("count", [0, 1, 6, 7, 8, 50])
def test_arrays_are_what_numpy_makes(where: str, count: int) -> None:
    """Copies, what is picked, and what is filled in part by part, are the same in memory and in files."""
    values = np.random.default_rng(count).random(count)
    flags = values > 0.4
    assert are_in_files() == (where == "files")
    assert np.array_equal(copied(values), values)
    assert np.array_equal(picked(values, flags), values[flags])
    assert np.array_equal(places_of(flags), np.flatnonzero(flags))
    assert np.array_equal(filled(count, np.int32, lambda part: values[part] * 100), (values * 100).astype(np.int32))


def test_a_file_has_no_name_and_an_array_outlives_its_place(tmp_path: Path) -> None:
    """Whatever ends a process, it leaves no file; an array can be read and written for as long as it is there."""
    with in_files(tmp_path, least_bytes=1):
        array = empty(1_000, np.float64)
        array[:] = 1.5
        assert not list(tmp_path.iterdir())
    assert array.sum() == 1_500.0
    assert not isinstance(array.base, np.ndarray), "it is not in memory"
    assert empty(3, np.float64).base is None, "a later one is"


def test_short_arrays_stay_in_memory(tmp_path: Path) -> None:
    """A file is for what is long."""
    with in_files(tmp_path, least_bytes=800):
        assert empty(99, np.float64).base is None
        assert empty(100, np.float64).base is not None


def test_what_is_written_is_bytes_of_a_file(tmp_path: Path) -> None:
    """In memory nothing is written, so that whoever asks keeps what there is."""

    def write(file: IO[bytes]) -> None:
        file.write(b"columns")

    assert written(lambda file: None) is None
    with in_files(tmp_path):
        kept = written(write)
    assert kept is not None
    assert bytes(kept) == b"columns"
    assert not list(tmp_path.iterdir())


def test_a_full_disk_is_told_in_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Room is taken when an array is made: a page without room would kill the process when it is written to."""

    def full(file: int, offset: int, size: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "posix_fallocate", full)
    with in_files(tmp_path, least_bytes=1), pytest.raises(RunDirectoryError) as told:
        empty(10, np.float64)
    line = str(told.value)
    assert line.startswith(f"{tmp_path}: the disk is too full for the columns of the run; make room there")
    assert "\n" not in line
    assert not list(tmp_path.iterdir())
