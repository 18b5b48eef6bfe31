"""Snapshots of runs that nobody made, for all that shows them; of a run from its start on: `tests.watched.course`."""

import random
from dataclasses import replace
from typing import Any

from pwdload.api.contract import Step
from pwdload.criteria import Standing
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

ODD = "<img src=x onerror=\"document.title='taken'\"></script><b>&amp;\u202e'\"`${1}"
"""Words that are markup, script, and worse."""
SEARCH = Search(
    role="refine", rate_per_s=184.0, highest_held_per_s=176.0, lowest_broken_per_s=192.0, levels=7, time_left_s=410.0
)


def starting(**changes: Any) -> Snapshot:
    """Return a run of which nothing is known yet, with changes."""
    fields: dict[str, Any] = {
        "scenario": "review",
        "run_id": "run-1",
        "directory": "reports/review/2026-11-30T10-39-54Z",
        "target": "https://staging.example.com",
        "model": "open",
        "phase": Phase.STARTING,
        "at_s": -0.4,
        "end_s": None,
        "stage": "",
        "stage_number": 0,
        "stages": 0,
        "planned_per_s": None,
        "offered_per_s": None,
        "users": 0,
        "in_flight": 0,
        "queued": 0,
        "dropped": 0,
        "window": None,
        "requests": 0,
        "changes": 0,
    }
    return Snapshot(**fields | changes)


def running(**changes: Any) -> Snapshot:
    """Return a run in its middle, in which a fault is on, with changes."""
    fields: dict[str, Any] = {
        "title": "Review: a morning with a slow database",
        "phase": Phase.RUNNING,
        "at_s": 262.4,
        "end_s": 600.0,
        "stage": "peak",
        "stage_number": 3,
        "stages": 5,
        "planned_per_s": 120.0,
        "offered_per_s": 119.6,
        "users": 400,
        "in_flight": 38,
        "window": window(),
        "requests": 61_204,
        "changes": 24_310,
        "outcomes": (
            OutcomeCount(step="login", outcome="right_accept", count=30_102, recent=588),
            OutcomeCount(step="login", outcome="unknown", count=4, recent=1),
            OutcomeCount(step="update_password", outcome="right_accept", count=24_310, recent=481),
            OutcomeCount(step="update_password", outcome="right_reject", count=6_750, recent=110),
            OutcomeCount(step="update_password", outcome="unknown", count=31, recent=6),
            OutcomeCount(step="update_password", outcome="shed", count=7, recent=0),
        ),
        "codes": (
            CodeCount(step="update_password", code="LOGIN.0002", count=3_310, recent=51),
            CodeCount(step="update_password", code="PWD.0001", count=1_402, recent=28),
            CodeCount(step="update_password", code="PWD.0007", count=1_310, recent=19),
            CodeCount(step="update_password", code="transport:timeout", count=31, recent=6),
            CodeCount(step="login", code="transport:timeout", count=4, recent=1),
        ),
        "generators": (generator("worker-0"), generator("worker-1", cpu_share=0.31)),
        "accounts": AccountsNow(total=60_000, ready=35_500, leased=190, changed=24_310, in_doubt=31, lasts_s=369.0),
        "faults": (
            fault("slow database", "active", 250.0, 280.0),
            fault("restart", "planned", 420.0, 425.0, "kill"),
        ),
        "criteria": (
            criterion("p95_update_password", "p95 of update_password at most 300 ms", Standing.BROKEN, "p95 341 ms"),
            criterion("p99_login", "p99 of login at most 1.00 s", Standing.KEPT, "p99 604 ms"),
            criterion("goodput", "Goodput at least 80.0/s", Standing.KEPT, "94.7/s"),
            criterion("failed", "Failed share at most 0.10 %", Standing.CANNOT_TELL, "0.07 %"),
        ),
    }
    return starting(**fields | changes)


def searching(**changes: Any) -> Snapshot:
    """Return a search for capacity that is on, with changes."""
    return running(search=SEARCH, end_s=None, stage="search 184/s", faults=(), criteria=(), **changes)


def window(**changes: Any) -> Window:
    """Return the load of the last seconds, with changes."""
    fields: dict[str, Any] = {
        "length_s": 5.0,
        "requests_per_s": 237.2,
        "goodput_per_s": 96.2,
        "failed_share": 0.0059,
        "p50_ms": 48.2,
        "p95_ms": 402.0,
        "p99_ms": 1_310.0,
        "changes": 597,
        "lag_p99_ms": 1.8,
    }
    return Window(**fields | changes)


def generator(worker: str, **changes: Any) -> GeneratorNow:
    """Return a process that is well, with changes."""
    fields: dict[str, Any] = {
        "at_s": 262.0,
        "cpu_share": 0.28,
        "loop_lag_ms": 3.1,
        "in_flight": 19,
        "queued": 0,
        "begun": 15_000,
        "dropped": 0,
        "unacknowledged": 0,
    }
    return GeneratorNow(worker=worker, **fields | changes)


def criterion(name: str, title: str, standing: Standing, seen: str) -> CriterionNow:
    """Return a criterion as it stands."""
    return CriterionNow(name=name, title=title, standing=standing, seen=seen)


def fault(name: str, state: Any, start_s: float = 10.0, end_s: float = 20.0, kind: str = "latency") -> FaultNow:
    """Return an injection."""
    return FaultNow(name=name, kind=kind, state=state, start_s=start_s, end_s=end_s)


def overfull(seed: int = 7) -> Snapshot:
    """Return a run with very long names, forty error codes, and much of everything."""
    rng = random.Random(seed)
    codes = tuple(
        CodeCount(
            step="update_password", code=f"PWD.{number:04d}", count=rng.randint(1, 10**7), recent=rng.randint(0, 900)
        )
        for number in range(40)
    )
    criteria = tuple(
        criterion(f"c{number}", f"p95 of update_password, case {'x' * 60}, stage {number}", standing, "p95 12.3 s")
        for number, standing in enumerate([*Standing] * 5)
    )
    return running(
        title="A title that was written by somebody who likes to be exact about everything " * 3,
        target="https://a-host-with-a-very-long-name.in-a-subdomain.of-a-subdomain.example.com:8443",
        stage="a stage whose name says all of what it is about, and then some more " * 2,
        codes=codes,
        criteria=criteria,
        in_flight=123_456,
        queued=98_765,
        dropped=12_345_678,
        faults=tuple(fault(f"fault {'y' * 40} {number}", "active", 0.0, 1e6) for number in range(6)),
        generators=tuple(generator(f"worker-{number}", is_lost=number % 2 == 0) for number in range(30)),
        end_reason="error: " + "the reason is long " * 20,
        notes=("A note that is longer than any line of any terminal that anybody has ever had. " * 3,),
    )


def full(seed: int = 1, **changes: Any) -> Snapshot:
    """Return a run of which everything is known, and whose names are as awkward for a format as they may be."""
    chance = random.Random(seed)
    outcomes = tuple(
        OutcomeCount(step=step.value, outcome=outcome.value, count=chance.randrange(1, 1000), recent=3)
        for step in (Step.LOGIN, Step.UPDATE_PASSWORD)
        for outcome in (Outcome.RIGHT_ACCEPT, Outcome.SHED, Outcome.UNKNOWN)
    )
    fields: dict[str, Any] = {
        "scenario": 'Monday "rush", 100 %',
        "requests": sum(one.count for one in outcomes),
        "changes": chance.randrange(1, 500),
        "outcomes": outcomes,
        "codes": (CodeCount(step="login", code="transport:reset", count=17, recent=1),),
        "latency": tuple(
            StepLatency(step=step.value, counts=tuple(chance.randrange(50) for _ in (*BOUNDS_S, 0)), sum_s=12.5)
            for step in (Step.LOGIN, Step.UPDATE_PASSWORD)
        ),
        "generators": (generator("one"), generator("two", is_lost=True, at_s=20.0)),
        "faults": (fault("slow", "healed"), fault("slow", "active"), fault("late \\ \n", "planned")),
        "criteria": (
            criterion("p95_update_password", "p95", Standing.KEPT, "p95 30 ms"),
            criterion("failed_share", "failed", Standing.CANNOT_TELL, ""),
        ),
        "search": SEARCH,
    }
    return running(**fields | changes)


def with_odd_words(snapshot: Snapshot) -> Snapshot:
    """Return a snapshot with markup wherever words come from outside."""
    return replace(
        snapshot,
        title=ODD,
        stage=ODD,
        stages_begun=tuple(replace(one, name=ODD) for one in snapshot.stages_begun),
        end_reason=ODD,
        notes=(ODD,),
        codes=(CodeCount(step=ODD, code=ODD, count=3, recent=1),),
        faults=tuple(replace(one, name=ODD, kind=ODD, state="active") for one in snapshot.faults),
        criteria=tuple(replace(one, title=ODD, seen=ODD) for one in snapshot.criteria),
        generators=tuple(replace(one, worker=ODD) for one in snapshot.generators),
    )
