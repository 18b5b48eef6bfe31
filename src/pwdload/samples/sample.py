"""The Sample: one row per HTTP exchange. Times are seconds on the run's clock (zero is its start), as float64."""

from collections.abc import Collection, Sequence
from functools import reduce
from itertools import pairwise
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

_TEXT = pa.dictionary(pa.int32(), pa.string())  # few distinct values, many rows
TIME_MAX_S = 366 * 86_400.0
"""No run lasts a year; a larger time is damage."""


class Sample(NamedTuple):
    """One HTTP exchange, for whoever has one in hand. A run makes none: it records into a `Page`, of the same columns.

    Law, where the times are not null: ``intended_s <= sent_s <= first_byte_s <= done_s``.
    Response time is ``done_s - intended_s``, service time ``done_s - sent_s``, generator lag ``sent_s - intended_s``.
    """

    seq: int
    """Number of this sample in its process, from 0 without gaps: proves that nothing is missing."""
    worker: str
    """The process that made it: ``local``, or ``worker-N``."""
    flow: int
    """Number of the flow in its process; (worker, flow) names a journey."""
    step: str
    """login, update_password, skip_update, verify, sso_ticket, sso_user, rearm."""
    case: str
    """The case of the catalogue that this flow plays."""
    stage: str
    """The load stage in which the flow was due."""
    account: int
    """Index of the account, -1 where the exchange has none."""
    generation: int
    """Generation of the password that the account had when the exchange began."""
    password: str
    """Which password was sent as the one in force: its generation, and its shape where that is not plain, such as
    ``3`` or ``4:too_short``; empty where none was. Names a password, and never is one."""
    new_password: str
    """Which password was asked for, in the same words; empty where none was."""
    token: int | None
    """Digest of the state_token that a login handed out, or that another call carried, as a signed number, its lowest
    byte first; null where there was none."""
    session: int | None
    """Digest of the session_token that the answer handed out; null where it handed out none."""
    device: str
    """Device family: android, ios, harmonyos, desktop."""
    intended_s: float
    """When the schedule wanted it: a flow's first request by the schedule, a later one by its predecessor's end, those
    of a race when all of their connections were open."""
    sent_s: float | None
    """Just before the first byte was handed to the socket; null when none was."""
    first_byte_s: float | None
    """First byte of the answer; null when none came."""
    done_s: float
    """The answer was there whole, or was given up; what this process then does with it is not in it."""
    connect_s: float | None
    """How long the TCP connection took to open; null on a reused one."""
    tls_s: float | None
    """How long the TLS handshake took; null on a reused or a plain one."""
    http_status: int | None
    """HTTP status code; null when no head was read."""
    status: str
    """The body's ``status`` field; empty when it has none."""
    error_code: str
    """The API's own ``error_code``, or ``transport:...``; empty when accepted."""
    outcome: str
    """An `Outcome` value."""
    remark: str
    """What the answer showed beyond its status and code, for the oracle (`pwdload.cases.remarks`); mostly empty."""
    expected: str
    """What the case expected: ``accept:STATUS|...``, ``refuse:CODE|...`` or ``accept_or_refuse:STATUS|CODE|...``."""
    bytes_sent: int
    bytes_received: int
    attempt: int = 1
    """How many-th try of its step this was: 1 for the first, more where the client tried again."""


SCHEMA = pa.schema(
    [
        pa.field("seq", pa.int64(), nullable=False),
        pa.field("worker", _TEXT, nullable=False),
        pa.field("flow", pa.int64(), nullable=False),
        pa.field("step", _TEXT, nullable=False),
        pa.field("case", _TEXT, nullable=False),
        pa.field("stage", _TEXT, nullable=False),
        pa.field("account", pa.int64(), nullable=False),
        pa.field("generation", pa.int32(), nullable=False),
        pa.field("password", _TEXT, nullable=False),
        pa.field("new_password", _TEXT, nullable=False),
        pa.field("token", pa.int64()),
        pa.field("session", pa.int64()),
        pa.field("device", _TEXT, nullable=False),
        pa.field("intended_s", pa.float64(), nullable=False),
        pa.field("sent_s", pa.float64()),
        pa.field("first_byte_s", pa.float64()),
        pa.field("done_s", pa.float64(), nullable=False),
        pa.field("connect_s", pa.float64()),
        pa.field("tls_s", pa.float64()),
        pa.field("http_status", pa.int16()),
        pa.field("status", _TEXT, nullable=False),
        pa.field("error_code", _TEXT, nullable=False),
        pa.field("outcome", _TEXT, nullable=False),
        pa.field("remark", _TEXT, nullable=False),
        pa.field("expected", _TEXT, nullable=False),
        pa.field("bytes_sent", pa.int32(), nullable=False),
        pa.field("bytes_received", pa.int32(), nullable=False),
        pa.field("attempt", pa.int16(), nullable=False),
    ]
)
_TYPES = SCHEMA.types
_KEPT_LATER = {"password": "", "new_password": "", "token": None, "session": None, "remark": "", "attempt": 1}
"""Columns that runs of earlier versions do not have, and what stands there instead."""
assert tuple(SCHEMA.names) == Sample._fields  # noqa: S101 - two spellings of one record must not drift apart


def to_batch(rows: Sequence[Sample]) -> pa.RecordBatch:
    """Turn samples into one Arrow record batch of `SCHEMA`, value by value; what is recorded takes `Page.to_batch`.

    Raises:
        ValueError: a time is NaN or infinite, or the times of a row break the law of `Sample`.
    """
    columns = zip(*rows, strict=True) if rows else [()] * len(_TYPES)
    arrays = [pa.array(column, kind) for column, kind in zip(columns, _TYPES, strict=True)]
    batch = pa.RecordBatch.from_arrays(arrays, schema=SCHEMA)
    check_times(batch)
    return batch


def completed(rows: pa.Table, without: Collection[str] = ()) -> pa.Table:
    """Return rows with the columns of `SCHEMA` in its order; what a run of an earlier version did not keep is empty.

    `without` some columns where those are not asked for.

    Raises:
        ValueError, pyarrow.ArrowException: the rows are no samples.
    """
    for name, instead in _KEPT_LATER.items():
        if name not in rows.schema.names and name not in without:
            kind = SCHEMA.field(name)
            column = pa.nulls(len(rows), kind.type) if instead is None else pa.repeat(instead, len(rows))
            rows = rows.append_column(kind, column.cast(kind.type))
    wanted = pa.schema([field for field in SCHEMA if field.name not in without])
    if missing := set(wanted.names) - set(rows.schema.names):
        raise ValueError(f"no samples: no column {min(missing)}")
    return rows.select(wanted.names).cast(wanted)


def keeps_law(rows: pa.RecordBatch | pa.Table) -> pa.Array:
    """Say of each row whether its times keep the law: a clock that steps back is an error, not a number."""
    intended, done = rows["intended_s"], rows["done_s"]
    sent = pc.coalesce(rows["sent_s"], intended)
    first = pc.coalesce(rows["first_byte_s"], sent)
    # NaN compares false; of the infinities, only the ends need a look.
    lawful = [pc.less_equal(a, b) for a, b in pairwise((intended, sent, first, done))]
    lawful += [pc.is_finite(intended), pc.is_finite(done), pc.less(done, TIME_MAX_S)]
    return reduce(pc.and_, lawful)


def check_times(batch: pa.RecordBatch) -> None:
    """Refuse samples of which one breaks the law of times.

    Raises:
        ValueError: which it is, and its times.
    """
    place = pc.index(keeps_law(batch), value=False).as_py()
    if place >= 0:
        row = batch.slice(place, 1).to_pylist()[0]
        times = [row[name] for name in ("intended_s", "sent_s", "first_byte_s", "done_s")]
        raise ValueError(
            f"sample {row['seq']} of {row['worker']}: times must be finite and in order, "
            f"intended <= sent <= first byte <= done, got {times}"
        )
