"""Makes run directories of any size, as the harness would have written them, at a million rows a second.

    python -m tests.bench.big_run DIR ROWS

Open arrivals of an open load on several workers; logins and changes that a correct target has answered, most as they
should be, some refused, shed, raced for or not answered; each account is used again and again. The oracle finds nothing
wrong, and every number adds up with the record, the ledger's endings and the health of the processes.
"""

import random
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq
from tests.analysis.synthetic import easy_seconds, record_of, write_health

from pwdload.analysis.due_times import due_times
from pwdload.arrays import in_files
from pwdload.endings import SCHEMA as ENDINGS
from pwdload.pacing import RatePlan, Schedule
from pwdload.rundir import (
    AccountsRecord,
    ArrivalCounts,
    ArrivalPlan,
    RateRecord,
    RunDirectory,
    StageRecord,
    WorkerRecord,
)
from pwdload.samples import SCHEMA
from pwdload.samples.room import IN_FILES_FROM

Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
Columns = dict[str, npt.NDArray[Any]]

RATE_PER_S = 2_000.0
_BLOCK = 10_000
"""So many flows have every kind in its exact share, in an order of their own; they make twice as many rows."""
_CHUNK = 50 * _BLOCK
"""Flows that are made at once."""
_GROUP_ROWS = 65_536
_WRONG = "500001"


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """One request of a kind of flow, and what came back."""

    step: str
    expected: str
    status: str = ""
    code: str = ""
    http: int = 200
    outcome: str = "right_accept"
    sends: Literal["right", "wrong", "new"] = "right"
    """Which password goes as the one in force: it, a wrong one, or the one that the flow has just set."""
    asks: Literal["", "next", "weak"] = ""
    """Which new password is asked for."""
    session: bool = False
    beside: bool = False
    """Sent at the same moment as the one before it."""


_LOGIN = Exchange(step="login", expected="accept:PASSWORD_EXPIRED", status="PASSWORD_EXPIRED")
_UPDATE = Exchange(step="update_password", expected="accept:SUCCESS", status="SUCCESS", asks="next", session=True)
_REFUSED = replace(_UPDATE, status="", http=400, outcome="right_reject", session=False)
_WRONG_LOGIN = replace(
    _LOGIN, expected="refuse:LOGIN.0002", status="", code="LOGIN.0002", http=400, outcome="right_reject", sends="wrong"
)
_EITHER = "accept_or_refuse:SUCCESS|LOGIN.0002|PARAM.0014"
_VERIFY = replace(_LOGIN, step="verify", expected="accept:SUCCESS", status="SUCCESS", sends="new", session=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One kind of flow, and how many of each block are of it."""

    case: str
    count: int
    exchanges: Sequence[Exchange]

    @property
    def changes(self) -> bool:
        """Whether the password is another one thereafter."""
        return any(one.asks == "next" and one.outcome in ("right_accept", "unknown") for one in self.exchanges)


KINDS = (
    Kind(case="valid_change", count=8_595, exchanges=(_LOGIN, _UPDATE)),
    Kind(case="login_wrong_then_right", count=600, exchanges=(_WRONG_LOGIN, _LOGIN)),
    Kind(
        case="policy_too_short",
        count=600,
        exchanges=(_LOGIN, replace(_REFUSED, expected="refuse:PWD.0007", code="PWD.0007", asks="weak")),
    ),
    Kind(
        case="login_unknown_user",
        count=100,
        exchanges=(replace(_WRONG_LOGIN, expected="refuse:LOGIN.0002|USER.0001"), _LOGIN),
    ),
    # Four requests, and twice as many flows of one: two a flow on average.
    Kind(
        case="race_one_token",
        count=20,
        exchanges=(
            _LOGIN,
            replace(_UPDATE, expected=_EITHER),
            replace(_REFUSED, expected=_EITHER, code="PARAM.0014", beside=True),
            _VERIFY,
        ),
    ),
    Kind(case="login_only", count=40, exchanges=(_LOGIN,)),
    Kind(
        case="valid_change",
        count=40,
        exchanges=(_LOGIN, replace(_UPDATE, status="", http=429, outcome="shed", session=False)),
    ),
    Kind(
        case="valid_change",
        count=5,
        exchanges=(
            _LOGIN,
            replace(_UPDATE, status="", code="transport:timeout", http=0, outcome="unknown", session=False),
        ),
    ),
)
assert sum(kind.count for kind in KINDS) == _BLOCK
assert sum(kind.count * len(kind.exchanges) for kind in KINDS) == 2 * _BLOCK


def write_big_run(
    path: Path,
    rows: int,
    *,
    workers: int = 4,
    seed: int = 1,
    uses: int = 10,
    arrivals: Literal["even", "poisson"] = "poisson",
    rate_per_s: float = RATE_PER_S,
) -> RunDirectory:
    """Write the run of a correct target; its flows take turns on the workers.

    Args:
        path: of the run directory.
        rows: how many samples, a multiple of 20,000.
        workers: how many processes share the load.
        seed: of everything that chance decides.
        uses: how many flows have each account, one after the other.
        arrivals: how they are placed.
        rate_per_s: of the flows; each makes two samples on average.
    """
    if rows % (2 * _BLOCK) or rows < 2 * _BLOCK:
        raise ValueError(f"{rows} rows; allowed is a multiple of {2 * _BLOCK}")
    with in_files(Path(tempfile.gettempdir())) if rows >= IN_FILES_FROM else nullcontext():
        return _write(path, rows // 2, workers, seed, uses, arrivals, rate_per_s)


def _write(
    path: Path, flows: int, workers: int, seed: int, uses: int, arrivals: Literal["even", "poisson"], rate_per_s: float
) -> RunDirectory:
    names = ["local"] if workers == 1 else [f"worker-{number}" for number in range(1, workers + 1)]
    due_s, plan = _arrivals(flows, rate_per_s, arrivals, seed)
    kind, generation, last = _stories(flows, max(flows // uses, 1), seed)
    directory = RunDirectory(path)
    directory.samples.mkdir(parents=True)
    made = dict.fromkeys(names, 0)
    writers = [
        pq.ParquetWriter(directory.samples / f"{name}.parquet", SCHEMA, compression="zstd", compression_level=1)
        for name in names
    ]
    for start in range(0, flows, _CHUNK):
        part = slice(start, min(start + _CHUNK, flows))
        flow = np.arange(part.start, part.stop)
        columns = _exchanges(flow, due_s[part], kind[part], generation[part], len(last), plan.pieces[0].end_s)
        for place, (name, writer) in enumerate(zip(names, writers, strict=True)):
            mine = np.flatnonzero(columns["flow"] % workers == place)
            table = _table({key: column[mine] for key, column in columns.items()}, name, made[name], int(last.max()))
            writer.write_table(table, row_group_size=_GROUP_ROWS)
            made[name] += len(mine)
    for writer in writers:
        writer.close()
    _write_rest(directory, plan, made, flows, last)
    return directory


def _arrivals(
    flows: int, rate_per_s: float, arrivals: Literal["even", "poisson"], seed: int
) -> tuple[npt.NDArray[np.float64], ArrivalPlan]:
    """Return when so many flows are due, and the plan that ends right behind the last of them."""
    end_s = flows / rate_per_s * 1.05 + 10.0
    whole = RatePlan.of([("steady", 0.0, end_s, rate_per_s, rate_per_s)])
    due_s = due_times(Schedule(plan=whole, arrivals=arrivals, seed=seed), end_s)[: flows + 1]
    end_s, warm_s = float(due_s[flows - 1] + due_s[flows]) / 2, float(due_s[flows // 10])
    pieces = (
        RateRecord("warm up", 0.0, warm_s, rate_per_s, rate_per_s),
        RateRecord("steady", warm_s, end_s, rate_per_s, rate_per_s),
    )
    plan = ArrivalPlan(kind=arrivals, seed=seed, pieces=pieces, slots=4_000, queue_limit=4_000)
    again = due_times(Schedule(plan=RatePlan.of(pieces), arrivals=arrivals, seed=seed), end_s)
    return again[:flows], plan


def _stories(flows: int, accounts: int, seed: int) -> tuple[npt.NDArray[np.int8], npt.NDArray[np.int16], Ints]:
    """Return the kind of each flow, the generation before it, and that of each account at last.

    Flow n has account n modulo the accounts, so that a later flow of an account is later by far.
    """
    rng = np.random.default_rng(seed)
    block = np.repeat(np.arange(len(KINDS), dtype=np.int8), [kind.count for kind in KINDS])
    orders = np.stack([rng.permutation(block) for _ in range(97)])
    kind = orders[np.arange(flows // _BLOCK) % len(orders)].ravel()
    changes = np.array([one.changes for one in KINDS])[kind]
    rounds = -(-flows // accounts)
    table = np.zeros(rounds * accounts, np.int16)
    table[:flows] = changes
    by_round = table.reshape(rounds, accounts)
    after = np.cumsum(by_round, axis=0, dtype=np.int16)
    return kind, (after - by_round).ravel()[:flows], after[-1].astype(np.int64)


def _exchanges(
    flow: Ints,
    due_s: npt.NDArray[np.float64],
    kind: npt.NDArray[np.int8],
    generation: npt.NDArray[np.int16],
    accounts: int,
    warm_s: float,
) -> Columns:
    """Return the exchanges of some flows in the order in which they were over; texts as places among `_words`."""
    parts = [
        part
        for place, one in enumerate(KINDS)
        for part in _of_kind(
            place, one, flow[kind == place], due_s[kind == place], generation[kind == place], accounts, warm_s
        )
    ]
    whole = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    order = np.argsort(whole["done_s"], kind="stable")
    return {name: column[order] for name, column in whole.items()}


def _of_kind(
    place: int,
    kind: Kind,
    flow: Ints,
    due_s: npt.NDArray[np.float64],
    generation: npt.NDArray[np.int16],
    accounts: int,
    warm_s: float,
) -> Iterator[Columns]:
    rng = np.random.default_rng([int(flow[0]) if len(flow) else 0, place])
    begun_s, intended_s = due_s, due_s
    for number, one in enumerate(kind.exchanges):
        begun_s = begun_s if one.beside else intended_s
        opening_s = np.where((flow % 997 == 0) & (number == 0), 0.0003, np.nan)
        sent_s = begun_s + rng.random(len(flow)) * 0.0004 + np.nan_to_num(opening_s)
        took_s = np.minimum(rng.lognormal(np.log(0.02 if one.asks else 0.06), 0.5, len(flow)), 1.5)
        done_s = sent_s + (3.0 if one.http == 0 else took_s)
        intended_s = np.maximum(intended_s, done_s) if one.beside else done_s
        yield {
            "flow": flow,
            "is_steady": due_s >= warm_s,
            "account": flow % accounts,
            "generation": generation.astype(np.int32),
            "exchange": np.full(len(flow), sum(len(other.exchanges) for other in KINDS[:place]) + number, np.int16),
            "intended_s": begun_s,
            "sent_s": sent_s,
            "first_byte_s": np.where(one.http == 0, np.nan, done_s - 0.0001),
            "done_s": done_s,
            "connect_s": opening_s,
            "bytes_sent": (500 + flow % 400).astype(np.int32),
        }


def _digest(numbers: Ints) -> Ints:
    """Return what looks like the digest of a token: splitmix64, one number for each."""
    mixed = numbers.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        mixed = (mixed ^ (mixed >> np.uint64(shift))) * np.uint64(factor)
    return (mixed ^ (mixed >> np.uint64(31))).view(np.int64)


_ALL = [(kind.case, one) for kind in KINDS for one in kind.exchanges]


def _table(columns: Columns, worker: str, first: int, generations: int) -> pa.Table:
    """Return the exchanges of one process as samples, numbered from `first` on."""
    exchange, count = columns["exchange"], len(columns["flow"])
    numbers: Mapping[str, object] = {
        "seq": np.arange(first, first + count),
        **{name: columns[name] for name in ("flow", "account", "generation", "intended_s", "done_s", "bytes_sent")},
        **{name: _known(columns[name]) for name in ("sent_s", "first_byte_s", "connect_s")},
        "token": _digest(columns["flow"] + 1),
        "session": pa.array(_digest(columns["flow"] * 8 + 5), mask=~_of(exchange, lambda one: one.session)),
        "tls_s": pa.nulls(count, pa.float64()),
        "http_status": pa.array(_of(exchange, lambda one: one.http), mask=_of(exchange, lambda one: one.http) == 0),
        "bytes_received": _of(exchange, lambda one: 400 if one.http else 0),
        "attempt": np.ones(count, np.int16),
    }
    texts: Mapping[str, pa.Array] = {
        "worker": _coded(np.zeros(count, np.int32), [worker]),
        "case": _named(exchange, [case for case, _ in _ALL]),
        **{name: _named(exchange, [getattr(one, name) for _, one in _ALL]) for name in ("step", "status", "outcome")},
        "error_code": _named(exchange, [one.code for _, one in _ALL]),
        "expected": _named(exchange, [one.expected for _, one in _ALL]),
        "stage": _coded(columns["is_steady"].astype(np.int32), ["warm up", "steady"]),
        "remark": _coded(np.zeros(count, np.int32), [""]),
        "device": _coded((columns["account"] % 4).astype(np.int32), ["android", "ios", "harmonyos", "desktop"]),
        **_passwords(columns, generations),
    }
    arrays = [texts[name] if name in texts else pa.array(numbers[name]) for name in SCHEMA.names]
    return pa.table([array.cast(field.type) for array, field in zip(arrays, SCHEMA, strict=True)], SCHEMA)


def _passwords(columns: Columns, generations: int) -> Mapping[str, pa.Array]:
    exchange, generation = columns["exchange"], columns["generation"]
    words = [*map(str, range(generations + 2)), _WRONG, "", *(f"{one}:too_short" for one in range(generations + 2))]
    wrong, empty, weak = (words.index(word) for word in (_WRONG, "", "0:too_short"))
    new = generation + _of(exchange, lambda one: one.sends == "new")
    sent = np.where(_of(exchange, lambda one: one.sends == "wrong"), wrong, new)
    asked = np.where(_of(exchange, lambda one: one.asks == "weak"), weak, 0) + generation + 1
    asked = np.where(_of(exchange, lambda one: bool(one.asks)), asked, empty)
    return {"password": _coded(sent, words), "new_password": _coded(asked, words)}


def _of(exchange: npt.NDArray[Any], value: Callable[[Exchange], object]) -> npt.NDArray[Any]:
    """Return something of each exchange's kind."""
    values: npt.NDArray[Any] = np.array([value(one) for _, one in _ALL])[exchange]
    return values


def _named(exchange: npt.NDArray[Any], names: Sequence[str]) -> pa.Array:
    different = list(dict.fromkeys(names))
    return _coded(np.array([different.index(name) for name in names])[exchange], different)


def _coded(places: npt.NDArray[Any], words: Sequence[str]) -> pa.Array:
    return pa.DictionaryArray.from_arrays(pa.array(places.astype(np.int32)), pa.array(words, pa.string()))


def _known(values: npt.NDArray[Any]) -> pa.Array:
    return pa.array(values, mask=np.isnan(values))


def _write_rest(
    directory: RunDirectory,
    plan: ArrivalPlan,
    made: Mapping[str, int],
    flows: int,
    last: Ints,
) -> None:
    """Write the record, the endings and the health that go with the samples."""
    seconds = int(plan.pieces[-1].end_s)
    workers = len(made)
    counts = [(flows - place + workers - 1) // workers for place in range(workers)]
    stages = tuple(
        StageRecord(name=one.stage, start_s=one.start_s, end_s=one.end_s, users=None, measured=one.stage != "warm up")
        for one in plan.pieces
    )
    record = replace(
        record_of([], stages=stages),
        title=f"{sum(made.values()):,} samples",
        scenario="big",
        target_is_standin=False,
        arrivals=plan,
        duration_s=plan.pieces[-1].end_s,
        workers=tuple(
            WorkerRecord(name=name, samples=rows, arrivals=ArrivalCounts(due=count, begun=count))
            for (name, rows), count in zip(made.items(), counts, strict=True)
        ),
        expected_workers=tuple(made),
        accounts=len(last),
        ledger=AccountsRecord(reuse="rearm", changed=int(last.sum())),
    )
    directory.write_record(record)
    _write_endings(directory.endings_file, last)
    rng = random.Random(1)
    write_health(directory, [row for name in made for row in easy_seconds(name, seconds, rng)])


def _write_endings(path: Path, last: Ints) -> None:
    """Write that each account opens to its last password, and to the one at first no more."""
    count = len(last)
    words = [*map(str, range(int(last.max()) + 1)), "", "used"]
    nothing, used = np.full(count, len(words) - 2), np.full(count, len(words) - 1)
    places = {"before": np.zeros(count), "after": last, "doubt": nothing, "status": used, "settled": nothing}
    columns = {name: _coded(column, words) for name, column in places.items()}
    columns["account"] = pa.array(np.arange(count))
    columns["opens"] = pa.array(np.ones(count, np.bool_))
    columns["earlier_opens"] = pa.array(np.zeros(count, np.bool_), mask=last == 0)
    pq.write_table(pa.table([columns[name] for name in ENDINGS.names], ENDINGS), path, compression="zstd")


if __name__ == "__main__":
    write_big_run(Path(sys.argv[1]), int(sys.argv[2].replace("_", "")))
