"""Records every exchange twice: as a sample of ours, and as Locust's request event for its statistics."""

import traceback
from bisect import bisect_right
from collections import Counter
from collections.abc import Sequence
from itertools import count
from math import inf
from pathlib import Path
from typing import Final

import gevent
from locust.env import Environment
from locust.exception import InterruptTaskSet, RescheduleTask, RescheduleTaskImmediately, StopTest, StopUser

from pwdload.api.contract import OPERATIONS
from pwdload.cases.played import Played
from pwdload.cases.sampling import WORD_LENGTH_MAX, Sampler
from pwdload.harness.live import Tap
from pwdload.harness.plan import Plan
from pwdload.harness.progress import say
from pwdload.harness.shipping import Shipment
from pwdload.harness.statistics import Statistics, own_listener
from pwdload.harness.writing import WriterThread
from pwdload.heap import give_back_holes
from pwdload.outcome import Outcome
from pwdload.rundir import RateRecord, RunDirectory, WorkerRecord
from pwdload.samples import SampleWriter

_ORDERS = (StopUser, StopTest, RescheduleTask, RescheduleTaskImmediately, InterruptTaskSet)
"""What a listener may raise to tell Locust something: no failure."""
_FLUSH_EVERY_S = 1.0
"""How much a process that is killed may lose at most."""
_FLUSHES_PER_LOOK_FOR_HOLES = 20
"""A crowd of flows that waited leaves holes in the heap; to look for them takes less than a millisecond."""
_KINDS_MAX = 20
"""How many kinds of failure are told apart: a message with a number in it must not fill the record."""
_RIGHT_ACCEPT: Final = Outcome.RIGHT_ACCEPT
_NO_FLOW = -1
_LOCUST_NAMES = {step: (operation.method, step.value) for step, operation in OPERATIONS.items()}


class Unexpected(Exception):  # noqa: N818 - Locust shows the class name, and it is no error of the program
    """What Locust's statistics show for an exchange that did not come out as its case expects."""


def _unexpected(played: Played, case: str) -> Unexpected:
    got = played.error_code or (played.answer.status if played.answer is not None else "")
    return Unexpected(f"{played.outcome.value} {got[:WORD_LENGTH_MAX]} in {case}")


class Recorder:
    """Keeps the samples of one process in one run.

    Blocks are written by one thread of their own, so that encoding and disk stay out of the users' way. A sample
    that cannot be kept is counted, and makes the run INVALID: Locust itself would swallow the exception and go on. So
    it is with a listener of Locust's request event: one that raises has missed the request, and with it Locust's own
    statistics, or whatever else it keeps, are wrong.
    """

    def __init__(self, environment: Environment, plan: Plan, worker: str, shipment: Shipment | None = None) -> None:
        """Take the way to the master; null where this process keeps its samples for good."""
        self.worker = worker
        self._failures = Failures()
        self._notes: list[str] = []
        self._request_event = environment.events.request
        self._own_listener = own_listener(environment)
        self._statistics = Statistics(environment)
        self.answers = self.failed = self.slow = 0
        """Exchanges of the load, those that did not come out as expected, and those that took longer than they may."""
        steady = plan.scenario.steady_state
        self._slow_ms = steady.p95_s * 1000.0 if steady is not None and steady.p95_s is not None else inf
        self._stage_starts = [stage.start_s for stage in plan.stages]
        self._stage_names = [stage.name for stage in plan.stages]
        self._stage, self._stage_from_s, self._stage_until_s = "", inf, -inf
        """The stage that was asked for last, and from when to when it is on."""
        self._thread: WriterThread | None = None
        self._writer: SampleWriter | None = None
        self._sampler: Sampler | None = None
        if plan.run_directory:
            self._thread = WriterThread(failed=lambda error: self._failures.note("the writer of samples", error))
            directory = RunDirectory(Path(plan.run_directory)).samples
            self._writer = (
                shipment.writer(worker, self._thread)
                if shipment is not None
                else SampleWriter(directory, worker, run=self._thread.put, give_way=self._thread.give_way)
            )
            self._sampler = Sampler(self._writer, worker)
            self._flusher = gevent.spawn(self._flush_regularly)

    def show_to(self, tap: Tap | None) -> None:
        """Show each block of samples that is written from now on; only where this process keeps them for good."""
        if self._writer is not None:
            self._writer.tap = tap

    def stage_at(self, at_s: float) -> str:
        """Return the name of the stage at a time on the run's clock; past the end it is the last one."""
        if self._stage_from_s <= at_s < self._stage_until_s:  # mostly it is the one that was asked for before
            return self._stage
        place = bisect_right(self._stage_starts, at_s)
        self._stage_from_s = self._stage_starts[place - 1] if place else -inf
        self._stage_until_s = self._stage_starts[place] if place < len(self._stage_starts) else inf
        self._stage = self._stage_names[max(place - 1, 0)]
        return self._stage

    def know_stages(self, pieces: Sequence[RateRecord]) -> None:
        """Learn the stages of a load that grows while it goes on; nothing where it was known from the start."""
        if pieces:
            self._stage_starts = [piece.start_s for piece in pieces]
            self._stage_names = [piece.stage for piece in pieces]
            self._stage_until_s = -inf

    def record(self, played: Played, flow: int, case: str, device: str, stage: str) -> None:
        """Keep one exchange of the load."""
        self._keep(played, flow, case, device, stage)
        self._tell_locust(played, case)

    def keep_aside(self, played: Played) -> None:
        """Keep one exchange beside the load, of which Locust is not told."""
        self._keep(played, _NO_FLOW, played.step.value, "", self.stage_at(played.intended_s))

    def note_failure(self, who: str, error: Exception) -> None:
        """Note that something of the instrument itself failed; the run is INVALID."""
        self._failures.note(who, error)

    def note(self, sentence: str) -> None:
        """Note what the reader of the report must know."""
        self._notes.append(sentence)

    def _keep(self, played: Played, flow: int, case: str, device: str, stage: str) -> None:
        try:
            if self._sampler is not None:
                self._sampler.keep(played, flow, case, device, stage)
        except Exception as error:  # noqa: BLE001 - whatever it is: noted, and the run is INVALID
            self._failures.note("the recorder", error)
            if self._sampler is not None:
                self._sampler.leave_out()

    def _tell_locust(self, played: Played, case: str) -> None:
        exchange = played.exchange
        response_ms = (exchange.done_s - played.intended_s) * 1000.0
        self.answers += 1
        if response_ms > self._slow_ms:
            self.slow += 1
        listeners = self._request_event._handlers
        # Mostly all is well, and nobody listens but Locust's statistics.
        if played.outcome is _RIGHT_ACCEPT and len(listeners) == 1 and listeners[0] is self._own_listener:
            self._statistics.add(_LOCUST_NAMES[played.step], response_ms, exchange.bytes_received)
        else:
            self._tell_listeners(played, case, response_ms)

    def _tell_listeners(self, played: Played, case: str, response_ms: float) -> None:
        """Do what `fire` of Locust's event does, except that it swallows what a listener raises."""
        kind = method, name = _LOCUST_NAMES[played.step]
        unexpected = None if played.outcome.is_as_expected else _unexpected(played, case)
        if unexpected is not None:
            self.failed += 1
        for listener in self._request_event._handlers.copy():
            if listener is self._own_listener and unexpected is None:
                self._statistics.add(kind, response_ms, played.exchange.bytes_received)
                continue
            try:
                listener(
                    request_type=method,
                    name=name,
                    response_time=response_ms,
                    response_length=played.exchange.bytes_received,
                    exception=unexpected,
                    context={},
                )
            except _ORDERS:
                raise
            except Exception as error:  # noqa: BLE001 - whatever it is: noted, and the run is INVALID
                self._failures.note(f"the request listener {_name(listener)}", error)

    def close(self) -> WorkerRecord:
        """Write what is left and return what was kept."""
        self._statistics.close()
        if self._writer is not None and self._thread is not None:
            self._flusher.kill()  # it sleeps or hands a block over, and neither can be cut in two
            self._writer.flush()
            self._thread.finish(self._writer.close)
        made = dropped = 0
        if self._writer is not None and self._sampler is not None:
            made, dropped = self._sampler.made, self._writer.lost + self._sampler.left_out
        return WorkerRecord(
            name=self.worker,
            samples=made,
            dropped=dropped,
            errors=self._failures.sentences,
            notes=tuple(self._notes),
        )

    def _flush_regularly(self) -> None:
        for flushes in count(1):
            gevent.sleep(_FLUSH_EVERY_S)
            if self._writer is not None:
                self._writer.flush()
            if self._thread is not None and flushes % _FLUSHES_PER_LOOK_FOR_HOLES == 0:
                self._thread.put(give_back_holes)


def _name(listener: object) -> str:
    return str(getattr(listener, "__qualname__", None) or type(listener).__qualname__)


class Failures:
    """What went wrong within the instrument: each kind once, told on stderr at once, and counted."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()

    def note(self, who: str, error: Exception) -> None:
        """Count a failure; the first of its kind is told with its traceback."""
        what = f"{who} raised {type(error).__name__}: {str(error)[:WORD_LENGTH_MAX]}"
        if what not in self._counts and len(self._counts) >= _KINDS_MAX:
            what = "further failures"
        self._counts[what] += 1
        if self._counts[what] == 1:
            say(f"pwdload: {what}; the run will be INVALID\n" + "".join(traceback.format_exception(error)))

    @property
    def sentences(self) -> tuple[str, ...]:
        """One sentence for each kind."""
        return tuple(f"{what[0].upper()}{what[1:]} ({count:,} x)." for what, count in self._counts.items())
