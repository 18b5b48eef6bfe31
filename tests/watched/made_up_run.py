"""Snapshots of a run that nobody made, for what shows them: seeded, with odd words if need be."""

import random
from dataclasses import replace

from pwdload.criteria.values import Standing
from pwdload.outcome import Outcome
from pwdload.watched import (
    AccountsNow,
    CodeCount,
    CriterionNow,
    FaultNow,
    GeneratorNow,
    OutcomeCount,
    Phase,
    Snapshot,
    StageBegun,
    Window,
)

ODD_CODE = "<img src=x onerror=\"document.title='taken'\"></script><b>&amp;\u202e'\"`${1}"
"""An error code that is markup, script, and worse."""
LENGTH_S = 300.0
_STALL_S = (120.0, 150.0)
STAGES = (StageBegun(name="warm up", start_s=0.0), StageBegun(name="rush", start_s=60.0))


def made_up(at_s: float, *, seed: int = 7, run_id: str = "run-1", phase: Phase = Phase.RUNNING) -> Snapshot:
    """Return how a run with open arrivals and one fault stands at a moment."""
    chance = random.Random(f"{seed} {at_s}")
    is_stalled = _STALL_S[0] <= at_s < _STALL_S[1]
    planned = 60.0 if at_s < 60 else min(60.0 + (at_s - 60.0), 180.0)
    goodput = planned * (0.35 if is_stalled else 0.8) * chance.uniform(0.97, 1.03)
    slow = 9.0 if is_stalled else 1.0
    changes = int(at_s * planned * 0.6)
    return Snapshot(
        scenario="morning-rush",
        title="Morning rush, with the database held",
        run_id=run_id,
        directory="reports/morning-rush/2026-03-02T06-00-00Z",
        target="https://login.staging.example",
        model="open",
        phase=phase,
        at_s=at_s,
        end_s=LENGTH_S,
        stage="warm up" if at_s < 60 else "rush",
        stage_number=1 if at_s < 60 else 2,
        stages=2,
        stages_begun=STAGES[: 1 if at_s < 60 else 2],
        planned_per_s=planned,
        offered_per_s=planned * chance.uniform(0.98, 1.02),
        users=400,
        in_flight=int(planned * (2.2 if is_stalled else 0.25) * chance.uniform(0.8, 1.2)),
        queued=int(40 * chance.random()) if is_stalled else 0,
        dropped=0,
        window=Window(
            length_s=5.0,
            requests_per_s=2 * planned,
            goodput_per_s=goodput,
            failed_share=0.22 if is_stalled else 0.0004,
            p50_ms=48 * slow * chance.uniform(0.95, 1.05),
            p95_ms=120 * slow * chance.uniform(0.9, 1.1),
            p99_ms=190 * slow * chance.uniform(0.85, 1.2),
            changes=int(goodput * 5),
            lag_p99_ms=1.4 * chance.uniform(0.7, 1.6),
        ),
        requests=int(at_s * planned * 1.9),
        changes=changes,
        outcomes=(
            OutcomeCount(step="login", outcome=Outcome.RIGHT_ACCEPT, count=2 * changes, recent=int(planned * 4.4)),
            OutcomeCount(step="update_password", outcome=Outcome.RIGHT_ACCEPT, count=changes, recent=int(goodput * 5)),
            OutcomeCount(step="update_password", outcome=Outcome.RIGHT_REJECT, count=changes // 6, recent=int(planned)),
            OutcomeCount(step="update_password", outcome=Outcome.SHED, count=412, recent=150 if is_stalled else 0),
            OutcomeCount(step="update_password", outcome=Outcome.UNKNOWN, count=57, recent=40 if is_stalled else 0),
        ),
        codes=(
            CodeCount(step="update_password", code="PWD.0004", count=changes // 9, recent=int(planned * 0.6)),
            CodeCount(step="update_password", code="LOGIN.0002", count=changes // 17, recent=int(planned * 0.3)),
            CodeCount(step="update_password", code="transport:timeout", count=57, recent=40 if is_stalled else 0),
            CodeCount(step="update_password", code="SYS.0503", count=412, recent=150 if is_stalled else 0),
        ),
        generators=tuple(
            GeneratorNow(
                worker=f"worker-{number}",
                at_s=at_s - chance.random(),
                cpu_share=0.31 * chance.uniform(0.9, 1.1),
                loop_lag_ms=2.1 * chance.uniform(0.6, 2.0),
                in_flight=int(planned / 8),
                queued=0,
                begun=int(at_s * planned / 2),
                dropped=0,
                unacknowledged=0,
            )
            for number in range(2)
        ),
        accounts=AccountsNow(
            total=60_000,
            ready=60_000 - changes,
            leased=40,
            changed=changes,
            in_doubt=57 if is_stalled else 3,
            lasts_s=(60_000 - changes) / goodput,
        ),
        faults=(
            FaultNow(
                name="database-held",
                kind="sqlite_lock",
                state="planned" if at_s < _STALL_S[0] else "active" if is_stalled else "healed",
                start_s=_STALL_S[0],
                end_s=_STALL_S[1],
            ),
        ),
        criteria=(
            CriterionNow(name="p95", title="p95 of changes at most 300 ms", standing=Standing.KEPT, seen="182 ms"),
            CriterionNow(name="goodput", title="goodput at least 100/s", standing=Standing.CANNOT_TELL, seen=""),
            CriterionNow(name="failed", title="failed share at most 1 %", standing=Standing.BROKEN, seen="3.4 %"),
        ),
    )


def with_odd_words(snapshot: Snapshot) -> Snapshot:
    """Return a snapshot with markup wherever words come from outside."""
    return replace(
        snapshot,
        title=ODD_CODE,
        stage=ODD_CODE,
        stages_begun=tuple(replace(one, name=ODD_CODE) for one in snapshot.stages_begun),
        end_reason=ODD_CODE,
        notes=(ODD_CODE,),
        codes=(CodeCount(step=ODD_CODE, code=ODD_CODE, count=3, recent=1),),
        faults=tuple(replace(one, name=ODD_CODE, kind=ODD_CODE, state="active") for one in snapshot.faults),
        criteria=tuple(replace(one, title=ODD_CODE, seen=ODD_CODE) for one in snapshot.criteria),
        generators=tuple(replace(one, worker=ODD_CODE) for one in snapshot.generators),
    )
