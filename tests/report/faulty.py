"""Run directories of runs with faults: worlds in virtual time, written as a run leaves them."""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
from tests.analysis.open_runs import plan_of, schedule_of
from tests.analysis.recovery_worlds import Fault, World
from tests.analysis.synthetic import record_of, write_run

from pwdload.injections import FaultsRecord, Injection, SteadyLook, write_faults
from pwdload.rundir import ArrivalCounts, RateRecord, RunDirectory, RunRecord, StageRecord
from pwdload.samples import Sample

LENGTH_S = 60.0
TIMEOUT = 'title = "Faults"\n[target]\ntimeout = "1s"\n'
REPEATED = (
    Fault(way="black_hole", inject_s=12.0, heal_s=14.0, recover_s=14.5),
    Fault(way="black_hole", inject_s=26.0, heal_s=28.0, recover_s=29.5),
    Fault(way="drain", inject_s=40.0, heal_s=42.0, recover_s=45.0),
)
LOOK = SteadyLook(
    when="before",
    fault="black_hole",
    from_s=7.0,
    to_s=12.0,
    criterion="failed share at most 1 %",
    measured="0 %",
    met=True,
)


def repeated(faults: Sequence[Fault] = REPEATED) -> tuple[Injection, ...]:
    """Return what is on record of faults; those of one kind are repeats of it."""
    seen: dict[str, int] = {}
    injections = []
    for fault in faults:
        seen[fault.way] = seen.get(fault.way, 0) + 1
        injections.append(replace(fault.injection, repeat=seen[fault.way]))
    return tuple(injections)


def open_run(path: Path, faults: Sequence[Fault] = REPEATED, record: FaultsRecord | None = None) -> RunDirectory:
    """Write a run of open arrivals, 40 flows a second for a minute."""
    plan = plan_of([RateRecord("steady", 0.0, LENGTH_S, 40.0, 40.0)], slots=600)
    due_s = np.array([arrival.due_s for arrival in schedule_of(plan)])
    world = World(faults=tuple(faults), due_s=due_s, length_s=LENGTH_S)
    samples = samples_of(world.samples())
    run = _record(samples)
    worker = replace(run.workers[0], arrivals=ArrivalCounts(due=len(due_s), begun=len(due_s)))
    return _written(path, samples, replace(run, arrivals=plan, workers=(worker,)), world, record)


def closed_run(path: Path, faults: Sequence[Fault] = REPEATED, record: FaultsRecord | None = None) -> RunDirectory:
    """Write a run of a closed loop of 20 users."""
    world = World(faults=tuple(faults), arrivals="closed", think_s=0.4, length_s=LENGTH_S, retries=1)
    samples = samples_of(world.samples())
    return _written(path, samples, _record(samples), world, record)


def samples_of(frame: pd.DataFrame) -> list[Sample]:
    """Return what a world's clients recorded as the samples of one process."""
    rows = frame.assign(seq=np.arange(len(frame))).to_dict("records")
    return [_sample(row) for row in rows]


def _sample(row: Mapping[Hashable, object]) -> Sample:
    code, step, flow = str(row["error_code"]), str(row["step"]), int(str(row["flow"]))
    is_silent, done_s = code.startswith("transport:"), float(str(row["done_s"]))
    accepted = "PASSWORD_EXPIRED" if step == "login" else "SUCCESS"
    return Sample(
        seq=int(str(row["seq"])),
        worker="local",
        flow=flow,
        step=step,
        case="valid_change",
        stage="steady",
        account=flow,
        generation=0,
        password="",
        new_password="",
        token=None,
        session=None,
        device="android",
        intended_s=float(str(row["intended_s"])),
        sent_s=float(str(row["sent_s"])),
        first_byte_s=None if is_silent else done_s,
        done_s=done_s,
        connect_s=None,
        tls_s=None,
        http_status=None if is_silent else 503 if code else 200,
        status="" if code else accepted,
        error_code=code,
        outcome="unknown" if is_silent else "shed" if code else "right_accept",
        remark="",
        expected=f"accept:{accepted}",
        bytes_sent=700,
        bytes_received=0 if is_silent else 300,
        attempt=int(str(row["attempt"])),
    )


def _record(samples: Sequence[Sample]) -> RunRecord:
    stages = (StageRecord(name="steady", start_s=0.0, end_s=LENGTH_S, users=20),)
    return replace(record_of(samples, stages=stages), title="Three silences", scenario="black_hole")


def _written(
    path: Path, samples: Sequence[Sample], run: RunRecord, world: World, record: FaultsRecord | None
) -> RunDirectory:
    directory = write_run(path, samples, record=run)
    directory.scenario_file.write_text(TIMEOUT)
    if record is None:
        record = FaultsRecord(engine="embedded", injections=repeated(world.faults), steady=(LOOK,))
    write_faults(directory.faults_file, record)
    return directory
