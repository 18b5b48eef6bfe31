"""A certificate and runs whose every number is known."""

from collections.abc import Callable, Sequence

import pyarrow as pa

from pwdload.calibration.certificate import Capacity, Certificate, Conditions, Floor, TimerError
from pwdload.calibration.realization import schedule_of
from pwdload.rundir import ArrivalPlan, RunRecord
from pwdload.samples import Sample, to_batch

CERTIFICATE = Certificate(
    form="short",
    measured_utc="2026-11-23T08:30:00.000+00:00",
    conditions=Conditions(machine="one", cores=2, system="Linux", versions={"python": "3.11.2"}),
    floor=Floor(requests=2000, p50_s=0.0002, p95_s=0.0003, p99_s=0.0005),
    timer=TimerError(timer="timerfd", answers=10_000, p50_s=0.00001, p99_s=0.00003, max_s=0.0009),
    capacity=Capacity(requests=6700, for_s=1.0, rate_per_s=6700.0, cpu_share=1.0, target_cpu_share=0.3),
)


def record(plan: ArrivalPlan) -> RunRecord:
    """Return the record of a run with open arrivals."""
    return RunRecord(
        title="Trial",
        scenario="trial",
        seed=plan.seed,
        target="http://127.0.0.1:1",
        target_is_standin=False,
        started_utc="2026-11-23T08:30:00.000+00:00",
        arrivals=plan,
    )


def samples(
    plan: ArrivalPlan, responses_s: Sequence[float], lag_s: Callable[[int], float] = lambda _: 0.0001
) -> pa.Table:
    """Return what an instrument records that sees each of these response times exactly."""
    rows = [
        Sample(
            seq=arrival.number,
            worker="local",
            flow=arrival.number,
            step="login",
            case="login_only",
            stage=arrival.stage,
            account=0,
            generation=0,
            password="",
            new_password="",
            token=None,
            session=None,
            device="ios",
            intended_s=arrival.due_s,
            sent_s=arrival.due_s + min(lag_s(arrival.number), response_s),
            first_byte_s=arrival.due_s + response_s,
            done_s=arrival.due_s + response_s,
            connect_s=0.0001 if arrival.number == 0 else None,
            tls_s=None,
            http_status=200,
            status="PASSWORD_EXPIRED",
            error_code="",
            outcome="right_accept",
            remark="",
            expected="accept:PASSWORD_EXPIRED",
            bytes_sent=400,
            bytes_received=300,
        )
        for arrival, response_s in zip(schedule_of(plan), responses_s, strict=True)
    ]
    return pa.Table.from_batches([to_batch(rows)])
