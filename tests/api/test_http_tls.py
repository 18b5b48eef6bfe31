"""TLS: whom we trust, what we show, when a session is taken up again, and how it fails."""

import socket
import ssl
import time
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from tests.servers import Act, ScriptedServer, hang_up, read_request, say, stay_silent
from tests.tls import Authority, TlsServer

from pwdload.api.http import Address, Connection, Options, client_context
from pwdload.errors import UsageError

REQUEST = b"POST /x HTTP/1.1\r\nHost: t\r\nContent-Length: 2\r\n\r\n{}"
DEFAULTS = Options()
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """A CA that only these tests trust."""
    return Authority.make(tmp_path_factory.mktemp("ca"))


def connect(
    port: int, context: ssl.SSLContext, options: Options = DEFAULTS, *, host: str = "localhost", timeout_s: float = 2.0
) -> Connection:
    """Return a TLS connection to a port of loopback."""
    address = Address(scheme="https", host=host, port=port)
    return Connection(address, clock=time.perf_counter, timeout_s=timeout_s, tls=context, options=options)


def test_a_trusted_target_is_asked_by_its_name_and_its_handshake_has_a_time_of_its_own(authority: Authority) -> None:
    """SNI carries the name, TLS time is apart from TCP's, and the next exchange pays for neither."""
    with TlsServer(authority.server_context(), [say(OK), say(OK)]) as server:
        connection = connect(server.port, client_context(authority.file))
        first, second = connection.exchange(REQUEST), connection.exchange(REQUEST)
        connection.close()
    assert (first.transport, first.http_status, second.transport) == ("", 200, "")
    assert first.connect_s is not None
    assert first.tls_s is not None
    assert first.tls_s > 0
    assert (second.connect_s, second.tls_s, second.tls_resumed) == (None, None, None)
    assert server.seen == ["localhost"]


def test_an_answer_of_many_records_is_read_whole(authority: Authority) -> None:
    """What one read of the wire brings is decrypted to the end, and nothing is waited for that is already here."""
    body = bytes(300_000)
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 300000\r\n\r\n" + body
    with TlsServer(authority.server_context(), [say(answer), say(OK)]) as server:
        connection = connect(server.port, client_context(authority.file))
        first, second = connection.exchange(REQUEST), connection.exchange(REQUEST)
        connection.close()
    assert (first.body, first.bytes_received, second.connect_s) == (body, len(answer), None)


@pytest.mark.parametrize("wrong", ["issuer", "name", "date", "address"])
def test_a_certificate_that_does_not_prove_the_target_stops_everything(authority: Authority, wrong: str) -> None:
    """Nothing is sent to a server that may be another one; passwords least of all."""
    context = authority.server_context("elsewhere.example" if wrong == "name" else "localhost", expired=wrong == "date")
    trust = client_context(None if wrong == "issuer" else authority.file)
    with TlsServer(context, [say(OK)]) as server:
        connection = connect(server.port, trust, host="127.0.0.1" if wrong == "address" else "localhost")
        result = connection.exchange(REQUEST)
        connection.close()
    assert (result.transport, result.sent_s, result.http_status) == ("tls_certificate", None, None)


def test_a_target_that_wants_a_client_certificate_gets_ours(authority: Authority) -> None:
    """Mutual TLS works with a certificate, and is a TLS failure without."""
    mine = authority.issue("client.example")
    for files, transport in (((mine, None), ""), ((None, None), "tls")):
        with TlsServer(authority.server_context(mutual=True), [say(OK)]) as server:
            connection = connect(server.port, client_context(authority.file, *files))
            result = connection.exchange(REQUEST)
            connection.close()
        assert result.transport == transport


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
@pytest.mark.parametrize("resume", [True, False])
def test_a_returning_device_takes_its_session_up_and_a_new_one_does_not(
    authority: Authority, version: ssl.TLSVersion, resume: bool
) -> None:
    """Resumption is a choice of the model: both sides see whether it happened."""
    seen: list[bool | None] = []

    def answer(connection: socket.socket) -> None:
        read_request(connection)
        assert isinstance(connection, ssl.SSLSocket)
        seen.append(connection.session_reused)
        connection.sendall(OK.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))

    context = authority.server_context()
    context.minimum_version = context.maximum_version = version
    with TlsServer(context, [answer], [answer]) as server:
        connection = connect(server.port, client_context(authority.file), Options(resume=resume))
        results = [connection.exchange(REQUEST) for _ in range(2)]
        connection.close()
    assert [result.transport for result in results] == ["", ""]
    assert seen == [result.tls_resumed for result in results] == [False, resume]


def test_a_session_ticket_that_waits_is_not_taken_for_a_close_nor_for_an_answer(authority: Authority) -> None:
    """TLS 1.3 sends tickets when it likes: a kept connection on which one waits is still kept."""
    with TlsServer(authority.server_context(), [say(OK), say(OK), hang_up]) as server:
        connection = connect(server.port, client_context(authority.file))
        results = [connection.exchange(REQUEST) for _ in range(2)]
        connection.close()
    assert [result.connect_s is None for result in results] == [False, True]
    assert server.connections == 1


@pytest.mark.parametrize("act", [say(OK), say(OK + OK)], ids=["close", "an answer that nobody asked for"])
def test_a_kept_connection_that_has_ended_is_opened_again(authority: Authority, act: Act) -> None:
    """The target's farewell is seen through TLS before the next request goes out."""
    with TlsServer(authority.server_context(), [act], [say(OK), say(OK)]) as server:
        connection = connect(server.port, client_context(authority.file))
        first = connection.exchange(REQUEST)
        server.wait_until_closed()
        second = connection.exchange(REQUEST)
        connection.close()
    assert (first.transport, second.transport, second.tls_s is not None) == ("", "", True)


def test_an_answer_that_only_the_close_ends_needs_the_farewell_of_tls(authority: Authority) -> None:
    """Without it anybody on the way could have cut the answer; with it the answer is whole."""
    until_close = b"HTTP/1.1 200 OK\r\n\r\n{}"

    def farewell(connection: socket.socket) -> None:
        say(until_close)(connection)
        assert isinstance(connection, ssl.SSLSocket)
        connection.unwrap()

    results = []
    for act in (farewell, say(until_close)):
        with TlsServer(authority.server_context(), [act]) as server:
            connection = connect(server.port, client_context(authority.file))
            results.append(connection.exchange(REQUEST))
            connection.close()
    assert [(result.transport, result.body) for result in results] == [("", b"{}"), ("truncated", b"")]


@pytest.mark.parametrize(
    ("act", "code"), [(say(b"HTTP/1.1 400 Bad Request\r\n\r\n"), "tls"), (hang_up, "tls"), (stay_silent, "tls_timeout")]
)
def test_a_server_that_does_not_speak_tls_is_told_from_one_that_is_silent(act: Act, code: str) -> None:
    """A failed handshake has sent nothing, and says whether it was refused or took too long."""

    def at_once(connection: socket.socket) -> None:
        if act is stay_silent:
            while connection.recv(4096):
                pass
        else:
            connection.recv(4096)
            connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n" if act is not hang_up else b"")

    with ScriptedServer([at_once]) as server:
        connection = connect(server.port, client_context(), Options(tls_s_max=0.05))
        result = connection.exchange(REQUEST)
        connection.close()
    assert (result.transport, result.sent_s) == (code, None)
    assert result.connect_s is not None


def test_a_large_request_refused_early_is_told_through_tls_as_well(authority: Authority) -> None:
    """While a megabyte waits to be sent, tickets are taken in and the answer is read."""
    refusal = b"HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\n{}"

    def refuse(connection: socket.socket) -> None:
        connection.recv(1000)
        connection.sendall(refusal)
        stay_silent(connection)

    with TlsServer(authority.server_context(), [refuse]) as server:
        connection = connect(server.port, client_context(authority.file))
        body = bytes(20_000_000)
        result = connection.exchange(b"POST /x HTTP/1.1\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))
        connection.close()
    assert (result.transport, result.http_status) == ("", 413)


def test_what_is_no_certificate_is_refused_in_one_line(authority: Authority, tmp_path: Path) -> None:
    """A wrong file is named before the first request, and a pass phrase is not asked for in the middle of a run."""
    text = tmp_path / "text.pem"
    text.write_text("not a certificate", "utf-8")
    key = serialization.load_pem_private_key(authority.issue("client.example").read_bytes(), None)
    locked = tmp_path / "locked.pem"
    locked.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(b"pass phrase"),
        )
    )
    for arguments, place in (
        ((tmp_path / "none.pem",), "CA file .*none.pem.*No such file"),
        ((text,), "CA file .*text.pem"),
        ((None, text), "client certificate .*text.pem"),
        ((None, authority.issue("client.example"), locked), "client certificate .*locked.pem"),
        (
            (None, authority.issue("a.example"), authority.issue("b.example")),
            "client certificate .*a.example.*mismatch",
        ),
        ((None, None, locked), "key file .*locked.pem"),
    ):
        with pytest.raises(UsageError, match=place) as error:
            client_context(*arguments)
        assert "\n" not in str(error.value)
