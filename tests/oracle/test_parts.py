"""A run that is judged in parts gets the judgement that it gets as a whole, whatever the parts are."""

import random
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory, gettempdir
from unittest import mock

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.bench.big_run import write_big_run
from tests.oracle.histories import BAD, DOUBTFUL, GOOD
from tests.oracle.made import RECORD, change, history, login
from tests.oracle.test_quick_paths import random_run

from pwdload.errors import RunDirectoryError
from pwdload.oracle import History, Judgement, check_run, judge, read_history
from pwdload.oracle import registers as searched
from pwdload.oracle.coding import NARROW_KINDS
from pwdload.oracle.judge import judge_parts, judge_run_in_parts
from pwdload.oracle.parts import InParts
from pwdload.oracle.spill import Spill, scratch_folder
from pwdload.oracle.spilling import Spilling
from pwdload.outcome import Verdict
from pwdload.rundir import ClockRecord, RunDirectory, WorkerRecord
from pwdload.samples import SCHEMA, Sample, SampleWriter, read_samples, streaming

PARTS = (1, 2, 7)


def written(whole: History, path: Path) -> RunDirectory:
    """Write a history down as a run would have left it."""
    directory = RunDirectory(path)
    directory.samples.mkdir(parents=True)
    rows = whole.rows.cast(SCHEMA)
    for worker in sorted({*rows["worker"].to_pylist()}):
        mine = rows.filter(pa.array([name == worker for name in rows["worker"].to_pylist()])).sort_by("seq")
        pq.write_table(mine, directory.samples / f"{worker}.parquet", row_group_size=11)
    directory.write_record(whole.record)
    if whole.endings is not None:
        pq.write_table(whole.endings, directory.endings_file)
    return directory


def judged_in_parts(whole: History, directory: RunDirectory, parts: int) -> Judgement:
    with Spilling(directory.path) as spilling, mock.patch.object(streaming, "_PIECE_ROWS", 20):
        down = spilling.write(directory, parts)
        told = replace(whole, files=down.files)
        return judge_parts(InParts(circumstances=told, written=down, spilling=spilling))


def as_read(whole: History, directory: RunDirectory) -> History:
    rows, files = read_samples(directory.samples)
    return replace(whole, rows=rows, files=files)


def compare(whole: History, path: Path, parts: Sequence[int] = PARTS) -> Judgement:
    """Say that the judgement is the same in each number of parts, and return it."""
    directory = written(whole, path)
    expected = judge(as_read(whole, directory))
    for number in parts:
        assert judged_in_parts(whole, directory, number) == expected
    return expected


def crossing(seed: int, accounts: int = 24) -> History:
    """A run in which accounts use, and are given, each other's tokens and sessions, on two clocks that are apart."""
    rng = random.Random(seed)
    base = random_run(seed, accounts)
    columns = {name: base.rows[name].to_pylist() for name in base.rows.column_names}
    count = len(base.rows)
    columns["worker"] = [rng.choice(("local", "local", "local", "worker-2", "worker-10")) for _ in range(count)]
    columns["flow"] = list(columns["account"])
    columns["session"] = [rng.choice((None, rng.randrange(1, 40))) for _ in range(count)]
    columns["case"] = [rng.choice(("valid_change", "race", "login_unknown_user")) for _ in range(count)]
    columns["account"] = [-1 if rng.random() < 0.03 else one for one in columns["account"]]
    for at in range(count):
        if columns["step"][at] == "login":
            columns["token"][at] = columns["account"][at] * 10 + rng.randrange(1, 5)
            if columns["http_status"][at] and rng.random() < 0.1:
                columns["http_status"][at], columns["error_code"][at] = 400, "LOGIN.0001"
                columns["status"][at], columns["outcome"][at] = "", "right_reject"
        if columns["token"][at] is not None and rng.random() < 0.15:
            columns["token"][at] = rng.randrange(1, accounts * 10)
        if rng.random() < 0.1:
            remark = rng.choice(("echo:password", "id_token:another", "session:another", "id_token:unreadable"))
            columns["remark"][at] = remark
        if rng.random() < 0.1:
            columns["outcome"][at] = rng.choice(("wrong_accept", "wrong_reject", "contract_violation", "unknown"))
        if rng.random() < 0.05:
            columns["error_code"][at] = rng.choice(("LOGIN.0001", "PWD.0099", "transport:reset"))
    numbers: dict[str, int] = {}
    for at, worker in enumerate(columns["worker"]):
        columns["seq"][at] = numbers[worker] = numbers.get(worker, -1) + 1
    clock = ClockRecord(offset_s=0.0, error_s=0.3, drift_s=0.0)
    workers = tuple(
        WorkerRecord(name=name, samples=last + 1, clock=None if name == "local" else clock)
        for name, last in numbers.items()
    )
    table = pa.table([pa.array(columns[name], SCHEMA.field(name).type) for name in SCHEMA.names], SCHEMA)
    record = replace(base.record, workers=workers)
    return replace(base, rows=table, record=record, settings=replace(base.settings, lockout_threshold=2))


ALL = {**GOOD, **{name: one for name, (_, one) in (*BAD.items(), *DOUBTFUL.items())}}


@pytest.mark.parametrize("name", ALL)
def test_a_history_in_parts_is_judged_as_a_whole(name: str, tmp_path: Path) -> None:
    """Good, bad or doubtful: every check comes to the same, timelines and counts included."""
    compare(ALL[name], tmp_path / "run", (2,))


@settings(max_examples=4, deadline=None)
@given(st.integers(0, 2**32))
def test_random_accounts_in_parts_are_judged_as_a_whole(seed: int) -> None:
    """Whatever accounts have to do with each other, and with how many processes."""
    with TemporaryDirectory() as folder:
        compare(crossing(seed, accounts=12), Path(folder) / "run", (2, 5))


def test_every_check_finds_something_across_parts(tmp_path: Path) -> None:
    """The histories that are compared break every rule but that of timing, among them those between accounts."""
    found, rules = set(), set()
    for seed in (1, 2, 5):
        judgement = compare(crossing(seed), tmp_path / str(seed), (7,))
        found |= {result.check for result in judgement.results if result.violations}
        rules |= {one.rule for result in judgement.results for one in result.violations}
    assert found == {result.check for result in judgement.results} - {"assumptions", "timing", "doubt"}
    assert {"I1: a state_token belongs to one account", "a session belongs to the one who logged in"} <= rules


def test_a_call_with_anothers_token_is_told_of_in_the_others_part(tmp_path: Path) -> None:
    """What a call without an answer may have done to the other account excuses it, in whatever part that is."""
    others = [login("0", 0.5 + at / 10, token=10 + at, account=at) for at in range(1, 7)]
    calls = [change("0", "1", 2, "timeout", token=10 + at, account=0) for at in (1, 6)]
    answers = [login("0", 5, "LOGIN.0002", account=at, outcome="wrong_reject") for at in (1, 3, 6)]
    judgement = compare(history(login("0", 0, token=1), *others, *calls, *answers), tmp_path / "run")
    broken = next(result for result in judgement.results if result.check == "linearizability")
    assert [one.account for one in broken.violations] == [3]


def test_a_guest_is_as_late_as_its_clock_may_be(tmp_path: Path) -> None:
    """A call of an account that two processes used, by clocks that are apart, may have been earlier for the other."""
    clock = ClockRecord(offset_s=0.0, error_s=0.6)
    workers = tuple(WorkerRecord(name=name, samples=0, clock=clock) for name in ("local", "worker-2"))
    given = (login("0", 0, token=1), login("0", 0.1, token=2, account=5), login("0", 0.2, worker="worker-2"))
    call = change("0", "1", 2, "timeout", token=2)
    told = (login("0", at, "LOGIN.0002", account=5, outcome="wrong_reject") for at in (0.5, 1.5))
    early, late = (history(*given, call, one, record=replace(RECORD, workers=workers)) for one in told)
    found = [compare(run, tmp_path / str(at), (2,)).results[3] for at, run in enumerate((early, late))]
    assert [one.violations_total for one in found] == [1, 0]


def test_the_search_has_one_budget_for_all_parts(tmp_path: Path) -> None:
    """Where the search gives up is a matter of the run, not of its parts."""
    whole = random_run(5, 60)
    directory = written(whole, tmp_path / "run")
    for budget in (40, 150):
        expected = judge(replace(as_read(whole, directory), budget=budget))
        with mock.patch("pwdload.oracle.parts.TOTAL_BUDGET", budget):
            assert judged_in_parts(whole, directory, 7) == expected
        assert expected != judge(as_read(whole, directory))
    assert searched.TOTAL_BUDGET > 150


@pytest.mark.parametrize("parts", PARTS)
def test_a_long_run_is_judged_in_parts_by_itself(parts: int, tmp_path: Path) -> None:
    """With the races, the answer times and the endings of a run of the harness, read from its files."""
    directory = write_big_run(tmp_path / "run", 20_000)
    assert judge_run_in_parts(directory, parts) == judge(read_history(directory))
    with mock.patch("pwdload.oracle.judge.WHOLE_ROWS_MOST", 0):
        assert check_run(directory) == judge(read_history(directory))


def test_parts_are_about_as_long_and_numbers_too_wide_for_them_are_no_matter(tmp_path: Path) -> None:
    """Accounts are shared out by their samples; a number that does not fit is found out, and all written once more."""
    directory = write_big_run(tmp_path / "run", 20_000)
    with Spilling(tmp_path) as spilling:
        rows = spilling.write(directory, 7).rows
        assert all(20_000 / 7 * 0.9 < rows.rows(part) < 20_000 / 7 * 1.1 for part in range(7))
    with mock.patch("pwdload.oracle.spilling.NARROW_KINDS", {**NARROW_KINDS, "seq": "i1"}):
        assert judge_run_in_parts(directory, 2) == judge(read_history(directory))


@pytest.mark.slow
def test_a_longer_run_in_parts_is_judged_as_a_whole(tmp_path: Path) -> None:
    """A million samples, in as many parts as its length asks for, and in more; and forty random runs."""
    directory = write_big_run(tmp_path / "run", 1_000_000)
    expected = judge(read_history(directory))
    assert judge_run_in_parts(directory) == judge_run_in_parts(directory, 31) == expected
    for seed in range(40):
        compare(crossing(seed, accounts=60), tmp_path / str(seed), (2, 13))


def as_blocks(rows: pa.Table, folder: Path, worker: str) -> None:
    """Write rows as a process has them that did not end."""
    writer = SampleWriter(folder, worker, block_rows=7)
    for row in rows.to_pylist():
        writer.append(Sample(**row))
    writer.flush()
    writer.file.close()


def test_what_is_twice_torn_or_on_two_disks_is_read_as_ever(tmp_path: Path) -> None:
    """A file whose numbers come twice, one that is cut, blocks with damage, and a spool: the same rows are judged."""
    directory = written(crossing(3), tmp_path / "run")
    twice, ours, cut = (directory.samples / f"{name}.parquet" for name in ("local", "worker-10", "worker-2"))
    rows = pq.read_table(twice)
    pq.write_table(pa.concat_tables([rows, rows.slice(0, 9)]), twice)
    cut.write_bytes(cut.read_bytes()[:-50])
    rows = pq.read_table(ours)
    ours.unlink()
    as_blocks(rows, directory.samples, "worker-10")
    _compare_as_read(directory)
    blocks = directory.samples / "worker-10.arrows"
    torn = bytearray(blocks.read_bytes())
    torn[len(torn) // 2] ^= 255
    blocks.write_bytes(bytes(torn[:-20]))
    _compare_as_read(directory)
    as_blocks(rows, directory.spool, "worker-10")
    _compare_as_read(directory)


def _compare_as_read(directory: RunDirectory) -> None:
    expected = judge(read_history(directory))
    assert expected.verdict is not Verdict.PASS
    for parts in PARTS:
        assert judge_run_in_parts(directory, parts) == expected


def test_a_file_that_breaks_off_in_the_middle_has_no_rows(tmp_path: Path) -> None:
    """What was read before the damage does not count, as ever."""
    directory = write_big_run(tmp_path / "run", 20_000)
    path = directory.samples / "worker-2.parquet"
    rows = pq.read_table(path)
    pq.write_table(rows, path, row_group_size=1_000, compression="zstd")
    whole = bytearray(path.read_bytes())
    middle = pq.read_metadata(path).row_group(3).column(SCHEMA.names.index("done_s")).data_page_offset
    whole[middle : middle + 4_000] = bytes(4_000)
    path.write_bytes(bytes(whole))
    expected = judge(read_history(directory))
    assert expected.verdict is Verdict.INCONCLUSIVE
    with mock.patch.object(streaming, "_PIECE_ROWS", 1_000):
        assert judge_run_in_parts(directory, 3) == expected


def test_without_room_on_the_disk_a_run_is_refused(tmp_path: Path) -> None:
    """One line says how much is needed, where, how much is free, and what to do."""
    directory = write_big_run(tmp_path / "run", 20_000)
    with (
        mock.patch("pwdload.oracle.spill.shutil.disk_usage", return_value=mock.Mock(free=1_000)),
        pytest.raises(RunDirectoryError, match=r"GB of temporary files are needed .* are free; .* set TMPDIR"),
    ):
        judge_run_in_parts(directory)


def test_temporary_files_are_where_the_environment_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else beside the run, since /tmp is in memory on many machines."""
    monkeypatch.setenv("TMPDIR", "/somewhere")
    assert scratch_folder(tmp_path) == Path("/somewhere")
    monkeypatch.delenv("TMPDIR")
    assert scratch_folder(tmp_path) == tmp_path
    assert scratch_folder(tmp_path / "nowhere") == Path(gettempdir())


def test_temporary_files_have_no_name(tmp_path: Path) -> None:
    """Nothing is left of them, whatever ends the process."""
    spill = Spill({"number": "i8"}, 2, tmp_path)
    spill.add(np.array([1, 0, 1]), {"number": np.array([7, 8, 9])})
    assert not [*tmp_path.iterdir()]
    assert spill.read(1)["number"].tolist() == [7, 9]
    assert spill.read(0)["number"].tolist() == [8]
    spill.close()
