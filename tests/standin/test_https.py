"""The stand-in by HTTPS, as a staging system is reached: a private authority, and nginx in front where there is one."""

import http.client
import json
import os
import signal
import socket
import ssl
import stat
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from tests.processes import environment

from pwdload.standin.front import nginx

pytestmark = pytest.mark.e2e

WITHOUT_NGINX = "from pwdload.standin import cli, front; front.nginx = lambda: None; raise SystemExit(cli.main())"
HEALTH = "/standin/health"


@contextmanager
def serving(folder: Path, *arguments: str, by: str) -> Iterator[tuple["subprocess.Popen[str]", Mapping[str, object]]]:
    """Run a stand-in; gives its process and what it has announced."""
    if by == "nginx" and nginx() is None:
        pytest.skip("no nginx on this machine: Debian's package nginx-light has it")
    program = ["-m", "pwdload.standin"] if by == "nginx" else ["-c", WITHOUT_NGINX]
    command = [sys.executable, *program, "--tls", "practice", "--port", "0", *arguments]
    process = subprocess.Popen(command, cwd=folder, env=environment(), stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    with process:
        try:
            yield process, json.loads(process.stdout.readline())
        finally:
            process.terminate()
            process.wait(20)


def asked(said: Mapping[str, object], context: ssl.SSLContext, times: int = 1) -> list[int]:
    """Return the statuses of so many requests over one connection."""
    connection = http.client.HTTPSConnection("localhost", int(str(said["port"])), timeout=10, context=context)
    with closing(connection):
        statuses = []
        for number in range(times):
            assert not number or connection.sock is not None, "the connection is kept"
            connection.request("GET", HEALTH)
            answer = connection.getresponse()
            answer.read()
            statuses.append(answer.status)
    return statuses


@pytest.mark.parametrize("by", ["nginx", "stand-in"])
def test_it_is_reached_by_whoever_knows_its_authority(tmp_path: Path, by: str) -> None:
    """Its certificate is good for its names, nobody else trusts it, its keys are its owner's, and nothing stays."""
    with serving(tmp_path, by=by) as (_, said):
        ca = str(said["ca_file"])
        assert (said["tls_by"], said["url"]) == (by, f"https://localhost:{said['port']}")
        assert ca == str(tmp_path / "practice" / "ca.pem")
        assert asked(said, ssl.create_default_context(cafile=ca), times=3) == [200, 200, 200]
        with pytest.raises(ssl.SSLCertVerificationError, match="unable to get local issuer"):
            asked(said, ssl.create_default_context())
        with pytest.raises(OSError, match=r"refused|reset|closed|wrong version"):  # plain HTTP is no way in
            plain_status(int(str(said["port"])))
        for name in ("server.pem", "client.pem"):
            assert stat.S_IMODE((tmp_path / "practice" / name).stat().st_mode) == 0o600
    with pytest.raises(OSError, match="refused"):
        asked(said, ssl.create_default_context(cafile=ca))


def plain_status(port: int) -> None:
    """Ask in plain HTTP; raises where that gets no answer of the service."""
    connection = http.client.HTTPConnection("localhost", port, timeout=10)
    with closing(connection):
        connection.request("GET", HEALTH)
        try:
            status = connection.getresponse().status
        except http.client.HTTPException as error:
            raise OSError("closed") from error
    if status != 200:
        raise OSError(f"refused with {status}")


@pytest.mark.parametrize("by", ["nginx", "stand-in"])
def test_it_may_want_a_certificate_of_its_clients(tmp_path: Path, by: str) -> None:
    """The one beside its own does; without one there is no answer of the service."""
    with serving(tmp_path, "--ask-clients", by=by) as (_, said):
        context = ssl.create_default_context(cafile=str(said["ca_file"]))
        if by == "nginx":
            assert asked(said, context) == [400]
        else:
            with pytest.raises((ssl.SSLError, ConnectionError)):  # an alert, or an end that outran it
                asked(said, context)
        context.load_cert_chain(str(said["client_certificate"]))
        assert asked(said, context) == [200]


def test_nginx_ends_with_it_whatever_ends_it(tmp_path: Path) -> None:
    """Kill -9 leaves nothing that listens: the next start would find its port taken."""
    with serving(tmp_path, by="nginx") as (process, said):
        os.kill(process.pid, signal.SIGKILL)
        process.wait(10)
        until_s = time.monotonic() + 10
        while time.monotonic() < until_s:
            try:
                socket.create_connection(("127.0.0.1", int(str(said["port"]))), 1).close()
            except ConnectionRefusedError:
                return
            time.sleep(0.05)
    pytest.fail("nginx has stayed behind")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--ask-clients",), "add --tls DIR"),
        (("--tls", "a file"), "--tls a file: file exists"),
        (("--tls", "practice", "--host", "198.51.100.7"), "198.51.100.7:0:"),
    ],
)
def test_what_makes_no_sense_is_one_line(tmp_path: Path, arguments: tuple[str, ...], words: str) -> None:
    """With exit code 2; nothing is left running."""
    (tmp_path / "a file").write_text("")
    command = [sys.executable, "-m", "pwdload.standin", "--port", "0", *arguments]
    done = subprocess.run(command, cwd=tmp_path, env=environment(), capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    (line,) = done.stderr.splitlines()
    assert words in line
