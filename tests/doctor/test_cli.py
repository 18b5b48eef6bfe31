"""`pwdload doctor` as a person and as a pipeline types it, against the stand-in as it comes."""

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.doctor.world import Room, Target, serving
from tests.processes import SECRET, Done, get_json, standin

from pwdload.cli import main
from pwdload.doctor.examine import CHECKS
from pwdload.doctor.findings import REQUESTS_MAX, Budget
from pwdload.errors import TargetError
from pwdload.passwords import SECRET_VARIABLE

Command = Callable[..., Done]


@pytest.fixture
def doctor(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Command:
    """Run `pwdload doctor ...` in this process, from a folder of its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(SECRET_VARIABLE, SECRET)
    monkeypatch.delenv("PWDLOAD_PROXY", raising=False)

    def run(*arguments: str | Path) -> Done:
        monkeypatch.setattr(sys, "argv", ["pwdload", "doctor", *map(str, arguments), "--no-calibrate"])
        with pytest.raises(SystemExit) as end:
            main()
        out, err = capsys.readouterr()
        return Done(int(end.value.code or 0), out, err)

    return run


@pytest.mark.e2e
def test_the_stand_in_is_well(doctor: Command, tmp_path: Path) -> None:
    """Login, refused change and policy are as documented; the account can be used as before, each time."""
    room = Room(tmp_path)
    accounts = room.accounts(100)
    with standin("--set", "hash_algorithm=sha256", seed_csv=accounts.read_text("utf-8")) as url:
        for _ in range(3):
            done = doctor(room.scenario(), "--host", url, "--accounts", accounts)
            assert done.exit_code == 0, done.out
        counts = get_json(url, "/standin/counts")["counts"]
    assert isinstance(counts, list)
    told = {line[:16].strip(): line for line in done.out.splitlines()[:-1]}
    assert list(told) == list(CHECKS)
    assert "refused with" in told["refused change"]
    assert " ok " in told["policy"]
    assert done.out.splitlines()[-1] == "A run can begin; 3 requests sent."
    assert sum(one["count"] for one in counts) == 9
    assert not any(one["status"] == "SUCCESS" for one in counts if one["route"].endswith("/pwd/update"))


def test_what_is_to_be_mended_is_exit_code_2(doctor: Command, tmp_path: Path) -> None:
    """One line for each check, with the remedy behind an arrow, and never a traceback."""
    room = Room(tmp_path)
    with serving(Target(login=(500, b""))) as port:
        host = f"http://127.0.0.1:{port}"
        done = doctor(room.scenario(), "--host", host, "--accounts", room.accounts())
        data = json.loads(doctor(room.scenario(), "--host", host, "--accounts", room.accounts(), "--json").out)
    assert (done.exit_code, done.err) == (2, "")
    (line,) = (line for line in done.out.splitlines() if line.startswith("login"))
    assert line == (
        "login           failed      HTTP 500 with no body  -> "
        "Look into the target's log, and run this again when it is well."
    )
    assert done.out.splitlines()[-1].startswith("Something is to be mended before a run; 2 requests sent")
    assert (data["exit_code"], data["requests"], data["host"]) == (2, 2, host)
    assert [one["check"] for one in data["checks"]] == list(CHECKS)
    assert {one["status"] for one in data["checks"]} == {"ok", "failed", "not checked"}


def test_what_makes_no_sense_is_one_line(doctor: Command, tmp_path: Path) -> None:
    """As of every command."""
    local = ("--host", "http://127.0.0.1:9")
    for more, words in ((("--host", "staging"), "http://HOST"), ((*local, "--allow-host", "a b"), "not a host")):
        done = doctor(Room(tmp_path).scenario(), *more)
        assert done.exit_code == 2
        assert words in done.err
        assert len(done.err.splitlines()) == 1


def test_an_eleventh_request_is_never_sent() -> None:
    """Whatever checks are added: the budget is the one place where requests are counted."""
    budget = Budget()
    for _ in range(REQUESTS_MAX):
        budget.take()
    with pytest.raises(TargetError):
        budget.take()
    assert budget.spent == REQUESTS_MAX == 10


def test_the_guide_lists_every_check() -> None:
    """docs/doctor.md has a line for each, in their order, and names none that there is not."""
    guide = (Path(__file__).parents[2] / "docs" / "doctor.md").read_text("utf-8")
    rows = [line.split("|")[1].strip() for line in guide.splitlines() if line.startswith("| `")]
    assert rows == [f"`{check}`" for check in CHECKS]
