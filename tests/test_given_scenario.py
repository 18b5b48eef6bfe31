"""A run whose scenario is gone, damaged or changed: nobody knows what it had to keep, so it cannot have kept it."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from tests.analysis.synthetic import record_of, samples_of, write_run

from pwdload.analysis import load_run
from pwdload.analysis.caveats import Caveat, find_caveats
from pwdload.analysis.comparison.mismatches import Mismatch, find_mismatches
from pwdload.analysis.comparison.values import Side, SideRun
from pwdload.oracle import check_run
from pwdload.outcome import Verdict
from pwdload.report import make
from pwdload.report.comparison.reading import verdict_of_run
from pwdload.rundir import RunDirectory, digest_of

SLO = 'title = "x"\n[slo]\np95_update_password = "1ms"\n'
"""Which no answer of these runs keeps."""


def run_in(folder: Path, *, digest: bool = True) -> RunDirectory:
    """Return a finished run of a scenario, by this version or by one that kept no digest."""
    samples = samples_of(flows=600)
    record = record_of(samples)
    directory = write_run(folder, samples, record=replace(record, scenario_sha256=digest_of(SLO) if digest else ""))
    directory.scenario_file.write_text(SLO, "utf-8")
    return directory


def gone(file: Path) -> None:
    """Remove the scenario."""
    file.unlink()


def unreadable(file: Path) -> None:
    """Put something in its place that cannot be read, whoever reads."""
    file.unlink()
    file.mkdir()


def garbled(file: Path) -> None:
    """Make it no TOML."""
    file.write_text("= [", "utf-8")


def milder(file: Path) -> None:
    """Let it ask for less than the run was to keep."""
    file.write_text(SLO.replace("1ms", "9s"), "utf-8")


def other_version(file: Path) -> None:
    """Let it ask for what this version does not know."""
    file.write_text(SLO + "p97_of_everything = 1\n", "utf-8")


HARM = [
    (gone, "scenario.toml is not there"),
    (unreadable, "scenario.toml cannot be read (Is a directory)"),
    (garbled, "scenario.toml is no TOML"),
    (milder, "scenario.toml is not what the run was given"),
]
Harm = Callable[[Path], None]


@pytest.mark.parametrize(("harm", "words"), HARM)
def test_without_its_scenario_a_run_that_failed_is_not_passed(tmp_path: Path, harm: Harm, words: str) -> None:
    """Nothing turns an SLO_FAILED into a PASS: report, check, history and compare say what is not on record."""
    directory = run_in(tmp_path / "run")
    assert make(directory).verdict is Verdict.SLO_FAILED
    harm(directory.scenario_file)
    report, judgement = make(directory), check_run(directory)
    assert report.verdict in (Verdict.INCONCLUSIVE, Verdict.SLO_FAILED)
    (finding,) = (one for one in report.findings if one.check == "scenario")
    assert finding.verdict is Verdict.INCONCLUSIVE
    assert finding.reason.startswith(f"The criteria are not on record: {words}")
    assert "No SLO was stated" not in " ".join(one.text for one in report.cautions)
    assert judgement.verdict is verdict_of_run(directory) is Verdict.INCONCLUSIVE
    assert words in judgement.results[0].reason
    assert "TOMLDecodeError" not in judgement.results[0].reason
    side = Side(name="new", runs=(SideRun(shown="r", run=load_run(directory), verdict=Verdict.INCONCLUSIVE),))
    assert words in next(one.text for one in find_mismatches(side, ()) if one.mismatch is Mismatch.NO_SCENARIO)


def test_history_and_compare_take_no_earlier_pass_for_one(tmp_path: Path) -> None:
    """A verdict on file is worth no more than the criteria that it stands on."""
    directory = run_in(tmp_path / "run")
    (directory.path / "verdict.json").write_text('{"verdict": "PASS"}')
    assert verdict_of_run(directory) is Verdict.PASS
    directory.scenario_file.unlink()
    assert verdict_of_run(directory) is Verdict.INCONCLUSIVE


def test_runs_of_older_versions_are_judged_as_they_were(tmp_path: Path) -> None:
    """Without a digest what is there counts, and where nothing is there no report says that nothing was asked."""
    directory = run_in(tmp_path / "run", digest=False)
    milder(directory.scenario_file)
    assert make(directory).verdict is Verdict.PASS
    other_version(directory.scenario_file)
    assert make(directory).verdict is Verdict.INCONCLUSIVE
    directory.scenario_file.unlink()
    run, judgement = load_run(directory), check_run(directory)
    caveats = {note.caveat for note in find_caveats(run, judgement)}
    assert judgement.verdict is Verdict.PASS
    assert Caveat.NO_SCENARIO in caveats
    assert Caveat.NO_SLO not in caveats


def test_an_unreadable_scenario_lets_the_oracle_invent_nothing(tmp_path: Path) -> None:
    """What the scenario alone could allow is taken for no violation where nobody can read it."""
    directory = run_in(tmp_path / "run")
    garbled(directory.scenario_file)
    assert {one.verdict for one in check_run(directory).results} == {Verdict.PASS, Verdict.INCONCLUSIVE}
