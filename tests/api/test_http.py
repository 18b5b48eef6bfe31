"""The connection: whatever a target does becomes a complete answer or a named transport code, never an exception."""

import gc
import resource
import socket
import subprocess
import sys
import time
from contextlib import ExitStack

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.servers import Act, ScriptedServer, drip, hang_up, hold, reset, say, stay_silent

from pwdload.api.http import Address, Connection, Exchange, Options, TransportCode
from pwdload.api.http.stream import PlainStream
from pwdload.errors import UsageError
from pwdload.report.words import MEANINGS

REQUEST = b"POST /x HTTP/1.1\r\nHost: t\r\nContent-Length: 2\r\n\r\n{}"
DEFAULTS = Options()
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"


def exchange_with(
    *script: Act, timeout_s: float = 2.0, times: int = 1, request: bytes = REQUEST, options: Options = DEFAULTS
) -> list[Exchange]:
    """Return what one connection makes of a server that does these acts on its only connection."""
    with ScriptedServer(script) as server:
        connection = connect(server.port, timeout_s, options)
        results = [connection.exchange(request) for _ in range(times)]
        connection.close()
    return results


def connect(port: int, timeout_s: float = 2.0, options: Options = DEFAULTS) -> Connection:
    """Return a connection to a port of loopback."""
    address = Address(scheme="http", host="127.0.0.1", port=port)
    return Connection(address, clock=time.perf_counter, timeout_s=timeout_s, options=options)


@pytest.mark.parametrize(
    ("answer", "status", "body"),
    [
        ([OK], 200, b"{}"),
        ([OK[:5], OK[5:30], OK[30:]], 200, b"{}"),
        ([b"HTTP/1.1 100 Continue\r\n\r\n" + OK], 200, b"{}"),
        (
            [b'HTTP/1.1 400 Bad\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n{"a\r\n4\r\n":1}\r\n0\r\n\r\n'],
            400,
            b'{"a":1}',
        ),
        ([b"HTTP/1.0 200 OK\r\n\r\nuntil the end"], 200, b"until the end"),
        ([b"HTTP/1.1 204 No Content\r\n\r\n"], 204, b""),
    ],
    ids=["whole", "in pieces", "after 100 Continue", "chunked", "until close", "no body"],
)
def test_every_legal_framing_gives_the_whole_body(answer: list[bytes], status: int, body: bytes) -> None:
    """An answer is read whole, however the target frames or cuts it."""
    (result,) = exchange_with(say(*answer))
    assert (result.transport, result.http_status, result.body) == ("", status, body)
    assert result.bytes_received == len(b"".join(answer))


@pytest.mark.parametrize(
    ("act", "code"),
    [
        (hang_up, "eof"),
        (reset, "reset"),
        (say(OK[:-1]), "truncated"),
        (say(b"HTTP/1.1 200 OK\r\nContent-Le"), "truncated"),
        (say(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab"), "truncated"),
        (say(b"SSH-2.0-OpenSSH\r\n"), "malformed"),
        (say(b"HTTP/1.1 200 OK\r\nContent-Length: two\r\n\r\n{}"), "malformed"),
        (say(b"HTTP/1.1 200 OK\r\nX: " + b"y" * 70_000 + b"\r\n\r\n"), "too_large"),
        (say(b"HTTP/1.1 200 OK\r\nContent-Length: 5000000\r\n\r\n" + bytes(5_000_000)), "too_large"),
    ],
    ids=["eof", "rst", "body cut", "head cut", "chunk cut", "not HTTP", "bad length", "huge head", "huge body"],
)
def test_a_broken_answer_is_named_and_never_a_success(act: Act, code: str) -> None:
    """No way of answering badly leaves an HTTP status behind that could be taken for success."""
    (result,) = exchange_with(act)
    assert (result.transport, result.http_status) == (code, None)
    assert result.sent_s is not None


def test_a_silent_target_ends_in_a_timeout() -> None:
    """A request is given up after the time-out, with the time it really took."""
    (result,) = exchange_with(stay_silent, timeout_s=0.05)
    assert result.transport == "timeout"
    assert 0.05 <= result.done_s - result.started_s < 1.0


@pytest.mark.parametrize("answer", [OK, b"HTTP/1.1 100 Continue\r\n\r\n" * 100], ids=["answer", "interim answers"])
def test_an_answer_that_drips_ends_in_a_timeout(answer: bytes) -> None:
    """Bytes that keep coming do not keep an exchange alive: the total is the total."""
    (result,) = exchange_with(drip(answer), timeout_s=0.1)
    assert (result.transport, result.http_status) == ("timeout", None)
    assert result.first_byte_s is not None
    assert 0.1 <= result.done_s - result.started_s < 1.0


def test_the_first_byte_may_have_a_limit_of_its_own() -> None:
    """A target that says nothing is told from one that is slow to finish, on a kept connection too."""
    limited = Options(first_byte_s_max=0.05)
    first, second = exchange_with(say(OK), stay_silent, times=2, options=limited)
    assert (first.transport, second.transport, second.connect_s) == ("", "first_byte_timeout", None)
    assert second.done_s - second.started_s < 1.0
    (dripped,) = exchange_with(drip(OK), timeout_s=0.2, options=limited)
    assert dripped.transport == "timeout"


REFUSAL = b"HTTP/1.1 413 Too Large\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}"
LARGE = b"POST /x HTTP/1.1\r\nHost: t\r\nContent-Length: 20000000\r\n\r\n" + bytes(20_000_000)


def test_a_large_request_that_is_refused_early_has_an_answer() -> None:
    """A target need not read a body to the end that it does not want: its refusal is read, not lost as a reset."""

    def refuse_and_linger(connection: socket.socket) -> None:
        connection.recv(1000)
        connection.sendall(REFUSAL)
        connection.shutdown(socket.SHUT_WR)
        connection.recv(1, socket.MSG_PEEK)

    (result,) = exchange_with(refuse_and_linger, request=LARGE)
    assert (result.transport, result.http_status, result.body) == ("", 413, b"{}")
    assert 0 < result.bytes_sent < len(LARGE)


def test_a_request_of_which_the_target_reads_nothing_ends_in_a_timeout() -> None:
    """A full buffer is waited for, but not for ever."""
    with ScriptedServer([hold]) as server:
        connection = connect(server.port, 0.1)
        result = connection.exchange(LARGE)
        connection.close()
    assert (result.transport, result.http_status) == ("timeout", None)
    assert 0 < result.bytes_sent < len(LARGE)


def test_a_large_request_is_sent_whole_when_the_target_reads_it() -> None:
    """What does not fit the kernel's buffer at once goes out piece by piece."""
    (result,) = exchange_with(say(OK), request=LARGE, timeout_s=10.0)
    assert (result.transport, result.bytes_sent) == ("", len(LARGE))


def test_the_answer_to_head_is_not_waited_for() -> None:
    """HEAD answers announce a body that never comes."""
    (result,) = exchange_with(say(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"), request=b"HEAD / HTTP/1.1\r\n\r\n")
    assert (result.transport, result.http_status, result.body) == ("", 200, b"")


def test_a_connection_with_a_high_descriptor_is_kept_as_well() -> None:
    """From descriptor 1024 on `select` fails: a large run must not lose keep-alive silently."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < 1200:
        pytest.skip(f"this machine allows {hard} open files only")
    with ScriptedServer([say(OK), say(OK)]) as server, ExitStack() as taken:
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, 1200), hard))
        taken.callback(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))
        while taken.enter_context(socket.socket()).fileno() < 1030:
            pass
        connection = connect(server.port)
        results = [connection.exchange(REQUEST) for _ in range(2)]
        connection.close()
    assert [(result.transport, result.connect_s is None) for result in results] == [("", False), ("", True)]


def test_an_exchange_leaves_nothing_for_the_garbage_collector() -> None:
    """Cycles that pile up are pauses of the whole generator later on."""
    with ScriptedServer([say(OK)] * 11) as server:
        connection = connect(server.port)
        connection.exchange(REQUEST)
        gc.collect()
        for _ in range(10):
            connection.exchange(REQUEST)
        found = gc.collect()
        connection.close()
    assert found == 0


def test_a_forgotten_connection_closes_nothing_that_is_not_its_own() -> None:
    """The second view of a descriptor never closes it, not even when it is collected: it may be another's by then."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        sock = socket.create_connection(listener.getsockname())
        stream = PlainStream(sock)
        del stream
        gc.collect()
        assert sock.fileno() >= 0
        sock.getpeername()
        sock.close()


def test_every_code_has_words_in_the_report() -> None:
    """No reader has to guess what a transport code means."""
    assert {f"transport:{code}" for code in TransportCode} == {
        code for code in MEANINGS if code.startswith("transport:")
    }


def test_users_stay_cooperative_under_gevent() -> None:
    """The same connection, with sockets that another library has patched: nothing blocks, nothing yields unasked."""
    command = [sys.executable, "-m", "gevent.monkey", "--module", "tests.api.cooperative"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout) == (0, "ok\n"), done.stderr


def test_nothing_listening_means_nothing_sent() -> None:
    """A refused connection is certain not to have changed anything."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    result = connect(port).exchange(REQUEST)
    assert (result.transport, result.sent_s, result.bytes_sent) == ("refused", None, 0)


def test_a_name_that_does_not_exist_means_nothing_sent() -> None:
    """A host that cannot be resolved is named as such."""
    address = Address(scheme="http", host="no-such-host.invalid", port=80)
    result = Connection(address, clock=time.perf_counter, timeout_s=2).exchange(REQUEST)
    assert (result.transport, result.sent_s) == ("dns", None)


def test_a_connection_is_kept_and_only_the_first_exchange_pays_for_it() -> None:
    """Keep-alive is used, and the cost of connecting is told apart from the answer's."""
    first, second, third = exchange_with(say(OK), say(OK), say(OK), times=3)
    assert first.connect_s is not None
    assert (second.connect_s, third.connect_s) == (None, None)
    assert {r.transport for r in (first, second, third)} == {""}


@pytest.mark.parametrize("answer", [b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}", OK])
def test_a_connection_that_the_target_closed_is_opened_again(answer: bytes) -> None:
    """Whether the target says so or just closes while idle, the next exchange simply connects anew."""
    with ScriptedServer([say(answer)], [say(OK)]) as server:
        connection = connect(server.port)
        first = connection.exchange(REQUEST)
        deadline = time.monotonic() + 2
        while server.connections < 2 and time.monotonic() < deadline:
            second = connection.exchange(REQUEST)
            if second.transport == "":
                break
        connection.close()
        assert server.connections == 2
    assert (first.http_status, second.http_status) == (200, 200)
    assert second.connect_s is not None


def test_a_request_that_went_out_is_never_sent_again() -> None:
    """A kept connection that dies under a POST gives doubt with a name of its own, not a silent second try."""
    first, second = exchange_with(say(OK), hang_up, times=2)
    assert first.transport == ""
    assert (second.transport, second.http_status) == ("stale", None)
    assert second.sent_s is not None


def test_an_answer_that_nobody_asked_for_is_not_taken_for_the_next_one() -> None:
    """A second answer on the wire cannot be read as the reply to a later request."""
    with ScriptedServer([say(OK + OK.replace(b"{}", b"[]"))], [say(OK)]) as server:
        connection = connect(server.port)
        results = [connection.exchange(REQUEST) for _ in range(2)]
        connection.close()
    assert [r.body for r in results if r.transport == ""].count(b"[]") == 0


def test_times_are_in_order() -> None:
    """Every exchange keeps the law of the sample: sent, first byte, done."""
    (result,) = exchange_with(say(OK))
    assert result.sent_s is not None
    assert result.first_byte_s is not None
    assert result.started_s <= result.sent_s <= result.first_byte_s <= result.done_s


def test_being_killed_in_mid_request_is_recorded_before_it_is_raised(monkeypatch: pytest.MonkeyPatch) -> None:
    """The exchange of a user that Locust kills is not lost: it may have been applied."""

    def killed(*_: object, **__: object) -> bytes:
        raise SystemExit

    with ScriptedServer([say(OK), say(OK)]) as server:
        connection = connect(server.port)
        connection.exchange(REQUEST)
        monkeypatch.setattr(PlainStream, "receive", killed)
        result = connection.exchange(REQUEST)
        connection.close()
    assert (result.transport, result.http_status, result.bytes_sent) == ("cancelled", None, len(REQUEST))
    assert isinstance(result.interrupted, SystemExit)


@given(st.lists(st.binary(max_size=60), max_size=4), st.booleans())
def test_no_bytes_escape_as_an_exception(parts: list[bytes], plausible: bool) -> None:
    """Whatever comes back, the exchange ends with an answer or with a transport code."""
    start = b"HTTP/1.1 200 OK\r\n" if plausible else b""
    (result,) = exchange_with(say(start, *parts), timeout_s=0.2)
    assert (result.http_status is None) == (result.transport != "")


@pytest.mark.parametrize(
    ("url", "authority", "port"),
    [
        ("http://127.0.0.1:8080", "127.0.0.1:8080", 8080),
        ("https://staging.example.com", "staging.example.com", 443),
        ("https://staging.example.com/", "staging.example.com", 443),
        ("http://[::1]:81", "[::1]:81", 81),
        ("http://h:80", "h", 80),
    ],
)
def test_a_base_url_gives_address_and_host_header(url: str, authority: str, port: int) -> None:
    """The Host header names the port only where it is not the scheme's own."""
    address = Address.parse(url)
    assert (address.authority, address.port) == (authority, port)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "staging.example.com",
        "ftp://x",
        "http://",
        "http://x:notaport",
        "http://x/path",
        "http://u:p@x",
        "http://x?q=1",
        "http://[::1",
    ],
)
def test_what_is_no_base_url_is_refused_in_one_line(url: str) -> None:
    """A mistyped --host is told with what is allowed."""
    with pytest.raises(UsageError, match=r"give http://HOST\[:PORT\]") as error:
        Address.parse(url)
    assert "\n" not in str(error.value)
