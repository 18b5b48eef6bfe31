"""An HTTP proxy between us and the target: one CONNECT, then bytes go both ways."""

from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

from pwdload.api.http.address import Address
from pwdload.api.http.answer import AnswerReader
from pwdload.api.http.exchange import Failure, TransportCode
from pwdload.api.http.stream import PlainStream, time_left_s
from pwdload.errors import UsageError
from pwdload.secrecy import given

PROXY_VARIABLE = "PWDLOAD_PROXY"
_HEAD_BYTES_MAX = 64 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Proxy:
    """A proxy, spoken to in plain HTTP; used for plain and TLS targets alike."""

    address: Address
    authorization: str | None = field(default=None, repr=False)
    """Value of Proxy-Authorization: a secret."""

    @property
    def url(self) -> str:
        """The URL that `parse` reads again: without the secret."""
        return f"http://{self.address.authority_with_port}"

    @classmethod
    def parse(cls, url: str) -> "Proxy":
        """Read ``http://HOST[:PORT]`` from a place that must hold no secrets.

        Raises:
            UsageError: it is something else; a user in it is refused.
        """
        if "@" in url:
            raise UsageError(f"proxy: a URL with a user in it; set it in the environment, as {PROXY_VARIABLE}")
        return cls(address=_address(url, url))

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> "Proxy | None":
        """Read ``PWDLOAD_PROXY=http://[USER:PASSWORD@]HOST[:PORT]``; null where it is not set.

        Raises:
            UsageError: it is something else; the message does not repeat what may be a password.
        """
        url = (given(PROXY_VARIABLE, environment) or "").strip()
        if not url:
            return None
        user, at, rest = url.removeprefix("http://").rpartition("@")
        bare = f"http://{rest}" if at and url.startswith("http://") else url
        address = _address(bare, "(not shown)" if at else url)
        return cls(address=address, authorization=_basic(user) if at else None)


def _address(url: str, shown: str) -> Address:
    allowed = "give http://HOST[:PORT]"
    try:
        address = Address.parse(url)
    except UsageError:
        raise UsageError(f"proxy {shown}: not a proxy's URL; {allowed}") from None
    if address.scheme != "http":
        raise UsageError(f"proxy {shown}: a proxy is spoken to in plain HTTP here; {allowed}")
    if urlsplit(url).port is None:
        raise UsageError(f"proxy {shown}: no port; proxies have no usual one, give http://HOST:PORT")
    return address


def _basic(user: str) -> str:
    name, _, password = user.partition(":")
    return "Basic " + b64encode(f"{unquote(name)}:{unquote(password)}".encode()).decode()


def connect_through(
    proxy: Proxy, stream: PlainStream, target: Address, *, clock: Callable[[], float], deadline_s: float
) -> None:
    """Ask a proxy, to which the stream is open, for a way to the target.

    Raises:
        Failure: `PROXY_AUTH`, `PROXY_DENIED`, `PROXY_BROKEN` or `PROXY_TIMEOUT`.
    """
    lines = [f"CONNECT {target.authority_with_port} HTTP/1.1", f"Host: {target.authority_with_port}"]
    if proxy.authorization is not None:
        lines.append(f"Proxy-Authorization: {proxy.authorization}")
    try:
        stream.send("\r\n".join((*lines, "", "")).encode())
        status = _status(stream, clock, deadline_s)
    except TimeoutError:
        raise Failure(TransportCode.PROXY_TIMEOUT) from None
    except OSError:
        raise Failure(TransportCode.PROXY_BROKEN) from None
    if status == 407:
        raise Failure(TransportCode.PROXY_AUTH)
    if not 200 <= status < 300:
        raise Failure(TransportCode.PROXY_DENIED)


def _status(stream: PlainStream, clock: Callable[[], float], deadline_s: float) -> int:
    answer = AnswerReader(_HEAD_BYTES_MAX, 0)
    answer.begin(bodiless=True)
    while not answer.complete:
        stream.set_timeout(time_left_s(deadline_s, clock()))
        data = stream.receive()
        if not data:
            raise ConnectionError
        try:
            answer.feed(data)
        except Failure:
            raise Failure(TransportCode.PROXY_BROKEN) from None
    if answer.status < 300 and not data.endswith(b"\r\n\r\n"):
        raise Failure(TransportCode.PROXY_BROKEN)  # bytes of the target before we have said a word
    return answer.status
