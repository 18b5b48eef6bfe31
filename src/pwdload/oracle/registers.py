"""All accounts of a run as registers: the many plain ones at once, the few others by search.

An account is plain where every operation had its answer before the next began, and no state_token was used twice: there
is one order, and whether it holds is a matter of a few passes over arrays.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np

from pwdload.oracle.by_account import NOT_KNOWN, ByAccount
from pwdload.oracle.operation import Flags, Ints, Kind, Operations, Result, Why
from pwdload.oracle.register import ANY, BUDGET, Act, Found, search
from pwdload.statistics.ordering import again, is_among

TOTAL_BUDGET: Final = 20_000_000
"""How many states may be led on for all accounts together: some minutes."""
_OPERATIONS_AT_ONCE: Final = 1 << 19
"""Operations that are looked at together: what is worked out of them on the way stays in the processor's cache."""
_PLACE: Final = np.int32
"""Places of operations: more than two billion of them fit in no memory."""
# As plain numbers: a member of an enum costs more than all else that is done with it here.
_LOGIN, _UPDATE, _SKIP, _REFUSED = int(Kind.LOGIN), int(Kind.UPDATE), int(Kind.SKIP), int(Result.REFUSED)
_SPENDING: Final = frozenset({_UPDATE, _SKIP})


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """An account whose operations are no plain sequence, or do not add up."""

    account: int
    places: tuple[int, ...]
    """Places of its acts in the operations."""
    found: Found
    as_listed: bool = True
    """Whether its password at the start was what the ledger says; false: only another explains what happened."""

    @property
    def culprit(self) -> int:
        """The place in the operations of what cannot be explained; -1 for a login after the run."""
        at = self.found.culprit
        return self.places[at] if 0 <= at < len(self.places) else -1


@dataclass(frozen=True, slots=True, kw_only=True)
class Registers:
    """What is known of every account's register."""

    operations: Operations
    told: Flags
    """Which operations say something of a register."""
    accounts: int
    """How many accounts have such operations."""
    initial: ByAccount
    """The word in force at first, by account, as the ledger has it."""
    plain_final: ByAccount
    """Of plain accounts that add up, the word in force at last, `NOT_KNOWN` where nothing tells."""
    stories: Mapping[int, Story]
    """All other accounts."""
    budget_left: int = TOTAL_BUDGET
    """How many more states may be led on, for accounts that follow."""


def read_registers(operations: Operations, initial: ByAccount, budget: int = TOTAL_BUDGET) -> Registers:
    """Judge every account.

    Args:
        operations: of the whole run, or of some of its accounts.
        initial: places in `operations.words` of the passwords in force at first, as far as a ledger knows them.
        budget: how many states may be led on, for all accounts together.
    """
    told = _told(operations)
    found: list[tuple[Ints, Ints]] = []
    stories: dict[int, Story] = {}
    count = 0
    for start, end in _parts(operations.account):
        at = (np.flatnonzero(told[start:end]) + start).astype(_PLACE)
        if not len(at):
            continue
        part = _judged(operations, at, initial, budget)
        budget -= sum(story.found.states for story in part.stories)
        found.append((part.plain_accounts, part.final))
        stories |= {story.account: story for story in part.stories}
        count += len(part.plain_accounts) + len(part.stories)
    plain = ByAccount.of_mapping({})
    if found:
        accounts, words = (np.concatenate(columns) for columns in zip(*found, strict=True))
        plain = ByAccount(accounts=accounts, words=words)
    return Registers(
        operations=operations,
        told=told,
        accounts=count,
        initial=initial,
        plain_final=plain,
        stories=stories,
        budget_left=budget,
    )


def _parts(account: Ints) -> Iterator[tuple[int, int]]:
    """Yield where parts of the operations begin and end, each account in one: they take little memory then."""
    start = 0
    while start < len(account):
        last = account[min(start + _OPERATIONS_AT_ONCE, len(account)) - 1]
        end = int(np.searchsorted(account, last, side="right"))
        yield start, end
        start = end


class _Judged(NamedTuple):
    """What became of some accounts."""

    plain_accounts: Ints
    """Those that are plain and add up."""
    final: Ints
    """Of each of them, the word in force at last."""
    stories: Sequence[Story]


def _judged(ops: Operations, at: Ints, initial: ByAccount, budget: int) -> _Judged:
    """Judge the accounts that some operations tell of."""
    account = ops.account[at]
    is_first = np.append(True, account[1:] != account[:-1])
    first = np.flatnonzero(is_first)
    accounts, number = account[first], np.cumsum(is_first, dtype=_PLACE) - _PLACE(1)
    start = _initial_values(ops, at, first, accounts, initial)
    is_odd = _is_out_of_the_ordinary(ops, at, number, len(accounts))
    before, final = _values(ops, at, number, first, start)
    is_odd |= np.bincount(number[_disagree(ops, at, before)], minlength=len(accounts)) > 0
    stories: list[Story] = []
    ends = np.append(first[1:], len(at))
    for place in np.flatnonzero(is_odd).tolist():
        one = int(accounts[place])
        places = tuple(at[first[place] : ends[place]].tolist())
        stories.append(story_of(ops, one, places, initial.get(one), budget=min(BUDGET, budget)))
        budget -= stories[-1].found.states
    return _Judged(accounts[~is_odd], final[~is_odd], stories)


def story_of(
    ops: Operations,
    account: int,
    places: Sequence[int],
    initial: int | None,
    *,
    after: Sequence[Act] = (),
    budget: int = BUDGET,
) -> Story:
    """Judge one account by search; `after` are logins after the run, their values places in `ops.words`.

    Where the ledger's word of the password at first explains nothing, and some other password would, the account was
    not what it was taken for: that is no proof against the target.
    """
    acts = [*acts_of(ops, places), *after]
    as_listed = search(acts, (initial,), budget) if initial is not None else None
    if as_listed is not None and as_listed.is_explained is not False:
        return Story(account=account, places=tuple(places), found=as_listed)
    named = {value for act in acts for value in (act.needs, act.sets, act.forbids)} - {ANY}
    anything = search(acts, {*named, len(ops.words)}, budget)  # the last is one that no row names
    is_listed = anything.is_explained is not True or as_listed is None
    return Story(account=account, places=tuple(places), found=anything, as_listed=is_listed)


def acts_of(ops: Operations, places: Sequence[int]) -> Iterator[Act]:
    """Yield operations as the register sees them."""
    at = np.array(places, np.int64)
    columns = (ops.kind, ops.result, ops.call_s, ops.return_s, ops.password, ops.new, ops.token)
    rows = list(zip(places, *(column[at].tolist() for column in columns), strict=True))
    uses = Counter(row[7] for row in rows if row[1] in _SPENDING and row[2] != _REFUSED)
    bits = {token: 1 << number for number, token in enumerate(token for token, count in uses.items() if count > 1)}
    for place, kind, result, call_s, return_s, password, new, token in rows:
        bit = bits.get(token, 0) if token else 0
        if result == _REFUSED:
            yield Act(call_s, return_s, forbids=password)
        elif kind == _LOGIN:
            yield Act(call_s, return_s, needs=password)
        elif kind == _SKIP:
            yield Act(call_s, return_s, token=bit)
        else:
            # What the target made of a request that names no new password nobody can know: a value of its own.
            needs = password if kind == _UPDATE and password else ANY
            yield Act(call_s, return_s, needs=needs, sets=new or len(ops.words) + 1 + place, token=bit)


def _told(ops: Operations) -> Flags:
    """Say which operations tell something of a register: a definite answer about a password, or a change."""
    kind, result = ops.kind, ops.result
    named = ops.password != 0
    is_wrong = (result == Result.REFUSED) & (ops.why == Why.WRONG_PASSWORD) & named
    has_effect = (result == Result.OK) | (result == Result.DOUBTFUL)
    logins = (kind == Kind.LOGIN) & (((result == Result.OK) & named) | is_wrong)
    # Of an update with a token that is not the account's, nobody can say whose password was found wrong.
    updates = (kind == Kind.UPDATE) & (has_effect | (is_wrong & ops.is_own_token))
    others = ((kind == Kind.SET) | (kind == Kind.SKIP)) & has_effect
    foreign = (kind == Kind.FOREIGN) & (result == Result.DOUBTFUL)
    told: Flags = logins | updates | others | foreign
    return told


def _is_out_of_the_ordinary(ops: Operations, at: Ints, number: Ints, accounts: int) -> Flags:
    """Say which accounts have operations that overlap, or that are in doubt, or share a state_token."""
    same = number[1:] == number[:-1]
    overlap = np.flatnonzero(same & (ops.return_s[at][:-1] >= ops.call_s[at][1:]))
    doubt = np.flatnonzero(ops.result[at] == Result.DOUBTFUL)
    spends = np.flatnonzero(
        np.isin(ops.kind[at], (Kind.UPDATE, Kind.SKIP)) & (ops.result[at] != Result.REFUSED) & (ops.token[at] != 0)
    )
    token = ops.token[at]
    # What comes once in the whole run comes once in its account.
    spends = spends[is_among(token[spends], again(token[spends]))]
    order = spends[np.lexsort((token[spends], number[spends]))]
    twice = (number[order][1:] == number[order][:-1]) & (token[order][1:] == token[order][:-1])
    odd = np.zeros(accounts, np.bool_)
    for places in (overlap, doubt, order[1:][twice]):
        odd[number[places]] = True
    return odd


def _initial_values(ops: Operations, at: Ints, first: Ints, accounts: Ints, initial: ByAccount) -> Ints:
    """Return the word in force at first in each account: the ledger's, or that of a first answer that names it."""
    known = initial.of(accounts)
    opening = at[first]
    is_naming = (ops.result[opening] == Result.OK) & np.isin(ops.kind[opening], (Kind.LOGIN, Kind.UPDATE))
    named = np.where(is_naming & (ops.password[opening] != 0), ops.password[opening], NOT_KNOWN)
    return np.where(known == NOT_KNOWN, named, known)


def _values(ops: Operations, at: Ints, number: Ints, first: Ints, start: Ints) -> tuple[Ints, Ints]:
    """Return what the register holds before each operation, and at last in each account, if all is plain."""
    is_write = np.isin(ops.kind[at], (Kind.UPDATE, Kind.SET)) & (ops.result[at] == Result.OK)
    new = np.where(ops.new[at] == 0, _PLACE(len(ops.words) + 1) + at, ops.new[at])
    places = np.arange(len(at), dtype=_PLACE)
    written = np.maximum.accumulate(np.where(is_write, places, _PLACE(-1)))  # the place of the last write
    previous = np.append(_PLACE(-1), written[:-1])
    before = np.where(previous >= first[number], new[previous], start[number])
    last = written[np.append(first[1:], len(at)) - 1]
    return before, np.where(last >= first, new[last], start)


def _disagree(ops: Operations, at: Ints, before: Ints) -> Ints:
    """Return which plain operations do not go with what the register holds before them."""
    password, is_refused = ops.password[at], ops.result[at] == Result.REFUSED
    is_looking = np.isin(ops.kind[at], (Kind.LOGIN, Kind.UPDATE)) & (password != 0)
    # What nothing has told of yet is left to the search.
    wrong = np.where(is_refused, password == before, password != before) | (before == NOT_KNOWN)
    return np.flatnonzero(is_looking & wrong)
