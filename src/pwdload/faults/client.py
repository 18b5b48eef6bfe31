"""The control API as its user sees it: the embedded proxy's, or a real Toxiproxy's.

What only the embedded proxy can is refused before anything is sent: a fault that a real Toxiproxy would take and ignore
must not pass for one that was injected.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar
from urllib.parse import quote

from pydantic import TypeAdapter, ValidationError

from pwdload.errors import FaultError
from pwdload.faults import version
from pwdload.faults.caller import Caller
from pwdload.faults.control.lease import LeaseStatus
from pwdload.faults.control.shapes import TlsSpec
from pwdload.faults.kinds import checked
from pwdload.faults.links import ProxyCounts
from pwdload.faults.toxic import Scope, Toxic

_T = TypeVar("_T")
_TIMEOUT_S = 2.0

TOXIPROXY_KINDS: Mapping[str, frozenset[str]] = {
    "noop": frozenset(),
    "latency": frozenset({"latency", "jitter"}),
    "bandwidth": frozenset({"rate"}),
    "slow_close": frozenset({"delay"}),
    "timeout": frozenset({"timeout"}),
    "reset_peer": frozenset({"timeout"}),
    "slicer": frozenset({"average_size", "size_variation", "delay"}),
    "limit_data": frozenset({"bytes"}),
}
"""What a real Toxiproxy 2.x has: kind -> its attributes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TlsState:
    """TLS that ends in a proxy."""

    authority: str
    """The certificate that clients have to trust, in PEM format."""
    server_name: str = ""
    """The name that the target must prove; empty: the host of `upstream`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProxyState:
    """A proxy as the control API tells it."""

    name: str
    listen: str
    """HOST:PORT, the real one as soon as the proxy was enabled once."""
    upstream: str
    enabled: bool
    toxics: tuple[Toxic, ...]
    tls: TlsState | None = None
    """Null: bytes are passed on as they are."""


class ToxiproxyClient:
    """Drives one fault proxy. Every method raises `FaultError`, one line, for whatever it could not do.

    Each call is one request on a connection of its own, and waits for two seconds at most: it may be used from any
    thread, and from greenlets of a patched process.
    """

    def __init__(self, url: str, *, timeout_s: float = _TIMEOUT_S, allowed: Iterable[str] = ()) -> None:
        """Take the URL; `allowed`: hosts and addresses that were named, of which a name's addresses may be some."""
        self._caller = Caller(url, timeout_s=timeout_s, allowed=allowed)

    @property
    def url(self) -> str:
        """Where the control API is."""
        return self._caller.url

    def version(self) -> str:
        """Return the version; the embedded proxy's names the Toxiproxy whose API it speaks."""
        document = self._caller.call("GET", "/version")
        if not isinstance(document, dict) or not isinstance(document.get("version"), str):
            raise self._unlike("a version")
        return str(document["version"])

    @cached_property
    def is_embedded(self) -> bool:
        """Whether it is the embedded proxy; asked once."""
        return version.is_embedded(self.version())

    def create(self, name: str, listen: str, upstream: str, tls: TlsSpec | None = None) -> ProxyState:
        """Make a proxy and enable it; port 0 of `listen` picks a free one. Only the embedded proxy ends TLS."""
        body: dict[str, object] = {"name": name, "listen": listen, "upstream": upstream, "enabled": True}
        if tls is not None:
            self._require_embedded("end TLS")
            body["tls"] = tls.document()
        return self._proxy(self._caller.call("POST", "/proxies", body))

    def proxy(self, name: str) -> ProxyState:
        """Tell how a proxy is."""
        return self._proxy(self._caller.call("GET", _path(name)))

    def proxies(self) -> dict[str, ProxyState]:
        """Tell how all proxies are, by name."""
        document = self._caller.call("GET", "/proxies")
        if not isinstance(document, dict):
            raise self._unlike("proxies")
        return {name: self._proxy(one) for name, one in document.items()}

    def delete(self, name: str) -> None:
        """Stop a proxy, and forget it."""
        self._caller.call("DELETE", _path(name))

    def enable(self, name: str, on: bool) -> None:
        """Let a proxy listen, or stop listening and end all its connections; its toxics stay."""
        self._caller.call("POST", _path(name), {"enabled": on})

    def add(self, name: str, toxic: Toxic) -> Toxic:
        """Add a toxic to a proxy, and return it as the proxy took it."""
        document = self._caller.call("POST", f"{_path(name)}/toxics", self._body(checked(toxic)))
        return self._toxic(document)

    def remove(self, name: str, toxic_name: str, *, missing_ok: bool = False) -> None:
        """Remove a toxic from a proxy; `missing_ok`: it is no error that the proxy has none of this name."""
        if missing_ok and all(toxic.name != toxic_name for toxic in self.proxy(name).toxics):
            return
        self._caller.call("DELETE", f"{_path(name)}/toxics/{_quoted(toxic_name)}")

    def reset(self) -> None:
        """Remove all toxics of all proxies, and enable every proxy."""
        self._caller.call("POST", "/reset")

    def counts(self, name: str) -> ProxyCounts:
        """Tell what went through a proxy, and what was affected. Only the embedded proxy can."""
        self._require_embedded("count what goes through it")
        return self._read(_COUNTS, self._caller.call("GET", f"{_path(name)}/counts"), "counts")

    def take_lease(self, seconds: float) -> LeaseStatus:
        """Take or renew the lease: unless that is done again in time, the proxy heals. Only the embedded proxy can."""
        self._require_embedded("heal by itself when its controller dies")
        return self._read(_LEASE, self._caller.call("PUT", "/lease", {"seconds": seconds}), "a lease")

    def lease(self) -> LeaseStatus:
        """Tell how the lease is, and how often it has run out. Only the embedded proxy can."""
        self._require_embedded("heal by itself when its controller dies")
        return self._read(_LEASE, self._caller.call("GET", "/lease"), "a lease")

    def end_lease(self) -> None:
        """Give the lease back; nothing is healed. Only the embedded proxy can."""
        self._require_embedded("heal by itself when its controller dies")
        self._caller.call("DELETE", "/lease")

    def _require_embedded(self, what: str) -> None:
        if not self.is_embedded:
            raise FaultError(
                f"fault proxy {self.url}: only the embedded proxy can {what}, this is a Toxiproxy; "
                'leave that out, or take [fault_proxy] engine = "embedded"'
            )

    def _body(self, toxic: Toxic) -> dict[str, object]:
        """Return a toxic as it is sent: all of it, or what a real Toxiproxy knows of it."""
        attributes = dict(toxic.attributes)
        body: dict[str, object] = {"name": toxic.name, "type": toxic.kind, "stream": toxic.stream.value}
        if self.is_embedded:
            body |= {"scope": toxic.scope.value, "seed": toxic.seed}
        else:
            attributes = self._known_to_toxiproxy(toxic)
        return {**body, "toxicity": toxic.toxicity, "attributes": attributes}

    def _known_to_toxiproxy(self, toxic: Toxic) -> dict[str, int | float | str]:
        """Return the attributes that a real Toxiproxy knows; the others must say what it does anyway."""
        known = TOXIPROXY_KINDS.get(toxic.kind)
        if known is None:
            self._require_embedded(f'do "{toxic.kind}"')
        if toxic.scope is not Scope.CONNECTION:
            self._require_embedded(f"draw for each {toxic.scope}")
        plain = checked(Toxic(name=toxic.name, kind=toxic.kind)).attributes
        for name, value in toxic.attributes.items():
            if name not in (known or ()) and value != plain[name]:
                self._require_embedded(f'do "{toxic.kind}" with {name} {value}')
        return {name: value for name, value in toxic.attributes.items() if name in (known or ())}

    def _proxy(self, document: object) -> ProxyState:
        if not isinstance(document, dict) or not isinstance(document.get("toxics", []), list):
            raise self._unlike("a proxy")
        toxics = tuple(self._toxic(toxic) for toxic in document.get("toxics", []))
        return self._read(_PROXY, {**document, "toxics": toxics}, "a proxy")

    def _toxic(self, document: object) -> Toxic:
        if not isinstance(document, dict):
            raise self._unlike("a toxic")
        return self._read(_TOXIC, {**document, "kind": document.get("type")}, "a toxic")

    def _read(self, adapter: TypeAdapter[_T], document: object, what: str) -> _T:
        try:
            return adapter.validate_python(document)
        except ValidationError:
            raise self._unlike(what) from None

    def _unlike(self, what: str) -> FaultError:
        return FaultError(
            f"fault proxy {self.url}: what should be {what} is none; give the URL of a Toxiproxy's control API"
        )


_PROXY, _TOXIC = TypeAdapter(ProxyState), TypeAdapter(Toxic)
_COUNTS, _LEASE = TypeAdapter(ProxyCounts), TypeAdapter(LeaseStatus)


def _path(name: str) -> str:
    return f"/proxies/{_quoted(name)}"


def _quoted(name: str) -> str:
    return quote(name, safe="")
