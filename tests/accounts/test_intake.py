"""Lists taken into ledgers, and listed passwords found again."""

from pathlib import Path

import pytest

from pwdload.accounts.account import PasswordRef
from pwdload.accounts.entry import Entry, Kind, Status
from pwdload.accounts.intake import ListedPasswordBook, take_in
from pwdload.accounts.ledger import Ledger
from pwdload.accounts.ready import ledger_directory, ready_accounts
from pwdload.accounts.source import read_accounts_csv
from pwdload.errors import AccountsError
from pwdload.passwords import PasswordBook

BOOK = PasswordBook(b"a secret of the test")


def listed(path: Path, *names: str) -> Path:
    rows = "".join(f"{name},first-of-{name},before-{name}\n" for name in names)
    path.write_text(f"user_name,password,previous_password\n{rows}")
    return path


def in_doubt(name: str, older: int, *, is_ours: bool = False) -> Entry:
    return Entry(
        index=0,
        user_name=name,
        status=Status.UNKNOWN,
        in_force=PasswordRef(older),
        newest=older,
        doubt=PasswordRef(older + 1),
        doubt_kind=Kind.CHANGE,
        status_before=Status.READY,
        is_ours=is_ours,
    )


def test_accounts_of_a_list_keep_their_place_and_what_happened_to_them(tmp_path: Path) -> None:
    """An index is a place in the file as long as nothing was there before; a longer list adds at the end."""
    path = listed(tmp_path / "a.csv", "ann", "bob")
    ledger = Ledger.open(ledger_directory(path), create=True)
    seen: list[int] = []
    assert take_in(ledger, read_accounts_csv(path), path, seen.append) == 2
    ledger.put([Entry(index=1, user_name="bob", status=Status.CHANGED, in_force=PasswordRef(1), newest=1)])
    assert take_in(ledger, read_accounts_csv(listed(path, "carl", "bob", "ann", "dora")), path) == 2
    assert [(entry.user_name, entry.status) for entry in ledger.entries()] == [
        ("ann", Status.READY),
        ("bob", Status.CHANGED),
        ("carl", Status.READY),
        ("dora", Status.READY),
    ]
    assert seen == []  # told now and then only
    with pytest.raises(AccountsError, match="another ledger"):
        take_in(ledger, read_accounts_csv(path), listed(tmp_path / "b.csv", "eve"))
    ledger.close()


def test_what_is_ready_is_told_by_the_ledger_where_there_is_one(tmp_path: Path) -> None:
    """A list says what was there once, its ledger what is left."""
    path = listed(tmp_path / "a.csv", "ann", "bob")
    assert ready_accounts(path) == {"expired": 2, "warning": 0}
    ledger = Ledger.open(tmp_path / "a.ledger", create=True)
    take_in(ledger, read_accounts_csv(path), path)
    ledger.put([Entry(index=1, user_name="bob", status=Status.CHANGED)])
    ledger.close()
    for named in (ready_accounts(path), ready_accounts(tmp_path / "a.ledger")):
        assert named == {"expired": 1, "warning": 0}
    assert ready_accounts(path, tmp_path / "elsewhere") == {"expired": 2, "warning": 0}


def test_an_account_in_doubt_is_tried_with_its_listed_passwords(tmp_path: Path) -> None:
    """Generation 0 of an imported account is in the list only."""
    book = ListedPasswordBook(listed(tmp_path / "a.csv", "ann"))
    account = book.account(in_doubt("ann", 0))
    assert [account.password(BOOK, n) for n in (-1, 0, 1)] == ["before-ann", "first-of-ann", BOOK.password("ann", 1)]


def test_the_list_is_read_only_where_it_is_needed(tmp_path: Path) -> None:
    """Accounts that we made, or have changed twice, need no list; one that is not there is no matter then."""
    book = ListedPasswordBook(tmp_path / "not there.csv")
    assert book.account(in_doubt("ann", 1)).generation == 1
    assert book.account(in_doubt("ann", 0, is_ours=True)).generation == 0
    assert book.account(Entry(index=0, user_name="ann", status=Status.CHANGED)).generation == 0
    with pytest.raises(AccountsError, match="cannot be read"):
        book.account(in_doubt("ann", 0))


@pytest.mark.parametrize("names", [(), ("bob",)])
def test_a_password_that_nobody_knows_is_never_made_up(tmp_path: Path, names: tuple[str, ...]) -> None:
    """A wrong one would be a failed attempt, and tell nothing."""
    book = ListedPasswordBook(listed(tmp_path / "a.csv", *names) if names else None)
    with pytest.raises(LookupError, match="ann"):
        book.account(in_doubt("ann", 0))
