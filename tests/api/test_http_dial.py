"""Opening a connection: names, addresses, and what this machine itself may lack."""

import errno
import socket
import time
from collections.abc import Callable

import pytest
from tests.servers import ScriptedServer, say

from pwdload.api.http import Address, Connection, Exchange, Options, Resolver
from pwdload.api.http import dial as dial_module

REQUEST = b"GET / HTTP/1.1\r\nHost: t\r\n\r\n"
OK = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}"

Info = tuple[int, int, int, str, tuple[str, int]]


def names(monkeypatch: pytest.MonkeyPatch, *ips: str) -> list[str]:
    """Make every name have these addresses; return the list of names that get looked up."""
    asked: list[str] = []

    def getaddrinfo(host: str, port: int, **_: object) -> list[Info]:
        asked.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", (ip, port)) for ip in ips]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    return asked


def exchange_with(port: int, resolver: Resolver, *, connect_s_max: float | None = None) -> Exchange:
    """Return an exchange of a new connection to a named target."""
    address = Address(scheme="http", host="target.example", port=port)
    options = Options(resolver=resolver, connect_s_max=connect_s_max)
    connection = Connection(address, clock=time.perf_counter, timeout_s=2.0, options=options)
    result = connection.exchange(REQUEST)
    connection.close()
    return result


def test_a_name_is_looked_up_once_for_all_connections(monkeypatch: pytest.MonkeyPatch) -> None:
    """The name server is not part of the load, and its time is not part of the target's."""
    asked = names(monkeypatch, "127.0.0.1")
    resolver = Resolver()
    with ScriptedServer([say(OK)], [say(OK)]) as server:
        first, second = (exchange_with(server.port, resolver) for _ in range(2))
    assert asked == ["target.example"]
    assert (first.transport, second.transport) == ("", "")
    assert first.dns_s is not None
    assert second.dns_s is None


def test_a_name_that_could_not_be_resolved_is_asked_for_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name server that comes back is noticed."""
    asked = names(monkeypatch)
    resolver = Resolver()
    assert exchange_with(80, resolver).transport == "dns"
    assert exchange_with(80, resolver).transport == "dns"
    assert len(asked) == 2


def test_the_next_address_is_tried_and_the_one_that_worked_is_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    """A dead address behind a name costs the first connection something, and the others nothing."""
    names(monkeypatch, "127.0.0.2", "127.0.0.1")
    resolver = Resolver()
    with ScriptedServer([say(OK)]) as server:  # on 127.0.0.1 only
        assert exchange_with(server.port, resolver).transport == ""
        known = resolver.known("target.example", server.port)
    assert known is not None
    assert [endpoint.sockaddr[0] for endpoint in known] == ["127.0.0.1", "127.0.0.2"]


@pytest.mark.parametrize(
    ("failures", "code"),
    [
        ([errno.EMFILE], "local"),
        ([errno.EADDRNOTAVAIL], "local"),
        ([errno.EHOSTUNREACH], "unreachable"),
        ([errno.EADDRNOTAVAIL, errno.ECONNREFUSED], "refused"),
        ([errno.ECONNREFUSED, errno.ENETUNREACH], "refused"),
        ([errno.ENETUNREACH, errno.ETIMEDOUT], "connect_timeout"),
    ],
)
def test_the_most_telling_failure_of_several_addresses_is_reported(
    monkeypatch: pytest.MonkeyPatch, failures: list[int], code: str
) -> None:
    """What this machine lacks is not blamed on the target, and a target that refuses is said to."""
    names(monkeypatch, *(f"127.0.0.{n}" for n in range(1, len(failures) + 1)))
    left = iter(failures)

    def fail(*_: object) -> socket.socket:
        number = next(left)
        raise OSError(number, errno.errorcode[number])

    monkeypatch.setattr(dial_module, "_connected", fail)
    result = exchange_with(80, Resolver())
    assert (result.transport, result.sent_s, result.connect_s) == (code, None, None)


def test_an_address_that_swallows_everything_leaves_time_for_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    """The time-out of connecting is shared out over the addresses, and holds for all of them together."""
    names(monkeypatch, "127.0.0.1", "127.0.0.2")
    given: list[float] = []
    now_s = 0.0

    def swallow(_: object, timeout_s: float, __: object) -> socket.socket:
        nonlocal now_s
        given.append(timeout_s)
        now_s += timeout_s
        raise TimeoutError

    monkeypatch.setattr(dial_module, "_connected", swallow)
    clock: Callable[[], float] = lambda: now_s  # noqa: E731 - reads the variable, whose value changes
    options = Options(connect_s_max=4.0)
    address = Address(scheme="http", host="target.example", port=80)
    result = Connection(address, clock=clock, timeout_s=10.0, options=options).exchange(REQUEST)
    assert (result.transport, given, result.done_s) == ("connect_timeout", [2.0, 2.0], 4.0)


def test_a_full_accept_queue_is_a_connect_timeout() -> None:
    """A black hole at connect is told from an answer that does not come: nothing was sent."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as listener:
        port = listener.getsockname()[1]
        fillers = [socket.socket() for _ in range(3)]
        for filler in fillers:
            filler.setblocking(False)
            filler.connect_ex(("127.0.0.1", port))
        options = Options(connect_s_max=0.05)
        address = Address(scheme="http", host="127.0.0.1", port=port)
        result = Connection(address, clock=time.perf_counter, timeout_s=5.0, options=options).exchange(REQUEST)
        for filler in fillers:
            filler.close()
    assert (result.transport, result.sent_s) == ("connect_timeout", None)
    assert result.done_s - result.started_s < 2.0
