"""`pwdload compare` and `pwdload history`, as a person and as a pipeline types them."""

import csv
import json
import math
import random
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest
from tests.analysis.capacities import FOUND
from tests.analysis.degenerate import ODD_CODES
from tests.analysis.synthetic import record_of, samples_of, write_run
from tests.processes import Done
from tests.report.page import Page
from tests.report.test_files import NOT_FOR_PEOPLE

from pwdload.cli import main
from pwdload.report import as_json
from pwdload.rundir import RunDirectory

Command = Callable[..., Done]
FLOWS = 400


@pytest.fixture
def pwdload(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Command:
    """Run `pwdload ...` in this process, from a folder of its own."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str | Path) -> Done:
        monkeypatch.setattr(sys, "argv", ["pwdload", *map(str, arguments)])
        with pytest.raises(SystemExit) as end:
            main()
        out, err = capsys.readouterr()
        return Done(int(end.value.code or 0), out, err)

    return run


def saved(path: Path, *, seed: int = 1, factor: float = 1.0, day: int = 1, **record: object) -> RunDirectory:
    """Save a run of a known speed, made on some day."""
    samples = samples_of(seed=seed, flows=FLOWS, service_s=lambda rng: factor * rng.lognormvariate(math.log(0.02), 0.3))
    stamp = f"2026-11-{day:02d}T08:00:00.000+00:00"
    given = {"target_is_standin": False, "started_utc": stamp, "ended_utc": stamp.replace("08:00", "08:02"), **record}
    directory = write_run(path, samples, record=replace(record_of(samples), **given))  # type: ignore[arg-type]
    (path / "verdict.json").write_text('{"verdict": "PASS"}')
    return directory


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Runs: two of a target, one of a target that is a fifth slower, one with odd names, a history of twelve."""
    folder = tmp_path_factory.mktemp("kept")
    saved(folder / "base")
    saved(folder / "same", seed=2, day=2)
    saved(folder / "slow", seed=3, day=3, factor=1.2)
    saved(folder / "odd", seed=4, day=4, title=f"{ODD_CODES[0]} {ODD_CODES[1]} {ODD_CODES[4]} {ODD_CODES[8]}")
    rng = random.Random(5)
    for day in range(1, 13):
        factor = (1.0 if day <= 6 else 1.2) * math.exp(rng.gauss(0, 0.01))
        saved(folder / "past" / f"run-{day:02d}", seed=10 + day, day=day, factor=factor)
    return folder


def files(folder: Path) -> dict[str, bytes]:
    """Every file below a folder with its bytes."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_slower_is_worse_for_people_and_pipelines(kept: Path, pwdload: Command) -> None:
    """A target that is a fifth slower: exit code 1, the numbers on the console, a failed test, a verdict in JSON."""
    said = pwdload("compare", kept / "base", kept / "slow", "--out", "out")
    assert said.exit_code == 1
    assert said.out.startswith("WORSE: ")
    assert said.err == ""
    assert said.out.rstrip().endswith("out/comparison.html")
    verdict = json.loads(Path("out/verdict.json").read_text())
    assert (verdict["verdict"], verdict["exit_code"]) == ("worse", 1)
    tests = ElementTree.parse("out/junit.xml").getroot()
    assert int(tests.get("failures", "0")) >= 2
    assert "update\\_password" in Path("out/comparison.md").read_text("utf-8")
    with Path("out/tables/differences.csv").open(newline="") as file:
        rows = {row["number"]: row for row in csv.DictReader(file)}
    whole = rows["update_password_factor"]
    assert (whole["kind"], whole["result"]) == ("factor", "worse")
    assert float(whole["base_value"]) == 1.0
    assert float(whole["relative"]) == pytest.approx(0.2, abs=0.05)
    assert "all times of update" in Path("out/comparison.md").read_text("utf-8")
    p50 = rows["update_password_p50"]
    assert float(p50["relative_lower"]) < 0.2 < float(p50["relative_upper"])
    assert float(p50["relative_lower"]) > 0
    assert float(p50["base_value"]) == pytest.approx(0.02, rel=0.1)


def test_the_other_way_round_is_better(kept: Path, pwdload: Command) -> None:
    """Exit code 0 for the better, at a margin that nothing else can be worse by."""
    said = pwdload("compare", kept / "slow", kept / "base", "--margin", "20%", "--out", "out")
    assert (said.exit_code, said.out.split(":")[0]) == (0, "BETTER")


def test_the_same_is_equivalent_at_a_wide_margin_and_unknown_at_a_narrow_one(kept: Path, pwdload: Command) -> None:
    """Exit code 0 for what is shown to be the same, 5 for what nobody can tell: no difference found is no proof."""
    assert pwdload("compare", kept / "base", kept / "same", "--margin", "30%", "--out", "out").exit_code == 0
    unknown = pwdload("compare", kept / "base", kept / "same", "--margin", "0.5%", "--out", "out")
    assert (unknown.exit_code, unknown.out.split(":")[0]) == (5, "CANNOT TELL")


def test_same_runs_same_bytes(kept: Path, pwdload: Command) -> None:
    """A comparison made again, into another folder, is the same to the last byte."""
    for out in ("one", "two"):
        pwdload("compare", kept / "base", kept / "slow", "--out", out)
    assert files(Path("one")) == files(Path("two"))


def test_runs_of_a_side_by_options_and_by_folder(kept: Path, pwdload: Command, tmp_path: Path) -> None:
    """Several runs a side may be named one by one, or lie in a folder each: it is the same comparison."""
    for name, runs in (("a", (1, 3)), ("b", (2, 4))):
        for day in runs:
            saved(tmp_path / name / str(day), seed=day, day=day)
    pwdload("compare", "a", "b", "--out", "folders")
    one_by_one = [
        word
        for name, option in (("a", "--base"), ("b", "--new"))
        for path in sorted(Path(name).iterdir())
        for word in (option, path)
    ]
    pwdload("compare", *one_by_one, "--out", "options")
    assert files(Path("folders")) == files(Path("options"))
    assert "run to run" not in Path("folders/verdict.json").read_text()
    assert "by_run.csv" in {path.name for path in Path("folders/tables").iterdir()}


def test_page_stands_alone_and_is_well_built(kept: Path, pwdload: Command) -> None:
    """Nothing is fetched, odd names stay text, no NaN is seen, tables have captions, and links lead somewhere."""
    pwdload("compare", kept / "odd", kept / "same", kept / "base", "--out", "out")
    folder = Path("out")
    text = (folder / "comparison.html").read_text("utf-8")
    page = Page.parse(text)
    assert len(text) < 6_000_000
    assert page.tags["script"] == 3
    assert page.tags["img"] == 0
    assert page.tags["h1"] == 1
    assert page.tags["caption"] == page.tags["table"] > 0
    assert len(page.ids) == len(set(page.ids))
    linked = {link["href"] for link in page.all("a")}
    assert {href[1:] for href in linked if href.startswith("#")} <= set(page.ids)
    assert {href for href in linked if not href.startswith("#")} == {
        f"tables/{path.name}" for path in (folder / "tables").iterdir()
    }
    for seen in (*page.text, (folder / "comparison.md").read_text("utf-8")):
        assert not NOT_FOR_PEOPLE.search(seen), seen


def refusals(kept: Path, folder: Path) -> Iterator[tuple[list[str | Path], int, str]]:
    """Every bad input: what is typed, the exit code, and a word of the one line that comes back."""
    base = kept / "base"
    empty = folder / "empty"
    empty.mkdir()
    torn = saved(folder / "torn", seed=2, day=2)
    path = torn.samples / "local.parquet"
    path.write_bytes(path.read_bytes()[:-200])
    nothing = write_run(folder / "nothing", [], record=replace(record_of([]), target_is_standin=False))
    invalid = saved(folder / "invalid", seed=2, day=2)
    (invalid.path / "verdict.json").write_text('{"verdict": "INVALID"}')
    other = saved(folder / "other", seed=2, day=2, scenario="spike")
    garbled = folder / "garbled"
    shutil.copytree(base, garbled)
    (garbled / "run.json").write_text("{")
    yield [base, folder / "absent"], 2, "no such directory"
    yield [base, empty], 2, "no run here"
    yield [base, garbled], 2, "not a run record"
    yield [base, torn.path], 2, "local.parquet cannot be read to its end"
    yield [base, nothing.path], 2, "no request was due"
    yield [base, base], 2, "both sides"
    yield [base, other.path], 2, "different scenarios"
    yield [base, invalid.path], 3, "INVALID"
    yield [base], 2, "two sides"
    yield [base, kept / "same", kept / "slow", "--new", other.path], 2, "--new"
    yield [base, kept / "same", "--out", kept / "same"], 2, "--out"


def test_bad_input_is_one_line(kept: Path, pwdload: Command, tmp_path: Path) -> None:
    """Whatever cannot be compared is told in one line with the next step, exit code 2 or 3, never a traceback."""
    for arguments, code, words in refusals(kept, tmp_path):
        said = pwdload("compare", *arguments, *([] if "--out" in arguments else ["--out", "out"]))
        assert said.exit_code == code, (arguments, said)
        assert said.out == ""
        assert len(said.err.splitlines()) == 1, said.err
        assert said.err.startswith("pwdload: ")
        assert words in said.err
    assert not Path("out").exists()


@pytest.mark.parametrize("margin", ["0%", "5", "200%", "-5%", "five"])
def test_a_margin_has_its_unit_and_its_limits(kept: Path, pwdload: Command, margin: str) -> None:
    """A margin of nothing, without its unit or above all of it is a mistake in the command."""
    assert pwdload("compare", kept / "base", kept / "same", f"--margin={margin}").exit_code == 2


def test_anyway_compares_with_a_caveat(kept: Path, pwdload: Command, tmp_path: Path) -> None:
    """What was refused is compared when it is asked for, and the page says what is wrong with it."""
    saved(tmp_path / "other", seed=2, day=2, scenario="spike")
    said = pwdload("compare", kept / "base", "other", "--anyway", "--out", "out")
    assert said.exit_code in (0, 1, 5)
    assert "Caveat: The runs are of different scenarios." in said.out
    assert "different scenarios" in Path("out/comparison.html").read_text("utf-8")


def test_history_finds_the_step(kept: Path, pwdload: Command) -> None:
    """Twelve runs, from the seventh on a fifth slower: a row for each, the change where it is, the same bytes again."""
    said = pwdload("history", kept / "past", "--out", "out")
    assert said.exit_code == 0
    assert "CHANGED: Since run 7 (2026-11-07 08:00)" in said.out
    assert sum(line.split()[:1] == [str(number)] for number in range(1, 13) for line in said.out.splitlines()) == 12
    with Path("out/tables/changes.csv").open(newline="") as file:
        changes = {row["number"]: row for row in csv.DictReader(file)}
    assert {"p50 of update_password", "p95 of update_password"} <= changes.keys()
    assert changes["p95 of update_password"]["result"] == "worse"
    page = Page.parse(Path("out/history.html").read_text("utf-8"))
    assert page.tags["figcaption"] == 4
    assert not [seen for seen in page.text if NOT_FOR_PEOPLE.search(seen)]
    first = files(Path("out"))
    pwdload("history", kept / "past", "--out", "out")
    assert files(Path("out")) == first


def test_history_goes_on_without_a_run_that_is_broken(kept: Path, pwdload: Command) -> None:
    """One record that cannot be read, and one directory without anything else, are rows that say so."""
    for day in (1, 2, 3):
        saved(Path("past") / str(day), seed=day, day=day)
    (Path("past") / "2" / "run.json").write_text('{"title": ')
    shutil.rmtree(Path("past") / "3" / "samples")
    said = pwdload("history", "past", "--out", "out")
    assert said.exit_code in (0, 5)
    with Path("out/tables/runs.csv").open(newline="") as table:
        rows = {Path(row["directory"]).name: row for row in csv.DictReader(table)}
    assert list(rows) == ["1", "3", "2"], "what nobody knows the time of comes last"
    assert "run.json: not a run record" in rows["2"]["left_out"]
    assert not rows["1"]["left_out"]
    shutil.rmtree(Path("past") / "1")
    shutil.rmtree(Path("past") / "3")
    assert pwdload("history", "past", "--out", "out").exit_code == 2, "without any run that can be read there is none"


def test_history_shows_the_trend_of_capacity(kept: Path, pwdload: Command) -> None:
    """What the searches found is in the table, and that it fell from the seventh run on is found."""
    rng = random.Random(6)
    for day in range(1, 13):
        found = (100.0 if day <= 6 else 80.0) * math.exp(rng.gauss(0, 0.01))
        directory = saved(Path("past") / f"run-{day:02d}", seed=day, day=day)
        assert pwdload("report", directory.path).exit_code in (0, 1, 5)
        file = directory.path / "report.json"
        document = json.loads(file.read_text())
        assert set(as_json.capacity_data(FOUND)) == set(document["capacity"])
        searched = replace(FOUND, changes_per_s=found, changes_upper=1.05 * found)
        file.write_text(json.dumps(document | {"capacity": as_json.capacity_data(searched)}))
    said = pwdload("history", "past", "--out", "out")
    with Path("out/tables/changes.csv").open(newline="") as table:
        changes = {row["number"]: row for row in csv.DictReader(table)}
    assert changes["capacity"]["result"] == "worse"
    assert "capacity" in said.out
    with Path("out/tables/runs.csv").open(newline="") as table:
        assert float(next(csv.DictReader(table))["capacity_per_s"]) == pytest.approx(100.0, rel=0.05)


def test_history_takes_reports_where_there_are_any(kept: Path, pwdload: Command, tmp_path: Path) -> None:
    """A run whose samples are gone keeps its place by its report; the numbers are the same to a microsecond."""
    for day in (1, 2):
        saved(Path("past") / str(day), seed=day, day=day)
    pwdload("history", "past", "--out", "from_samples")
    for day in (1, 2):
        pwdload("report", Path("past") / str(day))
        shutil.rmtree(Path("past") / str(day) / "samples")
    said = pwdload("history", "past", "--out", "from_reports")
    assert "TOO FEW RUNS" in said.out

    def numbers(folder: str) -> list[dict[str, float]]:
        with Path(folder, "tables/runs.csv").open(newline="") as file:
            rows = list(csv.DictReader(file))
        names = ("goodput_per_s", "p50_s", "p95_s", "journey_p95_s", "failed_share")
        return [{name: round(float(row[name]), 5) for name in names} for row in rows]

    assert numbers("from_reports") == numbers("from_samples")


def test_history_leaves_out_what_does_not_belong(kept: Path, pwdload: Command, tmp_path: Path) -> None:
    """An INVALID run and one of another load are listed with the reason, and stand in no trend."""
    shutil.copytree(kept / "past", "past")
    Path("past/run-03/verdict.json").write_text('{"verdict": "INVALID"}')
    saved(Path("past/run-05"), seed=99, day=5, users=7, factor=30)
    said = pwdload("history", "past", "--out", "out")
    assert "INVALID: its instrument failed" in said.out
    assert "40 users, but 7" in said.out
    assert "10 runs in the trends" in Path("out/history.md").read_text()


def test_history_of_several_scenarios_asks_which(kept: Path, pwdload: Command, tmp_path: Path) -> None:
    """Runs of two scenarios are no trend: one line asks for a name, and a name that is not there is told."""
    saved(Path("all/a"), day=1)
    saved(Path("all/b"), day=2, scenario="spike")
    for arguments, words in (((), "--scenario"), (("--scenario", "demo"), "no run of scenario demo")):
        said = pwdload("history", "all", *arguments)
        assert (said.exit_code, len(said.err.splitlines())) == (2, 1)
        assert words in said.err
    assert pwdload("history", "all", "--scenario", "spike", "--out", "out").exit_code == 0
