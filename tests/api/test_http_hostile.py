"""Targets that stretch a limit a little at a time, and what the connection leaves behind when it gives up."""

import socket
import ssl
import threading
import time

import pytest
from tests.servers import Act, ScriptedServer, read_request, say, stay_silent
from tests.tls import Authority, TlsServer

from pwdload.api.http import Address, Connection, Exchange, Options, Proxy, TlsSessions, client_context
from pwdload.api.http.stream import PlainStream

REQUEST = b"POST /x HTTP/1.1\r\nHost: t\r\nContent-Length: 2\r\n\r\n{}"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
DEFAULTS = Options()
HALF_A_RECORD = b"\x17\x03\x03\x40\x00"
HALF_A_HANDSHAKE = b"\x16\x03\x03\x40\x00"


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """A CA that only these tests trust."""
    return Authority.make(tmp_path_factory.mktemp("ca"))


def connect(
    port: int,
    context: ssl.SSLContext | None = None,
    options: Options = DEFAULTS,
    *,
    host: str = "localhost",
    timeout_s: float = 5.0,
) -> Connection:
    """Return a connection to a port of loopback, by TLS where there is a context."""
    address = Address(scheme="https" if context else "http", host=host, port=port)
    return Connection(address, clock=time.perf_counter, timeout_s=timeout_s, tls=context, options=options)


def trickle(start: bytes, *, is_asked: bool = True) -> Act:
    """Send something, then bytes without end, faster than any time-out that starts anew with each of them."""

    def act(connection: socket.socket) -> None:
        if is_asked:
            connection.recv(65536)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        gone = threading.Event()
        # Under TLS, too, these go out as they are: a peer that keeps to no protocol.
        socket.socket.sendall(connection, start)
        while True:
            socket.socket.sendall(connection, b"\0")
            gone.wait(0.0002)  # the pace; nothing ever sets it

    return act


def took_s(result: Exchange) -> float:
    """Return how long an exchange took."""
    return result.done_s - result.started_s


# Limits of phases -------------------------------------------------------------------------------------------------


def test_a_handshake_that_trickles_ends_in_time() -> None:
    """A byte now and then buys no more time: the limit is that of the whole handshake."""
    with ScriptedServer([trickle(HALF_A_HANDSHAKE)]) as server:
        result = connect(server.port, client_context(), Options(tls_s_max=0.1)).exchange(REQUEST)
    assert (result.transport, result.sent_s) == ("tls_timeout", None)
    assert 0.1 <= took_s(result) < 1.0


def test_a_proxy_that_trickles_ends_in_time() -> None:
    """So does a proxy whose answer to CONNECT never ends."""
    with ScriptedServer([trickle(b"HTTP/1.1 200 OK\r\nX: ".ljust(40, b"x"))]) as server:
        proxy = Proxy.parse(f"http://127.0.0.1:{server.port}")
        result = connect(1, options=Options(proxy=proxy, connect_s_max=0.1)).exchange(REQUEST)
    assert result.sent_s is None
    assert result.transport in ("proxy_timeout", "proxy_broken")  # a zero byte is no header either
    assert took_s(result) < 1.0


def test_a_proxy_that_trickles_well_formed_bytes_ends_in_time() -> None:
    """Nothing in the answer is wrong but that it does not end."""

    def act(connection: socket.socket) -> None:
        read_request(connection)
        gone = threading.Event()
        connection.sendall(b"HTTP/1.1 200 OK\r\nX: ")
        while True:
            connection.sendall(b"x")
            gone.wait(0.0002)

    with ScriptedServer([act]) as server:
        proxy = Proxy.parse(f"http://127.0.0.1:{server.port}")
        result = connect(1, options=Options(proxy=proxy, connect_s_max=0.1)).exchange(REQUEST)
    assert (result.transport, result.sent_s) == ("proxy_timeout", None)
    assert 0.1 <= took_s(result) < 1.0


def test_half_a_record_is_no_first_byte(authority: Authority) -> None:
    """Through TLS, too, the limit for the first byte runs from the request, whatever arrives that is none."""
    with TlsServer(authority.server_context(), [trickle(HALF_A_RECORD)]) as server:
        options = Options(first_byte_s_max=0.1)
        result = connect(server.port, client_context(authority.file), options).exchange(REQUEST)
    assert (result.transport, result.first_byte_s) == ("first_byte_timeout", None)
    assert took_s(result) < 1.0


@pytest.mark.parametrize(
    "flood",
    [
        b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 20_000 + b"\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"Content-Encoding: gzip\r\n" * 5_000 + b"\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\n" * 20_000 + OK,
        b"HTTP/1.1 103 Early Hints\r\n" + b"Link: x\r\n" * 10_000 + b"\r\n" + OK,
    ],
    ids=["headers", "codings", "interim answers", "early hints"],
)
def test_a_flood_of_small_things_is_too_large(flood: bytes) -> None:
    """What costs little to send costs little to refuse, however many lines it is cut into."""
    with ScriptedServer([say(flood)]) as server:
        result = connect(server.port).exchange(REQUEST)
    assert (result.transport, result.http_status) == ("too_large", None)
    assert took_s(result) < 1.0


# What was sent, and what is certain ---------------------------------------------------------------------------------


def test_a_connection_reset_while_it_opens_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whichever call meets a reset first, it is the target's doing, and never an exception that gets out."""

    def broken(*_: object) -> None:
        raise OSError(22, "Invalid argument")  # what some systems say to an option of a socket that is reset

    monkeypatch.setattr(PlainStream, "__init__", broken)
    with ScriptedServer([say(OK)]) as server:
        result = connect(server.port).exchange(REQUEST)
    assert (result.transport, result.sent_s, result.interrupted) == ("unreachable", None, None)


def test_what_the_socket_did_not_take_was_not_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    """A kept connection that breaks at the very first byte leaves no doubt: the request cannot have been applied."""

    def broken(*_: object) -> int:
        raise BrokenPipeError

    with ScriptedServer([say(OK), stay_silent]) as server:
        connection = connect(server.port, timeout_s=0.1)
        connection.exchange(REQUEST)
        monkeypatch.setattr(PlainStream, "send", broken)
        result = connection.exchange(REQUEST)
        connection.close()
    assert (result.transport, result.sent_s, result.bytes_sent) == ("timeout", None, 0)


def test_each_request_reaches_the_target_once_whatever_the_target_does() -> None:
    """Over many ways to break off, no request is ever seen twice."""
    seen: list[bytes] = []

    def note(then: Act) -> Act:
        def act(connection: socket.socket) -> None:
            seen.append(connection.recv(65536, socket.MSG_PEEK))
            then(connection)

        return act

    def half(connection: socket.socket) -> None:
        connection.recv(20)

    scripts = [[note(say(OK)), note(half)], [note(say(b"HTTP/1.1 200 OK\r\n"))], [note(half)], [note(say(OK))]]
    with ScriptedServer(*scripts) as server:
        connection = connect(server.port)
        for number in range(5):
            connection.exchange(b"POST /%d HTTP/1.1\r\nHost: t\r\nContent-Length: 2\r\n\r\n{}" % number)
        connection.close()
    paths = [request.split(b" ")[1] for request in seen]
    assert paths == [b"/0", b"/1", b"/2", b"/3", b"/4"]


# TLS ----------------------------------------------------------------------------------------------------------------


def test_a_connection_is_closed_with_the_farewell_of_tls(authority: Authority) -> None:
    """A server that keeps sessions would otherwise forget them, and its log be full of cut connections."""
    ends: list[str] = []

    def wait_for_end(connection: socket.socket) -> None:
        say(OK)(connection)
        assert isinstance(connection, ssl.SSLSocket)
        connection.suppress_ragged_eofs = False  # type: ignore[attr-defined]  # it is there, but not in typeshed
        try:
            ends.append(f"farewell {connection.recv(1)!r}")
        except ssl.SSLEOFError:
            ends.append("cut")

    with TlsServer(authority.server_context(), [wait_for_end]) as server:
        connection = connect(server.port, client_context(authority.file))
        connection.exchange(REQUEST)
        connection.close()
    assert ends == ["farewell b''"]


def test_the_name_that_tls_asks_for_may_be_another(authority: Authority) -> None:
    """A target is reached by its address, or through a tunnel, and still proves the name it is known by."""
    for server_name, transport in (("virtual.example", ""), (None, "tls_certificate")):
        with TlsServer(authority.server_context("virtual.example"), [say(OK)]) as server:
            options = Options(server_name=server_name)
            connection = connect(server.port, client_context(authority.file), options)
            result = connection.exchange(REQUEST)
            connection.close()
        assert result.transport == transport
        assert server.seen == [server_name or "localhost"]


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_clients_that_share_their_sessions_return_as_they_are_told(
    authority: Authority, version: ssl.TLSVersion
) -> None:
    """Each client opens a connection of its own: a returning one resumes whatever session there is, a new one none."""
    context = authority.server_context()
    context.minimum_version = context.maximum_version = version
    with TlsServer(context, *([say(OK)] for _ in range(5))) as server:
        options = Options(sessions=TlsSessions(), resume=True)
        trust = client_context(authority.file)
        one, other = (connect(server.port, trust, options) for _ in range(2))
        resumed = [one.exchange(REQUEST).tls_resumed]
        one.close()
        resumed.append(other.exchange(REQUEST).tls_resumed)
        for returning in (False, True, True):
            other.change_client(returning=returning)
            resumed.append(other.exchange(REQUEST).tls_resumed)
        other.close()
    assert resumed == [False, True, False, True, True]


def test_the_newest_session_goes_first_and_the_last_one_stays(authority: Authority) -> None:
    """A ticket is used once where there are others, and there is always one for the next who returns."""
    sessions = TlsSessions()
    assert sessions.take() is None
    kept = [_session(authority) for _ in range(2)]
    sessions.keep(None)
    for session in kept:
        sessions.keep(session)
    assert sessions.take() is kept[1]
    assert sessions.take() is kept[0]
    assert sessions.take() is kept[0]


def _session(authority: Authority) -> ssl.SSLSession:
    with TlsServer(authority.server_context(), [say(OK)]) as server:
        trust = client_context(authority.file)
        with trust.wrap_socket(
            socket.create_connection(("127.0.0.1", server.port)), server_hostname="localhost"
        ) as tls:
            tls.sendall(REQUEST)
            tls.recv(100)
            assert tls.session is not None
            return tls.session


def test_a_handshake_on_an_open_connection_is_refused_where_it_serves_nobody(
    authority: Authority,
) -> None:
    """A target cannot keep the generator busy with one TLS 1.2 renegotiation after the other."""
    assert client_context().options & ssl.OP_NO_RENEGOTIATION
    with_certificate = client_context(None, authority.issue("client.example"))
    assert not with_certificate.options & ssl.OP_NO_RENEGOTIATION
