"""The few words that a worker and the master say to each other about a run, over Locust's own connection.

worker -> master   clock {left}                      it asks for the master's time
master -> worker   time {left, master, clock}        the master's time, and which clock it is
worker -> master   started {worker}                  it takes part in the run
master -> worker   begin {zero, shares, pieces}      the run's clock goes; whose turn each arrival is, from now on, and
                                                  how the load goes on, where that is not known from the start
worker -> master   health {row}                      how it was in the last second
worker -> master   end_run {reason}                  the run must end early
worker -> master   refuse {worker, reason}           it cannot take part, and leaves
master -> worker   finish                            it must let its users finish, and report
worker -> master   done {worker, samples, dropped}   its samples are written

All but the first two, which are about no run, name theirs in `run`, and are not heard where another one is on: a worker
that has lost its master is connected again by the network's own means to the next one at the same port.
`pwdload.harness.strangers` keeps out who is not known at all.
"""

import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import asdict
from functools import partial
from typing import Any

import gevent
from gevent.lock import BoundedSemaphore
from locust import __version__ as locust_version
from locust.exception import RPCError
from locust.rpc import Message
from locust.runners import STATE_CLEANUP, STATE_INIT, STATE_STOPPED, MasterRunner, WorkerRunner
from pydantic import TypeAdapter

from pwdload.clock import ClockComparison, Reading, clock_name
from pwdload.health import HealthRow
from pwdload.pacing import Share, Sharing
from pwdload.rundir import RateRecord, WorkerRecord

_CLOCK, _TIME, _STARTED, _BEGIN, _HEALTH, _END_RUN, _REFUSE, _FINISH, _DONE = (
    f"pwdload_{word}" for word in ("clock", "time", "started", "begin", "health", "end_run", "refuse", "finish", "done")
)
_CLOCK_EVERY_S = 5.0
_CLOCK_FIRST = 8
"""How many readings of the master's clock are taken at once, at the beginning and every so often."""
_RECORD = TypeAdapter(WorkerRecord)
Listener = Callable[..., None]


def worker_name(index: int) -> str:
    """Return the name in samples and reports of the worker that Locust gave this index."""
    return f"worker-{index}"


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
        self.run_id = ""
        """Of the run that is on, or was; while it is empty nobody can have anything to say of it."""
        self.playing: frozenset[str] = frozenset()
        """Workers that take part in the run and have been heard of lately: among them the turns are shared."""
        self._started: set[str] = set()
        self.expected: dict[str, str] = {}
        """Locust's id of each worker that was there when the run began, or joined it since, by name."""
        self.done: dict[str, WorkerRecord] = {}
        self.load_has_ended = True
        self.left_early: list[str] = []
        """Workers that were done while the load was still on."""
        self._runner = runner
        # Also where the web UI stops a run: see `say_finish`.
        runner.stop = partial(runner.stop, send_stop_to_client=False)  # type: ignore[method-assign]
        self._end_run = end_run
        self._members_changed = members_changed
        self._keep_health = keep_health
        runner.register_message(_CLOCK, self._on_clock)
        for word, listener in (
            (_HEALTH, self._on_health),
            (_STARTED, self._on_started),
            (_END_RUN, self._on_end_run),
            (_REFUSE, self._on_refuse),
            (_DONE, self._on_done),
        ):
            runner.register_message(word, self._of_this_run(listener))

    def _of_this_run(self, listener: Listener) -> Listener:
        """Return a listener that does not hear what is about another run."""

        def listen(*, environment: object, msg: Any) -> None:
            if msg.data["run"] == self.run_id:
                listener(environment=environment, msg=msg)

        return listen

    def begin_run(self) -> None:
        """Forget the run before, and note who is here."""
        self.run_id = ""
        self.done, self.left_early, self.load_has_ended = {}, [], False
        self._started = set()
        self.playing = frozenset()
        self.expected = {worker_name(self._runner.get_worker_index(one.id)): one.id for one in self._runner.clients.all}

    @property
    def missing(self) -> list[str]:
        """Workers that have not reported their samples."""
        return sorted(set(self.expected) - set(self.done))

    def say_finish(self) -> None:
        """Tell the workers that have not reported to let their users finish. Saying it twice does no harm.

        Locust's own order to quit leaves half a second and would lose what users still do; its order to stop makes a
        worker deaf for the stop-timeout, even to the order to quit.
        """
        for name in self.missing:
            self._runner.send_message(_FINISH, {"run": self.run_id}, client_id=self.expected[name])

    def say_stopped(self) -> None:
        """Tell Locust, whose workers would have told it after its own order to stop, that the run is over."""
        self._runner.update_state(STATE_STOPPED)

    def say_begin(self, zero_s: float, sharing: Sharing | None, pieces: Sequence[RateRecord] = ()) -> None:
        """Tell the workers that the run's clock goes, and whose turn each arrival is.

        `pieces` are all of a load that grows while it goes on: whoever has missed a word has it with the next.
        """
        shares = [[share.from_number, list(share.members)] for share in sharing.shares] if sharing is not None else None
        self._runner.send_message(
            _BEGIN, {"run": self.run_id, "zero": zero_s, "shares": shares, "pieces": list(pieces)}
        )

    def take_part(self, heard: Iterable[str]) -> None:
        """Take note which workers have been heard of lately: of those, the ones that have begun have turns."""
        playing = frozenset(self._started & set(heard))
        if playing != self.playing:
            self.playing = playing
            self._members_changed()

    # Locust calls listeners by keyword: environment=..., msg=....
    def _on_clock(self, environment: object, msg: Any) -> None:  # noqa: ARG002
        answer = {"left": msg.data["left"], "master": time.perf_counter(), "clock": clock_name()}
        self._runner.send_message(_TIME, answer, client_id=msg.node_id)

    def _on_health(self, environment: object, msg: Any) -> None:  # noqa: ARG002
        self._keep_health(HealthRow(*msg.data["row"]))

    def _on_started(self, environment: object, msg: Any) -> None:  # noqa: ARG002
        self.expected[msg.data["worker"]] = msg.node_id
        self._started.add(msg.data["worker"])
        self.take_part([*self.playing, msg.data["worker"]])

    def _on_end_run(self, environment: object, msg: Any) -> None:  # noqa: ARG002
        self._end_run(msg.data["reason"])

    def _on_refuse(self, environment: object, msg: Any) -> None:  # noqa: ARG002
        worker, reason = msg.data["worker"], msg.data["reason"]
        self.expected.pop(worker, None)  # nothing will come from it
        self._end_run(f"error: {worker} cannot take part: {reason}")

    def _on_done(self, environment: object, msg: Any) -> None:  # noqa: ARG002
        record = _RECORD.validate_python(msg.data["record"])
        self.done[record.name] = record
        if not self.load_has_ended:
            self.left_early.append(record.name)


def _nobody_listens(zero_s: float, sharing: Sharing | None, pieces: Sequence[RateRecord]) -> None:
    """Do nothing: no run is on in this process."""


class WorkerSide:
    """What a worker asks and says."""

    def __init__(self, runner: WorkerRunner) -> None:
        self.comparison = ClockComparison()
        self.on_begin: Callable[[float, Sharing | None, Sequence[RateRecord]], None] = _nobody_listens
        """Told zero of the run's clock, on the master's, how arrivals are shared out, and how the load goes on."""
        self._runner = runner
        self._run = ""
        """Id of the run that this worker plays, or has played last."""
        self._last_word: dict[str, Any] | None = None
        self._stopping = BoundedSemaphore()
        runner.register_message(_TIME, self._on_time)
        runner.register_message(_BEGIN, self._on_begin)
        runner.register_message(_FINISH, self._on_finish, concurrent=True)

    @property
    def name(self) -> str:
        """This worker's name in samples and reports."""
        return worker_name(self._runner.worker_index)

    def begin_run(self, run_id: str) -> None:
        """Speak of this run from now on, and hear of no other."""
        self._run, self._last_word = run_id, None

    def _say(self, word: str, **data: object) -> None:
        self._runner.send_message(word, {"run": self._run, **data})

    def say_started(self) -> None:
        """Tell the master that this worker takes part in the run."""
        self._say(_STARTED, worker=self.name)

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
        self._say(_HEALTH, row=list(row))

    def say_done(self, record: WorkerRecord) -> None:
        """Tell the master that the samples are written, and say so again when it asks again."""
        self._last_word = asdict(record)
        self._say(_DONE, record=self._last_word)

    def end_run(self, reason: str) -> None:
        """Ask the master to end the run."""
        self._say(_END_RUN, reason=reason)

    def refuse(self, reason: str) -> None:
        """Tell the master that this worker cannot take part in the run."""
        self._say(_REFUSE, worker=self.name, reason=reason)

    def finish(self) -> None:
        """Stop the users; if somebody else is about it, wait until that is done."""
        with self._stopping:
            if self._runner.state != STATE_STOPPED:
                self._runner.stop()

    def _get_ready(self) -> None:
        """Tell Locust's master that this worker may be given another run."""
        self._runner.worker_state = STATE_INIT
        with suppress(RPCError):
            self._runner.client.send(Message("client_ready", locust_version, self._runner.client_id))

    def _on_time(self, environment: object, msg: Any) -> None:  # noqa: ARG002
        reading = Reading(msg.data["left"], msg.data["master"], time.perf_counter())
        self.comparison.add(reading, msg.data["clock"])

    def _on_begin(self, environment: object, msg: Any) -> None:  # noqa: ARG002
        if msg.data["run"] != self._run:
            return
        shares = msg.data["shares"]
        sharing = None
        if shares is not None:
            sharing = Sharing(tuple(Share(from_number=number, members=tuple(names)) for number, names in shares))
        self.on_begin(msg.data["zero"], sharing, [RateRecord(*piece) for piece in msg.data["pieces"]])

    def _on_finish(self, environment: object, msg: Any) -> None:  # noqa: ARG002
        if msg.data["run"] != self._run:
            return
        if self._last_word is not None:  # it has missed it: a connection was lost
            self._say(_DONE, record=self._last_word)
        elif self._runner.state != STATE_CLEANUP:  # unless Locust is about it
            self.finish()
            self._get_ready()
