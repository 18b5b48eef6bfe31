"""The policy that login announces against the one that the scenario states."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pwdload.passwords import PasswordBook, PasswordPolicy, announced_differences

POLICY = PasswordPolicy()
EXAMPLE = PasswordBook(b"a secret of the test", POLICY).password("ann", 1)
AS_DOCUMENTED = r"^(?![a-zA-Z]+$)(?![A-Z0-9]+$)(?![a-z0-9]+$).{8,18}$"


def said(**announced: object) -> tuple[str, ...]:
    """Return what is said of an announcement."""
    return announced_differences(json.dumps(announced), POLICY, EXAMPLE)


def test_a_policy_as_stated_needs_no_word() -> None:
    """The documented defaults are what a scenario states when it states nothing."""
    assert said(minLength=8, maxLength=18, regEx=AS_DOCUMENTED) == ()


@pytest.mark.parametrize(
    ("announced", "words"),
    [
        ({"minLength": 10}, "minLength is 10, and [password_policy] min_length is 8"),
        ({"maxLength": 12}, "maxLength is 12, and [password_policy] max_length is 18"),
        ({"regEx": "^[0-9]+$"}, "does not match its regEx"),
    ],
)
def test_each_difference_is_told_with_both_values(announced: dict[str, object], words: str) -> None:
    """So that a person can mend the scenario."""
    (sentence,) = said(**announced)
    assert words in sentence
    assert EXAMPLE not in sentence


@given(st.text(max_size=50) | st.recursive(st.none() | st.integers() | st.text(), st.lists).map(json.dumps))
def test_rubbish_announces_nothing(data: str) -> None:
    """What is no policy raises nothing and says nothing."""
    assert announced_differences(data, POLICY, EXAMPLE) == ()


@pytest.mark.parametrize("pattern", ["(", "*", "x" * 2_000])
def test_a_pattern_that_cannot_be_read_says_nothing(pattern: str) -> None:
    """It may be one of another language; no run ends for it."""
    assert said(regEx=pattern) == ()
