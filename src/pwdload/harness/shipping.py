"""Samples on their way from the workers to the master, over Locust's own connection.

worker -> master   block {run, frame}      some samples, numbered and sealed (`pwdload.samples.blocks`)
master -> worker   kept {run, wanted}      the blocks below this number are in the master's file, flushed
master -> worker   safe {run}              all are, the file is finished: the worker's spool may go

`pwdload.samples.delivery` is the protocol; here are its messages, its threads and its files. The run is named in each
message, since a late one of the run before must not be taken for one of this.
"""

import time
from collections import deque
from collections.abc import Iterable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import gevent
from locust.exception import RPCError
from locust.runners import MasterRunner, WorkerRunner

from pwdload.harness.live import Tap
from pwdload.harness.messages import worker_name
from pwdload.harness.plan import Plan
from pwdload.harness.progress import say
from pwdload.harness.writing import Bell, WriterThread
from pwdload.rundir import RunDirectory, WorkerRecord
from pwdload.samples import Block, BlockFile, Inbox, Outbox, SampleWriter

_BLOCK, _KEPT, _SAFE = (f"pwdload_{word}" for word in ("block", "kept", "safe"))
_LOOK_EVERY_S = 0.5
"""How often a worker looks for blocks whose answer is overdue."""
_GIVEN_UP_AFTER_S = 5.0
"""A worker that must leave waits so long for the next answer; its spool keeps what was not answered."""
_RUN_ID = "run_id"
"""A file in the master's spool directory by which a worker sees whether it shares the master's disk."""


def is_on_masters_disk(plan: Plan) -> bool:
    """Whether a worker sees the master's own run directory, which it knows by the run's id and not by any name."""
    with suppress(OSError):
        return (RunDirectory(Path(plan.run_directory)).spool / _RUN_ID).read_text("ascii") == plan.run_id
    return False


def spool_directory(plan: Plan, reports: Path) -> Path:
    """Return where a worker keeps what is not known to be safe.

    In the run directory where the worker sees the master's own; else in a run directory of the same name below its own
    `reports`.
    """
    run = RunDirectory(Path(plan.run_directory))
    return run.spool if is_on_masters_disk(plan) else RunDirectory(reports / run.path.parent.name / run.path.name).spool


class Courier:
    """A worker's side: ships its samples, run after run."""

    def __init__(self, runner: WorkerRunner, reports: Path) -> None:
        """Take the worker's own `--reports`, as it was before the master's options came."""
        self._runner = runner
        self._reports = reports.absolute()
        self._shipment: Shipment | None = None
        self._is_alone = False
        runner.register_message(_KEPT, self._on_kept)
        runner.register_message(_SAFE, self._on_safe)

    def begin_run(self, plan: Plan) -> "Shipment":
        """Start the shipment of one run; one of a run before that is still not answered is left in its spool."""
        if self._shipment is not None:
            self._shipment.abandon()
        self._shipment = Shipment(self._runner, plan, spool_directory(plan, self._reports))
        return self._shipment

    @property
    def unacknowledged(self) -> int:
        """How many blocks are not known to be safe."""
        return self._shipment.unacknowledged if self._shipment is not None else 0

    def master_is_gone(self) -> None:
        """Wait for no answer any more: what was not kept by the master is in the spool."""
        self._is_alone = True

    def wait(self) -> None:
        """Wait until everything is known to be safe, for as long as answers come."""
        if self._shipment is not None and not self._is_alone:
            self._shipment.wait()

    # Locust calls listeners by keyword: environment=..., msg=....
    def _on_kept(self, environment: object, msg: Any) -> None:  # noqa: ARG002
        if self._shipment is not None and msg.data["run"] == self._shipment.run_id:
            self._shipment.acknowledge(msg.data["wanted"])

    def _on_safe(self, environment: object, msg: Any) -> None:  # noqa: ARG002
        if self._shipment is not None and msg.data["run"] == self._shipment.run_id:
            self._shipment.remove_spool()


class Shipment:
    """The samples of one worker in one run, on their way to the master."""

    def __init__(self, runner: WorkerRunner, plan: Plan, directory: Path) -> None:
        self.run_id = plan.run_id
        self.is_on_masters_disk = is_on_masters_disk(plan)
        self.directory = directory
        """Where this process keeps what is not known to be safe."""
        self._runner = runner
        self._client = runner.client
        self._written: deque[tuple[Block, int | None]] = deque()
        self._bell = Bell()
        self._outbox = Outbox(self._read)
        self._writer: SampleWriter | None = None
        self._answered_s = time.monotonic()
        self._greenlet = gevent.spawn(self._send)

    def writer(self, worker: str, thread: WriterThread) -> SampleWriter:
        """Open what the worker's samples are to be written with."""
        self._writer = SampleWriter(self.directory, worker, run=thread.put, ship=self._ship, give_way=thread.give_way)
        return self._writer

    def _ship(self, block: Block, place: int | None) -> None:
        """Take a block from the writer's thread."""
        self._written.append((block, place))
        self._bell.ring()

    def _read(self, place: int, length: int) -> bytes:
        assert self._writer is not None  # noqa: S101 - a block with a place was written by it
        return self._writer.file.read(place, length)

    def _send(self) -> None:
        while True:
            self._bell.wait(_LOOK_EVERY_S)
            while self._written:
                self._outbox.add(*self._written.popleft())
            if self._runner.client is not self._client:
                self._client = self._runner.client
                self._outbox.connection_was_reset()
            # Locust tries for seconds before it gives up; what did not go out is overdue later, like what got lost.
            with suppress(RPCError):
                for frame in self._outbox.due(time.monotonic()):
                    self._runner.send_message(_BLOCK, {"run": self.run_id, "frame": frame})

    @property
    def unacknowledged(self) -> int:
        """How many blocks are written and not known to be safe."""
        return len(self._written) + len(self._outbox)

    @property
    def is_delivered(self) -> bool:
        """Whether all that was written is known to be safe."""
        return not self._written and not self._outbox

    def acknowledge(self, wanted: int) -> None:
        """Take the master's word that the blocks below a number are safe."""
        self._answered_s = time.monotonic()
        self._outbox.acknowledge(wanted, self._answered_s)
        self._bell.ring()

    def wait(self) -> None:
        """Wait until all is delivered; not without an answer for long, nor when nobody listens for answers any more."""
        self._answered_s = time.monotonic()
        while not self.is_delivered and len(self._runner.greenlet):
            if time.monotonic() - self._answered_s > _GIVEN_UP_AFTER_S:
                return
            gevent.sleep(0.02)

    def remove_spool(self) -> None:
        """Remove the spool, and what it leaves empty of a run directory that is not the master's."""
        self.abandon()
        if self._writer is None:
            return
        self._writer.file.path.unlink(missing_ok=True)
        with suppress(OSError):  # the first that is not empty ends it
            for folder in self._writer.file.path.parents[:3]:
                folder.rmdir()

    def abandon(self) -> None:
        """Send nothing any more; what is not safe stays in the spool."""
        self._greenlet.kill()
        if self._writer is not None:
            self._writer.file.close()


class Intake:
    """The master's side: takes the workers' samples and keeps them."""

    def __init__(self, runner: MasterRunner) -> None:
        self.heard_s = time.monotonic()
        """When the last block came, on the machine's clock."""
        self.problems: list[str] = []
        """What the disk would not take, in words, each once."""
        self._runner = runner
        self._run_id = ""
        self._tap: Tap | None = None
        self._inboxes: dict[str, Inbox] = {}
        self._files: dict[str, BlockFile] = {}
        self._answers: deque[tuple[str, int]] = deque()
        self._bell = Bell()
        self._thread: WriterThread | None = None
        runner.register_message(_BLOCK, self._on_block)
        gevent.spawn(self._answer)

    def begin_run(self, directory: RunDirectory, run_id: str, tap: Tap | None = None) -> None:
        """Get ready for the samples of a run; `tap` is shown each block that was kept, once."""
        self._directory, self._run_id, self._tap = directory, run_id, tap
        self._inboxes, self._files, self.problems = {}, {}, []
        directory.samples.mkdir(exist_ok=True)
        directory.spool.mkdir(exist_ok=True)
        (directory.spool / _RUN_ID).write_text(run_id, "ascii")
        self._thread = WriterThread(failed=self._note)

    def received(self, worker: str) -> int:
        """Return how many samples of a worker are in the master's file."""
        inbox = self._inboxes.get(worker)
        return inbox.rows if inbox is not None else 0

    def has_all_of(self, record: WorkerRecord) -> bool:
        """Whether everything that a worker says it has written is in the master's file."""
        return self.received(record.name) == record.samples - record.dropped

    def _on_block(self, environment: object, msg: Any) -> None:  # noqa: ARG002
        if msg.data["run"] != self._run_id:
            return
        self.heard_s = time.monotonic()
        # Named by the master's own book, not by the message: a name becomes a path.
        worker = worker_name(self._runner.get_worker_index(msg.node_id))
        if self._thread is not None:
            self._thread.put(partial(self._take, worker, msg.node_id, msg.data["frame"]))
        elif worker in self._inboxes:  # the run has ended: whoever asks again has missed the answer
            self._reply(msg.node_id, self._inboxes[worker].wanted)

    def _take(self, worker: str, client_id: str, frame: bytes) -> None:
        """Keep a block, in the writer's thread; one that cannot be kept is not answered, and comes again."""
        self._answers.append((client_id, self._inbox(worker).take(frame)))
        self._bell.ring()

    def _inbox(self, worker: str) -> Inbox:
        if worker not in self._inboxes:
            self._files[worker] = BlockFile(self._directory.samples / f"{worker}.arrows")
            self._inboxes[worker] = Inbox(partial(self._keep, self._files[worker]))
        return self._inboxes[worker]

    def _keep(self, file: BlockFile, block: Block) -> None:
        file.append(block)
        if self._tap is not None:
            self._tap(block)

    def _note(self, error: Exception) -> None:
        what = f"The master could not write samples: {str(error).rstrip('.')}."
        if what not in self.problems:
            self.problems.append(what)
            say(f"pwdload: {what}")

    def _answer(self) -> None:
        while True:
            self._bell.wait(_LOOK_EVERY_S)
            while self._answers:
                self._reply(*self._answers.popleft())

    def _reply(self, client_id: str, wanted: int) -> None:
        with suppress(RPCError):
            self._runner.send_message(_KEPT, {"run": self._run_id, "wanted": wanted}, client_id=client_id)

    def end_run(self, done: Iterable[WorkerRecord]) -> None:
        """Finish the files of the workers whose samples are all here, and let their spools go; close the others."""
        thread, self._thread = self._thread, None
        if thread is None:
            return
        thread.finish(partial(self._close_files, [record.name for record in done if self.has_all_of(record)]))
        for worker, file in self._files.items():
            if not file.path.exists():
                self._let_go(worker)
        with suppress(OSError):
            if [path.name for path in self._directory.spool.iterdir()] == [_RUN_ID]:
                (self._directory.spool / _RUN_ID).unlink()
                self._directory.spool.rmdir()

    def _close_files(self, complete: Iterable[str]) -> None:
        for worker in complete:
            self._inbox(worker)  # one that made no sample still has a file to say so
            try:
                self._files[worker].finish()
            except (OSError, ValueError) as error:
                self._note(error)
        for file in self._files.values():
            file.close()

    def _let_go(self, worker: str) -> None:
        """Remove a worker's spool where it is on this disk, and tell the worker, which knows of its own."""
        with suppress(OSError):
            (self._directory.spool / f"{worker}.arrows").unlink(missing_ok=True)
        ids = {worker_name(index): client_id for client_id, index in self._runner.worker_indexes.items()}
        with suppress(RPCError):
            self._runner.send_message(_SAFE, {"run": self._run_id}, client_id=ids[worker])
