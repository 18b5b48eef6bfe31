"""A state_token serves one change, of the account that it was handed out to (I1)."""

from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from pwdload.oracle.checks.concluding import Check, Words, concluded, unless_gaps
from pwdload.oracle.explain import ONE_CHANGE
from pwdload.oracle.history import Circumstances, History
from pwdload.oracle.judgement import VIOLATIONS_MAX, CheckResult
from pwdload.oracle.operation import Flags, Ints, Result
from pwdload.oracle.owners import owners
from pwdload.oracle.reading import are_handed_out, has_text, numbers
from pwdload.oracle.seen import Finding, Seen, finding_at
from pwdload.statistics.ordering import is_among, taken
from pwdload.units import counted

_NAME = "tokens"
_OF_ONE = "I1: a state_token belongs to one account"
_HANDED_OUT = "I1: only a state_token that was handed out serves"
_CERTAIN, _NEEDS_ALL = "certain", "needs all"
"""Whether a sample that is missing could not explain it, or could."""


class _Tokens(NamedTuple):
    """Rows of logins that handed a state_token out, and of calls that one served."""

    handed: Ints
    served: Ints
    token: Ints
    account: Ints
    is_own: Flags
    """Of each row, whether its token was handed out to its own account."""


class _Odd(NamedTuple):
    row: int
    rule: str
    sentence: str
    kind: str = _CERTAIN


def _look(history: History) -> Seen:
    history = history.own
    tokens = _tokens(history)
    counts: Counter[str] = Counter(handed=len(tokens.handed), served=len(tokens.served))
    found: list[Finding] = []
    # Tokens that are looked at apart are all that two accounts can have been given.
    of_two = _of_two(tokens) if history.apart is None else iter(())
    for number, odd in enumerate((_twice(tokens), of_two, _foreign(tokens))):
        for one in odd:
            counts[one.kind] += 1
            if counts[one.kind] <= VIOLATIONS_MAX:
                found.append(_finding(history, number, one))
    return Seen(counts=counts, found=tuple(found))


def _finding(history: History, number: int, one: _Odd) -> Finding:
    return finding_at(history, one.row, rule=one.rule, sentence=one.sentence, kind=one.kind, number=number)


def _tell(history: Circumstances, seen: Seen) -> CheckResult:
    if not seen.counts["handed"]:  # an earlier version did not keep them
        seen = Seen()
    served, certain = seen.counts["served"], seen.counts[_CERTAIN]
    total = certain + seen.counts[_NEEDS_ALL]
    return concluded(
        Words(
            name=_NAME,
            title="No state_token served twice",
            good=f"{counted(served, 'change')} went through, each with a state_token of its own account that served "
            "once.",
            bad=f"{counted(total, 'time')} a state_token did what it must not.",
            nothing="No change went through, so no state_token was seen to serve.",
        ),
        examined=served,
        violations=seen.told(_CERTAIN if certain else _NEEDS_ALL),
        total=certain or total,
        doubt="" if certain else unless_gaps(history, total),
    )


check_tokens = Check(look=_look, tell=_tell, across={"tokens": _look})
"""A token that served twice, or another account, or that nobody was given, is a violation."""


def _tokens(history: History) -> _Tokens:
    rows = history.rows
    token, account = numbers(rows, "token", 0), numbers(rows, "account", -1)
    is_login = has_text(rows, "step", lambda step: step in ("login", "verify"))
    is_call = has_text(rows, "step", lambda step: step in ("update_password", "skip_update"))
    is_handed = is_login & (token != 0)
    # They differ where a login of an unknown user was handed one.
    is_as_known = np.array_equal(is_handed, are_handed_out(rows))
    is_own = (history.owners if is_as_known else owners(account, token, is_handed)).is_own
    is_served = is_call & (history.results == Result.OK)
    if history.apart is not None:
        is_handed, is_served = is_handed & ~history.apart, is_served & ~history.apart
    return _Tokens(
        handed=_rows(is_handed),
        served=_rows(is_served),
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


def _twice(tokens: _Tokens) -> Iterator[_Odd]:
    served = _of_repeated(tokens, tokens.served)
    served = served[tokens.token[served] != 0]
    if len(served):
        _, first = np.unique(tokens.token[served], return_index=True)
        for row in np.delete(served, first).tolist():
            yield _Odd(row, ONE_CHANGE, "A state_token that had served was accepted again.")


def _of_two(tokens: _Tokens) -> Iterator[_Odd]:
    """Yield each hand-out of a token that another account had been given."""
    handed = _of_repeated(tokens, tokens.handed)
    _, first, number = np.unique(tokens.token[handed], return_index=True, return_inverse=True)
    account = tokens.account[handed]
    for row in handed[account != account[first][number]].tolist() if len(handed) else ():
        yield _Odd(row, _OF_ONE, "A state_token was handed out that another account had been given.")


def _foreign(tokens: _Tokens) -> Iterator[_Odd]:
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
            yield _Odd(row, _OF_ONE, f"A state_token of account {min(whose)} served account {account[row]}.")
        elif not token[row]:
            yield _Odd(row, _HANDED_OUT, "A change went through without a state_token.")
        else:
            yield _Odd(row, _HANDED_OUT, "A change went through with a state_token that nobody was given.", _NEEDS_ALL)
