"""What is worked out of all rows at once against the plain way: pandas, or one arrival after the other."""

import random
from itertools import takewhile
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from tests.analysis.degenerate import DEGENERATE
from tests.bench.big_run import write_big_run

from pwdload.analysis import load_run
from pwdload.analysis.answers import BREAKDOWN_KEYS
from pwdload.analysis.due_times import due_times
from pwdload.analysis.kinds import KIND_KEYS, groups_of
from pwdload.outcome import Verdict
from pwdload.pacing import RatePlan, Schedule
from pwdload.report import make
from pwdload.rundir import RunDirectory
from pwdload.samples import SCHEMA, read_samples


@pytest.mark.parametrize("seed", range(12))
def test_due_times_are_those_of_the_schedule(seed: int) -> None:
    """All at once they are what the schedule yields one by one, to the last bit, whatever the plan and its end."""
    rng = random.Random(seed)
    pieces, at_s = [], 0.0
    for number in range(rng.randint(1, 4)):
        end_s = at_s + rng.uniform(0.1, 60.0)
        pieces.append((str(number), at_s, end_s, rng.choice((0.0, 10.0, 50.0 * rng.random())), rng.choice((0.0, 30.0))))
        at_s = end_s
    plan = RatePlan.of(pieces)
    for kind in ("even", "poisson"):
        schedule = Schedule(plan=plan, arrivals=kind, seed=seed)
        before_s = rng.uniform(0.0, 1.2 * at_s)
        times = schedule.due_times()
        wanted = takewhile(before_s.__gt__, times) if before_s < plan.end_s else times
        assert due_times(schedule, before_s).tolist() == list(wanted)


@pytest.mark.parametrize("name", ["finished", "all_failed", "odd_characters", "no_samples"])
@pytest.mark.parametrize("keys", [("step",), ("case", "step"), BREAKDOWN_KEYS, KIND_KEYS])
def test_groups_by_kind_are_those_of_pandas(tmp_path: Path, name: str, keys: tuple[str, ...]) -> None:
    """Grouping the few kinds gives the same groups, in the same order, as grouping all rows."""
    samples = load_run(DEGENERATE[name](tmp_path / "run")).samples
    quick, plain = groups_of(samples, keys), groups_of(samples.drop(columns="kind"), keys)
    pd.testing.assert_frame_equal(quick.keys, plain.keys)
    assert quick.codes.tolist() == plain.codes.tolist()


def test_the_samples_of_a_run_are_the_rows_of_its_files(tmp_path: Path) -> None:
    """What is kept in little memory is what was written: no row, null or text is another."""
    directory = write_big_run(tmp_path / "run", 20_000, workers=3)
    rows, _ = read_samples(directory.samples)
    files = [pa.parquet.read_table(path) for path in sorted(directory.samples.glob("*.parquet"))]
    whole = pa.concat_tables(files).sort_by([("intended_s", "ascending"), ("seq", "ascending")])
    differing = [name for name in SCHEMA.names if not _plain(rows[name]).equals(_plain(whole[name]))]
    assert not differing
    frame = load_run(directory).samples
    assert np.array_equal(frame["connect_s"].isna(), whole["connect_s"].is_null().to_numpy())
    assert frame["session"].dropna().tolist() == whole["session"].drop_null().to_pylist()


def test_a_made_up_run_of_any_size_passes(tmp_path: Path) -> None:
    """The oracle, the account of arrivals and every other check find nothing wrong in what the bench is made of."""
    report = make(write_big_run(tmp_path / "run", 20_000))
    assert report.verdict in (Verdict.PASS, Verdict.INCONCLUSIVE), report.reason
    assert [one.reason for one in report.findings if one.verdict is not Verdict.PASS] == []


@pytest.mark.slow
def test_one_run_over_any_number_of_workers_gives_the_same_tables(tmp_path: Path) -> None:
    """The same exchanges from 1, 2 and 16 processes: every table of latency is the same to the byte."""
    texts = []
    for workers in (1, 2, 16):
        directory: RunDirectory = write_big_run(tmp_path / str(workers), 20_000, workers=workers)
        make(directory)
        texts.append({path.name: path.read_text() for path in (directory.path / "tables").glob("latency*.csv")})
    assert texts[0]
    assert texts[0] == texts[1] == texts[2]


def _plain(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return texts as such, and whole numbers with all of their bits."""
    kind = pa.string() if pa.types.is_dictionary(column.type) else pa.int64()
    return column if pa.types.is_floating(column.type) else column.cast(kind)
