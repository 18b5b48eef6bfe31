"""Makes run directories whose every number is known, because the samples are made here, from a seed.

`samples_of` plays a plan in virtual time; `write_run` puts samples into a run directory. What a table must say is then
computed by the tests from the same list of samples in plain Python.
"""

import json
import math
import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pyarrow as pa

from pwdload.health import HealthLog, HealthRow
from pwdload.rundir import RunDirectory, RunRecord, StageRecord, WorkerRecord
from pwdload.samples import SCHEMA, Sample, SampleWriter, to_batch

ROUTES = {"login": "/api/v2/sdk/login", "verify": "/api/v2/sdk/login", "update_password": "/api/v2/sdk/pwd/update"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One kind of flow: its case, how often it is played, and how its update_password ends."""

    case: str
    weight: float
    expected: str = "accept:SUCCESS"
    http_status: int | None = 200
    status: str = ""
    error_code: str = ""
    outcome: str = "right_accept"


CHANGE = Kind(case="valid_change", weight=70, status="SUCCESS")
WRONG_OLD = Kind(
    case="wrong_old_password",
    weight=12,
    expected="refuse:LOGIN.0002",
    http_status=400,
    error_code="LOGIN.0002",
    outcome="right_reject",
)
REUSED = Kind(
    case="new_password_from_history",
    weight=10,
    expected="refuse:PWD.0001",
    http_status=400,
    error_code="PWD.0001",
    outcome="right_reject",
)
OTHER_CODE = Kind(
    case="token_forged",
    weight=8,
    expected="refuse:PARAM.0014",
    http_status=400,
    error_code="PARAM.0015",
    outcome="right_reject",
)
TIMED_OUT = Kind(case="valid_change", weight=3, http_status=None, error_code="transport:timeout", outcome="unknown")
KINDS = (CHANGE, WRONG_OLD, REUSED, OTHER_CODE)

STAGES = (
    StageRecord(name="warm up", start_s=0.0, end_s=10.0, users=5, measured=False),
    StageRecord(name="steady", start_s=10.0, end_s=60.0, users=20),
    StageRecord(name="rush", start_s=60.0, end_s=100.0, users=40),
)


def samples_of(
    *,
    seed: int = 1,
    flows: int = 1000,
    length_s: float = 100.0,
    kinds: Sequence[Kind] = KINDS,
    workers: int = 1,
    stages: Sequence[StageRecord] = STAGES,
    service_s: Callable[[random.Random], float] = lambda rng: rng.lognormvariate(math.log(0.02), 0.6),
) -> list[Sample]:
    """Return the samples of so many flows of two requests each, due evenly over the length, in order of time."""
    rng = random.Random(seed)
    samples: list[Sample] = []
    sequence = dict.fromkeys(range(workers), 0)
    for number in range(flows):
        worker = number % workers
        kind = rng.choices(kinds, [kind.weight for kind in kinds])[0]
        due_s = number * length_s / flows
        login = replace(CHANGE, case=kind.case, status="PASSWORD_EXPIRED", expected="accept:PASSWORD_EXPIRED")
        for step, answer in (("login", login), ("update_password", kind)):
            sent_s = due_s + rng.random() * 0.001
            done_s = sent_s + service_s(rng)
            samples.append(
                Sample(
                    seq=sequence[worker],
                    worker=f"worker-{worker}" if workers > 1 else "local",
                    flow=number // workers,
                    step=step,
                    case=answer.case,
                    stage=_stage_at(stages, number * length_s / flows),
                    account=number,
                    generation=0,
                    password="",
                    new_password="",
                    token=None,
                    session=None,
                    device=rng.choice(["android", "ios", "harmonyos", "desktop"]),
                    intended_s=due_s,
                    sent_s=sent_s,
                    first_byte_s=None if answer.http_status is None else done_s - (done_s - sent_s) * 0.1,
                    done_s=done_s,
                    connect_s=None,
                    tls_s=None,
                    http_status=answer.http_status,
                    status=answer.status,
                    error_code=answer.error_code,
                    outcome=answer.outcome,
                    remark="",
                    expected=answer.expected,
                    bytes_sent=700,
                    bytes_received=0 if answer.http_status is None else 300,
                )
            )
            sequence[worker] += 1
            due_s = done_s
    return samples


def never_sent(sample: Sample) -> Sample:
    """Return a sample as it would be had its connection been refused, before a byte was out."""
    return sample._replace(
        sent_s=None,
        first_byte_s=None,
        http_status=None,
        status="",
        error_code="transport:refused",
        outcome="not_sent",
        bytes_sent=0,
        bytes_received=0,
    )


def _stage_at(stages: Sequence[StageRecord], at_s: float) -> str:
    return next((stage.name for stage in reversed(stages) if stage.start_s <= at_s), "")


def record_of(samples: Sequence[Sample], *, stages: tuple[StageRecord, ...] = STAGES) -> RunRecord:
    """Return the record of a run that went well and made these samples."""
    made = dict.fromkeys(sorted({sample.worker for sample in samples}), 0) or {"local": 0}
    for sample in samples:
        made[sample.worker] += 1
    return RunRecord(
        title="Monday morning rush",
        scenario="morning_rush",
        seed=20261123,
        target="http://127.0.0.1:8080",
        target_is_standin=True,
        started_utc="2026-11-23T08:30:00.000+00:00",
        ended_utc="2026-11-23T08:31:40.412+00:00",
        duration_s=stages[-1].end_s if stages and stages[-1].end_s else 100.0,
        ended_by="schedule",
        stages=stages,
        workers=tuple(WorkerRecord(name=name, samples=count) for name, count in made.items()),
        expected_workers=tuple(made),
        versions={"python": "3.11.2", "pwdload": "0.1.0", "locust": "2.47.0"},
        generator={"cores": "2", "system": "Linux"},
        users=40,
        accounts=5000,
    )


def counts_of(samples: Iterable[Sample]) -> dict[str, object]:
    """Return the counts document of a target that gave exactly the answers in these samples."""
    counts: dict[tuple[str, int, str, str], int] = {}
    for sample in samples:
        if sample.http_status is not None:
            kind = (ROUTES[sample.step], sample.http_status, sample.status, sample.error_code)
            counts[kind] = counts.get(kind, 0) + 1
    rows = [
        {"method": "POST", "route": route, "http_status": http, "status": status, "error_code": code, "count": count}
        for (route, http, status, code), count in counts.items()
    ]
    return {"total": sum(counts.values()), "counts": rows}


def _write_stream(folder: Path, name: str, samples: Sequence[Sample]) -> None:
    folder.mkdir(exist_ok=True)
    with pa.OSFile(str(folder / f"{name}.arrows"), "wb") as sink, pa.ipc.new_stream(sink, SCHEMA) as stream:
        stream.write_batch(to_batch(samples))


def write_run(
    path: Path,
    samples: Sequence[Sample],
    *,
    record: RunRecord | None = None,
    counts: dict[str, object] | None = None,
    unfinished: frozenset[str] = frozenset(),
) -> RunDirectory:
    """Write a run directory; the files of the workers in ``unfinished`` stay the bare streams of a killed process.

    ``counts`` is what the target counted during the run; without it the target is one that does not count, which the
    stand-in never is.
    """
    path.mkdir(parents=True, exist_ok=True)
    directory = RunDirectory(path)
    record = record if record is not None else replace(record_of(samples), target_is_standin=counts is not None)
    if counts is None:
        record = replace(record, target_is_standin=False)
    directory.write_record(record)
    names = sorted({sample.worker for sample in samples} | {worker.name for worker in record.workers})
    for name in names:
        mine = [sample for sample in samples if sample.worker == name]
        if name in unfinished:
            _write_stream(directory.samples, name, mine)
            continue
        writer = SampleWriter(directory.samples, name)
        for sample in mine:
            writer.append(sample)
        writer.close()
    if counts is not None:
        document = {"before": {"total": 0, "counts": []}, "after": counts}
        directory.target_counts_file.write_text(json.dumps(document))
    return directory


def easy_seconds(worker: str, seconds: int, rng: random.Random, begun: Sequence[float] = ()) -> list[HealthRow]:
    """Return one row a second of a process that had an easy time, and began flows at these times."""
    return [
        HealthRow(
            worker=worker,
            at_s=second + 1.002,
            cpu_share=0.2 + 0.1 * rng.random(),
            loop_lag_s_max=0.001 + 0.002 * rng.random(),
            in_flight=3,
            queued=0,
            begun=sum(at_s < second + 1 for at_s in begun),
            dropped=0,
            unacknowledged=1,
        )
        for second in range(seconds)
    ]


def write_health(directory: RunDirectory, rows: Sequence[HealthRow]) -> None:
    """Write how the processes of a run were."""
    log = HealthLog(directory.health_file)
    log.append(rows)
    log.close()
