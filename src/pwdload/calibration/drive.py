"""Runs the real harness, as a process of its own, against the reference target, and reads what it left."""

import os
import secrets
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pwdload.calibration.certificate import Certificate, read_certificate
from pwdload.calibration.compare import Dictated, Measured, measured_of
from pwdload.calibration.process import reference_target
from pwdload.calibration.trials import Trial
from pwdload.errors import TargetError
from pwdload.rundir import RunDirectory
from pwdload.samples import read_samples

_SPARE_ACCOUNTS = 200
"""Beyond one for each slot: the pool hands out only half of what is left at a time."""
_STARTS_AND_ENDS_WITHIN_S = 60.0
_SELFTEST_WITHIN_S = 30.0
_LINES_SHOWN = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Driven:
    """A trial that was run."""

    trial: Trial
    run: RunDirectory
    exit_code: int
    said: str
    """What Locust printed, both streams."""
    dictated: Dictated

    def measured(self) -> Measured:
        """Read its samples."""
        table, _ = read_samples(self.run.samples)
        return measured_of(self.run.read_record(), table)


def run_trial(trial: Trial, folder: Path, *, locustfile: Path, more: Sequence[str] = ()) -> Driven:
    """Run a trial; its scenario, accounts and report go into a folder, which must hold no other run.

    `more` are further options of `locust`. The run's verdict is the caller's to judge.

    Raises:
        TargetError: the harness left no run; its last words are in the message.
    """
    folder.mkdir(parents=True, exist_ok=True)
    scenario, accounts, reports = folder / "trial.toml", folder / "accounts.csv", folder / "reports"
    scenario.write_text(trial.scenario(), "utf-8")
    accounts.write_text(accounts_csv(2 * trial.slots + _SPARE_ACCOUNTS), "utf-8")
    with reference_target(trial.target) as target:
        command = [sys.executable, "-m", "locust", "-f", str(locustfile), "--headless", "--no-calibrate"]
        command += ["--loglevel", "WARNING", "--only-summary"]
        command += ["--scenario", str(scenario), "--host", target.url]
        command += ["--accounts", str(accounts), "--reports", str(reports), *more]
        done = _run(command, trial.warm_up_s + trial.for_s + _STARTS_AND_ENDS_WITHIN_S)
        dictated = target.dictated()
    runs = sorted(path.parent for path in reports.glob("trial/2*/run.json"))
    if not runs:
        raise TargetError(f"{trial.name}: the harness left no run ({_last_words(done)})")
    return Driven(
        trial=trial, run=RunDirectory.open(runs[-1]), exit_code=done.returncode, said=done.stdout, dictated=dictated
    )


def accounts_csv(count: int) -> str:
    """Return made-up accounts; the reference target takes any."""
    return "user_name,password\n" + "".join(f"truth{index:06d},Xy12345678!\n" for index in range(count))


def environment() -> Mapping[str, str]:
    """Return our environment without what a shell may have set for pwdload or Locust, and with a run secret."""
    plain = {name: value for name, value in os.environ.items() if not name.startswith(("PWDLOAD_", "LOCUST_"))}
    return plain | {"PWDLOAD_RUN_SECRET": secrets.token_hex(32)}


def short_certificate() -> Certificate:
    """Return the short form: floor, timer, and the rate of one process, measured now within about three seconds.

    In a process of its own, so that nothing of it is left in the one that asks.

    Raises:
        TargetError: it could not be measured.
    """
    with tempfile.TemporaryDirectory(prefix="pwdload-calibration-") as folder:
        path = Path(folder) / "calibration.json"
        command = [sys.executable, "-m", "pwdload.harness.selftest", str(path)]
        done = _run(command, _SELFTEST_WITHIN_S)
        certificate = read_certificate(path)
    if certificate is None:
        raise TargetError(f"this machine could not be calibrated ({_last_words(done)})")
    return certificate


def _run(command: Sequence[str], within_s: float) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(  # noqa: S603 - our own program
        command,
        env=environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=within_s,
        check=False,
    )


def _last_words(done: "subprocess.CompletedProcess[str]") -> str:
    words = " | ".join(done.stdout.strip().splitlines()[-_LINES_SHOWN:])
    return f"exit code {done.returncode}: {words}"
