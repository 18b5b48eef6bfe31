"""Makes runs against queues whose capacity is known: stepped, ramped and closed, in virtual time and without files.

A flow is one update_password, so that the rate of flows is the rate at which the queue is asked.
"""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from heapq import heapify, heapreplace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from tests.analysis.synthetic import record_of

from pwdload.analysis import Run, load_run
from pwdload.pacing import RatePlan, Schedule
from pwdload.rundir import ArrivalPlan, RateRecord, RunDirectory, RunRecord, StageRecord
from pwdload.samples import SCHEMA

Floats = npt.NDArray[np.float64]
Target = Callable[[Floats, random.Random], tuple[Floats, npt.NDArray[np.bool_]]]
"""From the times of arrival, and chance, to when each answer comes, and which were turned away at once."""
OK = {"http_status": 200, "status": "SUCCESS", "error_code": "", "outcome": "right_accept"}
SHED = {"http_status": 503, "status": "", "error_code": "COM.0002", "outcome": "shed"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Servers:
    """So many servers with exponential service, first come first served."""

    servers: int
    service_s: float = 0.05
    room: int | None = None
    """How many may be in it, served or waiting, before the next one is turned away; null: as many as come."""
    thrashing: float = 0.0
    """By how much, relative, each request that is there already slows the service of the next one."""

    def __call__(self, due_s: Floats, rng: random.Random) -> tuple[Floats, npt.NDArray[np.bool_]]:
        """Serve the arrivals."""
        free_s = [0.0] * self.servers
        heapify(free_s)
        done_s, shed = np.empty(len(due_s)), np.zeros(len(due_s), dtype=bool)
        leaving: list[float] = []  # in order of time: as first come is first served, nearly so
        first = 0
        for place, at_s in enumerate(due_s):
            while first < len(leaving) and leaving[first] <= at_s:
                first += 1
            there = len(leaving) - first
            if self.room is not None and there >= self.room:
                done_s[place], shed[place] = at_s + 0.001, True
                continue
            slowed = 1 + self.thrashing * max(0, there - self.servers)
            done = max(at_s, free_s[0]) + rng.expovariate(1 / (self.service_s * slowed))
            heapreplace(free_s, done)
            done_s[place] = done
            leaving.append(max(done, leaving[-1]) if leaving else done)
        return done_s, shed


def stepped(rates: Sequence[float], hold_s: float) -> tuple[RateRecord, ...]:
    """The pieces of one stage that holds each rate for a time."""
    return tuple(
        RateRecord("steps", place * hold_s, (place + 1) * hold_s, rate, rate) for place, rate in enumerate(rates)
    )


def run_of(
    path: Path, pieces: Sequence[RateRecord], target: Target, *, seed: int = 1, slo: str = "", timeout_s: float = 1e9
) -> Run:
    """Play open Poisson arrivals against a target and load the run."""
    plan = ArrivalPlan(kind="poisson", seed=seed, pieces=tuple(pieces), slots=10**6, queue_limit=10**6)
    schedule = Schedule(plan=RatePlan.of(plan.pieces), arrivals=plan.kind, seed=seed)
    due_s = np.fromiter(schedule.due_times(), np.float64)
    done_s, shed = target(due_s, random.Random(f"queue:{seed}"))
    names = {piece.stage: (piece.start_s, piece.end_s) for piece in reversed(pieces)}
    ends = {piece.stage: piece.end_s for piece in pieces}
    stages = tuple(
        StageRecord(name=name, start_s=start_s, end_s=ends[name], users=plan.slots)
        for name, (start_s, _) in sorted(names.items(), key=lambda one: one[1])
    )
    record = replace(record_of([], stages=stages), arrivals=plan, workers=(), expected_workers=())
    at = np.searchsorted([piece.end_s for piece in pieces], due_s, side="right").clip(0, len(pieces) - 1)
    stage = [pieces[place].stage for place in at]
    return loaded(path, record, table_of(due_s, done_s, shed, stage), slo)


def loaded(path: Path, record: RunRecord, table: pa.Table, slo: str = "") -> Run:
    """Load a run whose samples are in memory."""
    path.mkdir(parents=True, exist_ok=True)
    directory = RunDirectory(path)
    directory.write_record(record)
    directory.scenario_file.write_text(f'title = "steps"\n[slo]\n{slo}\n', "utf-8")
    return load_run(directory, (table, ()))


def table_of(due_s: Floats, done_s: Floats, shed: npt.NDArray[np.bool_], stage: Sequence[str]) -> pa.Table:
    """Samples of one update_password for each flow."""
    count = len(due_s)
    order = np.argsort(due_s, kind="stable")
    due_s, done_s, shed, stage = due_s[order], done_s[order], shed[order], [stage[place] for place in order]
    same = {"worker": "local", "step": "update_password", "case": "valid_change", "expected": "accept:SUCCESS"}
    numbers = np.arange(count)
    columns: dict[str, object] = {"seq": numbers, "flow": numbers, "account": numbers, "stage": stage}
    columns |= {"intended_s": due_s, "sent_s": due_s, "first_byte_s": done_s, "done_s": done_s}
    columns |= {name: [SHED[name] if one else OK[name] for one in shed.tolist()] for name in OK}
    columns |= {name: [value] * count for name, value in same.items()}
    arrays = []
    for field in SCHEMA:
        if field.name in columns:
            plain = field.type.value_type if pa.types.is_dictionary(field.type) else field.type
            array = pa.array(columns[field.name], plain)
            arrays.append(array.dictionary_encode().cast(field.type) if pa.types.is_dictionary(field.type) else array)
        elif field.nullable or not _has_value(field.type):
            arrays.append(pa.nulls(count, field.type))
        else:
            arrays.append(_blank(field.type, count))
    return pa.Table.from_arrays(arrays, schema=SCHEMA)


def _has_value(kind: pa.DataType) -> bool:
    return not pa.types.is_null(kind)


def _blank(kind: pa.DataType, count: int) -> pa.Array:
    if pa.types.is_dictionary(kind):
        return pa.array([""] * count, kind.value_type).dictionary_encode().cast(kind)
    return pa.array([""] * count if pa.types.is_string(kind) else [0] * count, kind)
