"""What must hold of `Readiness`, on pairs of real sockets. Run by a test as ``python -m tests.harness.waiting``.

Importing the harness makes the whole process cooperative: only in a process of its own.
"""

import socket
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

import gevent
import pytest

from pwdload.harness.readiness import Readiness


class Pair(NamedTuple):
    """Two connected sockets, and the readiness of ours."""

    theirs: socket.socket
    ours: socket.socket
    ready: Readiness


@contextmanager
def connected() -> Iterator[Pair]:
    """Make them, and close them again."""
    ours, theirs = socket.socketpair()
    ready = Readiness(ours.fileno())
    yield Pair(theirs, ours, ready)
    ready.close()
    ours.close()
    theirs.close()


def a_wait_ends_when_bytes_come(pair: Pair) -> None:
    """An answer that comes while a user waits wakes it."""
    theirs, _, ready = pair
    gevent.spawn(theirs.send, b"x")
    ready.wait(5.0)
    assert ready.now()


def the_end_of_a_stream_can_be_read(pair: Pair) -> None:
    """A target that hangs up is seen before the next request is sent, and by one who waits."""
    theirs, _, ready = pair
    assert not ready.now()
    theirs.close()
    assert ready.now()
    ready.wait(5.0)


def a_wait_has_its_own_limit_whatever_was_waited_before(pair: Pair) -> None:
    """The timer that serves all waits neither cuts a later one short nor lets it go on."""
    theirs, ours, ready = pair
    gevent.spawn(theirs.send, b"x")
    ready.wait(0.05)
    gevent.sleep(0.02)
    assert ours.recv(10)
    begun_s = time.perf_counter()
    with pytest.raises(TimeoutError):
        ready.wait(0.1)
    assert 0.1 <= time.perf_counter() - begun_s < 1.0


def a_shorter_wait_than_the_one_before_is_as_short_as_asked(pair: Pair) -> None:
    """After an exchange with a long limit, one with a short limit does not take the long one."""
    theirs, ours, ready = pair
    gevent.spawn(theirs.send, b"x")
    ready.wait(60.0)
    assert ours.recv(10)
    begun_s = time.perf_counter()
    with gevent.Timeout(5.0), pytest.raises(TimeoutError):
        ready.wait(0.05)
    assert time.perf_counter() - begun_s < 1.0


def bytes_that_nobody_waits_for_do_not_keep_the_loop_busy(pair: Pair) -> None:
    """A target that closes an idle connection costs nothing until the connection is used again."""
    theirs, _, ready = pair
    gevent.spawn(theirs.send, b"x")
    ready.wait(5.0)
    cpu_s = time.process_time()
    gevent.sleep(0.2)
    assert time.process_time() - cpu_s < 0.1
    ready.wait(5.0)


def a_killed_user_leaves_nothing_behind(pair: Pair) -> None:
    """Bytes that come after a user was killed in its wait wake nobody."""
    theirs, _, ready = pair
    user = gevent.spawn(ready.wait, 5.0)
    gevent.sleep(0.01)
    user.kill()
    theirs.send(b"x")
    gevent.sleep(0.01)
    assert user.dead
    assert ready.now()


CHECKS = (
    a_wait_ends_when_bytes_come,
    the_end_of_a_stream_can_be_read,
    a_wait_has_its_own_limit_whatever_was_waited_before,
    a_shorter_wait_than_the_one_before_is_as_short_as_asked,
    bytes_that_nobody_waits_for_do_not_keep_the_loop_busy,
    a_killed_user_leaves_nothing_behind,
)

if __name__ == "__main__":
    for check in CHECKS:
        sys.stdout.write(f"{check.__doc__}\n")
        sys.stdout.flush()
        with connected() as pair_of_it:
            check(pair_of_it)
    sys.stdout.write("all hold\n")
