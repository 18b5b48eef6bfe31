"""Histories written by hand: one call for each exchange, with what came of it in one word."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

import pyarrow as pa

from pwdload.endings import Ending
from pwdload.endings import to_table as endings_table
from pwdload.oracle import History
from pwdload.oracle.settings import Settings
from pwdload.rundir import RunRecord, WorkerRecord
from pwdload.samples import SCHEMA, Sample, SampleFile

RECORD = RunRecord(
    title="made by hand",
    scenario="made",
    seed=1,
    target="http://127.0.0.1:1",
    target_is_standin=True,
    started_utc="2026-11-25T00:00:00+00:00",
    ended_utc="2026-11-25T00:01:00+00:00",
    duration_s=60.0,
    ended_by="schedule",
    workers=(),
)
ACCEPTED = ("SUCCESS", "PASSWORD_EXPIRED", "PASSWORD_WARN", "MFA_AUTH", "DONE")
_NOTHING = Sample(
    seq=0,
    worker="local",
    flow=0,
    step="login",
    case="valid_change",
    stage="steady",
    account=0,
    generation=0,
    password="",
    new_password="",
    token=None,
    session=None,
    device="android",
    intended_s=0.0,
    sent_s=0.0,
    first_byte_s=None,
    done_s=0.0,
    connect_s=None,
    tls_s=None,
    http_status=200,
    status="",
    error_code="",
    outcome="right_accept",
    remark="",
    expected="accept:SUCCESS",
    bytes_sent=700,
    bytes_received=400,
)


def exchange(step: str, at_s: float, came: str, **fields: object) -> Sample:
    """Return an exchange that takes 0.1 s, unless `until_s` says when it ends.

    `came` is a status that accepts, an error code, ``503``, ``timeout``, or ``not_sent``.
    """
    done_s = float(str(fields.pop("until_s", at_s + 0.1)))
    row = _NOTHING._replace(step=step, intended_s=at_s, sent_s=at_s, done_s=done_s)
    match came:
        case _ if came in ACCEPTED:
            row = row._replace(status="" if came == "DONE" else came)
        case "timeout":
            row = row._replace(http_status=None, error_code="transport:timeout", outcome="unknown")
        case "not_sent":
            row = row._replace(sent_s=None, http_status=None, error_code="transport:refused", outcome="not_sent")
        case "503":
            row = row._replace(http_status=503, outcome="shed")
        case "ACCESS_DENIED":
            row = row._replace(status=came, outcome="right_reject")
        case _:
            row = row._replace(http_status=400, error_code=came, outcome="right_reject", expected=f"refuse:{came}")
    return row._replace(**fields)  # type: ignore[arg-type]


def login(password: str, at_s: float, came: str = "PASSWORD_EXPIRED", **fields: object) -> Sample:
    """Return a login."""
    return exchange("login", at_s, came, password=password, **fields)


def change(
    old: str, new: str, at_s: float, came: str = "SUCCESS", *, token: int | None = 1, **fields: object
) -> Sample:
    """Return a change of the password by a flow."""
    return exchange("update_password", at_s, came, password=old, new_password=new, token=token, **fields)


def skip(at_s: float, came: str = "SUCCESS", *, token: int | None = 1, **fields: object) -> Sample:
    """Return a change that is put off."""
    return exchange("skip_update", at_s, came, token=token, **fields)


def set_by_admin(new: str, at_s: float, came: str = "DONE", **fields: object) -> Sample:
    """Return an administrator's change."""
    return exchange("rearm", at_s, came, new_password=new, **{"flow": -1, "case": "rearm", "device": "", **fields})


def history(
    *samples: Sample,
    endings: Iterable[Ending] | None = None,
    settings: Settings | None = None,
    record: RunRecord = RECORD,
    missing: int = 0,
) -> History:
    """Return a complete history of the exchanges, numbered in the order given; `missing`: samples that were lost."""
    rows = _numbered(samples)
    workers = sorted({row.worker for row in rows})
    counts = {worker: sum(row.worker == worker for row in rows) for worker in workers}
    known = {worker.name: worker for worker in record.workers}
    told = tuple(
        replace(known.get(name, WorkerRecord(name=name, samples=0)), samples=count + missing)
        for name, count in counts.items()
    )
    files = tuple(
        SampleFile(worker=name, name=f"{name}.parquet", rows=count, finished=True, missing=missing)
        for name, count in counts.items()
    )
    return History(
        rows=_table(rows),
        files=files,
        record=replace(record, workers=told),
        endings=endings_table(endings) if endings is not None else None,
        settings=settings or Settings(),
    )


def _numbered(samples: Sequence[Sample]) -> list[Sample]:
    numbers: dict[str, int] = {}
    rows = []
    for row in samples:
        number = numbers.get(row.worker, 0)
        numbers[row.worker] = number + 1
        rows.append(row._replace(seq=number))
    return rows


def _table(rows: Sequence[Sample]) -> pa.Table:
    columns = zip(*rows, strict=True) if rows else [()] * len(SCHEMA)
    arrays = [pa.array(column, kind) for column, kind in zip(columns, SCHEMA.types, strict=True)]
    return pa.table(arrays, SCHEMA).sort_by([("intended_s", "ascending"), ("seq", "ascending")])
