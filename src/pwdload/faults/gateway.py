"""The fault proxy of a run: started, or somebody's Toxiproxy, put between the load and the target, and driven."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, Self

from pwdload.api.connections import Via
from pwdload.api.http import Address
from pwdload.api.permission import check_host_allowed
from pwdload.errors import FaultError
from pwdload.faults.addresses import HostPort
from pwdload.faults.client import ToxiproxyClient
from pwdload.faults.control.shapes import TlsSpec
from pwdload.faults.embedded import EmbeddedProxy
from pwdload.faults.kinds import checked
from pwdload.faults.plan import toxic_of
from pwdload.faults.toxic import Scope, Toxic
from pwdload.scenario import Scenario, Target
from pwdload.scenario.faults import PROXY_KINDS

NAME: Final = "pwdload"
"""Of the proxy, to its control API."""
_LOOPBACK: Final = "127.0.0.1:0"


class Gateway:
    """One fault proxy in front of one target."""

    def __init__(self, client: ToxiproxyClient, via: Via, engine: str, process: EmbeddedProxy | None) -> None:
        self.client = client
        self.via = via
        """Where the load connects in the target's place."""
        self.engine = engine
        """``embedded``, or the URL of a Toxiproxy."""
        self._process = process
        self._lapses = 0

    @classmethod
    def open(cls, scenario: Scenario, target: Address, allow: Sequence[str]) -> Self:
        """Put a proxy in front of a target, the way the scenario says.

        Raises:
            FaultError: it cannot be started or reached, or one of the scenario's faults is beyond it.
            UsageError: it is on a host that nobody has named.
        """
        url = scenario.fault_proxy.engine
        if url != "embedded":
            check_host_allowed(Address.parse(url).host, allow, "[fault_proxy] engine")
        process = EmbeddedProxy.start(allow=allow) if url == "embedded" else None
        client = process.client if process is not None else ToxiproxyClient(url, allowed=allow)
        try:
            if process is None:
                _forget_earlier(client)
            ends_tls = target.scheme == "https" and _needs_requests(scenario)
            made = client.create(
                NAME, _LOOPBACK, target.authority_with_port, _tls(scenario.target) if ends_tls else None
            )
        except BaseException:
            if process is not None:
                process.stop()
            raise
        listens = HostPort.parse(made.listen, place="listen")
        ca = made.tls.authority if made.tls is not None else ""
        return cls(client, Via(host=listens.host, port=listens.port, ca=ca), url, process)

    def proxied(self, toxic: Toxic) -> "Proxied":
        """Return a fault of this proxy."""
        return Proxied(client=self.client, toxic=toxic)

    def renew(self, seconds: float) -> None:
        """Say that we still live; unless that is said again in time, the embedded proxy heals by itself.

        Raises:
            FaultError: the proxy is gone, or it has healed by itself meanwhile.
        """
        if self._process is None:  # a Toxiproxy knows nothing of leases
            self.client.proxy(NAME)
            return
        if not self._process.is_alive:
            raise FaultError("its process has ended")
        status = self.client.take_lease(seconds)
        if status.lapses > self._lapses:
            self._lapses = status.lapses
            raise FaultError(f"it had to heal by itself, because nobody was heard of for {seconds:g} s")

    def stop(self) -> None:
        """Take the proxy away again."""
        if self._process is not None:
            self._process.stop()
            return
        _forget_earlier(self.client)


@dataclass(slots=True, kw_only=True)
class Proxied:
    """One fault of the proxy."""

    client: ToxiproxyClient
    toxic: Toxic
    _was_asked: bool = field(default=False, init=False)

    def check(self) -> None:
        """Return if the proxy is there, and has not got this fault already."""
        if self._is_on():
            raise FaultError(f"the fault proxy has a toxic {self.toxic.name} already; remove it")

    def inject(self) -> None:
        """Let the proxy have it."""
        self._was_asked = True
        self.client.add(NAME, self.toxic)

    def heal(self) -> None:
        """Take it from the proxy, and see that it is gone."""
        if not self._was_asked:
            return
        self.client.remove(NAME, self.toxic.name, missing_ok=True)
        if self._is_on():
            raise FaultError(f"the fault proxy still has the toxic {self.toxic.name}")
        self._was_asked = False

    def _is_on(self) -> bool:
        return any(toxic.name == self.toxic.name for toxic in self.client.proxy(NAME).toxics)


def check_kinds(scenario: Scenario) -> None:
    """Return if every fault of the proxy makes sense as it is written.

    Raises:
        FaultError: one does not; the text names the key.
    """
    for fault in scenario.faults:
        if fault.kind in PROXY_KINDS:
            checked(toxic_of(fault))


def _forget_earlier(client: ToxiproxyClient) -> None:
    """Take away a proxy of ours that an earlier run has left behind in somebody's Toxiproxy."""
    if NAME in client.proxies():
        client.delete(NAME)


def _tls(target: Target) -> TlsSpec:
    """Return how TLS ends in the proxy: towards the target it is as the load would be without it."""
    files = target.ca_file, target.client_certificate, target.client_key
    ca_file, certificate, key = (str(path.resolve()) if path is not None else "" for path in files)
    return TlsSpec(server_name=target.server_name or "", ca_file=ca_file, certificate=certificate, key=key)


def _needs_requests(scenario: Scenario) -> bool:
    return any(fault.kind in PROXY_KINDS and toxic_of(fault).scope is Scope.REQUEST for fault in scenario.faults)
