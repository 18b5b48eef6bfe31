"""What happened on one account, told to a person: the lines below a violation."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from pwdload.oracle.history import History
from pwdload.oracle.judgement import Moment, Violation
from pwdload.oracle.operation import Kind, Op, Result

_LINES_MAX: Final = 12
_BEFORE: Final = 8
"""So many lines before the culprit say how it came to that."""
_WRONG_FROM: Final = 500_000
"""A password of so high a generation was never anybody's: cases take one where it must be wrong."""


def named(word: str) -> str:
    """Return what a password is called: "password 3", "password 4 (too short)"; never the password."""
    generation, _, shape = word.partition(":")
    if shape:
        return f"password {generation} ({shape.replace('_', ' ')})"
    if generation.isdecimal() and int(generation) >= _WRONG_FROM:
        return "a wrong password"
    return f"password {word}" if word else "no password"


def violation_at(
    history: History, *, check: str, rule: str, sentence: str, row: int, account: int | None = None
) -> Violation:
    """Return a violation of which a row of the samples is the culprit, with the timeline of its account."""
    fields = row_of(history, row)
    index = int(str(fields["account"])) if account is None else account
    return Violation(
        check=check,
        rule=rule,
        sentence=sentence,
        account=index if index >= 0 else None,
        worker=str(fields["worker"]),
        flow=int(str(fields["flow"])),
        case=str(fields["case"]),
        at_s=_started(fields),
        timeline=timeline(history, index, row),
    )


def timeline(history: History, account: int, culprit: int, after: Iterable[Moment] = ()) -> tuple[Moment, ...]:
    """Return the moments of an account around the row that is the culprit, in order.

    Args:
        history: of the run.
        account: whose.
        culprit: a row of the samples; -1 where it came after the run.
        after: moments after the run.
    """
    ops = history.operations.of(account) if account >= 0 else []
    rows = [op for op in ops if op.result != Result.NOTHING or op.row == culprit]
    at = next((place for place, op in enumerate(rows) if op.row == culprit), len(rows))
    start = max(min(at - _BEFORE, len(rows) - _LINES_MAX), 0)
    numbers = _token_numbers(rows)
    shown = rows[start : start + _LINES_MAX]
    if not rows and culprit >= 0:
        return (_alone(row_of(history, culprit)),)
    return (*(_moment(op, row_of(history, op.row), numbers, op.row == culprit) for op in shown), *after)


def row_of(history: History, row: int) -> Mapping[str, object]:
    """Return one row of the samples by its columns."""
    fields: Mapping[str, object] = history.rows.slice(row, 1).to_pylist()[0]
    return fields


def _token_numbers(ops: Sequence[Op]) -> dict[int, int]:
    """Number the tokens of an account in the order in which they were first seen."""
    tokens = dict.fromkeys(op.token for op in ops if op.token)
    return {token: number for number, token in enumerate(tokens, 1)}


def _moment(op: Op, fields: Mapping[str, object], numbers: Mapping[int, int], is_culprit: bool) -> Moment:
    token = f"state_token #{numbers[op.token]}" if op.token else "no state_token"
    came = _came_of(fields)
    match op.kind:
        case Kind.LOGIN:
            words = f"login with {named(op.password)}: {came}"
            words += f", {token} handed out" if op.token else ""
        case Kind.UPDATE:
            words = f"change of {named(op.password)} to {named(op.new)} with {token}: {came}"
        case Kind.SKIP:
            words = f"change put off with {token}: {came}"
        case Kind.SET:
            words = f"an administrator sets {named(op.new)}: {came}"
        case _:
            words = f"account {fields['account']} sends a change of its own with {token} of this one: {came}"
    return Moment(at_s=_started(fields), until_s=_ended(fields), words=words, is_culprit=is_culprit)


def _alone(fields: Mapping[str, object]) -> Moment:
    words = f"{fields['step']}: {_came_of(fields)}"
    return Moment(at_s=_started(fields), until_s=_ended(fields), words=words, is_culprit=True)


def _came_of(fields: Mapping[str, object]) -> str:
    """Return what came of an exchange, with the target's own word for it."""
    code, status, http = fields["error_code"], fields["status"], fields["http_status"]
    if fields["sent_s"] is None:
        return f"not sent ({code})"
    if http is None:
        return f"no answer ({code})"
    if code:
        return f"refused ({code})" if http == 400 else f"HTTP {http} ({code})"
    if status == "ACCESS_DENIED":
        return "refused (ACCESS_DENIED)"
    if http == 200:
        return f"let in ({status})" if fields["step"] in ("login", "verify") else f"accepted ({status or 'done'})"
    return f"HTTP {http}"


def _started(fields: Mapping[str, object]) -> float:
    sent_s = fields["sent_s"]
    return float(str(sent_s if sent_s is not None else fields["intended_s"]))


def _ended(fields: Mapping[str, object]) -> float | None:
    return float(str(fields["done_s"])) if fields["http_status"] is not None else None
