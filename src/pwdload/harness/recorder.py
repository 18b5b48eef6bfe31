"""Records every exchange twice: as a sample of ours, and as Locust's request event for its statistics."""

import traceback
from bisect import bisect_right
from collections.abc import Callable
from pathlib import Path

import gevent
from gevent.threadpool import ThreadPool
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
        self._flows = 0
        self._seq = 0
        self._dropped = 0
        self._writer: SampleWriter | None = None
        if plan.run_directory:
            self._threads = ThreadPool(1)
            directory = RunDirectory(Path(plan.run_directory)).samples
            self._writer = SampleWriter(directory, worker, run=self._write_later)
            self._flusher = gevent.spawn(self._flush_regularly)

    def begin_flow(self) -> int:
        """Return the number of a new flow."""
        self._flows += 1
        return self._flows - 1

    def record(self, played: Played, *, flow: int, case: str, device: str) -> None:
        """Keep one exchange."""
        if self._writer is not None:
            self._keep(self._writer, played, flow, case, device)
        self._tell_locust(played, case)

    def _keep(self, writer: SampleWriter, played: Played, flow: int, case: str, device: str) -> None:
        exchange, answer = played.exchange, played.answer
        sample = Sample(
            seq=self._seq,
            worker=self.worker,
            flow=flow,
            step=played.step.value,
            case=case,
            stage=self._stage_at(played.intended_s),
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
        writer.append(sample)

    def _stage_at(self, at_s: float) -> str:
        """Name of the stage in which a request was due; past the end it is the last one."""
        return self._stage_names[max(bisect_right(self._stage_starts, at_s) - 1, 0)]

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
        if self._writer is not None:
            self._flusher.kill()
            self._writer.flush()
            self._threads.join()
            self._threads.apply(self._finish_file)
        return WorkerRecord(name=self.worker, samples=self._seq, dropped=self._dropped)

    def _finish_file(self) -> None:
        assert self._writer is not None  # noqa: S101 - narrows the type; close has checked
        try:
            self._writer.close()
        except Exception:  # noqa: BLE001 - a full disk must end in a verdict, not in a lost run
            self._dropped += 1
            traceback.print_exc()

    def _write_later(self, job: Callable[[], None]) -> None:
        self._threads.spawn(self._write, job)

    def _write(self, job: Callable[[], None]) -> None:
        try:
            job()
        except Exception:  # noqa: BLE001 - counted, and said in the verdict
            self._dropped += 1
            traceback.print_exc()

    def _flush_regularly(self) -> None:
        while True:
            gevent.sleep(_FLUSH_EVERY_S)
            if self._writer is not None:
                self._writer.flush()
