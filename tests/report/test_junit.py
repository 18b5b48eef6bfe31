"""junit.xml: what continuous integration shows of a run."""

from pathlib import Path
from xml.etree import ElementTree

import pytest
from tests.analysis.degenerate import DEGENERATE, finished
from tests.judgements import BAD, GOOD, STORY, endless, odd

from pwdload.analysis import load_run
from pwdload.oracle import Judgement
from pwdload.report import make
from pwdload.report.build import build
from pwdload.report.junit import render

SUITE = {"id", "name", "package", "hostname", "timestamp", "tests", "failures", "errors", "skipped", "time"}
"""Attributes of a suite that the common schemas know; they ask for all of these but `skipped`."""
SUITE_ELEMENTS = ["properties", "testcase", "system-out", "system-err"]
"""Elements of a suite, in the order that the schemas ask for."""
RESULTS = {"failure", "error", "skipped"}


def parsed(folder: Path, judgement: Judgement) -> ElementTree.Element:
    """Return the document of a run that went well, but for what the oracle says of it."""
    text = render(build(load_run(finished(folder / "run")), judgement))
    return ElementTree.fromstring(text.encode())


def assert_keeps_the_schema(root: ElementTree.Element) -> None:
    """Hold a document against the structure that the common JUnit schemas (Apache Ant, Jenkins) describe."""
    assert root.tag == "testsuites"
    assert set(root.attrib) <= {"name", "tests", "failures", "errors", "disabled", "time"}
    assert [suite.get("name") for suite in root] == ["correctness", "instrument", "criteria"]
    for suite in root:
        assert suite.tag == "testsuite"
        assert set(suite.attrib) == SUITE
        order = [SUITE_ELEMENTS.index(element.tag) for element in suite]
        assert order == sorted(order)
        assert {0, 2, 3} <= set(order)
        cases = suite.findall("testcase")
        assert all(set(case.attrib) == {"classname", "name", "time"} for case in cases)
        assert all(len(case) <= 1 and {result.tag for result in case} <= RESULTS for case in cases)
        for tag, count in (("failure", "failures"), ("error", "errors"), ("skipped", "skipped")):
            assert suite.get(count) == str(len(suite.findall(f"testcase/{tag}")))
        assert all(
            result.get("type") and result.get("message") for case in cases for result in case.findall("*[@type]")
        )
        assert suite.get("tests") == str(len(cases))
        assert len(suite.get("timestamp", "")) == len("2026-11-25T08:30:00")
    for count in ("tests", "failures", "errors"):
        assert root.get(count) == str(sum(int(suite.get(count, "")) for suite in root))


def result_of(root: ElementTree.Element, title: str) -> ElementTree.Element:
    """Return what became of the case with this title."""
    (case,) = [case for case in root.iter("testcase") if case.get("name") == title]
    return case[0]


@pytest.mark.parametrize("judgement", [GOOD, BAD, odd(), endless()], ids=["good", "bad", "odd", "endless"])
def test_document_keeps_the_schema(tmp_path: Path, judgement: Judgement) -> None:
    """Any XML parser reads it, and any system for continuous integration knows what it means."""
    assert_keeps_the_schema(parsed(tmp_path, judgement))


@pytest.mark.parametrize("name", ["cut_short", "killed_at_once", "odd_characters", "lost_worker"])
def test_a_run_that_went_wrong_has_one_too(tmp_path: Path, name: str) -> None:
    """Also a run that ended badly, or whose target spoke in markup, leaves a document that can be read."""
    directory = DEGENERATE[name](tmp_path / "run")
    report = make(directory)
    root = ElementTree.fromstring((directory.path / "junit.xml").read_bytes())
    assert_keeps_the_schema(root)
    assert len(list(root.iter("testcase"))) == len(report.findings)


def test_a_broken_rule_is_a_failure_with_its_story(tmp_path: Path) -> None:
    """Who clicks on the red case reads what happened, moment by moment, without opening anything else."""
    failure = result_of(parsed(tmp_path, BAD), "No state_token served twice")
    assert (failure.tag, failure.get("type")) == ("failure", "CORRECTNESS_FAILED")
    assert failure.get("message") == "2 of 3,210 state_tokens served twice."
    text = failure.text or ""
    assert all(moment.words in text for moment in STORY)
    assert [line for line in text.splitlines() if line.startswith("  >")] == [
        f"  > 12.060 s   12.100 s  {STORY[-1].words}"
    ] * 2


def test_doubt_is_red_and_nothing_to_see_is_skipped(tmp_path: Path) -> None:
    """INCONCLUSIVE is no green case, and a rule that nothing was held against is no passed one."""
    root = parsed(tmp_path, BAD)
    doubt = result_of(root, "No doubt is left")
    assert (doubt.tag, doubt.get("type"), doubt.get("message")) == (
        "error",
        "INCONCLUSIVE",
        "2 accounts left in doubt.",
    )
    assert result_of(root, "A locked account stays locked").tag == "skipped"


def test_a_broken_instrument_is_a_failure(tmp_path: Path) -> None:
    """A run whose numbers mean nothing is red in the suite of the instrument."""
    directory = DEGENERATE["lost_worker"](tmp_path / "run")
    make(directory)
    root = ElementTree.fromstring((directory.path / "junit.xml").read_bytes())
    failure = result_of(root, "No worker was lost")
    assert (failure.tag, failure.get("type")) == ("failure", "INVALID")


def test_a_check_that_had_nothing_to_look_at_is_skipped_and_called_so(tmp_path: Path) -> None:
    """How busy the generator was is not on record: no page, table or pipeline shows that as a check that passed."""
    directory = finished(tmp_path / "run")
    directory.health_file.unlink()
    report = build(load_run(directory), GOOD)
    title = "The generator was not saturated"
    assert result_of(ElementTree.fromstring(render(report).encode()), title).tag == "skipped"
    table = next(table for table in report.tables if table.name == "checks")
    (row,) = (row for row in table.rows if row[0] == title)
    assert row[2] == "NOT EXAMINED"
    (finding,) = (one for one in report.findings if one.title == title)
    assert not finding.is_examined
