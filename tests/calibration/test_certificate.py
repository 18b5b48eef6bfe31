"""The certificate: to disk and back, what is beyond its limits, and how it reads."""

from dataclasses import replace
from pathlib import Path

import pytest
from tests.calibration.made import CERTIFICATE

from pwdload.calibration import read_certificate, write_certificate
from pwdload.calibration.certificate import Comparison, EvenArrivals, Figure, Lag, PoissonArrivals
from pwdload.calibration.words import certificate_text
from pwdload.errors import RunDirectoryError

TRUTH = Comparison(
    name="stall",
    slots=600,
    arrivals=3000,
    measured=3000,
    tolerance=0.01,
    floor_s=0.0002,
    by_theory=("p99",),
    figures=(Figure(name="p99", theory_s=4.695, realization_s=4.695, dictated_s=4.695, measured_s=4.7),),
)
FULL = replace(
    CERTIFICATE,
    form="full",
    lag=Lag(rate_per_s=3000.0, arrivals=15_000, p50_s=0.0001, p99_s=0.0011, max_s=0.004),
    even=EvenArrivals(rate_per_s=100.0, slot_s=0.1, slots=100, fewest=9, most=11),
    poisson=PoissonArrivals(rate_per_s=100.0, gaps=1500, distance=0.02, p_value=0.6),
    comparisons=(TRUTH,),
)


@pytest.mark.parametrize("certificate", [CERTIFICATE, FULL])
def test_a_certificate_comes_back_from_disk_as_it_was(tmp_path: Path, certificate: object) -> None:
    """Nothing is rounded, nothing is lost."""
    assert certificate in (CERTIFICATE, FULL)
    chosen = FULL if certificate == FULL else CERTIFICATE
    write_certificate(tmp_path / "calibration.json", chosen)
    assert read_certificate(tmp_path / "calibration.json") == chosen


def test_no_certificate_is_none_and_a_damaged_one_is_told(tmp_path: Path) -> None:
    """Absent is not damaged; damaged names its place and the next step."""
    path = tmp_path / "calibration.json"
    assert read_certificate(path) is None
    for text in ("", "[]", "{}", '{"form": "short"}', '{"format": 99}', "\x00", "{" * 1000):
        path.write_text(text)
        with pytest.raises(RunDirectoryError, match="calibrate again"):
            read_certificate(path)


def test_nothing_is_beyond_the_limits_of_a_sound_instrument() -> None:
    """Neither of what was measured nor of what was not."""
    assert CERTIFICATE.problems() == ()
    assert FULL.problems() == ()


def test_each_part_has_a_limit() -> None:
    """A late target, late arrivals, bursts, gaps that do not fit and a wrong percentile are each told."""
    assert FULL.timer is not None
    assert FULL.lag is not None
    assert FULL.even is not None
    assert FULL.poisson is not None
    for broken, words in (
        (replace(FULL, timer=replace(FULL.timer, p99_s=0.002)), "reference target was late itself: p99 2.00 ms"),
        (replace(FULL, lag=replace(FULL.lag, p99_s=0.0021)), "Arrivals were late: p99 2.10 ms at 3,000/s"),
        (replace(FULL, even=replace(FULL.even, fewest=0)), "Even arrivals were not: 0 to 11"),
        (replace(FULL, even=replace(FULL.even, most=12)), "9 to 12 in a slot"),
        (replace(FULL, poisson=replace(FULL.poisson, p_value=1e-5)), "p = 1.0e-05"),
        (
            replace(FULL, comparisons=(replace(TRUTH, tolerance=0.0001),)),
            "stall: p99 4700.0 ms where 4695.0 ms is true",
        ),
    ):
        problems = broken.problems()
        assert len(problems) == 1
        assert words in problems[0]
        assert problems[0] in certificate_text(broken)


def test_known_truths_of_an_earlier_day_serve_only_the_same_instrument() -> None:
    """Another machine, another version: what was known of it is not known of this one."""
    later = replace(CERTIFICATE, measured_utc="2026-11-24T08:30:00.000+00:00")
    taken = later.with_known_truth_of(FULL)
    assert (taken.comparisons, taken.lag, taken.known_truth_utc) == (FULL.comparisons, FULL.lag, FULL.measured_utc)
    assert (taken.form, taken.floor) == ("short", later.floor)
    for other in (
        replace(FULL.conditions, machine="two"),
        replace(FULL.conditions, versions={"python": "3.12.0"}),
        replace(FULL.conditions, cores=4),
    ):
        assert later.with_known_truth_of(replace(FULL, conditions=other)) == later
    assert later.with_known_truth_of(None) == later


def test_the_text_says_what_was_measured_and_what_was_not() -> None:
    """Theory, realization, dictated and measured stand side by side; nothing is left blank."""
    text = certificate_text(FULL)
    assert "stall, 600 slots: 3,000 samples of 3,000 arrivals" in text
    assert "p99   4,695.00 ms" in text
    assert "+0.11%" in text
    assert "Nothing that was measured is beyond its limits." in text
    short = certificate_text(CERTIFICATE)
    assert short.count("not measured") == 4
    assert "6,700/s with 100 % of a core" in short
    assert "4,690/s with 1 process, 9,380/s with 2 processes" in short
