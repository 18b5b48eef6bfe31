"""Sending, and waiting until a connection can be read: the inner loop of every exchange.

gevent's own sockets serve any program: each wait tries to read first, arms a timer, asks for the descriptor anew, and
takes all of it back. Here the descriptor is watched for as long as the connection is open, one timer serves exchange
after exchange, and nothing is read before there is something: half of what an exchange takes is saved.

What comes is read, and the time noted, before anybody works on it; and what is sent is sent together. A turn of the
loop is

    1  users go on with answers that were read, for a moment, up to their next request
    2  these requests are stamped and sent, one right after the other
    3  the loop says which descriptors can be read; what is there is read from each, and stamped

When five hundred answers come at once, as after a stall, working on all of them takes 30 ms. An answer that was there
at the beginning must not be said to have come at the end.

A target that has answered goes to sleep, and to wake it costs whoever sends more than all of the rest of sending. Eight
requests in one go wake it once, and their way through the kernel is warm: half of the kernel's part of a request is
saved. A request waits no longer for it than for the work on seven others, some 0.2 ms, and only where these are there
at the same moment; its time counts from when it was really sent.
"""

import select
import socket
import time
from _socket import socket as system_socket
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Any

from gevent import getcurrent
from gevent.hub import get_hub
from gevent.monkey import get_original

from pwdload.api.http.exchange import Exchange
from pwdload.api.http.stream import RECEIVE_BYTES

_READ = 1
_AT_ONCE = int(socket.MSG_DONTWAIT)
_READABLE_OR_ENDED = select.POLLIN | select.POLLRDHUP
_WORK_S = 0.0002
"""For how long users go on before the loop looks again for what has come, and for arrivals that are due: some answers
each time, for the microsecond that a look costs."""
_TOGETHER_MAX = 8
"""So many requests are not kept waiting for others to be sent with."""
_BEFORE_ALL_ELSE = 2
"""libev's highest priority: without it, users would never go on where something is always to be done."""


class Inflow:
    """What has come for the users of a process, until each of them goes on with it; and what they are about to send."""

    def __init__(self, clock: Callable[[], float]) -> None:
        """Take the clock by which it is stamped when something came."""
        self.clock = clock
        self.come: deque[Readiness] = deque()
        """Those that have read something, in that order; `call` is to follow when one is added."""
        self._loop = get_hub().loop
        self.is_called = False
        """Whether the loop is to call `_work`."""
        self._about_to_send: list[Readiness] = []
        self._is_at_work = self._is_sending_called = False
        """Whether `_send_all` follows anyway."""
        # Called in each of the loop's turns, which do not sleep while it is wanted.
        self._again = self._loop.idle(priority=_BEFORE_ALL_ELSE)

    def watch(self, sock: system_socket) -> "Readiness":
        """Return what sends and waits for an open socket."""
        return Readiness(sock, self)

    def call(self) -> None:
        """Let whoever has come go on when it is time for work."""
        if not self.is_called:
            self.is_called = True
            self._loop.run_callback(self._work)  # at the beginning of its next turn, which is when all has been read

    def gather(self, one: "Readiness") -> None:
        """Have one send what it has, with others that are about to."""
        about_to_send = self._about_to_send
        about_to_send.append(one)
        if len(about_to_send) >= _TOGETHER_MAX:
            self._send_all()
        elif not (self._is_at_work or self._is_sending_called):
            self._is_sending_called = True
            self._loop.run_callback(self._send_when_called)

    def _work(self) -> None:
        self._is_at_work = True
        try:
            self._work_for_a_moment()
        finally:
            self._is_at_work = False
            self._send_all()

    def _work_for_a_moment(self) -> None:
        come = self.come
        until_s = time.perf_counter() + _WORK_S
        while come:
            come.popleft().go_on()
            if come and time.perf_counter() > until_s:
                if not self._again.active:
                    self._again.start(self._work)
                return
        self.is_called = False
        if self._again.active:
            self._again.stop()

    def _send_when_called(self) -> None:
        self._is_sending_called = False
        self._send_all()

    def _send_all(self) -> None:
        for one in self._about_to_send:
            one.send()
        self._about_to_send.clear()


class Readiness:
    """Sends over one socket, waits until it can be read, and reads it, for one greenlet at a time."""

    __slots__ = (
        *("_armed_s", "_data", "_deadline_s", "_error", "_exchange", "_has_come", "_hub", "_inflow", "_is_there"),
        *("_poll", "_read", "_request", "_send", "_switch", "_timer", "_waiting", "_watcher"),
        *("came_s", "is_broken", "timeout_s"),
    )

    def __init__(self, sock: system_socket, inflow: Inflow) -> None:
        """Take a socket, which stays the caller's, and neither waits nor is closed before this is."""
        self.timeout_s = 0.0
        """How long `ask` and `receive` wait: every wait of an exchange has a limit."""
        self.came_s = 0.0
        """When what `receive` gave last was there."""
        self.is_broken = False
        """Whether the last `ask` could not send because the stream is not open any more."""
        self._inflow = inflow
        self._hub = get_hub()
        self._switch = self._hub.switch
        self._watcher = self._hub.loop.io(sock.fileno(), _READ)
        self._timer: Any = None
        self._deadline_s = 0.0
        self._armed_s = 0.0
        """When the timer goes off."""
        self._waiting: Any = None
        self._has_come = False
        """Whether something has happened that whoever waits does not know yet."""
        self._read: Callable[[], bytes] = partial(sock.recv, RECEIVE_BYTES, _AT_ONCE)
        self._send = sock.send
        self._request: bytes | None = None
        """What is to be sent with others; null when it was."""
        self._exchange: Exchange | None = None
        self._is_there = False
        """Whether what was read waits for `receive`."""
        self._data = b""
        self._error: OSError | None = None
        poller = get_original("select", "poll")()
        poller.register(sock.fileno(), _READABLE_OR_ENDED)
        self._poll = poller.poll

    def is_idle(self) -> bool:
        """Whether it is open with nothing to read. Never waits, and lets nobody else run."""
        poll = self._poll
        return not poll(0)

    def ask(self, request: bytes, exchange: Exchange) -> bool:
        """Send with others, and return when there is something for `receive`; see `api.http.stream.Channel.ask`.

        Raises:
            TimeoutError: nothing comes, in time.
        """
        self._request, self._exchange = request, exchange
        self._inflow.gather(self)
        try:
            self._wait()
        except BaseException:
            self._request = None  # the user was killed before it was sent
            raise
        return self._is_there

    def receive(self) -> bytes:
        """Return what comes as soon as there is something; `came_s` is then when that was.

        Raises:
            TimeoutError: there is nothing, in time.
            OSError: the connection is broken.
        """
        if not self._is_there:
            self._wait()
        self._is_there = False
        if self._error is not None:
            error, self._error = self._error, None
            raise error
        return self._data

    def _wait(self) -> None:
        """Wait until something has happened: there is something to read, or a request did not go at once."""
        self._deadline_s = time.perf_counter() + self.timeout_s
        self._waiting = getcurrent()
        if not self._watcher.active:
            self._watcher.start(self._readable)
        if self._timer is None or self._deadline_s < self._armed_s:
            self._arm(self.timeout_s)
        switch = self._switch
        try:
            while self._waiting is not None:  # only `go_on` and the timer may wake it
                switch()
        except BaseException:
            self._waiting = None  # the user was killed
            self._has_come = False
            raise

    def close(self) -> None:
        """Watch no longer; to be called before the socket is closed."""
        self._watcher.close()
        if self._timer is not None:
            self._timer.close()
            self._timer = None

    def go_on(self) -> None:
        """Let whoever waits have what has come, unless it was killed meanwhile."""
        if self._has_come:
            waiting, self._waiting = self._waiting, None
            self._has_come = False
            waiting.switch()

    def send(self) -> None:
        """Send what was asked for, now; whoever did so is woken if not all of it is taken."""
        request, self._request = self._request, None
        if request is None or self._exchange is None:
            return
        # What is called by a local name is found in a third of the time, here and below: a tenth of a microsecond.
        exchange, inflow, send = self._exchange, self._inflow, self._send
        clock = inflow.clock
        exchange.sent_s = clock()
        try:
            exchange.bytes_sent = send(request, _AT_ONCE)
        except BlockingIOError:
            pass
        except OSError:
            self.is_broken = True  # but why may be there to read
        if exchange.bytes_sent < len(request):
            self._has_come = True
            inflow.come.append(self)
            inflow.call()

    # What the event loop calls.

    def _readable(self) -> None:
        if self._request is not None:
            return  # what nobody has asked for; it is read after the request, as if it had come after it
        if self._waiting is None or self._has_come:
            self._watcher.stop()  # the end, or more than was waited for: `is_idle` tells, or the next wait
            return
        inflow, read = self._inflow, self._read
        try:
            self._data = read()
        except BlockingIOError:
            return  # what came was damaged on its way, and the kernel has dropped it
        except OSError as error:
            self._error = error
        clock = inflow.clock
        self.came_s = clock()
        self._is_there = self._has_come = True
        inflow.come.append(self)
        if not inflow.is_called:
            inflow.call()

    def _arm(self, seconds: float) -> None:
        if self._timer is not None:
            self._timer.close()
        self._armed_s = time.perf_counter() + seconds
        self._timer = self._hub.loop.timer(seconds)
        self._timer.start(self._timer_is_over)

    def _timer_is_over(self) -> None:
        """Time out, or go on where the timer was set for an earlier exchange than the one that waits now."""
        self._timer.close()
        self._timer = None
        waiting = self._waiting
        if waiting is None or self._has_come:
            return
        left_s = self._deadline_s - time.perf_counter()
        if left_s > 0:
            self._arm(left_s)
        else:
            self._waiting = None
            waiting.throw(TimeoutError())
