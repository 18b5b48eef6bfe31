"""Whole runs in memory, drawn from a seed, for comparisons whose truth is known: many of them, and no files."""

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
from tests.analysis.synthetic import record_of

from pwdload.analysis.comparison.values import Side, SideRun
from pwdload.analysis.run import Run
from pwdload.analysis.windows import Window
from pwdload.outcome import Verdict
from pwdload.rundir import StageRecord

Floats = npt.NDArray[np.float64]

SERVICE_S = 0.02
SERVERS = 4
_STAGES = (StageRecord(name="steady", start_s=0.0, end_s=100.0, users=20),)


@dataclass(frozen=True, kw_only=True)
class World:
    """What the runs of one side are drawn from."""

    updates: int = 10_000
    """Flows of a log-in and an update each."""
    factor: float = 1.0
    """By how much every request is slower than the base."""
    failed_share: float = 0.002
    between: float = 0.0
    """How far runs differ from one another: standard deviation of the logarithm."""
    shape: Literal["lognormal", "exponential"] = "lognormal"
    """Of service times: lognormal with a spread of 0.5, or exponential, which is twice as wide."""
    load: float = 0.0
    """Above 0: requests queue for servers that are busy for this share of the time, so that neighbours are alike."""


def service_times(rng: np.random.Generator, world: World, count: int) -> Floats:
    """Draw how long requests take; with a load, what they wait for a server is in it (first come, first served)."""
    level = world.factor * np.exp(rng.normal(0, world.between)) if world.between else world.factor
    is_wide = world.shape == "exponential"
    drawn = rng.exponential(1.0, count) if is_wide else rng.lognormal(0, 0.5, count)
    service: Floats = level * SERVICE_S * drawn
    if not world.load:
        return service
    # The load is that of the base: a slower target is busier.
    mean_s = SERVICE_S * (1.0 if is_wide else np.exp(0.125))
    arrived = np.cumsum(rng.exponential(mean_s / (SERVERS * world.load), count))
    free = [0.0] * SERVERS
    waited = np.empty(count)
    for number, (at, takes) in enumerate(zip(arrived.tolist(), service.tolist(), strict=True)):
        server = min(range(SERVERS), key=free.__getitem__)
        begun = max(at, free[server])
        free[server] = begun + takes
        waited[number] = begun - at
    return waited + service


def run_of(rng: np.random.Generator, world: World, number: int = 0) -> Run:
    """Draw a run of 100 s."""
    count = world.updates
    due = np.sort(rng.uniform(0, 98.0, count))
    login, update = (service_times(rng, world, count) for _ in range(2))
    failed = rng.random(count) < world.failed_share
    frames = [
        _frame("login", due, login, np.zeros(count, dtype=bool)),
        _frame("update_password", due + login, update, failed),
    ]
    samples = pd.concat(frames, ignore_index=True).sort_values("intended_s", kind="stable", ignore_index=True)
    for name in ("step", "case", "stage", "outcome", "worker"):
        samples[name] = samples[name].astype("category")
    minute = f"2026-11-23T{8 + number // 20:02d}:{number % 20 * 3:02d}:00.000+00:00"
    record = replace(record_of([], stages=_STAGES), target_is_standin=False, started_utc=minute, ended_utc=minute)
    return Run(
        record=record,
        samples=samples,
        rearms=samples.head(0),
        files=(),
        target_counts=None,
        end_s=100.0,
        measured=(Window(0.0, 100.0),),
    )


def _frame(step: str, due: Floats, takes: Floats, failed: npt.NDArray[np.bool_]) -> pd.DataFrame:
    done = due + takes
    is_change = (step == "update_password") & ~failed
    return pd.DataFrame(
        {
            "flow": np.arange(len(due)),
            "worker": "local",
            "step": step,
            "case": "valid_change",
            "stage": "steady",
            "intended_s": due,
            "sent_s": due + 0.0001,
            "done_s": done,
            "outcome": np.where(failed, "shed", "right_accept"),
            "response_s": takes,
            "lag_s": 0.0001,
            "is_reused": True,
            "is_as_expected": ~failed,
            "is_change": is_change,
            "is_due_measured": due < 100.0,
            "is_done_measured": done < 100.0,
        }
    )


def side_of(rng: np.random.Generator, world: World, *, name: str = "base", runs: int = 1, first: int = 0) -> Side:
    """Draw a side of so many runs."""
    drawn = [
        SideRun(shown=f"{name}-{number}", run=run_of(rng, world, first + 2 * number), verdict=Verdict.PASS)
        for number in range(runs)
    ]
    return Side(name=name, runs=tuple(drawn))
