"""How a run that nobody made stands at one moment after the other: seeded, and as a run's would be."""

import random
from dataclasses import replace

from tests.watched.snapshots import criterion, fault, generator, starting, window

from pwdload.criteria import Standing
from pwdload.outcome import Outcome
from pwdload.watched import AccountsNow, CodeCount, OutcomeCount, Phase, Snapshot, StageBegun

LENGTH_S = 300.0
_STALL_S = (120.0, 150.0)
STAGES = (StageBegun(name="warm up", start_s=0.0), StageBegun(name="rush", start_s=60.0))


def moment(at_s: float, *, seed: int = 7, run_id: str = "run-1", phase: Phase = Phase.RUNNING) -> Snapshot:
    """Return how a run with open arrivals and one fault stands at a time."""
    chance = random.Random(f"{seed} {at_s}")
    is_stalled = _STALL_S[0] <= at_s < _STALL_S[1]
    planned = 60.0 if at_s < 60 else min(60.0 + (at_s - 60.0), 180.0)
    goodput = planned * (0.35 if is_stalled else 0.8) * chance.uniform(0.97, 1.03)
    slow = 9.0 if is_stalled else 1.0
    changes = int(at_s * planned * 0.6)
    return starting(
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
        window=window(
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
            generator(
                f"worker-{number}",
                at_s=at_s - chance.random(),
                cpu_share=0.31 * chance.uniform(0.9, 1.1),
                loop_lag_ms=2.1 * chance.uniform(0.6, 2.0),
                in_flight=int(planned / 8),
                begun=int(at_s * planned / 2),
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
            fault(
                "database-held",
                "planned" if at_s < _STALL_S[0] else "active" if is_stalled else "healed",
                *_STALL_S,
                "sqlite_lock",
            ),
        ),
        criteria=(
            criterion("p95", "p95 of changes at most 300 ms", Standing.KEPT, "182 ms"),
            criterion("goodput", "goodput at least 100/s", Standing.CANNOT_TELL, ""),
            criterion("failed", "failed share at most 1 %", Standing.BROKEN, "3.4 %"),
        ),
    )


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
