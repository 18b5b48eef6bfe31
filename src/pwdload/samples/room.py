"""Whether this machine has room to analyse a run: told before it is read, rather than by a killed process.

How many samples there are stands at the end of each Parquet file, so that to look takes no time. What a sample takes
was measured (docs/benchmarks.md), and is the same from a million of them on. Where its columns are in files
(`pwdload.arrays`), it takes disk, and next to no memory.
"""

import shutil
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from pwdload import arrays
from pwdload.errors import RunDirectoryError
from pwdload.units import counted

BYTES_EACH = 270
"""What a sample takes at most while a run is judged and its report made: as measured, and a tenth more."""
BYTES_AT_LEAST = 300_000_000
"""What that takes whatever the run: Python, its libraries, the report itself."""
IN_FILES_FROM = 20_000_000
"""From so many samples on their columns are in files (`pwdload.arrays`), however much memory there is."""
BYTES_EACH_IN_FILES = 20
"""What a sample takes of memory at most where its columns are in files: flags of all rows, which come and go."""
BYTES_AT_LEAST_IN_FILES = 1_000_000_000
"""What that takes whatever the run: the same as ever, and parts of columns that are worked on."""
DISK_BYTES_EACH = 230
"""What a sample takes of the disk at most meanwhile: as measured, and a tenth more."""
_LOOKED_AT = 16_000_000
"""Samples whose files are smaller, in bytes, are a few hundred thousand: any machine has room for them."""
_BYTES_OF_BLOCK = 60
"""The least that a sample takes in a file of blocks, which does not say how many it has."""
_CGROUP = Path("/sys/fs/cgroup")
_MEMINFO = Path("/proc/meminfo")


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """What a run needs of memory, or of disk, and what there is, in bytes."""

    samples: int
    needed: int
    free: int | None
    """Null where the machine does not say."""

    @property
    def is_enough(self) -> bool:
        """Whether there is as much as is needed, or nobody knows."""
        return self.free is None or self.needed <= self.free


def require_room(directory: Path, spool: Path | None = None) -> None:
    """Refuse to read the samples of a run for which there is not memory enough.

    Raises:
        RunDirectoryError: so many samples, what they need, what there is, and what to do.
    """
    if not is_long(directory, spool):
        return
    samples, place = samples_in(directory, spool), arrays.folder()
    disk = disk_for(samples, place) if place is not None else None
    if disk is not None and not disk.is_enough:
        raise RunDirectoryError(
            f"{directory}: {counted(samples, 'sample')} need about {_gigabytes(disk.needed)} of disk in {place} while "
            f"they are analysed, and {_gigabytes(disk.free or 0)} are free there; set TMPDIR to a folder with more, or "
            "copy the run's directory to a machine that has it and make the report there."
        )
    room = room_for(samples, in_files=place is not None)
    if not room.is_enough:
        raise RunDirectoryError(
            f"{directory}: {counted(room.samples, 'sample')} need about {_gigabytes(room.needed)} of memory to be "
            f"analysed, and {_gigabytes(room.free or 0)} are free here; copy the run's directory to a machine with "
            "more memory and make the report there, or split the load over several shorter runs."
        )


def is_long(directory: Path, spool: Path | None = None) -> bool:
    """Whether a run has so many samples that time and memory are worth a thought."""
    return sum(path.stat().st_size for path in _files(directory, spool)) >= _LOOKED_AT


def samples_in(directory: Path, spool: Path | None = None) -> int:
    """Return how many samples a run has at most; what cannot be read has none."""
    return sum(map(_samples_in, _files(directory, spool)))


def room_for(samples: int, cgroup: Path = _CGROUP, meminfo: Path = _MEMINFO, *, in_files: bool = False) -> Room:
    """Return what so many samples need of memory, and what this process may have.

    `in_files`: where their columns are not in memory.
    """
    known = [free for free in (_free_of_machine(meminfo), _free_of_group(cgroup)) if free is not None]
    least, each = (BYTES_AT_LEAST_IN_FILES, BYTES_EACH_IN_FILES) if in_files else (BYTES_AT_LEAST, BYTES_EACH)
    return Room(samples=samples, needed=least + samples * each, free=min(known, default=None))


def disk_for(samples: int, place: Path) -> Room:
    """Return what the columns of so many samples need of the disk, and what a folder has."""
    return Room(samples=samples, needed=samples * DISK_BYTES_EACH, free=shutil.disk_usage(place).free)


def _files(directory: Path, spool: Path | None) -> list[Path]:
    folders = [directory] if spool is None else [directory, spool]
    return [path for folder in folders for end in ("*.parquet", "*.arrows") for path in sorted(folder.glob(end))]


def _samples_in(path: Path) -> int:
    if path.suffix == ".parquet":
        try:
            return int(pq.read_metadata(path).num_rows)
        except (pa.ArrowException, OSError):
            return 0  # it cannot be read, so that nothing of it will be
    return path.stat().st_size // _BYTES_OF_BLOCK


def _free_of_machine(meminfo: Path) -> int | None:
    """Return what the system can give without taking it from others; null where it does not say."""
    try:
        lines = dict(line.split(":", 1) for line in meminfo.read_text("ascii").splitlines())
        return int(lines["MemAvailable"].split()[0]) * 1024
    except (OSError, ValueError, KeyError):
        return None


def _free_of_group(cgroup: Path) -> int | None:
    """Return what is left of the limit of a container; null where there is none, or it does not say."""
    try:
        most, used = (int((cgroup / name).read_text("ascii")) for name in ("memory.max", "memory.current"))
        cached = dict(line.split() for line in (cgroup / "memory.stat").read_text("ascii").splitlines())
    except (OSError, ValueError):  # "max": no limit
        return None
    return max(most - used + int(cached.get("inactive_file", 0)), 0)


def _gigabytes(size: int) -> str:
    return f"{size / 1e9:,.1f} GB"
