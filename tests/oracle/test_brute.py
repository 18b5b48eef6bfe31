"""The search against the definition: on random histories both say the same of every one."""

import random
from collections import Counter
from collections.abc import Sequence

import pytest
from tests.oracle.brute import Step, judge
from tests.oracle.made import change, history, login, set_by_admin, skip
from tests.oracle.random_histories import anything, played

from pwdload.endings import Ending
from pwdload.oracle.registers import Registers
from pwdload.samples import Sample

DEFECTS = {"lost write": 150, "token serves twice": 300, "late write": 20, "refused applied": 100, "old opens": 100}
"""In how many of 500 histories each is found at least; in the others no answer shows it."""
_CODES = {"wrong": "LOGIN.0002", "refused": "PARAM.0014", "doubt": "timeout"}


def sample_of(step: Step, account: int) -> Sample:
    """Return the exchange that a step is."""
    token = account * 10 + step.token if step.token else None
    fields: dict[str, object] = {"until_s": float(step.done), "account": account}
    at_s, ok = float(step.call), step.came == "ok"
    came = _CODES.get(step.came, "SUCCESS")
    match step.kind:
        case "login":
            return login(step.password, at_s, "SUCCESS" if ok else came, **fields)
        case "set":
            return set_by_admin(step.new, at_s, "DONE" if ok else came, **fields)
        case "skip":
            return skip(at_s, came, token=token, **fields)
        case _:
            return change(step.password, step.new, at_s, came, token=token, **fields)


def verdicts(stories: Sequence[Sequence[Step]]) -> list[str]:
    """Return what the oracle says of each, as the account with its number in one history."""
    handed = [
        login("", -1.0, token=account * 10 + token, account=account)
        for account in range(len(stories))
        for token in (1, 2, 3, 4)
    ]
    samples = [sample_of(step, account) for account, steps in enumerate(stories) for step in steps]
    endings = [Ending(account=account, before="0", after="0") for account in range(len(stories))]
    registers = history(*handed, *samples, endings=endings).registers
    return [_verdict(registers, account) for account in range(len(stories))]


def _verdict(registers: Registers, account: int) -> str:
    story = registers.stories.get(account)
    if story is None:
        return "explained"
    assert story.found.is_explained is not None, "a history so small is judged within its budget"
    if story.found.is_explained is False:
        return "violation"
    return "explained" if story.as_listed else "not as listed"


def drawn(count: int, seed: int) -> list[list[Step]]:
    """Return histories of all kinds: nonsense, correct ones, and those of each defect."""
    rng = random.Random(seed)
    kinds = ("nonsense", "nonsense", "nonsense", "", *DEFECTS)
    turns = (kinds[number % len(kinds)] for number in range(count))
    return [anything(rng) if kind == "nonsense" else played(rng, kind) for kind in turns]


def compare(count: int, seed: int) -> None:
    stories = drawn(count, seed)
    ours, theirs = verdicts(stories), [judge(steps, "0") for steps in stories]
    differing = [(at, one, other) for at, (one, other) in enumerate(zip(ours, theirs, strict=True)) if one != other]
    assert not differing, f"{len(differing)} differ, the first: {differing[0]}, {stories[differing[0][0]]}"
    shares = {verdict: share / count for verdict, share in Counter(theirs).items()}
    assert shares["explained"] > 0.25, shares
    assert shares["violation"] > 0.25, shares
    assert shares["not as listed"] > 0.01, shares


def test_agrees_with_every_order_tried() -> None:
    """On 2,000 random histories, judged also by trying every order, there is no difference."""
    compare(2_000, seed=1)


@pytest.mark.slow
def test_agrees_with_every_order_tried_in_full() -> None:
    """On 20,000 random histories, judged also by trying every order, there is no difference."""
    compare(20_000, seed=2)


def test_a_correct_service_is_never_accused() -> None:
    """Whatever overlaps and whatever stays without an answer: a correct service always has an explanation."""
    rng = random.Random(3)
    stories = [played(rng, length=12, words=("0", "1", "2", "3")) for _ in range(2_000)]
    assert set(verdicts(stories)) == {"explained"}


@pytest.mark.parametrize(("defect", "least"), DEFECTS.items())
def test_a_defect_is_found(defect: str, least: int) -> None:
    """A defect is found wherever it shows in the answers."""
    rng = random.Random(4)
    stories = [played(rng, defect, length=16, words="012345") for _ in range(500)]
    assert verdicts(stories).count("violation") > least
