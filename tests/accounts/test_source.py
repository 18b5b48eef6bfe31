"""Where accounts come from."""

import csv
from pathlib import Path

import pytest

from pwdload.accounts.source import made_up_accounts, read_accounts_csv
from pwdload.errors import AccountsError
from pwdload.passwords import PasswordBook, PasswordPolicy

BOOK = PasswordBook(b"a secret of the test", PasswordPolicy())


def test_made_up_accounts_are_the_same_in_every_process_and_distinct() -> None:
    """A worker that is told places finds the same accounts as the stand-in was seeded with."""
    source = made_up_accounts(100, 0.25)
    assert source.sizes == {"expired": 75, "warning": 25}
    every = [account for state, size in source.sizes.items() for account in source.accounts(state, range(size))]
    assert len({account.index for account in every}) == len({account.user_name for account in every}) == 100
    assert source.accounts("warning", range(3, 5)) == source.accounts("warning", range(25))[3:5]


def test_the_stand_in_is_seeded_with_the_passwords_that_the_flows_will_use() -> None:
    """Current and earlier password in the seed are those of generation 1 and 0."""
    source = made_up_accounts(4, 0.5)
    rows = list(csv.DictReader(source.seed_csv(BOOK)))
    assert [row["state"] for row in rows] == ["expired", "expired", "warning", "warning"]
    for row, account in zip(
        rows, [a for s in ("expired", "warning") for a in source.accounts(s, range(2))], strict=True
    ):
        assert row["user_name"] == account.user_name
        assert row["password"] == account.password(BOOK, account.generation)
        assert row["previous_password"] == account.password(BOOK, account.generation - 1)


def test_a_csv_gives_its_accounts_with_their_own_passwords(tmp_path: Path) -> None:
    """Generation 0 is the password of the file, later ones are derived."""
    path = tmp_path / "accounts.csv"
    path.write_bytes('\ufeffuser_name,password,previous_password,state\nann,"p,1",old,\nbob,p2,,warning\n'.encode())
    source = read_accounts_csv(path)
    assert source.sizes == {"expired": 1, "warning": 1}
    (ann,), (bob,) = source.accounts("expired", range(1)), source.accounts("warning", range(1))
    assert [ann.password(BOOK, n) for n in (-1, 0, 1)] == ["old", "p,1", BOOK.password("ann", 1)]
    with pytest.raises(LookupError):
        bob.password(BOOK, -1)
    assert source.all_have_history  # bob's does not count: only expired accounts play cases that need it


def test_a_listed_account_never_shows_its_password() -> None:
    """An account that ends up in a log or a traceback gives nothing away."""
    source = made_up_accounts(1, 0)
    (account,) = source.accounts("expired", range(1))
    assert account.password(BOOK, 1) not in repr(account)
    assert "a secret of the test" not in repr(BOOK)


def test_every_wrong_line_is_named_at_once(tmp_path: Path) -> None:
    """A person mends the whole file in one go."""
    path = tmp_path / "accounts.csv"
    path.write_text("user_name,password,state\nann,p\nann,p\n ,p\nbob,\ncarl,p,lost\n")
    with pytest.raises(AccountsError) as error:
        read_accounts_csv(path)
    lines = str(error.value).splitlines()
    assert [line.split(": ")[1] for line in lines] == ["line 3", "line 4", "line 5", "line 6"]
    assert "first on line 2" in lines[0]
    assert "allowed: expired, warning" in lines[3]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "no column user_name"),
        (b"name,password\n", "no column user_name"),
        (b"user_name\n", "no column password"),
        (b"user_name,password\n", "no accounts in it"),
        (b"user_name,password\nann,p\nb\xff,p\n", "line 3: not UTF-8"),
    ],
)
def test_an_unusable_csv_is_one_clear_line(tmp_path: Path, content: bytes, said: str) -> None:
    """Each way of being no list of accounts is told with its place."""
    path = tmp_path / "accounts.csv"
    path.write_bytes(content)
    with pytest.raises(AccountsError, match=said) as error:
        read_accounts_csv(path)
    assert str(error.value).startswith(str(path))


def test_a_missing_csv_is_one_clear_line(tmp_path: Path) -> None:
    """A wrong path says where to name the right one."""
    with pytest.raises(AccountsError, match=r"\[accounts\] source"):
        read_accounts_csv(tmp_path / "no.csv")
