"""What becomes of an account that was used: once, in the time of warning, or put back while the load goes on."""

import json
from collections import Counter
from http.client import HTTPConnection
from pathlib import Path

import pyarrow.compute as pc
import pytest
from tests.e2e.runs import QUIET, findings, latest, open_scenario, samples, two_processes
from tests.processes import SECRET, TENANT, locust, pwdload, standin

from pwdload.accounts.entry import Entry, Status
from pwdload.accounts.ledger import Ledger
from pwdload.api.digest import token_digest
from pwdload.endings import read_endings
from pwdload.outcome import Verdict
from pwdload.passwords import PasswordBook
from pwdload.rundir import AccountsRecord, RunDirectory

pytestmark = pytest.mark.e2e

MIX = "valid_change = 7\nchange_then_login = 1\nnew_password_from_history = 1\nwrong_old_password_then_right = 1"
REARM = '\n[accounts]\ncount = 60\nreuse = "rearm"\nrearm_rate = "200/s"\n'
WARN = '\n[accounts]\ncount = 60\nreuse = "warn"\nfsync = "group"\n'
BOOK = PasswordBook(SECRET.encode())


def ledger_of(run: RunDirectory) -> AccountsRecord:
    """Return what a run's record says of its accounts."""
    ledger = run.read_record().ledger
    assert ledger is not None
    return ledger


def accounts_csv(folder: Path, count: int) -> tuple[str, str]:
    """Write a list of accounts, and return its path and what a stand-in is seeded from."""
    lines = [
        f"u{n:04d},{BOOK.password(f'u{n:04d}', 50)},{BOOK.password(f'u{n:04d}', 49)},expired" for n in range(count)
    ]
    text = "\n".join(["user_name,password,previous_password,state", *lines, ""])
    path = folder / "accounts.csv"
    path.write_text(text)
    return str(path), text


def opens(url: str, user_name: str, password: str) -> bool:
    """Whether a password opens an account, by the stand-in's own look at it."""
    connection = HTTPConnection(url.removeprefix("http://"), timeout=5)
    body = json.dumps({"password": password})
    connection.request("POST", f"/standin/accounts/{user_name}", body, {"Content-Type": "application/json"})
    answer = json.loads(connection.getresponse().read())
    connection.close()
    return bool(answer["opens"])


def entries(ledger: Path) -> list[Entry]:
    """Return all accounts of a ledger."""
    view = Ledger.read(ledger)
    found = list(view.entries())
    view.close()
    return found


@pytest.mark.parametrize(
    ("accounts", "processes"),
    [
        pytest.param(REARM, 2, id="rearm, two workers"),
        pytest.param(WARN, 1, id="warn, alone", marks=pytest.mark.slow),
        pytest.param(REARM, 1, id="rearm, alone", marks=pytest.mark.slow),
        pytest.param(WARN, 2, id="warn, two workers", marks=pytest.mark.slow),
    ],
)
def test_few_accounts_serve_many_changes(tmp_path: Path, accounts: str, processes: int) -> None:
    """60 accounts, 150 changes and more: all right, and every account ready again; an account is never in two hands."""
    scenario = open_scenario(tmp_path, rate='"50/s"', slots=20, mix=MIX, after=accounts)
    more = two_processes() if processes == 2 else []
    done = locust("--scenario", scenario, "--headless", *more, *QUIET, cwd=tmp_path)
    run = latest(tmp_path)
    table, ledger = samples(run), ledger_of(run)
    load = table.filter(pc.not_equal(table["step"], "rearm"))
    assert set(load["outcome"].to_pylist()) == {"right_accept", "right_reject"}, done.err
    assert ledger.changed > 150
    assert (ledger.ready_before, ledger.unknown_left, ledger.retired) == (60, 0, 0)
    if "rearm" in accounts:
        aside = table.filter(pc.equal(table["step"], "rearm"))
        assert set(aside["outcome"].to_pylist()) == {"right_accept"}
        assert ledger.rearmed <= ledger.changed
        assert ledger.ready_after == 60 - (ledger.changed - ledger.rearmed)
    else:
        assert ledger.ready_after == 60
    wrong = {check: verdict for check, verdict in findings(run).items() if verdict is Verdict.CORRECTNESS_FAILED}
    assert not wrong


def test_a_second_run_goes_on_from_where_the_first_has_ended(tmp_path: Path) -> None:
    """Used accounts stay used up, from run to run, and what the ledger says opens each of them."""
    path, text = accounts_csv(tmp_path, 300)
    scenario = open_scenario(tmp_path, rate='"30/s"', slots=20, length="3s", mix=MIX)
    with standin("--set", "hash_algorithm=sha256", seed_csv=text) as url:
        command = ("--scenario", scenario, "--headless", "--host", url, "--accounts", path, *QUIET)
        first = locust(*command, cwd=tmp_path)
        before = ledger_of(latest(tmp_path))
        locust(*command, cwd=tmp_path)
        after = ledger_of(latest(tmp_path))
        assert before.ready_before == 300, first.err
        assert after.ready_before == before.ready_after == 300 - before.changed
        ours = entries(tmp_path / "accounts.ledger")
        assert sum(entry.status is Status.CHANGED for entry in ours) == before.changed + after.changed > 100
        for entry in ours:
            generation = entry.in_force.generation
            password = BOOK.password(entry.user_name, generation or 50)
            assert opens(url, entry.user_name, password)
        third = locust(*command, cwd=tmp_path, secret="another secret, of somebody else")
        assert third.exit_code == 2
        assert "another run secret" in third.err


def test_doubt_is_settled_at_the_end(tmp_path: Path) -> None:
    """A target that is often slower than the time-out applies what it no longer answers; settling finds that out."""
    path, text = accounts_csv(tmp_path, 100)
    scenario = open_scenario(tmp_path, rate='"20/s"', slots=60, length="2s", mix="valid_change = 1")
    Path(scenario).write_text(Path(scenario).read_text().replace("[target]", '[target]\ntimeout = "500ms"'))
    settings = ("hash_algorithm=sha256", "servers=60", "service_time=exponential", "service_mean_s=0.25")
    slow = [word for setting in settings for word in ("--set", setting)]
    with standin(*slow, seed_csv=text) as url:
        command = ("--scenario", scenario, "--headless", "--host", url, "--accounts", path, *QUIET)
        done = locust(*command, cwd=tmp_path)
        ledger = ledger_of(latest(tmp_path))
        assert ledger.doubtful > 0, done.err
        assert ledger.settled is not None
        told = ledger.settled.applied + ledger.settled.not_applied
        assert (told, ledger.unknown_left) == (ledger.doubtful, 0)
        table = read_endings(latest(tmp_path).endings_file)
        assert table is not None
        settled = Counter(table["settled"].to_pylist())
        assert (settled["applied"], settled["not_applied"]) == (ledger.settled.applied, ledger.settled.not_applied)
        for entry in entries(tmp_path / "accounts.ledger"):
            generation = entry.in_force.generation
            assert opens(url, entry.user_name, BOOK.password(entry.user_name, generation or 50))


def test_what_a_killed_run_has_left_in_doubt_is_settled_by_the_next(tmp_path: Path) -> None:
    """It logs in first, says so, and no account is lost between the two."""
    path, text = accounts_csv(tmp_path, 60)
    scenario = open_scenario(tmp_path, rate='"20/s"', slots=20, length="1s", mix="valid_change = 1")
    folder = tmp_path / "first"
    with standin("--set", "hash_algorithm=sha256", "--db", str(tmp_path / "s.db"), seed_csv=text) as url:
        command = ("--scenario", scenario, "--headless", "--host", url, "--accounts", path, *QUIET)
        pwdload("accounts", "import", str(tmp_path / "accounts.ledger"), path, "--host", url)
        ledger = Ledger.open(tmp_path / "accounts.ledger", secret_digest=BOOK.digest)
        ledger.begin_run()
        journal = ledger.journal(0, "killed")
        doubtful = ledger.accounts(ledger.ready("expired")[:5])
        journal.leased([one.index for one in doubtful], 0, 0)
        for account in doubtful:
            journal.intend(account, account.next, token_digest("token"))
        journal.close()
        ledger.close()
        folder.mkdir()
        done = locust(*command, cwd=folder)
    record = ledger_of(latest(folder))
    assert "5 of an earlier run are in doubt" in done.err, done.err
    assert record.settled_before is not None
    assert (record.settled_before.not_applied, record.unknown_left) == (5, 0)


def test_rearming_needs_credentials_before_anything_is_sent(tmp_path: Path) -> None:
    """One line that names the variables; exit 2."""
    path, _ = accounts_csv(tmp_path, 5)
    scenario = open_scenario(tmp_path, mix="valid_change = 1", after='\n[accounts]\nreuse = "rearm"\n')
    done = locust(
        "--scenario", scenario, "--headless", "--host", "http://127.0.0.1:9", "--accounts", path, cwd=tmp_path
    )
    assert done.exit_code == 2
    assert all(name in done.err for name in TENANT)
    assert pwdload("plan", scenario).exit_code == 0


def test_a_policy_that_login_announces_otherwise_is_told_once(tmp_path: Path) -> None:
    """The scenario says 18 characters at most, the target 40: the report says both, whoever has met it."""
    scenario = open_scenario(tmp_path, length="1s", rate='"30/s"', after="\n[standin]\npassword_length_max = 40\n")
    done = locust("--scenario", scenario, "--headless", *two_processes(), *QUIET, cwd=tmp_path)
    notes = latest(tmp_path).read_record().notes
    told = [note for note in notes if "announces another password policy" in note]
    assert len(told) == 1, done.err
    assert "maxLength is 40, and [password_policy] max_length is 18" in told[0]
