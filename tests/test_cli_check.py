"""`pwdload check`, as a person and as a pipeline types it."""

import json
import shutil
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from tests.analysis.degenerate import finished, killed_at_once, lost_worker
from tests.analysis.synthetic import record_of, samples_of, write_run
from tests.judgements import BAD, REPLAYED, STORY, endless, odd
from tests.processes import Done

from pwdload.cli import main
from pwdload.oracle.told import TOLD_MAX, lines
from pwdload.rundir import RunDirectory

Check = Callable[..., Done]


@pytest.fixture
def check(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Check:
    """Run `pwdload check ...` in this process."""

    def run(*arguments: str | Path) -> Done:
        monkeypatch.setattr(sys, "argv", ["pwdload", "check", *map(str, arguments)])
        with pytest.raises(SystemExit) as end:
            main()
        out, err = capsys.readouterr()
        return Done(int(end.value.code or 0), out, err)

    return run


def run_with(folder: Path, outcome: str) -> RunDirectory:
    """Return a saved run, good but for its last answer."""
    samples = samples_of(flows=300)
    samples[-1] = samples[-1]._replace(outcome=outcome)
    return write_run(folder, samples)


@pytest.mark.parametrize(
    ("outcome", "code"), [("right_reject", 0), ("wrong_accept", 4), ("contract_violation", 4), ("unknown", 5)]
)
def test_exit_code_is_the_oracles(tmp_path: Path, check: Check, outcome: str, code: int) -> None:
    """One wrong answer is 4, one in doubt 5; a run that is right is 0, on a copy in another place as well."""
    directory = run_with(tmp_path / "run", outcome)
    moved = shutil.copytree(directory.path, tmp_path / "elsewhere" / "copied")
    shutil.rmtree(directory.path)
    assert check(moved).exit_code == code


def test_what_is_slow_or_broken_elsewhere_does_not_count(tmp_path: Path, check: Check) -> None:
    """A run of too few requests for any number, and one that lost a worker, are judged for what they show: never 3."""
    few = write_run(tmp_path / "few", samples_of(flows=5))
    assert check(few.path).exit_code == 0
    lost = check(lost_worker(tmp_path / "lost").path)
    assert lost.exit_code == 5
    assert "lost" in lost.out


def test_every_check_is_a_line_and_findings_have_timelines(tmp_path: Path, check: Check) -> None:
    """A person sees what was held against what, then what happened to the account, with the culprit marked."""
    samples = samples_of(flows=300)
    directory = run_with(tmp_path / "run", "wrong_accept")
    said = check(directory.path)
    told = said.out.splitlines()
    assert told[0].startswith("CORRECTNESS_FAILED: ")
    assert any(
        line.split()[:2] == ["CORRECTNESS_FAILED", "75"] or "Nothing wrong was accepted" in line for line in told
    )
    assert any("NOT EXAMINED" in line and "No state_token served twice" in line for line in told)
    assert any(line.strip().startswith("Account") and f"ccount {samples[-1].account}," in line for line in told)
    assert sum(line.strip().startswith("> ") for line in told) == 1
    assert "\x1b" not in said.out, "no colours where nobody looks"
    assert said.err == ""


def test_programs_get_json(tmp_path: Path, check: Check) -> None:
    """Several runs at a time, the worst of them decides, and each has its checks by name."""
    good, bad = finished(tmp_path / "good"), run_with(tmp_path / "bad", "wrong_accept")
    said = check("--json", good.path, bad.path)
    document = json.loads(said.out, parse_constant=pytest.fail)
    assert (said.exit_code, document["exit_code"], document["verdict"]) == (4, 4, "CORRECTNESS_FAILED")
    assert [run["verdict"] for run in document["runs"]] == ["PASS", "CORRECTNESS_FAILED"]
    outcomes = next(one for one in document["runs"][1]["checks"] if one["check"] == "outcomes")
    assert outcomes["violations_total"] == 1
    assert outcomes["violations"][0]["timeline"]
    assert check("--json", good.path, bad.path).out == said.out


def test_checking_leaves_a_directory_as_it_was(tmp_path: Path, check: Check) -> None:
    """A saved history may lie on a disk that is read-only, and belongs to whoever saved it."""
    directory = finished(tmp_path / "run")
    before = {path: path.read_bytes() for path in directory.path.rglob("*") if path.is_file()}
    check(directory.path)
    assert {path: path.read_bytes() for path in directory.path.rglob("*") if path.is_file()} == before


def _no_samples(folder: Path) -> Path:
    return killed_at_once(folder / "run").path


def _no_run(folder: Path) -> Path:
    return folder


def _newer(folder: Path) -> Path:
    directory = finished(folder / "run")
    directory.write_record(replace(directory.read_record(), format=99))
    return directory.path


def _damaged_endings(folder: Path) -> Path:
    directory = finished(folder / "run")
    directory.endings_file.write_bytes(b"PAR1 and then nothing")
    return directory.path


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (_no_samples, "no samples here"),
        (_no_run, "no run.json here"),
        (lambda folder: folder / "nowhere", "no such directory"),
        (_newer, "use a newer pwdload"),
        (_damaged_endings, "cannot be"),
    ],
    ids=["no samples", "no run", "nowhere", "newer", "endings"],
)
def test_what_is_no_run_is_one_line(tmp_path: Path, check: Check, make: Callable[[Path], Path], words: str) -> None:
    """What cannot be judged is said in one line, with exit code 2, also beside runs that can."""
    good = finished(tmp_path / "good")
    said = check(good.path, make(tmp_path))
    assert said.exit_code == 2
    assert said.out == ""
    assert words in said.err
    assert len(said.err.splitlines()) == 1


def test_text_tells_the_story(tmp_path: Path) -> None:
    """Moments in order, times on the run's clock, the rule, and how to see it again."""
    record = record_of([])
    text = [line.text for line in lines(BAD, record)]
    start = text.index("No state_token served twice: 2 violations")
    assert text[start + 1 : start + 10] == [
        f"  1. {REPLAYED.sentence}",
        "     Account 17, case token_replayed, flow 233 of worker-1, at 12.060 s.",
        f"     Rule {REPLAYED.rule}.",
        f"         11.900 s   11.950 s  {STORY[0].words}",
        f"         12.000 s   12.040 s  {STORY[1].words}",
        f"         12.050 s  no answer  {STORY[2].words}",
        f"       > 12.060 s   12.100 s  {STORY[3].words}",
        f"     To see it again: scenario {record.scenario} with seed {record.seed} plays the case token_replayed "
        "again, with account 17.",
        "  2. state_token #1 changed the password of account 17 twice.",
    ]


def test_text_keeps_to_its_lines_and_its_bounds() -> None:
    """No target steers a terminal, and no failure is too large to be read."""
    record = record_of([])
    assert all(line.text.isprintable() for line in lines(odd(), record))
    text = [line.text for line in lines(endless(), record)]
    assert sum(line.strip().startswith("> ") for line in text) == 13 * TOLD_MAX
    assert max(map(len, text)) < 900
    assert len(text) < 1100
