"""Makes runs with open arrivals in virtual time, whose every number is known: slots, queues, drops and all.

`play` lets each process take its turns of a schedule through a queue and slots of its own, as the harness does;
`write` puts the outcome into a run directory. A test that wants a run gone wrong changes the value in between.
"""

import random
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from heapq import heapify, heapreplace
from pathlib import Path
from typing import Literal

from tests.analysis.synthetic import CHANGE, easy_seconds, record_of, write_health, write_run

from pwdload.health import HealthRow
from pwdload.pacing import Arrival, RatePlan, Schedule
from pwdload.rundir import (
    ArrivalCounts,
    ArrivalPlan,
    LostWorker,
    RateRecord,
    RunDirectory,
    RunRecord,
    StageRecord,
    WorkerRecord,
)
from pwdload.samples import Sample

PIECES = (
    RateRecord("warm up", 0.0, 5.0, 0.0, 100.0),
    RateRecord("steady", 5.0, 25.0, 100.0, 100.0),
    RateRecord("rush", 25.0, 30.0, 100.0, 200.0),
)
FLAT = (RateRecord("all", 0.0, 30.0, 100.0, 100.0),)
STALL = (10.0, 15.0)
Service = Callable[[float, random.Random], float]
"""From the moment when a request is sent, and chance, to how long it takes; seconds."""


def quick(_: float, rng: random.Random) -> float:
    """A target that answers within some milliseconds."""
    return 0.004 + 0.002 * rng.random()


def stalling(sent_s: float, _: random.Random) -> float:
    """A target that answers in 5 ms, but holds whatever it gets from 10 s to 15 s until 15 s."""
    return 0.005 + (STALL[1] - sent_s if STALL[0] <= sent_s < STALL[1] else 0.0)


def plan_of(
    pieces: Sequence[RateRecord] = PIECES,
    *,
    kind: Literal["even", "poisson"] = "even",
    slots: int = 600,
    queue_limit: int = 1000,
) -> ArrivalPlan:
    """A plan of arrivals."""
    return ArrivalPlan(kind=kind, seed=7, pieces=tuple(pieces), slots=slots, queue_limit=queue_limit)


def schedule_of(plan: ArrivalPlan) -> tuple[Arrival, ...]:
    """All arrivals of a plan."""
    return tuple(Schedule(plan=RatePlan.of(plan.pieces), arrivals=plan.kind, seed=plan.seed))


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """A run as it was played: what `write` writes, to be spoilt by a test."""

    record: RunRecord
    samples: tuple[Sample, ...]
    health: tuple[HealthRow, ...]

    def with_samples(self, samples: Iterable[Sample]) -> "Played":
        """The run with other samples, numbered anew; what its processes say of their arrivals stays as it was."""
        made = dict.fromkeys((worker.name for worker in self.record.workers), 0)
        kept = []
        for sample in sorted(samples, key=lambda one: one.intended_s):
            kept.append(sample._replace(seq=made[sample.worker]))
            made[sample.worker] += 1
        workers = tuple(replace(one, samples=made[one.name]) for one in self.record.workers)
        return replace(self, samples=tuple(kept), record=replace(self.record, workers=workers))

    def without(self, gone: Callable[[Sample], bool]) -> "Played":
        """The run without some samples, of which its processes know nothing."""
        return self.with_samples(sample for sample in self.samples if not gone(sample))

    def with_worker(self, name: str, change: Callable[[WorkerRecord], WorkerRecord]) -> "Played":
        """The run in which a process said something else."""
        workers = tuple(change(one) if one.name == name else one for one in self.record.workers)
        return replace(self, record=replace(self.record, workers=workers))

    def with_counts(self, name: str, **changed: int) -> "Played":
        """The run in which a process counts its arrivals differently: by so many more or less."""

        def recount(one: WorkerRecord) -> WorkerRecord:
            counts = one.arrivals or ArrivalCounts()
            more = {key: getattr(counts, key) + difference for key, difference in changed.items()}
            return replace(one, arrivals=replace(counts, **more))

        return self.with_worker(name, recount)

    def with_health(self, change: Callable[[HealthRow], HealthRow]) -> "Played":
        """The run whose processes had other seconds."""
        return replace(self, health=tuple(change(row) for row in self.health))

    def losing(self, name: str, at_s: float) -> "Played":
        """The run in which a process died: nothing of it after that, and no word from it."""
        left = self.without(lambda sample: sample.worker == name and sample.done_s >= at_s)
        received = sum(sample.worker == name for sample in left.samples)
        lost = LostWorker(name=name, noticed_s=at_s + 3.0, last_heard_s=at_s - 0.5, samples_received=received)
        workers = tuple(one for one in left.record.workers if one.name != name)
        health = tuple(row for row in left.health if row.worker != name or row.at_s < at_s)
        return replace(left, record=replace(left.record, workers=workers, lost_workers=(lost,)), health=health)

    def write(self, path: Path, *, unfinished: frozenset[str] = frozenset()) -> RunDirectory:
        """Write the run directory."""
        directory = write_run(path, self.samples, record=self.record, unfinished=unfinished)
        if self.health:
            write_health(directory, self.health)
        return directory


def play(
    plan: ArrivalPlan | None = None,
    *,
    workers: int = 1,
    service: Service = quick,
    lag_s: float = 0.0002,
    steps: int = 2,
) -> Played:
    """Play a plan to its end; nothing goes wrong but what the plan's slots and queue cannot hold."""
    plan = plan if plan is not None else plan_of()
    names = ["local"] if workers == 1 else [f"worker-{number}" for number in range(1, workers + 1)]
    schedule = schedule_of(plan)
    parts = [_Process(name, plan, workers, steps) for name in names]
    for arrival in schedule:
        parts[arrival.number % workers].take(arrival, service, lag_s)
    samples = sorted((sample for part in parts for sample in part.samples), key=lambda one: (one.intended_s, one.seq))
    stages = tuple(
        StageRecord(name=name, start_s=start_s, end_s=end_s, users=plan.slots, measured=name != "warm up")
        for name, start_s, end_s in _stages(plan)
    )
    records = tuple(WorkerRecord(name=part.name, samples=len(part.samples), arrivals=part.counts) for part in parts)
    record = replace(
        record_of(samples, stages=stages),
        arrivals=plan,
        workers=records,
        expected_workers=tuple(names),
        users=plan.slots,
    )
    return Played(record=record, samples=tuple(samples), health=tuple(row for part in parts for row in part.health()))


def _stages(plan: ArrivalPlan) -> list[tuple[str, float, float]]:
    spans: dict[str, tuple[float, float]] = {}
    for piece in plan.pieces:
        start_s, _ = spans.get(piece.stage, (piece.start_s, 0.0))
        spans[piece.stage] = (start_s, piece.end_s)
    return [(name, *span) for name, span in spans.items()]


class _Process:
    """One process: its slots, its queue, and what it did."""

    def __init__(self, name: str, plan: ArrivalPlan, workers: int, steps: int) -> None:
        self.name = name
        self.samples: list[Sample] = []
        self.counts = ArrivalCounts()
        self._plan = plan
        self._queue_limit = plan.queue_limit // workers
        self._free_s = [0.0] * (plan.slots // workers)
        heapify(self._free_s)
        self._begins_s: deque[float] = deque()
        self._steps = ("login", "update_password")[:steps]
        self._random = random.Random(f"{plan.seed}:{name}")

    def take(self, arrival: Arrival, service: Service, lag_s: float) -> None:
        """Take a turn."""
        counts, due_s = self.counts, arrival.due_s
        while self._begins_s and self._begins_s[0] <= due_s:
            self._begins_s.popleft()
        wait_s = max(0.0, self._free_s[0] - due_s)
        counts = replace(counts, due=counts.due + 1)
        if wait_s and len(self._begins_s) >= self._queue_limit:
            first_s = due_s if counts.first_dropped_s is None else counts.first_dropped_s
            self.counts = replace(counts, dropped=counts.dropped + 1, first_dropped_s=first_s)
            return
        if wait_s:
            self._begins_s.append(due_s + wait_s)
        self.counts = replace(
            counts,
            begun=counts.begun + 1,
            waited=counts.waited + (wait_s > 0),
            waited_s_max=max(counts.waited_s_max, wait_s),
        )
        self._flow(arrival, due_s + wait_s + lag_s * self._random.random(), service)

    def _flow(self, arrival: Arrival, sent_s: float, service: Service) -> None:
        is_new = self._free_s[0] == 0.0  # a slot that had no flow yet has no connection yet
        intended_s = arrival.due_s
        for step in self._steps:
            connect_s = 0.0001 if is_new and step == "login" else None
            sent_s = sent_s + (connect_s or 0.0)
            done_s = sent_s + service(sent_s, self._random)
            self.samples.append(
                Sample(
                    seq=len(self.samples),
                    worker=self.name,
                    flow=arrival.number,
                    step=step,
                    case=CHANGE.case,
                    stage=arrival.stage,
                    account=arrival.number,
                    generation=0,
                    password="",
                    new_password="",
                    token=None,
                    session=None,
                    device="android",
                    intended_s=intended_s,
                    sent_s=sent_s,
                    first_byte_s=done_s,
                    done_s=done_s,
                    connect_s=connect_s,
                    tls_s=None,
                    http_status=200,
                    status="PASSWORD_EXPIRED" if step == "login" else "SUCCESS",
                    error_code="",
                    outcome="right_accept",
                    remark="",
                    expected="accept:PASSWORD_EXPIRED" if step == "login" else "accept:SUCCESS",
                    bytes_sent=700,
                    bytes_received=300,
                )
            )
            intended_s, sent_s = done_s, done_s + 0.00005
        heapreplace(self._free_s, done_s)

    def health(self) -> list[HealthRow]:
        """One row a second, of a process that had an easy time."""
        begun = [sample.sent_s or 0.0 for sample in self.samples if sample.step == "login"]
        return easy_seconds(self.name, int(self._plan.pieces[-1].end_s), self._random, begun)
