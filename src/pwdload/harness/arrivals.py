"""Plays a schedule of arrivals in one process: each is handed, when it is due, to a Locust user that is idle.

The schedule and the rules are `pwdload.pacing`'s; here are the clock that moves them and the users that wait.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from math import ceil
from typing import Final

import gevent
from gevent.hub import Waiter, get_hub
from locust.exception import StopUser

from pwdload.clock import RunClock
from pwdload.harness.timer import make_timer
from pwdload.pacing import Arrival, Call, Mix, RatePiece, Schedule, Sharing, SlotQueue, Tally

_LOOKS_AWAY_S: Final = 0.002
"""How long at most an arrival is not seen that finds all slots busy."""
_new: Final = tuple.__new__
"""Makes a NamedTuple out of all of its values in their order, at half of the cost."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rota:
    """What this process needs to know of the run's arrivals."""

    schedule: Schedule
    mix: Mix
    """Which case, or task, each arrival plays."""
    players: Mapping[str, tuple[str, ...]]
    """The user classes that play each of them."""
    queue_limit: int
    """Of all processes together; each has its share."""


class Dispatcher:
    """Hands the arrivals whose turn is this process's to its users."""

    def __init__(self, rota: Rota, clock: RunClock, worker: str) -> None:
        self.slots: SlotQueue[Seat] = SlotQueue(players=rota.players, queue_limit=rota.queue_limit)
        self.over = False
        """Whether no more arrivals will come; some may still be waiting."""
        self.clock = clock
        self._rota = rota
        self._schedule = rota.schedule
        self._case_of = rota.mix.case
        self._worker = worker
        self._sharing: Sharing | None = None
        self._next_number = 0
        """The first arrival that was not looked at yet."""
        self._next: Arrival | None = None
        """The next that is not handed over yet; null where none comes any more, or nothing is shared out yet."""
        self._upcoming: Iterator[Arrival] = iter(())
        """Those after it."""
        self.looks_away = False
        """Whether all slots are busy, so that nobody waits for the next arrival to the microsecond.

        To wake for each would cost more than all else that an arrival takes. So whoever is done with its flow has what
        came meanwhile handed over (`hand_over_due`), which then stands in the queue as if it had been all the time; and
        whoever finds nothing to do says so (`look_again`).
        """
        self._greenlet: gevent.Greenlet | None = None
        self._timer = make_timer()
        self._loop = get_hub().loop

    @property
    def tally(self) -> Tally:
        """What became of the arrivals so far."""
        return self.slots.tally

    def share(self, sharing: Sharing, pieces: Sequence[RatePiece] = ()) -> None:
        """Take up a division of the arrivals among the workers, from the first arrival on that has not come yet.

        `pieces` are the whole load as it goes on by now, where it grows; arrivals of before are the same in it. The
        run's clock must be set.
        """
        if self.over:
            return
        self._halt()
        if len(pieces) > len(self._schedule.plan.segments):
            self._schedule = replace(self._schedule, plan=self._schedule.plan.extended_to(pieces))
        self._sharing = sharing
        self.slots.queue_limit = ceil(self._rota.queue_limit / len(sharing.shares[-1].members))
        self._upcoming = self._ours()
        self._next = next(self._upcoming, None)
        self._greenlet = gevent.spawn(self._play)

    def stop(self) -> None:
        """Let no more arrivals come. After the schedule's end those that wait are still begun; before it, given up.

        Idle users stay where they are, until they are told to stop or `dismiss`ed.
        """
        if self.over:
            return
        self._halt()
        now_s, end_s = self.clock.now(), self._schedule.plan.end_s
        if self._sharing is not None:
            self._catch_up(now_s, begin=now_s >= end_s)
        self.over = True
        self._timer.close()
        if now_s < end_s:
            self.slots.abandon()

    def dismiss(self) -> None:
        """Let all idle users end."""
        for seat in self.slots.all_idle():
            seat.stop()

    def wake(self, seat: "Seat", call: Call | None) -> None:
        """Let a waiting user go on, in the loop's next round."""
        if seat.waiter is not None:
            self._loop.run_callback(seat.waiter.switch, call)

    def _halt(self) -> None:
        if self._greenlet is not None:
            self._greenlet.kill()
            self._greenlet = None
        self._next, self.looks_away = None, False

    def _play(self) -> None:
        wait_until, own = self._timer.wait_until, self.clock.own
        while self._next is not None:
            self.looks_away = not self.slots.has_idle
            at_s = own(self._next.due_s) + (_LOOKS_AWAY_S if self.looks_away else 0.0)
            reached_s = wait_until(at_s)
            self.looks_away = False
            self.hand_over_due(reached_s - own(0.0))

    def hand_over_due(self, now_s: float) -> None:
        """Hand over the arrivals that are due by now."""
        arrival, hand_over, upcoming = self._next, self._hand_over, self._upcoming
        while arrival is not None and arrival[1] <= now_s:
            hand_over(arrival)
            arrival = self._next = next(upcoming, None)

    def look_again(self) -> None:
        """Be there in time for the next arrival: a slot waits for it."""
        if self.looks_away:
            self.looks_away = False
            self._loop.run_callback(self._timer.cut_short)

    def _ours(self) -> Iterator[Arrival]:
        """Yield the arrivals whose turn is this process's, from the first that was not looked at yet."""
        assert self._sharing is not None  # noqa: S101 - nothing is played before it is shared out
        alone = all(share.members == (self._worker,) for share in self._sharing.shares)
        return self._schedule.from_number(self._next_number, wanted=None if alone else self._is_ours)

    def _catch_up(self, now_s: float, *, begin: bool) -> None:
        """Hand over, or give up, what is due by now and was not looked at yet: no arrival goes uncounted."""
        for arrival in self._ours():
            if arrival.due_s > now_s:
                return
            if begin:
                self._hand_over(arrival)
            else:
                self.slots.give_up()

    def _hand_over(self, arrival: Arrival) -> None:
        number = arrival[0]
        self._next_number = number + 1
        call = _new(Call, (arrival, self._case_of(number)))
        seat = self.slots.due(call)
        if seat is not None:
            self.wake(seat, call)

    def _is_ours(self, number: int) -> bool:
        assert self._sharing is not None  # noqa: S101 - nothing is played before it is shared out
        return self._sharing.worker(number) == self._worker


class Seat:
    """One user's place among the slots: where it waits for its next arrival."""

    __slots__ = ("_dispatcher", "_kind", "_told_to_stop", "waiter")

    def __init__(self, dispatcher: Dispatcher, kind: str) -> None:
        self.waiter: Waiter[Call | None] | None = None
        """Where the user waits; null while it plays."""
        self._dispatcher = dispatcher
        self._kind = kind
        self._told_to_stop = False

    def next(self) -> Call:
        """Return the next arrival of this user, when it is due; one that has waited, at once.

        Raises:
            StopUser: there is none to come, or the user was told to stop.
        """
        dispatcher = self._dispatcher
        slots = dispatcher.slots
        if self._told_to_stop and not dispatcher.over:  # fewer slots are wanted, and the others go on
            raise StopUser
        now_s = dispatcher.clock.now()
        if dispatcher.looks_away:
            dispatcher.hand_over_due(now_s)
        call = slots.free(self, self._kind, now_s)
        if call is None:
            dispatcher.look_again()
            call = self._wait() if not dispatcher.over else None
        if call is None:
            slots.leave(self, self._kind)
            raise StopUser
        return call

    def _wait(self) -> Call | None:
        self.waiter = waiter = Waiter()
        try:
            call: Call | None = waiter.get()
        except BaseException:  # the user is killed
            self._dispatcher.slots.leave(self, self._kind)
            raise
        finally:
            self.waiter = None
        return call  # whoever gives it has taken the seat from the idle ones

    def stop(self) -> None:
        """Tell the user to stop: now if it waits for an arrival, else after its flow.

        Once the schedule is over, after those arrivals too that wait for a slot.
        """
        self._told_to_stop = True
        if self._dispatcher.slots.leave(self, self._kind):
            self._dispatcher.wake(self, None)
