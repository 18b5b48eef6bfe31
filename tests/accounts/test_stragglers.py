"""A ledger is not opened while a process of an earlier run still writes its journal."""

import logging
import os
import time
from contextlib import nullcontext
from pathlib import Path

import pytest

from pwdload.accounts.journal import Journal, JournalHead
from pwdload.accounts.journal_copy import NAME, JournalCopy
from pwdload.accounts.stragglers import wait_for_stragglers
from pwdload.errors import AccountsError


class Clock:
    """A clock that goes on only while somebody sleeps."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s

    def sleep(self, seconds: float) -> None:
        self.now_s += seconds


@pytest.fixture(name="journal")
def open_journal(tmp_path: Path) -> Journal:
    return Journal.create(tmp_path / "journal", JournalHead(ledger=bytes(8), run=3, process=2), "worker-1")


def test_nobody_is_waited_for_where_all_have_ended(journal: Journal) -> None:
    """Neither a journal that was ended in order, nor one whose process was killed."""
    journal.close()
    clock = Clock()
    wait_for_stragglers(journal.path.parent, clock=clock, sleep=clock.sleep)
    assert clock.now_s == 0.0


def test_a_process_that_is_still_there_is_waited_for(journal: Journal, caplog: pytest.LogCaptureFixture) -> None:
    """It is named when the wait is long, once."""
    clock = Clock()

    def sleep(seconds: float) -> None:
        clock.sleep(seconds)
        if clock.now_s > 5.0:
            journal.close()

    with caplog.at_level(logging.WARNING):
        wait_for_stragglers(journal.path.parent, clock=clock, sleep=sleep)
    assert 5.0 < clock.now_s < 6.0
    (told,) = caplog.messages
    assert told.endswith("a process of an earlier run still uses its accounts and writes "
                         "000003-0002-worker-1.journal; waiting for its end")  # fmt: skip


def test_one_that_does_not_end_is_named_when_the_patience_is_over(journal: Journal) -> None:
    """With what to do about it."""
    clock = Clock()
    with pytest.raises(AccountsError, match=r"000003-0002-worker-1\.journal; end it, or wait until it has ended"):
        wait_for_stragglers(journal.path.parent, patience_s=10.0, clock=clock, sleep=clock.sleep)
    assert clock.now_s == pytest.approx(10.0, abs=0.2)
    journal.close()


@pytest.mark.parametrize(
    ("age_s", "is_ended", "waited"), [(1.0, False, True), (60.0, False, False), (1.0, True, False)]
)
def test_a_process_elsewhere_has_the_time_of_its_leases(
    tmp_path: Path, age_s: float, is_ended: bool, waited: bool
) -> None:
    """Unless its copied journal has its end; the copy's own time says when it was last told to go on."""
    head = JournalHead(ledger=bytes(8), run=3, process=2)
    with_end = Journal.create(tmp_path / "elsewhere", head)
    with_end.leased([1], 0, 2)
    if is_ended:
        with_end.end()
    copy = JournalCopy(tmp_path / "journal", head.file_name(NAME))
    copy.extend(0, with_end.path.read_bytes())
    copy.close()
    if not is_ended:
        with_end.close()
    path = tmp_path / "journal" / head.file_name(NAME)
    os.utime(path, (time.time() - age_s, time.time() - age_s))
    clock, expected = Clock(), pytest.raises(AccountsError) if waited else nullcontext()
    with expected:
        wait_for_stragglers(path.parent, patience_s=5.0, lease_s=30.0, clock=clock, sleep=clock.sleep)
    assert (clock.now_s > 0) is waited
