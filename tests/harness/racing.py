"""What must hold of `Together`, over real connections.

Run by a test as ``python -m gevent.monkey --module tests.harness.racing``.
Locks and sockets must let others run from the first import on: only in a process of its own.
"""

import random
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager

import gevent
from gevent.server import StreamServer
from tests.harness.checks import hold
from tests.servers import read_request

from pwdload.api.connections import Connections
from pwdload.api.http import Exchange
from pwdload.harness.readiness import Inflow
from pwdload.harness.together import Together
from pwdload.scenario import parse_scenario

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
SLOW_S = 0.3


class Target:
    """Answers every request, on as many connections as come; one whose path is /slow late, /silent never."""

    def __init__(self) -> None:
        self._server = StreamServer(("127.0.0.1", 0), self._serve)
        self._server.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self.connections = 0

    def close(self) -> None:
        """Stop listening, and hang up."""
        self._server.stop(timeout=0)

    def _serve(self, connection: socket.socket, _: object) -> None:
        self.connections += 1
        while request := read_request(connection):
            if b" /hang-up " in request:
                return
            gevent.sleep(SLOW_S if b" /slow " in request else 60.0 if b" /silent " in request else 0.0)
            connection.sendall(OK)


def request(path: str = "x") -> bytes:
    """Return a request of about the usual size."""
    return f"POST /{path} HTTP/1.1\r\nHost: t\r\nX-Filler: {'y' * 900}\r\nContent-Length: 2\r\n\r\n{{}}".encode()


@contextmanager
def target_and_together(keys: str = "") -> Iterator[tuple[Target, Together]]:
    """Run a target, and make what races at it."""
    target = Target()
    together = to(target.url, keys)
    yield target, together
    together.close()
    target.close()


def to(url: str, keys: str = "") -> Together:
    """Return what races at a target."""
    settings = parse_scenario(f'title = "x"\n[target]\ntimeout = "5s"\n{keys}').target
    now = time.perf_counter
    connections = Connections(
        settings, url, clock=now, environment={}, chance=random.Random(1), ready=Inflow(now).watch
    )
    return Together(connections, time.perf_counter)


def all_connections_are_open_before_the_first_request_is_sent() -> None:
    """Requests wait for no handshake: all of them are due, and begin, when the last connection is open."""
    with target_and_together() as (_, together):
        begun_s = time.perf_counter()
        exchanges = together.send([request()] * 16)
        assert [exchange.http_status for exchange in exchanges] == [200] * 16
        (started_s,) = {exchange.started_s for exchange in exchanges}
        opening_s = [exchange.connect_s for exchange in exchanges if exchange.connect_s is not None]
        assert len(opening_s) == 16
        assert started_s - begun_s >= max(opening_s)
        assert all(exchange.sent_s is not None and exchange.sent_s >= started_s for exchange in exchanges)


def nobody_else_runs_between_the_first_request_and_the_last() -> None:
    """Not even one who is ready to: the requests are as close together as they can be."""
    with target_and_together() as (_, together):
        together.send([request()] * 16)
        ran: list[float] = []

        def restless() -> None:
            while True:
                ran.append(time.perf_counter())
                gevent.sleep(0)

        other = gevent.spawn(restless)
        exchanges = together.send([request()] * 16)
        other.kill()
        sent = [exchange.sent_s for exchange in exchanges if exchange.sent_s is not None]
        assert len(sent) == 16
        assert sent == sorted(sent)
        assert ran[0] < sent[0]
        assert ran[-1] > sent[-1]
        assert not [at_s for at_s in ran if sent[0] < at_s < sent[-1]]


def connections_serve_one_race_after_the_other() -> None:
    """The second race opens only what the first had not, and two at once share none."""
    with target_and_together() as (target, together):
        together.send([request()] * 4)
        again = together.send([request()] * 6)
        assert target.connections == 6
        assert [exchange.connect_s is None for exchange in again].count(True) == 4
        races = [gevent.spawn(together.send, [request("slow")] * 6) for _ in range(2)]
        gevent.joinall(races)
        assert target.connections == 12
        assert all(exchange.http_status == 200 for race in races for exchange in race.value)


def no_more_connections_stay_than_a_few_races_need() -> None:
    """A crowd of users that race at once leaves no crowd of idle connections."""
    with target_and_together() as (target, together):
        gevent.joinall([gevent.spawn(together.send, [request("slow")] * 16) for _ in range(8)])
        assert target.connections == 128
        together.send([request()] * 80)
        assert target.connections == 128 + 80 - 64


def where_each_flow_is_a_client_of_its_own_no_connection_stays() -> None:
    """`connections = "per_flow"` holds for races too."""
    with target_and_together('connections = "per_flow"') as (target, together):
        together.send([request()] * 3)
        together.send([request()] * 3)
        assert target.connections == 6


def each_answer_is_read_when_it_comes() -> None:
    """A slow answer to the first makes none of the others late."""
    with target_and_together() as (_, together):
        first, *others = together.send([request("slow"), *[request()] * 7])
        assert first.done_s - first.started_s >= SLOW_S
        assert all(exchange.done_s - exchange.started_s < SLOW_S for exchange in others)


def what_fails_fails_for_itself() -> None:
    """One connection that breaks, and one that gets no answer, are told apart from those that do."""
    with target_and_together('phase_timeouts = { first_byte = "200ms" }') as (_, together):
        exchanges = together.send([request(), request("hang-up"), request("silent"), request()])
        assert [exchange.transport for exchange in exchanges] == ["", "eof", "first_byte_timeout", ""]
        assert [exchange.http_status for exchange in exchanges] == [200, None, None, 200]
        assert all(exchange.sent_s is not None for exchange in exchanges)


def where_nobody_listens_nothing_is_sent() -> None:
    """No byte has gone out, and the exchanges say so."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    exchanges = to(f"http://127.0.0.1:{port}").send([request()] * 3)
    assert [(exchange.transport, exchange.sent_s) for exchange in exchanges] == [("refused", None)] * 3
    assert all(exchange.started_s <= exchange.done_s for exchange in exchanges)


def large_requests_go_out_whole() -> None:
    """What does not fit into the kernel's buffer at once is sent after the others have begun."""
    with target_and_together() as (_, together):
        large = b"POST /x HTTP/1.1\r\nHost: t\r\nContent-Length: 9000000\r\n\r\n" + bytes(9_000_000)
        exchanges = together.send([large, large, request()])
        assert [exchange.http_status for exchange in exchanges] == [200] * 3
        assert [exchange.bytes_sent for exchange in exchanges[:2]] == [len(large)] * 2


def a_user_that_is_killed_in_a_race_still_has_all_its_exchanges() -> None:
    """Each says that it was broken off, and by what, for whoever records it; nothing goes on behind its back."""
    with target_and_together() as (_, together):
        kept: list[list[Exchange]] = []
        user = gevent.spawn(lambda: kept.append(together.send([request(), request("silent"), request("silent")])))
        gevent.sleep(0.1)
        user.kill()
        (exchanges,) = kept
        assert exchanges[0].http_status == 200
        assert [exchange.transport for exchange in exchanges[1:]] == ["cancelled"] * 2
        assert all(isinstance(exchange.interrupted, gevent.GreenletExit) for exchange in exchanges[1:])
        assert all(exchange.started_s <= (exchange.sent_s or 0.0) <= exchange.done_s for exchange in exchanges)
        assert [exchange.http_status for exchange in together.send([request()] * 3)] == [200] * 3


if __name__ == "__main__":
    hold(
        all_connections_are_open_before_the_first_request_is_sent,
        nobody_else_runs_between_the_first_request_and_the_last,
        connections_serve_one_race_after_the_other,
        no_more_connections_stay_than_a_few_races_need,
        where_each_flow_is_a_client_of_its_own_no_connection_stays,
        each_answer_is_read_when_it_comes,
        what_fails_fails_for_itself,
        where_nobody_listens_nothing_is_sent,
        large_requests_go_out_whole,
        a_user_that_is_killed_in_a_race_still_has_all_its_exchanges,
    )
