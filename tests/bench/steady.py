"""Measure a generator in its steady state: requests by the target's count, CPU by the kernel's, between two instants.

Start-up, warm-up and what a generator does at its end are left out, for each of them alike.
"""

import os
import signal
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.bench.cpu import GENERATOR_CORE, cpu_s
from tests.bench.generators import Generator, start
from tests.bench.target import Target

_STARTS_WITHIN_S = 30.0
_ENDS_WITHIN_S = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Steady:
    """What was seen between two instants."""

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
class Instant:
    """Counters at one instant."""

    at_s: float
    answered: int
    cpu_s: float

    @classmethod
    def now(cls, target: Target, pid: int) -> "Instant":
        """Read them."""
        return cls(answered=target.answered(), cpu_s=cpu_s(pid), at_s=time.perf_counter())

    def until(self, later: "Instant") -> Steady:
        """Return what was done between this instant and a later one."""
        return Steady(
            requests=later.answered - self.answered - 1,  # the count counts itself
            seconds=later.at_s - self.at_s,
            cpu_s=later.cpu_s - self.cpu_s,
        )


def measure(
    generator: Generator,
    target: Target,
    folder: Path,
    *,
    warm_s: float,
    steady_s: float,
    cores: Sequence[int] = (GENERATOR_CORE,),
) -> Steady:
    """Start a generator, let it get warm, watch it, and stop it.

    Raises:
        RuntimeError: it sends nothing, ends by itself, or says at its end that answers were wrong.
    """
    log = folder / "generator.log"
    before = target.answered()
    process = start(generator, cores, log)
    try:
        _wait_for_load(process, target, before)
        time.sleep(warm_s)
        begun = Instant.now(target, process.pid)
        time.sleep(steady_s)
        seen = begun.until(Instant.now(target, process.pid))
        if process.poll() is not None or not seen.requests:
            raise RuntimeError(f"{generator.name} did not keep on:\n{log.read_text('utf-8', 'replace')}")
        return seen
    finally:
        stop(process)


def _wait_for_load(process: "subprocess.Popen[bytes]", target: Target, before: int) -> None:
    deadline_s = time.monotonic() + _STARTS_WITHIN_S
    polls = 0
    while target.answered() - before - polls < 100 and time.monotonic() < deadline_s:
        polls += 1
        if process.poll() is not None:
            return
        time.sleep(0.1)


def stop(process: "subprocess.Popen[bytes]") -> int:
    """Stop a generator as Ctrl-C would, which each of them takes well; return its exit code."""
    if process.poll() is None:
        process.send_signal(signal.SIGINT)
    try:
        return process.wait(_ENDS_WITHIN_S)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        return process.wait()
