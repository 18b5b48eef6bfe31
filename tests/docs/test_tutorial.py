"""docs/tutorial.md: every command that it shows, typed in its order, in a shell, against a stand-in."""

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
import typer
from tests.processes import ROOT, environment, standin

from pwdload.cli import app
from pwdload.run import load

DOCUMENT = ROOT / "docs" / "tutorial.md"
BLOCK = re.compile(r"```(sh|toml)(?: (\S+))?\n(.*?)```", re.DOTALL)
TARGET = "http://127.0.0.1:8080"
MAY_END_WITH = {"run": (0, 1, 5), "compare": (0, 1, 5), "report": (0, 1, 5), "check": (0, 5)}
"""Runs of seconds on a shared machine may be too short or too slow to pass; that is a verdict, and no mistake."""


def programs(folder: Path) -> Mapping[str, str]:
    """Return an environment in which `pwdload` is ours, whatever is installed."""
    folder.mkdir()
    command = folder / "pwdload"
    command.write_text(f'#!/bin/sh\nexec {sys.executable} -m pwdload "$@"\n')
    command.chmod(0o755)
    variables = environment(secret="", more={"PYTHONPATH": os.environ.get("PYTHONPATH", "")})
    return {**variables, "PATH": f"{folder}:{variables['PATH']}"}


def typed(line: str, folder: Path, variables: Mapping[str, str]) -> None:
    """Run a line in a shell; it must end as the page promises."""
    done = subprocess.run(
        ["bash", "-c", line], cwd=folder, env=variables, capture_output=True, text=True, timeout=180, check=False
    )
    words = line.split()
    allowed = MAY_END_WITH.get(words[1], (0,)) if len(words) > 1 else (0,)
    assert done.returncode in allowed, f"{line}\n{done.stdout}\n{done.stderr}"
    assert "Traceback" not in done.stderr, f"{line}\n{done.stderr}"


def test_its_scenarios_and_commands_are_taken(tmp_path: Path) -> None:
    """Every scenario of the page loads, and every command line is one that the real command line takes."""
    commands = typer.main.get_command(app).commands  # type: ignore[attr-defined]
    lines = []
    for kind, name, text in BLOCK.findall(DOCUMENT.read_text("utf-8")):
        if kind == "toml":
            path = tmp_path / Path(name).name
            path.write_text(text)
            assert load(path).stages
        else:
            lines += [
                shlex.split(line.partition(" > ")[0])[1:] for line in text.splitlines() if line.startswith("pwdload")
            ]
    assert len(lines) >= 15
    for words in lines:
        command, rest = commands[words[0]], words[1:]
        if hasattr(command, "commands"):
            command, rest = command.commands[rest[0]], rest[1:]
        command.make_context("pwdload", rest)


@pytest.mark.slow
def test_the_tutorial_can_be_followed(tmp_path: Path) -> None:
    """From an empty folder to a comparison, by the commands of the page alone; its accounts are gone in the end."""
    folder, variables = tmp_path, dict(programs(tmp_path / "bin"))
    with standin("--db", str(tmp_path / "standin.db")) as url:
        for kind, name, text in BLOCK.findall(DOCUMENT.read_text("utf-8")):
            if kind == "toml":
                (folder / name).write_text(text)
            elif name != "standin":  # that one is running
                for line in text.replace(TARGET, url).splitlines():
                    if line.startswith("cd "):
                        folder /= line.removeprefix("cd ")
                    elif line.startswith("export "):
                        variables |= dict(word.split("=", 1) for word in line.split()[1:])
                    else:
                        typed(line, folder, variables)
    for run in ("smoke", "first", "steps", "slow"):
        assert (folder / "reports" / run / "latest" / "report.html").is_file()
    assert (folder / "reports" / "compared" / "comparison.html").is_file()
    assert '"format"' in (folder / "verdict.json").read_text("utf-8")
