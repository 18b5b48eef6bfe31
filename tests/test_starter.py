"""`pwdload init`: what a team starts from, out of a checkout and out of a built package."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from tests.packaged import installed
from tests.processes import ROOT, environment, pwdload

from pwdload.errors import UsageError
from pwdload.run import load
from pwdload.run.starting import lay_down


def test_what_to_do_next_can_be_typed_as_it_stands(tmp_path: Path) -> None:
    """From the folder itself nobody goes anywhere; the name of another may need quotes."""
    here = pwdload("init", ".", cwd=tmp_path)
    assert here.out.splitlines()[-1] == "Next: pwdload run scenarios/smoke.toml"
    there = pwdload("init", "our team", cwd=tmp_path)
    assert there.out.splitlines()[-1] == "Next: cd 'our team' && pwdload run scenarios/smoke.toml"


def test_everything_is_laid_down_and_can_be_used(tmp_path: Path) -> None:
    """The locustfile and all scenarios of the project, byte for byte, and each scenario loads."""
    written = lay_down(tmp_path / "new" / "tests")
    for path in written:
        name = path.relative_to(tmp_path / "new" / "tests")
        if name.parts[0] in ("locustfiles", "scenarios"):
            assert path.read_bytes() == (ROOT / name).read_bytes()
    scenarios = [path for path in written if path.suffix == ".toml"]
    assert {path.name for path in scenarios} == {path.name for path in (ROOT / "scenarios").rglob("*.toml")}
    assert all(load(path).title for path in scenarios)
    assert {"locust.conf", "README.md", ".gitignore"} <= {path.name for path in written}


def test_what_is_there_is_left_as_it_is(tmp_path: Path) -> None:
    """Somebody's own locust.conf is worth more than ours: nothing at all is written."""
    (tmp_path / "locust.conf").write_text("mine")
    with pytest.raises(UsageError, match=r"locust\.conf: there already, and is left as it is"):
        lay_down(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["locust.conf"]
    done = pwdload("init", str(tmp_path / "locust.conf"))
    assert (done.exit_code, done.err.count("\n")) == (2, 1)
    assert "not a folder" in done.err


def test_a_dashboard_is_laid_down_where_it_is_asked_for(tmp_path: Path) -> None:
    """Beside what was started from before, and nothing else of it is touched."""
    lay_down(tmp_path)
    done = pwdload("init", str(tmp_path), "--grafana")
    assert done.exit_code == 0, done.err
    dashboard = tmp_path / "grafana" / "pwdload.json"
    assert done.out.splitlines()[0] == str(dashboard)
    assert json.loads(dashboard.read_text("utf-8"))["title"] == "pwdload"


@pytest.mark.slow
def test_a_built_package_works_outside_the_checkout(tmp_path: Path) -> None:
    """`pip wheel`, unpacked somewhere else: init, plan and a run of Locust by its own locust.conf."""
    variables = environment(more={"PYTHONPATH": str(installed(tmp_path))})

    def run(*command: str, cwd: Path) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [sys.executable, "-m", *command], cwd=cwd, env=variables, capture_output=True, text=True, check=False
        )

    where = run(
        "pwdload", "init", "team", "--ci", "github", "--ci", "gitlab", "--kubernetes", "--grafana", cwd=tmp_path
    )
    assert where.returncode == 0, where.stderr
    team = tmp_path / "team"
    assert (team / "deploy" / "kubernetes" / "run.yaml").is_file()
    assert (team / "grafana" / "pwdload.json").is_file()
    assert run("pwdload", "plan", "scenarios/smoke.toml", cwd=team).returncode == 0
    options = ("--scenario", "scenarios/smoke.toml", "--headless", "-u", "5", "-t", "3s", "--only-summary")
    done = run("locust", *options, cwd=team)
    assert done.returncode in (0, 1, 5), done.stderr
    assert (team / "reports" / "latest" / "report.html").is_file(), done.stderr
