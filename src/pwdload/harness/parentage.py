"""A worker that Locust has forked goes with the process that forked it: nobody else could stop its load."""

import os
from dataclasses import dataclass
from typing import Final

import gevent
from locust.runners import WorkerRunner

_LOOK_EVERY_S: Final = 0.5


@dataclass(slots=True)
class _Parentage:
    """Who has forked this process: known from before the fork, for afterwards it may be gone already."""

    forking: int = 0
    parent: int = 0

    def before(self) -> None:
        """This process is about to fork."""
        self.forking = os.getpid()

    def after_in_child(self) -> None:
        """This process was forked."""
        self.parent = self.forking


_known = _Parentage(parent=os.getppid())
os.register_at_fork(before=_known.before, after_in_child=_known.after_in_child)


def wait_for_orphanhood() -> None:
    """Return when the process that has forked this one is gone."""
    while os.getppid() == _known.parent:
        gevent.sleep(_LOOK_EVERY_S)


def leave_unconnected_orphans() -> None:
    """Have forked workers leave with their parent also while they still wait for its first answer.

    Locust has them ask for five minutes, and the next master at the same port would take them for workers of its own.
    """
    connect = WorkerRunner.connect_to_master

    def connect_or_leave(runner: WorkerRunner) -> None:
        options = runner.environment.parsed_options
        watch = gevent.spawn(_leave_with_parent) if options is not None and options.processes else None
        try:
            connect(runner)  # type: ignore[no-untyped-call]
        finally:
            if watch is not None:
                watch.kill()

    WorkerRunner.connect_to_master = connect_or_leave  # type: ignore[method-assign]


def _leave_with_parent() -> None:
    wait_for_orphanhood()
    os._exit(1)  # nothing was begun, and a way that is kinder would tell the next master of this end
