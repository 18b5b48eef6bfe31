"""A state_token serves one change, of the account that it was handed out to (I1)."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from pwdload.oracle.checks.concluding import Words, concluded, unless_gaps
from pwdload.oracle.explain import ONE_CHANGE
from pwdload.oracle.history import History
from pwdload.oracle.judgement import VIOLATIONS_MAX, CheckResult, Violation
from pwdload.oracle.operation import Flags, Ints, Result
from pwdload.oracle.owners import owners
from pwdload.oracle.reading import are_handed_out, has_text, numbers
from pwdload.oracle.timeline import violation_at
from pwdload.statistics.ordering import is_among, taken
from pwdload.units import counted

_NAME = "tokens"
_OF_ONE = "I1: a state_token belongs to one account"
_HANDED_OUT = "I1: only a state_token that was handed out serves"


class _Tokens(NamedTuple):
    """Rows of logins that handed a state_token out, and of calls that one served."""

    handed: Ints
    served: Ints
    token: Ints
    account: Ints
    is_own: Flags
    """Of each row, whether its token was handed out to its own account."""


class _Finding(NamedTuple):
    row: int
    rule: str
    sentence: str
    needs_all: bool = False
    """Whether a sample that is missing could explain it."""


def check_tokens(history: History) -> CheckResult:
    """A token that served twice, or another account, or that nobody was given, is a violation."""
    tokens = _tokens(history)
    if not len(tokens.handed):  # an earlier version did not keep them
        tokens = tokens._replace(served=tokens.handed)
    found = [*_twice(tokens), *_of_two(tokens), *_foreign(tokens)]
    certain = [one for one in found if not one.needs_all]
    served = len(tokens.served)
    return concluded(
        Words(
            name=_NAME,
            title="No state_token served twice",
            good=f"{counted(served, 'change')} went through, each with a state_token of its own account that served "
            "once.",
            bad=f"{counted(len(found), 'time')} a state_token did what it must not.",
            nothing="No change went through, so no state_token was seen to serve.",
        ),
        examined=served,
        violations=[_violation(history, one) for one in (certain or found)[:VIOLATIONS_MAX]],
        total=len(certain or found),
        doubt="" if certain else unless_gaps(history, len(found)),
    )


def _tokens(history: History) -> _Tokens:
    rows = history.rows
    token, account = numbers(rows, "token", 0), numbers(rows, "account", -1)
    is_login = has_text(rows, "step", lambda step: step in ("login", "verify"))
    is_call = has_text(rows, "step", lambda step: step in ("update_password", "skip_update"))
    is_handed = is_login & (token != 0)
    # They differ where a login of an unknown user was handed one.
    is_as_known = np.array_equal(is_handed, are_handed_out(rows))
    is_own = (history.owners if is_as_known else owners(account, token, is_handed)).is_own
    return _Tokens(
        handed=_rows(is_handed),
        served=_rows(is_call & (history.results == Result.OK)),
        token=token,
        account=account,
        is_own=is_own,
    )


def _rows(flags: Flags) -> Ints:
    """Return which rows are flagged, as narrow as they can be."""
    return np.flatnonzero(flags).astype(np.int32 if len(flags) < 2**31 else np.int64)


def _of_repeated(tokens: _Tokens, rows: Ints) -> Ints:
    """Return those of some rows whose token another of them has as well."""
    ordered = taken(tokens.token, rows)
    ordered.sort()  # in its place: of a long run it takes much room
    repeated = np.unique(ordered[1:][ordered[1:] == ordered[:-1]])
    del ordered
    return rows[is_among(taken(tokens.token, rows), repeated)] if len(repeated) else rows[:0]


def _twice(tokens: _Tokens) -> Iterator[_Finding]:
    served = _of_repeated(tokens, tokens.served)
    served = served[tokens.token[served] != 0]
    if len(served):
        _, first = np.unique(tokens.token[served], return_index=True)
        for row in np.delete(served, first).tolist():
            yield _Finding(row, ONE_CHANGE, "A state_token that had served was accepted again.")


def _of_two(tokens: _Tokens) -> Iterator[_Finding]:
    """Yield each hand-out of a token that another account had been given."""
    handed = _of_repeated(tokens, tokens.handed)
    _, first, number = np.unique(tokens.token[handed], return_index=True, return_inverse=True)
    account = tokens.account[handed]
    for row in handed[account != account[first][number]].tolist() if len(handed) else ():
        yield _Finding(row, _OF_ONE, "A state_token was handed out that another account had been given.")


def _foreign(tokens: _Tokens) -> Iterator[_Finding]:
    """Yield each call that succeeded with a token that was not its account's."""
    token, account = tokens.token, tokens.account
    odd = tokens.served[~tokens.is_own[tokens.served]].tolist()
    handed = tokens.handed[is_among(token[tokens.handed], np.unique(token[odd]))] if odd else tokens.handed[:0]
    owners_of: dict[int, set[int]] = {}
    for one, whose_ in zip(token[handed].tolist(), account[handed].tolist(), strict=True):
        owners_of.setdefault(one, set()).add(whose_)
    for row in odd:
        whose = owners_of.get(int(token[row]), set())
        if whose:
            yield _Finding(row, _OF_ONE, f"A state_token of account {min(whose)} served account {account[row]}.")
        elif not token[row]:
            yield _Finding(row, _HANDED_OUT, "A change went through without a state_token.")
        else:
            yield _Finding(row, _HANDED_OUT, "A change went through with a state_token that nobody was given.", True)


def _violation(history: History, found: _Finding) -> Violation:
    return violation_at(history, check=_NAME, rule=found.rule, sentence=found.sentence, row=found.row)
