"""The reference target as a process: what it answers, when, and that it says how late it was."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager

import pytest
from tests.processes import environment

from pwdload.api.contract import Answer, Step
from pwdload.calibration.process import reference_target
from pwdload.calibration.realization import service_times_s
from pwdload.errors import TargetError

pytestmark = pytest.mark.e2e

BODY = b'{"user_name":"somebody","password":"Xy12345678!"}'
LOGIN = b"POST /api/v2/sdk/login HTTP/1.1\r\nHost: reference\r\nContent-Length: %d\r\n\r\n%s" % (len(BODY), BODY)


@contextmanager
def connected(url: str) -> Iterator[socket.socket]:
    host, port = url.removeprefix("http://").split(":")
    with closing(socket.create_connection((host, int(port)), timeout=10)) as connection:
        yield connection


def read_answer(connection: socket.socket) -> tuple[str, bytes]:
    data = b""
    while b"\r\n\r\n" not in data:
        data += connection.recv(1)
    head, length = (
        data.decode(),
        next(int(line[15:]) for line in data.decode().splitlines() if line.lower().startswith("content-length:")),
    )
    body = b""
    while len(body) < length:
        body += connection.recv(length - len(body))
    return head.splitlines()[0], body


def ask(connection: socket.socket, request: bytes) -> tuple[str, bytes]:
    connection.sendall(request)
    return read_answer(connection)


def test_a_login_is_answered_as_the_contract_says() -> None:
    """Our own reading of the contract takes the answer for an expired password, with its state_token."""
    with reference_target(["floor"]) as target, connected(target.url) as connection:
        line, body = ask(connection, LOGIN)
        answer = Answer.parse(200, body)
        assert line == "HTTP/1.1 200 OK"
        assert answer.is_acceptance(Step.LOGIN)
        assert answer.status == "PASSWORD_EXPIRED"
        assert "timestamp" in json.loads(ask(connection, b"GET /api/v2/sdk/server-date HTTP/1.1\r\n\r\n")[1])
        assert ask(connection, b"GET /standin/counts HTTP/1.1\r\n\r\n")[0] == "HTTP/1.1 404 Not Found"
        assert len(target.dictated().arrived_s) == 1


def test_requests_may_come_in_pieces_and_in_one_piece() -> None:
    """Byte by byte, or three at once: each gets one answer."""
    with reference_target(["floor"]) as target, connected(target.url) as connection:
        for place in range(len(LOGIN)):
            connection.sendall(LOGIN[place : place + 1])
        read_answer(connection)
        connection.sendall(LOGIN * 3)
        for _ in range(3):
            assert read_answer(connection)[0] == "HTTP/1.1 200 OK"
        assert len(target.dictated().arrived_s) == 4


@pytest.mark.parametrize(
    "broken",
    [b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", b"POST / HTTP/1.1\r\nContent-Length: x\r\n\r\n"],
)
def test_what_it_cannot_read_it_refuses(broken: bytes) -> None:
    """It understands little HTTP, and says so, instead of waiting for what never comes."""
    with reference_target(["floor"]) as target, connected(target.url) as connection:
        assert ask(connection, broken)[0] == "HTTP/1.1 400 Bad Request"
        assert connection.recv(1) == b""


def test_a_stall_holds_what_comes_in_it_and_nothing_else() -> None:
    """The first login sets the clock; one in the stall is held until its end, one before and one after are not."""
    arguments = ["--first-at", "0.01", "stall", "--service", "0.005", "--from", "0.1", "--until", "0.5"]
    with reference_target(arguments) as target, connected(target.url) as connection:
        ask(connection, b"GET /api/v2/sdk/server-date HTTP/1.1\r\n\r\n")
        begun_s = time.monotonic()
        ask(connection, LOGIN)
        first_s = time.monotonic() - begun_s
        time.sleep(0.2)
        ask(connection, LOGIN)
        second_s = time.monotonic() - begun_s
        ask(connection, LOGIN)
        dictated = target.dictated()
        assert 0.005 <= first_s < 0.1
        assert 0.49 <= second_s < 0.7
        assert dictated.arrived_s[0] == pytest.approx(0.01)
        assert list(dictated.promised_s[:2]) == pytest.approx([0.015, 0.5])
        assert dictated.responses_s[2] == pytest.approx(0.005)


def test_a_queue_serves_with_the_service_times_that_everybody_can_work_out() -> None:
    """One server, one client: each response is exactly one service time, and is kept to within a millisecond or so."""
    with (
        reference_target(["mmc", "--servers", "1", "--service", "0.01", "--seed", "5"]) as target,
        connected(target.url) as connection,
    ):
        measured_s = []
        for _ in range(40):
            begun_s = time.monotonic()
            ask(connection, LOGIN)
            measured_s.append(time.monotonic() - begun_s)
        dictated = target.dictated()
    expected_s = [service_s for service_s, _ in zip(service_times_s(0.01, 5), range(40), strict=False)]
    assert list(dictated.responses_s) == pytest.approx(expected_s, abs=1e-9)
    assert all(measured >= expected for measured, expected in zip(measured_s, expected_s, strict=True))
    error = dictated.timer_error()
    assert error.answers == 40
    assert 0 <= error.p50_s < 0.001, "asyncio's own timers are late by half a millisecond and more"


def test_it_goes_with_the_process_it_was_started_for() -> None:
    """Whoever started it may be killed: it does not stay behind."""
    program = "import subprocess,sys,os;p=subprocess.Popen([sys.executable,'-m','pwdload.reference','--parent-pid',"
    program += "str(os.getpid()),'floor'],start_new_session=True);print(p.pid,flush=True);p.wait()"
    with subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, text=True, env=environment()
    ) as parent:
        assert parent.stdout is not None
        lines = [parent.stdout.readline(), parent.stdout.readline()]
        pid = next(int(line) for line in lines if line.strip().isdigit())
        parent.kill()
        parent.wait()
        deadline_s = time.monotonic() + 10
        while _runs(pid):
            assert time.monotonic() < deadline_s
            time.sleep(0.05)


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    with open(f"/proc/{pid}/stat") as stat:  # noqa: PTH123 - gone between two calls is as good
        return stat.read().rpartition(")")[2].split()[0] != "Z"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_stops_when_it_is_told_to(number: signal.Signals) -> None:
    """At once, and with exit code 0, also with a client connected."""
    command = [sys.executable, "-m", "pwdload.reference", "floor"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment()) as process:
        assert process.stdout is not None
        url = str(json.loads(process.stdout.readline())["url"])
        with connected(url) as connection:
            ask(connection, LOGIN)
            process.send_signal(number)
            assert process.wait(10) == 0


def test_a_port_that_is_taken_is_told_in_one_line(capfd: pytest.CaptureFixture[str]) -> None:
    """And whoever wanted it gets an error that says where to look."""
    with (
        socket.create_server(("127.0.0.1", 0)) as taken,
        pytest.raises(TargetError, match="did not start"),
        reference_target(["--port", str(taken.getsockname()[1]), "floor"]),
    ):
        pass
    assert capfd.readouterr().err.startswith("reference: ")
