"""What others took of the machine is told from what was our own doing."""

from dataclasses import replace

import pytest
from tests.calibration.test_certificate import FULL

from pwdload.calibration.neighbours import Look, Neighbours, busy_ticks, look
from pwdload.calibration.words import certificate_text


def share(before: Look, after: Look) -> float | None:
    """Return what is said of two looks at a machine."""
    looks = iter((before, after))
    return Neighbours(lambda: next(looks)).share()


@pytest.mark.parametrize(("busy_s", "expected"), [(10.0, 0.3), (4.0, 0.0), (3.9, 0.0), (20.0, 0.8), (99.0, 1.0)])
def test_others_are_what_we_were_not(busy_s: float, expected: float) -> None:
    """10 s of two processors that were busy for 10 s, of which 4 s were ours: others took 3 in 10. Never below 0."""
    before, after = Look(1_000.0, 500.0, 7.0, 2), Look(1_010.0, 500.0 + busy_s, 11.0, 2)
    assert share(before, after) == pytest.approx(expected)


def test_where_the_system_does_not_tell_nothing_is_claimed() -> None:
    """Elsewhere than on Linux nobody counts for all; and in no time nobody does anything."""
    assert share(Look(1.0, None, 0.0, 2), Look(2.0, None, 1.0, 2)) is None
    assert share(Look(1.0, 5.0, 0.0, 2), Look(1.0, 5.0, 0.0, 2)) is None


def test_idling_and_guests_are_no_work() -> None:
    """Of /proc/stat's first line: idle and waiting for disks are left out, a guest is in its user's time already."""
    assert busy_ticks("cpu  100 20 30 4000 500 6 7 80 90 9\ncpu0 1 2 3 4 5 6 7 8\n") == 100 + 20 + 30 + 6 + 7 + 80
    for odd in ("", "cpu", "cpu 1 2 3", "intr 1 2 3 4 5 6", "cpu a b c d e"):
        with pytest.raises(ValueError, match=r"not /proc/stat|not enough values|invalid literal"):
            busy_ticks(odd)


def test_this_machine_is_looked_at() -> None:
    """A look at the real clocks gives a share, or says that it cannot be told."""
    seen, told = look(), Neighbours().share()
    assert seen.processors >= 1
    assert told is None or 0.0 <= told <= 1.0


def text(others: float | None, lag_p99_s: float) -> str:
    """Return the text of a certificate, with so much taken by others and arrivals so late."""
    assert FULL.lag is not None
    return certificate_text(replace(FULL, lag=replace(FULL.lag, p99_s=lag_p99_s), others_cpu_share=others))


def test_a_certificate_beyond_its_limits_says_whose_doing_it_may_be() -> None:
    """On a busy machine: end the others. On an idle one, or where nothing is wrong, nobody is accused."""
    busy = text(0.61, 0.060)
    assert "61.00 % of all processors meanwhile" in busy
    assert "Other programs took 61.00 % of this machine's processors meanwhile" in busy
    for quiet in (text(0.01, 0.060), text(None, 0.060), text(0.61, 0.001)):
        assert "calibrate again" not in quiet
