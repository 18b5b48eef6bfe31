"""The way to the target, step by step: may it be touched, has it a name, a port, a certificate, does it answer HTTP.

A step that has found something gives it to the next: addresses, an open socket, the answer's head. Names are looked up
by the system, as in a run; sockets are opened here rather than by `api.http`, which tells why a connection failed in a
word, where a person needs the certificate's own.
"""

import http.client
import socket
import ssl
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from pwdload.api.answering import WANTS_CERTIFICATE
from pwdload.api.confirmation import Ask, check_confirmed
from pwdload.api.contract import SERVER_DATE_PATH
from pwdload.api.http import Address, Proxy, Resolver, client_context, is_loopback
from pwdload.api.http.exchange import Failure, TransportCode
from pwdload.api.http.proxy import PROXY_VARIABLE, connect_through
from pwdload.api.http.stream import PlainStream
from pwdload.api.permission import check_addresses_allowed, check_host_allowed
from pwdload.api.request import device_headers
from pwdload.devices import DeviceProfile
from pwdload.doctor.findings import Budget, Finding, failed, ok, warning
from pwdload.errors import UsageError
from pwdload.scenario import Target
from pwdload.units import format_duration

WITHIN_S = 5.0
"""How long each step may take."""
DAYS_LEFT_LEAST = 14.0
"""A certificate with fewer days left is worth a word: it may run out before the review."""
SKEW_S_MAX = 2.0
"""A Date header tells whole seconds, and was written before it was read: what is below says nothing."""
SKEW_S_BROKEN = 60.0
"""From here on tokens and certificates are judged wrongly."""
_DAY_S = 86_400.0
_CERTIFICATE_REMEDIES = {
    9: "Set this machine's clock, or wait until the certificate is valid.",
    10: "Have the target's certificate renewed, or set this machine's clock if that is what is wrong.",
    62: "Use the name that is in the certificate, or state it as [target] server_name.",
    64: "Use a name that is in the certificate, or state it as [target] server_name.",
}
"""What to do, by OpenSSL's X509_V_ERR numbers; every other one is about who has signed it."""
_SIGNER = "Name the authority that has signed it as [target] ca_file."
_SHOW_ONE = "State [target] client_certificate, and client_key where that is in a file of its own."
_OF_PROXY = {
    TransportCode.PROXY_AUTH: f"Set {PROXY_VARIABLE} with the proxy's user and password in the environment.",
    TransportCode.PROXY_DENIED: "Have the proxy let this machine through to the target.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """Where to, and through what."""

    address: Address
    target: Target
    """As `settled`, with every host in `allow` that was named."""
    proxy: Proxy | None
    confirmed: str | None
    ask: Ask | None

    @property
    def reached(self) -> Address:
        """What connections are opened to: the proxy where there is one."""
        return self.proxy.address if self.proxy is not None else self.address

    @property
    def server_name(self) -> str:
        """The name that TLS asks for."""
        return self.target.server_name or self.address.host


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """What the first answer said before its body."""

    http_status: int
    date: str
    location: str
    sent_utc_s: float
    """When it was asked for, by this machine's clock: Unix time in seconds."""
    took_s: float
    wants_certificate: bool
    """Whether it is a gateway's answer to a client that has shown no certificate that it trusts."""


def check_permission(way: Way) -> Finding:
    """Make sure that somebody has named the target, and the proxy before it; nothing is sent before that."""
    host = way.address.host
    try:
        check_host_allowed(host, way.target.allow)
        check_host_allowed(way.reached.host, way.target.allow, "proxy")
    except UsageError as error:
        return failed(
            "permission", str(error).partition(";")[0], f"If it may be touched, give --allow-host {_named(error)}."
        )
    try:
        check_confirmed(host, way.confirmed, way.ask)
    except UsageError as error:
        return failed("permission", str(error).partition(";")[0], f"If you mean it, give --yes-this-is {host}.")
    return ok("permission", f"{host} is " + ("loopback" if is_loopback(host) else "named"))


def _named(error: UsageError) -> str:
    return str(error).partition(": not loopback")[0].split()[-1]


def check_names(way: Way) -> tuple[Finding, tuple[str, ...]]:
    """Resolve the name; return every address too, all of them allowed."""
    host, port = way.reached.host, way.reached.port
    try:
        found = tuple(dict.fromkeys(one.address for one in Resolver().look_up(host, port)))
        check_addresses_allowed(host, found, way.target.allow)
    except UsageError as error:
        value, _, remedy = str(error).partition("; ")
        return failed("names", value, f"{remedy[0].upper()}{remedy[1:]}."), ()
    except OSError as error:
        why = (error.strerror or "no address").lower()
        return failed("names", f"{host}: {why}", "Mend the name in --host, or in this machine's DNS or /etc/hosts."), ()
    return ok("names", f"{host} is {', '.join(found)}"), found


def check_tcp(way: Way, addresses: Sequence[str]) -> Finding:
    """Connect to every address; a run takes whichever answers first, and stumbles over those that do not."""
    port, wrong = way.reached.port, {}
    begun_s = time.perf_counter()
    for address in addresses:
        try:
            socket.create_connection((address, port), WITHIN_S).close()
        except OSError as error:
            wrong[address] = "no answer" if isinstance(error, TimeoutError) else (error.strerror or "failed").lower()
    told = ", ".join(f"{address} port {port}: {why}" for address, why in wrong.items())
    if len(wrong) == len(addresses):
        who = "the proxy" if way.proxy is not None else "the target"
        return failed("tcp", told, f"Start {who}, mend the port in its URL, or open the way through the firewall.")
    if wrong:
        return warning("tcp", told, "Take the dead address out of the name, or start what should be there.")
    return ok("tcp", f"port {port} opens in {format_duration((time.perf_counter() - begun_s) / len(addresses))}")


def check_tls(way: Way, addresses: Sequence[str]) -> Finding:
    """Shake hands, and tell by whom the certificate was signed and how long it is good for."""
    if way.address.scheme == "http":
        if is_loopback(way.address.host):
            return ok("tls", "plain HTTP on loopback")
        return warning(
            "tls", "plain HTTP: passwords and tokens cross the network in the clear", "Give https:// as --host."
        )
    try:
        with _opened(way, addresses) as sock:
            assert isinstance(sock, ssl.SSLSocket)  # noqa: S101 - https
            return _of_certificate(sock, way)
    except ssl.SSLCertVerificationError as error:
        remedy = _CERTIFICATE_REMEDIES.get(error.verify_code, _SIGNER)
        return failed("tls", f"certificate refused: {error.verify_message.rstrip('.')}", remedy)
    except ssl.SSLError as error:
        why = (error.reason or "failed").replace("_", " ").lower()
        return failed(
            "tls", why, "Is it https that listens there, and does it want a certificate (client_certificate)?"
        )
    except (OSError, UsageError, Failure) as error:
        usual = "Mend what is named: a file of [target], the proxy, or the target's TLS."
        return failed("tls", _why(error), _proxy_remedy(error, usual))


def check_http(
    way: Way, addresses: Sequence[str], device: DeviceProfile, budget: Budget
) -> tuple[Finding, Head | None]:
    """Ask for the server's date, which changes nothing; return the head of the answer too, whatever it is."""
    budget.take()
    try:
        head = _asked(way, addresses, device)
    except ssl.SSLError as error:  # TLS 1.3: the handshake is done before the target looks at our certificate
        why = (error.reason or "TLS ended before an answer").replace("_", " ")
        return failed("http", why.lower().replace("tls", "TLS"), _SHOW_ONE), None
    except (OSError, http.client.HTTPException, Failure) as error:
        usual = "Is it an HTTP service that listens there, and is it well?"
        return failed("http", _why(error), _proxy_remedy(error, usual)), None
    value = f"HTTP {head.http_status} in {format_duration(head.took_s)}"
    if head.wants_certificate:
        return failed("http", f"{value}: it wants a certificate that it trusts from its clients", _SHOW_ONE), None
    if 300 <= head.http_status < 400:
        where = head.location or "nowhere"
        return failed(
            "http", f"{value}, to {where}", "Name the address it means as --host: no redirect is followed."
        ), head
    if head.http_status >= 500:
        return warning("http", value, "Look into the target's log: it is there, and not well."), head
    return ok("http", value), head


def check_clock(head: Head) -> Finding:
    """Hold this machine's clock against the Date header, which is of whole seconds."""
    try:
        there_s = parsedate_to_datetime(head.date).timestamp() + 0.5
    except ValueError:
        return failed_date(head.date)
    skew_s = there_s - (head.sent_utc_s + head.took_s / 2)
    value = f"the target's clock is {format_duration(abs(skew_s))} {'ahead' if skew_s > 0 else 'behind'}"
    if abs(skew_s) <= SKEW_S_MAX:
        return ok("clock", f"within {SKEW_S_MAX:.0f} s of the target's")
    remedy = "Have both machines keep time by NTP."
    if abs(skew_s) < SKEW_S_BROKEN:
        return warning("clock", value, remedy)
    return failed("clock", value, f"{remedy[:-1]}: tokens and certificates are judged by it.")


def failed_date(date: str) -> Finding:
    """Return that the target has told no time."""
    told = f"Date {date[:40]!r} is no time" if date else "no Date header"
    return warning("clock", told, "Compare the clocks by hand: what the target logs is told by its own.")


def _opened(way: Way, addresses: Sequence[str]) -> socket.socket:
    """Return an open socket to the target, through the proxy and with TLS where that is wanted.

    To one of the addresses that were allowed: the name is not looked up again, which might lead elsewhere.
    """
    sock = _connected(addresses, way.reached.port)
    try:
        if way.proxy is not None:
            connect_through(
                way.proxy,
                PlainStream(sock),
                way.address,
                clock=time.monotonic,
                deadline_s=time.monotonic() + WITHIN_S,
            )
            sock.settimeout(WITHIN_S)
        if way.address.scheme == "http":
            return sock
        target = way.target
        context = client_context(target.ca_file, target.client_certificate, target.client_key)
        return context.wrap_socket(sock, server_hostname=way.server_name)
    except BaseException:
        sock.close()
        raise


def _connected(addresses: Sequence[str], port: int) -> socket.socket:
    """Return a socket to the first address that answers."""
    for address in addresses[:-1]:
        with suppress(OSError):
            return socket.create_connection((address, port), WITHIN_S)
    return socket.create_connection((addresses[-1], port), WITHIN_S)


def _of_certificate(sock: ssl.SSLSocket, way: Way) -> Finding:
    certificate = sock.getpeercert() or {}
    ends_s = ssl.cert_time_to_seconds(str(certificate.get("notAfter")))
    days = (ends_s - datetime.now(UTC).timestamp()) / _DAY_S
    trusted = f"trusted by {way.target.ca_file.name}" if way.target.ca_file is not None else "trusted by the system"
    value = f'{sock.version()}, signed by "{_signer(certificate.get("issuer", ()))}", {trusted}, {days:.0f} days left'
    if days < DAYS_LEFT_LEAST:
        return warning("tls", value, "Have the target's certificate renewed before it expires.")
    return ok("tls", value)


def _signer(issuer: object) -> str:
    names: dict[str, str] = {}
    for part in issuer if isinstance(issuer, tuple) else ():
        with suppress(TypeError, ValueError):
            names.update(part)
    return names.get("commonName") or names.get("organizationName") or "nobody"


def _asked(way: Way, addresses: Sequence[str], device: DeviceProfile) -> Head:
    connection = http.client.HTTPConnection(way.address.host, way.address.port, timeout=WITHIN_S)
    connection.sock = _opened(way, addresses)
    try:
        begun_s, sent_utc_s = time.perf_counter(), time.time()
        headers = {"Host": way.address.authority, **device_headers(device, way.target.tenant_id)}
        with suppress(BrokenPipeError):  # closed for writing: but why may be there to read
            connection.request("GET", SERVER_DATE_PATH, headers=headers)
        answer = connection.getresponse()
        took_s = time.perf_counter() - begun_s
        wants_certificate = answer.status == 400 and WANTS_CERTIFICATE in answer.read(4096)
        return Head(
            http_status=answer.status,
            date=answer.getheader("Date") or "",
            location="".join(c for c in (answer.getheader("Location") or "")[:120] if c.isprintable()),
            sent_utc_s=sent_utc_s,
            took_s=took_s,
            wants_certificate=wants_certificate,
        )
    finally:
        connection.close()


def _proxy_remedy(error: Exception, usual: str) -> str:
    return _OF_PROXY.get(error.code, usual) if isinstance(error, Failure) else usual


def _why(error: Exception) -> str:
    """Return what went wrong in a few words."""
    if isinstance(error, Failure):
        return error.code.value.replace("_", " ")
    if isinstance(error, TimeoutError):
        return f"no answer within {WITHIN_S:.0f} s"
    if isinstance(error, UsageError):
        return str(error).partition(";")[0]
    words = getattr(error, "strerror", None) or f"{type(error).__name__} {error}".strip()
    return " ".join("".join(c if c.isprintable() else " " for c in words).split())[:120].lower()
