"""What a level is broken off for, and what is kept of a search."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from tests.searching.simulated import observe

from pwdload.criteria import Standing
from pwdload.errors import RunDirectoryError
from pwdload.scenario.search import AbortWhen
from pwdload.searching import (
    Counts,
    LevelRecord,
    Result,
    SearchRecord,
    Settings,
    most_pieces,
    overload,
    read_search,
    write_search,
)

RULE = AbortWhen.model_validate({"failed_share": "20%", "p99": "2s"})
SETTINGS = Settings(
    from_per_s=10.0,
    to_per_s=100.0,
    resolution=0.02,
    settle_s=5.0,
    hold_s=20.0,
    repeats=4,
    beyond=1.2,
    budget_s=600.0,
    start_s=30.0,
)


def test_a_level_is_broken_off_for_what_failed_lately_and_for_nothing_older() -> None:
    """Failures of a minute ago say nothing of a target that is well now."""
    due_s = np.arange(0.0, 60.0, 0.1)
    failing = np.where(due_s < 30.0, np.nan, due_s + 0.05)
    assert "100 % of 50 exchanges failed" in overload(RULE, observe(due_s, failing), 25.0)
    assert overload(RULE, observe(due_s, failing), 60.0) == ""


def test_a_level_is_broken_off_when_answers_take_too_long_however_long_ago_they_were_due() -> None:
    """In a long queue what comes now was due long before: that is the overload."""
    due_s = np.arange(0.0, 60.0, 0.1)
    assert "took longer than 2.00 s" in overload(RULE, observe(due_s, due_s + 8.0), 50.0)
    assert overload(RULE, observe(due_s, due_s + 1.9), 50.0) == ""


def test_a_level_is_broken_off_when_too_many_are_turned_away() -> None:
    """A target that sheds says itself that it has had enough; what it sheds may be less than what may fail."""
    rule = AbortWhen.model_validate({"failed_share": "50%", "shed": "10%"})
    due_s = np.arange(0.0, 20.0, 0.1)
    few, many = (observe(due_s, due_s + 0.05, shed=np.arange(200) % every == 0) for every in (20, 5))
    assert overload(rule, few, 20.0) == ""
    assert "20.00 % of 50 exchanges were turned away within 5.00 s, and 10.00 %" in overload(rule, many, 20.0)


def test_too_few_answers_decide_nothing() -> None:
    """One failure out of two ends no level."""
    due_s = np.array([1.0, 2.0])
    assert overload(RULE, observe(due_s, np.array([np.nan, 2.1])), 3.0) == ""


def test_the_most_that_a_search_can_take_lasts_as_long_as_its_budget_and_begins_after_the_warm_up() -> None:
    """Whoever sizes the accounts sees a bound: straight up to the highest rate, and there to the end."""
    pieces = list(most_pieces(SETTINGS))
    assert pieces[0][1:4] == (30.0, 30.0 + SETTINGS.level_s, 10.0)
    assert pieces[-1][2:4] == (630.0, 100.0)
    assert all(before[2] == after[1] for before, after in pairwise(pieces))


def test_what_is_written_down_is_read_again(tmp_path: Path) -> None:
    """A report is made of what the search wrote, every level of it."""
    counts = (Counts(criterion="p95", allowed=0.05, due=(100,) * 10, over=(4,) * 10),)
    result = Result(role="repeat", rate_per_s=50.0, offered_per_s=49.5, start_s=1.0, end_s=2.0, counts=counts)
    level = LevelRecord(stage="search 50.0/s", reason="Again.", result=result, standing=Standing.KEPT, broken=())
    record = SearchRecord(settings=SETTINGS, criteria=("p95",), levels=(level,), outcome="Over.", found=True)
    write_search(tmp_path / "search.json", record)
    assert read_search(tmp_path / "search.json") == record


def test_a_run_without_a_search_has_no_record_and_a_damaged_one_is_told(tmp_path: Path) -> None:
    """Nothing there is no search; something unreadable there is said in one line."""
    assert read_search(tmp_path / "search.json") is None
    (tmp_path / "search.json").write_text('{"settings": 3}')
    with pytest.raises(RunDirectoryError, match="not the record of a search"):
        read_search(tmp_path / "search.json")
