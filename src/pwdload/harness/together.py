"""Sends the requests of a race: all at one moment, each over a connection of its own."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Final

import gevent

from pwdload.api.connections import Client, Connections
from pwdload.api.http import Exchange, TransportCode

_KEPT_MAX: Final = 64
"""Idle connections that are kept for the next race, of a whole process: users have one each, and few of them race."""


class Together:
    """The connections of one process that races are sent over; each serves one race at a time."""

    def __init__(self, connections: Connections, now: Callable[[], float]) -> None:
        self._connections = connections
        self._now = now
        self._idle: list[Client] = []

    def send(self, requests: Sequence[bytes]) -> list[Exchange]:
        """Send requests at one moment, which is when their exchanges begin, and return these in the order of sending.

        Connections are opened beforehand, all of them; whatever fails is in the exchanges, a kill from outside too.
        """
        clients = [self._idle.pop() if self._idle else self._connections.client() for _ in requests]
        exchanges = [Exchange(started_s=self._now()) for _ in requests]
        every = list(zip(clients, requests, exchanges, strict=True))
        interruption = _all_at_once([partial(client.prepare, exchange) for client, _, exchange in every])
        if interruption is None:
            begun_s = self._now()
            for exchange in exchanges:
                if not exchange.transport:
                    exchange.started_s = begun_s
            for client, request, exchange in every:  # nobody else may run in between
                client.begin(request, exchange)
            interruption = _all_at_once(
                [partial(client.finish, request, exchange) for client, request, exchange in every]
            )
        for client, exchange in zip(clients, exchanges, strict=True):
            if interruption is not None and exchange.http_status is None:
                client.close()
                self._break_off(exchange, interruption)
            self._keep(client)
        return exchanges

    def close(self) -> None:
        """Close those that are idle."""
        while self._idle:
            self._idle.pop().close()

    def _break_off(self, exchange: Exchange, interruption: BaseException) -> None:
        exchange.transport = TransportCode.CANCELLED.value
        exchange.interrupted = interruption
        exchange.done_s = self._now()

    def _keep(self, client: Client) -> None:
        client.end_flow()
        if len(self._idle) < _KEPT_MAX:
            self._idle.append(client)
        else:
            client.close()


def _all_at_once(jobs: Sequence[Callable[[], None]]) -> BaseException | None:
    """Do jobs side by side, and return when all are done; or, if the caller is killed meanwhile, return by what."""
    greenlets = [gevent.spawn(job) for job in jobs]
    try:
        gevent.joinall(greenlets)
    except BaseException as interruption:  # noqa: BLE001 - raised again by whoever records the exchanges
        gevent.killall(greenlets)
        return interruption
    return None
