"""Journeys of cases that wait on purpose: what a case waits is no time that the target took."""

from pathlib import Path

from tests.analysis.synthetic import CHANGE, WRONG_OLD, samples_of, write_run

from pwdload.report import make
from pwdload.report.model import Table
from pwdload.samples import Sample

WAITS_S = 6.0


def outlived(one: Sample) -> Sample:
    """Let a state_token go stale before it is used, as the case token_expired does."""
    if one.case != "wrong_old_password":
        return one
    late = WAITS_S if one.step == "update_password" else 0.0
    times = {
        name: value + late
        for name in ("intended_s", "sent_s", "first_byte_s", "done_s")
        if (value := getattr(one, name)) is not None
    }
    return one._replace(case="token_expired", **times)


def test_deliberate_waits_are_in_no_whole_flow_and_named(tmp_path: Path) -> None:
    """The slowest flow is one that the target was slow in; the case that waits is named, and told by itself."""
    samples = [outlived(one) for one in samples_of(flows=400, kinds=(CHANGE, WRONG_OLD))]
    tables: dict[str, Table] = {table.name: table for table in make(write_run(tmp_path / "run", samples)).tables}
    names = [column.name for column in tables["journeys"].columns]
    (whole,) = (dict(zip(names, row, strict=True)) for row in tables["journeys"].rows if row[0] == "whole flow")
    slowest = whole["max_s"]
    assert isinstance(slowest, float)
    assert slowest < 1.0
    assert "without cases that wait on purpose (token_expired)" in tables["journeys"].caption
    assert "token_expired holds what the case itself waits" in tables["journeys_by_case"].caption
    by_case = next(row for row in tables["journeys_by_case"].rows if row[:2] == ("token_expired", "whole flow"))
    assert max(cell for cell in by_case if isinstance(cell, float)) > WAITS_S


def test_without_such_a_case_nothing_is_said_of_it(tmp_path: Path) -> None:
    """Most runs have no flow that waits, and their captions none of its words."""
    tables = {table.name: table for table in make(write_run(tmp_path / "run", samples_of(flows=200))).tables}
    assert tables["journeys"].caption.endswith("without the unfinished ones.")
    assert "wait" not in tables["journeys_by_case"].caption
