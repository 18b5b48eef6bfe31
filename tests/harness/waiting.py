"""What must hold of `Inflow` and `Readiness`, on pairs of real sockets.

Run by a test as ``python -m tests.harness.waiting``.

Importing the harness makes the whole process cooperative: only in a process of its own.
"""

import sys
import time
from _socket import socket as system_socket
from _socket import socketpair
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from itertools import chain
from typing import NamedTuple

import gevent
import pytest

from pwdload.api.http import Exchange
from pwdload.harness.readiness import Inflow, Readiness


class Pair(NamedTuple):
    """Two connected sockets, and the readiness of ours."""

    theirs: system_socket
    ours: system_socket
    ready: Readiness

    def ask(self, data: bytes, exchange: Exchange) -> bool:
        """Send and wait as a connection does."""
        self.ready.timeout_s = 5.0
        return self.ready.ask(data, exchange)

    def receive(self, timeout_s: float) -> bytes:
        """Wait for bytes as a connection does."""
        self.ready.timeout_s = timeout_s
        return self.ready.receive()


INFLOW = Inflow(time.perf_counter)


@contextmanager
def connected() -> Iterator[Pair]:
    """Make them, and close them again."""
    ours, theirs = socketpair()
    ready = INFLOW.watch(ours)
    yield Pair(theirs, ours, ready)
    ready.close()
    ours.close()
    theirs.close()


def opened(count: int, open_ones: ExitStack) -> list[tuple[system_socket, system_socket]]:
    """Return pairs of connected sockets, ours first, to be closed with all that is open."""
    pairs = [socketpair() for _ in range(count)]
    for end in chain.from_iterable(pairs):
        open_ones.callback(end.close)
    return pairs


def work(now: Callable[[], float]) -> None:
    """Take 2 ms of the processor."""
    until_s = now() + 0.002
    while now() < until_s:
        pass


def a_wait_ends_when_bytes_come(pair: Pair) -> None:
    """An answer that comes while a user waits wakes it."""
    gevent.spawn(pair.theirs.send, b"x")
    assert pair.receive(5.0) == b"x"
    assert pair.ready.is_idle()


def the_end_of_a_stream_can_be_read(pair: Pair) -> None:
    """A target that hangs up is seen before the next request is sent, and by one who waits."""
    assert pair.ready.is_idle()
    pair.theirs.close()
    assert not pair.ready.is_idle()
    assert pair.receive(5.0) == b""


def an_error_reaches_whoever_waits(pair: Pair) -> None:
    """What the system says of a broken connection is raised where its answer was waited for, and only once."""
    pair.ours.send(b"never read")
    pair.theirs.close()
    with pytest.raises(ConnectionResetError):
        pair.receive(5.0)
    assert pair.receive(5.0) == b""


def a_wait_has_its_own_limit_whatever_was_waited_before(pair: Pair) -> None:
    """The timer that serves all waits neither cuts a later one short nor lets it go on."""
    gevent.spawn(pair.theirs.send, b"x")
    assert pair.receive(0.05)
    gevent.sleep(0.02)
    begun_s = time.perf_counter()
    with pytest.raises(TimeoutError):
        pair.receive(0.1)
    assert 0.1 <= time.perf_counter() - begun_s < 1.0


def a_shorter_wait_than_the_one_before_is_as_short_as_asked(pair: Pair) -> None:
    """After an exchange with a long limit, one with a short limit does not take the long one."""
    gevent.spawn(pair.theirs.send, b"x")
    assert pair.receive(60.0)
    begun_s = time.perf_counter()
    with gevent.Timeout(5.0), pytest.raises(TimeoutError):
        pair.receive(0.05)
    assert time.perf_counter() - begun_s < 1.0


def bytes_that_nobody_waits_for_do_not_keep_the_loop_busy(pair: Pair) -> None:
    """A target that closes an idle connection costs nothing until the connection is used again."""
    gevent.spawn(pair.theirs.send, b"x")
    assert pair.receive(5.0)
    pair.theirs.send(b"y")
    cpu_s = time.process_time()
    gevent.sleep(0.2)
    assert time.process_time() - cpu_s < 0.1
    assert pair.receive(5.0) == b"y"


def a_killed_user_leaves_nothing_behind(pair: Pair) -> None:
    """Bytes that come after a user was killed in its wait wake nobody."""
    user = gevent.spawn(pair.receive, 5.0)
    gevent.sleep(0.01)
    user.kill()
    pair.theirs.send(b"x")
    gevent.sleep(0.01)
    assert user.dead
    assert not pair.ready.is_idle()


def a_user_that_is_killed_when_its_answer_has_come_is_not_woken(pair: Pair) -> None:
    """Its answer was read, and it is somewhere else by the time when it would go on: there nobody disturbs it."""
    woken: list[float] = []

    def user() -> None:
        try:
            pair.receive(5.0)
        except gevent.GreenletExit:
            gevent.sleep(0.1)
            woken.append(time.perf_counter())

    pair.theirs.send(b"x")
    with connected() as before:  # whoever is served first kills the other
        victim = gevent.spawn(user)
        before.theirs.send(b"x")
        begun_s = time.perf_counter()

        def killer() -> None:
            before.receive(5.0)
            victim.kill(block=False)

        gevent.joinall([gevent.spawn(killer), victim], timeout=5.0)
    assert not woken or woken[0] - begun_s >= 0.1


def what_came_together_is_stamped_before_it_is_worked_on(_: Pair) -> None:
    """Fifty answers are there at once, and each takes 2 ms of work: all are said to have come within a few of these.

    A client that works on each before it reads the next says that the last took 100 ms longer. Times are of the
    processor: what other programs take of it meanwhile is not in them.
    """
    now = time.thread_time
    inflow, came_s, begun_s = Inflow(now), list[float](), now()
    with ExitStack() as open_ones:

        def user(ours: system_socket) -> None:
            ready = inflow.watch(ours)
            open_ones.callback(ready.close)
            ready.timeout_s = 5.0
            ready.receive()
            came_s.append(ready.came_s)
            work(now)

        pairs = opened(50, open_ones)
        jobs = [gevent.spawn(user, ours) for ours, _ in pairs]
        gevent.sleep(0.01)
        for sockets in pairs:
            sockets[1].send(b"x")
        gevent.joinall(jobs, timeout=10.0)
    assert len(came_s) == 50
    assert now() - begun_s >= 0.1
    assert max(came_s) - min(came_s) < 0.02


def an_answer_to_what_was_asked_is_there_to_be_read(pair: Pair) -> None:
    """A request is sent whole, with its time and its length, and whoever asked goes on when something has come."""
    exchange = Exchange(started_s=time.perf_counter())
    gevent.spawn(_answer, pair, b"y")
    assert pair.ask(b"request", exchange)
    assert pair.receive(0.0) == b"y"
    assert pair.theirs.recv(100) == b"request"
    assert exchange.bytes_sent == 7
    assert exchange.sent_s is not None
    assert exchange.started_s <= exchange.sent_s <= pair.ready.came_s


def _answer(pair: Pair, data: bytes) -> None:
    gevent.sleep(0.01)
    pair.theirs.send(data)


def requests_of_one_moment_are_sent_together(_: Pair) -> None:
    """Twenty users each work for 2 ms on their next request: no eight wait for more than these, and none is doubled."""
    now = time.thread_time
    inflow, exchanges = Inflow(now), list[Exchange]()
    with ExitStack() as open_ones:

        def user(ours: system_socket) -> None:
            ready = inflow.watch(ours)
            open_ones.callback(ready.close)
            work(now)
            exchange = Exchange(started_s=now())
            exchanges.append(exchange)
            ready.timeout_s = 5.0
            ready.ask(b"request", exchange)

        pairs = opened(20, open_ones)
        jobs = [gevent.spawn(user, ours) for ours, _ in pairs]
        gevent.sleep(0.1)
        for sockets in pairs:
            theirs = sockets[1]
            assert theirs.recv(100) == b"request"
            theirs.send(b"x")
        gevent.joinall(jobs, timeout=10.0, raise_error=True)
    sent_s = [exchange.sent_s or 0.0 for exchange in exchanges]
    assert [exchange.bytes_sent for exchange in exchanges] == [7] * 20
    assert max(sent_s[:8]) - min(sent_s[:8]) < 0.002
    assert all(0.0 <= sent - one.started_s < 8 * 0.0025 for sent, one in zip(sent_s, exchanges, strict=True))


def a_user_that_is_killed_before_its_request_goes_sends_nothing(pair: Pair) -> None:
    """Of a request that waits to be sent with others not one byte leaves once its user is gone, and it says so."""
    exchange = Exchange(started_s=0.0)
    user = gevent.spawn(pair.ask, b"request", exchange)
    user.start()
    gevent.get_hub().loop.run_callback(user.throw, gevent.GreenletExit())  # before the loop sends
    gevent.sleep(0.01)
    assert user.dead
    assert exchange.sent_s is None
    assert not exchange.bytes_sent
    pair.theirs.setblocking(False)
    with pytest.raises(BlockingIOError):
        pair.theirs.recv(100)


def a_request_that_does_not_go_at_once_is_handed_back(pair: Pair) -> None:
    """Of one that is larger than the system takes, the user learns how much has gone, and waits for no answer."""
    exchange = Exchange(started_s=0.0)
    assert not pair.ask(bytes(10_000_000), exchange)
    assert 0 < exchange.bytes_sent < 10_000_000
    assert not pair.ready.is_broken


def a_request_to_a_closed_stream_is_known_not_to_have_gone(pair: Pair) -> None:
    """Where the target hung up just before, nothing counts as sent."""
    pair.theirs.close()
    exchange = Exchange(started_s=0.0)
    assert not pair.ask(b"request", exchange)
    assert pair.ready.is_broken
    assert not exchange.bytes_sent


def what_nobody_asked_for_is_read_after_the_request(pair: Pair) -> None:
    """Bytes that come while a request waits to be sent are not said to have come before it."""
    exchange = Exchange(started_s=0.0)
    pair.theirs.send(b"x")
    assert pair.ask(b"request", exchange)
    assert exchange.sent_s is not None
    assert exchange.sent_s <= pair.ready.came_s


CHECKS = (
    an_answer_to_what_was_asked_is_there_to_be_read,
    requests_of_one_moment_are_sent_together,
    a_user_that_is_killed_before_its_request_goes_sends_nothing,
    a_request_that_does_not_go_at_once_is_handed_back,
    a_request_to_a_closed_stream_is_known_not_to_have_gone,
    what_nobody_asked_for_is_read_after_the_request,
    a_wait_ends_when_bytes_come,
    the_end_of_a_stream_can_be_read,
    an_error_reaches_whoever_waits,
    a_wait_has_its_own_limit_whatever_was_waited_before,
    a_shorter_wait_than_the_one_before_is_as_short_as_asked,
    bytes_that_nobody_waits_for_do_not_keep_the_loop_busy,
    a_killed_user_leaves_nothing_behind,
    a_user_that_is_killed_when_its_answer_has_come_is_not_woken,
    what_came_together_is_stamped_before_it_is_worked_on,
)

if __name__ == "__main__":
    for check in CHECKS:
        sys.stdout.write(f"{check.__doc__}\n")
        sys.stdout.flush()
        with connected() as pair_of_it:
            check(pair_of_it)
    sys.stdout.write("all hold\n")
