"""The stand-in as a user meets it: a process with a port."""

import csv
import json
import os
import shlex
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from http.client import HTTPConnection, HTTPException
from pathlib import Path

import pytest
from tests.standin.client import LOGIN, NEW, PASSWORD, UPDATE, sdk_headers
from tests.standin.process import ACCOUNTS, COMMAND, WITHIN_S, Process, popen

pytestmark = pytest.mark.e2e


def run(*arguments: str, cwd: Path, stdin: str = "") -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [*COMMAND, *arguments], cwd=cwd, input=stdin, capture_output=True, text=True, timeout=WITHIN_S, check=False
    )


def test_port_0_prints_one_line_of_json(start: Callable[..., Process]) -> None:
    """Whoever starts the stand-in learns from its first and only line where it listens, and can call it at once."""
    process = start()
    info = process.info
    assert set(info) == {"event", "url", "host", "port", "pid", "db", "accounts"}
    assert (info["event"], info["host"], info["accounts"]) == ("listening", "127.0.0.1", ACCOUNTS)
    assert info["url"] == f"http://127.0.0.1:{info['port']}"
    assert info["pid"] == process.popen.pid
    assert process.call("GET", "/standin/health")["status"] == "up"
    assert process.stop() == 0
    assert process.popen.stdout is not None
    assert process.popen.stdout.read() == ""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_cleanly(start: Callable[..., Process], number: int) -> None:
    """SIGTERM and Ctrl-C: exit code 0, nothing on standard error, the temporary database gone."""
    process = start()
    database = Path(str(process.info["db"]))
    assert database.exists()
    idle = socket.create_connection(("127.0.0.1", int(str(process.info["port"]))))
    assert process.change(1)["status"] == "SUCCESS"
    assert process.stop(number) == 0
    idle.close()
    assert process.popen.stderr is not None
    assert process.popen.stderr.read() == ""
    assert not database.parent.exists()


def test_what_was_acknowledged_survives_kill_9(start: Callable[..., Process]) -> None:
    """Killed in the middle of changes and restarted with the same accounts: no acknowledged change is lost.

    The one that was under way may have gone either way, but exactly one of the two passwords opens each account.
    """
    process = start("--db", "kept.db")
    acknowledged: list[int] = []
    enough = threading.Event()

    def change_all() -> None:
        for number in range(ACCOUNTS):
            try:
                reply = process.change(number)
            except (OSError, HTTPException):
                return  # killed before, while or after it answered
            if reply["status"] == "SUCCESS":
                acknowledged.append(number)
            if len(acknowledged) >= 10:
                enough.set()

    changes = threading.Thread(target=change_all)
    changes.start()
    assert enough.wait(WITHIN_S)
    process.popen.kill()
    changes.join(WITHIN_S)
    again = start("--db", "kept.db")
    assert again.info["accounts"] == ACCOUNTS
    for number in range(ACCOUNTS):
        opens = [
            bool(again.call("POST", f"/standin/accounts/user{number}", {"password": password})["opens"])
            for password in (PASSWORD, NEW)
        ]
        assert sum(opens) == 1
        assert opens == [False, True] or number not in acknowledged
    assert len(acknowledged) >= 10


def test_of_sixteen_clients_with_one_token_exactly_one_wins(start: Callable[..., Process]) -> None:
    """Over real sockets, too, one state_token makes one change."""
    process = start()
    token = str(process.login(0)["state_token"])
    line_up, outcomes = threading.Barrier(16), []

    def race(number: int) -> None:
        body = {"old_password": PASSWORD, "new_password": f"Racer-number-{number}"}
        line_up.wait(WITHIN_S)
        reply = process.call("POST", UPDATE, body, X_state_token=token)
        outcomes.append(reply.get("status") or reply["error_code"])

    racers = [threading.Thread(target=race, args=(number,)) for number in range(16)]
    for racer in racers:
        racer.start()
    for racer in racers:
        racer.join(WITHIN_S)
    assert sorted(map(str, outcomes)) == ["PARAM.0014"] * 15 + ["SUCCESS"]


def test_a_refused_megabyte_is_answered_on_a_usable_connection(start: Callable[..., Process]) -> None:
    """A client that sends too much gets its 413, not a reset, and may go on."""
    connection = HTTPConnection("127.0.0.1", int(str(start().info["port"])), timeout=WITHIN_S)
    for _ in range(3):
        connection.request("POST", UPDATE, b"x" * 1_000_000, sdk_headers({}))
        answer = connection.getresponse()
        assert (answer.status, json.loads(answer.read())["error_code"]) == (413, "PARAM.0413")
    connection.close()


def test_it_ends_with_its_parent(start: Callable[..., Process]) -> None:
    """A stand-in that was started by a harness does not outlive it, however the harness ended."""
    parent = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    process = start("--parent-pid", str(parent.pid))
    assert process.popen.poll() is None
    parent.kill()
    parent.wait(WITHIN_S)
    assert parent.stdin is not None
    parent.stdin.close()
    begun_s = time.monotonic()
    assert process.popen.wait(WITHIN_S) == 0
    assert time.monotonic() - begun_s < 3


def test_it_ends_with_its_parent_while_it_waits_for_accounts(tmp_path: Path) -> None:
    """The parent is watched from the start: a stand-in that still reads its accounts is no orphan either."""
    parent = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    process = popen("--port", "0", "--seed-from", "-", "--parent-pid", str(parent.pid), cwd=tmp_path)
    parent.kill()
    parent.wait(WITHIN_S)
    assert parent.stdin is not None
    parent.stdin.close()
    try:
        assert process.wait(WITHIN_S) == 0
        assert process.communicate() == ("", "")
    finally:
        process.kill()
        process.communicate()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize(
    ("command", "code"),
    [
        (["--port", "0", "--accounts-out", "a.csv", "--seed-accounts"], 0),
        (["seed", "--db", "one.db", "--out", "a.csv", "--count"], 130),
    ],
)
def test_a_signal_during_seeding_ends_it_quietly(tmp_path: Path, command: list[str], code: int, number: int) -> None:
    """Cut short before it serves: no traceback, no account, and no file that promises any."""
    out = tmp_path / "a.csv"
    process = popen(*command, "900000", cwd=tmp_path)
    deadline_s = time.monotonic() + WITHIN_S
    while not out.exists() and time.monotonic() < deadline_s:
        time.sleep(0.02)
    assert out.exists()
    process.send_signal(number)
    assert process.communicate(timeout=WITHIN_S) == ("", "")
    assert process.returncode == code
    assert not out.exists()


def test_accounts_that_are_served_can_be_logged_in_to(start: Callable[..., Process], tmp_path: Path) -> None:
    """--accounts-out tells the made-up passwords; a restart on the same database leaves the file as it is."""
    options = ("--seed-accounts", "3", "--states", "expired=2,warning=1", "--accounts-out", "a.csv", "--db", "kept.db")
    process, out = start(*options), tmp_path / "a.csv"
    assert out.stat().st_mode & 0o777 == 0o600
    content = out.read_text()
    for row in csv.DictReader(content.splitlines()):
        reply = process.call("POST", LOGIN, {"user_name": row["user_name"], "password": row["password"]})
        assert reply["status"] == {"expired": "PASSWORD_EXPIRED", "warning": "PASSWORD_WARN"}[row["state"]]
    process.stop()
    assert start(*options).stop() == 0
    assert out.read_text() == content
    done = run("--port", "0", *options[:-2], cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "--accounts-out a.csv: exists already; name another file, or remove it\n"
    out.unlink()
    done = run("--port", "0", *options, cwd=tmp_path)
    assert (done.returncode, out.exists()) == (2, False)
    assert done.stderr.startswith("--db kept.db: 'user0000001' is there already, and nothing was added")


def test_it_serves_as_long_as_its_parent_lives(start: Callable[..., Process]) -> None:
    """Our own process is the parent here: the stand-in stays."""
    process = start("--parent-pid", str(os.getpid()))
    with pytest.raises(subprocess.TimeoutExpired):
        process.popen.wait(0.7)


def test_a_taken_port_is_told_in_one_line(start: Callable[..., Process], tmp_path: Path) -> None:
    """Exit code 2, the address, and what to do."""
    port = str(start().info["port"])
    done = run("--port", port, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"127.0.0.1:{port}: address already in use; name another --port, or --port 0 for a free one\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--db", "nowhere/one.db"], "--db nowhere/one.db: cannot be written"),
        (["--db", "text.txt"], "--db text.txt: file is not a database"),
        (["--seed-from", "none.csv"], "--seed-from none.csv: cannot be read"),
        (["--seed-from", "text.txt"], "text.txt: line 1: no column user_name"),
        (["--config", "text.txt"], "--config text.txt: not TOML"),
        (["--set", "lockout_treshold=3"], 'did you mean "lockout_threshold"?'),
        (["--defect", "token_reusabel"], 'defect token_reusabel: no such defect; did you mean "token_reusable"?'),
        (["--defect", "token_race=soon"], "defect token_race=soon: allowed: a time up to 60s, such as token_race=5ms"),
        (["--port", "http"], "argument --port: 'http' is not a whole number from 0 to 65535"),
        (["--host", "no.such.host.invalid"], "--host no.such.host.invalid"),
        (["--accounts-out", "a.csv"], "--accounts-out a.csv: no accounts to write; add --seed-accounts N"),
        (["--no-such-option"], "unrecognized arguments: --no-such-option"),
        (["nothing"], "invalid choice: 'nothing'"),
    ],
)
def test_what_cannot_be_started_says_so_in_one_line(tmp_path: Path, arguments: list[str], message: str) -> None:
    """Exit code 2, one line on standard error, no traceback."""
    (tmp_path / "text.txt").write_text("neither CSV nor TOML nor a database; " * 50)
    done = run(*([] if "--port" in arguments else ["--port", "0"]), *arguments, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert message in done.stderr
    assert done.stderr.count("\n") == 1


def test_other_machines_are_warned_of(tmp_path: Path) -> None:
    """Binding to more than this machine is allowed, with one line of warning."""
    process = popen("--host", "0.0.0.0", "--port", "0", cwd=tmp_path)
    info = Process(process).info
    process.terminate()
    _, warnings = process.communicate(timeout=WITHIN_S)
    assert info["host"] == "0.0.0.0"
    assert process.returncode == 0
    assert warnings == "warning: 0.0.0.0 can be reached from other machines; this is a test program\n"


@pytest.mark.parametrize(("command", "line"), [("settings", "lockout_threshold = 10"), ("defects", "token_race=5ms")])
def test_settings_and_defects_are_listed(tmp_path: Path, command: str, line: str) -> None:
    """Each list is one command away."""
    done = run(command, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert line in done.stdout.splitlines()


def test_defects_are_told_by_the_process_that_has_them(start: Callable[..., Process]) -> None:
    """--defect may be repeated, adds to the setting, and shows on the health route with its values."""
    process = start("--defect", "lockout_never", "--set", "defects=change_ignored=1", "--defect", "token_race")
    assert process.call("GET", "/standin/health")["defects"] == [
        "change_ignored=1",
        "lockout_never",
        "token_race=5ms",
    ]
    assert process.change(1)["status"] == "SUCCESS"
    assert process.login(1)["status"] == "PASSWORD_EXPIRED"


def test_a_reader_who_has_seen_enough_is_no_error(tmp_path: Path) -> None:
    """`settings | head -1`, and with standard output closed: nothing on standard error, exit code 0."""
    shell = f"set -o pipefail; {shlex.join(COMMAND)} settings"
    for rest in ("| true", "| head -1", ">&-"):
        done = subprocess.run(
            ["bash", "-c", f"{shell} {rest}"],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=WITHIN_S,
            check=False,
        )
        assert (rest, done.returncode, done.stderr) == (rest, 0, "")


def test_an_output_that_takes_nothing_is_told_in_one_line(tmp_path: Path) -> None:
    """A full disk is the person's to mend: exit code 2, one line."""
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [*COMMAND, "settings"], stdout=full, stderr=subprocess.PIPE, text=True, timeout=WITHIN_S, check=False
        )
    assert done.returncode == 2
    assert done.stderr == "standard output: cannot be written (No space left on device)\n"


def test_it_goes_by_the_name_it_is_called_by(tmp_path: Path) -> None:
    """Help and errors say what can be typed again."""
    assert run("--help", cwd=tmp_path).stdout.startswith("usage: pwdload standin ")
    assert run("--nothing", cwd=tmp_path).stderr.startswith("pwdload standin: ")
