"""How a run's chances to find a defect are read from its history, and counted in windows."""

import random

import pytest
from tests.oracle.made import change, history, login
from tests.trackrecord.chances import Chance, detection, lost_changes, raced_tokens


def test_a_window_that_had_no_chance_counts_and_the_rest_of_a_run_does_not() -> None:
    """Of two runs of 25 s there are four windows of 10 s: what began at 24 s is in none."""
    runs = [[Chance(3.0, 0.5, False), Chance(4.0, 0.5, True), Chance(24.0, 1.0, True)], [Chance(19.9, 0.5, False)]]
    measured = detection(runs, 10.0, 25.0)
    assert (measured.windows, measured.found, measured.share) == (4, 1, 0.25)
    assert measured.expected == pytest.approx((0.75 + 0.5) / 4)
    low, high = measured.interval
    assert low < 0.25 < high


def test_the_formula_is_what_is_measured_where_each_chance_is_struck_by_itself() -> None:
    """Drawn with a known share, at every length of window: within four standard errors."""
    chance = random.Random(7)
    runs = [[Chance(at_s / 10, 0.01, chance.random() < 0.01) for at_s in range(6_000)] for _ in range(5)]
    for window_s in (1, 5, 20, 60):
        measured = detection(runs, window_s, 600.0)
        error = (measured.expected * (1 - measured.expected) / measured.windows) ** 0.5
        assert abs(measured.share - measured.expected) < 4 * error, window_s


def test_a_change_that_was_not_made_is_found_at_its_own_time() -> None:
    """It began with the change; the login that tells comes later, and other accounts are no worse for it."""
    judged = history(
        *(login("0", 0.0, token=1), change("0", "1", 1.0, token=1)),
        login("1", 9.0, "LOGIN.0002"),
        *(login("0", 2.0, token=2, account=1, flow=1), change("0", "1", 3.0, token=2, account=1, flow=1)),
        login("1", 4.0, "SUCCESS", account=1, flow=1),
    )
    assert sorted(lost_changes(judged, 0.001)) == [Chance(1.0, 0.001, True), Chance(3.0, 0.001, False)]


def test_a_race_is_likely_to_tell_where_its_first_two_left_close_together() -> None:
    """By the stamps of sending, whoever has won."""
    judged = history(
        *(login("0", 0.0, token=1), change("0", "1", 1.0, token=1), change("0", "1", 1.004, token=1)),
        login("0", 5.0, token=2, account=1, flow=1),
        change("0", "1", 6.0, token=2, account=1, flow=1),
        change("0", "1", 6.02, "PARAM.0014", token=2, account=1, flow=1),
    )
    assert list(raced_tokens(judged, 0.005)) == [Chance(1.0, 1.0, True), Chance(6.0, 0.0, False)]
