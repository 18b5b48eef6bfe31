"""Records every exchange twice: as a sample of ours, and as Locust's request event for its statistics."""

import traceback
from bisect import bisect_right
from collections import deque
from collections.abc import Callable
from pathlib import Path

import gevent
from gevent.monkey import get_original
from locust.env import Environment

from pwdload.api.contract import OPERATIONS
from pwdload.cases.play import Played
from pwdload.harness.plan import Plan
from pwdload.rundir import RunDirectory, WorkerRecord
from pwdload.samples import Sample, SampleWriter

_FLUSH_EVERY_S = 1.0
"""How much a process that is killed may lose at most."""
_WORD_LENGTH_MAX = 100
"""A status or code longer than this is no word of any contract; what a hostile target sends must not fill the disk."""


class Unexpected(Exception):  # noqa: N818 - Locust shows the class name, and it is no error of the program
    """What Locust's statistics show for an exchange that did not come out as its case expects."""


class Recorder:
    """Keeps the samples of one process in one run.

    Blocks are written by one thread of their own, so that encoding and disk stay out of the users' way. A sample
    that cannot be kept is counted, and makes the run INVALID: Locust itself would swallow the exception and go on.
    """

    def __init__(self, environment: Environment, plan: Plan, worker: str) -> None:
        self.worker = worker
        self._request_event = environment.events.request
        self._stage_starts = [stage.start_s for stage in plan.stages]
        self._stage_names = [stage.name for stage in plan.stages]
        self._seq = 0
        self._thread: WriterThread | None = None
        self._writer: SampleWriter | None = None
        if plan.run_directory:
            self._thread = WriterThread()
            directory = RunDirectory(Path(plan.run_directory)).samples
            self._writer = SampleWriter(directory, worker, run=self._thread.put)
            self._flusher = gevent.spawn(self._flush_regularly)

    def stage_at(self, at_s: float) -> str:
        """Return the name of the stage at a time on the run's clock; past the end it is the last one."""
        return self._stage_names[max(bisect_right(self._stage_starts, at_s) - 1, 0)]

    def record(self, played: Played, *, flow: int, case: str, device: str, stage: str) -> None:
        """Keep one exchange."""
        if self._writer is not None:
            self._writer.append(self._sample(played, flow, case, device, stage))
        self._tell_locust(played, case)

    def _sample(self, played: Played, flow: int, case: str, device: str, stage: str) -> Sample:
        exchange, answer = played.exchange, played.answer
        sample = Sample(
            seq=self._seq,
            worker=self.worker,
            flow=flow,
            step=played.step.value,
            case=case,
            stage=stage,
            account=played.account.index,
            generation=played.account.generation,
            device=device,
            intended_s=played.intended_s,
            sent_s=exchange.sent_s,
            first_byte_s=exchange.first_byte_s,
            done_s=exchange.done_s,
            connect_s=exchange.connect_s,
            tls_s=exchange.tls_s,
            http_status=exchange.http_status,
            status=answer.status[:_WORD_LENGTH_MAX] if answer is not None else "",
            error_code=played.error_code[:_WORD_LENGTH_MAX],
            outcome=played.outcome.value,
            expected=played.expect.label,
            bytes_sent=exchange.bytes_sent,
            bytes_received=exchange.bytes_received,
        )
        self._seq += 1
        return sample

    def _tell_locust(self, played: Played, case: str) -> None:
        exchange = played.exchange
        expected = played.outcome.is_as_expected
        got = played.error_code or (played.answer.status if played.answer is not None else "")
        self._request_event.fire(
            request_type=OPERATIONS[played.step].method,
            name=played.step.value,
            response_time=(exchange.done_s - played.intended_s) * 1000.0,
            response_length=exchange.bytes_received,
            exception=None if expected else Unexpected(f"{played.outcome.value} {got[:_WORD_LENGTH_MAX]} in {case}"),
            context={},
        )

    def close(self) -> WorkerRecord:
        """Write what is left and return what was kept."""
        if self._writer is not None and self._thread is not None:
            self._flusher.kill()  # it sleeps or hands a block over, and neither can be cut in two
            self._writer.flush()
            self._thread.finish(self._writer.close)
        dropped = self._writer.lost if self._writer is not None else 0
        return WorkerRecord(name=self.worker, samples=self._seq, dropped=dropped)

    def _flush_regularly(self) -> None:
        while True:
            gevent.sleep(_FLUSH_EVERY_S)
            if self._writer is not None:
                self._writer.flush()


class WriterThread:
    """A real thread that does one job after the other, however many are waiting.

    Under Locust `threading` means greenlets, and gevent's own thread pool makes the caller wait for a free slot: a slow
    disk would then stop the users. A job that fails is told on stderr; what it lost is the job's to count.
    """

    def __init__(self) -> None:
        self._jobs: deque[Callable[[], object] | None] = deque()
        self._wake = get_original("threading", "Semaphore")(0)
        self._done = False
        get_original("_thread", "start_new_thread")(self._work, ())

    def put(self, job: Callable[[], object]) -> None:
        """Have a job done after those before it; returns at once."""
        self._jobs.append(job)
        self._wake.release()

    def finish(self, last: Callable[[], object]) -> None:
        """Have a last job done, and wait for it while other greenlets go on."""
        self.put(last)
        self._jobs.append(None)
        self._wake.release()
        while not self._done:
            gevent.sleep(0.01)

    def _work(self) -> None:
        while True:
            self._wake.acquire()
            job = self._jobs.popleft()
            if job is None:
                self._done = True
                return
            try:
                job()
            except Exception:  # noqa: BLE001 - counted as lost by the job, and said in the verdict
                traceback.print_exc()
