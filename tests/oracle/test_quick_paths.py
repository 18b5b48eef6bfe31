"""What is judged of all accounts at once against the same, one account and one row at a time."""

import random
from unittest import mock

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.oracle.made import history
from tests.oracle.test_brute import drawn, sample_of

from pwdload.endings import Ending
from pwdload.oracle import History, judge, registers
from pwdload.oracle.checks import final
from pwdload.oracle.checks.final import _sifted, check_final
from pwdload.oracle.owners import owners
from pwdload.oracle.registers import story_of

SEEDS = st.integers(0, 2**32)


def random_run(seed: int, accounts: int = 30) -> History:
    """A run of random histories, correct ones and others, with random endings; each account logs in first."""
    rng = random.Random(seed)
    samples = [sample_of(step, at) for at, steps in enumerate(drawn(accounts, seed)) for step in steps]
    maybe = (True, True, False, None)
    endings = [
        Ending(
            account=at,
            before="0",
            after=rng.choice("012"),
            opens=rng.choice(maybe),
            earlier_opens=rng.choice(maybe),
            settled=rng.choice(("", "", "", "neither")),
        )
        for at in range(accounts)
    ]
    rng.shuffle(samples)
    return history(*samples, endings=endings)


@settings(max_examples=15, deadline=None)
@given(SEEDS)
def test_a_plain_account_is_one_that_the_search_explains(seed: int) -> None:
    """No account passes as plain that the search would not explain, from the password that the ledger has."""
    run = random_run(seed)
    found, ops = run.registers, run.operations
    for account in found.plain_final.accounts.tolist():
        start, end = ops.span(account)
        places = [place for place in range(start, end) if found.told[place]]
        story = story_of(ops, account, places, found.initial.get(account))
        assert story.found.is_explained is True
        assert story.as_listed


@settings(max_examples=15, deadline=None)
@given(SEEDS)
def test_endings_that_are_sifted_out_have_nothing_wrong(seed: int) -> None:
    """The check comes to the same when it takes a close look at every account."""
    run = random_run(seed)
    only = (("final", check_final),)
    quick = judge(run, only)
    with mock.patch.object(final, "_sifted", lambda one: (*_sifted(one)[:2], np.arange(len(one.endings)), one.endings)):
        assert judge(run, only) == quick


@settings(max_examples=10, deadline=None)
@given(SEEDS)
def test_accounts_that_are_judged_in_parts_are_judged_alike(seed: int) -> None:
    """A long run is judged some accounts at a time: nothing of what is found says so."""
    whole = judge(random_run(seed))
    with mock.patch.object(registers, "_OPERATIONS_AT_ONCE", 7):
        assert judge(random_run(seed)) == whole


@settings(max_examples=15, deadline=None)
@given(SEEDS)
def test_operations_are_in_the_order_of_their_account_call_return_and_row(seed: int) -> None:
    """Only nearly ordered rows are mended one by one; what comes out is wholly in order."""
    ops = random_run(seed).operations
    keys = list(
        zip(ops.account.tolist(), ops.call_s[:].tolist(), ops.return_s[:].tolist(), ops.row.tolist(), strict=True)
    )
    # A doubtful operation's return is put off to infinity, as it was before.
    assert keys == sorted(keys)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.integers(-1, 3), st.integers(0, 4), st.booleans()), max_size=30))
def test_owners_are_those_of_a_dictionary(rows: list[tuple[int, int, bool]]) -> None:
    """Whose a token is is what a dictionary of all that were handed out says, row by row."""
    account, token = (np.array([row[at] for row in rows], np.int64) for at in (0, 1))
    is_handed = np.array([row[2] and row[1] != 0 for row in rows], np.bool_)
    first: dict[int, int] = {}
    pairs = set()
    for whose, which, handed in zip(account.tolist(), token.tolist(), is_handed.tolist(), strict=True):
        if handed:
            first.setdefault(which, whose)
            pairs.add((whose, which))
    found = owners(account, token, is_handed)
    own = [(whose, which) in pairs for whose, which in zip(account.tolist(), token.tolist(), strict=True)]
    assert found.is_own.tolist() == own
    for row, owner in zip(found.rows.tolist(), found.owner.tolist(), strict=True):
        assert owner == first.get(int(token[row]), -1)


def test_every_check_speaks_of_a_random_run() -> None:
    """Whatever the history, no check breaks."""
    for seed in range(3):
        assert not [one for one in judge(random_run(seed)).results if "broke" in one.reason]
