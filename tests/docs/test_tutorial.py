"""docs/tutorial.md: every command that it shows, typed in its order, in one shell, against its HTTPS target."""

import json
import re
import shlex
import socket
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing
from pathlib import Path
from typing import NamedTuple

import pytest
import typer
from tests.docs.session import Shell, Typed, left_running, programs
from tests.packaged import installed
from tests.processes import ROOT

from pwdload.cli import app
from pwdload.run import load
from pwdload.standin.front import nginx

DOCUMENT = ROOT / "docs" / "tutorial.md"
BLOCK = re.compile(r"```(sh|toml)(?: (\S+))?\n(.*?)```", re.DOTALL)
PORT = "8443"
ENDS_WITH = {"run": (0, 1, 3), "compare": (0, 1, 3, 5), "report": (0, 1, 3)}
"""What a verdict may be that is no mistake: a machine with other work may be too slow, and the run INVALID for that."""
BUSY = re.compile(r"generator was|processor|event loop|CPU|too slow")
"""What the reason of such a run says: the instrument was kept from working, and the page says what that means."""
MINUTES_MAX = 25.0
"""Of the machine; the page promises half an hour with what a person does beside it."""


class Block(NamedTuple):
    """A block of the page: its language, its name, its text."""

    kind: str
    name: str
    text: str


def blocks() -> Iterator[Block]:
    """Yield the blocks of the page."""
    return (Block(*found) for found in BLOCK.findall(DOCUMENT.read_text("utf-8")))


def lines() -> Iterator[str]:
    """Yield every line that is typed after the installation, in whichever terminal."""
    for block in blocks():
        if block.kind == "sh" and block.name != "install":
            yield from block.text.splitlines()


def test_its_scenarios_and_commands_are_taken(tmp_path: Path) -> None:
    """Every scenario of the page loads, and every command line is one that the real command line takes."""
    commands = typer.main.get_command(app).commands  # type: ignore[attr-defined]
    for block in blocks():
        if block.kind == "toml":
            path = tmp_path / Path(block.name).name
            path.write_text(block.text)
            scenario = load(path)
            assert scenario.stages or scenario.search
    typed = [shlex.split(line.partition(" > ")[0])[1:] for line in lines() if line.startswith("pwdload")]
    assert len(typed) >= 20
    for words in typed:
        command, rest = commands[words[0]], words[1:]
        if hasattr(command, "commands"):
            command, rest = command.commands[rest[0]], rest[1:]
        command.make_context("pwdload", rest)


def free_port() -> str:
    """Return a port that nobody has: the page's own may be in use."""
    with closing(socket.create_server(("127.0.0.1", 0))) as free:
        return str(free.getsockname()[1])


def typed_well(typed: Typed) -> None:
    """Assert that a line has ended as the page promises."""
    words = typed.line.split()
    allowed = ENDS_WITH.get(words[1], (0,)) if len(words) > 1 else (0,)
    assert typed.exit_code in allowed, f"{typed.line}: {typed.exit_code}\n{typed.said}"
    assert "Traceback" not in typed.said, f"{typed.line}\n{typed.said}"


@pytest.mark.slow
def test_the_tutorial_can_be_followed(tmp_path: Path) -> None:
    """From an empty folder to a comparison, by the page alone: what it promises is there, and its accounts are gone."""
    clone, port = tmp_path / "clone", free_port()
    clone.mkdir()
    variables = programs(tmp_path / "bin", str(installed(tmp_path)))
    del variables["PWDLOAD_NO_CALIBRATE"]  # as it is for everybody
    with ExitStack() as stack:
        shell = stack.enter_context(Shell(clone, variables))
        for kind, name, text in blocks():
            here = text.replace(PORT, port)
            if kind == "toml":
                (shell.folder / name).write_text(here)
                if name == "scenarios/limit.toml":  # by now there are accounts
                    without_its_authority(shell)
            elif name == "terminal":
                ready = stack.enter_context(left_running(here.strip(), shell.folder, variables))
                assert ready["tls_by"] == ("nginx" if nginx() else "stand-in"), ready
            elif name != "install":
                for line in here.splitlines():
                    typed_well(shell.type(line))
        folder = shell.folder
        told = {typed.line.replace(port, PORT): typed for typed in shell.typed}
        tell_times(shell)
        assert_runs(folder)
        assert_accounts(folder, told)
    assert not [*folder.glob("practice/*.pid")], "nginx has ended, and taken its file away"


def tell_times(shell: Shell) -> None:
    """Print what each line took; all of them together keep the page's promise."""
    for typed in shell.typed:
        if typed.took_s >= 1:
            print(f"{typed.took_s:6.1f} s  {typed.line}")  # noqa: T201 - shown by `make truth`
    whole_s = sum(typed.took_s for typed in shell.typed)
    print(f"{whole_s / 60:.1f} minutes of the machine, {len(shell.typed)} lines typed")  # noqa: T201
    assert whole_s < MINUTES_MAX * 60


def without_its_authority(shell: Shell) -> None:
    """Assert that TLS is verified: nobody who does not know the authority is let near the target, in one line."""
    folder, before = shell.folder, len(shell.typed)
    text = (folder / "scenarios" / "first.toml").read_text()
    (folder / "scenarios" / "trusting.toml").write_text(re.sub(r"(?m)^ca_file.*\n", "", text))
    reason = "its certificate is refused (unable to get local issuer certificate), and nothing was sent; "
    for command in ("run scenarios/trusting.toml", "accounts create accounts/other --scenario scenarios/trusting.toml"):
        typed = shell.type(f"pwdload {command}{' --count 5' if 'create' in command else ''}")
        assert typed.exit_code == 2, typed
        (line,) = (line for line in typed.said.splitlines() if line.startswith("pwdload: "))
        assert reason in line
        assert "[target] ca_file" in line
    assert not (folder / "reports" / "trusting").exists()
    del shell.typed[before:]  # they are not the page's


def verdict(folder: Path, run: str) -> Mapping[str, object]:
    """Return what a run's report says to programs."""
    parsed: Mapping[str, object] = json.loads((folder / "reports" / run / "latest" / "verdict.json").read_text("utf-8"))
    return parsed


def report(folder: Path, run: str) -> str:
    """Return a run's report in Markdown."""
    return (folder / "reports" / run / "latest" / "report.md").read_text("utf-8")


def assert_runs(folder: Path) -> None:
    """Assert that each run has its report, and the report what the page promises of it."""
    for run in ("smoke", "first", "limit", "fault"):
        directory = folder / "reports" / run / "latest"
        assert (directory / "report.html").is_file()
        found = verdict(folder, run)
        assert found["verdict"] in ("PASS", "SLO_FAILED") or BUSY.search(str(found["reason"])), found["reason"]
    limit, fault = report(folder, "limit"), report(folder, "fault")
    assert re.search(r"\| (Measured c|C)apacity \| [\d.]+/s", limit), limit[:3000]
    assert "2 of 2 planned injections took place" in fault
    assert "checks found nothing wrong" in fault
    assert (folder / "reports" / "compared" / "comparison.html").is_file()
    assert '"format"' in (folder / "verdict.json").read_text("utf-8")


def assert_accounts(folder: Path, told: Mapping[str, Typed]) -> None:
    """Assert that as many accounts were made as were asked for, that none was lost, and that all are gone."""
    (more,) = (typed for line, typed in told.items() if "--count 5000" in line)
    assert "made 4,000" in more.said
    (deleted,) = (typed for line, typed in told.items() if "accounts delete" in line)
    assert "removed 5,000" in deleted.said, deleted.said
    (settled,) = (typed for line, typed in told.items() if "accounts settle" in line)
    assert "neither 0, still unknown 0" in settled.said
    with closing(sqlite3.connect(folder / "practice" / "standin.db")) as database:
        assert database.execute("SELECT count(*) FROM accounts").fetchone() == (0,)
