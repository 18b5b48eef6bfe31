"""The run directory and its record."""

import errno
import json
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from resource import RLIMIT_FSIZE, getrlimit, setrlimit

import pytest

from pwdload.endings import Ending, write_endings
from pwdload.errors import RunDirectoryError, disk_words
from pwdload.rundir import (
    FORMAT,
    Announced,
    ArrivalCounts,
    ArrivalPlan,
    ClockRecord,
    LostWorker,
    RateRecord,
    RunDirectory,
    RunRecord,
    StageRecord,
    WorkerRecord,
    write_whole,
)

START = datetime(2026, 11, 23, 9, 30, 5, tzinfo=timezone(timedelta(hours=8)))
RECORD = RunRecord(
    title="Übung",
    scenario="demo",
    seed=7,
    target="http://127.0.0.1:1",
    target_is_standin=True,
    started_utc="2026-11-23T01:30:05.000+00:00",
    stages=(StageRecord(name="steady", start_s=0.0, end_s=60.0, users=5),),
    arrivals=ArrivalPlan(
        kind="even", seed=7, pieces=(RateRecord("steady", 0.0, 60.0, 1.0, 2.0),), slots=5, queue_limit=0
    ),
    workers=(
        WorkerRecord(
            name="local",
            samples=3,
            errors=("odd",),
            arrivals=ArrivalCounts(due=4, begun=3, dropped=1, first_dropped_s=0.5),
            clock=ClockRecord(offset_s=1.5, error_s=0.001),
        ),
    ),
    lost_workers=(LostWorker(name="worker-1", noticed_s=5.0, last_heard_s=None, samples_received=0),),
    expected_workers=("local", "worker-1"),
    versions={"python": "3.11"},
    notes=("odd",),
)


def test_a_killed_run_has_the_load_that_was_announced(tmp_path: Path) -> None:
    """Each piece is on disk when it is announced, up to a line that was torn; once a run has ended, run.json is it."""
    directory = RunDirectory.create(tmp_path, "search", datetime.now(UTC))
    first = RateRecord("settling", 0.0, 2.0, 5.0, 5.0)
    stage = StageRecord(name="settling", start_s=0.0, end_s=2.0, users=9)
    plan = ArrivalPlan(kind="even", seed=1, pieces=(first,), slots=9, queue_limit=9)
    record = replace(RECORD, stages=(stage,), arrivals=plan, ended_utc=None)
    directory.write_record(record)
    for name, end_s in (("settling", 3.0), ("search 20/s", 4.0), ("search 20/s", 5.0)):
        start_s = 3.0 if name != "settling" else 0.0
        whole = StageRecord(name=name, start_s=start_s, end_s=end_s, users=9)
        directory.write_announced(Announced(stage=whole, piece=RateRecord(name, end_s - 1.0, end_s, 20.0, 20.0)))
    with directory.announced_file.open("a") as file:
        file.write('{"stage": {"name": "search')
    read = directory.read_record()
    assert read.arrivals is not None
    assert [piece.end_s for piece in read.arrivals.pieces] == [2.0, 3.0, 4.0, 5.0]
    assert [(one.name, one.start_s, one.end_s) for one in read.stages] == [
        ("settling", 0.0, 3.0),
        ("search 20/s", 3.0, 5.0),
    ]
    ended = replace(record, ended_utc="2026-11-23T08:00:00.000+00:00")
    directory.write_record(ended)
    assert directory.read_record() == ended


def test_a_record_is_read_as_it_was_written(tmp_path: Path) -> None:
    """A report made later, elsewhere, sees what the run wrote."""
    directory = RunDirectory.create(tmp_path, "demo", START)
    directory.write_record(RECORD)
    assert RunDirectory.open(directory.path).read_record() == RECORD


def test_the_directory_is_named_by_the_start_in_utc(tmp_path: Path) -> None:
    """Runs of engineers in different zones sort together."""
    first, second = (RunDirectory.create(tmp_path, "demo", START) for _ in range(2))
    assert [first.path.name, second.path.name] == ["2026-11-23T01-30-05Z", "2026-11-23T01-30-05Z-2"]


def test_latest_points_at_the_newest_run(tmp_path: Path) -> None:
    """`reports/latest` and `reports/demo/latest` open the run that was linked last."""
    for seconds in (0, 1):
        directory = RunDirectory.create(tmp_path, "demo", datetime(2026, 1, 1, second=seconds, tzinfo=UTC))
        directory.write_record(RECORD)
        directory.link_latest()
    for link in (tmp_path / "latest", tmp_path / "demo" / "latest"):
        assert RunDirectory.open(link).path == directory.path.resolve()


def test_somebodys_own_latest_folder_is_left_alone(tmp_path: Path) -> None:
    """Linking is a convenience: it never deletes a folder."""
    directory = RunDirectory.create(tmp_path, "demo", START)
    mine = tmp_path / "demo" / "latest"
    mine.mkdir()
    directory.link_latest()
    assert mine.is_dir()
    assert not mine.is_symlink()


@pytest.mark.parametrize("what", ["nothing", "empty directory", "file"])
def test_what_is_no_run_directory_is_said_in_one_line(tmp_path: Path, what: str) -> None:
    """A wrong path ends in one line that says what a right one looks like."""
    path = tmp_path / "x"
    if what == "empty directory":
        path.mkdir()
    elif what == "file":
        path.write_text("x")
    with pytest.raises(RunDirectoryError, match=r"reports/SCENARIO/START") as error:
        RunDirectory.open(path)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"format": 1}', "\x00", '{"format": "x"}', '{"format": 1, "stages": 5}']
)
def test_a_damaged_record_is_said_in_one_line(tmp_path: Path, text: str) -> None:
    """Rubbish in run.json is named, not thrown as a traceback."""
    (tmp_path / "run.json").write_text(text)
    with pytest.raises(RunDirectoryError, match=r"run\.json: not a run record") as error:
        RunDirectory.open(tmp_path).read_record()
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("duration_s", "NaN"),
        ("duration_s", '"4"'),
        ("duration_s", "1e999"),
        ("title", "5"),
        ("title", '"\\ud800"'),
        ("target_is_standin", '"no"'),
        ("versions", "[1]"),
        ("format", "-1"),
        ("stages", '[{"name": "a", "start_s": "a", "end_s": null, "users": 1}]'),
    ],
)
def test_a_record_with_a_wrong_type_is_said_in_one_line(tmp_path: Path, name: str, value: str) -> None:
    """A number that is none never reaches the analysis; the line names the key."""
    directory = RunDirectory.create(tmp_path, "demo", START)
    directory.write_record(RECORD)
    path = directory.path / "run.json"
    fields = json.loads(path.read_text("utf-8"))
    fields[name] = "PLACE"
    path.write_text(json.dumps(fields).replace('"PLACE"', value))
    with pytest.raises(RunDirectoryError, match="not a run record") as error:
        directory.read_record()
    assert "\n" not in str(error.value)


def test_a_newer_format_is_refused_with_the_remedy(tmp_path: Path) -> None:
    """An old pwdload does not guess at a newer run."""
    directory = RunDirectory.create(tmp_path, "demo", START)
    directory.write_record(RECORD)
    path = directory.path / "run.json"
    path.write_text(json.dumps(json.loads(path.read_text("utf-8")) | {"format": FORMAT + 1}))
    with pytest.raises(RunDirectoryError, match="use a newer pwdload"):
        directory.read_record()


def test_a_folder_that_cannot_be_written_is_said_in_one_line(tmp_path: Path) -> None:
    """A reports folder that is a file ends in one line that names --reports."""
    (tmp_path / "reports").write_text("a file")
    with pytest.raises(RunDirectoryError, match="--reports"):
        RunDirectory.create(tmp_path / "reports", "demo", START)


@contextmanager
def _no_room() -> Iterator[None]:
    """Let no file become longer than some bytes, as on a disk that is full."""
    soft, hard = getrlimit(RLIMIT_FSIZE)
    quiet = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    setrlimit(RLIMIT_FSIZE, (64, hard))
    try:
        yield
    finally:
        setrlimit(RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, quiet)


def test_a_file_that_finds_no_room_is_named_and_leaves_nothing(tmp_path: Path) -> None:
    """Whoever makes room must know where; a beginning that stays would take of the room that is missing."""
    path = tmp_path / "report.html"
    path.write_text("old")
    with pytest.raises(OSError, match="too large") as caught, _no_room():
        write_whole(path, "new " * 100)
    assert caught.value.errno == errno.EFBIG
    assert disk_words(caught.value).startswith(f"{path}: File too large; make room")
    assert [(one.name, one.read_text()) for one in tmp_path.iterdir()] == [("report.html", "old")]


def test_endings_that_find_no_room_leave_nothing(tmp_path: Path) -> None:
    """Neither half a file of them nor anything that keeps the disk full."""
    ending = Ending(
        account=1, before="g1", after="g2", doubt="", status="changed", settled="", opens=True, earlier_opens=None
    )
    with pytest.raises(OSError, match="large"), _no_room():
        write_endings(tmp_path / "endings.parquet", [ending] * 100)
    assert [*tmp_path.iterdir()] == []


def test_a_disk_that_names_no_file_is_told_in_words() -> None:
    """Not as `None`, which says nothing to anybody."""
    assert disk_words(OSError(errno.ENOSPC, "No space left on device")).startswith("a file: No space left on device")
