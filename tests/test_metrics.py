"""metrics.csv: what the target said of itself, on the run's clock, or one line about what is wrong with it."""

from pathlib import Path

import pytest

from pwdload.errors import RunDirectoryError
from pwdload.metrics import parse_metrics, read_metrics, write_metrics

STARTED = "2026-11-23T08:30:00.500+00:00"
ZERO_S = 1795422600.5


def test_what_is_written_is_read_on_the_clock_of_the_run(tmp_path: Path) -> None:
    """Seconds since 1970 become seconds of the run, gaps stay gaps."""
    path = tmp_path / "metrics.csv"
    write_metrics(path, [ZERO_S, ZERO_S + 5], {"cpu": {ZERO_S: 1.25, ZERO_S + 5: 2.5}, "memory": {ZERO_S + 5: 1e9}})
    metrics = read_metrics(path, STARTED)
    assert metrics is not None
    assert metrics.at_s == (0.0, 5.0)
    assert metrics.series == {"cpu": (1.25, 2.5), "memory": (None, 1e9)}


def test_a_file_by_hand_may_be_as_people_write_it() -> None:
    """ISO times with and without zone, any order, blanks, and NaN for nothing."""
    lines = ["cpu, time", "2,2026-11-23T09:30:10.5+01:00", "", "NaN,2026-11-23 08:30:00.5", " 1 ,1795422605.5"]
    metrics = parse_metrics(lines, "m.csv", STARTED)
    assert metrics.at_s == (0.0, 5.0, 10.0)
    assert metrics.series == {"cpu": (None, 1.0, 2.0)}


def test_no_file_is_none(tmp_path: Path) -> None:
    """Most runs have no such thing."""
    assert read_metrics(tmp_path / "metrics.csv", STARTED) is None


@pytest.mark.parametrize(
    ("lines", "line"),
    [
        ([], "line 1: not a head of metrics"),
        (["cpu"], "line 1: not a head of metrics"),
        (["time"], "line 1: not a head of metrics"),
        (["time,cpu,cpu"], "line 1: not a head of metrics"),
        (["time,<script>"], "line 1: not a head of metrics"),
        (["time,cpu", "1"], "line 2: 1 cells where the head has 2"),
        (["time,cpu", "1,2", "soon,2"], "line 3: 'soon' is no time; allowed is ISO 8601 or seconds since 1970"),
        (["time,cpu", "nan,2"], "line 2: 'nan' is no time"),
        (["time,cpu", "1,much"], "line 2: 'much' is no number"),
    ],
)
def test_a_wrong_line_is_named(lines: list[str], line: str) -> None:
    """Which line, what is wrong, what to do: somebody has made this file by hand."""
    with pytest.raises(RunDirectoryError) as caught:
        parse_metrics(lines, "metrics.csv", STARTED)
    assert str(caught.value).startswith(f"metrics.csv: {line}")
    assert "make the report again" in str(caught.value)


def test_what_is_no_text_is_said_to_be_none(tmp_path: Path) -> None:
    """A spreadsheet saved under the wrong name is no traceback."""
    path = tmp_path / "metrics.csv"
    path.write_bytes(b"PK\xff\xfe")
    with pytest.raises(RunDirectoryError, match=r"metrics\.csv: cannot be read as text"):
        read_metrics(path, STARTED)
