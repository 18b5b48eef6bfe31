"""Calibration as a user meets it: at the start of a run, and as a command."""

from pathlib import Path

import pytest
from tests.e2e.runs import QUIET, assert_nothing_wrong, latest, open_scenario
from tests.judgements import UNJUDGED
from tests.processes import Done, locust, pwdload

from pwdload.analysis import Caveat, find_caveats, load_run
from pwdload.calibration import read_certificate

pytestmark = pytest.mark.e2e


def calibrated_locust(*arguments: str, cwd: Path) -> Done:
    """Run `locust` as a user does, who has not asked to go without calibration."""
    return locust("--headless", *QUIET, *arguments, cwd=cwd, without=("PWDLOAD_NO_CALIBRATE",))


def test_a_run_measures_its_instrument_first_and_its_report_says_what_it_is_worth(tmp_path: Path) -> None:
    """The certificate is in the run's directory, and the caveat that it is not calibrated is gone."""
    done = calibrated_locust("--scenario", open_scenario(tmp_path, length="2s"), cwd=tmp_path)
    run = latest(tmp_path)
    assert_nothing_wrong(done.exit_code, done.err, run)
    certificate = read_certificate(run.calibration_file)
    assert certificate is not None
    assert certificate.form == "short"
    assert certificate.floor is not None
    assert certificate.timer is not None
    assert certificate.capacity is not None
    assert certificate.floor.p50_s > 0
    assert 500 < certificate.capacity.rate_per_cpu_s < 100_000
    assert Caveat.NOT_CALIBRATED not in {note.caveat for note in find_caveats(load_run(run), UNJUDGED)}
    assert "one process generates" in (run.path / "report.html").read_text("utf-8")


def test_a_plan_that_is_too_fast_for_the_machine_is_refused_before_the_first_request(tmp_path: Path) -> None:
    """One line with the arithmetic, exit code 2, and no run directory."""
    path = open_scenario(tmp_path, rate='"100000/s"', length="1s")
    done = calibrated_locust("--scenario", path, cwd=tmp_path)
    lines = [line for line in done.err.splitlines() if line.startswith("pwdload: ")]
    assert done.exit_code == 2, done.err
    assert len(lines) == 1, done.err
    assert "requests/s at the peak, this machine generates" in lines[0]
    assert "Traceback" not in done.err
    assert not list(tmp_path.glob("reports/*/2*"))


def test_the_command_prints_the_certificate(tmp_path: Path) -> None:
    """`pwdload calibrate --short`: floor, timer, rate, and what was not measured is said to be so."""
    done = pwdload("calibrate", "--short", cwd=tmp_path)
    assert done.exit_code in (0, 3), done.err
    for words in ("target floor", "target's timer error", "one process generates", "known truths"):
        assert words in done.out
    assert "not measured" in done.out
    missing = pwdload("calibrate", "--locustfile", "no-such-file.py", cwd=tmp_path)
    assert (missing.exit_code, "no such locustfile" in missing.err) == (2, True)
    assert not list(tmp_path.iterdir())
