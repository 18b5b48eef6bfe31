"""Requests of which nothing was sent are no throughput, wherever a rate of requests stands."""

from dataclasses import replace

import pytest
from tests.analysis.synthetic import STAGES, never_sent, record_of, samples_of, write_run

from pwdload.analysis import Run, headline, load_run
from pwdload.analysis.capacity.levels import load_levels
from pwdload.analysis.journeys import journey_frame
from pwdload.analysis.stages import stage_table
from pwdload.analysis.timeline import throughput_in_time
from pwdload.report import make
from pwdload.rundir import RunDirectory

GONE_S = 70.0
"""When the target goes away; what is due later is refused before a byte is out."""


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> RunDirectory:
    """A run whose target was killed in the middle of its last stage."""
    samples = [one if one.done_s < GONE_S else never_sent(one) for one in samples_of(flows=400)]
    return write_run(tmp_path_factory.mktemp("gone") / "run", samples, record=replace(record_of(samples), users=20))


@pytest.fixture(scope="module")
def run(directory: RunDirectory) -> Run:
    """The same run, read."""
    return load_run(directory)


def test_rates_of_requests_are_of_those_that_were_sent(run: Run) -> None:
    """Stages, seconds, levels and the headline count what went out, and the same of it."""
    sent = run.samples["sent_s"].notna()
    measured = int((sent & (run.samples["done_s"] >= 10.0)).sum())
    head, stages, seconds = headline(run, journey_frame(run.samples)), stage_table(run), throughput_in_time(run)
    assert head.requests_measured == measured
    assert head.requests_per_s == pytest.approx(measured / 90.0)
    assert head.requests_measured + head.not_sent_measured == int((run.samples["done_s"] >= 10.0).sum())
    assert stages["requests"].sum() == seconds["requests"].sum() == sent.sum()
    assert stages["requests_per_s"].iloc[2] == pytest.approx(stages["requests"].iloc[2] / 40.0)
    assert not seconds.loc[seconds["start_s"] > GONE_S, "requests"].any()
    assert seconds["not_sent"].sum() == (~sent).sum()
    for one in load_levels(run).levels:
        done_s = run.samples.loc[sent, "done_s"]
        inside = (done_s >= one.level.start_s) & (done_s < one.level.end_s)
        assert one.requests_per_s == pytest.approx(inside.sum() / (one.level.end_s - one.level.start_s))


def test_the_card_says_how_many_were_never_sent(directory: RunDirectory) -> None:
    """A reader sees the rate that the target took, and apart from it what never reached it."""
    card = next(card for card in make(directory).cards if card.label == "Requests")
    unsent = 2 * 400 * (STAGES[-1].end_s or 0.0) // 100 - load_run(directory).samples["sent_s"].notna().sum()
    assert f"{int(unsent)} more were never sent" in card.detail
