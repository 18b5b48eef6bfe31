"""Composition root: what the commands do, made of the rooms. Returns values; printing is `cli`'s."""

import os
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from pwdload.cases.catalogue import CASES, GROUPS, scenario_weights
from pwdload.errors import UsageError
from pwdload.scenario import Scenario, describe, load_scenario

if TYPE_CHECKING:
    from pwdload.calibration import Certificate

__all__ = ["REPORTS", "become_locust", "become_proxy", "become_standin", "calibrate", "load", "plan", "plan_data"]
REPORTS = Path("reports")


def load(path: Path) -> Scenario:
    """Load a scenario against the catalogue of cases.

    Raises:
        ScenarioError: it cannot be used; every problem is listed.
    """
    return load_scenario(path, case_names=CASES, group_names=GROUPS)


def plan(scenario: Scenario) -> str:
    """Return what a scenario would run, in words: cases, stages, and what that takes of the accounts."""
    from pwdload.run.judgeable import criteria_lines  # noqa: PLC0415 - numpy takes a tenth of a second
    from pwdload.run.needs import is_for_standin, need_lines  # noqa: PLC0415 - as above

    weights = scenario_weights(scenario, is_standin=is_for_standin(scenario))
    return describe(scenario, weights, need_lines(scenario, weights), [*criteria_lines(scenario, weights)])


def plan_data(scenario: Scenario) -> dict[str, object]:
    """Return the same for programs."""
    from pwdload.run.planned import plan_data as planned  # noqa: PLC0415 - as above

    return planned(scenario)


def become_locust(locustfile: Path, scenario: Path, arguments: Sequence[str]) -> NoReturn:
    """Replace this process by `locust` with the scenario: there is no second engine.

    Raises:
        UsageError: there is no such locustfile.
    """
    if not locustfile.is_file():
        raise UsageError(
            f"{locustfile}: no such locustfile; give one with --locustfile, or start from `pwdload init DIR`"
        )
    command = [sys.executable, "-m", "locust", "-f", str(locustfile), "--scenario", str(scenario), *arguments]
    sys.stdout.flush()
    os.execv(sys.executable, command)  # noqa: S606 - no shell, our own interpreter


def calibrate(*, short: bool, locustfile: Path, reports: Path, say: Callable[[str], None]) -> "Certificate":
    """Measure what this machine's instrument is worth; a full certificate is kept in `reports` for later runs.

    Raises:
        PwdloadError: there is no such locustfile, or something could not be measured.
    """
    from pwdload.calibration import write_certificate  # noqa: PLC0415 - pandas takes half a second that others need not
    from pwdload.calibration.certificate import KEPT_AS  # noqa: PLC0415
    from pwdload.calibration.drive import short_certificate  # noqa: PLC0415
    from pwdload.calibration.full import full_certificate  # noqa: PLC0415

    if short:
        return short_certificate()
    if not locustfile.is_file():
        raise UsageError(
            f"{locustfile}: no such locustfile; give one with --locustfile, or start from `pwdload init DIR`"
        )
    with tempfile.TemporaryDirectory(prefix="pwdload-calibration-") as folder:
        certificate = full_certificate(locustfile, Path(folder), say)
    reports.mkdir(parents=True, exist_ok=True)
    write_certificate(reports / KEPT_AS, certificate)
    return certificate


def become_standin(arguments: Sequence[str]) -> NoReturn:
    """Replace this process by the stand-in, a separate program."""
    sys.stdout.flush()
    os.execv(sys.executable, [sys.executable, "-m", "pwdload.standin", *arguments])  # noqa: S606 - as above


def become_proxy(arguments: Sequence[str]) -> NoReturn:
    """Replace this process by the fault proxy, a program of its own."""
    sys.stdout.flush()
    os.execv(sys.executable, [sys.executable, "-m", "pwdload.faults", *arguments])  # noqa: S606 - as above
