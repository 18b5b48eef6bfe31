"""Healing that outlives us: what a guardian does when the process that it guards is gone."""

import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests.processes import ROOT, environment

PROGRAM = """
import os, signal, sys
from pwdload.faults.guardian import Guardian
with open(sys.argv[1], "wb") as file:
    guardian = Guardian('printf %s "$1: $last"', "heal", output=file.fileno())
for line in sys.argv[3:]:
    guardian.tell(line)
guardian.dismiss() if sys.argv[2] == "dismissed" else os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.parametrize(
    ("how", "told", "done"),
    [
        ("killed", ["first", r"\\ back $slash and 'quotes'"], r"heal: \\ back $slash and 'quotes'"),
        ("killed", ["first", ""], "heal: "),
        ("killed", [], "heal: "),
        ("dismissed", ["first"], ""),
    ],
)
def test_a_guardian_does_its_work_once_with_what_it_was_told_last(
    tmp_path: Path, how: str, told: list[str], done: str
) -> None:
    """After kill -9 it does what it is there for; nothing where it was dismissed before."""
    file = tmp_path / "healed"
    subprocess.run([sys.executable, "-c", PROGRAM, str(file), how, *told], cwd=ROOT, env=environment(), check=False)
    until_s = time.monotonic() + 5.0
    while file.read_text() != done and time.monotonic() < until_s:
        time.sleep(0.01)
    assert file.read_text() == done
