"""What the fault proxy may touch: loopback, and hosts that somebody has named."""

import asyncio
import socket
from collections.abc import Callable

import pytest

from pwdload.errors import FaultError
from pwdload.faults.addresses import HostPort, Permission


def check(address: str, *allowed: str) -> None:
    asyncio.run(Permission(allowed).check(HostPort.parse(address, place="upstream"), place="upstream"))


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Give a way to say which addresses a name has: no test asks a name server."""

    def know(**known: list[str]) -> None:
        def look_up(host: str, port: int, *_: object, **__: object) -> list[object]:
            if host not in known:
                raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in known[host]]

        monkeypatch.setattr(socket, "getaddrinfo", look_up)

    return know


@pytest.mark.parametrize("text", ["127.0.0.1:1", "127.9.9.9:65535", "[::1]:8080", "localhost:80"])
def test_loopback_is_free(text: str) -> None:
    """Nobody has to name this machine, and an address is written as it was read."""
    check(text)
    assert str(HostPort.parse(text, place="upstream")) == text


@pytest.mark.parametrize("text", ["10.0.0.1:80", "0.0.0.0:80", "[::]:80", "[2001:db8::1]:80", "[::ffff:10.0.0.1]:80"])
def test_another_address_must_be_named(text: str) -> None:
    """Refused in one line that says how; named, it is allowed."""
    host = HostPort.parse(text, place="upstream").host
    with pytest.raises(FaultError) as refused:
        check(text, "10.0.0.2")
    assert str(refused.value) == (
        f"upstream {text}: not loopback; the fault proxy touches no other host unless it is named: "
        f"start it with --allow {host}"
    )
    check(text, host)


def test_a_name_is_what_all_its_addresses_are(names: Callable[..., None]) -> None:
    """One address outside of loopback is enough to refuse; what the name means is told."""
    names(here=["127.0.0.1", "127.0.0.2"], there=["127.0.0.1", "192.0.2.7"])
    check("here:80")
    with pytest.raises(FaultError, match=r"upstream there:80: not loopback \(it is 192\.0\.2\.7\); .* --allow there$"):
        check("there:80")
    check("there:80", "THERE")


def test_a_name_without_an_address_is_told(names: Callable[..., None]) -> None:
    """In one line, with the place; unless it was named: then it may get its address later."""
    names()
    with pytest.raises(FaultError, match=r"^upstream nowhere:80: name or service not known; give a host that has"):
        check("nowhere:80")
    check("nowhere:80", "nowhere")


@pytest.mark.parametrize("text", ["", "x", ":80", "x:", "x:70000", "x:-1", "::1:80", "[x]y:80", "x:8o", "[::1:80"])
def test_what_is_no_address_is_refused(text: str) -> None:
    """With the place, the value and an example."""
    with pytest.raises(FaultError, match=r"^--listen '.*': not an address; give HOST:PORT, such as 127\.0\.0\.1:8080$"):
        HostPort.parse(text, place="--listen")
