"""The rungs of `tests.bench.floor`: from bare sockets to all that pwdload does for a request.

Importing it makes the whole process cooperative: only in a process of its own.
"""

import os
import select
import socket
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import NamedTuple

import gevent
import gevent.event
import gevent.hub
import locust.env  # noqa: F401 - before anything of pwdload: locks that it makes must be cooperative ones
from gevent.monkey import get_original

from pwdload.api.http import Address, Connection, Options
from pwdload.cases.asking import own_login
from pwdload.cases.catalogue import CASES
from pwdload.cases.play import Flow, Party
from pwdload.harness import selftest
from pwdload.harness.readiness import Inflow
from pwdload.harness.session import Session

_CLIENTS = 20
_ROUNDS = 6
_TURN_S = 0.3
_HELD_BACK_S = 30e-6
"""About what pwdload itself does between two requests."""
_TIMEOUT_S = 60.0
_RECEIVE_BYTES = 65536

Player = Callable[[float], "Done"]
"""Plays for some seconds."""


class Done(NamedTuple):
    """What a rung got done in its turn."""

    requests: int
    idle_work_s: float = 0.0
    """Processor time that it has spent on nothing, to be held back."""


class Cost(NamedTuple):
    """Processor time of one request, in microseconds."""

    us: float
    kernel_share: float
    """Which part of it the kernel has taken, roughly: it counts in steps of 10 ms; 0 where empty work is in between."""


class Rungs:
    """What is measured, against one target."""

    def __init__(self, url: str, folder: Path) -> None:
        """Open two sessions as runs have them, one of which keeps no samples."""
        self._address = Address.parse(url)
        for name in ("kept", "unkept"):
            (folder / name).mkdir()
        self._kept, self._unkept = (_session(url, folder / name) for name in ("kept", "unkept"))
        self._unkept.recorder._sampler = None
        self._case = CASES[selftest.CASE]
        self._account = self._kept._books.lease(self._case.needs)
        self._requests = self._kept._device(self._account.index)[1]
        self._request = self._login()
        self._inflow = Inflow(time.perf_counter)

    def all(self) -> list[tuple[str, Player]]:
        """Return the rungs from the lowest up."""
        held_back = partial(self._bare, held_back_s=_HELD_BACK_S)
        return [
            ("sockets and epoll, no greenlets: as fast as the target answers", self._without_greenlets),
            ("a greenlet for each client", partial(_together, self._bare)),
            (
                "the same, held back by 30 us of empty work (not counted): the target sleeps, and is woken",
                partial(_together, held_back),
            ),
            (
                "a connection: time-outs, stamps before work, still open?, head and framing read",
                partial(_together, self._exchanging),
            ),
            ("the request, which is kept as long as its password is", partial(_together, self._building)),
            ("JSON of the answer, judgement, digest, remarks", partial(_together, self._judging)),
            ("account leased, device, Locust's statistics", partial(self._playing, self._unkept)),
            ("samples kept, encoding included: all but Locust's own loop", partial(self._playing, self._kept)),
        ]

    def _login(self) -> bytes:
        return own_login(self._account, self._requests, self._kept._settings.book).request

    def _opened(self) -> socket.socket:
        """Return a connected socket that nothing has made cooperative."""
        sock: socket.socket = get_original("socket", "socket")()
        sock.connect((self._address.host, self._address.port))
        sock.setblocking(False)
        return sock

    def _without_greenlets(self, seconds: float) -> Done:
        count, until_s, poller = 0, time.perf_counter() + seconds, get_original("select", "epoll")()
        sockets = {sock.fileno(): sock for sock in (self._opened() for _ in range(_CLIENTS))}
        for number, sock in sockets.items():
            poller.register(number, select.EPOLLIN)
            sock.send(self._request)
        while time.perf_counter() < until_s:
            for number, _ in poller.poll():
                sockets[number].recv(_RECEIVE_BYTES)
                sockets[number].send(self._request)
                count += 1
        for sock in sockets.values():
            sock.close()
        return Done(count)

    def _bare(self, until_s: float, held_back_s: float = 0.0) -> Done:
        count, idle_work_s, switch = 0, 0.0, gevent.hub.get_hub().switch
        with closing(self._opened()) as own:
            watcher = gevent.hub.get_hub().loop.io(own.fileno(), 1)
            watcher.start(gevent.getcurrent().switch)
            while time.perf_counter() < until_s:
                own.send(self._request)
                switch()
                own.recv(_RECEIVE_BYTES)
                count += 1
                if held_back_s:
                    idle_work_s += _work(held_back_s)
            watcher.close()
        return Done(count, idle_work_s)

    def _exchanging(self, until_s: float) -> Done:
        return self._over_connection(until_s, lambda: self._request)

    def _building(self, until_s: float) -> Done:
        return self._over_connection(until_s, self._login)

    def _over_connection(self, until_s: float, request: Callable[[], bytes]) -> Done:
        options, count = Options(heads={}, ready=self._inflow.watch), 0
        with closing(Connection(self._address, clock=time.perf_counter, timeout_s=_TIMEOUT_S, options=options)) as mine:
            while time.perf_counter() < until_s:
                assert mine.exchange(request()).http_status == 200
                count += 1
        return Done(count)

    def _judging(self, until_s: float) -> Done:
        me, settings, count = Party(self._account, self._requests), self._kept._settings, 0
        with closing(self._kept.open_wire(gevent.event.Event())) as wire:
            while time.perf_counter() < until_s:
                flow = Flow(self._case, me, me, wire, settings, wire.now())
                assert all(played.outcome.is_as_expected for played in flow)
                count += 1
        return Done(count)

    @staticmethod
    def _playing(session: Session, seconds: float) -> Done:
        return Done(selftest.burst(session, _CLIENTS, seconds).requests)


def measured(rungs: Sequence[tuple[str, Player]]) -> list[tuple[str, Cost]]:
    """Let the rungs take turns, and return the median cost of each."""
    costs: list[list[float]] = [[] for _ in rungs]
    of_kernel, of_all = [0.0] * len(rungs), [0.0] * len(rungs)
    for _ in range(_ROUNDS):
        for place, (_, play) in enumerate(rungs):
            before, begun_s = os.times(), time.process_time()
            done = play(_TURN_S)
            used_s, after = time.process_time() - begun_s, os.times()
            costs[place].append((used_s - done.idle_work_s) / done.requests * 1e6)
            if not done.idle_work_s:
                of_kernel[place] += after.system - before.system
                of_all[place] += after.system - before.system + after.user - before.user
    return [
        (name, Cost(sorted(costs[place])[_ROUNDS // 2], of_kernel[place] / max(of_all[place], 0.01)))
        for place, (name, _) in enumerate(rungs)
    ]


def _session(url: str, folder: Path) -> Session:
    session = selftest._session(url, folder)
    selftest.burst(session, 1, 0.1)  # has the accounts drawn
    return session


def _together(client: Player, seconds: float) -> Done:
    jobs = [gevent.spawn(client, time.perf_counter() + seconds) for _ in range(_CLIENTS)]
    gevent.joinall(jobs, raise_error=True)
    return Done(sum(job.value.requests for job in jobs), sum(job.value.idle_work_s for job in jobs))


def _work(seconds: float) -> float:
    """Work on nothing for so long; return the processor time that it took."""
    begun_s, until_s = time.thread_time(), time.perf_counter() + seconds
    while time.perf_counter() < until_s:
        pass
    return time.thread_time() - begun_s
