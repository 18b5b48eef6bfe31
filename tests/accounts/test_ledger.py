"""The ledger: whatever is killed, cut, flipped or full, it says which password is in force, or between which two."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.accounts.journals import FIRST_LEASE, NoThreads, Told, entries, histories
from tests.processes import ROOT

from pwdload.accounts.account import PasswordRef
from pwdload.accounts.entry import Entry, Event, Kind, Reason, Record, Status
from pwdload.accounts.journal import SIZE, Journal, JournalHead, first_lease
from pwdload.accounts.journal_copy import JournalCopy
from pwdload.accounts.ledger import Ledger
from pwdload.accounts.ledger_view import LedgerView
from pwdload.accounts.store import FILE_NAME
from pwdload.errors import AccountsError

NEW = PasswordRef(1)
property_of_histories = settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])


class Places:
    """Fresh ledgers, one after the other."""

    def __init__(self, root: Path) -> None:
        self.root, self.made = root, 0

    def next(self) -> Path:
        self.made += 1
        path = self.root / str(self.made)
        with opened(path, create=True) as ledger:
            ledger.add(entries())
        return path


@pytest.fixture
def places(tmp_path: Path) -> Places:
    """Fresh ledgers, one after the other."""
    return Places(tmp_path)


@contextmanager
def opened(path: Path, *, create: bool = False) -> Iterator[Ledger]:
    """Open a ledger and close it."""
    ledger = Ledger.open(path, create=create)
    try:
        yield ledger
    finally:
        ledger.close()


def journals_of(ledger: Ledger, processes: Iterable[int] = range(4)) -> dict[int, Journal]:
    """Begin a run, and return a journal for each process of it."""
    ledger.begin_run()
    return {process: ledger.journal(process, "x", threads=NoThreads()) for process in processes}


def play(history: Iterable[Told], journals: dict[int, Journal]) -> None:
    """Write down what happened."""
    for process, record, _ in history:
        journals[process].append([record])


def close(journals: dict[int, Journal], ended: Iterable[int] = range(4)) -> None:
    """Close journals, the named ones in order and the others as if their process had been killed."""
    for process, journal in journals.items():
        if process in ended:
            journal.end()
        else:
            journal.close()


def folded(history: Iterable[Told]) -> list[Entry]:
    """Return what a history makes of accounts, record by record."""
    made = {entry.index: entry for entry in entries()}
    for _, record, _ in history:
        if record.event not in (Event.LEASED, Event.RETURNED):
            made[record.account] = made[record.account].after(record)
    return uncounted(made.values())


def uncounted(made: Iterable[Entry]) -> list[Entry]:
    """Leave out how often accounts were in doubt: what nothing was written of is counted late."""
    return [replace(entry, doubts=0) for entry in made]


def truths(history: Iterable[Told]) -> dict[int, PasswordRef]:
    """Return which password opens each account at last."""
    last = {entry.index: entry.in_force for entry in entries()}
    last.update((record.account, truth) for _, record, truth in history)
    return last


def assert_nothing_is_lost(view: LedgerView, history: Iterable[Told]) -> None:
    """For each account the password that opens it is in force, or one of the two in doubt."""
    for index, truth in truths(history).items():
        entry = view.entry(index)
        assert truth in (entry.in_force, entry.doubt), entry


def all_of(view: LedgerView) -> tuple[object, ...]:
    """Return all that a ledger tells of its accounts."""
    ready = [list(view.ready(state)) for state in ("expired", "warning")]
    return list(view.entries()), view.status(), ready, [list(view.entries(status)) for status in Status]


@property_of_histories
@given(history=histories(), cuts=st.sets(st.integers(0, 60)), ended=st.sets(st.integers(0, 3)))
def test_a_ledger_knows_what_its_journals_tell_whenever_they_are_taken_in(
    history: list[Told], cuts: set[int], ended: set[int], places: Places
) -> None:
    """Journals of several processes give what the records give in the order of time, taken in once or in parts."""
    path = places.next()
    with opened(path) as ledger:
        journals = journals_of(ledger)
        for place, told in enumerate(history):
            play([told], journals)
            if place in cuts:
                ledger.merge()
                assert uncounted(ledger.entries()) == folded(history[: place + 1])
        close(journals, ended)
    seen = all_of(before := Ledger.read(path))
    before.close()
    with opened(path) as ledger:
        assert uncounted(ledger.entries()) == folded(history)
        assert_nothing_is_lost(ledger, history)
        assert all_of(ledger) == seen, "who only reads it sees the same before it is taken in"
        assert not ledger.damages
        assert not list(ledger.journal_directory.iterdir())


@property_of_histories
@given(history=histories())
def test_to_take_journals_in_twice_changes_nothing(history: list[Told], places: Places) -> None:
    """As after a crash between the store and the removal of the files."""
    path = places.next()
    with opened(path) as ledger:
        journals = journals_of(ledger)
        play(history, journals)
        close(journals, ended=[0, 1])
    shutil.copytree(path / "journal", kept := path / "kept")
    with opened(path) as ledger:
        once = all_of(ledger)
        for file in kept.iterdir():
            shutil.copy(file, ledger.journal_directory)
        assert ledger.merge() == ()
        assert all_of(ledger) == once
        assert not list(ledger.journal_directory.iterdir())


@property_of_histories
@given(history=histories(), data=st.data())
def test_no_flipped_byte_loses_an_account(history: list[Told], data: st.DataObject, places: Places) -> None:
    """Of every account the password that opens it is known, or to be found out by settling; the damage is told."""
    path = places.next()
    with opened(path) as ledger:
        journals = journals_of(ledger)
        play(history, journals)
        close(journals)
    damaged = data.draw(st.sampled_from(sorted((path / "journal").iterdir())))
    content = bytearray(damaged.read_bytes())
    content[data.draw(st.integers(0, len(content) - 1))] ^= data.draw(st.integers(1, 255))
    damaged.write_bytes(content)
    with opened(path) as ledger:
        assert_nothing_is_lost(ledger, history)
        assert len(ledger.damages) == 1
        assert str(damaged) in ledger.damages[0]
        assert (path / "journal" / "damaged" / damaged.name).read_bytes() == content


@property_of_histories
@given(history=histories(changes=1, is_once=True), data=st.data())
def test_no_cut_loses_an_account(history: list[Told], data: st.DataObject, places: Places) -> None:
    """However much of a worker's journal is gone: what it had in hand is in doubt between the two that are possible."""
    path = places.next()
    with opened(path) as ledger:
        journals = journals_of(ledger)
        play(history, journals)
        close(journals)
    cut = data.draw(st.sampled_from(sorted((path / "journal").iterdir())[1:]))
    length = data.draw(st.integers(0, cut.stat().st_size - 1))
    os.truncate(cut, length)
    if length >= SIZE:
        started_anew(cut)
    with opened(path) as ledger:
        assert_nothing_is_lost(ledger, history)
        whole = [told for told in history if told.process not in (0, int(cut.name[7:11]))]
        for told in whole:
            assert ledger.entry(told.record.account) == replace(
                folded(history)[told.record.account], doubts=ledger.entry(told.record.account).doubts
            ), "what others did is not touched"


def started_anew(path: Path) -> None:
    """Make a journal one of before a restart of the machine."""
    content = path.read_bytes()
    head = JournalHead.decoded(content)
    assert head is not None
    path.write_bytes(replace(head, boot=b"another start...").encoded() + content[SIZE:])


def test_killed_at_any_instant_it_is_taken_in_whole_the_next_time() -> None:
    """Kill -9 of whoever opens a ledger with journals, at many lines of the code: the next one finds the same."""
    command = [sys.executable, "-W", "ignore", "-m", "tests.accounts.killed", "--instants", "40"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert done.stdout.endswith("all the same\n"), done.stdout + done.stderr


@pytest.mark.slow
def test_killed_at_every_instant_it_is_taken_in_whole_the_next_time() -> None:
    """As above, at every single line."""
    command = [sys.executable, "-W", "ignore", "-m", "tests.accounts.killed"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=1200, check=False)
    assert done.stdout.endswith("all the same\n"), done.stdout + done.stderr


@pytest.fixture
def path(places: Places) -> Path:
    """A ledger of four accounts."""
    return places.next()


def leased(index: int, process: int, lease: int = FIRST_LEASE) -> Told:
    """Return that an account was given to a process."""
    return Told(0, Record(Event.LEASED, account=index, lease=lease, note=process), PasswordRef(0))


def told(event: Event, index: int = 0, process: int = 1, lease: int = FIRST_LEASE, ref: PasswordRef = NEW) -> Told:
    """Return what a process did to an account."""
    return Told(process, Record(event, account=index, lease=lease, ref=ref, at=5.0), ref)


@pytest.mark.parametrize("merges", [0, 1, 3])
def test_a_change_that_nothing_is_written_of_afterwards_counts_as_one_in_doubt(path: Path, merges: int) -> None:
    """Once, when its process is known to be gone; as long as it goes on, nothing is counted."""
    with opened(path) as ledger:
        journals = journals_of(ledger)
        play([told(Event.INTENT)], journals)
        for _ in range(merges):
            ledger.merge()
            assert (ledger.entry(0).status, ledger.entry(0).doubts) == (Status.UNKNOWN, 0)
        close(journals, ended=[])
        for _ in range(2):
            ledger.merge()
            assert (ledger.entry(0).status, ledger.entry(0).doubts, ledger.entry(0).doubt) == (Status.UNKNOWN, 1, NEW)


def test_an_outcome_that_comes_after_the_first_look_leaves_no_doubt(path: Path) -> None:
    """A process that is still there goes on where it was."""
    with opened(path) as ledger:
        journals = journals_of(ledger)
        play([told(Event.INTENT)], journals)
        ledger.merge()
        assert [file.name[:11] for file in sorted(ledger.journal_directory.iterdir())] == [
            f"000001-{process:04d}" for process in range(4)
        ]
        play([told(Event.APPLIED)], journals)
        close(journals, ended=[])
        ledger.merge()
        assert (ledger.entry(0).status, ledger.entry(0).in_force, ledger.entry(0).doubts) == (Status.CHANGED, NEW, 0)


def test_what_a_process_writes_that_lost_its_lease_long_ago_is_left_out(path: Path) -> None:
    """It was stopped for so long that the account was settled, given to another, and changed again."""
    with opened(path) as ledger:
        stopped = journals_of(ledger)
        play([told(Event.INTENT)], stopped)
        ledger.merge()
        later = FIRST_LEASE << 1
        others = journals_of(ledger)
        play([Told(0, Record(Event.APPLIED, Kind.SETTLE, 0, later, NEW), NEW)], others)
        newer = PasswordRef(2)
        play([told(event, process=2, lease=later + 1, ref=newer) for event in (Event.INTENT, Event.APPLIED)], others)
        ledger.merge()
        play([told(Event.APPLIED)], stopped)
        close(stopped)
        close(others)
        ledger.merge()
        assert (ledger.entry(0).status, ledger.entry(0).in_force) == (Status.CHANGED, newer)


@pytest.mark.parametrize("may_rearm", [True, False])
def test_after_a_power_cut_what_a_process_had_is_in_doubt_and_nothing_else(path: Path, may_rearm: bool) -> None:
    """Its last records may never have reached the disk; what is known to be used up stays so where it can be."""
    with opened(path) as ledger:
        ledger.begin_run(may_rearm=may_rearm)
        journals = {process: ledger.journal(process, threads=NoThreads()) for process in range(3)}
        play([leased(0, 1), leased(1, 1), leased(2, 2)], journals)
        play([told(Event.INTENT, 1), told(Event.APPLIED, 1)], journals)
        close(journals, ended=[0, 2])
    started_anew(path / "journal" / "000001-0001.journal")
    with opened(path) as ledger:
        status = [ledger.entry(index).status for index in range(4)]
        used = Status.UNKNOWN if may_rearm else Status.CHANGED
        are = "2 accounts are" if may_rearm else "1 account is"
        assert status == [Status.UNKNOWN, used, Status.READY, Status.READY]
        assert (ledger.entry(0).doubt, ledger.entry(0).in_force, ledger.entry(0).doubts) == (NEW, PasswordRef(0), 1)
        assert ledger.damages == (
            "000001-0001.journal: not ended in order, before a restart or on another machine: its end may be missing; "
            f"{are} in doubt for it: settle with `pwdload accounts settle`",
        )
        assert not list(ledger.journal_directory.iterdir())


def test_a_process_that_was_killed_has_lost_nothing(path: Path) -> None:
    """Without a restart all that it wrote is there: an account that was only in its hands is as it was."""
    with opened(path) as ledger:
        journals = journals_of(ledger)
        play([leased(0, 1)], journals)
        close(journals, ended=[])
        assert ledger.merge() == ()
        assert ledger.entry(0) == entries()[0]


def test_a_worker_whose_machine_is_gone_leaves_what_it_had_in_doubt(path: Path) -> None:
    """The master's copy of its journal has no last record: one more change may have been asked for."""
    with opened(path) as ledger:
        ledger.begin_run()
        master = ledger.journal(0, threads=NoThreads())
        master.leased([0, 1], FIRST_LEASE, 1)
        theirs = Journal.create(path / "theirs", replace(ledger.head(1), boot=b"another machine."))
        copy = JournalCopy(ledger.journal_directory, theirs.path.name)
        theirs.append([told(Event.INTENT).record, told(Event.APPLIED).record])
        copy.extend(0, theirs.tail(0))
        theirs.append([told(Event.INTENT, 1).record])
        theirs.close()
        copy.close()
        master.end()
        assert "2 accounts are in doubt" in ledger.merge()[0]
        assert [ledger.entry(index).status for index in (0, 1)] == [Status.UNKNOWN] * 2
        assert (ledger.entry(0).in_force, ledger.entry(0).doubt) == (NEW, PasswordRef(2))
        assert (ledger.entry(1).in_force, ledger.entry(1).doubt) == (PasswordRef(0), NEW)


def test_an_empty_journal_is_told_and_puts_what_its_process_had_into_doubt(path: Path) -> None:
    """As a power cut leaves one; the master's journal says what the worker had, also when it was taken in before."""
    with opened(path) as ledger:
        journals = journals_of(ledger)
        play([leased(2, 1)], journals)
        close({process: journals[process] for process in (0, 2, 3)})
        ledger.merge()
        file = journals[1].path
        journals[1].close()
        os.truncate(file, 0)
        assert ledger.merge() == (
            f"{file}: empty: nothing that was written to it has reached the disk; "
            "1 account is in doubt for it: settle with `pwdload accounts settle`",
        )
        assert ledger.entry(2).status is Status.UNKNOWN
        assert ledger.merge() == (), "it is told once"
        assert [entry.name for entry in (ledger.journal_directory / "damaged").iterdir()] == [file.name]


def test_foreign_files_are_told_and_stay(path: Path) -> None:
    """Each time, until somebody moves them."""
    (path / "journal" / "notes.txt").write_text("mine")
    for _ in range(2):
        with opened(path) as ledger:
            assert ledger.damages == (f"{path / 'journal' / 'notes.txt'}: not a journal, and left alone; move it away",)


def test_what_a_killed_process_had_not_begun_is_removed(path: Path) -> None:
    """A file without its name yet holds no record."""
    (path / "journal" / ".000001-0001-w.journal.4711").write_bytes(b"x")
    with opened(path) as ledger:
        assert not list(ledger.journal_directory.iterdir())


def test_journals_that_tell_of_other_accounts_are_told(path: Path) -> None:
    """As after an older copy of the store was put back."""
    with opened(path) as ledger:
        journals = journals_of(ledger)
        play([told(Event.INTENT, index) for index in (0, 77, 78)], journals)
        close(journals)
        assert ledger.merge() == (f"{path / FILE_NAME}: journals tell of 2 accounts that are not in it (index 77, 78)",)
        assert ledger.entry(0).doubt == NEW


def test_one_at_a_time_and_the_other_is_named(path: Path) -> None:
    """A second command is refused as long as the first is on, and let in when that was killed."""
    code = (
        "import sys; from pathlib import Path; from pwdload.accounts.ledger import Ledger; "
        "ledger = Ledger.open(Path(sys.argv[1])); print('open', flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", code, str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "open\n"
        with pytest.raises(AccountsError, match=rf"in use by process {other.pid} \(.*\); wait until that has ended"):
            Ledger.open(path)
        view = Ledger.read(path)
        assert len(list(view.entries())) == 4
        view.close()
        other.kill()
    with opened(path):
        pass


def test_another_run_secret_is_refused(path: Path) -> None:
    """No password would be right, and the tries would lock the accounts; neither digest is shown."""
    Ledger.open(path, secret_digest="aaaa").close()
    Ledger.open(path, secret_digest="aaaa").close()
    Ledger.open(path).close()
    with pytest.raises(AccountsError, match=r"those of another run secret, .* password policy; set the run") as raised:
        Ledger.open(path, secret_digest="bbbb")
    assert "bbbb" not in str(raised.value)
    with opened(path) as ledger:
        assert ledger.meta.secret_digest == "aaaa"


def test_another_host_is_refused(path: Path) -> None:
    """Accounts of one service are not tried at another."""
    with opened(path) as ledger:
        ledger.bind_host("https://staging.example.com/")
        ledger.bind_host("https://staging.example.com")
        with pytest.raises(AccountsError, match=r"those of host https://staging.example.com, not of https://other"):
            ledger.bind_host("https://other.example.com")
        ledger.bind_source("accounts.csv")
        with pytest.raises(AccountsError, match=r"those of source accounts.csv, not of b.csv"):
            ledger.bind_source("b.csv")
    with opened(path) as ledger:
        assert (ledger.meta.host, ledger.meta.source) == ("https://staging.example.com", "accounts.csv")


def test_runs_are_numbered_past_every_lease_that_was_written(path: Path) -> None:
    """A lease of a later run is higher, however many an earlier one has given."""
    with opened(path) as ledger:
        journals = journals_of(ledger)
        play([told(Event.INTENT, lease=first_lease(7) + 3)], journals)
        close(journals)
        ledger.merge()
        assert ledger.meta.run == 1
        assert [ledger.begin_run(), ledger.begin_run()] == [8, 9]
        assert ledger.meta.run == 9


def test_a_record_without_a_lease_comes_after_all_earlier_runs(path: Path) -> None:
    """What a command writes needs no lease number of its own."""
    with opened(path) as ledger:
        ledger.begin_run()
        ledger.begin_run()
        journal = ledger.journal(0)
        journal.intend(ledger.accounts([1])[0], NEW)
        journal.end()
        ledger.merge()
        assert ledger._store.rows([1])[1].lease == first_lease(2)


def test_accounts_are_added_found_and_kept(path: Path) -> None:
    """By index, by name, by status; what no journal tells is put."""
    with opened(path) as ledger:
        assert ledger.next_index == 4
        assert ledger.add([Entry(index=4, user_name="new", state="warning")]) == 1
        assert ledger.add([Entry(index=5, user_name="new")], skip_known=True) == 0
        with pytest.raises(AccountsError, match="there already"):
            ledger.add([Entry(index=6, user_name="other"), Entry(index=7, user_name="new")])
        assert ledger.by_name("other") is None
        assert ledger.by_name("new") == ledger.entry(4)
        ledger.put([replace(ledger.entry(4), user_id="u-4"), Entry(index=99, user_name="not there")])
        assert (ledger.entry(4).user_id, ledger.next_index) == ("u-4", 5)
        assert (list(ledger.ready("expired")), list(ledger.ready("warning"))) == ([0, 1, 2, 3], [4])
        assert [account.user_name for account in ledger.accounts([4, 0], lease=9)] == ["new", "user0"]
        assert ledger.accounts([4], lease=9)[0].lease == 9
        for index in (5, 99):
            with pytest.raises(LookupError, match=str(index)):
                ledger.entry(index)
            with pytest.raises(LookupError, match=str(index)):
                ledger.accounts([0, index])


def test_a_status_counts_what_is_in_the_store_and_in_journals(path: Path) -> None:
    """Also as long as the journals are not taken in."""
    with opened(path) as ledger:
        journals = journals_of(ledger)
        play([told(Event.INTENT, 0), told(Event.INTENT, 1), told(Event.APPLIED, 1)], journals)
        play([Told(1, Record(Event.RETIRED, account=2, lease=FIRST_LEASE, note=Reason.LOCKED), NEW)], journals)
        view = Ledger.read(path)
        seen = view.status()
        view.close()
        close(journals)
        ledger.merge()
        for status in (seen, ledger.status()):
            assert (status.accounts, status.doubts, status.retired) == (4, 1, {"locked": 1})
            assert [status.of(one) for one in (Status.READY, Status.CHANGED, Status.RETIRED)] == [1, 1, 1]
            assert (status.of(Status.READY, "expired"), status.of(Status.READY, "warning")) == (1, 0)
            assert status.oldest_doubt_at == 5.0


def test_where_no_ledger_can_be_made_the_place_is_named(tmp_path: Path) -> None:
    """Before anything else is done."""
    (tmp_path / "file").write_text("")
    with pytest.raises(AccountsError, match=r"file/x: cannot be made .*; name another place"):
        Ledger.open(tmp_path / "file" / "x", create=True)
    for look in (Ledger.open, Ledger.read):
        with pytest.raises(AccountsError, match="no ledger there; make one with"):
            look(tmp_path / "none")
    assert not (tmp_path / "none").exists()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_ledger_that_may_not_be_written_can_be_read(path: Path) -> None:
    """A colleague's, say: its state is shown, and to open it is refused with its place."""
    path.chmod(0o555)
    (path / FILE_NAME).chmod(0o444)
    try:
        view = Ledger.read(path)
        assert view.status().accounts == 4
        view.close()
        with pytest.raises(AccountsError, match="cannot be written"):
            Ledger.open(path)
    finally:
        path.chmod(0o755)


def test_a_full_disk_takes_nothing_from_journals(tmp_path: Path) -> None:
    """They stay until the store has them: with room again all is known."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=300k", "tmpfs", str(disk)]
    mounted = subprocess.run(mount, capture_output=True, text=True, check=False)
    if mounted.returncode:
        pytest.skip(f"a small file system cannot be mounted here: {mounted.stderr.strip()}")
    try:
        _fill_and_open(disk)
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def _fill_and_open(disk: Path) -> None:
    path, indices = disk / "ledger", range(400)
    with opened(path, create=True) as ledger:
        ledger.add(entries(len(indices)))
        ledger.begin_run()
        journal = ledger.journal(1, threads=NoThreads())
        journal.append([told(event, index).record for index in indices for event in (Event.INTENT, Event.APPLIED)])
        journal.end()
    ballast = disk / "ballast"
    with ballast.open("wb", buffering=0) as file:
        while file.write(bytes(20_000)) == 20_000:
            pass
    with pytest.raises(AccountsError, match=r"full; nothing was changed, and journals are kept"):
        Ledger.open(path)
    ballast.unlink()
    with opened(path) as ledger:
        assert ledger.status().of(Status.CHANGED) == len(indices)
