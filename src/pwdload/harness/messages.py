"""The few words that a worker and the master say to each other about a run, over Locust's own connection.

worker -> master   clock {left}                      it asks for the master's time
master -> worker   time {left, master, clock}        the master's time, and which clock it is
worker -> master   started {worker}                  it takes part in the run
master -> worker   begin {zero, shares}              the run's clock goes; whose turn each arrival is, from now on
worker -> master   health {row}                      how it was in the last second
worker -> master   draw {ticket, state, count}       it needs accounts
master -> worker   drawn {ticket, begin, end}        which it may have
worker -> master   end_run {reason}                  the run must end early
master -> worker   finish                            it must let its users finish, and report
worker -> master   done {worker, samples, dropped}   its samples are written
"""

import logging
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict
from itertools import count
from typing import Any

import gevent
from gevent.event import AsyncResult
from gevent.lock import BoundedSemaphore
from locust.exception import RPCError
from locust.runners import STATE_CLEANUP, STATE_MISSING, STATE_STOPPED, MasterRunner, WorkerRunner

from pwdload.accounts.account import Account
from pwdload.accounts.pool import Stock
from pwdload.accounts.source import AccountSource
from pwdload.clock import ClockComparison, Reading, clock_name
from pwdload.errors import AccountsError
from pwdload.health import HealthRow
from pwdload.pacing import Share, Sharing
from pwdload.rundir import ArrivalCounts, ClockRecord, WorkerRecord

_CLOCK, _TIME, _STARTED, _BEGIN, _HEALTH, _DRAW, _DRAWN, _END_RUN, _FINISH, _DONE = (
    f"pwdload_{word}"
    for word in ("clock", "time", "started", "begin", "health", "draw", "drawn", "end_run", "finish", "done")
)
_WATCH_EVERY_S = 0.25
_SILENT_S = 3.0
"""A worker says every second how it is; after so long a silence others take its turns."""
_BEGINNING_S = 60.0
"""Until its users are there and the clock goes, a worker has nothing to say."""
_CLOCK_EVERY_S = 5.0
_CLOCK_FIRST = 8
"""How many readings of the master's clock are taken at once, at the beginning and every so often."""
_ANSWER_WITHIN_S = 10.0

log = logging.getLogger(__name__)


def worker_name(index: int) -> str:
    """Return the name in samples and reports of the worker that Locust gave this index."""
    return f"worker-{index}"


def _record(data: dict[str, Any]) -> WorkerRecord:
    arrivals, clock = data["arrivals"], data["clock"]
    return WorkerRecord(
        **{
            **data,
            "errors": tuple(data["errors"]),
            "arrivals": ArrivalCounts(**arrivals) if arrivals is not None else None,
            "clock": ClockRecord(**clock) if clock is not None else None,
        }
    )


class MasterSide:
    """What the master hears and answers."""

    def __init__(
        self,
        runner: MasterRunner,
        *,
        end_run: Callable[[str], None],
        members_changed: Callable[[], None],
        keep_health: Callable[[HealthRow], None],
    ) -> None:
        self.stock = Stock({})
        self.playing: set[str] = set()
        """Workers that take part in the run and are there."""
        self._heard_s: dict[str, float] = {}
        """When each of them last spoke."""
        self.expected: dict[str, str] = {}
        """Locust's id of each worker that was there when the run began, or joined it since, by name."""
        self.done: dict[str, WorkerRecord] = {}
        self.load_has_ended = True
        self.left_early: list[str] = []
        """Workers that were done while the load was still on."""
        self._runner = runner
        self._end_run = end_run
        self._members_changed = members_changed
        self._keep_health = keep_health
        for word, listener in (
            (_CLOCK, self._on_clock),
            (_HEALTH, self._on_health),
            (_STARTED, self._on_started),
            (_DRAW, self._on_draw),
            (_END_RUN, self._on_end_run),
            (_DONE, self._on_done),
        ):
            runner.register_message(word, listener)

    def begin_run(self, stock: Stock) -> None:
        """Forget the run before, and note who is here."""
        self.stock, self.done, self.left_early, self.load_has_ended = stock, {}, [], False
        self.playing = set()
        self.expected = {worker_name(self._runner.get_worker_index(one.id)): one.id for one in self._runner.clients.all}

    @property
    def missing(self) -> list[str]:
        """Workers that have not reported their samples."""
        return sorted(set(self.expected) - set(self.done))

    @property
    def awaited(self) -> list[str]:
        """Workers that have not reported their samples and are still there to do so."""
        here = {one.id for one in self._runner.clients.all if one.state != STATE_MISSING}
        return [name for name in self.missing if self.expected[name] in here]

    def say_finish(self) -> None:
        """Tell the workers to let their users finish.

        Locust's own order to quit leaves half a second and would lose what users still do; its order to stop makes a
        worker deaf for the stop-timeout, even to the order to quit.
        """
        self._runner.send_message(_FINISH)

    def say_begin(self, zero_s: float, sharing: Sharing | None) -> None:
        """Tell the workers that the run's clock goes, and whose turn each arrival is."""
        shares = [[share.from_number, list(share.members)] for share in sharing.shares] if sharing is not None else None
        self._runner.send_message(_BEGIN, {"zero": zero_s, "shares": shares})

    def watch(self) -> None:
        """Notice workers that fall silent, for as long as the greenlet that runs this lives: others take their turns.

        Locust waits longer before it gives a worker up. One that speaks again gets turns again.
        """
        while True:
            gevent.sleep(_WATCH_EVERY_S)
            now_s = time.monotonic()
            silent = {name for name in self.playing if now_s - self._heard_s[name] > _SILENT_S}
            if silent:
                log.error("%s fell silent: its turns go to the others", ", ".join(sorted(silent)))
                self.playing -= silent
                self._members_changed()

    # Locust calls listeners by keyword: environment=..., msg=....
    def _on_clock(self, environment: object, msg: Any) -> None:  # noqa: ARG002
        answer = {"left": msg.data["left"], "master": time.perf_counter(), "clock": clock_name()}
        self._runner.send_message(_TIME, answer, client_id=msg.node_id)

    def _on_health(self, environment: object, msg: Any) -> None:  # noqa: ARG002
        row = HealthRow(*msg.data["row"])
        self._keep_health(row)
        self._hear(row.worker)

    def _on_started(self, environment: object, msg: Any) -> None:  # noqa: ARG002
        self.expected[msg.data["worker"]] = msg.node_id
        self._heard_s[msg.data["worker"]] = time.monotonic() + _BEGINNING_S
        self.playing.add(msg.data["worker"])
        self._members_changed()

    def _hear(self, name: str) -> None:
        self._heard_s[name] = time.monotonic()
        if name in self.expected and name not in self.playing and name not in self.done:
            self.playing.add(name)
            self._members_changed()

    def _on_draw(self, environment: object, msg: Any) -> None:  # noqa: ARG002
        places = self.stock.draw(msg.data["state"], msg.data["count"])
        answer = {"ticket": msg.data["ticket"], "begin": places.start, "end": places.stop}
        self._runner.send_message(_DRAWN, answer, client_id=msg.node_id)

    def _on_end_run(self, environment: object, msg: Any) -> None:  # noqa: ARG002
        self._end_run(msg.data["reason"])

    def _on_done(self, environment: object, msg: Any) -> None:  # noqa: ARG002
        record = _record(msg.data)
        self.done[record.name] = record
        if not self.load_has_ended:
            self.left_early.append(record.name)


def _nobody_listens(zero_s: float, sharing: Sharing | None) -> None:
    """Do nothing: no run is on in this process."""


class WorkerSide:
    """What a worker asks and says."""

    def __init__(self, runner: WorkerRunner) -> None:
        self.comparison = ClockComparison()
        self.on_begin: Callable[[float, Sharing | None], None] = _nobody_listens
        """Told zero of the run's clock, on the master's, and how arrivals are shared out."""
        self._runner = runner
        self._tickets = count()
        self._waiting: dict[int, AsyncResult[range]] = {}
        self._stopping = BoundedSemaphore()
        runner.register_message(_TIME, self._on_time)
        runner.register_message(_BEGIN, self._on_begin)
        runner.register_message(_DRAWN, self._on_drawn)
        runner.register_message(_FINISH, self._on_finish, concurrent=True)

    @property
    def name(self) -> str:
        """This worker's name in samples and reports."""
        return worker_name(self._runner.worker_index)

    def say_started(self) -> None:
        """Tell the master that this worker takes part in the run."""
        self._runner.send_message(_STARTED, {"worker": self.name})

    def compare_clocks(self) -> None:
        """Go on reading the master's clock, for as long as the greenlet that runs this lives."""
        while True:
            for _ in range(_CLOCK_FIRST):
                with suppress(RPCError):  # the connection is being made anew
                    self._runner.send_message(_CLOCK, {"left": time.perf_counter()})
                gevent.sleep(0.02)
            gevent.sleep(_CLOCK_EVERY_S)

    def say_health(self, row: HealthRow) -> None:
        """Tell the master how this process was in the last second."""
        self._runner.send_message(_HEALTH, {"row": list(row)})

    def say_done(self, record: WorkerRecord) -> None:
        """Tell the master that the samples are written."""
        self._runner.send_message(_DONE, asdict(record))

    def end_run(self, reason: str) -> None:
        """Ask the master to end the run."""
        self._runner.send_message(_END_RUN, {"reason": reason})

    def draw(self, source: AccountSource, state: str, how_many: int) -> Sequence[Account]:
        """Ask the master for accounts.

        Raises:
            AccountsError: the master does not answer.
        """
        ticket = next(self._tickets)
        answer = self._waiting[ticket] = AsyncResult()
        self._runner.send_message(_DRAW, {"ticket": ticket, "state": state, "count": how_many})
        places = answer.wait(_ANSWER_WITHIN_S)
        del self._waiting[ticket]
        if places is None:
            raise AccountsError("the master does not hand out accounts; is it still running?")
        return source.accounts(state, places)

    def finish(self) -> None:
        """Stop the users; if somebody else is about it, wait until that is done."""
        with self._stopping:
            if self._runner.state != STATE_STOPPED:
                self._runner.stop()

    def _on_time(self, environment: object, msg: Any) -> None:  # noqa: ARG002
        reading = Reading(msg.data["left"], msg.data["master"], time.perf_counter())
        self.comparison.add(reading, msg.data["clock"])

    def _on_begin(self, environment: object, msg: Any) -> None:  # noqa: ARG002
        shares = msg.data["shares"]
        sharing = None
        if shares is not None:
            sharing = Sharing(tuple(Share(from_number=number, members=tuple(names)) for number, names in shares))
        self.on_begin(msg.data["zero"], sharing)

    def _on_finish(self, environment: object, msg: Any) -> None:  # noqa: ARG002
        if self._runner.state != STATE_CLEANUP:  # unless Locust is about it
            self.finish()

    def _on_drawn(self, environment: object, msg: Any) -> None:  # noqa: ARG002
        waiting = self._waiting.get(msg.data["ticket"])
        if waiting is not None:
            waiting.set(range(msg.data["begin"], msg.data["end"]))
