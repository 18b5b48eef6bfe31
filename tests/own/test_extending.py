"""docs/extending.md: what it shows is written into a folder and run there, as a team would."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.analysis.degenerate import finished
from tests.processes import ROOT, environment

from pwdload.errors import UsageError
from pwdload.extensions import load_own
from pwdload.report import make, own
from pwdload.report.own import Analysis, Section

DOCUMENT = ROOT / "docs" / "extending.md"
BLOCK = re.compile(r"```(?:python|toml) (\S+)\n(.*?)```", re.DOTALL)


def lay_down(folder: Path) -> Path:
    """Write the blocks of the page into the files that they name; two for one file come one after the other."""
    for name, text in BLOCK.findall(DOCUMENT.read_text("utf-8")):
        with (folder / name).open("a", encoding="utf-8") as file:
            file.write(text)
    return folder


def run(folder: Path, *command: str, timeout_s: float = 60.0) -> "subprocess.CompletedProcess[str]":
    """Run a Python program in the folder."""
    return subprocess.run(
        [sys.executable, *command],
        cwd=folder,
        env=environment(more={"PYTHONPATH": os.environ.get("PYTHONPATH", "")}),
        capture_output=True,
        text=True,
        timeout=timeout_s,
        check=False,
    )


@pytest.fixture(scope="module")
def team(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a team that has read the page, with a finished run in it."""
    folder = lay_down(tmp_path_factory.mktemp("team"))
    (folder / "reports").mkdir()
    (folder / "reports" / "latest").symlink_to(finished(folder / "run").path)
    return folder


def test_an_own_case_is_one_of_the_catalogue(team: Path) -> None:
    """`pwdload plan` takes a scenario whose mix names the team's case, and shares its weight out as for ours."""
    done = run(team, "-m", "pwdload", "plan", "own.toml")
    assert done.returncode == 0, done.stderr
    assert re.search(r"two_bad_ideas_then_right +39\.20 %", done.stdout)  # the probes have 2 %


def test_own_checks_and_sections_are_in_the_report(team: Path) -> None:
    """The library block makes the report again: the team's check has its verdict, its section a table and a file."""
    done = run(team, "library.py")
    assert done.returncode == 0, done.stderr
    assert "own_logins PASS" in done.stdout
    latest = team / "reports" / "latest"
    report = json.loads((latest / "report.json").read_text("utf-8"))
    assert "own_devices" in [section["name"] for section in report["sections"]]
    assert (latest / "tables" / "own_devices.csv").read_text("utf-8").startswith("device,requests\n")
    assert "No login took 5 s" in (latest / "junit.xml").read_text("utf-8")


def mistakes() -> Iterator[tuple[str, str, str]]:
    """Yield what may be wrong with a team's files: the settings, the file, and what is told."""
    yield '[tool.pwdload]\ncase = ["a.py"]', "", "[tool.pwdload] case: unknown; allowed are cases, report"
    yield "[tool.pwdload]\ncases = 'a.py'", "", "allowed is a list of Python files"
    yield '[tool.pwdload]\ncases = ["b.py"]', "", "b.py: no such file"
    yield "[tool.pwdload\n", "", "pyproject.toml: cannot be read"
    yield '[tool.pwdload]\ncases = ["a.py"]', "1 / 0", "a.py: does not run (ZeroDivisionError: division by zero)"
    yield '[tool.pwdload]\ncases = ["a.py"]', "def", "a.py: does not run (SyntaxError"
    own = "from pwdload.cases.own import *\nregister(Case(name={!r}, group='x', summary='S.', steps=({})))"
    login = "Login(expect=accept('PASSWORD_EXPIRED')),"
    yield '[tool.pwdload]\ncases = ["a.py"]', own.format("valid_change", login), "there is one of that name already"
    yield '[tool.pwdload]\ncases = ["a.py"]', own.format("x y", login), "allowed are lower-case letters"
    yield '[tool.pwdload]\ncases = ["a.py"]', own.format("z", ""), "its first step must be a Login"
    yield '[tool.pwdload]\ncases = ["a.py"]', own.format("z", login + "Pause(seconds=1)"), "must not be a wait"


@pytest.mark.parametrize(("settings", "file", "told"), [*mistakes()])
def test_mistakes_in_own_files_are_told_in_one_line(tmp_path: Path, settings: str, file: str, told: str) -> None:
    """Whatever is wrong in a team's file, it is one line that names the file, and no traceback."""
    (tmp_path / "pyproject.toml").write_text(settings)
    (tmp_path / "a.py").write_text(file)
    with pytest.raises(UsageError) as caught:
        load_own("cases", tmp_path)
    assert told in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_section_that_breaks_costs_nobody_the_report(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A section that raises, or that would write over one of our files, says so in its place."""

    def broken(_: Analysis) -> Section:
        raise ValueError("no such column")

    def ours(_: Analysis) -> Section:
        return Section(name="latency", title="T", intro="", items=())

    monkeypatch.setattr(own, "_OWN", [broken, ours])
    report = make(finished(tmp_path / "run"))
    told = {section.name: section.intro for section in report.sections}
    assert "ValueError: no such column" in told["own_broken"]
    assert "begin with own_" in told["own_ours"]


@pytest.mark.slow
def test_an_own_case_is_played_and_judged(tmp_path: Path) -> None:
    """The commands of the page, as they stand: the case is under load, and nothing of it is wrong."""
    folder = lay_down(tmp_path)
    (block,) = re.findall(r"```sh\n(.*?)```", DOCUMENT.read_text("utf-8"), re.DOTALL)
    for line in block.splitlines():
        done = run(folder, "-m", *line.split(), timeout_s=120)
        assert done.returncode in (0, 5), done.stderr  # five seconds are too few for some figure
    report = json.loads((folder / "reports" / "latest" / "report.json").read_text("utf-8"))
    assert '"two_bad_ideas_then_right"' in json.dumps(report)
    wrong = [one for one in report["findings"] if one["verdict"] in ("CORRECTNESS_FAILED", "INVALID")]
    assert not [one for one in wrong if one["check"] in ("outcomes", "requests", "samples")]
