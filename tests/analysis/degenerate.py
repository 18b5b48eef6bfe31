"""Runs that went wrong in every way that a report has to survive."""

import random
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from tests.analysis.open_runs import FLAT, plan_of, play, stalling
from tests.analysis.synthetic import (
    CHANGE,
    KINDS,
    STAGES,
    TIMED_OUT,
    counts_of,
    easy_seconds,
    record_of,
    samples_of,
    write_health,
    write_run,
)

from pwdload.rundir import ClockRecord, RunDirectory, StageRecord
from pwdload.samples import Sample

ODD_CODES = (
    "<script>alert(1)</script>",
    "</script><script>alert(2)</script>",
    '"><img src=x onerror=alert(3)>',
    "'quoted' & \"double\"",
    "状态令牌无效",
    "a|b`c*d_e[f](javascript:alert(4))",
    "=HYPERLINK(1)",
    "\u2028line\nbreak",
    "{{ 7 * 7 }}",
    "start_s",
    "first\nsecond\n\tthird",
    "Ünïcode \U0001f511 " * 30,
)


def finished(path: Path) -> RunDirectory:
    """A run that went well."""
    samples = samples_of(flows=2000)
    directory = write_run(path, samples, counts=counts_of(samples))
    write_health(directory, easy_seconds("local", 100, random.Random(1)))
    return directory


def open_arrivals(path: Path) -> RunDirectory:
    """A run with open arrivals in two processes on two machines, that went well."""
    played = play(plan_of(kind="poisson", slots=60), workers=2)
    clock = ClockRecord(offset_s=-12.25, error_s=0.0004, drift_s=-0.0001)
    return played.with_worker("worker-2", lambda worker: replace(worker, clock=clock)).write(path)


def dropped_arrivals(path: Path) -> RunDirectory:
    """A run whose target stood still, and whose slots and queue could not hold what came meanwhile."""
    return play(plan_of(FLAT, slots=20, queue_limit=100), service=stalling, steps=1).write(path)


def lost_worker(path: Path) -> RunDirectory:
    """A run in which one of two processes was killed."""
    return play(plan_of(), workers=2).losing("worker-2", 12.0).write(path, unfinished=frozenset({"worker-2"}))


def cut_short(path: Path) -> RunDirectory:
    """A run that was killed after 42 seconds: no end on record, and one of its two files unfinished."""
    samples = [sample for sample in samples_of(flows=1000, workers=2) if sample.done_s < 42.0]
    record = replace(record_of(samples), ended_utc=None, duration_s=None, ended_by="", workers=(), users=None)
    record = replace(record, expected_workers=("worker-0", "worker-1", "worker-2"))
    return write_run(path, samples, record=record, unfinished=frozenset({"worker-1"}))


def killed_at_once(path: Path) -> RunDirectory:
    """A run of which nothing but the record is left."""
    path.mkdir(parents=True)
    directory = RunDirectory(path)
    directory.write_record(replace(record_of([]), ended_utc=None, duration_s=None, workers=(), expected_workers=()))
    return directory


def no_samples(path: Path) -> RunDirectory:
    """A run that ended in order and never sent anything."""
    return write_run(path, [], counts=counts_of([]))


def one_sample(path: Path) -> RunDirectory:
    """A run of one request."""
    samples = samples_of(flows=1, stages=())[:1]
    return write_run(path, samples, record=replace(record_of(samples, stages=()), duration_s=1.0))


def all_failed(path: Path) -> RunDirectory:
    """A target that refused every connection."""
    refused = [_without_answer(sample, "transport:refused", "not_sent") for sample in samples_of(flows=200)]
    return write_run(path, [sample._replace(sent_s=None) for sample in refused])


def all_unknown(path: Path) -> RunDirectory:
    """A target that answered nothing."""
    return write_run(path, [_without_answer(s, "transport:timeout", "unknown") for s in samples_of(flows=200)])


def one_second(path: Path) -> RunDirectory:
    """A run of one second."""
    stages = (StageRecord(name="all", start_s=0.0, end_s=None, users=None),)
    samples = samples_of(flows=40, length_s=1.0, stages=stages)
    return write_run(path, samples, record=replace(record_of(samples, stages=stages), duration_s=1.0))


def zero_seconds(path: Path) -> RunDirectory:
    """A run that was stopped before its clock moved."""
    return write_run(path, [], record=replace(record_of([]), duration_s=0.0))


def outage(path: Path) -> RunDirectory:
    """A target that was silent from 30 s to 45 s, and lost some requests for good."""
    samples = samples_of(flows=4000, kinds=(*KINDS, TIMED_OUT))
    return write_run(path, [_held(sample) for sample in samples], counts=counts_of(samples))


def odd_characters(path: Path) -> RunDirectory:
    """A target, and a catalogue, that speak in markup."""
    kinds = [
        replace(CHANGE, case=odd, status=odd, error_code=odd, outcome="wrong_reject", weight=3 if "(1)<" in odd else 1)
        for odd in ODD_CODES
    ]
    stages = tuple(replace(stage, name=f"{stage.name} {ODD_CODES[0]}") for stage in STAGES)
    samples = samples_of(flows=500, kinds=kinds, stages=stages)
    record = replace(record_of(samples, stages=stages), title=ODD_CODES[1], target=ODD_CODES[2], notes=(ODD_CODES[0],))
    directory = write_run(path, samples, record=record)
    directory.scenario_file.write_text(f'title = "</pre></details>{ODD_CODES[1]}"\n', "utf-8")
    return directory


def clock_step(path: Path) -> RunDirectory:
    """A run in which the clock of a process was set back by five seconds while requests were on their way."""
    samples = samples_of(flows=1000, workers=2)
    directory = write_run(path, samples, counts=counts_of(samples))
    file = directory.samples / "worker-1.parquet"
    rows = pq.read_table(file)
    for name in ("first_byte_s", "done_s"):
        times_s = rows[name].to_pylist()
        stepped = [one - 5.0 if one is not None and 50.0 <= one < 50.5 else one for one in times_s]
        at = rows.schema.get_field_index(name)
        rows = rows.set_column(at, rows.schema.field(at), pa.array(stepped, pa.float64()))
    pq.write_table(rows, file)
    return directory


def missing_worker(path: Path) -> RunDirectory:
    """A run of three processes of which the files of one were lost on the way here."""
    samples = samples_of(flows=1500, workers=3)
    directory = write_run(path, samples, counts=counts_of(samples))
    (directory.samples / "worker-2.parquet").unlink()
    return directory


def truncated_parquet(path: Path) -> RunDirectory:
    """A run of two processes of which the file of one was cut off in the middle."""
    samples = samples_of(flows=1000, workers=2)
    directory = write_run(path, samples, counts=counts_of(samples))
    file = directory.samples / "worker-1.parquet"
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    return directory


def _without_answer(sample: Sample, code: str, outcome: str) -> Sample:
    return sample._replace(http_status=None, first_byte_s=None, status="", error_code=code, outcome=outcome)


def _held(sample: Sample) -> Sample:
    """Return the sample as a target that holds its answers from 30 s to 45 s would have given it."""
    if not 30.0 <= sample.done_s < 45.0:
        return sample
    done_s = 45.0 + (sample.done_s - 30.0) * 0.02
    return sample._replace(done_s=done_s, first_byte_s=None if sample.first_byte_s is None else done_s)


DEGENERATE: Mapping[str, Callable[[Path], RunDirectory]] = {
    make.__name__: make
    for make in (
        finished,
        cut_short,
        killed_at_once,
        no_samples,
        one_sample,
        all_failed,
        all_unknown,
        one_second,
        zero_seconds,
        outage,
        odd_characters,
        clock_step,
        missing_worker,
        truncated_parquet,
        open_arrivals,
        dropped_arrivals,
        lost_worker,
    )
}
