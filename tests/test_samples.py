"""Samples: what is written is what is read, whatever happens to the process that wrote it."""

import math
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pwdload.errors import RunDirectoryError
from pwdload.samples import SCHEMA, Sample, SampleWriter, columns, read_samples, room, to_batch


def sample(seq: int = 0, **changes: object) -> Sample:
    """Return a plausible sample, with changes."""
    plain = Sample(
        seq=seq,
        worker="local",
        flow=seq // 2,
        step="login",
        case="valid_change",
        stage="all",
        account=seq,
        generation=1,
        password="",
        new_password="",
        token=None,
        session=None,
        device="android",
        intended_s=seq * 0.01,
        sent_s=seq * 0.01,
        first_byte_s=seq * 0.01 + 0.002,
        done_s=seq * 0.01 + 0.003,
        connect_s=None,
        tls_s=None,
        http_status=200,
        status="SUCCESS",
        error_code="",
        outcome="right_accept",
        remark="",
        expected="accept:SUCCESS",
        bytes_sent=500,
        bytes_received=200,
    )
    return Sample(**plain._asdict() | changes)


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
times = st.lists(st.floats(-1, 1e6), min_size=4, max_size=4).map(sorted)


@st.composite
def samples(draw: st.DrawFn) -> Sample:
    """Any sample that keeps the law of times, with words as odd as an answer may bring."""
    intended, sent, first, done = draw(times)
    answered = draw(st.booleans())
    return sample(
        draw(st.integers(0, 2**40)),
        step=draw(texts),
        error_code=draw(texts),
        intended_s=intended,
        sent_s=sent,
        first_byte_s=first if answered else None,
        done_s=done,
        connect_s=draw(st.none() | st.floats(0, 10)),
        http_status=draw(st.integers(100, 599)) if answered else None,
    )


@given(st.lists(samples(), max_size=20))
def test_a_batch_gives_the_same_rows_back(rows: list[Sample]) -> None:
    """No value of any column is changed by the format."""
    assert [Sample(**row) for row in to_batch(rows).to_pylist()] == rows


@pytest.mark.parametrize(
    "changes",
    [{"sent_s": -1.0}, {"done_s": 0.0, "first_byte_s": 0.5}, {"done_s": math.nan}, {"intended_s": math.inf}],
)
def test_impossible_times_are_refused(changes: dict[str, object]) -> None:
    """A clock that steps back is an error of the instrument, never a number in a report."""
    with pytest.raises(ValueError, match="intended <= sent <= first byte <= done"):
        to_batch([sample(0, **changes)])


def test_a_finished_process_leaves_one_parquet_file_with_every_row(tmp_path: Path) -> None:
    """Blocks of any size come out as the rows that went in, in order."""
    rows = [sample(n, step=f"step {n // 7}") for n in range(100)]
    writer = SampleWriter(tmp_path, "local", block_rows=9)
    for row in rows:
        writer.append(row)
    assert writer.close() == tmp_path / "local.parquet"
    table, (file,) = read_samples(tmp_path)
    assert [Sample(**row) for row in table.to_pylist()] == rows
    assert (file.rows, file.finished, file.missing) == (100, True, 0)
    assert [path.name for path in tmp_path.iterdir()] == ["local.parquet"]


def test_a_killed_process_leaves_its_complete_blocks(tmp_path: Path) -> None:
    """Whatever was flushed before a kill -9 is readable, even when the last block was cut in two."""
    writer = SampleWriter(tmp_path, "worker-0", block_rows=10)
    for n in range(40):
        writer.append(sample(n, worker="worker-0"))
    whole = (tmp_path / "worker-0.arrows").read_bytes()
    killed = tmp_path / "killed"
    killed.mkdir()
    read = []
    for size in range(0, len(whole) + 1, 97):
        (killed / "worker-0.arrows").write_bytes(whole[:size])
        table, (file,) = read_samples(killed)
        assert not file.finished
        assert table["seq"].to_pylist() == list(range(table.num_rows))
        read.append(table.num_rows)
    writer.close()
    assert read == sorted(read)
    assert {0, 10, 20, 30} <= set(read) <= {0, 10, 20, 30, 40}


def test_missing_sequence_numbers_are_counted(tmp_path: Path) -> None:
    """A gap in the numbering is seen, so that lost samples cannot go unnoticed."""
    writer = SampleWriter(tmp_path, "local")
    for n in (0, 1, 4, 5):
        writer.append(sample(n))
    writer.close()
    _, (file,) = read_samples(tmp_path)
    assert file.missing == 2


def test_samples_of_several_processes_are_merged_by_intended_time(tmp_path: Path) -> None:
    """The order of the merged table does not depend on which process wrote what when."""
    for worker, numbers in (("worker-1", (1, 3, 5)), ("worker-0", (0, 2, 4))):
        writer = SampleWriter(tmp_path, worker)
        for seq, n in enumerate(numbers):
            writer.append(sample(n)._replace(seq=seq, worker=worker))
        writer.close()
    table, files = read_samples(tmp_path)
    assert table["account"].to_pylist() == [0, 1, 2, 3, 4, 5]
    assert [file.worker for file in files] == ["worker-0", "worker-1"]


@pytest.mark.parametrize("content", [b"", b"junk", b"PAR1" + bytes(40) + b"PAR1"])
def test_a_damaged_file_counts_as_unfinished(tmp_path: Path, content: bytes) -> None:
    """A file that cannot be read does not take the others down with it."""
    (tmp_path / "worker-0.parquet").write_bytes(content)
    writer = SampleWriter(tmp_path, "worker-1")
    writer.append(sample(0, worker="worker-1"))
    writer.close()
    table, (damaged, good) = read_samples(tmp_path)
    assert (damaged.finished, damaged.rows, good.finished, table.num_rows) == (False, 0, True, 1)


def test_a_parquet_file_of_another_make_counts_as_unfinished(tmp_path: Path) -> None:
    """A readable file with other columns is not taken for samples."""
    pq.write_table(pa.table({"a": [1]}), tmp_path / "local.parquet")
    table, (file,) = read_samples(tmp_path)
    assert (file.finished, table.num_rows, table.cast(SCHEMA).schema) == (False, 0, SCHEMA)


@pytest.mark.parametrize(
    "changes",
    [
        {"done_s": math.nan},
        {"intended_s": -math.inf},
        {"done_s": 1e12},
        {"sent_s": -1.0},
        {"outcome": "banana"},
        {"worker": "worker-9"},
        {"seq": -5},
        {"seq": 0},
    ],
    ids=str,
)
def test_rows_that_nobody_can_have_written_are_counted_and_left_out(tmp_path: Path, changes: dict[str, object]) -> None:
    """A damaged or foreign row never reaches a table, and never goes unnoticed."""
    rows = [sample(0)._asdict(), sample(1)._asdict(), sample(2)._asdict() | changes]
    pq.write_table(pa.Table.from_pylist(rows, SCHEMA), tmp_path / "local.parquet")
    table, (file,) = read_samples(tmp_path)
    assert table["seq"].to_pylist() == [0, 1]
    assert (file.rows, file.damaged) == (2, 1)


def test_many_small_blocks_become_few_large_groups(tmp_path: Path) -> None:
    """An hour of flushes every second is read as fast as one block."""
    writer = SampleWriter(tmp_path, "local")
    for n in range(2000):
        writer.append(sample(n, error_code=f"E{n % 7}"))
        writer.flush()
    path = writer.close()
    assert pq.read_metadata(path).num_row_groups == 1
    table, (file,) = read_samples(tmp_path)
    assert (file.rows, file.missing, table.num_rows) == (2000, 0, 2000)


def test_samples_that_could_not_be_written_are_counted(tmp_path: Path) -> None:
    """A block that fails is known by the number of samples that it held, and the rest is kept."""
    writer = SampleWriter(tmp_path, "local", block_rows=3)
    for n in range(3):
        writer.append(sample(n))
    writer.append(sample(3))
    writer.append(sample(4, done_s=math.nan))
    with pytest.raises(ValueError, match="sample 4"):
        writer.append(sample(5))
    writer.append(sample(6))
    writer.close()
    table, (file,) = read_samples(tmp_path)
    assert (writer.rows, writer.lost) == (7, 3)
    assert table["seq"].to_pylist() == [0, 1, 2, 6]
    assert file.missing == 3


def test_a_directory_without_samples_is_one_clear_line(tmp_path: Path) -> None:
    """Asking for the samples of what is no run says so."""
    with pytest.raises(RunDirectoryError, match="no samples here"):
        read_samples(tmp_path / "samples")


def test_samples_of_an_earlier_version_are_read(tmp_path: Path) -> None:
    """What was not kept then is empty: finished files and blocks alike."""
    later = ["password", "new_password", "token", "session", "remark"]
    table = pa.Table.from_batches([to_batch([sample(0), sample(1)])]).drop_columns(later)
    pq.write_table(table, tmp_path / "local.parquet")
    with pa.OSFile(str(tmp_path / "worker-1.arrows"), "wb") as sink, pa.ipc.new_stream(sink, table.schema) as stream:
        named = table.set_column(1, "worker", pa.array(["worker-1"] * 2).dictionary_encode())
        stream.write_table(named.cast(table.schema))
    rows, files = read_samples(tmp_path)
    assert [file.rows for file in files] == [2, 2]
    assert rows.cast(SCHEMA).schema == SCHEMA
    assert {tuple(row[name] for name in later) for row in rows.to_pylist()} == {("", "", None, None, "")}


def test_columns_that_nobody_asks_for_are_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All others are as they would be, in the same order, be they made one after the other or two at a time."""
    for worker in ("worker-1", "worker-2"):
        writer = SampleWriter(tmp_path, worker)
        for seq in range(40):
            writer.append(sample(seq, worker=worker))
        writer.close()
    whole, files = read_samples(tmp_path)
    monkeypatch.setattr(columns, "_LONG", 0)
    monkeypatch.setattr(room, "_LOOKED_AT", 0)
    part, again = read_samples(tmp_path, without=("seq", "session"))
    assert part.equals(whole.drop_columns(["seq", "session"]))
    assert again == files
