"""What must hold of `Inflow` and `Readiness`, on pairs of real sockets.

Run by a test as ``python -m tests.harness.waiting``.

Importing the harness makes the whole process cooperative: only in a process of its own.
"""

import socket
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import NamedTuple

import gevent
import pytest

from pwdload.harness.readiness import Inflow, Readiness


class Pair(NamedTuple):
    """Two connected sockets, and the readiness of ours."""

    theirs: socket.socket
    ours: socket.socket
    ready: Readiness

    def receive(self, timeout_s: float) -> bytes:
        """Wait for bytes as a connection does."""
        return self.ready.receive(partial(self.ours.recv, 10, socket.MSG_DONTWAIT), timeout_s)


INFLOW = Inflow(time.perf_counter)


@contextmanager
def connected() -> Iterator[Pair]:
    """Make them, and close them again."""
    ours, theirs = socket.socketpair()
    ready = INFLOW.watch(ours.fileno())
    yield Pair(theirs, ours, ready)
    ready.close()
    ours.close()
    theirs.close()


def a_wait_ends_when_bytes_come(pair: Pair) -> None:
    """An answer that comes while a user waits wakes it."""
    gevent.spawn(pair.theirs.send, b"x")
    assert pair.receive(5.0) == b"x"
    assert not pair.ready.now()


def the_end_of_a_stream_can_be_read(pair: Pair) -> None:
    """A target that hangs up is seen before the next request is sent, and by one who waits."""
    assert not pair.ready.now()
    pair.theirs.close()
    assert pair.ready.now()
    assert pair.receive(5.0) == b""


def an_error_reaches_whoever_waits(pair: Pair) -> None:
    """What the system says of a broken connection is raised where its answer was waited for, and only once."""

    def broken() -> bytes:
        raise ConnectionResetError

    pair.theirs.send(b"x")
    with pytest.raises(ConnectionResetError):
        pair.ready.receive(broken, 5.0)
    assert pair.receive(5.0) == b"x"


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
    assert pair.ready.now()


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

        def user(ours: socket.socket) -> None:
            ready = inflow.watch(ours.fileno())
            open_ones.callback(ready.close)
            ready.receive(partial(ours.recv, 10, socket.MSG_DONTWAIT), 5.0)
            came_s.append(ready.came_s)
            until_s = now() + 0.002
            while now() < until_s:
                pass

        pairs = [socket.socketpair() for _ in range(50)]
        for sockets in pairs:
            for end in sockets:
                open_ones.enter_context(end)
        jobs = [gevent.spawn(user, ours) for ours, _ in pairs]
        gevent.sleep(0.01)
        for sockets in pairs:
            sockets[1].send(b"x")
        gevent.joinall(jobs, timeout=10.0)
    assert len(came_s) == 50
    assert now() - begun_s >= 0.1
    assert max(came_s) - min(came_s) < 0.02


CHECKS = (
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
