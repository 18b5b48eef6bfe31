"""Playing a trial, and finding out what the oracle says of it."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import pyarrow.compute as pc
from tests.processes import LOCUSTFILE, TENANT, environment
from tests.trackrecord.trials import Trial

from pwdload.errors import RunDirectoryError
from pwdload.oracle import Judgement, judge, read_history
from pwdload.rundir import RunDirectory

_ACCOUNTS = 6_000
_UNTIL_DISTURBED_S = 0.5
"""Share of the load's length after which the target is disturbed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What came of a trial."""

    exit_code: int
    judgement: Judgement
    requests: int
    """Answered by the end of the run."""
    first: Mapping[str, int]
    """How many requests had been answered when the first violation that a check tells was: by check."""
    err: str

    def missed(self, trial: Trial) -> frozenset[str]:
        """Return the checks that should have found the defect, and have not."""
        return trial.found_by - self.first.keys()


def play(trial: Trial, folder: Path, *, seed: int = 1) -> Found:
    """Play a trial in an empty folder and judge what it leaves."""
    if not trial.disturbance:
        done, directory = play_scenario(scenario_text(trial, seed, embedded=True), folder)
    else:
        scenario = folder / f"{trial.name}.toml"
        scenario.write_text(scenario_text(trial, seed, embedded=False))
        with _Target(trial, folder) as target:
            run = _start(scenario, folder, "--host", target.url, "--accounts", str(target.accounts))
            _wait_for_load(folder)
            time.sleep(trial.length_s * _UNTIL_DISTURBED_S)
            target.begin_anew(signal.SIGKILL if trial.disturbance == "crash" else signal.SIGTERM)
            out, err = run.communicate(timeout=120)
            done = subprocess.CompletedProcess(run.args, run.returncode, out, err)
        directory = RunDirectory.open(folder / "reports" / "latest")
    return _judged(done, directory)


def play_scenario(
    text: str, folder: Path, *more: str, within: Sequence[str] = (), timeout_s: float = 180.0
) -> tuple["subprocess.CompletedProcess[str]", RunDirectory]:
    """Play a scenario in a folder of its own, with more options of `locust`, started by a command if there is one.

    Raises:
        RunDirectoryError: it has left no run; what it said instead is in the text.
    """
    scenario = folder / "played.toml"
    scenario.write_text(text)
    process = _start(scenario, folder, *more, within=within)
    out, err = process.communicate(timeout=timeout_s)
    if not (folder / "reports" / "latest").exists():
        raise RunDirectoryError(f"no run (exit {process.returncode}): {err.strip()[-400:]}")
    done = subprocess.CompletedProcess(process.args, process.returncode, out, err)
    return done, RunDirectory.open(folder / "reports" / "latest")


def _judged(done: "subprocess.CompletedProcess[str]", directory: RunDirectory) -> Found:
    history = read_history(directory)
    judgement = judge(history)
    done_s = history.rows["done_s"]
    first = {}
    for result in judgement.results:
        if result.violations_total:
            # What no process has seen was found after the run, or by all of it: a difference of answer times.
            seen_s = [one.at_s for one in result.violations if one.worker]
            before = int(pc.sum(pc.less_equal(done_s, min(seen_s))).as_py() or 0) if seen_s else len(history.rows)
            first[result.check] = min(before + 1, len(history.rows))
    return Found(
        exit_code=done.returncode,
        judgement=judgement,
        requests=len(history.rows),
        first=first,
        err=done.stderr,
    )


def scenario_text(trial: Trial, seed: int, *, embedded: bool) -> str:
    """Return the scenario of a trial, for the embedded stand-in or for one that runs by itself."""
    standin = {**trial.standin, "hash_algorithm": "sha256"}
    if trial.defect:
        standin["defects"] = trial.defect
    tables: dict[str, Mapping[str, object]] = {
        "target": {"state_token_life": "1s", **trial.target},
        "accounts": {"count": _ACCOUNTS, **trial.accounts} if embedded else trial.accounts,
        "oracle": {"probes": 0, **trial.oracle},
        "load": {"model": "open", "arrivals": "poisson", "max_in_flight": 200},
        "mix": trial.mix,
        "standin": standin if embedded else {},
    }
    stage = {"name": "load", "rate": f"{trial.rate_per_s}/s", "for": f"{trial.length_s:g}s"}
    return toml_text(f"Track record: {trial.name}", seed, tables, stage)


def toml_text(title: str, seed: int, tables: Mapping[str, Mapping[str, object]], stage: Mapping[str, object]) -> str:
    """Return a scenario of one stage; tables without a key are left out."""
    parts = [f"title = {json.dumps(title)}\nseed = {seed}\n"]
    parts += [f"[{name}]\n{_lines(fields)}" for name, fields in tables.items() if fields]
    parts += [f"[[load.stages]]\n{_lines(stage)}"]
    return "\n".join(parts)


def _lines(fields: Mapping[str, object]) -> str:
    # JSON spells numbers, texts, booleans and lists of them as TOML does.
    return "".join(f"{key} = {json.dumps(value)}\n" for key, value in fields.items())


def _command(scenario: Path, *more: str) -> list[str]:
    quiet = ("--loglevel", "WARNING", "--only-summary")
    return [
        sys.executable,
        "-m",
        "locust",
        "-f",
        str(LOCUSTFILE),
        "--scenario",
        str(scenario),
        "--headless",
        *quiet,
        *more,
    ]


def _start(scenario: Path, folder: Path, *more: str, within: Sequence[str] = ()) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [*within, *_command(scenario, *more)],
        cwd=folder,
        env=environment(more=TENANT),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def _wait_for_load(folder: Path) -> None:
    deadline_s = time.monotonic() + 60
    while not any(path.stat().st_size > 5_000 for path in folder.glob("reports/*/2*/samples/*.arrows")):
        if time.monotonic() > deadline_s:
            raise TimeoutError("the load has not begun")
        time.sleep(0.05)


class _Target:
    """A stand-in in a process of its own, on a database that outlives it."""

    def __init__(self, trial: Trial, folder: Path) -> None:
        self.accounts = folder / "accounts.csv"
        settings = {**trial.standin, "hash_algorithm": "sha256", "state_token_life_s": 1.0, "db_synchronous": "FULL"}
        if trial.name == "token_reusable_after_restart":
            settings["state_token_life_s"] = 60.0
        self._arguments = [
            *("--db", str(folder / "standin.db"), "--defect", trial.defect),
            *(word for key, value in settings.items() for word in ("--set", f"{key}={value}")),
        ]
        self._port = "0"

    def __enter__(self) -> Self:
        self._start("--seed-accounts", str(_ACCOUNTS), "--accounts-out", str(self.accounts))
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait(10)

    def begin_anew(self, how: signal.Signals) -> None:
        """End it, and start it again on the same port and database."""
        self._process.send_signal(how)
        self._process.wait(10)
        self._start()

    def _start(self, *more: str) -> None:
        command = [sys.executable, "-m", "pwdload.standin", "--port", self._port, *self._arguments, *more]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment())
        assert self._process.stdout is not None
        self.url = str(json.loads(self._process.stdout.readline())["url"])
        self._port = self.url.rpartition(":")[2]
