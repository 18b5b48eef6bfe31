"""Runs at a real terminal: what a person sees while they go on, and what they leave on the screen."""

import re
from collections.abc import Mapping
from pathlib import Path

import pytest
from tests.e2e.runs import FEW_ACCOUNTS, QUIET
from tests.processes import LOCUSTFILE, environment, locust
from tests.terminal.at_terminal import CTRL_C, Watched, watch

pytestmark = pytest.mark.e2e

SCENARIO = """
title = "Watched"
seed = 3
[load]
model = "open"
max_in_flight = 20
[[load.stages]]
name = "warm up"
rate = "20/s"
for = "1s"
measured = false
[[load.stages]]
name = "steady"
rate = "40/s"
for = "{length}"
[slo]
p95_update_password = "2s"
[oracle]
probes = 0
[mix]
valid_change = 9
policy = 1
"""
WELL = (0, 5)
"""PASS, or INCONCLUSIVE where a run was too short to say so."""


def scenario(folder: Path, length: str = "5s") -> str:
    """Write the scenario and return its path."""
    path = folder / "watched.toml"
    path.write_text(SCENARIO.format(length=length) + FEW_ACCOUNTS)
    return str(path)


def run(
    folder: Path, *options: str, more: Mapping[str, str] | None = None, length: str = "5s", **how: object
) -> Watched:
    """Run the scenario at a terminal with `pwdload run`."""
    command = ["-m", "pwdload", "run", scenario(folder, length), "--locustfile", str(LOCUSTFILE), *options]
    variables = environment(more={"TERM": "xterm-256color", **(more or {})})
    variables.pop("COLUMNS")
    return watch(command, cwd=folder, environment=variables, **how)  # type: ignore[arg-type]


def test_a_run_is_watched_at_a_terminal_and_leaves_it_as_it_was(tmp_path: Path) -> None:
    """The view stands below what is said, Locust's own tables are not in between, and in the end it is gone."""
    seen = run(tmp_path, length="4s")
    terminal = seen.terminal
    assert seen.exit_code in WELL, "\n".join(terminal.said)
    views = [screen for screen in seen.screens if "RUNNING" in screen and "goodput" in screen]
    parts = ("Watched", "steady (2 of 2)", "planned 40.0/s", "failed 0 %", "in flight", "accounts  ready")
    full = [screen for screen in views if all(part in screen for part in parts)]
    assert full, "\n".join(views[-1:])
    late = full[-1]
    assert "p95 of update_password at most 2.00 s" in late
    rows = late.splitlines()
    assert next(place for place, row in enumerate(rows) if "RUNNING" in row) > max(
        place for place, row in enumerate(rows) if "INFO/locust" in row
    )
    said = "\n".join(terminal.said)
    assert "Run: 5.00 s of load; its report will be reports/watched/" in said
    assert "All users spawned" in said
    assert "RUNNING" not in said
    assert said.count("Aggregated") == 2, "Locust's summary comes once, at the end"
    assert re.search(r"^Report: reports/watched/\S+/report.html$", said, re.MULTILINE)
    assert terminal.is_whole
    assert not terminal.unknown


@pytest.mark.slow
@pytest.mark.parametrize("workers", [(), ("--processes", "2")], ids=["alone", "two processes"])
def test_ctrl_c_gives_the_terminal_back(tmp_path: Path, workers: tuple[str, ...]) -> None:
    """A run that is interrupted, with workers that write to the same terminal, leaves it whole and says its verdict."""
    pressed: list[bool] = []

    def press(seen: Watched) -> bytes:
        if "RUNNING" in seen.screens[-1] and "warm up" not in seen.screens[-1] and not pressed:
            pressed.append(True)
            return CTRL_C
        return b""

    seen = run(tmp_path, *workers, length="60s", press=press, more={"NO_COLOR": "1"})
    assert seen.terminal.is_whole
    said = "\n".join(seen.terminal.said)
    assert "RUNNING" not in said
    assert "The run was stopped after" in said
    assert not re.search(rb"\x1b\[[0-9;]*3[0-9]", seen.raw), "NO_COLOR is respected"


@pytest.mark.slow
def test_a_terminal_that_cannot_draw_gets_lines(tmp_path: Path) -> None:
    """TERM=dumb, or a pipe: no order of a terminal is written, and a line every five seconds says how it goes."""
    seen = run(tmp_path, "--only-summary", more={"TERM": "dumb"})
    assert b"\x1b" not in seen.raw
    assert re.search(r"steady \(2 of 2\)  planned 40.0/s  offered", "".join(seen.terminal.said))
    done = locust("--scenario", scenario(tmp_path), "--headless", *QUIET, "--progress", "live", cwd=tmp_path)
    assert "\x1b" not in done.err
    assert re.search(r"^ +0:0\d  steady \(2 of 2\)  planned 40.0/s .* left$", done.err, re.MULTILINE)
    quiet = locust("--scenario", scenario(tmp_path), "--headless", *QUIET, "--progress", "none", cwd=tmp_path)
    assert "planned 40.0/s" not in quiet.err


@pytest.mark.slow
def test_the_settings_file_says_how_a_run_is_shown(tmp_path: Path) -> None:
    """`progress` in locust.conf is the same as on the command line, and a word that is none is refused in a line."""
    (tmp_path / "locust.conf").write_text("progress = lines\nheadless = true\n")
    done = locust("--scenario", scenario(tmp_path), "--loglevel", "WARNING", cwd=tmp_path)
    assert re.search(r"planned 40.0/s .* left$", done.err, re.MULTILINE)
    assert done.out.count("Aggregated") <= 2, "Locust's own tables are off"
    refused = locust("--progress", "film", "--headless", cwd=tmp_path)
    assert refused.exit_code == 2
    assert "invalid choice: 'film' (choose from 'auto', 'live', 'lines', 'none')" in refused.err
