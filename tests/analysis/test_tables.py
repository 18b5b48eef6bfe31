"""Latency, answers and expectations against the same numbers worked out by hand from the same samples."""

import math
from collections import Counter
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pandas as pd
import pytest
from tests.analysis.synthetic import (
    CHANGE,
    KINDS,
    STAGES,
    TIMED_OUT,
    WRONG_OLD,
    counts_of,
    record_of,
    samples_of,
    write_run,
)

from pwdload.analysis import Run, load_run
from pwdload.analysis.answers import (
    BREAKDOWN_KEYS,
    answer_breakdown,
    error_code_table,
    expectation_table,
    expectation_words,
)
from pwdload.analysis.connections import connections
from pwdload.analysis.headline import headline
from pwdload.analysis.journeys import case_table, journey_frame
from pwdload.analysis.latency import latency_table, time_parts_table
from pwdload.analysis.stages import stage_table
from pwdload.samples import Sample

SAMPLES = samples_of(flows=3000, kinds=(*KINDS, TIMED_OUT), workers=2, seed=11)
MEASURED_S = 90.0


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """The run that SAMPLES made."""
    return load_run(write_run(tmp_path_factory.mktemp("run") / "run", SAMPLES, counts=counts_of(SAMPLES)))


def is_due(sample: Sample) -> bool:
    """Whether the sample was due in a measured stage."""
    return 10.0 <= sample.intended_s < 100.0


def truth(values: list[float], permille: int) -> float:
    """The nearest-rank percentile in plain Python."""
    return sorted(values)[math.ceil(Fraction(permille, 1000) * len(values)) - 1]


def test_latency_by_step_is_the_truth(run: Run) -> None:
    """Counts, percentiles and maxima of every step are those of the samples due in the measured time."""
    table = latency_table(run.due, ["step"]).set_index("step")
    for step in ("login", "update_password"):
        own = [sample.done_s - sample.intended_s for sample in SAMPLES if sample.step == step and is_due(sample)]
        row = table.loc[step]
        assert row["count"] == len(own)
        for name, permille in (("p50", 500), ("p90", 900), ("p95", 950), ("p99", 990)):
            assert row[f"{name}_s"] == pytest.approx(truth(own, permille), abs=1e-12)
        assert row["max_s"] == pytest.approx(max(own), abs=1e-12)
        assert pd.isna(row["p99_9_s"]), "2,700 samples are too few for p99.9"


def test_response_is_service_and_lag(run: Run) -> None:
    """The three times stand under one another, and each is measured from its own moment."""
    table = time_parts_table(run.due)
    assert list(table["time"][:3]) == ["response", "service", "lag"]
    own = [sample for sample in SAMPLES if sample.step == "login" and is_due(sample)]
    service = [sample.done_s - (sample.sent_s or 0) for sample in own]
    lag = [(sample.sent_s or 0) - sample.intended_s for sample in own]
    assert table["p95_s"].iloc[1] == pytest.approx(truth(service, 950), abs=1e-12)
    assert table["p95_s"].iloc[2] == pytest.approx(truth(lag, 950), abs=1e-12)


def test_what_was_never_sent_has_no_service_time(tmp_path: Path) -> None:
    """A refused connection counts in response time, since somebody waited, and not in service time."""
    samples = samples_of(flows=30)
    samples = [samples[0]._replace(sent_s=None, first_byte_s=None, http_status=None, outcome="not_sent"), *samples[1:]]
    run = load_run(write_run(tmp_path / "run", samples))
    assert latency_table(run.samples, ["step"])["count"].tolist() == [30, 30]
    assert latency_table(run.samples, ["step"], "service_s")["count"].tolist() == [29, 30]


@pytest.mark.parametrize("workers", [2, 16])
def test_tables_do_not_depend_on_who_made_the_samples(tmp_path: Path, workers: int) -> None:
    """One load split over several processes gives the same tables as in one: percentiles are merged from samples."""
    tables = []
    for count in (1, workers):
        samples = samples_of(flows=600, workers=count, seed=3)
        run = load_run(write_run(tmp_path / f"by-{count}", samples))
        tables.append((latency_table(run.due, ["case", "step"]), answer_breakdown(run.samples)))
    for one, many in zip(*tables, strict=True):
        pd.testing.assert_frame_equal(one, many)


def test_stall_is_seen_whole(tmp_path: Path) -> None:
    """A stall of 5 s under 100 arrivals a second is reported as it was for those who arrived in it."""
    template = samples_of(flows=1)[1]
    samples = []
    for number in range(3000):
        due_s = number / 100
        done_s = 15.0 if 10.0 <= due_s < 15.0 else due_s + 0.005
        samples.append(
            template._replace(seq=number, flow=number, intended_s=due_s, sent_s=due_s, first_byte_s=None, done_s=done_s)
        )
    run = load_run(write_run(tmp_path / "run", samples, record=record_of(samples, stages=())))
    row = latency_table(run.samples, ["step"]).iloc[0]
    expected = {"count": 3000, "p50_s": 0.005, "p90_s": 2.0, "p95_s": 3.5, "p99_s": 4.7, "max_s": 5.0}
    for name, value in expected.items():
        assert row[name] == pytest.approx(value, abs=1e-9), name


def test_breakdown_counts_every_sample_once(run: Run) -> None:
    """The breakdown has every combination that came with its count, and its shares add up to one."""
    truth_counts = Counter((s.step, s.case, s.http_status, s.status, s.error_code, s.outcome) for s in SAMPLES)
    table = answer_breakdown(run.samples)
    columns = [table[name].astype(object).where(table[name].notna(), None) for name in (*BREAKDOWN_KEYS, "count")]
    got = {tuple(key): count for *key, count in zip(*columns, strict=True)}
    assert got == dict(truth_counts)
    assert table["share"].sum() == pytest.approx(1.0)


def test_first_and_last_seen_bracket_the_answers(run: Run) -> None:
    """An error code's first and last time are those of its first and last answer."""
    times = [sample.done_s for sample in SAMPLES if sample.error_code == "LOGIN.0002"]
    table = error_code_table(answer_breakdown(run.samples)).set_index("code")
    assert table.loc["LOGIN.0002", "first_s"] == min(times)
    assert table.loc["LOGIN.0002", "last_s"] == max(times)
    assert table.loc["LOGIN.0002", "count"] == len(times)


def test_short_form_is_ordered_and_says_what_was_wanted(run: Run) -> None:
    """The most frequent code comes first, and doubt is never counted as expected."""
    table = error_code_table(answer_breakdown(run.samples))
    assert table["count"].is_monotonic_decreasing
    by_code = table.set_index("code")
    wanted = (by_code["as_expected"] / by_code["count"]).to_dict()
    assert wanted == {"LOGIN.0002": 1.0, "PWD.0001": 1.0, "PARAM.0015": 1.0, "transport:timeout": 0.0}


def test_refusal_without_a_code_still_has_a_name(tmp_path: Path) -> None:
    """A 405 with an empty body and a 200 that denies access appear in the list of codes."""
    kinds = (
        replace(WRONG_OLD, http_status=405, error_code=""),
        replace(WRONG_OLD, http_status=200, error_code="", status="ACCESS_DENIED"),
    )
    run = load_run(write_run(tmp_path / "run", samples_of(flows=100, kinds=kinds)))
    assert set(error_code_table(answer_breakdown(run.samples))["code"]) == {"HTTP 405", "ACCESS_DENIED"}


def test_other_code_than_expected_is_a_surprise(run: Run) -> None:
    """A refusal that was wanted, with a code that was not named, is shown to the reviewer and still a success."""
    table = expectation_table(run.samples)
    row = table[(table["case"] == "token_forged") & (table["step"] == "update_password")].iloc[0]
    assert (row["expected"], row["answer"], row["outcome"]) == ("refuse:PARAM.0014", "PARAM.0015", "right_reject")
    assert row["is_surprise"]
    assert not table[table["answer"] == "PWD.0001"]["is_surprise"].any()
    assert table[table["answer"] == "transport:timeout"]["is_surprise"].all()


def test_shares_of_a_step_add_up(run: Run) -> None:
    """Within one case and step the shares of the different answers are all there is."""
    sums = expectation_table(run.samples).groupby(["case", "step", "expected"], observed=True)["share"].sum()
    assert sums.to_numpy() == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("label", "words"),
    [
        ("accept:SUCCESS", "accepted: SUCCESS"),
        ("refuse:PARAM.0014|LOGIN.0002", "refused: PARAM.0014 or LOGIN.0002"),
        ("refuse:", "refused"),
        ("something else", "something else"),
    ],
)
def test_expectation_reads_like_a_sentence(label: str, words: str) -> None:
    """What a case expects is told in words, and what is not understood is left as it is."""
    assert expectation_words(label) == words


def test_journey_lasts_from_due_to_changed(run: Run) -> None:
    """A journey's time to the change is that from the flow's due time to the accepted update's answer."""
    flows: dict[tuple[str, int], list[Sample]] = {}
    for sample in SAMPLES:
        flows.setdefault((sample.worker, sample.flow), []).append(sample)
    durations = sorted(
        flow[-1].done_s - flow[0].intended_s for flow in flows.values() if flow[-1].outcome == "right_accept"
    )
    journeys = journey_frame(run.samples)
    assert len(journeys) == len(flows)
    assert sorted(journeys.loc[journeys["is_changed"], "changed_s"]) == pytest.approx(durations)
    cases = case_table(journeys).set_index("case")
    wrong = sum(sample.outcome == "unknown" for sample in SAMPLES)
    assert cases["flows"].sum() - cases["as_expected"].sum() == wrong


def test_flow_cut_off_by_the_end_is_unfinished(tmp_path: Path) -> None:
    """A flow that never sent its main request is no success, and no failure; one that failed early is a failure."""
    samples = samples_of(flows=50, kinds=(CHANGE,))
    failed = samples[0]._replace(outcome="unknown", status="", http_status=None, error_code="transport:timeout")
    samples = [failed, *(sample._replace(seq=sample.seq - 1) for sample in samples[2:-1])]
    journeys = journey_frame(load_run(write_run(tmp_path / "run", samples)).samples)
    row = case_table(journeys).iloc[0]
    assert (row["flows"], row["unfinished"], row["as_expected"], row["changed"]) == (50, 1, 48, 48)
    assert row["as_expected_share"] == pytest.approx(48 / 49)
    assert journeys["is_unfinished"].tolist() == [False] * 49 + [True]


def test_connections_are_counted_and_their_time_kept_apart(tmp_path: Path) -> None:
    """Opening a connection shows as such, and not as lag of the generator."""
    first, *others = samples_of(flows=600)
    done_s = first.intended_s + 0.5
    first = first._replace(connect_s=0.2, tls_s=0.1, sent_s=first.intended_s + 0.3, first_byte_s=None, done_s=done_s)
    found = connections(load_run(write_run(tmp_path / "run", [first, *others])))
    assert (found.opened, found.sent, found.requests_each) == (1, 1200, 1200)
    times = found.times.set_index("part")
    assert times.loc["connecting (TCP)", "max_s"] == 0.2
    assert times.loc["TLS handshake", "max_s"] == 0.1
    due = [sample for sample in others if is_due(sample)]
    lags = [(sample.sent_s or 0) - sample.intended_s for sample in due]
    assert times.loc["lag on reused connections", "count"] == len(due)
    assert times.loc["lag on reused connections", "p99_s"] == pytest.approx(truth(lags, 990), abs=1e-12)


def test_share_of_a_step_is_of_its_requests(run: Run) -> None:
    """An error code's share of its step is of the requests of that step alone."""
    updates = sum(sample.step == "update_password" for sample in SAMPLES)
    row = error_code_table(answer_breakdown(run.samples)).set_index("code").loc["LOGIN.0002"]
    assert row["step_share"] == pytest.approx(row["count"] / updates)
    assert row["share"] == pytest.approx(row["count"] / len(SAMPLES))


def test_first_change_ends_the_wait(tmp_path: Path) -> None:
    """Where a replayed token was accepted too, the person had the new password after the first acceptance."""
    login, update = samples_of(flows=1, kinds=(CHANGE,))
    replay = update._replace(
        seq=2,
        intended_s=update.done_s,
        sent_s=update.done_s,
        first_byte_s=None,
        done_s=update.done_s + 9.0,
        outcome="wrong_accept",
        expected="refuse:PARAM.0014",
    )
    journeys = journey_frame(load_run(write_run(tmp_path / "run", [login, update, replay])).samples)
    assert journeys["changed_s"].tolist() == [update.done_s - login.intended_s]
    assert journeys["journey_s"].tolist() == [replay.done_s - login.intended_s]
    assert journeys["is_as_expected"].tolist() == [False]


def test_headline_counts_changes_in_measured_time_only(run: Run) -> None:
    """Changes per second leave the warm-up out of both sides of the division."""
    changes = [s for s in SAMPLES if s.step == "update_password" and s.outcome == "right_accept"]
    measured = [s for s in changes if 10.0 <= s.done_s < 100.0]
    got = headline(run, journey_frame(run.samples))
    assert got.changes == len(changes)
    assert got.changes_per_s == pytest.approx(len(measured) / MEASURED_S)
    assert got.as_expected == sum(sample.outcome in ("right_accept", "right_reject") for sample in SAMPLES)


def test_stage_never_reached_has_no_rate(tmp_path: Path) -> None:
    """A run stopped in its second stage gives the third one no numbers, rather than zeros."""
    samples = [sample for sample in samples_of(flows=1000) if sample.done_s < 40.0]
    run = load_run(write_run(tmp_path / "run", samples, record=replace(record_of(samples), duration_s=40.0)))
    table = stage_table(run).set_index("stage")
    assert run.measured_s == pytest.approx(30.0)
    assert table["changes_per_s"].isna().tolist() == [False, False, True]
    in_steady = [
        s for s in samples if s.outcome == "right_accept" and s.step == "update_password" and 10 <= s.done_s < 40
    ]
    assert table.loc["steady", "changes_per_s"] == pytest.approx(len(in_steady) / 30.0)


def test_order_does_not_depend_on_who_came_first(tmp_path: Path) -> None:
    """Rows are in the order of protocol, schedule and frequency, not of arrival."""
    samples = samples_of(flows=400, kinds=(WRONG_OLD, CHANGE))
    run = load_run(write_run(tmp_path / "run", samples))
    assert list(run.samples["step"].cat.categories) == ["login", "update_password"]
    assert list(run.samples["stage"].cat.categories) == [stage.name for stage in STAGES]
    assert list(run.samples["case"].cat.categories) == ["valid_change", "wrong_old_password"]
