"""The fault proxy as a process: what it says, how it ends, and what becomes of faults when somebody is killed."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.client import HTTPException
from pathlib import Path

import pytest
import uvicorn
from tests.faults.controller import LEASE_S
from tests.faults.proxying import HELLO, WITHIN_S, Program, get, target
from tests.processes import ROOT, environment

from pwdload.cli import main as pwdload
from pwdload.errors import FaultError
from pwdload.faults.client import ToxiproxyClient
from pwdload.faults.embedded import EmbeddedProxy
from pwdload.faults.program import main
from pwdload.faults.toxic import Toxic

pytestmark = pytest.mark.e2e

FOR_EVER = Toxic(name="slow", kind="latency", attributes={"latency": 60_000})


@contextmanager
def controller(*arguments: str) -> Iterator["subprocess.Popen[str]"]:
    """Run a controller that can be killed."""
    command = [sys.executable, "-m", "tests.faults.controller", *arguments]
    popen = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment(), cwd=ROOT)
    with popen:
        try:
            yield popen
        finally:
            popen.kill()


@contextmanager
def embedded_proxy() -> Iterator[EmbeddedProxy]:
    """Run an embedded proxy, and see to its end."""
    proxy = EmbeddedProxy.start()
    try:
        yield proxy
    finally:
        proxy.stop()


def wait_until_gone(pid: int) -> None:
    """Return when a process has ended; whose child it is does not matter."""
    end_s = time.monotonic() + WITHIN_S
    while time.monotonic() < end_s:
        try:
            state = (Path(f"/proc/{pid}/stat")).read_text().rpartition(")")[2].split()[0]
        except FileNotFoundError:
            return
        if state == "Z":
            return
        time.sleep(0.02)
    raise AssertionError(f"process {pid} still runs")


def test_one_line_of_json_says_where_it_is() -> None:
    """Whoever starts it learns both addresses, and can use them at once; SIGTERM ends it with exit code 0."""
    with target() as upstream, Program("--upstream", upstream) as program:
        said = json.loads(program.line)
        assert set(said) == {"event", "url", "pid", "proxies"}
        assert (said["event"], said["pid"]) == ("listening", program.popen.pid)
        (proxy,) = said["proxies"]
        assert (proxy["name"], proxy["upstream"], proxy["enabled"]) == ("target", upstream, True)
        assert get(proxy["listen"]).body == HELLO
        client = ToxiproxyClient(program.url)
        assert client.is_embedded
        assert client.proxy("target").listen == proxy["listen"]
        program.popen.terminate()
        assert program.popen.wait(WITHIN_S) == 0
        assert program.popen.communicate() == ("", "")


def test_ctrl_c_ends_it_in_order() -> None:
    """In mid-fault, with a client waiting: exit code 0, nothing on standard error, the client's connection ended."""
    with target() as upstream, Program("--upstream", upstream) as program:
        client = ToxiproxyClient(program.url)
        client.take_lease(60)
        client.add("target", FOR_EVER)
        host, _, port = client.proxy("target").listen.rpartition(":")
        with socket.create_connection((host, int(port)), WITHIN_S) as waiting:
            waiting.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            program.popen.send_signal(signal.SIGINT)
            with suppress(ConnectionResetError):
                assert waiting.recv(1) == b""
        assert program.popen.wait(WITHIN_S) == 0
        assert program.popen.communicate() == ("", "")


def test_a_controller_that_is_killed_leaves_a_healed_proxy() -> None:
    """Kill -9 in mid-fault: within the lease's time toxics are gone and proxies enabled, and that is noted."""
    with target() as upstream, Program("--upstream", upstream) as program:
        client = ToxiproxyClient(program.url)
        listen = client.proxy("target").listen
        with controller("lease", program.url) as popen:
            assert popen.stdout is not None
            assert popen.stdout.readline() == "injected\n"
            with pytest.raises(TimeoutError):
                get(listen, within_s=0.1)
            assert client.lease().lapses == 0
            begun = time.monotonic()
            popen.kill()
        assert get(listen).body == HELLO  # it was held by the fault, and is let go by the healing
        assert time.monotonic() - begun <= LEASE_S + 1.0
        status = client.lease()
        assert (status.state, status.lapses, status.healed, status.error) == ("lapsed", 1, True, "")
        assert client.proxy("other").enabled
        assert client.proxy("target").toxics == ()


def test_a_proxy_that_is_killed_is_told_at_once() -> None:
    """Kill -9 of the proxy: whoever controls it has one line, whoever waits behind it an end; nothing hangs."""
    with target() as upstream, embedded_proxy() as proxy:
        listen = proxy.client.create("target", "127.0.0.1:0", upstream).listen
        proxy.client.add("target", FOR_EVER)
        ended = threading.Event()

        def wait_for_answer() -> None:
            with pytest.raises((OSError, HTTPException)):
                get(listen)
            ended.set()

        threading.Thread(target=wait_for_answer).start()
        while not proxy.client.counts("target").open:
            time.sleep(0.01)
        os.kill(proxy.pid, signal.SIGKILL)
        assert ended.wait(WITHIN_S)
        begun = time.perf_counter()
        with pytest.raises(FaultError, match="does not answer"):
            proxy.client.reset()
        assert time.perf_counter() - begun < 1.0
        wait_until_gone(proxy.pid)
        assert not proxy.is_alive
        proxy.stop()


def test_the_proxy_goes_with_its_parent() -> None:
    """The parent killed, its embedded proxy is not left over."""
    with controller("parent") as popen:
        assert popen.stdout is not None
        pid, url = popen.stdout.readline().split()
        assert ToxiproxyClient(url).is_embedded
        popen.kill()
        popen.wait()
        wait_until_gone(int(pid))
        with pytest.raises(FaultError, match="does not answer"):
            ToxiproxyClient(url).version()


def test_an_embedded_proxy_that_cannot_start_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """And no process is left over."""
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with pytest.raises(FaultError, match=r"^the fault proxy did not start \(its message is above\)"):
        EmbeddedProxy.start()


@pytest.fixture
def same_signals() -> Iterator[None]:
    """Leave this process's reactions to signals as they were."""
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    yield
    for number, reaction in before.items():
        signal.signal(number, reaction)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("--control 0.0.0.0:0", "--control 0.0.0.0:0: not loopback"),
        ("--control 127.0.0.1:0 --upstream 10.0.0.1:80", "--upstream 10.0.0.1:80: not loopback"),
        ("--control 127.0.0.1:0 --upstream 127.0.0.1:9 --listen 0.0.0.0:0", "--listen 0.0.0.0:0: not loopback"),
        ("--control 127.0.0.1:0 --upstream nine", "--upstream 'nine': not an address"),
        ("--control 127.0.0.1", "--control '127.0.0.1': not an address"),
        ("--listen 127.0.0.1:0", "--listen 127.0.0.1:0: there is nothing to send to; add --upstream HOST:PORT"),
        ("--control 127.0.0.1:{taken}", "--control 127.0.0.1:{taken}: address already in use; name another port"),
        (
            "--control 127.0.0.1:0 --upstream 127.0.0.1:9 --listen 127.0.0.1:{taken}",
            "cannot listen on 127.0.0.1:{taken}",
        ),
        ("--control 127.0.0.1:0 --upstream 127.0.0.1:9 --name=", "--name: empty; give the first proxy a name"),
    ],
)
def test_what_cannot_be_served_is_one_line(
    same_signals: None,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    arguments: str,
    said: str,
) -> None:
    """Exit code 2, the place and the value, and nothing on standard output."""
    monkeypatch.setattr(uvicorn.Server, "serve", lambda *_, **__: pytest.fail("it is served"))
    with socket.create_server(("127.0.0.1", 0)) as server:
        taken = str(server.getsockname()[1])
        assert main([argument.format(taken=taken) for argument in arguments.split()]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("pwdload proxy: ")
    assert err.count("\n") == 1
    assert said.format(taken=taken) in err


def test_the_command_becomes_the_program(monkeypatch: pytest.MonkeyPatch) -> None:
    """`pwdload proxy` passes everything on, --help too; exit code and signals are the program's own."""
    became: list[list[str]] = []
    monkeypatch.setattr(os, "execv", lambda _, command: became.append(command))
    for arguments in (["--upstream", "127.0.0.1:9", "--allow", "here"], ["--help"]):
        monkeypatch.setattr(sys, "argv", ["pwdload", "proxy", *arguments])
        with pytest.raises(SystemExit):
            pwdload()
        assert became.pop() == [sys.executable, "-m", "pwdload.faults", *arguments]


def test_an_option_that_there_is_not_is_one_line(same_signals: None, capsys: pytest.CaptureFixture[str]) -> None:
    """Under the name that a person types."""
    with pytest.raises(SystemExit) as end:
        main(["--upsteam", "127.0.0.1:9"])
    assert end.value.code == 2
    assert capsys.readouterr().err == (
        "pwdload proxy: unrecognized arguments: --upsteam 127.0.0.1:9; --help tells what is possible\n"
    )
