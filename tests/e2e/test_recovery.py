"""Recovery against the truth with real processes: Locust against a target that fails and recovers at exact times.

The target is no stand-in and no proxy: it says itself when it failed, on the clock that all programs of a machine
share. What the analysis makes of the client's samples must be that, to one window.
"""

import json
import random
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pytest
from tests.e2e.runs import QUIET, latest
from tests.processes import ROOT, environment, locust

from pwdload.analysis import Run, load_run
from pwdload.analysis.recovery import Measured, RecoveryThresholds
from pwdload.analysis.recovery.of_run import recovery_of
from pwdload.injections import FaultsRecord, Injection, write_faults
from pwdload.rundir import RunDirectory

pytestmark = pytest.mark.e2e

SERVICE_S = 0.1
"""How long the target takes for an answer."""
THRESHOLDS = RecoveryThresholds(p95_floor_s=0.25)
"""A machine that runs other tests as well may add a quarter of a second: what is proved here is when, not how fast."""
CLOCK_S = 0.002
"""Zero of the run's clock is on record to a millisecond."""
LOADS = {
    "open": """model = "open"
arrivals = "{arrivals}"
max_in_flight = 600
[[load.stages]]
name = "steady"
rate = "{rate}/s"
for = "{length}s"
""",
    "closed": """think_time = {{ min = "{think}ms", max = "{think}ms" }}
[[load.stages]]
name = "steady"
users = {users}
for = "{length}s"
""",
}
SCENARIO = """title = "Scripted"
seed = {seed}
[target]
timeout = "{timeout}ms"
[oracle]
probes = 0
final_logins = 0
[accounts]
settle_wait = "0s"
[mix]
valid_change = 1
[load]
"""


@dataclass(frozen=True, kw_only=True)
class Trial:
    """A script of the target and the load that meets it; times in seconds from the first request."""

    way: str
    model: str
    inject_s: float
    heal_s: float
    recover_s: float
    length_s: int
    timeout_s: float
    seed: int = 1
    arrivals: str = "even"
    rate: int = 30
    users: int = 15
    think_s: float = 0.3

    def scenario(self) -> str:
        """The scenario as a file."""
        return (SCENARIO + LOADS[self.model]).format(
            seed=self.seed,
            timeout=round(self.timeout_s * 1000),
            arrivals=self.arrivals,
            rate=self.rate,
            length=self.length_s,
            users=self.users,
            think=round(self.think_s * 1000),
        )


@dataclass(frozen=True, kw_only=True)
class Errors:
    """How far what was measured is from the truth, in seconds, and the window that it may be off by."""

    window_s: float
    detected_s: float
    first_s: float
    sustained_s: float

    def __str__(self) -> str:
        parts = f"detected {self.detected_s:+.3f}, first {self.first_s:+.3f}, sustained {self.sustained_s:+.3f}"
        return f"{parts}, window {self.window_s:.3f} s"


@contextmanager
def target(trial: Trial) -> "Iterator[tuple[str, subprocess.Popen[str]]]":
    """Run the target with its script; gives its base URL."""
    times = [f"--{name}={getattr(trial, f'{name}_s')}" for name in ("inject", "heal", "recover")]
    command = [sys.executable, "-m", "tests.scripted_target", "--way", trial.way, f"--seed={trial.seed}", *times]
    process = subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment()
    )
    assert process.stdout is not None
    with process:
        try:
            yield process.stdout.readline().strip(), process
        finally:
            process.terminate()


def play(folder: Path, trial: Trial) -> Errors:
    """Play a trial, write down what the target says of itself, and hold the analysis against it."""
    folder.mkdir()
    accounts = folder / "accounts.csv"
    accounts.write_text("user_name,password\n" + "".join(f"staff{n:05d},Given-{n:05d}-Xq\n" for n in range(4000)))
    scenario = folder / "scripted.toml"
    scenario.write_text(trial.scenario())
    with target(trial) as (url, process):
        options = ("--scenario", str(scenario), "--host", url, "--accounts", str(accounts), "--headless")
        done = locust(*options, *QUIET, cwd=folder)
        stamps = json.loads(process.communicate(timeout=20)[0])
    directory = latest(folder)
    assert stamps["zero_s"] is not None, done.err
    write_faults(directory.faults_file, FaultsRecord(injections=(_injection(trial, directory, stamps),)))
    run = load_run(directory)
    recovery = recovery_of(run, THRESHOLDS)
    assert recovery is not None
    assert recovery.timeout_s == pytest.approx(trial.timeout_s, abs=0.001)
    return _errors(trial, run, recovery.measured[0], _on_run_clock(directory, stamps, "recover_s"))


def _on_run_clock(directory: RunDirectory, stamps: dict[str, float], name: str) -> float:
    zero_utc_s = datetime.fromisoformat(directory.read_record().started_utc).timestamp()
    return stamps[name] + stamps["utc_s"] - zero_utc_s


def _injection(trial: Trial, directory: RunDirectory, stamps: dict[str, float]) -> Injection:
    inject_s, heal_s = (_on_run_clock(directory, stamps, name) for name in ("inject_s", "heal_s"))
    return Injection(
        fault=trial.way,
        kind=trial.way,
        means="process",
        planned_start_s=inject_s,
        planned_end_s=heal_s,
        inject_before_s=inject_s - CLOCK_S,
        inject_after_s=inject_s + CLOCK_S,
        heal_before_s=heal_s - CLOCK_S,
        heal_after_s=heal_s + CLOCK_S,
    )


def _errors(trial: Trial, run: Run, found: Measured, recover_s: float) -> Errors:
    """Return how far each time is from what follows from the script."""
    inject_s, heal_s = found.injection.inject_before_s, found.injection.heal_after_s
    assert inject_s is not None
    assert heal_s is not None
    assert found.window_s is not None
    due_s = run.samples["intended_s"]
    asked_s = float(due_s[due_s >= recover_s].min()) - heal_s  # users who wait for an answer ask for nothing
    detected = {"black_hole": trial.timeout_s}.get(trial.way, SERVICE_S)
    served_s = float(due_s[due_s >= heal_s].min()) - heal_s if trial.way in ("partial", "drain") else asked_s
    values = [one.value_s for one in (found.detected, found.first, found.sustained)]
    detected_s, first_s, sustained_s = (float("nan") if value is None else value for value in values)
    return Errors(
        window_s=found.window_s,
        detected_s=detected_s - detected,
        first_s=first_s - served_s,
        sustained_s=sustained_s - asked_s,
    )


def assert_near_the_truth(errors: Errors) -> None:
    """Insist that every time is within one window of the truth."""
    for error_s in (errors.detected_s, errors.first_s, errors.sustained_s):
        assert abs(error_s) <= errors.window_s + 2 * CLOCK_S, str(errors)


def trials(count: int) -> Iterator[Trial]:
    """Yield seeded trials: every way to fail, open and closed."""
    ways = ("black_hole", "error", "drain", "partial")
    for number in range(count):
        rng = random.Random(7_000 + number)
        way = ways[number % 4]
        inject_s = rng.uniform(5.5, 7.5)
        heal_s = inject_s + rng.uniform(1.5, 3.0)
        lag_s = 0.0 if way == "partial" else rng.uniform(0.5, 2.0) if way == "drain" else rng.choice([0.0, 1.2])
        yield Trial(
            way=way,
            model=("open", "closed", "open")[number % 3],
            inject_s=inject_s,
            heal_s=heal_s,
            recover_s=heal_s + lag_s,
            length_s=round(heal_s + lag_s + 7.5),
            timeout_s=rng.choice([0.4, 0.8, 1.2]) if way == "black_hole" else 5.0,
            seed=number,
            arrivals=("even", "even", "poisson")[number % 3],
            rate=rng.randint(25, 45),
            users=rng.randint(12, 20),
            think_s=rng.uniform(0.15, 0.4),
        )


def test_a_black_hole_in_a_real_run(tmp_path: Path) -> None:
    """A target that falls silent for a second and a half: noticed after the time-out, back when it said."""
    trial = Trial(
        way="black_hole", model="open", inject_s=5.3, heal_s=6.3, recover_s=6.8, length_s=14, timeout_s=0.5, rate=45
    )
    assert_near_the_truth(play(tmp_path / "run", trial))


@pytest.mark.slow
def test_thirty_seeded_schedules(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Thirty scripts against real Locust runs, two at a time: each time within one window of the truth."""
    schedules = list(trials(30))
    with ThreadPoolExecutor(2) as pool:
        found = list(pool.map(lambda one: play(tmp_path / str(one.seed), one), schedules))
    with capsys.disabled():
        for trial, errors in zip(schedules, found, strict=True):
            print(f"\n{trial.seed:2d} {trial.way:10s} {trial.model:6s} {errors}", end="")  # noqa: T201
    for errors in found:
        assert_near_the_truth(errors)
