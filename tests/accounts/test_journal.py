"""Journals: what is written is what is read, and no damage takes more with it than it has hit."""

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from errno import ENOSPC
from pathlib import Path
from typing import Literal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.accounts.journals import HEAD, LEDGER, NoThreads, any_record, read_back, written

from pwdload.accounts.account import Account, PasswordRef
from pwdload.accounts.entry import Event, Kind, Reason, Record
from pwdload.accounts.journal import SIZE, Journal, JournalHead, boot_digest
from pwdload.accounts.journal_copy import JournalCopy
from pwdload.accounts.journal_reader import read_journal, read_journals
from pwdload.accounts.sync import GroupSync, PlainThreads
from pwdload.api.digest import token_digest
from pwdload.errors import AccountsError
from pwdload.passwords import Shape

ANN = Account(index=7, user_name="ann", generation=3, lease=99)
NEW = PasswordRef(4)
TOKEN = token_digest("state-token-" + "x" * 168)
RECORDS = [Record(Event.INTENT, account=n, lease=5, ref=PasswordRef(n), at=1_000.0 + n) for n in range(6)]

in_many_places = settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture
def new_directory(tmp_path: Path) -> "Directories":
    """Directories for the examples of one property."""
    return Directories(tmp_path)


class Directories:
    """Makes one directory after the other."""

    def __init__(self, root: Path) -> None:
        self.root, self.made = root, 0

    def next(self) -> Path:
        self.made += 1
        return self.root / str(self.made)


@in_many_places
@given(records=st.lists(any_record, max_size=20), is_ended=st.booleans(), at_once=st.booleans())
def test_what_is_written_is_what_is_read(
    records: list[Record], is_ended: bool, at_once: bool, new_directory: Directories
) -> None:
    """Any records, in one write or in many, come back as they were, with whether their process ended in order."""
    found, reading = read_back(written(new_directory.next(), records, is_ended=is_ended, at_once=at_once))
    assert found[: len(records)] == records
    assert len(found) == len(records) + is_ended
    assert (reading.is_ended, reading.damages, reading.is_live) == (is_ended, (), False)
    assert (reading.run, reading.process, reading.boot) == (HEAD.run, HEAD.process, HEAD.boot)


@in_many_places
@given(records=st.lists(any_record, min_size=1, max_size=8), data=st.data())
def test_a_journal_that_was_cut_keeps_all_records_before_the_cut(
    records: list[Record], data: st.DataObject, new_directory: Directories
) -> None:
    """Wherever the end is missing, the whole records before it are kept, and a torn one is told with its place."""
    path = written(new_directory.next(), records)
    length = data.draw(st.integers(0, path.stat().st_size - 1))
    os.truncate(path, length)
    found, reading = read_back(path)
    assert found == records[: max(length // SIZE - 1, 0)]
    if length % SIZE or not length:
        assert reading.damages
        assert str(path) in reading.damages[-1]
    if length > SIZE and length % SIZE:
        assert f"byte {length // SIZE * SIZE}" in reading.damages[-1]


@in_many_places
@given(records=st.lists(any_record, min_size=1, max_size=8), data=st.data())
def test_a_flipped_byte_costs_one_record_and_is_told(
    records: list[Record], data: st.DataObject, new_directory: Directories
) -> None:
    """Whatever byte is changed to whatever else: all other records are kept, and none is read that was not written."""
    path = written(new_directory.next(), records)
    content = bytearray(path.read_bytes())
    place = data.draw(st.integers(0, len(content) - 1))
    content[place] ^= data.draw(st.integers(1, 255))
    path.write_bytes(content)
    hit = place // SIZE - 1
    found, reading = read_back(path)
    assert found == [record for n, record in enumerate(records) if n != hit]
    assert len(reading.damages) == 1
    assert ("its head is damaged" if hit < 0 else f"record {hit + 1} (byte {SIZE * (hit + 1)})") in reading.damages[0]


def test_several_damaged_records_are_told_in_one_sentence(tmp_path: Path) -> None:
    """A bad block of a disk does not fill the screen."""
    path = written(tmp_path, RECORDS)
    content = bytearray(path.read_bytes())
    content[SIZE * 2 : SIZE * 4] = bytes(SIZE * 2)
    path.write_bytes(content)
    assert read_back(path)[1].damages == (
        f"{path}: 2 records are damaged, the first is record 2 (byte {SIZE * 2}); the other 4 are kept",
    )


def test_a_record_that_strayed_in_from_another_journal_is_none_of_this(tmp_path: Path) -> None:
    """Blocks that a broken file system mixed up are found out, although each is whole in itself."""
    path = written(tmp_path / "one", RECORDS)
    other = written(tmp_path / "two", RECORDS, JournalHead(ledger=LEDGER, run=3, process=4))
    content = bytearray(path.read_bytes())
    content[SIZE * 3 : SIZE * 4] = other.read_bytes()[SIZE * 3 : SIZE * 4]
    path.write_bytes(content)
    found, reading = read_back(path)
    assert found == RECORDS[:2] + RECORDS[3:]
    assert reading.damages


def test_the_steps_of_a_change_are_written_as_they_happen(tmp_path: Path) -> None:
    """Each call is in the file when it returns, under the account's lease and with the token's digest."""
    journal = Journal.create(tmp_path, HEAD, "worker 1")
    journal.intend(ANN, NEW, TOKEN)
    found = read_journal(journal.path, LEDGER)
    assert not isinstance(found, str | None)
    assert (len(found.records), found.is_live) == (1, True)
    journal.conclude(ANN, NEW, Event.APPLIED)
    journal.intend(ANN, PasswordRef(5, Shape.WEAK), kind=Kind.REARM)
    journal.conclude(ANN, PasswordRef(5, Shape.WEAK), Event.UNKNOWN, Kind.REARM)
    journal.retired(ANN, Reason.LOCKED)
    journal.used(ANN)
    journal.leased([7, 8], 99, 3)
    journal.returned([8], 99, 3)
    journal.end()
    records, reading = read_back(journal.path)
    assert reading.is_ended
    assert [record.event for record in records] == [
        *(Event.INTENT, Event.APPLIED, Event.INTENT, Event.UNKNOWN, Event.RETIRED, Event.USED),
        *(Event.LEASED, Event.LEASED, Event.RETURNED, Event.END),
    ]
    assert {record.lease for record in records[:-1]} == {99}
    assert records[2].ref == PasswordRef(5, Shape.WEAK)
    assert records[3].kind is Kind.REARM
    assert records[4].note == Reason.LOCKED
    assert [(record.account, record.note) for record in records[6:9]] == [(7, 3), (8, 3), (8, 3)]
    assert any(records[0].token_digest)
    assert not any(records[2].token_digest)


def test_no_secret_is_in_a_journal(tmp_path: Path) -> None:
    """A token is there as a digest, and a user name not at all."""
    journal = Journal.create(tmp_path, HEAD)
    journal.intend(ANN, NEW, TOKEN)
    journal.end()
    content = journal.path.read_bytes()
    assert TOKEN in content
    assert b"ann" not in content


def test_a_full_disk_is_said_and_leaves_the_file_whole(tmp_path: Path) -> None:
    """The error comes before anything is sent; when there is room again the next record stands where it belongs."""
    room = [SIZE * 3]

    def write(descriptor: int, data: bytes) -> int:
        if not room[0]:
            raise OSError(ENOSPC, os.strerror(ENOSPC))
        written = os.write(descriptor, data[: room[0]])
        room[0] -= written
        return written

    journal = Journal.create(tmp_path, HEAD, write=write)
    journal.intend(ANN, NEW, TOKEN)
    journal.conclude(ANN, NEW, Event.APPLIED)
    with pytest.raises(AccountsError, match=r"No space left on device.*not sent.*make room"):
        journal.intend(ANN, PasswordRef(5), TOKEN)
    for part in (1, SIZE - 1):
        room[0] = part
        with pytest.raises(AccountsError, match=r"only a part of it was written.*not sent"):
            journal.intend(ANN, PasswordRef(5), TOKEN)
        room[0] = SIZE + part
        with pytest.raises(AccountsError, match=r"only a part of it was written.*not sent"):
            journal.append([Record(Event.INTENT)] * 3)
    room[0] = SIZE * 9
    journal.intend(ANN, PasswordRef(6), TOKEN)
    journal.end()
    records, reading = read_back(journal.path)
    assert [record.ref.generation for record in records] == [4, 4, 6, 0]
    assert not reading.damages


def test_a_disk_that_cannot_take_a_record_back_gets_no_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Half a record stays at the end: it is told as torn, and nothing is ever written behind it."""
    written = [SIZE, SIZE, 10, SIZE]
    journal = Journal.create(tmp_path, HEAD, write=lambda to, data: os.write(to, data[: written.pop(0)]))
    journal.intend(ANN, NEW, TOKEN)

    def fail(descriptor: int, size: int) -> None:
        raise OSError(ENOSPC, "no")

    monkeypatch.setattr(os, "ftruncate", fail)
    for _ in range(2):
        with pytest.raises(AccountsError, match="not sent"):
            journal.conclude(ANN, NEW, Event.APPLIED)
    journal.close()
    records, reading = read_back(journal.path)
    assert [record.event for record in records] == [Event.INTENT]
    assert reading.damages == (f"{journal.path}: cut off 10 bytes into record 2 (byte 96); all before is kept",)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 64 kB; where none may be mounted the test says so."""
    path = tmp_path / "disk"
    path.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(path)], capture_output=True, text=True, check=False
    )
    if mounted.returncode:
        pytest.skip(f"a small file system cannot be mounted here: {mounted.stderr.strip()}")
    yield path
    subprocess.run(["umount", str(path)], check=True)


def test_a_real_disk_that_is_full_is_said_and_leaves_the_file_whole(small_disk: Path) -> None:
    """As above, with a file system that has no more room."""
    journal = Journal.create(small_disk, HEAD)
    kept = 0

    def fill() -> None:
        nonlocal kept
        while True:
            journal.intend(ANN, PasswordRef(kept), TOKEN)
            kept += 1

    with pytest.raises(AccountsError, match=r"cannot be written \((No space left|only a part)"):
        fill()
    with pytest.raises(AccountsError, match="cannot be made"):
        Journal.create(small_disk, JournalHead(ledger=LEDGER, run=3, process=9))
    journal.close()
    records, reading = read_back(journal.path)
    assert [record.ref.generation for record in records] == list(range(kept))
    assert not reading.damages
    assert [path.name for path in small_disk.iterdir()] == [journal.path.name]


def test_a_journal_is_never_written_over(tmp_path: Path) -> None:
    """Two processes that were given one number do not share a file."""
    path = written(tmp_path, RECORDS)
    with pytest.raises(AccountsError, match="File exists"):
        Journal.create(tmp_path, HEAD)
    assert read_back(path)[0] == RECORDS


def test_a_directory_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    """Before anything is sent."""
    (tmp_path / "file").write_text("")
    with pytest.raises(AccountsError, match="file/x"):
        Journal.create(tmp_path / "file" / "x", HEAD)


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("notes.txt", b"hello", "not a journal, and left alone; move it away"),
        ("000003-0002.journal.bak", b"hello", "not a journal, and left alone; move it away"),
        ("000003-0002.journal", JournalHead(ledger=b"other###", run=3, process=2).encoded(), "of another ledger"),
        ("000003-0005.journal", HEAD.encoded(), "of another ledger or process"),
    ],
)
def test_a_foreign_file_is_told_and_left_alone(tmp_path: Path, name: str, content: bytes, told: str) -> None:
    """It may be somebody's."""
    (tmp_path / name).write_bytes(content)
    readings, strangers = read_journals(tmp_path, LEDGER)
    assert not readings
    assert len(strangers) == 1
    assert str(tmp_path / name) in strangers[0]
    assert told in strangers[0]


@pytest.mark.parametrize("content", [b"", b"PK\3\4 something else altogether, longer than a head and a record" * 3])
def test_a_file_that_has_only_the_name_of_a_journal_is_a_damaged_one(tmp_path: Path, content: bytes) -> None:
    """A power cut leaves files empty or full of anything: who wrote it is known by its name."""
    (tmp_path / "000003-0002-worker.journal").write_bytes(content)
    records, reading = read_back(tmp_path / "000003-0002-worker.journal")
    assert (records, reading.run, reading.process) == ([], 3, 2)
    assert ("empty" if not content else "head is damaged") in reading.damages[0]
    assert not any(reading.boot)


def test_a_journal_of_a_newer_format_is_refused(tmp_path: Path) -> None:
    """To leave it out could lose accounts."""
    head = JournalHead(ledger=LEDGER, run=3, process=2, version=2)
    (tmp_path / head.file_name()).write_bytes(head.encoded())
    with pytest.raises(AccountsError, match="of format 2, and this pwdload knows 1 at most; use the one that wrote it"):
        read_journals(tmp_path, LEDGER)


def test_a_record_that_is_being_written_is_not_taken_for_damage(tmp_path: Path) -> None:
    """A journal can be read while its process goes on."""
    journal = Journal.create(tmp_path, HEAD)
    journal.append(RECORDS)
    os.write(journal._file.descriptor, b"half a record")
    _, reading = read_back(journal.path)
    assert (len(reading.records), reading.places, reading.damages, reading.is_live) == (6, 6, (), True)
    journal.close()


def test_threads_do_not_get_in_each_others_way(tmp_path: Path) -> None:
    """Records of many threads are all whole and in their places."""
    journal = Journal.create(tmp_path, HEAD)

    def work(index: int) -> None:
        account = Account(index=index, user_name="x")
        for generation in range(200):
            journal.intend(account, PasswordRef(generation), TOKEN)
            journal.append([Record(Event.APPLIED, account=index, ref=PasswordRef(generation))] * 2)

    threads = [threading.Thread(target=work, args=(index,)) for index in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    journal.end()
    records, reading = read_back(journal.path)
    assert not reading.damages
    assert len(records) == 8 * 600 + 1
    for index in range(8):
        mine = [record.ref.generation for record in records if record.account == index and record.event != Event.END]
        assert mine == [generation for generation in range(200) for _ in range(3)]


class SlowDisk:
    """A disk that syncs when it is told to, and remembers how much of a file was written when it began."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.may_end = threading.Event()
        self.begun = threading.Semaphore(0)
        self.sizes: list[int] = []

    def sync(self, descriptor: int) -> None:
        self.sizes.append(os.fstat(descriptor).st_size)
        self.begun.release()
        assert self.may_end.wait(20)


def test_an_intent_is_on_the_disk_when_it_returns_and_many_share_one_sync(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Fsync = "group": while one sync is on, all who come wait for the next, which covers all of them."""
    disk = SlowDisk(tmp_path)
    monkeypatch.setattr("pwdload.accounts.journal.GroupSync", lambda fd, threads: GroupSync(fd, threads, disk.sync))
    journal = Journal.create(tmp_path, HEAD, fsync="group")
    done = []

    def change(generation: int) -> None:
        journal.intend(ANN, PasswordRef(generation), TOKEN)
        done.append(generation)

    threads = [threading.Thread(target=change, args=(generation,)) for generation in range(10)]
    threads[0].start()
    disk.begun.acquire()
    for thread in threads[1:]:
        thread.start()
    while journal.place < 10 or len(journal._sync._waiting) < 9:
        threading.Event().wait(0.001)
    assert not done
    disk.may_end.set()
    for thread in threads:
        thread.join()
    assert sorted(done) == list(range(10))
    assert disk.sizes == [SIZE * 2, SIZE * 11]
    journal.conclude(ANN, NEW, Event.APPLIED)
    assert len(disk.sizes) == 2, "an outcome waits for nothing"
    journal.close()


@pytest.mark.parametrize(("fsync", "syncs"), [("none", 1), ("group", 3)])
def test_leases_always_wait_for_the_disk_and_intents_where_it_is_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fsync: Literal["none", "group"], syncs: int
) -> None:
    """After a power cut it is known which accounts were in whose hands, whatever is set."""
    made: list[int] = []
    monkeypatch.setattr("pwdload.accounts.journal.GroupSync", lambda fd, threads: GroupSync(fd, threads, made.append))
    journal = Journal.create(tmp_path, HEAD, fsync=fsync, threads=NoThreads())
    journal.leased([1, 2, 3], 5, 1)
    journal.intend(ANN, NEW, TOKEN)
    journal.append([Record(Event.INTENT)])
    journal.append([Record(Event.APPLIED)])
    journal.returned([1], 5, 1)
    assert len(made) == syncs
    journal.close()


def test_a_disk_that_fails_to_sync_is_told_to_all_who_wait(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And to all who come later: after a failed sync nobody knows what is on the disk."""
    errors: list[OSError | None] = [OSError(5, "Input/output error"), None]

    def sync(descriptor: int) -> None:
        if (error := errors.pop(0)) is not None:
            raise error

    monkeypatch.setattr("pwdload.accounts.journal.GroupSync", lambda fd, threads: GroupSync(fd, threads, sync))
    journal = Journal.create(tmp_path, HEAD, fsync="group", threads=PlainThreads())
    for _ in range(2):
        with pytest.raises(AccountsError, match=r"cannot be brought to the disk .Input/output error."):
            journal.intend(ANN, NEW, TOKEN)
    journal.close()


def test_a_copy_grows_with_every_shipment_and_takes_none_twice(tmp_path: Path) -> None:
    """Shipments that come again, overlap or leave a gap do no harm; the copy is read as the original is."""
    journal = Journal.create(tmp_path / "theirs", HEAD, "worker 1")
    copy = JournalCopy(tmp_path / "ours", journal.path.name)
    assert copy.size == 0
    journal.append(RECORDS[:2])
    first = journal.tail(0)
    assert copy.extend(0, first) == len(first) == SIZE * 3
    journal.append(RECORDS[2:])
    assert copy.extend(SIZE * 9, b"x" * SIZE) == len(first), "there is a gap before it"
    assert copy.extend(0, first) == len(first)
    assert copy.extend(SIZE, journal.tail(SIZE)) == SIZE * 7
    assert copy.extend(SIZE * 7, journal.tail(SIZE * 7)) == SIZE * 7
    journal.end()
    copy.close()
    records, reading = read_back(tmp_path / "ours" / journal.path.name)
    assert records == RECORDS
    assert not reading.is_ended
    assert not reading.is_live


def test_a_copy_is_only_made_under_the_name_of_a_journal(tmp_path: Path) -> None:
    """The name comes from another machine."""
    with pytest.raises(AccountsError, match="not the name of a journal"):
        JournalCopy(tmp_path, "../../etc/passwd")


def test_a_machine_that_does_not_tell_its_starts_apart_is_known_as_such(tmp_path: Path) -> None:
    """Zeros stand for "not known", and never for a machine."""
    assert boot_digest(tmp_path / "none") == bytes(16)
    (tmp_path / "id").write_text("one\n")
    assert boot_digest(tmp_path / "id") == boot_digest(tmp_path / "id") != bytes(16)


def test_a_killed_writer_leaves_all_that_it_wrote(tmp_path: Path) -> None:
    """Kill -9 takes nothing with it that a call had returned from."""
    code = """
import os, signal, sys
from pathlib import Path
from typing import Literal
from pwdload.accounts.account import Account, PasswordRef
from pwdload.accounts.journal import Journal, JournalHead
from pwdload.api.digest import token_digest
journal = Journal.create(Path(sys.argv[1]), JournalHead(ledger=b"ledger#1", run=3, process=2))
for generation in range(1000):
    journal.intend(Account(index=1, user_name="x"), PasswordRef(generation), token_digest("token"))
os.kill(os.getpid(), signal.SIGKILL)
"""
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], timeout=60, check=False)
    assert done.returncode == -9
    records, reading = read_back(tmp_path / "000003-0002.journal")
    assert [record.ref.generation for record in records] == list(range(1000))
    assert (reading.damages, reading.is_ended, reading.is_live) == ((), False, False)
