"""What the open model takes: memory of an idle slot, the most arrivals in a second, and how late they are at a rate."""

import subprocess
import time
from pathlib import Path

import numpy as np
from tests.bench.cpu import rss_bytes
from tests.bench.generators import USERS, Generator, opened, pwdload, start
from tests.bench.steady import samples_of, stop
from tests.bench.target import Target

from pwdload.samples import read_samples

_SETTLES_WITHIN_S = 90.0


def idle_slot_bytes(target: Target, folder: Path, *, slots: int, base: int = 100) -> float:
    """Return the memory that a process takes for each idle user: so many of them against a few."""
    few, many = (_settled_rss_bytes(target, folder, count) for count in (base, slots))
    return (many - few) / (slots - base)


def _settled_rss_bytes(target: Target, folder: Path, slots: int) -> int:
    """Return the memory of a process when all its users are there and wait."""
    generator = pwdload(f"{slots} idle", target.url, folder, scenario=opened(1, slots, _SETTLES_WITHIN_S))
    process = start(generator, folder / f"{slots}-idle.log")
    try:
        return _when_settled(process)
    finally:
        stop(process)


def _when_settled(process: "subprocess.Popen[bytes]") -> int:
    deadline_s = time.monotonic() + _SETTLES_WITHIN_S
    seen = [0]
    while time.monotonic() < deadline_s and process.poll() is None:
        seen.append(rss_bytes(process.pid))
        # Large enough for Locust to be loaded, and for three seconds less than 1 % more.
        if len(seen) > 20 and seen[-1] < 1.01 * seen[-7]:
            return seen[-1]
        time.sleep(0.5)
    raise RuntimeError(f"memory did not settle: {seen[-1]} bytes")


def flooded(target: Target, folder: Path, closed_per_s: float) -> Generator:
    """Return ours with more arrivals than it can begin: what it then gets done is its maximum rate.

    The closed loop has no arrivals to look after, so that its rate is one that the open model does not reach. A higher
    one would only add arrivals that are looked after and never begun. Slots are as many as the closed loop has users.
    """
    scenario = opened(round(closed_per_s), USERS, 600, queue_limit=10_000_000)
    return pwdload("flooded", target.url, folder, scenario=scenario)


def lag_s(
    target: Target, folder: Path, rate_per_s: float, turn: int, *, seconds: float = 10.0
) -> tuple[int, float, float]:
    """Play random arrivals at a rate; return how many were sent, and median and 99th percentile of their lag."""
    name = f"open {rate_per_s:.0f} {turn}"
    generator = pwdload(name, target.url, folder, scenario=opened(round(rate_per_s), 500, seconds))
    process = start(generator, folder / "open.log")
    process.wait(seconds + 60)
    assert generator.reports is not None
    table, _ = read_samples(samples_of(generator.reports))
    steady = table["stage"].cast("string").to_numpy(zero_copy_only=False) == "steady"
    lag = (table["sent_s"].to_numpy() - table["intended_s"].to_numpy())[steady]
    median_s, p99_s = np.quantile(lag, (0.5, 0.99))
    return len(lag), float(median_s), float(p99_s)
