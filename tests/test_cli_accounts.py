"""`pwdload accounts`, as a person types it."""

import csv
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.processes import TENANT, Done

from pwdload.accounts.account import PasswordRef
from pwdload.accounts.entry import Event, Reason, Record
from pwdload.accounts.ledger import Ledger
from pwdload.accounts.ready import ready_accounts
from pwdload.cli import main
from pwdload.passwords import KEY_FILE, SECRET_VARIABLE

NOWHERE = "http://127.0.0.1:9"


@dataclass(frozen=True)
class Line:
    """A command line with an environment and a folder of its own."""

    folder: Path
    monkeypatch: pytest.MonkeyPatch
    capsys: pytest.CaptureFixture[str]

    @property
    def ledger(self) -> Path:
        return self.folder / "ledger"

    def __call__(self, *arguments: str | Path) -> Done:
        """Run `pwdload accounts ...` in this process."""
        self.monkeypatch.setattr(sys, "argv", ["pwdload", "accounts", *map(str, arguments)])
        try:
            main()
            code = 0
        except SystemExit as end:
            code = int(end.code or 0)
        out, err = self.capsys.readouterr()
        return Done(code, out, err)

    def lists(self, text: str) -> Path:
        path = self.folder / "accounts.csv"
        path.write_text(text)
        return path


@pytest.fixture
def pwdload(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Line:
    for name in (SECRET_VARIABLE, "PWDLOAD_PROXY", *TENANT):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("COLUMNS", "200")
    return Line(tmp_path, monkeypatch, capsys)


@contextmanager
def opened(path: Path) -> Iterator[Ledger]:
    ledger = Ledger.open(path)
    try:
        yield ledger
    finally:
        ledger.close()


def noted(path: Path, *records: Record) -> None:
    """Have things happen to the accounts of a ledger."""
    with opened(path) as ledger:
        ledger.begin_run()
        journal = ledger.journal(0)
        journal.append(records)
        journal.end()


def test_a_list_is_imported_once_and_its_passwords_nowhere(pwdload: Line) -> None:
    """Typing it again adds what is new; ledger and export hold no password."""
    path = pwdload.lists("user_name,password,state,tags\nann,Secret-of-ann,,red\nbob,Secret-of-bob,warning,\n")
    done = pwdload("import", pwdload.ledger, path, "--dry-run")
    assert (done.exit_code, done.out) == (
        0,
        f"{pwdload.ledger}: would add 2 of 2 listed accounts; 0 were there already\n",
    )
    assert not pwdload.ledger.exists()
    done = pwdload("import", pwdload.ledger, path)
    assert (done.exit_code, done.err) == (0, "")
    assert f"added 2 of 2 listed accounts; 0 were there already\nKeep {path}: the passwords" in done.out
    pwdload.lists(path.read_text() + "carl,Secret-of-carl,,\n")
    assert "added 1 of 3 listed accounts; 2 were there already" in pwdload("import", pwdload.ledger, path).out
    assert [name for name in pwdload.ledger.rglob("*") if name.is_file() and b"Secret" in name.read_bytes()] == []
    rows = list(csv.DictReader(pwdload("export", pwdload.ledger).out.splitlines()))
    assert [(row["user_name"], row["state"], row["status"], row["tags"]) for row in rows] == [
        ("ann", "expired", "ready", "red"),
        ("bob", "warning", "ready", ""),
        ("carl", "expired", "ready", ""),
    ]
    assert not [value for row in rows for value in row.values() if "Secret" in value]


def test_every_mistake_of_a_list_is_told_and_nothing_is_made(pwdload: Line) -> None:
    """Exit code 2, a line for each mistake, and no half ledger."""
    done = pwdload("import", pwdload.ledger, pwdload.lists("user_name,password\nann,p\nann,p\nbob,\n"))
    assert done.exit_code == 2
    assert [line.rpartition(".csv: ")[2].partition(":")[0] for line in done.err.splitlines()] == ["line 3", "line 4"]
    assert not pwdload.ledger.exists()


def test_status_says_how_accounts_are_and_what_to_do_next(pwdload: Line) -> None:
    """Counts by status and state, doubts, names of the retired, and the command to type."""
    names = "".join(f"u{n},Pw-{n}-abc,{'warning' if n > 7 else ''}\n" for n in range(10))
    pwdload("import", pwdload.ledger, pwdload.lists(f"user_name,password,state\n{names}"), "--host", NOWHERE)
    assert f"Next: pwdload run SCENARIO --accounts {pwdload.ledger} --host {NOWHERE}" in (
        pwdload("status", pwdload.ledger).out
    )
    new = PasswordRef(1)
    noted(
        pwdload.ledger,
        *(Record(Event.INTENT, account=n, ref=new) for n in range(3)),
        Record(Event.APPLIED, account=0, ref=new),
        *(Record(Event.RETIRED, account=n, note=Reason.LOCKED) for n in (3, 4, 5, 6)),
        Record(Event.RETIRED, account=8, note=Reason.DISABLED),
    )
    lines = pwdload("status", pwdload.ledger).out.splitlines()
    assert lines[0] == f"{pwdload.ledger}: 10 accounts of {NOWHERE}"
    assert lines[3:8] == [
        "  status    expired  warning  all",
        "  ready           1        1    2",
        "  used            1        0    1",
        "  in doubt        2        0    2",
        "  retired         4        1    5",
    ]
    assert lines[9].startswith("In doubt: 2, the oldest for ")
    assert lines[10:12] == ["Retired: disabled: 1 (u8)", "Retired: locked: 4 (u3, u4, u5, ...)"]
    assert lines[12].startswith(f"Next: pwdload accounts settle {pwdload.ledger}   (nobody knows")
    shown = json.loads(pwdload("status", pwdload.ledger, "--json").out)
    assert shown["by_status"]["unknown"] == {"expired": 2}
    assert shown["retired"]["locked"] == {"count": 4, "first": ["u3", "u4", "u5"]}
    assert (shown["in_doubt"], shown["accounts"], shown["damages"]) == (2, 10, [])
    assert ready_accounts(pwdload.ledger) == {"expired": 1, "warning": 1}


def test_status_names_damage_and_what_it_means(pwdload: Line) -> None:
    """A journal that was cut is told by its name, at every look, and nothing is changed by looking."""
    pwdload("import", pwdload.ledger, pwdload.lists("user_name,password\nann,p\nbob,p\n"))
    with opened(pwdload.ledger) as ledger:
        ledger.begin_run()
        journal = ledger.journal(0)
        journal.append([Record(Event.RETIRED, account=n, note=Reason.LOCKED) for n in (0, 1)])
        path = journal.path
        journal.close()
    path.write_bytes(path.read_bytes()[:-10])
    for _ in range(2):
        lines = pwdload("status", pwdload.ledger).out.splitlines()
        assert [line for line in lines if line.startswith("Damage: ") and path.name in line]
        assert "  retired        1        0    1" in lines


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["status"], "no ledger there; make one with"),
        (["settle"], "no ledger there; make one with"),
        (["create", "--count", "5"], "PWDLOAD_TENANT_CLIENT_ID and PWDLOAD_TENANT_CLIENT_SECRET: not set"),
        (["delete", "--yes"], "no ledger there"),
    ],
)
def test_what_cannot_be_begun_is_one_line_and_leaves_nothing(pwdload: Line, arguments: list[str], said: str) -> None:
    """A wrong path or a missing credential is told with the remedy."""
    command, *options = arguments
    done = pwdload(command, pwdload.ledger, *options)
    assert done.exit_code == 2
    assert said in done.err
    assert len(done.err.splitlines()) == 1
    assert not pwdload.ledger.exists()


@pytest.mark.parametrize("command", ["create", "import"])
def test_a_host_that_nobody_has_allowed_is_refused_before_anything_is_made(pwdload: Line, command: str) -> None:
    """The rule is that of a run: loopback, or named."""
    for name, value in TENANT.items():
        pwdload.monkeypatch.setenv(name, value)
    path = pwdload.lists("user_name,password\nann,p\n")
    options = ["--count", "5"] if command == "create" else [path]
    done = pwdload(command, pwdload.ledger, *options, "--host", "https://staging.example.com")
    assert done.exit_code == 2
    assert "not named as a target" in done.err
    assert "--allow-host staging.example.com" in done.err
    assert not pwdload.ledger.exists()


def test_a_target_that_looks_like_production_wants_its_name_typed(pwdload: Line) -> None:
    """Where nobody is there to type it, it is refused in one line, before anything is made or sent."""
    for name, value in TENANT.items():
        pwdload.monkeypatch.setenv(name, value)
    host = ("--host", "https://id.example.com", "--allow-host", "id.example.com")
    done = pwdload("create", pwdload.ledger, "--count", "5", *host)
    assert done.exit_code == 2
    assert "--yes-this-is id.example.com" in done.err
    assert len(done.err.splitlines()) == 1
    assert not pwdload.ledger.exists()


def test_a_ledger_of_one_target_is_not_used_at_another(pwdload: Line) -> None:
    """Passwords of staging tried at another service would lock somebody's accounts."""
    pwdload("import", pwdload.ledger, pwdload.lists("user_name,password\nann,p\n"), "--host", NOWHERE)
    done = pwdload("settle", pwdload.ledger, "--host", "http://127.0.0.1:10")
    assert done.exit_code == 2
    assert f"its accounts are those of host {NOWHERE}, not of http://127.0.0.1:10" in done.err


def test_another_secret_is_refused(pwdload: Line) -> None:
    """Passwords that are derived from it would all be wrong."""
    pwdload("import", pwdload.ledger, pwdload.lists("user_name,password\nann,p\n"), "--host", NOWHERE)
    assert pwdload("settle", pwdload.ledger).exit_code == 0
    pwdload.monkeypatch.setenv(SECRET_VARIABLE, "another secret than that of the key file")
    done = pwdload("settle", pwdload.ledger)
    assert done.exit_code == 2
    assert "another run secret" in done.err
    assert "another secret than" not in done.err


def test_a_lost_key_is_not_replaced(pwdload: Line) -> None:
    """With a new secret no changed account could be opened, and tries would lock them."""
    path = pwdload.lists("user_name,password\nann,p\n")
    pwdload("import", pwdload.ledger, path, "--host", NOWHERE)
    (pwdload.ledger / KEY_FILE).unlink()
    for command, *more in (["settle"], ["import", path]):
        done = pwdload(str(command), pwdload.ledger, *more)
        assert done.exit_code == 2
        assert "put the file back" in done.err
    assert not (pwdload.ledger / KEY_FILE).exists()


def test_a_ledger_in_use_is_named_and_can_still_be_looked_at(pwdload: Line) -> None:
    """Two commands at once would write over one another."""
    pwdload("import", pwdload.ledger, pwdload.lists("user_name,password\nann,p\n"), "--host", NOWHERE)
    with opened(pwdload.ledger):
        done = pwdload("settle", pwdload.ledger)
        assert done.exit_code == 2
        assert "in use by process" in done.err
        assert pwdload("status", pwdload.ledger).exit_code == 0


@pytest.mark.parametrize(
    ("option", "value"), [("--rate", "20"), ("--rate", "0/s"), ("--lock-wait", "3"), ("--concurrency", "0")]
)
def test_a_value_without_its_unit_is_refused(pwdload: Line, option: str, value: str) -> None:
    """Units are those of a scenario."""
    done = pwdload("settle", pwdload.ledger, option, value)
    assert done.exit_code == 2
    assert option in done.err


def test_nothing_in_doubt_needs_no_target(pwdload: Line) -> None:
    """Settling to be on the safe side is quick, quiet and sends nothing."""
    pwdload("import", pwdload.ledger, pwdload.lists("user_name,password\nann,p\n"), "--host", NOWHERE)
    done = pwdload("settle", pwdload.ledger)
    assert (done.exit_code, done.err) == (0, "")
    assert done.out == "applied 0, not applied 0, neither 0, still unknown 0\n"


def test_an_export_replaces_its_file_only_when_it_is_whole(pwdload: Line) -> None:
    """A program that reads it never finds half of it."""
    pwdload("import", pwdload.ledger, pwdload.lists("user_name,password\nann,p\nbob,p\n"))
    out = pwdload.folder / "out.json"
    assert pwdload("export", pwdload.ledger, "--json", "--out", out).out == f"Written: {out}\n"
    assert [json.loads(line)["user_name"] for line in out.read_text().splitlines()] == ["ann", "bob"]
    assert sorted(path.name for path in pwdload.folder.iterdir()) == ["accounts.csv", "ledger", "out.json"]


def test_removing_asks_where_nobody_said_yes(pwdload: Line) -> None:
    """A script that forgot --yes removes nothing."""
    for name, value in TENANT.items():
        pwdload.monkeypatch.setenv(name, value)
    pwdload("import", pwdload.ledger, pwdload.lists("user_name,password\nann,p\n"), "--host", NOWHERE)
    assert "would remove 0 accounts" in pwdload("delete", pwdload.ledger, "--dry-run").out
    assert "would remove 1 accounts" in pwdload("delete", pwdload.ledger, "--even-imported", "--dry-run").out
    done = pwdload("delete", pwdload.ledger, "--even-imported")
    assert done.exit_code == 2
    assert "give --yes" in done.err
