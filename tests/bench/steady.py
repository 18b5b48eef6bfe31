"""Measure generators in their steady state, taking turns: A B C A B C, a second each.

All of them are started and warmed up first; then one at a time is let run while the others are stopped (SIGSTOP), so
that whatever the machine does meanwhile meets each of them alike. Requests are counted by the target, CPU time by the
kernel. Start-up, warm-up and what a generator does at its end are left out, for each of them alike.
"""

import os
import signal
import statistics
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
from tests.bench.cpu import cpu_s
from tests.bench.generators import Generator, start
from tests.bench.target import Target

from pwdload.samples import read_samples

_STARTS_WITHIN_S = 30.0
_ENDS_WITHIN_S = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """What a generator did between two instants."""

    requests: int
    seconds: float
    cpu_s: float

    @property
    def per_cpu_s(self) -> float:
        """Requests per second of the generator's CPU time."""
        return self.requests / self.cpu_s

    @property
    def per_s(self) -> float:
        """Requests per second."""
        return self.requests / self.seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """The turns of one generator."""

    generator: Generator
    turns: list[Turn] = field(default_factory=list)

    def spread(self, value: Callable[[Turn], float]) -> tuple[float, float, float]:
        """Return median, least and most of a value over the turns."""
        values = [value(turn) for turn in self.turns]
        return statistics.median(values), min(values), max(values)

    @property
    def per_cpu_s(self) -> float:
        """Requests per CPU-second, the median turn."""
        return self.spread(lambda turn: turn.per_cpu_s)[0]


def ratios(one: Measured, other: Measured) -> tuple[float, float, float]:
    """Return median, least and most of how much one does per CPU-second, in terms of the other in the same round."""
    found = [mine.per_cpu_s / theirs.per_cpu_s for mine, theirs in zip(one.turns, other.turns, strict=True)]
    return statistics.median(found), min(found), max(found)


def measure(
    generators: Sequence[Generator],
    target: Target,
    folder: Path,
    *,
    rounds: int,
    turn_s: float = 1.0,
    warm_s: float = 1.5,
) -> list[Measured]:
    """Let generators take turns, and return what each did in each round.

    Raises:
        RuntimeError: one of them sends nothing, or ends by itself.
    """
    measured = [Measured(generator=generator) for generator in generators]
    with _frozen(generators, target, folder, warm_s) as processes:
        for _ in range(rounds):
            for one, process in zip(measured, processes, strict=True):
                turn = _turn(process, target, turn_s)
                if process.poll() is not None or turn.requests <= 0:
                    said = _log(folder, one.generator).read_text("utf-8", "replace")
                    raise RuntimeError(f"{one.generator.name} did not keep on; it printed:\n{said}")
                one.turns.append(turn)
    for one in measured:
        _check_kept(one)
    return measured


def _check_kept(one: Measured) -> None:
    """Make sure that what says it keeps every exchange has kept at least those of its turns, all of them right."""
    if one.generator.reports is None:
        return
    rows, right = kept(one.generator.reports)
    sent = sum(turn.requests for turn in one.turns)
    if rows < sent or right < rows:
        raise RuntimeError(f"{one.generator.name}: of {sent} requests {rows} were kept, {right} as expected")


def samples_of(reports: Path) -> Path:
    """Return where the only run in a folder has kept its samples; a link may lead there as well."""
    (found,) = {path.resolve() for path in reports.glob("*/*/samples")}
    return found


def kept(reports: Path) -> tuple[int, int]:
    """Return how many exchanges the only run in a folder has kept, and how many of them came out as expected."""
    table, _ = read_samples(samples_of(reports))
    right = pc.sum(pc.equal(table["outcome"].cast(pa.string()), "right_accept")).as_py()
    return table.num_rows, right or 0


def _log(folder: Path, generator: Generator) -> Path:
    return folder / f"{generator.name}.log"


def _turn(process: "subprocess.Popen[bytes]", target: Target, turn_s: float) -> Turn:
    cpu_before_s, before = cpu_s(process.pid), target.answered()
    begun_s = time.perf_counter()
    os.killpg(process.pid, signal.SIGCONT)
    time.sleep(turn_s)
    os.killpg(process.pid, signal.SIGSTOP)
    ended_s = time.perf_counter()
    requests = target.answered() - before - 1  # the count counts itself
    return Turn(requests=requests, seconds=ended_s - begun_s, cpu_s=cpu_s(process.pid) - cpu_before_s)


@contextmanager
def _frozen(
    generators: Sequence[Generator], target: Target, folder: Path, warm_s: float
) -> Iterator[list["subprocess.Popen[bytes]"]]:
    """Start generators one after the other, and give them warm and stopped."""
    processes: list[subprocess.Popen[bytes]] = []
    try:
        for generator in generators:
            before = target.answered()
            processes.append(process := start(generator, _log(folder, generator)))
            _wait_for_load(process, target, before)
            time.sleep(warm_s)
            os.killpg(process.pid, signal.SIGSTOP)
        yield processes
    finally:
        for process in processes:
            stop(process)


def _wait_for_load(process: "subprocess.Popen[bytes]", target: Target, before: int) -> None:
    deadline_s = time.monotonic() + _STARTS_WITHIN_S
    polls = 0
    while target.answered() - before - polls < 100 and time.monotonic() < deadline_s and process.poll() is None:
        polls += 1
        time.sleep(0.1)


def stop(process: "subprocess.Popen[bytes]") -> int:
    """End a generator with SIGTERM, which leaves it the time to end in order; return its exit code."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGCONT)
        process.terminate()
    try:
        return process.wait(_ENDS_WITHIN_S)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        return process.wait()
