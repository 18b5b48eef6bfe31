"""The run over time: an outage must be visible, and nothing may be counted twice."""

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from tests.analysis.degenerate import no_samples, one_sample, outage
from tests.analysis.synthetic import STAGES, record_of, samples_of, write_run

from pwdload.analysis import Run, load_run
from pwdload.analysis.timeline import error_codes_in_time, latency_in_time, throughput_in_time
from pwdload.analysis.windows import Window, bin_width_s, measured_windows
from pwdload.rundir import StageRecord


@pytest.fixture(scope="module")
def broken(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run whose target was silent from 30 s to 45 s."""
    return load_run(outage(tmp_path_factory.mktemp("runs") / "outage"))


def test_outage_is_a_row_of_zeros(broken: Run) -> None:
    """Seconds without an answer are there, with zeros, while requests are in flight."""
    table = throughput_in_time(broken).set_index("start_s")
    silent = table.loc[30.0:44.0]
    assert len(silent) == 15
    assert (silent["requests"] == 0).all()
    assert (silent["in_flight"].iloc[5:] > 100).all()
    assert (table.loc[0.0:29.0]["requests"] > 0).all()


def test_outage_shows_in_the_latency_of_those_who_came_in_it(broken: Run) -> None:
    """Whoever was due at second 31 waited some 14 s, and that is where it is shown."""
    table = latency_in_time(broken, "login").set_index("start_s")
    assert table["p50_s"].loc[31.0] == pytest.approx(13.7, abs=0.6)
    assert table["p50_s"].loc[46.0] < 0.1


def test_second_has_a_percentile_only_with_something_beyond_it(tmp_path: Path) -> None:
    """Nineteen requests in a second give it no p95, which would be the slowest by another name; forty do."""
    for per_s, is_there in ((19, False), (40, True)):
        samples = samples_of(flows=per_s * 10, length_s=10.0)
        table = latency_in_time(load_run(write_run(tmp_path / f"{per_s}", samples)), "login")
        inner = table.iloc[1:9]
        assert inner["p95_s"].notna().all() == inner["p95_s"].notna().any() == is_there
        assert (inner["max_s"] >= inner["p50_s"]).all()
    assert "p99_s" not in table


def test_every_request_is_in_exactly_one_second(broken: Run) -> None:
    """Sums over the seconds are the totals of the run, outcome by outcome."""
    table = throughput_in_time(broken)
    outcomes = Counter(broken.samples["outcome"].astype(str))
    assert table["requests"].sum() == table["due"].sum() == len(broken.samples)
    for outcome, count in outcomes.items():
        assert table[outcome].sum() == count
    assert table["changes"].sum() == broken.samples["is_change"].sum()


def test_error_codes_in_time_add_up(broken: Run) -> None:
    """Each code's seconds add up to its count, and the commonest code comes first."""
    counts = Counter(code for code in broken.samples["error_code"].astype(str) if code)
    got = {code: int(per_second.sum()) for code, per_second in error_codes_in_time(broken).items()}
    assert got == dict(counts)
    assert list(got.values()) == sorted(got.values(), reverse=True)


def test_second_without_requests_has_no_percentile(tmp_path: Path) -> None:
    """Where nobody was due there is a gap, not a zero."""
    samples = [sample for sample in samples_of(flows=200) if not 40 <= sample.intended_s < 50]
    table = latency_in_time(load_run(write_run(tmp_path / "run", samples)), "login").set_index("start_s")
    assert table.loc[40.0:48.0]["p50_s"].isna().all()
    assert table["count"].loc[39.0] > 0


def test_in_flight_is_the_exact_average(tmp_path: Path) -> None:
    """Two requests, of 1.5 s and of 0.25 s, are 1.25 requests in flight in the first second and 0.5 in the second."""
    first, second = samples_of(flows=1)
    samples = [
        first._replace(intended_s=0.0, sent_s=0.0, first_byte_s=None, done_s=1.5),
        second._replace(intended_s=0.5, sent_s=0.5, first_byte_s=None, done_s=0.75),
    ]
    table = throughput_in_time(load_run(write_run(tmp_path / "run", samples, record=record_of(samples, stages=()))))
    assert table["in_flight"].iloc[:3].tolist() == [1.25, 0.5, 0.0]


@pytest.mark.parametrize("make", [no_samples, one_sample], ids=lambda make: str(make.__name__))
def test_empty_runs_have_a_timeline_too(tmp_path: Path, make: object) -> None:
    """A run with next to nothing in it has seconds, and nothing in them."""
    run = load_run(make(tmp_path / "run"))  # type: ignore[operator]  # parametrized
    assert throughput_in_time(run)["requests"].sum() == len(run.samples)
    assert np.isfinite(throughput_in_time(run).to_numpy(dtype=float)).all()


def test_long_runs_are_drawn_in_wider_bins() -> None:
    """A plot has at most as many points as it can show: a minute in seconds, a day in minutes."""
    assert bin_width_s(60, 600) == 1
    assert bin_width_s(601, 600) == 2
    assert bin_width_s(86_400, 600) == 300
    assert bin_width_s(10**9, 600) == 3600


def test_measured_time_ends_with_the_run() -> None:
    """Only what the run reached of its measured stages is measured; without stages it is all of it."""
    assert measured_windows(STAGES, 30.0) == (Window(10.0, 30.0),)
    assert measured_windows(STAGES, 200.0) == (Window(10.0, 60.0), Window(60.0, 100.0))
    assert measured_windows(STAGES, 5.0) == ()
    by_hand = (StageRecord(name="all", start_s=0.0, end_s=None, users=None),)
    assert measured_windows(by_hand, 12.0) == (Window(0.0, 12.0),)
    assert measured_windows((), 0.0) == ()
    assert measured_windows((), 7.0)[0].contains(np.array([0.0, 7.0])).all()
