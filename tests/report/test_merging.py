"""One dataset in one file or in sixteen gives the same tables: percentiles are of all samples, never of percentiles."""

import re
from collections.abc import Mapping
from pathlib import Path

import pytest
from tests.analysis.synthetic import counts_of, samples_of, write_run

from pwdload.analysis import load_run
from pwdload.analysis.run import read_samples_of
from pwdload.report import build, tables
from pwdload.report.judged import judged

ABOUT_PROCESSES = {"sample_files", "latency_by_worker"}
"""Tables with a row per process, which differ as they must."""
Tables = Mapping[str, str]


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Tables:
    """The tables of a run of one process."""
    return tables_of(tmp_path_factory.mktemp("runs") / "alone", 1)


@pytest.fixture(scope="module")
def sixteen(tmp_path_factory: pytest.TempPathFactory) -> Tables:
    """The tables of the same run, recorded by sixteen processes."""
    return tables_of(tmp_path_factory.mktemp("runs") / "sixteen", 16)


def tables_of(path: Path, workers: int) -> Tables:
    """Return the tables of the same 1,500 flows as CSV, recorded by so many processes, their number cut out."""
    samples = samples_of(flows=1500, workers=workers)
    directory = write_run(path, samples, counts=counts_of(samples))
    report = build(load_run(directory), judged(directory, read_samples_of(directory)))
    return {one.name: re.sub(r"\d+ process(es)?", "processes", tables.render(one)) for one in report.tables}


def different(one: Tables, other: Tables) -> set[str]:
    """Return the names of the tables that are not the same to the byte."""
    return {name for name in one.keys() | other.keys() if one.get(name) != other.get(name)}


def test_two_processes_change_no_table(alone: Tables, tmp_path: Path) -> None:
    """Split over two processes, every table that is not about them is the same to the byte."""
    assert different(alone, tables_of(tmp_path / "run", 2)) == ABOUT_PROCESSES


def test_sixteen_processes_change_no_table(alone: Tables, sixteen: Tables) -> None:
    """Nor over sixteen: percentiles, their intervals, distributions, settling and Little's law are of all samples."""
    assert different(alone, sixteen) == ABOUT_PROCESSES
    assert {"latency_by_step", "latency_by_stage", "response_distribution", "settling", "littles_law"} <= alone.keys()


def test_processes_have_rows_of_their_own(alone: Tables, sixteen: Tables) -> None:
    """The table by process has one row for each, whose counts add up to those of the whole."""
    counts = [[int(row.split(",")[1]) for row in one["latency_by_worker"].splitlines()[1:]] for one in (alone, sixteen)]
    assert [len(each) for each in counts] == [1, 16]
    assert sum(counts[0]) == sum(counts[1])
