"""A proxy by CONNECT: used for every kind of target, told apart from the target when it fails."""

import base64
import socket
import time

import pytest
from tests.servers import Act, ScriptedServer, hang_up, read_request, reset, say, stay_silent
from tests.tls import Authority, TlsServer

from pwdload.api.http import Address, Connection, Exchange, Options, Proxy, client_context
from pwdload.errors import UsageError

REQUEST = b"POST /x HTTP/1.1\r\nHost: t\r\nContent-Length: 2\r\n\r\n{}"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
TUNNEL = b"HTTP/1.1 200 Connection established\r\n\r\n"
TARGET = Address(scheme="http", host="target.invalid", port=8080)


def proxy_at(port: int, *, user: str = "") -> Proxy:
    """Return a proxy on loopback."""
    proxy = Proxy.from_environment({"PWDLOAD_PROXY": f"http://{user}127.0.0.1:{port}"})
    assert proxy is not None
    return proxy


def through(port: int, *, user: str = "", connect_s_max: float | None = None, times: int = 1) -> list[Exchange]:
    """Return exchanges with a target that only the proxy at this port can reach."""
    options = Options(proxy=proxy_at(port, user=user), connect_s_max=connect_s_max)
    connection = Connection(TARGET, clock=time.perf_counter, timeout_s=2.0, options=options)
    results = [connection.exchange(REQUEST) for _ in range(times)]
    connection.close()
    return results


def test_a_plain_target_is_reached_through_the_proxy_and_only_the_proxy_resolves_its_name() -> None:
    """The tunnel is opened once, its time is apart, and then the connection is kept like any other."""
    asked: list[bytes] = []

    def tunnel(connection: socket.socket) -> None:
        asked.append(read_request(connection))
        connection.sendall(TUNNEL)

    with ScriptedServer([tunnel, say(OK), say(OK)]) as server:
        first, second = through(server.port, times=2)
    assert asked == [b"CONNECT target.invalid:8080 HTTP/1.1\r\nHost: target.invalid:8080\r\n\r\n"]
    assert (first.transport, second.transport) == ("", "")
    assert first.connect_s is not None
    assert first.proxy_s is not None
    assert second.proxy_s is None


def test_tls_goes_through_the_proxy_to_the_target(tmp_path_factory: pytest.TempPathFactory) -> None:
    """The target's certificate is verified end to end: the proxy sees bytes only."""
    authority = Authority.make(tmp_path_factory.mktemp("ca"))
    context = authority.server_context("target.invalid")

    def proxy_then_target(connection: socket.socket) -> socket.socket:
        read_request(connection)
        connection.sendall(TUNNEL)
        return context.wrap_socket(connection, server_side=True)

    with ScriptedServer([say(OK)], wrap=proxy_then_target) as server:
        connection = Connection(
            Address(scheme="https", host="target.invalid", port=443),
            clock=time.perf_counter,
            timeout_s=2.0,
            tls=client_context(authority.file),
            options=Options(proxy=proxy_at(server.port)),
        )
        result = connection.exchange(REQUEST)
        connection.close()
    assert (result.transport, result.http_status) == ("", 200)
    assert result.proxy_s is not None
    assert result.tls_s is not None


def test_credentials_of_the_environment_go_to_the_proxy_only() -> None:
    """They are sent as the proxy expects them, and never shown."""
    asked: list[bytes] = []

    def note(answer: bytes) -> Act:
        def act(connection: socket.socket) -> None:
            asked.append(read_request(connection))
            connection.sendall(answer)

        return act

    with ScriptedServer([note(TUNNEL), note(OK)]) as server:
        (result,) = through(server.port, user="me:p%40ss@")
    basic = base64.b64encode(b"me:p@ss")
    assert result.transport == ""
    assert b"Proxy-Authorization: Basic " + basic + b"\r\n" in asked[0]
    assert b"Proxy-Authorization" not in asked[1]
    assert basic.decode() not in repr(proxy_at(1, user="me:p%40ss@"))


@pytest.mark.parametrize(
    ("act", "code"),
    [
        (say(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 5\r\n\r\nlogin"), "proxy_auth"),
        (say(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n"), "proxy_denied"),
        (say(b"HTTP/1.0 502 Bad Gateway\r\n\r\n"), "proxy_denied"),
        (hang_up, "proxy_broken"),
        (reset, "proxy_broken"),
        (say(b"HTTP/1.1 200 OK\r\n"), "proxy_broken"),
        (say(b"SSH-2.0-OpenSSH\r\n"), "proxy_broken"),
        (say(TUNNEL + OK), "proxy_broken"),
        (stay_silent, "proxy_timeout"),
    ],
)
def test_a_proxy_that_does_not_let_us_through_is_not_the_targets_fault(act: Act, code: str) -> None:
    """Each way in which a proxy fails has a code of its own, and nothing of the request was sent."""
    with ScriptedServer([act]) as server:
        (result,) = through(server.port, connect_s_max=0.05 if act is stay_silent else None)
    assert (result.transport, result.sent_s, result.http_status) == (code, None, None)


def test_a_proxy_that_is_not_there_is_named() -> None:
    """A refused connection to the proxy says nothing about the target."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    assert [result.transport for result in through(port)] == ["proxy_refused"]
    nameless = Proxy.parse("http://no-such-proxy.invalid:3128")
    connection = Connection(TARGET, clock=time.perf_counter, timeout_s=2.0, options=Options(proxy=nameless))
    assert connection.exchange(REQUEST).transport == "proxy_dns"


@pytest.mark.parametrize(
    "url", ["proxy:3128", "https://proxy:3128", "http://proxy", "http://proxy:x", "http://proxy:1/path", "socks5://p:1"]
)
def test_what_is_no_proxy_is_refused_in_one_line(url: str) -> None:
    """A mistyped proxy is told with what is allowed."""
    message = r"^proxy .*give http://HOST.*$"
    with pytest.raises(UsageError, match=message):
        Proxy.parse(url)
    with pytest.raises(UsageError, match=message):
        Proxy.from_environment({"PWDLOAD_PROXY": url})


def test_a_proxys_password_is_taken_from_the_environment_only_and_not_repeated() -> None:
    """A secret in a scenario is refused, and one in the environment does not get into a message."""
    with pytest.raises(UsageError, match="PWDLOAD_PROXY") as error:
        Proxy.parse("http://me:s3cret@proxy:3128")
    assert "s3cret" not in str(error.value)
    with pytest.raises(UsageError, match="not shown") as error:
        Proxy.from_environment({"PWDLOAD_PROXY": "http://me:s3cret@proxy"})
    assert "s3cret" not in str(error.value)
    assert Proxy.from_environment({}) is None


def test_a_tls_server_in_the_place_of_a_proxy_is_a_broken_proxy(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Speaking plain HTTP to a TLS port is told as the proxy's failure."""
    authority = Authority.make(tmp_path_factory.mktemp("ca"))
    with TlsServer(authority.server_context(), [say(OK)]) as server:
        (result,) = through(server.port)
    assert result.transport == "proxy_broken"
