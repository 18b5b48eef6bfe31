"""A run that the machine has no memory for is refused in one line before any of it is read."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from tests.analysis.synthetic import samples_of, write_run

from pwdload.arrays import in_files
from pwdload.errors import RunDirectoryError
from pwdload.samples import read_samples, room
from pwdload.samples.room import BYTES_AT_LEAST, BYTES_EACH, Room, disk_for, room_for

MEMINFO = "MemTotal:       24000000 kB\nMemFree:         1000000 kB\nMemAvailable:   {free} kB\n"


def machine(folder: Path, free_kb: int) -> Path:
    """Return what a machine with so much memory says."""
    path = folder / "meminfo"
    path.write_text(MEMINFO.format(free=free_kb))
    return path


def group(folder: Path, most: str, used: int, cached: int) -> Path:
    """Return what a container's group says."""
    (folder / "memory.max").write_text(most)
    (folder / "memory.current").write_text(str(used))
    (folder / "memory.stat").write_text(f"anon 5\ninactive_file {cached}\n")
    return folder


def test_what_is_needed_grows_with_the_samples(tmp_path: Path) -> None:
    """A hundred million samples need a hundred times what a million need, beside what any report takes."""
    needs = [room_for(count, tmp_path, tmp_path / "none").needed - BYTES_AT_LEAST for count in (1_000_000, 100_000_000)]
    assert needs == [1_000_000 * BYTES_EACH, 100_000_000 * BYTES_EACH]


def test_the_limit_of_a_container_counts_where_it_is_tighter(tmp_path: Path) -> None:
    """A machine with 20 GB free is of no use in a container of 2; files that are only cached can be given up."""
    wide = machine(tmp_path, 20_000_000)
    assert room_for(1, group(tmp_path, "2000000000", 1_500_000_000, 400_000_000), wide).free == 900_000_000
    assert room_for(1, group(tmp_path, "max", 1, 0), wide).free == 20_000_000 * 1024
    assert room_for(1, group(tmp_path, "1000", 5_000, 0), wide).free == 0


def test_a_machine_that_does_not_say_is_believed_to_have_enough(tmp_path: Path) -> None:
    """Elsewhere than on Linux nobody knows, and nothing is refused."""
    known = room_for(10**9, tmp_path, tmp_path / "none")
    assert known.free is None
    assert known.is_enough


def test_a_run_without_room_is_refused_in_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The line names the run, its samples, what they need, what there is, and what to do; nothing has been read."""
    directory = write_run(tmp_path / "run", samples_of(flows=50))
    rows = len(read_samples(directory.samples)[0])
    monkeypatch.setattr(room, "_LOOKED_AT", 0)
    monkeypatch.setattr(room, "room_for", tight(lambda known: replace(known, free=known.needed - 1)))
    with pytest.raises(RunDirectoryError) as refused:
        read_samples(directory.samples, directory.spool)
    line = str(refused.value)
    assert line.startswith(f"{directory.samples}: {rows} samples need about 0.3 GB of memory")
    assert "0.3 GB are free here; copy the run's directory to a machine with more memory" in line
    assert "\n" not in line
    assert refused.value.exit_code == 2


def test_a_run_with_just_enough_room_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is needed to the last byte is enough; a file that is damaged counts as none, and is told of elsewhere."""
    directory = write_run(tmp_path / "run", samples_of(flows=50))
    (directory.samples / "broken.parquet").write_bytes(b"no parquet")
    monkeypatch.setattr(room, "_LOOKED_AT", 0)
    monkeypatch.setattr(room, "room_for", tight(lambda known: replace(known, free=known.needed)))
    assert len(read_samples(directory.samples, directory.spool)[0])


def test_columns_in_files_take_disk_instead(tmp_path: Path) -> None:
    """A hundred million samples are told to need less memory than ten million do otherwise, and disk for each."""
    needed = room_for(100_000_000, tmp_path, tmp_path / "none", in_files=True).needed
    assert needed < room_for(15_000_000, tmp_path, tmp_path / "none").needed
    assert disk_for(100_000_000, tmp_path).needed == 100 * disk_for(1_000_000, tmp_path).needed


def test_a_run_without_disk_for_its_columns_is_refused_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The line names the run, its samples, the folder, what they need there, what is free, and what to do."""
    directory = write_run(tmp_path / "run", samples_of(flows=50))
    monkeypatch.setattr(room, "_LOOKED_AT", 0)
    monkeypatch.setattr(room, "disk_for", lambda samples, place: Room(samples=samples, needed=10**9, free=10**8))
    with pytest.raises(RunDirectoryError) as refused, in_files(tmp_path):
        read_samples(directory.samples, directory.spool)
    line = str(refused.value)
    assert f"samples need about 1.0 GB of disk in {tmp_path} while they are analysed, and 0.1 GB are free there" in line
    assert "set TMPDIR to a folder with more" in line
    assert "\n" not in line


def tight(change: Callable[[Room], Room]) -> Callable[..., Room]:
    """Return `room_for` with another answer."""
    return lambda samples, **where: change(room_for(samples, **where))
