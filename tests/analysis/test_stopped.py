"""A target that is never_sent, or was never there, has no capacity that its silence could tell."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from tests.analysis.synthetic import STAGES, never_sent, record_of, samples_of, write_run

from pwdload.analysis import load_run
from pwdload.analysis.stopped import stopped
from pwdload.report import make
from pwdload.report.model import Report, Table
from pwdload.report.sections.decision import next_words
from pwdload.rundir import RunDirectory
from pwdload.samples import Sample

GONE_S = 30.0


def elsewhere(one: Sample) -> Sample:
    """Answer with a redirection, which the contract does not know."""
    return one._replace(http_status=302, status="", error_code="", outcome="unknown")


def made(folder: Path, harm: Callable[[Sample], Sample], from_s: float) -> RunDirectory:
    """Return a run whose target answers otherwise from some time on."""
    samples = [harm(one) if one.intended_s >= from_s else one for one in samples_of(flows=400)]
    return write_run(folder / "run", samples, record=replace(record_of(samples), users=20))


def said(report: Report) -> str:
    """Return the decision, and its tables, in one text."""
    section = report.decision
    assert section is not None
    cells = [str(cell) for item in section.items if isinstance(item, Table) for row in item.rows for cell in row]
    return " ".join([section.intro, *cells])


def test_a_target_that_vanished_is_said_to_have_vanished(tmp_path: Path) -> None:
    """The decision tells when it stopped answering; there is no rate below which it would have kept up."""
    report = make(made(tmp_path, never_sent, GONE_S))
    assert report.decision is not None
    assert "The target stopped answering at 29.8 s: none of 560 requests after that" in report.decision.intro
    assert "Nothing is known of its capacity beyond what was kept before." in report.decision.intro
    assert "below" not in said(report)
    assert "begin lower" not in said(report)
    assert "Find out why" in next_words(report.decision)


@pytest.mark.parametrize(("from_s", "words"), [(0.0, "to everything."), (GONE_S, "to everything from 29.8 s on.")])
def test_what_answers_in_its_place_is_named(tmp_path: Path, from_s: float, words: str) -> None:
    """A redirection to a sign-in page is no target without capacity."""
    report = make(made(tmp_path, elsewhere, from_s))
    assert report.decision is not None
    assert f"The target answered HTTP 302 {words}" in report.decision.intro
    assert "below" not in said(report)


def test_one_that_fails_and_answers_on_has_not_stopped(tmp_path: Path) -> None:
    """Many time-outs, a silence that ended, and a load that ended with one are an overload, or a fault."""
    many = [
        never_sent(one) if number % 10 or 40 < one.intended_s < 60 else one
        for number, one in enumerate(samples_of(flows=400))
    ]
    assert stopped(load_run(write_run(tmp_path / "many", many, record=record_of(many)))) is None
    end_s = (STAGES[-1].end_s or 0.0) - 1.0
    late = [never_sent(one) if one.intended_s > end_s else one for one in samples_of(flows=400)]
    assert stopped(load_run(write_run(tmp_path / "late", late, record=record_of(late)))) is None
