"""What the record of the accounts' ledger does to verdict, caveats and report."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from tests.analysis.synthetic import CHANGE, TIMED_OUT, record_of, samples_of, write_run
from tests.judgements import UNJUDGED

from pwdload.analysis import Caveat, Run, find, find_caveats, load_run
from pwdload.oracle import CheckResult, check_run
from pwdload.outcome import Finding, Verdict
from pwdload.report.build import build
from pwdload.report.model import Cell, Report, Table
from pwdload.rundir import AccountsRecord, RetiredAccount, SettledRecord
from pwdload.samples import Sample

LEDGER = AccountsRecord(reuse="rearm", ledger="accounts/staging", ready_before=400, ready_after=380, changed=300)
ANN = RetiredAccount(index=3, user_name="ann", reason="locked")


def doubt(path: Path, samples: Sequence[Sample], ledger: AccountsRecord) -> CheckResult:
    """Return what the oracle says of the doubt that is left in a run with this ledger on record."""
    directory = write_run(path / "doubt", samples, record=replace(record_of(samples), ledger=ledger))
    return next(one for one in check_run(directory).results if one.check == "doubt")


def run_with(path: Path, samples: Sequence[Sample], ledger: AccountsRecord) -> Run:
    """Return a run with this ledger on record."""
    return load_run(write_run(path / "run", samples, record=replace(record_of(samples), ledger=ledger)))


def finding(run: Run, check: str) -> Finding:
    """Return what one check found."""
    return next(one for one in find(run, UNJUDGED) if one.check == check)


def caveats(run: Run) -> dict[Caveat, str]:
    """Return the caveats of a run with their sentences."""
    return {note.caveat: note.text for note in find_caveats(run, UNJUDGED)}


def rows(report: Report, table: str) -> tuple[tuple[Cell, ...], ...]:
    """Return the rows of a table of the report's section on accounts."""
    section = next(one for one in report.sections if one.name == "accounts")
    return next(item.rows for item in section.items if isinstance(item, Table) and item.name == table)


def test_doubt_that_was_settled_is_none_any_more(tmp_path: Path) -> None:
    """Every change whose answer never came was looked up: what came of each is known, and told."""
    samples = samples_of(flows=1000, kinds=(CHANGE, TIMED_OUT))
    ledger = replace(LEDGER, doubtful=40, settled=SettledRecord(applied=25, not_applied=14, neither=1))
    found = doubt(tmp_path, samples, ledger)
    assert found.verdict is Verdict.PASS
    assert "25 of their changes were applied, 14 were not, and 1 account no password opens any more" in found.reason


def test_doubt_that_is_left_says_what_to_type(tmp_path: Path) -> None:
    """One account of which nobody knows the password keeps the verdict open."""
    samples, ledger = samples_of(flows=500), replace(LEDGER, unknown_left=1)
    found = doubt(tmp_path, samples, ledger)
    assert found.verdict is Verdict.INCONCLUSIVE
    assert "1 account was left in doubt" in found.reason
    assert "pwdload accounts settle" in found.reason
    assert Caveat.UNKNOWN_LEFT in caveats(run_with(tmp_path, samples, ledger))


def test_requests_without_an_answer_count_as_failed(tmp_path: Path) -> None:
    """Settled or not, the client waited in vain."""
    samples = samples_of(flows=1000, kinds=(CHANGE, replace(TIMED_OUT, weight=20)))
    run = run_with(tmp_path, samples, replace(LEDGER, settled=SettledRecord(applied=200)))
    assert finding(run, "failed_share").verdict is Verdict.SLO_FAILED


def test_accounts_that_ran_dry_are_told_with_their_time(tmp_path: Path) -> None:
    """The run is INVALID, and says when the first flow found nothing left, not when the load was over."""
    samples = samples_of(flows=500)
    record = replace(record_of(samples), ended_by="accounts ran dry: none left", ledger=replace(LEDGER, dry_s=61.0))
    found = finding(load_run(write_run(tmp_path / "run", samples, record=record)), "end")
    assert found.verdict is Verdict.INVALID
    assert "1 m 01 s" in found.reason


@pytest.mark.parametrize(
    ("ledger", "caveat", "words"),
    [
        (replace(LEDGER, retired=1, retired_first=(ANN,)), Caveat.ACCOUNTS_RETIRED, "1, ann: locked"),
        (replace(LEDGER, damages=("x.journal is cut.",)), Caveat.LEDGER_DAMAGED, "x.journal is cut."),
        (replace(LEDGER, rearm_failed=7), Caveat.REARM_FAILED, "7"),
    ],
)
def test_what_happened_to_accounts_is_a_caveat(
    tmp_path: Path, ledger: AccountsRecord, caveat: Caveat, words: str
) -> None:
    """And it stands beside what it weakens, with its particulars."""
    samples = samples_of(flows=100)
    assert f"({words})" in caveats(run_with(tmp_path / "a", samples, ledger))[caveat]
    assert caveat not in caveats(run_with(tmp_path / "b", samples, LEDGER))


def test_putting_accounts_back_is_in_no_number_of_the_load(tmp_path: Path) -> None:
    """Samples of step rearm are kept apart: no count, no percentile, no check of the load sees them."""
    load = samples_of(flows=300)
    aside = [
        load[0]._replace(seq=len(load) + n, step="rearm", case="rearm", outcome="unknown", done_s=load[0].done_s + 9)
        for n in range(50)
    ]
    plain, with_rearms = run_with(tmp_path / "a", load, LEDGER), run_with(tmp_path / "b", [*load, *aside], LEDGER)
    assert len(with_rearms.rearms) == 50
    assert len(with_rearms.samples) == len(load)
    assert [(one.check, one.verdict) for one in find(plain, UNJUDGED)] == [
        (one.check, one.verdict) for one in find(with_rearms, UNJUDGED)
    ]
    assert build(plain, UNJUDGED).cards == build(with_rearms, UNJUDGED).cards
    assert ("requests for that, in no other number", 50) in rows(build(with_rearms, UNJUDGED), "accounts")


def test_the_report_names_the_first_retired_accounts(tmp_path: Path) -> None:
    """Who is out of use, why, and how many more there are."""
    ledger = replace(LEDGER, retired=21, retired_first=(ANN,))
    report = build(run_with(tmp_path, samples_of(flows=50), ledger), UNJUDGED)
    assert rows(report, "retired_accounts") == ((3, "ann", "locked"),)
    section = next(one for one in report.sections if one.name == "accounts")
    assert any("And 20 more" in getattr(item, "caption", "") for item in section.items)
