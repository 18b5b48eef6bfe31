"""The distribution, its heat map, the parts of a request's time and their intervals, from samples that are known."""

import numpy as np
import pytest
from tests.analysis.synthetic import samples_of, write_run

from pwdload.analysis import load_run
from pwdload.analysis.distribution import distribution_table, edges, heat_of, response_bins
from pwdload.analysis.headline import latency
from pwdload.analysis.latency import INTERVAL_COLUMNS, latency_table, time_parts_table
from pwdload.analysis.run import Run
from pwdload.statistics.quantiles import interval_ranks


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run of 3,000 flows, of which every tenth request opens a connection."""
    samples = [
        sample._replace(connect_s=0.001, tls_s=0.002) if place % 10 == 0 and sample.step == "login" else sample
        for place, sample in enumerate(samples_of(flows=3000))
    ]
    return load_run(write_run(tmp_path_factory.mktemp("runs") / "run", samples))


def test_bins_hold_every_request_once(run: Run) -> None:
    """Counts add up to the step's requests, each within its bin's edges, and what is slower is what lies beyond."""
    table = distribution_table(run.due)
    for step, rows in table.groupby("step"):
        values = run.due.loc[run.due["step"] == step, "response_s"].to_numpy()
        assert rows["count"].sum() == len(values)
        assert rows["share"].sum() == pytest.approx(1.0)
        assert rows["slower"].iloc[-1] == 0.0
        assert (rows["to_s"].to_numpy()[:-1] == rows["from_s"].to_numpy()[1:]).all()
        for low, high, count, slower in rows[["from_s", "to_s", "count", "slower"]].itertuples(index=False):
            assert count == ((values >= low) & (values < high)).sum()
            assert slower == pytest.approx((values >= high).mean())


def test_edges_grow_by_a_constant_factor() -> None:
    """A bin is 12 % wide wherever it is, and a value on an edge belongs to the bin above."""
    assert edges(np.array([-20, 0, 20])).tolist() == [0.1, 1.0, 10.0]
    assert response_bins(np.array([0.1, 1.0, 10.0, 0.0999, 0.0])).tolist() == [-20, 0, 20, -21, -120]
    grown = edges(np.arange(-60, 41))
    assert grown[1:] / grown[:-1] == pytest.approx(10 ** (1 / 20), rel=1e-5)


def test_heat_map_counts_what_was_due(run: Run) -> None:
    """Each column of the heat map has the requests due in its time, in not more rows than asked for."""
    heat = heat_of(run, "update_password", 5.0, 20, rows_max=10)
    assert heat is not None
    due = run.samples.loc[run.samples["step"] == "update_password", "intended_s"]
    expected = np.bincount(np.minimum(due // 5, 19).astype(int), minlength=20)
    assert heat.counts.sum(axis=0).tolist() == expected.tolist()
    assert len(heat.from_s) == len(heat.counts) <= 11
    assert heat_of(run, "verify", 5.0, 20) is None


def test_parts_of_time(run: Run) -> None:
    """First byte, connect and TLS have their own rows, the last two of those requests that opened a connection."""
    table = time_parts_table(run.due).set_index(["step", "time"]).to_dict("index")
    due = run.due[run.due["step"] == "login"]
    opened = int(due["connect_s"].notna().sum())
    assert opened > 100
    for part, took_s in (("connect", 0.001), ("TLS", 0.002)):
        assert (table["login", part]["count"], table["login", part]["p50_s"]) == (opened, took_s)
    waits = sorted((due["first_byte_s"] - due["sent_s"]).tolist())
    assert table["login", "first byte"]["p50_s"] == waits[(len(waits) + 1) // 2 - 1]
    assert ("update_password", "TLS") not in table


def test_interval_stands_around_its_percentile(run: Run) -> None:
    """Of independent requests the ends are the order statistics that the binomial distribution names."""
    row = latency_table(run.due, ["step"], with_intervals=True).set_index("step").to_dict("index")["login"]
    values = np.sort(run.due.loc[run.due["step"] == "login", "response_s"].to_numpy())
    lower, upper = (int(rank[0]) for rank in interval_ranks(np.array([len(values)]), 950))
    assert row["p95_lower_s"] == values[lower - 1]
    assert row["p95_upper_s"] == values[upper - 1]
    assert row["p95_lower_s"] < row["p95_s"] < row["p95_upper_s"]


def test_headline_has_the_table_s_interval(run: Run) -> None:
    """The interval of the first screen is that of the table, and of too few requests there is none."""
    updates = run.due[run.due["step"] == "update_password"]
    row = latency_table(updates, ["step"], with_intervals=True).iloc[0]
    found = latency(updates)
    assert [getattr(found, name) for name in INTERVAL_COLUMNS] == [row[name] for name in INTERVAL_COLUMNS]
    few = latency(updates.head(30))
    assert few.p50_lower_s is not None
    assert few.p95_lower_s is None


def test_split_rows_are_the_whole(run: Run) -> None:
    """Device families and processes have the requests of the whole, none twice."""
    updates = run.due[run.due["step"] == "update_password"]
    for by in ("device", "worker", "outcome"):
        assert latency_table(updates, [by], with_intervals=True)["count"].sum() == len(updates)
    assert not len(latency_table(updates.head(0), ["device"], with_intervals=True))
