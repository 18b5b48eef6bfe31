"""Samples as they are recorded: a page gives the same table as its samples one by one."""

import json
import math
import struct
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.test_samples import sample, texts, times

from pwdload.accounts.account import Account, PasswordRef
from pwdload.api.contract import Answer, Step
from pwdload.api.digest import NO_TOKEN
from pwdload.api.http import Exchange
from pwdload.cases.expectation import Expectation, accept, accept_or_refuse, refuse
from pwdload.cases.played import Played, Sent
from pwdload.cases.sampling import WORD_LENGTH_MAX, Sampler
from pwdload.outcome import Outcome
from pwdload.passwords import Shape
from pwdload.samples import Sample, SampleWriter, read_samples, to_batch
from pwdload.samples.page import Page

few = st.sampled_from(["", "login", "SUCCESS", "valid_change"])
words = few | texts
numbers = st.integers(-(2**63), 2**63 - 1)
small, tiny = st.integers(-(2**31), 2**31 - 1), st.integers(-(2**15), 2**15 - 1)
digests = st.none() | numbers.filter(bool)
any_time = st.floats(allow_nan=True, allow_infinity=True)
seconds = st.none() | any_time
TEXTS = ("worker", "step", "case", "stage", "password", "new_password", "device")
MORE_TEXTS = ("status", "error_code", "outcome", "remark", "expected")


@st.composite
def lawful_times(draw: st.DrawFn) -> dict[str, float | None]:
    """Times in order, of which the two in the middle may be null."""
    intended, sent, first, done = draw(times)
    answered = draw(st.sampled_from([(None, None), (sent, None), (sent, first), (None, first)]))
    return {"intended_s": intended, "sent_s": answered[0], "first_byte_s": answered[1], "done_s": done}


unlawful_times = st.fixed_dictionaries(
    {"intended_s": any_time, "sent_s": seconds, "first_byte_s": seconds, "done_s": any_time}
)
other_columns = st.fixed_dictionaries(
    {
        **dict.fromkeys(TEXTS + MORE_TEXTS, words),
        **dict.fromkeys(("seq", "flow", "account"), numbers),
        **dict.fromkeys(("token", "session"), digests),
        **dict.fromkeys(("generation", "bytes_sent", "bytes_received"), small),
        **dict.fromkeys(("connect_s", "tls_s"), seconds),
        "http_status": st.none() | tiny,
        "attempt": tiny,
    }
)


def paged(rows: list[Sample]) -> pa.RecordBatch:
    """Return what a page makes of samples."""
    page = Page()
    for row in rows:
        page.append(row)
    return page.to_batch()


def said(make: object, rows: list[Sample]) -> object:
    """Return what is made of samples, or the words in which they are refused."""
    try:
        return make(rows)  # type: ignore[operator]
    except ValueError as error:
        return str(error)


def same(one: object, other: object) -> bool:
    """Whether two batches have the same values, dictionaries and nulls, or two refusals the same words."""
    if isinstance(one, pa.RecordBatch) and isinstance(other, pa.RecordBatch):
        pairs = zip(one.columns, other.columns, strict=True)
        return one.schema == other.schema and all(_is_same_column(*pair) for pair in pairs)
    return one == other


def _is_same_column(one: pa.Array, other: pa.Array) -> bool:
    if pa.types.is_floating(one.type):  # NaN is equal to itself here
        one, other = ([repr(value) for value in column.to_pylist()] for column in (one, other))
        return bool(one == other)
    return bool(one.equals(other))


@given(st.lists(st.builds(dict.__or__, lawful_times(), other_columns), min_size=1, max_size=6))
def test_a_page_gives_the_table_of_its_samples(drawn: list[dict[str, Any]]) -> None:
    """Whatever is recorded is encoded as it is one by one: values, nulls, dictionaries and their order."""
    rows = [sample(**changes) for changes in drawn]
    assert same(paged(rows), to_batch(rows))
    paged(rows).validate(full=True)


@given(st.lists(st.tuples(lawful_times() | unlawful_times, st.integers(0, 9)), min_size=1, max_size=6))
def test_impossible_times_are_refused_in_the_same_words(drawn: list[tuple[dict[str, object], int]]) -> None:
    """A NaN that some computation gave is an error as ever, and is not taken for a time that there was none of."""
    rows = [sample(seq, **when) for when, seq in drawn]
    assert same(said(paged, rows), said(to_batch, rows))


def test_a_time_that_is_nan_is_no_null() -> None:
    """Only what was never reached is null: a NaN of the clock makes the block fail, and one of a duration stays."""
    (kept,) = paged([sample(0, connect_s=math.nan)])["connect_s"].to_pylist()
    assert math.isnan(kept)
    with pytest.raises(ValueError, match="intended <= sent <= first byte <= done"):
        paged([sample(0, sent_s=math.nan)])


@pytest.mark.parametrize(
    "changes",
    [
        {"bytes_sent": 2**31},
        {"account": "7"},
        {"http_status": 40_000},
        {"attempt": "1"},
        {"status": 200},
        {"case": None},
        {"remark": "\ud800"},
        {"token": 2**63},
        {"intended_s": "0.1"},
        {"done_s": b"0"},
    ],
)
def test_a_sample_that_cannot_be_kept_spoils_no_other(tmp_path: Path, changes: dict[str, object]) -> None:
    """It is refused at once, and those before and after it are written."""
    writer = SampleWriter(tmp_path, "local")
    writer.append(sample(0))
    with pytest.raises((TypeError, ValueError, OverflowError, struct.error)):
        writer.append(sample(1, **changes))
    writer.append(sample(2))
    writer.close()
    table, (file,) = read_samples(tmp_path)
    assert table["seq"].to_pylist() == [0, 2]
    assert (writer.rows, writer.lost, file.missing) == (2, 0, 1)


ALL_SHAPES = [*Shape]
EXPECTED: list[Expectation] = [accept("SUCCESS"), refuse("PWD.0001"), accept_or_refuse("SUCCESS", "PWD.0007")]
long_words = words | words.map(lambda word: word * 40)
digest_bytes = st.just(NO_TOKEN) | st.binary(min_size=8, max_size=8)
passwords = st.none() | st.builds(PasswordRef, st.integers(-1, 3), st.sampled_from(ALL_SHAPES))


@st.composite
def exchanges(draw: st.DrawFn) -> Played:
    """Any exchange that a flow may have had, lawful in its times."""
    when = draw(lawful_times())
    intended_s = when.pop("intended_s")
    exchange = Exchange(
        started_s=0.0,
        **when,  # type: ignore[arg-type]
        connect_s=draw(st.none() | st.floats(0, 9)),
        tls_s=draw(st.none() | st.floats(0, 9)),
        http_status=draw(st.none() | st.sampled_from([200, 400, 503])),
        transport=draw(st.sampled_from(["", "refused", "stale"])),
        bytes_sent=draw(st.integers(0, 900)),
        bytes_received=draw(st.integers(0, 900)),
    )
    fields = {"status": draw(long_words), "error_code": draw(long_words)}
    return Played(
        draw(st.sampled_from([*Step])),
        draw(st.sampled_from(EXPECTED)),
        exchange,
        draw(st.none() | st.just(answered(fields))),
        draw(st.sampled_from([*Outcome])),
        intended_s or 0.0,
        Account(index=draw(st.integers(-1, 9)), user_name="ann", generation=draw(st.integers(0, 3))),
        Sent(draw(passwords), draw(passwords), draw(digest_bytes)),
        draw(digest_bytes),
        draw(digest_bytes),
        draw(long_words),
        draw(st.integers(1, 3)),
    )


def number_of(digest: bytes) -> int | None:
    """Return a digest as samples hold it."""
    return int.from_bytes(digest, "little", signed=True) or None


def as_sample(seq: int, played: Played, flow: int, case: str, device: str, stage: str) -> Sample:
    """Return the sample of an exchange, column by column as `Sample` says."""
    exchange, answer, (password, new, _) = played.exchange, played.answer, played.sent
    return Sample(
        seq=seq,
        worker="worker-3",
        flow=flow,
        step=played.step,
        case=case,
        stage=stage,
        account=played.account.index,
        generation=played.account.generation,
        password=password.word if password is not None else "",
        new_password=new.word if new is not None else "",
        token=number_of(played.token),
        session=number_of(played.session),
        device=device,
        intended_s=played.intended_s,
        sent_s=exchange.sent_s,
        first_byte_s=exchange.first_byte_s,
        done_s=exchange.done_s,
        connect_s=exchange.connect_s,
        tls_s=exchange.tls_s,
        http_status=exchange.http_status,
        status=answer.status[:100] if answer is not None else "",
        error_code=played.error_code[:100],
        outcome=played.outcome,
        remark=played.remark[:100],
        expected=played.expect.label,
        bytes_sent=exchange.bytes_sent,
        bytes_received=exchange.bytes_received,
        attempt=played.attempt,
    )


class Pages:
    """In place of a `SampleWriter`: every page stays."""

    def __init__(self, block_rows: int) -> None:
        self.page = Page()
        self.block_rows = block_rows
        self.written: list[pa.RecordBatch] = []

    def flush(self) -> None:
        """Encode the page, and begin the next."""
        if self.page:
            self.written.append(self.page.to_batch())
            self.page = Page()


@given(st.lists(st.tuples(exchanges(), few, few, few), min_size=1, max_size=6))
def test_what_is_recorded_is_the_sample_of_each_exchange(drawn: list[tuple[Played, str, str, str]]) -> None:
    """Words are made once for all exchanges that have the same, and each sample has its own."""
    pages, block_rows = Pages(4), 4
    sampler = Sampler(pages, "worker-3")  # type: ignore[arg-type]
    for seq, (played, *texts_of_it) in enumerate(drawn):
        sampler.keep(played, seq // 2, *texts_of_it)
    pages.flush()
    wanted = [as_sample(seq, played, seq // 2, *of_it) for seq, (played, *of_it) in enumerate(drawn)]
    parts = [wanted[at : at + block_rows] for at in range(0, len(wanted), block_rows)]
    assert len(pages.written) == len(parts)
    assert all(same(one, to_batch(part)) for one, part in zip(pages.written, parts, strict=True))


def answered(fields: dict[str, str]) -> Answer:
    """Return what is made of a body."""
    return Answer.parse(200, json.dumps(fields).encode())


def played(**changes: object) -> Played:
    """Return a log-in, with changes to its exchange."""
    exchange = Exchange(started_s=0.0, sent_s=0.1, first_byte_s=0.2, done_s=0.3, http_status=200)
    for name, value in changes.items():
        setattr(exchange, name, value)
    answer, ann = answered({"status": "SUCCESS"}), Account(index=1, user_name="ann")
    return Played(Step.LOGIN, accept("SUCCESS"), exchange, answer, Outcome.RIGHT_ACCEPT, 0.0, ann)


def test_an_exchange_that_is_left_out_is_missed(tmp_path: Path) -> None:
    """It has a number, so that the gap in the samples is as long as the count of what was lost."""
    writer = SampleWriter(tmp_path, "local")
    sampler = Sampler(writer, "local")
    for changes in ({}, {"bytes_sent": 2**40}, {"done_s": None}, {"bytes_received": "many"}, {}):
        try:
            sampler.keep(played(**changes), 0, "login_only", "ios", "all")
        except struct.error:
            sampler.leave_out()
    writer.close()
    table, (file,) = read_samples(tmp_path)
    assert table["seq"].to_pylist() == [0, 4]
    assert (sampler.made, sampler.left_out, file.missing) == (5, 3, 3)


def test_what_a_target_makes_up_does_not_pile_up() -> None:
    """Of a status of a megabyte its first letters are kept, and no page knows the words of the one before."""
    pages = Pages(8)
    sampler = Sampler(pages, "local")  # type: ignore[arg-type]
    for number in range(20):
        answer = answered({"status": f"{number:07d}" + "x" * 1_000_000})
        sampler.keep(played()._replace(answer=answer), number, "login_only", "ios", "all")
    assert [len(batch["status"].dictionary) for batch in pages.written] == [8, 8]
    assert (len(pages.page), len(pages.page.numbers)) == (4, 0)
    assert pages.written[0]["status"][0].as_py() == "0000000" + "x" * (WORD_LENGTH_MAX - 7)
