"""Snapshots that are made up: seeded, and as a run's would be, one a second."""

import random
from dataclasses import replace

from pwdload.api.contract import Step
from pwdload.criteria.values import Standing
from pwdload.outcome import Outcome
from pwdload.watched import (
    BOUNDS_S,
    AccountsNow,
    CodeCount,
    CriterionNow,
    FaultNow,
    GeneratorNow,
    OutcomeCount,
    Phase,
    Search,
    Snapshot,
    StepLatency,
    Window,
)

WINDOW = Window(
    length_s=5.0,
    requests_per_s=199.0,
    goodput_per_s=99.0,
    failed_share=0.01,
    p50_ms=12.0,
    p95_ms=30.0,
    p99_ms=45.0,
    changes=500,
    lag_p99_ms=2.5,
)


def bare(run_id: str = "run-1") -> Snapshot:
    """Return a snapshot of a run that has just begun: all that can be unknown is."""
    return Snapshot(
        scenario="rush",
        title="The rush",
        run_id=run_id,
        directory="",
        target="http://127.0.0.1:8080",
        model="closed",
        phase=Phase.STARTING,
        at_s=-0.5,
        end_s=None,
        stage="",
        stage_number=0,
        stages=1,
        planned_per_s=None,
        offered_per_s=None,
        users=0,
        in_flight=0,
        queued=0,
        dropped=0,
        window=None,
        requests=0,
        changes=0,
    )


def full(seed: int = 1, run_id: str = "run-1") -> Snapshot:
    """Return a snapshot in which everything is known, and names are as awkward as they may be."""
    chance = random.Random(seed)
    outcomes = tuple(
        OutcomeCount(step=step.value, outcome=outcome.value, count=chance.randrange(1, 1000), recent=3)
        for step in (Step.LOGIN, Step.UPDATE_PASSWORD)
        for outcome in (Outcome.RIGHT_ACCEPT, Outcome.SHED, Outcome.UNKNOWN)
    )
    return replace(
        bare(run_id),
        scenario='Monday "rush", 100 %',
        model="open",
        phase=Phase.RUNNING,
        at_s=31.0,
        end_s=60.0,
        stage="rush",
        planned_per_s=100.0,
        offered_per_s=99.6,
        users=200,
        in_flight=7,
        queued=1,
        dropped=0,
        window=WINDOW,
        requests=sum(one.count for one in outcomes),
        changes=chance.randrange(1, 500),
        outcomes=outcomes,
        codes=(CodeCount(step="login", code="transport:reset", count=17, recent=1),),
        latency=tuple(
            StepLatency(step=step.value, counts=tuple(chance.randrange(50) for _ in (*BOUNDS_S, 0)), sum_s=12.5)
            for step in (Step.LOGIN, Step.UPDATE_PASSWORD)
        ),
        generators=(generator("one"), replace(generator("two"), is_lost=True, at_s=20.0)),
        accounts=AccountsNow(total=3000, ready=2000, leased=9, changed=900, in_doubt=2, lasts_s=240.0),
        faults=(fault("slow", "healed"), fault("slow", "active"), fault("late \\ \n", "planned")),
        criteria=(
            CriterionNow(name="p95_update_password", title="p95", standing=Standing.KEPT, seen="p95 30 ms"),
            CriterionNow(name="failed_share", title="failed", standing=Standing.CANNOT_TELL, seen=""),
        ),
        search=Search(
            role="refine",
            rate_per_s=120.0,
            highest_held_per_s=100.0,
            lowest_broken_per_s=140.0,
            levels=4,
            time_left_s=60.0,
        ),
    )


def generator(worker: str) -> GeneratorNow:
    """Return how a process is."""
    return GeneratorNow(
        worker=worker,
        at_s=30.5,
        cpu_share=0.4,
        loop_lag_ms=3.0,
        in_flight=4,
        queued=0,
        begun=1500,
        dropped=0,
        unacknowledged=1,
    )


def fault(name: str, state: str) -> FaultNow:
    """Return an injection."""
    return FaultNow(name=name, kind="latency", state=state, start_s=10.0, end_s=20.0)  # type: ignore[arg-type]


def later(snapshot: Snapshot, chance: random.Random) -> Snapshot:
    """Return what may come a second after a snapshot of the same run."""
    grown = tuple(replace(one, count=one.count + chance.randrange(50)) for one in snapshot.outcomes)
    return replace(
        snapshot,
        at_s=snapshot.at_s + 1.0,
        outcomes=grown,
        requests=sum(one.count for one in grown),
        changes=snapshot.changes + chance.randrange(20),
        codes=tuple(replace(one, count=one.count + chance.randrange(3)) for one in snapshot.codes),
        latency=tuple(
            replace(one, counts=tuple(count + chance.randrange(3) for count in one.counts), sum_s=one.sum_s + 1.0)
            for one in snapshot.latency
        ),
    )
