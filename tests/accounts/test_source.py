"""Where accounts come from."""

import csv
import tracemalloc
from pathlib import Path
from tempfile import TemporaryDirectory
from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pwdload.accounts.source import ListedAccount, made_up_accounts, read_accounts_csv
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


def problems_of(tmp_path: Path, content: bytes) -> list[str]:
    """Return what is said of a file that is wrong, without its name."""
    path = tmp_path / "accounts.csv"
    path.write_bytes(content)
    with pytest.raises(AccountsError) as error:
        read_accounts_csv(path)
    lines = str(error.value).splitlines()
    assert all(line.startswith((f"{path}: ", "and ")) for line in lines)
    return [line.removeprefix(f"{path}: ") for line in lines]


def test_every_wrong_line_is_named_at_once(tmp_path: Path) -> None:
    """A person mends the whole file in one go: one kind of damage hides nothing of the others."""
    content = (
        b"user_name,password,state\n"
        b"ann,p,\n"
        b"ann,p,\n"  # 3
        b" ,p,\n"
        b"bob,,\n"
        b"carl,p,lost\n"
        b"d\xff,p,\n"  # 7
        b'eve,"p,\n'
        b'fred,"p"q,\n'
        b"gus,p\x00,\n"
        b"hal,p\n"  # 11
        b"ida,p,,,\n"
        b"\n"
        b" jo,p,warning\n"
        b"bob,p,\n"  # 15: the first bob was no better, but is the first
        b"d\xff,p,later\n"
    )
    assert problems_of(tmp_path, content) == [
        "line 3: user_name 'ann' again, first on line 2; remove one",
        "line 4: blank user_name; give one or remove the line",
        "line 5: blank password of 'bob'; give one or remove the line",
        "line 6: state 'lost'; allowed: expired, warning, or blank for expired",
        "line 7: not UTF-8 in user_name; save the file as UTF-8",
        'line 8: a quote (") is left open; close it, or write it twice where it is part of a value',
        'line 9: a quote (") inside a quoted value; write it twice, and put the whole value in quotes',
        "line 10: a NUL byte in password; the file is damaged, or no text",
        "line 11: 2 values where the first line names 3 columns; is the line cut off?",
        "line 12: 5 values where the first line names 3 columns; put a value that has a comma in quotes",
        "line 14: user_name ' jo' has a blank at its start or end; remove it",
        "line 15: user_name 'bob' again, first on line 5; remove one",
        "line 16: not UTF-8 in user_name; save the file as UTF-8",
        "line 16: state 'later'; allowed: expired, warning, or blank for expired",
    ]


def test_a_file_full_of_problems_shows_the_first_and_counts_the_others(tmp_path: Path) -> None:
    """A screen is not flooded, and nobody thinks that twenty mended lines were all."""
    rows = [f"u{n},p" for n in range(5_000)] + [f"u{n}," for n in range(3_000)]
    lines = problems_of(tmp_path, "\n".join(["user_name,password", *rows]).encode())
    assert len(lines) == 21
    assert lines[:2] == [
        "line 5002: blank password of 'u0'; give one or remove the line",
        "line 5002: user_name 'u0' again, first on line 2; remove one",
    ]
    assert lines[20] == "and 5,980 more"


@given(st.data())
def test_no_damage_hides_another(data: st.DataObject) -> None:
    """Lines that are wrong in ways of their own, in any order: each is named, and no other."""
    wrong = {
        b"\xff,p,": "UTF-8",
        b'x,"p,': "left open",
        b"y,,": "blank password",
        b"z,p": "cut off",
        b",p,": "blank user",
    }
    kinds = data.draw(st.lists(st.sampled_from([None, *wrong]), min_size=1, max_size=30).filter(any))
    rows = [kind if kind is not None else b"good%d,p,expired" % place for place, kind in enumerate(kinds)]
    rows = [row.replace(b"y,", b"y%d," % place) for place, row in enumerate(rows)]
    with TemporaryDirectory() as folder:
        found = problems_of(Path(folder), b"\n".join([b"user_name,password,state", *rows]))
    expected = [(place, wrong[kind]) for place, kind in enumerate(kinds, 2) if kind is not None]
    assert len(found) == len(expected) - max(len(expected) - 20, 0) + (len(expected) > 20)
    for line, (number, said) in zip(found, expected[:20], strict=False):
        assert line.startswith(f"line {number}: ")
        assert said in line


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "line 1: no column user_name"),
        (b"name,password\n", "line 1: no column user_name"),
        (b"user_name\n", "line 1: no column password"),
        (b"user_name,password\n", "no accounts in it"),
        (b"user_name,password\nann,p\nb\xff,p\n", "line 3: not UTF-8"),
        (b"user_name;password\nann;p\n", "line 1: values are parted by semicolons; save the file with commas"),
        ("user_name,password\nann,p\n".encode("utf-16"), "line 1: UTF-16"),
        (b"user_name,password,password\n", "line 1: column password twice"),
        (b"user_name,password,\n", "line 1: column 3 is unknown"),
    ],
)
def test_an_unusable_csv_is_told_with_its_place(tmp_path: Path, content: bytes, said: str) -> None:
    """Each way of being no list of accounts is told with its place."""
    assert problems_of(tmp_path, content)[0].startswith(said)


def test_a_mistyped_column_is_told_with_the_right_one(tmp_path: Path) -> None:
    """Nothing that a person wrote is silently left out."""
    lines = problems_of(tmp_path, b"user_name,Pass word,prev_password,tennant\nann,p,q,r\n")
    assert lines[0].startswith("line 1: no column password; the first line names them: user_name,password,")
    assert [line.rpartition("; ")[2] for line in lines[1:]] == [
        "did you mean password?",
        "did you mean previous_password?",
        "did you mean tenant?",
    ]


def test_a_file_without_header_never_shows_its_first_password(tmp_path: Path) -> None:
    """The line that is complained about is an account, and ends up in somebody's terminal or ticket."""
    said = "\n".join(problems_of(tmp_path, b"ann,Passw0rd-of-ann\nbob,Passw0rd-of-bob\n"))
    assert "no column user_name" in said
    assert "column 2 is unknown" in said
    assert "Passw0rd" not in said


@given(
    st.lists(
        st.tuples(
            st.text(st.characters(exclude_categories=["Cs", "Cc", "Zs", "Zl", "Zp"]), min_size=1, max_size=8),
            st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\r\n"), min_size=1, max_size=12),
            st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\r\n"), max_size=12),
            st.sampled_from(["", "expired", "warning"]),
        ),
        unique_by=lambda row: row[0],
        min_size=1,
        max_size=20,
    )
)
def test_whatever_is_listed_is_found_again_by_name(rows: list[tuple[str, str, str, str]]) -> None:
    """Quotes, commas and letters of any script: each password comes back as it was written."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "accounts.csv"
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(("user_name", "password", "previous_password", "state"))
            writer.writerows(rows)
        listed = read_accounts_csv(path)
    assert [(row.user_name, row.state) for row in listed] == [(name, state or "expired") for name, _, _, state in rows]
    for name, password, previous, _ in rows:
        assert listed.passwords(name) == (password, previous or None)
    with pytest.raises(LookupError):
        listed.passwords("nobody of that name")


def test_every_column_of_a_list_is_kept(tmp_path: Path) -> None:
    """Tenant, device and tags travel with the account, whatever the order of the columns."""
    path = tmp_path / "accounts.csv"
    path.write_text("tags,user_name,device,password,tenant\nred;blue,ann,phone,secret-1,t1\n,bob,,secret-2,\n")
    listed = read_accounts_csv(path)
    assert len(listed) == 2
    assert list(listed) == [
        ListedAccount(place=0, user_name="ann", state="expired", tenant="t1", device="phone", tags="red;blue"),
        ListedAccount(place=1, user_name="bob", state="expired", tenant="", device="", tags=""),
    ]
    assert not listed.all_have_history
    assert "secret" not in repr(listed.passwords("ann"))


@pytest.mark.slow
def test_a_million_accounts_are_read_in_seconds(tmp_path: Path) -> None:
    """A tenth of them in a tenth of the 10 s that the whole may take, and in a tenth of 400 MB."""
    path = tmp_path / "accounts.csv"
    with path.open("w") as file:
        file.write("user_name,password,previous_password,state,tenant,device,tags\n")
        file.writelines(f"user{n:07d}@example.com,Pw-{n:012x}X,Old-{n:010x}Y,,t1,d{n},a;b\n" for n in range(100_000))
    tracemalloc.start()
    read_accounts_csv(path)
    _, peak_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak_bytes < 40e6
    begun_s = process_time()
    listed = read_accounts_csv(path)
    assert process_time() - begun_s < 1.0
    assert listed.passwords("user0099999@example.com").password == f"Pw-{99_999:012x}X"


def test_a_missing_csv_is_one_clear_line(tmp_path: Path) -> None:
    """A wrong path says where to name the right one."""
    with pytest.raises(AccountsError, match=r"\[accounts\] source"):
        read_accounts_csv(tmp_path / "no.csv")
