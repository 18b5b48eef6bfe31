"""`pwdload accounts` as processes against the stand-in: killed, broken off, typed again."""

import json
import random
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from tests.processes import TENANT, TO_THEIR_END, Done, environment, standin

from pwdload.accounts.account import PasswordRef
from pwdload.accounts.entry import Event, Record
from pwdload.accounts.journal import first_lease
from pwdload.accounts.ledger import Ledger
from pwdload.accounts.source import read_accounts_csv
from pwdload.api.connections import Connections
from pwdload.api.tenant import Credentials, TenantClient, TenantUser
from pwdload.passwords import PasswordBook, ledger_secret
from pwdload.scenario import default_scenario

pytestmark = pytest.mark.e2e

FAST = ("--rate", "400/s", "--concurrency", "8")


@pytest.fixture(name="url")
def running_standin() -> Iterator[str]:
    with standin("--set", "hash_algorithm=sha256") as url:
        yield url


def start(*arguments: str | Path, warm: Iterable[str] = ()) -> "subprocess.Popen[str]":
    """Start `pwdload accounts ...` without a run secret in its environment: it makes a key file."""
    return subprocess.Popen(
        [sys.executable, "-m", "pwdload", "accounts", *map(str, arguments)],
        env=environment("", TENANT, warm),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def accounts(*arguments: str | Path) -> Done:
    """Run `pwdload accounts ...` to its end."""
    process = start(*arguments, warm=TO_THEIR_END)
    out, err = process.communicate(timeout=60)
    return Done(process.returncode, out, err)


def shown(ledger: Path) -> dict[str, object]:
    parsed: dict[str, object] = json.loads(accounts("status", ledger, "--json").out)
    return parsed


@contextmanager
def tenant(url: str) -> Iterator[TenantClient]:
    target = default_scenario().target
    connections = Connections(target, url, clock=time.perf_counter, environment={}, chance=random.Random(1))
    client = TenantClient(connections, Credentials.from_environment(TENANT), clock=time.monotonic)
    with closing(client):
        yield client


def made(url: str) -> Sequence[TenantUser]:
    with tenant(url) as client:
        return [user for user in client.users() if re.fullmatch(r"load\d{6}", user.user_name)]


@pytest.mark.slow
@pytest.mark.killing
def test_create_that_is_killed_again_and_again_makes_each_account_once(url: str, tmp_path: Path) -> None:
    """Kill -9 at seeded moments: the same command goes on, and the target has each account once."""
    ledger, chance, kills = tmp_path / "ledger", random.Random(7), 0
    command = ("create", ledger, "--host", url, "--count", "150", "--rate", "100/s")
    while True:
        process = start(*command)
        try:
            _, err = process.communicate(timeout=0.6 + chance.random())
            break
        except subprocess.TimeoutExpired:
            kills += 1
            process.kill()
            process.communicate()
    assert (process.returncode, err) == (0, "")
    assert kills > 0
    assert shown(ledger)["by_status"] == {"ready": {"expired": 150}}
    users = made(url)
    assert sorted(user.user_name for user in users) == [f"load{n:06d}" for n in range(150)]
    assert all(user.must_modify for user in users)
    assert accounts(*command).out == "made 0\n"


def test_ctrl_c_ends_a_command_in_order_and_says_how_to_go_on(url: str, tmp_path: Path) -> None:
    """Nothing is left in between: what was begun is known, and the rest is made by the same command."""
    ledger = tmp_path / "ledger"
    command = ("create", ledger, "--host", url, "--count", "100", "--concurrency", "4", "--rate")
    process = start(*command, "2/s")  # fifty seconds, so that a busy machine interrupts it in the middle too
    while not made(url):
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (130, "")
    assert err == "pwdload: interrupted; what was done is kept: type the same command again to go on\n"
    there = len(made(url))
    assert 0 < there < 100
    status = shown(ledger)["by_status"]
    assert status == {"ready": {"expired": there}, "making": {"expired": 100 - there}}
    assert accounts(*command, "400/s").out == f"made {100 - there}\n"


def test_settle_and_arm_bring_every_account_back(url: str, tmp_path: Path) -> None:
    """Doubts are resolved to what the target has, used accounts ask for a new password again, all by their host."""
    ledger = tmp_path / "ledger"
    assert accounts("create", ledger, "--host", url, "--count", "12", *FAST).exit_code == 0
    book = PasswordBook(ledger_secret(ledger, {}))
    new = PasswordRef(1)
    opened = Ledger.open(ledger)
    run = opened.begin_run()
    journal = opened.journal(0)
    # Six changes without an answer, of which four went through, and two that were acknowledged.
    intents = [Record(Event.INTENT, account=n, lease=first_lease(run), ref=new, at=1.0) for n in range(8)]
    journal.append([*intents, *(Record(Event.APPLIED, account=n, lease=first_lease(run), ref=new) for n in (6, 7))])
    with tenant(url) as client:
        for index in (0, 1, 2, 3, 6, 7):
            entry = opened.entry(index)
            client.set_password(entry.user_id, book.password(entry.user_name, 1), must_modify=False)
    journal.end()
    opened.close()

    done = accounts("settle", ledger, *FAST)
    assert (done.exit_code, done.out) == (0, "applied 4, not applied 2, neither 0, still unknown 0\n"), done.err
    assert shown(ledger)["by_status"] == {"ready": {"expired": 6}, "changed": {"expired": 6}}
    assert accounts("arm", ledger, "--dry-run").out == f"{ledger}: would put back 6 accounts at {url}\n"
    assert accounts("arm", ledger, "--count", "4", *FAST).out == "put back 4\n"
    assert accounts("arm", ledger, *FAST).out == "put back 2\n"
    assert shown(ledger)["by_status"] == {"ready": {"expired": 12}}
    assert all(user.must_modify for user in made(url))
    secret = (ledger / "run_secret.key").read_text().split()[1]
    exported = accounts("export", ledger).out
    assert secret not in exported
    assert not [entry for entry in exported.splitlines()[1:] if book.password(entry.split(",")[1], 1) in entry]


def test_only_what_was_made_is_removed(url: str, tmp_path: Path) -> None:
    """Imported accounts stay unless they are named as to be removed; what is removed can be made again."""
    ledger, path = tmp_path / "ledger", tmp_path / "accounts.csv"
    path.write_text("user_name,password\nnobody,Xy12345678!\n")
    accounts("import", ledger, path, "--host", url)
    assert accounts("create", ledger, "--count", "5", *FAST).out == "made 5\n"
    assert accounts("delete", ledger, "--yes", *FAST).out == "removed 5\n"
    with tenant(url) as client:
        assert [user.user_name for user in client.users()] == ["nobody"]
    assert accounts("create", ledger, "--count", "5", *FAST).out == "made 5\n"
    assert len(made(url)) == 5


def test_a_name_that_is_somebody_elses_is_named_and_left_alone(tmp_path: Path) -> None:
    """Exit code 5: not all is done, and the reason is told."""
    with standin(seed_csv="user_name,password\nload000001,Xy12345678!\n") as url:
        done = accounts("create", tmp_path / "ledger", "--host", url, "--count", "3", *FAST)
    assert done.exit_code == 5
    assert done.out.splitlines()[0] == "made 2, name taken 1"
    assert done.out.splitlines()[1].startswith("  name taken: load000001: ")


def test_a_target_that_is_away_leaves_everything_for_the_next_time(tmp_path: Path) -> None:
    """Nothing is lost or doubled while nobody answers; exit code 5 says that there is something left."""
    ledger = tmp_path / "ledger"
    done = accounts("create", ledger, "--host", "http://127.0.0.1:9", "--count", "3", "--patience", "500ms", *FAST)
    assert done.exit_code == 5, done.err
    assert done.out.splitlines()[0] == "made 0, left 3"
    assert shown(ledger)["by_status"] == {"making": {"expired": 3}}


@pytest.mark.slow
def test_a_million_accounts_are_read_in_seconds_and_counted_in_less(tmp_path: Path) -> None:
    """A list of that size within 10 s, `status` as a whole process within 3 s."""
    path, ledger = tmp_path / "accounts.csv", tmp_path / "ledger"
    with path.open("w") as file:
        file.write("user_name,password,previous_password,state,tenant,device,tags\n")
        file.writelines(f"user{n:07d}@example.com,Pw-{n:012x}X,Old-{n:010x}Y,,t1,d{n},a;b\n" for n in range(1_000_000))
    begun_s = time.perf_counter()
    listed = read_accounts_csv(path)
    read_s = time.perf_counter() - begun_s
    assert accounts("import", ledger, path).exit_code == 0
    begun_s = time.perf_counter()
    assert shown(ledger)["accounts"] == len(listed) == 1_000_000
    status_s = time.perf_counter() - begun_s
    assert (read_s < 10, status_s < 3) == (True, True), (read_s, status_s)
