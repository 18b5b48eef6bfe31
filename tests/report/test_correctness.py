"""What a reader, a pipeline and a spreadsheet see of the oracle's judgement."""

import csv
import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
from tests.analysis.degenerate import finished, killed_at_once
from tests.analysis.synthetic import record_of, samples_of, write_run
from tests.judgements import BAD, GOOD, ODD, OPEN, REPLAYED, STORY, broken, endless, odd
from tests.report.page import Page

from pwdload.analysis import load_run
from pwdload.oracle import VIOLATIONS_MAX, CheckResult, Judgement
from pwdload.outcome import Verdict
from pwdload.report import Report, make, write
from pwdload.report.build import build
from pwdload.report.model import Timelines
from pwdload.rundir import RunDirectory

FILES = ("report.html", "report.md", "report.json", "verdict.json", "junit.xml")


def reported(folder: Path, judgement: Judgement) -> tuple[RunDirectory, Report, Page]:
    """Return a run that went well, but for what the oracle says of it, with its report and its page."""
    directory = finished(folder / "run")
    report = build(load_run(directory), judgement)
    write(report, directory)
    return directory, report, Page.parse((directory.path / "report.html").read_text("utf-8"))


def read(directory: RunDirectory, name: str) -> str:
    """Return one file of the report."""
    return (directory.path / name).read_text("utf-8")


def table(directory: RunDirectory, name: str) -> list[dict[str, str]]:
    """Return the rows of one table of the report."""
    with (directory.path / "tables" / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_each_rule_has_its_line(tmp_path: Path) -> None:
    """Above all numbers stands which rules were held against what, and what was found."""
    directory, report, page = reported(tmp_path, BAD)
    assert [section.name for section in report.sections][:2] == ["decision", "correctness"]
    for result in BAD.results:
        assert {result.title, result.reason, f"{result.examined:,}"} <= set(page.text)
    assert "CORRECTNESS FAILED" in page.text
    rows = {row["check"]: row for row in table(directory, "correctness")}
    assert [rows[name]["verdict"] for name in ("outcomes", "tokens", "doubt")] == [
        "PASS",
        "CORRECTNESS_FAILED",
        "INCONCLUSIVE",
    ]
    assert rows["tokens"]["violations"] == "2"
    assert "11 of them overlapped" in " ".join(page.text), "what else a check has to tell"


def test_a_rule_without_anything_to_hold_it_against_is_no_pass(tmp_path: Path) -> None:
    """A reader never takes what the run could not show for something that was proved."""
    directory, report, page = reported(tmp_path, GOOD)
    assert report.verdict is Verdict.PASS
    assert {row["check"]: row["verdict"] for row in table(directory, "correctness")}["locks"] == "NOT EXAMINED"
    intro = report.sections[1].intro
    assert "2 checks found nothing wrong" in intro
    assert "1 rule had nothing to be held against in this run: A locked account stays locked." in intro
    assert not [one for one in report.sections[1].items if isinstance(one, Timelines)]
    assert page.tags["article"] == 0
    marks = [caution.text for caution in report.cautions if caution.number in report.sections[1].weakened_by]
    assert any("A locked account stays locked" in text for text in marks)


def test_a_violation_is_told_moment_by_moment(tmp_path: Path) -> None:
    """What happened, on which account and when, which exchange does not fit, the rule, and how to see it again."""
    directory, _, page = reported(tmp_path, Judgement(results=(broken(),)))
    text = " ".join(page.text)
    places = [text.index(moment.words) for moment in STORY]
    assert places == sorted(places)
    assert text.index(REPLAYED.sentence) < places[0] < places[-1] < text.index(REPLAYED.rule)
    assert "12.060 s" in page.text
    assert "no answer" in page.text
    culprits = [one for one in page.all("li") if one.get("class") == "culprit"]
    assert len(culprits) == text.count("cannot be explained") == 1
    assert text.index("cannot be explained") > places[-1]
    record = directory.read_record()
    assert (
        f"scenario {record.scenario} with seed {record.seed} plays the case token_replayed again, with account 17"
        in text
    )
    assert "account 17, case token_replayed, flow 233 of worker-1, at 12.060 s" in text


def test_what_is_missing_may_explain_it(tmp_path: Path) -> None:
    """Where samples are missing, what was found is shown and not called a failure, on the page or on the console."""
    doubtful = replace(broken(), verdict=Verdict.INCONCLUSIVE, reason="Some samples are missing.")
    _, report, page = reported(tmp_path, Judgement(results=(doubtful,)))
    assert "No state_token served twice: may be broken" in page.text
    assert report.verdict is Verdict.INCONCLUSIVE
    assert "violation" not in report.headline_text.lower()


def test_console_and_markdown_say_the_first_violation(tmp_path: Path) -> None:
    """Whoever has only a log, or a comment on a pull request, sees what was broken and where."""
    directory, report, _ = reported(tmp_path, BAD)
    lines = report.headline_text.splitlines()
    assert lines[0] == "CORRECTNESS_FAILED: 2 of 3,210 state_tokens served twice."
    assert lines[1] == (
        "  First violation: state_token #1 changed the password of account 17 twice "
        "(account 17, case token_replayed, flow 233 of worker-1, at 12.060 s)"
    )
    markdown = read(directory, "report.md")
    assert "2 of 5 rules kept, 1 not examined, as far as the run shows" in markdown
    assert "changed the password of account 17 twice" in markdown
    assert OPEN.reason in markdown


def test_verdict_json_has_every_check_by_its_name(tmp_path: Path) -> None:
    """A pipeline finds each check, of the instrument and of correctness, with counts and the first violations."""
    directory, report, _ = reported(tmp_path, BAD)
    document = json.loads(read(directory, "verdict.json"), parse_constant=pytest.fail)
    entries = {entry["check"]: entry for entry in document["findings"]}
    assert len(entries) == len(document["findings"]) == len(report.findings)
    assert {entry["group"] for entry in entries.values()} == {"correctness", "instrument", "criteria"}
    assert (document["verdict"], document["exit_code"]) == ("CORRECTNESS_FAILED", 4)
    tokens = entries["tokens"]
    assert (tokens["examined"], tokens["violations_total"]) == (3210, 2)
    first = tokens["violations"][0]
    assert (first["account"], first["worker"], first["flow"], first["case"]) == (17, "worker-1", 233, "token_replayed")
    assert [moment["words"] for moment in first["timeline"]] == [moment.words for moment in STORY]
    assert [moment["until_s"] for moment in first["timeline"]] == [11.95, 12.04, None, 12.1]
    assert entries["cpu"]["examined"] is None
    assert entries["races"]["facts"][0] == {
        "name": "Race statement",
        "value": "12 races of 2 changes each, 11 of them overlapped.",
    }


def test_spreadsheets_get_the_violations(tmp_path: Path) -> None:
    """One row for each violation that is told, with what is needed to find its exchanges among the samples."""
    directory, _, _ = reported(tmp_path, BAD)
    rows = table(directory, "violations")
    assert [row["account"] for row in rows] == ["17", "18"]
    assert rows[0] == {
        "check": "tokens",
        "rule": REPLAYED.rule,
        "sentence": REPLAYED.sentence,
        "account": "17",
        "case": "token_replayed",
        "worker": "worker-1",
        "flow": "233",
        "at_s": "12.06",
    }


def test_thirteen_thousand_violations_stay_readable(tmp_path: Path) -> None:
    """However much is wrong, and at whatever length it is told, every file keeps to its bounds and says what it cut."""
    directory, report, page = reported(tmp_path / "endless", endless())
    _, _, ordinary = reported(tmp_path / "good", GOOD)
    sizes = [len("".join(one.text)) for one in (page, ordinary)]
    assert sizes[0] - sizes[1] < 400_000
    assert page.tags["article"] == 13 * 3
    assert "1,000 violations. The first 3 are told here, 20 listed in the file." in " ".join(page.text)
    assert f"{700 - 10} more before" in page.text
    assert "295 more after" in page.text
    assert len(table(directory, "violations")) == 13 * VIOLATIONS_MAX
    assert len(read(directory, "report.md").splitlines()) < 150
    assert len(read(directory, "junit.xml")) < 400_000
    assert all(len(line) < 1000 for line in report.headline_text.splitlines())


def test_whatever_a_target_sends_stays_text(tmp_path: Path) -> None:
    """Markup, formulas and control characters within a finding do nothing, wherever it is shown."""
    directory, report, page = reported(tmp_path, odd())
    assert page.tags["script"] == 3
    assert not page.all("img")
    assert ODD[0] in page.text
    assert not re.search(r"(?<!\\)<(?!/?sub>)", read(directory, "report.md"))
    assert all(character.isprintable() or character == "\n" for character in report.headline_text)
    assert not [text for text in page.text for character in text if character < " " and character not in "\n\t"]
    for name in ("correctness", "correctness_facts", "violations"):
        for row in table(directory, name):
            assert not any(value.startswith(("=", "+", "-", "@")) for value in row.values())


def test_same_judgement_gives_the_same_bytes(tmp_path: Path) -> None:
    """The report of a run that failed can be made again, to the byte."""
    directory, report, _ = reported(tmp_path, BAD)
    before = {name: read(directory, name) for name in FILES}
    write(build(load_run(directory), BAD), directory)
    assert {name: read(directory, name) for name in FILES} == before
    assert report.judgement == BAD


def test_the_oracle_itself_is_asked(tmp_path: Path) -> None:
    """One answer that was accepted and must not be, deep in a run, decides the report and is told with its account."""
    samples = samples_of(flows=500)
    wrong = next(place for place, one in enumerate(samples) if one.case == "wrong_old_password" and place > 500)
    samples[wrong + 1] = samples[wrong + 1]._replace(outcome="wrong_accept", http_status=200, error_code="")
    report = make(write_run(tmp_path / "run", samples))
    assert report.verdict is Verdict.CORRECTNESS_FAILED
    assert f"account {samples[wrong + 1].account}" in report.headline_text.splitlines()[1]


def test_a_run_without_a_history_is_not_judged_well(tmp_path: Path) -> None:
    """Where nothing but the record is left, the report is still made, and says that nothing could be judged."""
    directory = killed_at_once(tmp_path / "run")
    report = make(directory)
    (result,) = report.judgement.results
    assert isinstance(result, CheckResult)
    assert (result.verdict, result.examined) == (Verdict.INCONCLUSIVE, 0)
    assert str(tmp_path) not in result.reason


def test_a_damaged_scenario_leaves_the_numbers_standing(tmp_path: Path) -> None:
    """What cannot be judged for a broken file does not cost the reader the rest of the report."""
    samples = samples_of(flows=500)
    directory = write_run(tmp_path / "run", samples, record=record_of(samples))
    directory.scenario_file.write_text("= [", "utf-8")
    report = make(directory)
    assert report.verdict is Verdict.INCONCLUSIVE
    assert report.cards[0].values[0].value


def test_a_damaged_file_is_told_in_sentences(tmp_path: Path) -> None:
    """What a library says ends with a full stop of its own, and needs no second one."""
    samples = samples_of(flows=20)
    directory = write_run(tmp_path / "run", samples, record=record_of(samples))
    directory.endings_file.write_bytes(b"PAR1 and then nothing")
    (result,) = make(directory).judgement.results
    assert result.reason.endswith(".")
    assert ".." not in result.reason
