"""What must hold of whoever looks at a run.

Run by a test as ``python -m gevent.monkey --module tests.harness.onlooking``.

Locks and sockets must let others run from the first import on: only in a process of its own.
"""

import os
import pty
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

import gevent
from tests.criteria.exchanges import exchange
from tests.harness.checks import hold
from tests.watched.snapshots import overfull, running

from pwdload.accounts.leases import Stocked
from pwdload.clock import RunClock
from pwdload.harness.live import all_of
from pwdload.harness.onlooker import Onlooker
from pwdload.harness.plan import Plan
from pwdload.harness.showing import Lines, Live, chosen
from pwdload.harness.sight import Sight
from pwdload.health import HealthRow
from pwdload.rundir import StageRecord
from pwdload.samples import Block
from pwdload.scenario import default_scenario
from pwdload.watched import Phase, Snapshot, StageBegun


def sight(clock: RunClock, run_id: str = "one") -> Sight:
    """Return where to look in a run of the closed model."""
    plan = Plan(
        scenario=default_scenario(),
        target="http://127.0.0.1:1",
        weights={},
        state_token_life_s=1.0,
        secret_digest="",
        clock="",
        network="",
        stages=(StageRecord(name="all", start_s=0.0, end_s=60.0, users=5),),
        run_id=run_id,
    )
    return Sight(
        plan=lambda: plan,
        clock=clock,
        shown="reports/one",
        users=lambda: 5,
        stocked=lambda: Stocked(ready=90, leased=3),
        accounts=100,
        lost=lambda: ["worker-1"],
        notes=lambda: ["a note"],
        end_reason=lambda: "",
        faulting=None,
        searching=None,
    )


def block(number: int, *due_s: float) -> Block:
    """Return a block of accepted changes."""
    return Block.encode(number, [exchange(at_s, step="update_password") for at_s in due_s])


def a_run_is_shown_from_its_beginning_to_its_end() -> None:
    """Phases follow one another, all samples are in the last snapshot, and the next run begins with nothing."""
    onlooker, clock = Onlooker(), RunClock()
    seen: list[Snapshot] = []
    onlooker.subscribe(seen.append)
    onlooker.begin_run(sight(clock))
    gevent.sleep(0)
    clock.start(time.perf_counter() - 9.0)
    onlooker.take(HealthRow("worker-0", 8.0, 0.2, 0.001, 3, 0, 10, 0, 0))
    onlooker.take(HealthRow("worker-1", 2.0, 0.2, 0.001, 9, 0, 10, 0, 0))
    assert onlooker.tap is not None
    onlooker.tap(block(0, 4.1, 4.2))
    onlooker._look()
    onlooker.load_ends()
    onlooker._look()
    onlooker.tap(Block.encode(1, [exchange(8.5, step="update_password")] * 600))
    onlooker.end_run()
    onlooker.end_run()
    assert [one.phase for one in seen] == [Phase.STARTING, Phase.RUNNING, Phase.FINISHING, Phase.ENDED]
    assert [one.changes for one in seen] == [0, 2, 2, 602]
    last = onlooker.latest
    assert last is seen[-1]
    assert last is not None
    assert (last.stage, last.stage_number, last.in_flight, last.notes) == ("all", 1, 3, ("a note",))
    assert (seen[0].stages_begun, last.stages_begun) == ((), (StageBegun(name="all", start_s=0.0),))
    assert [one.is_lost for one in last.generators] == [False, True]
    assert last.accounts is not None
    assert (last.accounts.total, last.accounts.ready, last.accounts.changed) == (100, 90, 602)
    onlooker.begin_run(sight(RunClock(), "two"))
    gevent.sleep(0)
    assert (seen[-1].run_id, seen[-1].changes, seen[-1].generators, seen[-1].window) == ("two", 0, (), None)
    onlooker.end_run()


def a_block_that_cannot_be_read_ends_the_looking_alone() -> None:
    """Whoever else is shown the samples goes on being shown them, and the snapshot says what is missing."""
    onlooker, clock = Onlooker(), RunClock()
    others: list[Block] = []
    onlooker.begin_run(sight(clock))
    tap = all_of(others.append, None, onlooker.tap)
    assert tap is not None
    for one in (block(0, 1.0), Block(1, 1, b"not a block"), block(2, 3.0)):
        tap(one)
    assert len(others) == 3
    clock.start(time.perf_counter() - 9.0)
    onlooker._look()
    assert onlooker.latest is not None
    assert onlooker.latest.changes == 1
    assert any("could not be watched in full" in note for note in onlooker.latest.notes)
    onlooker.end_run()
    assert all_of(None, None) is None


def whoever_breaks_while_being_shown_is_not_shown_again() -> None:
    """One that raises is left out from then on; the others, and the run, do not notice."""
    onlooker, calls = Onlooker(), 0
    seen: list[Snapshot] = []

    def breaks(_: Snapshot) -> None:
        nonlocal calls
        calls += 1
        raise RuntimeError("no terminal")

    onlooker.subscribe(breaks)
    onlooker.subscribe(seen.append)
    onlooker.begin_run(sight(RunClock()))
    onlooker._look()
    onlooker._look()
    onlooker.end_run()
    assert calls == 1
    assert len(seen) == 3
    assert "no terminal" in seen[-1].notes[-1]


@contextmanager
def terminal(columns: int = 80, rows: int = 24) -> Iterator[tuple[int, TextIO]]:
    """Open a terminal: its far end, and the stream that a program has of it."""
    far, near = pty.openpty()
    import fcntl  # noqa: PLC0415
    import struct  # noqa: PLC0415
    import termios  # noqa: PLC0415

    fcntl.ioctl(near, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
    stream = os.fdopen(near, "w", encoding="utf-8")
    try:
        yield far, stream
    finally:
        os.close(far)
        stream.close()


def what_is_shown_depends_on_the_terminal_unless_it_is_said() -> None:
    """A view on a terminal that can show one; elsewhere lines where Locust's tables are off, and else nothing."""
    xterm, dumb = {"TERM": "xterm"}, {"TERM": "dumb"}
    with terminal() as (_, tty), terminal(50, 24) as (_, narrow), open(os.devnull, "w") as pipe:  # noqa: PTH123
        assert chosen("auto", tty, xterm, only_summary=False) == "live"
        assert chosen("auto", tty, dumb, only_summary=False) == "none"
        assert chosen("auto", tty, {}, only_summary=True) == "lines"
        assert chosen("auto", narrow, xterm, only_summary=True) == "lines"
        assert chosen("auto", pipe, xterm, only_summary=True) == "lines"
        assert chosen("auto", pipe, xterm, only_summary=False) == "none"
        assert chosen("live", pipe, xterm, only_summary=False) == "lines"
        assert chosen("lines", tty, xterm, only_summary=False) == "lines"
        assert chosen("none", tty, xterm, only_summary=True) == "none"


def a_line_is_said_every_five_seconds() -> None:
    """And the next run begins to count anew."""
    said: list[str] = []
    lines = Lines(said.append)
    for _ in range(13):
        lines(running())
    assert len(said) == 2
    for _ in range(5):
        lines(running(run_id="another"))
    assert len(said) == 2
    lines(running(run_id="another"))
    assert len(said) == 3


def a_terminal_that_takes_nothing_holds_up_nobody() -> None:
    """Somebody has stopped it (Ctrl-S): snapshots are passed over, and the end waits for a second and not longer."""
    with terminal() as (far, stream):
        live = Live(stream, {})
        begun_s = time.monotonic()
        for _ in range(60):  # more than the terminal's own buffer takes
            live(overfull())
            gevent.sleep(0.005)
        assert time.monotonic() - begun_s < 5.0
        live(running(phase=Phase.ENDED))
        assert time.monotonic() - begun_s < 8.0
        shown = b""
        while "ENDED" not in shown.decode("utf-8", "replace") and b"\x1b[r" not in shown:
            shown += os.read(far, 65536)
        assert b"\x1b[r" in shown


if __name__ == "__main__":
    hold(
        a_run_is_shown_from_its_beginning_to_its_end,
        a_block_that_cannot_be_read_ends_the_looking_alone,
        whoever_breaks_while_being_shown_is_not_shown_again,
        what_is_shown_depends_on_the_terminal_unless_it_is_said,
        a_line_is_said_every_five_seconds,
        a_terminal_that_takes_nothing_holds_up_nobody,
    )
