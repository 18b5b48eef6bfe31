"""Why an account does not add up, for people: which rule was broken, and what must have happened.

The search says which answer nothing explains; what led to it is read off the operations around it. That choice of words
decides nothing: the verdict stands without it.
"""

from collections.abc import Iterable, Sequence
from math import inf
from typing import Final, NamedTuple

from pwdload.oracle.operation import Kind, Op, Result
from pwdload.oracle.timeline import named

ONE_CHANGE: Final = "I1: a state_token serves one change at most"
NEVER_ACKNOWLEDGED: Final = "I2: no password opens an account that was never acknowledged"
ONE_PASSWORD: Final = "I3: one password opens an account, and no other"  # noqa: S105 - a rule
NOT_LOST: Final = "I4: an acknowledged change is never lost"
NO_TRACE: Final = "a refused change leaves no trace"
RIGHT_OLD: Final = "a change needs the password in force"
IN_FORCE_OPENS: Final = "the password in force is never called wrong"


class Explanation(NamedTuple):
    """The rule that was broken, and what happened in one sentence."""

    rule: str
    sentence: str


def explain(ops: Sequence[Op], culprit: Op, held: Iterable[str], initial: str) -> Explanation:
    """Return why an operation cannot be explained.

    Args:
        ops: all of its account, in the order of their calls.
        culprit: the one.
        held: what the register can have held just before.
        initial: the password in force at first, empty where that is not known.
    """
    past = [op for op in ops if op is not culprit and op.call_s <= culprit.return_s]
    in_force = " or ".join(sorted(named(word) for word in held if word)) or "another password"
    if culprit.kind == Kind.LOGIN and culprit.result == Result.OK:
        return _let_in(past, culprit, initial, in_force)
    if culprit.kind == Kind.LOGIN:
        return _called_wrong(past, culprit)
    if culprit.kind in (Kind.UPDATE, Kind.SKIP) and culprit.result == Result.OK:
        return _accepted(past, culprit, in_force)
    return Explanation(
        IN_FORCE_OPENS, f"A change was refused because {named(culprit.password)} were wrong, which was in force."
    )


def _let_in(past: Sequence[Op], culprit: Op, initial: str, in_force: str) -> Explanation:
    word, name = culprit.password, named(culprit.password)
    asked = [op for op in past if op.new == word and op.kind in (Kind.UPDATE, Kind.SET)]
    results = {op.result for op in asked}
    was_in_force = word == initial or Result.OK in results or any(_shows(op, word) for op in past)
    if not was_in_force and results and results <= {Result.REFUSED, Result.NOTHING}:
        return Explanation(NO_TRACE, f"{_upper(name)} opens the account although the change to it was refused.")
    if not was_in_force and not results:
        return Explanation(NEVER_ACKNOWLEDGED, f"A login was let in with {name}, which nobody has asked for.")
    if Result.DOUBTFUL in results and Result.OK not in results:
        return Explanation(
            NOT_LOST, f"The change to {name}, which got no answer, took effect late, over the newer {in_force}."
        )
    newer = _last_acknowledged(past)
    if newer is None or newer.new == word:
        return Explanation(ONE_PASSWORD, f"A login was let in with {name} while {in_force} was in force.")
    if any(_shows(op, newer.new) and op.call_s >= newer.return_s for op in past):
        return Explanation(
            ONE_PASSWORD, f"{_upper(name)} still opens the account, and so does {named(newer.new)} that replaced it."
        )
    return Explanation(
        NOT_LOST, f"{_upper(name)} opens the account although its change to {named(newer.new)} was acknowledged."
    )


def _called_wrong(past: Sequence[Op], culprit: Op) -> Explanation:
    word, name = culprit.password, named(culprit.password)
    acknowledged = [op for op in past if op.new == word and op.result == Result.OK]
    since_s = max((op.return_s for op in acknowledged), default=-inf)
    refused = [
        op
        for op in past
        if op.kind == Kind.UPDATE and op.result == Result.REFUSED and op.password == word and op.call_s >= since_s
    ]
    if refused and not any(_shows(op, word) and op.call_s >= refused[-1].return_s for op in past):
        asked = named(refused[-1].new)
        return Explanation(
            NO_TRACE, f"{_upper(name)} no longer opens the account after a change of it to {asked} was refused."
        )
    if acknowledged:
        return Explanation(NOT_LOST, f"{_upper(name)}, which was acknowledged, is called wrong.")
    return Explanation(IN_FORCE_OPENS, f"{_upper(name)} is called wrong, which is in force.")


def _accepted(past: Sequence[Op], culprit: Op, in_force: str) -> Explanation:
    spent = any(
        op.token == culprit.token and op.kind in (Kind.UPDATE, Kind.SKIP) and op.result == Result.OK for op in past
    )
    if culprit.token and spent:
        return Explanation(ONE_CHANGE, "A state_token that had served was accepted again.")
    if culprit.kind == Kind.SKIP:
        return Explanation(ONE_CHANGE, "A state_token was accepted after a change with it had taken effect.")
    return Explanation(
        RIGHT_OLD, f"A change was accepted with {named(culprit.password)} as the old one while {in_force} was in force."
    )


def _shows(op: Op, word: str) -> bool:
    """Whether an operation shows that a password was in force at its time."""
    return op.result == Result.OK and op.password == word and op.kind in (Kind.LOGIN, Kind.UPDATE)


def _last_acknowledged(past: Sequence[Op]) -> Op | None:
    changes = [op for op in past if op.kind in (Kind.UPDATE, Kind.SET) and op.result == Result.OK and op.new]
    return max(changes, key=lambda op: op.return_s, default=None)


def _upper(text: str) -> str:
    return text[:1].upper() + text[1:]
