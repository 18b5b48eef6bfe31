"""The connections of one process to its target, as a scenario describes them.

settled     what [target] says of connections, with what the environment and the kind of target add to it
Connections the options, the one TLS context, the names and the TLS sessions that all connections share
SharedClients  connections for what is asked beside the load, by several threads
Client      one client's connection: kept from flow to flow, or another client's with each flow
"""

import random
from _socket import socket
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from pwdload.api.http import Address, Connection, Exchange, Options, Proxy, Ready, Resolver, TlsSessions, client_context
from pwdload.api.http.proxy import PROXY_VARIABLE
from pwdload.api.permission import check_addresses_allowed, check_host_allowed
from pwdload.errors import UsageError
from pwdload.scenario import Target

_TLS_KEYS = ("ca_file", "client_certificate", "client_key", "server_name", "returning_share")
_FILES = ("ca_file", "client_certificate", "client_key")


def settled(target: Target, environment: Mapping[str, str]) -> Target:
    """Return a target as every process of a run can use it: files by their absolute paths, the proxy by its address.

    The proxy of the environment takes the place of the scenario's; its user and password stay in the environment.

    Raises:
        UsageError: what the environment names is no proxy.
    """
    proxy = Proxy.from_environment(environment)
    files = {key: path.resolve() for key in _FILES if (path := getattr(target, key)) is not None}
    address = {"proxy": proxy.url} if proxy is not None else {}
    return target.model_copy(update=files | address)


def spoken_to_directly(target: Target) -> Target:
    """Return a target as the embedded stand-in is one: on loopback, in plain HTTP."""
    nothing = dict.fromkeys((*_FILES, "server_name", "proxy"))
    return target.model_copy(update={**nothing, "returning_share": 0.0})


def keys_without_use(target: Target, *, directly: bool) -> tuple[str, ...]:
    """Return the stated keys that mean nothing to a target in plain HTTP; `directly`: nor to the embedded stand-in."""
    keys = (*_TLS_KEYS, "proxy") if directly else _TLS_KEYS
    return tuple(key for key in keys if getattr(target, key))


@dataclass(frozen=True, slots=True, kw_only=True)
class Via:
    """Where a target is reached in place of its own address: a fault proxy, which passes everything on."""

    host: str
    port: int
    ca: str = ""
    """PEM of the authority that vouches for it where it ends TLS itself; empty where it does not."""


class Client:
    """One client's connection to the target, and what becomes of it when a flow ends."""

    def __init__(self, connection: Connection, target: Target, chance: random.Random) -> None:
        self.exchange = connection.exchange
        """Sends a request and returns its exchange: see `Connection.exchange`."""
        self.prepare, self.begin, self.finish = connection.prepare, connection.begin, connection.finish
        """The same in three steps: see there."""
        self.close = connection.close
        self._connection = connection
        self._per_flow = target.connections == "per_flow"
        self._returning_share = target.returning_share
        self._chance = chance
        self._change()

    def end_flow(self) -> None:
        """Close the connection if the next flow is another client's."""
        if self._per_flow:
            self._change()

    def _change(self) -> None:
        # 0 and 1 hold exactly: `random` is at least 0 and less than 1.
        self._connection.change_client(returning=self._chance.random() < self._returning_share)


class Connections:
    """Makes the connections of a process to one target."""

    def __init__(  # noqa: PLR0913 - each is named by its caller
        self,
        target: Target,
        url: str,
        *,
        clock: Callable[[], float],
        environment: Mapping[str, str],
        chance: random.Random,
        timeout_s: float | None = None,
        ready: Callable[[socket], Ready] | None = None,
        via: Via | None = None,
    ) -> None:
        """Read what all of them share; nothing is opened yet.

        Args:
            target: as `settled`.
            url: base URL of the target.
            clock: gives seconds; all times of the exchanges are on it.
            environment: where user and password of the proxy are, if it wants any.
            chance: decides which clients return.
            timeout_s: limit of an exchange; null: the target's.
            ready: makes what sends and waits for an open socket; null: the sockets do so themselves.
            via: where to connect instead; null: to the target itself.

        Raises:
            UsageError: a file cannot be read, or is not what it should be; the environment's proxy is another one; or
                target or proxy is neither loopback nor named in `allow`.
        """
        self.address = Address.parse(url)
        self._target = target
        self._clock = clock
        self._chance = chance
        self._timeout_s = target.timeout_s if timeout_s is None else timeout_s
        files = target.ca_file, target.client_certificate, target.client_key
        further_ca = via.ca if via is not None else ""
        proxy = _proxy(target.proxy, environment)
        self._resolver = Resolver(partial(_check_addresses, target.allow))
        self._reached = proxy.address if proxy is not None else self.address
        check_host_allowed(self.address.host, target.allow)
        if proxy is not None:
            check_host_allowed(proxy.address.host, target.allow, "proxy")
        if via is not None:
            check_host_allowed(via.host, target.allow, "fault proxy")
        self._tls = client_context(*files, further_ca=further_ca) if self.address.scheme == "https" else None
        self._options = Options(
            connect_s_max=target.phase_timeouts.connect_s,
            tls_s_max=target.phase_timeouts.tls_s,
            first_byte_s_max=target.phase_timeouts.first_byte_s,
            sessions=TlsSessions(),
            server_name=target.server_name,
            proxy=proxy,
            resolver=self._resolver,
            heads={},
            ready=ready,
            via=Address(scheme=self.address.scheme, host=via.host, port=via.port) if via is not None else None,
        )

    def addresses(self) -> tuple[str, ...]:
        """Look up what all connections go to, the target or the proxy before it, and return every address of it.

        Raises:
            OSError: the name has none.
            UsageError: one of them is not allowed.
        """
        found = self._resolver.look_up(self._reached.host, self._reached.port)
        return tuple(one.address for one in found)

    def client(self) -> Client:
        """Return the connection of one user, not opened yet."""
        connection = Connection(
            self.address, clock=self._clock, timeout_s=self._timeout_s, tls=self._tls, options=self._options
        )
        return Client(connection, self._target, self._chance)


class SharedClients:
    """Connections that several threads share: each exchange has one to itself."""

    def __init__(self, connections: Connections) -> None:
        self.authority = connections.address.authority
        self._connections = connections
        self._idle: list[Client] = []  # adding and taking are one step each: safe for threads

    def exchange(self, request: bytes) -> Exchange:
        """Send a request over a connection that nobody else is using, and return its exchange."""
        try:
            client = self._idle.pop()
        except IndexError:
            client = self._connections.client()
        exchange = client.exchange(request)
        client.end_flow()
        self._idle.append(client)
        return exchange

    def close(self) -> None:
        """Close those that are not in use; the next exchange opens another."""
        while self._idle:
            self._idle.pop().close()


def _check_addresses(allowed: Sequence[str], host: str, addresses: Sequence[str]) -> None:
    check_addresses_allowed(host, addresses, allowed)


def _proxy(url: str | None, environment: Mapping[str, str]) -> Proxy | None:
    if url is None:
        return None
    proxy, known = Proxy.parse(url), Proxy.from_environment(environment)
    if known is not None and known.address != proxy.address:
        raise UsageError(
            f"{PROXY_VARIABLE}: names {known.url}, and the run goes through {proxy.url}; set the same for all processes"
        )
    return known or proxy
