"""From samples to operations: what each row asked for, and what its answer lets one be certain of."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pyarrow as pa

from pwdload.api.contract import BUSY_CODES, LOCKED_CODES, OPERATIONS, WRONG_PASSWORD_CODES, Step
from pwdload.cases.remarks import NOT_FORWARDED
from pwdload.oracle.operation import Flags, Floats, Ints, Kind, OfRows, Operations, Result, Why
from pwdload.oracle.owners import Guests, Owners, owners
from pwdload.outcome import Outcome
from pwdload.rundir import WorkerRecord
from pwdload.samples.columns import plain
from pwdload.statistics.ordering import stable_order, taken

UNKNOWN_USER_CASE = "login_unknown_user"
"""Its logins name nobody: they say nothing of the account that their flow holds."""
_TOKEN_CODES = ("PARAM.0014",)
_KINDS = {
    Step.LOGIN: Kind.LOGIN,
    Step.VERIFY: Kind.LOGIN,
    Step.UPDATE_PASSWORD: Kind.UPDATE,
    Step.SKIP_UPDATE: Kind.SKIP,
    Step.REARM: Kind.SET,
}
_RESULTS = {
    Outcome.RIGHT_ACCEPT: Result.OK,
    Outcome.WRONG_ACCEPT: Result.OK,
    Outcome.RIGHT_REJECT: Result.REFUSED,
    Outcome.WRONG_REJECT: Result.REFUSED,
    Outcome.SHED: Result.NOTHING,
    Outcome.UNKNOWN: Result.DOUBTFUL,
    Outcome.NOT_SENT: Result.NOTHING,
    Outcome.CONTRACT_VIOLATION: Result.DOUBTFUL,
}


def read_operations(
    rows: pa.Table,
    workers: Sequence[WorkerRecord],
    words: Sequence[str] = (),
    results: Ints | None = None,
    owned: Owners | None = None,
    guests: Guests | None = None,
) -> Operations:
    """Return the operations of samples, with those of doubtful effect open towards the future.

    `words` are further names of passwords that `Operations.words` is to hold; `results` are `results_of` the rows, and
    `owned` is `owners_of` them, where somebody has them already. `guests` are those among the rows, where these are of
    some of a run's accounts only.
    """
    kind, result = _kinds(rows), results_of(rows) if results is None else results
    why = np.where(result == Result.REFUSED, _by_text(rows, "error_code", _why), np.int8(Why.NONE))
    account, token = numbers(rows, "account", -1), numbers(rows, "token", 0)
    call_s = times(rows, "sent_s")
    if np.isnan(call_s).any():
        call_s = np.where(np.isnan(call_s), times(rows, "intended_s"), call_s)
    call_s, return_s = _widened(account, rows, workers, (call_s, times(rows, "done_s")), guests)
    words, (password, new) = _words(rows, words)
    owned = owners_of(rows) if owned is None else owned
    is_own, is_foreign = owned.is_own, _are_foreign(kind, owned)
    foreign, owner = owned.rows[is_foreign], owned.owner[is_foreign]
    # Which of the two accounts an accepted one has changed is not to be seen: it is doubtful for both.
    result = result.copy()
    result[foreign[result[foreign] == Result.OK]] = Result.DOUBTFUL
    is_about = (kind != Kind.NONE) & (account >= 0)
    is_theirs = is_about[foreign]
    if guests is not None:
        is_theirs &= guests.owned_here[is_foreign]
        is_about &= ~guests.are
    ours = np.flatnonzero(is_about).astype(np.int32 if len(rows) < 2**31 else np.int64)
    theirs, owner = foreign[is_theirs].astype(ours.dtype), owner[is_theirs]
    account = np.concatenate([account[ours], owner])
    row = np.concatenate([ours, theirs])
    returned_s = OfRows(row=row, values=return_s, is_open=result[row] == Result.DOUBTFUL)
    order = _order(row, returned_s, OfRows(row=row, values=call_s), account)
    row = taken(row, order)
    is_theirs = order >= len(ours)
    kind, new, is_own = taken(kind, row), taken(new, row), taken(is_own, row)
    kind[is_theirs], new[is_theirs], is_own[is_theirs] = Kind.FOREIGN, 0, True
    account = taken(account, order)
    del order, is_theirs, is_about, ours, returned_s
    result = taken(result, row)
    return Operations(
        row=row,
        account=account,
        kind=kind,
        result=result,
        why=taken(why, row),
        call_s=OfRows(row=row, values=call_s),
        return_s=OfRows(row=row, values=return_s, is_open=result == Result.DOUBTFUL),
        password=taken(password, row),
        new=new,
        token=OfRows(row=row, values=token),
        is_own_token=is_own,
        words=words,
    )


def are_handed_out(rows: pa.Table) -> Flags:
    """Say of each row whether it is a login that handed out a state_token to the account that it is about."""
    is_handed: Flags = (_kinds(rows) == Kind.LOGIN) & (numbers(rows, "token", 0) != 0)
    return is_handed


def foreign_calls(rows: pa.Table) -> tuple[Ints, Ints]:
    """Return the changes with a state_token of another account, and the account that it was first handed out to."""
    owned = owners_of(rows)
    is_foreign = _are_foreign(_kinds(rows), owned)
    return owned.rows[is_foreign], owned.owner[is_foreign]


def _are_foreign(kind: Ints, owned: Owners) -> Flags:
    """Say of the rows whose token is not their own at first sight which are changes with that of another account."""
    is_foreign: Flags = (kind[owned.rows] == Kind.UPDATE) & (owned.owner >= 0) & ~owned.is_own[owned.rows]
    return is_foreign


def owners_of(rows: pa.Table) -> Owners:
    """Return whose the state_token of each row is."""
    return owners(numbers(rows, "account", -1), numbers(rows, "token", 0), are_handed_out(rows))


def _order(row: Ints, return_s: OfRows, call_s: OfRows, account: Ints) -> Ints:
    """Return the order by account, call, return and row: rows are nearly in it already, but for the account."""
    order = stable_order(account).astype(row.dtype, copy=False)
    at = taken(row, order)
    is_later = at[1:] > at[:-1]
    del at
    for times_s in (return_s, call_s):  # the first in which two differ decides, so that the last is asked first
        ordered = times_s[order]
        is_later = (ordered[1:] > ordered[:-1]) | ((ordered[1:] == ordered[:-1]) & is_later)
    whose = taken(account, order)
    wrong = np.unique(whose[1:][(whose[1:] == whose[:-1]) & ~is_later])
    if len(wrong):
        places = np.flatnonzero(np.isin(whose, wrong))
        some = order[places]
        order[places] = some[np.lexsort((row[some], return_s[some], call_s[some], whose[places]))]
    return order


def texts(rows: pa.Table, name: str) -> tuple[Ints, list[str]]:
    """Return a column of texts as places in a list of the different ones."""
    column = rows[name].combine_chunks()
    if isinstance(column, pa.ChunkedArray):  # no rows, or too many for one chunk
        column = (
            pa.concat_arrays(column.unify_dictionaries().chunks) if column.num_chunks else pa.array([], column.type)
        )
    return column.indices.to_numpy(zero_copy_only=False), column.dictionary.to_pylist()


def has_text(rows: pa.Table, name: str, test: Callable[[str], bool]) -> Flags:
    """Say of each row whether a text of it is of a kind."""
    places, different = texts(rows, name)
    return taken(np.array([test(text) for text in different], np.bool_), places)


def _by_text(rows: pa.Table, name: str, number: Callable[[str], int]) -> Ints:
    places, different = texts(rows, name)
    return taken(np.array([number(text) for text in different], np.int8), places)


def numbers(rows: pa.Table, name: str, missing: int) -> Ints:
    """Return a column of numbers, with one in place of null; not to be written to."""
    values, is_null = plain(rows[name])
    return values if is_null is None else np.where(is_null, values.dtype.type(missing), values)


def times(rows: pa.Table, name: str) -> Floats:
    """Return a column of times, null as NaN; not to be written to."""
    values, is_null = plain(rows[name])
    if is_null is None or np.isnan(values[is_null]).all():
        return values
    return np.where(is_null, np.nan, values)


def _kinds(rows: pa.Table) -> Ints:
    kind = _by_text(rows, "step", lambda step: _KINDS.get(_step(step), Kind.NONE))
    names_no_password = has_text(rows, "new_password", lambda word: not word)
    is_of_nobody = has_text(rows, "case", lambda case: case == UNKNOWN_USER_CASE)
    # An administrator's other calls, such as looking a user up, ask for no password.
    return np.where(((kind == Kind.SET) & names_no_password) | is_of_nobody, np.int8(Kind.NONE), kind)


def _step(word: str) -> Step:
    return Step(word) if word in _STEPS else Step.LOGIN


_STEPS = frozenset(step.value for step in Step)


def results_of(rows: pa.Table) -> Ints:
    """Return the result of each row.

    As cautious as the ledger (`cases.played.Played.may_have_changed_password`): only a documented refusal, or being
    turned away by the service itself, says that nothing was changed.
    """
    outcome = _by_text(rows, "outcome", lambda word: list(Outcome).index(Outcome(word)))
    result = np.array([_RESULTS[one] for one in Outcome], np.int8)[outcome]
    http = numbers(rows, "http_status", 0)
    is_of = {one: outcome == place for place, one in enumerate(Outcome)}
    is_busy = has_text(rows, "error_code", lambda code: code in BUSY_CODES)
    result[is_of[Outcome.SHED] & (http == 503) & ~is_busy] = Result.DOUBTFUL
    if len(at := np.flatnonzero(is_of[Outcome.WRONG_REJECT] & (http == 200))):
        result[at[_is_status_of_acceptance(rows)[at]]] = Result.OK
    if len(at := np.flatnonzero(is_of[Outcome.CONTRACT_VIOLATION])):
        result[at[_is_documented_refusal(rows, http)[at]]] = Result.REFUSED
    result[np.isnan(times(rows, "sent_s"))] = Result.NOTHING
    result[has_text(rows, "remark", lambda remark: NOT_FORWARDED in remark.split())] = Result.NOTHING
    return result


def _is_status_of_acceptance(rows: pa.Table) -> Flags:
    is_accepted = np.zeros(len(rows), np.bool_)
    for step, operation in OPERATIONS.items():
        is_step = has_text(rows, "step", lambda word, step=step: word == step)  # type: ignore[misc]
        is_accepted |= is_step & has_text(rows, "status", operation.accepted.__contains__)
    return is_accepted


def _is_documented_refusal(rows: pa.Table, http: Ints) -> Flags:
    """Say of answers that the case did not allow whether each is a refusal all the same, with another code."""
    is_other_code = has_text(rows, "remark", lambda remark: "breach:error_code=" in remark)
    is_denied = has_text(rows, "status", lambda status: status == "ACCESS_DENIED")
    return np.where(http == 200, is_denied, (http == 400) & is_other_code)


def _why(code: str) -> int:
    if code.endswith(WRONG_PASSWORD_CODES):
        return Why.WRONG_PASSWORD
    if code.endswith(LOCKED_CODES):
        return Why.LOCKED
    return Why.TOKEN if code.endswith(_TOKEN_CODES) else Why.OTHER


def widths_of(workers: Sequence[WorkerRecord]) -> Mapping[str, float]:
    """Return by how much the times of each process may be off, in seconds."""
    clocks = {worker.name: worker.clock for worker in workers}
    return {name: clock.error_s + abs(clock.drift_s) if clock else 0.0 for name, clock in clocks.items()}


def _widened(
    account: Ints,
    rows: pa.Table,
    workers: Sequence[WorkerRecord],
    spans_s: tuple[Floats, Floats],
    guests: Guests | None,
) -> tuple[Floats, Floats]:
    """Return calls and returns, widened by the error of their clock on accounts that more than one process has used."""
    places, names = texts(rows, "worker")
    known = widths_of(workers)
    widths = np.array([known.get(name, max(known.values(), default=0.0)) for name in names], np.float64)
    if not len(widths) or not widths.any():
        return spans_s
    is_shared = are_of_several(account, places)
    if guests is not None:
        is_shared = np.where(guests.are, guests.are_of_several, is_shared)
    width_s = np.where(is_shared, widths[places], 0.0)
    return spans_s[0] - width_s, spans_s[1] + width_s


def are_of_several(account: Ints, worker: Ints) -> Flags:
    """Say of each row whether its account was used by more than one process."""
    order = np.argsort(account, kind="stable")
    is_same = (account[order][1:] == account[order][:-1]) & (worker[order][1:] != worker[order][:-1])
    found: Flags = np.isin(account, account[order][1:][is_same])
    return found


def _words(rows: pa.Table, further: Sequence[str]) -> tuple[tuple[str, ...], tuple[Ints, Ints]]:
    """Return all names of passwords, the empty one first, and both columns as places among them."""
    columns = [texts(rows, name) for name in ("password", "new_password")]
    words = tuple(dict.fromkeys(["", *columns[0][1], *columns[1][1], *further]))
    place = {word: at for at, word in enumerate(words)}
    first, second = (_renamed(at, [place[word] for word in different]) for at, different in columns)
    return words, (first, second)


def _renamed(at: Ints, places: Sequence[int]) -> Ints:
    if not len(at):
        return at
    narrow = next(one for one in (np.int8, np.int16, np.int32) if max(places) <= np.iinfo(one).max)
    return taken(np.array(places, narrow), at)
