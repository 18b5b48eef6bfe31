"""Which new passwords are refused, and with which code."""

import json
import re
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.standin.client import PASSWORD, PREVIOUS, World

from pwdload.standin.answers import Refusal
from pwdload.standin.policy import PasswordPolicy, Person
from pwdload.standin.settings import Settings

SETTINGS = Settings()
POLICY = PasswordPolicy(SETTINGS)
SOMEBODY = Person(user_name="zhangsan", mobile="13812345678", email="san.zhang@example.com")


def code(password: str, person: Person = SOMEBODY, /, **changes: object) -> str:
    """Return the error code that a password gets; "" when it is accepted."""
    settings = replace(SETTINGS, **changes)  # type: ignore[arg-type]
    try:
        PasswordPolicy(settings).check(password, person)
    except Refusal as refusal:
        return settings.refusals[refusal.reason].error_code
    return ""


@pytest.mark.parametrize(
    ("password", "expected"),
    [
        ("Good-enough-1", ""),
        ("   \t    ", "PWD.0008"),
        ("Short-1", "PWD.0007"),
        ("Exactly8", ""),
        ("Exactl-8", ""),
        ("Eighteen-letters-1", ""),
        ("Nineteen-letters-12", "PWD.0007"),
        ("naSgnaHz-1", "PWD.0002"),
        ("xx-NASGNAHZ-1", "PWD.0002"),
        ("My-Zhangsan-1", "PWD.0003"),
        ("Ab-13812345678", "PWD.0003"),
        ("San.Zhang-123", "PWD.0003"),
        ("alllowercase", "PWD.0004"),
        ("lower and 123", "PWD.0004"),
        ("P@ssw0rd", "PWD.0005"),
        ("HUAWEI@123", "PWD.0005"),
        ("password", "PWD.0005"),
        ("Repeat-aaaa-1", ""),
        ("Repeat-aaaaa-1", "PWD.0006"),
        ("aaaaaaaaaaaa", "PWD.0006"),
        ("aaaaaaaaaaaaaaaaaaa", "PWD.0007"),
        ("Ünïcödé-1密碼", ""),
        ("ünïcödé密碼密碼", "PWD.0004"),
    ],
)
def test_each_rule_has_its_code(password: str, expected: str) -> None:
    """A password that breaks a rule gets that rule's code, the first in the documented order when it breaks several."""
    assert code(password) == expected


@pytest.mark.parametrize(
    ("password", "changes", "expected"),
    [
        ("Nineteen-letters-12", {"password_length_max": 50}, ""),
        ("a" * 46 + "B-1x", {"password_length_max": 50, "password_repeats_max": 0}, ""),
        ("My-Zhangsan-1", {"password_user_info": False}, ""),
        ("naSgnaHz-1", {"password_user_info": False}, ""),
        ("P@ssw0rd", {"password_weak_list": False}, ""),
        ("Good-enough-1", {"weak_passwords": ("good-ENOUGH-1",)}, "PWD.0005"),
        ("Repeat-aaaaa-1", {"password_repeats_max": 0}, ""),
        ("Repeat-aaa-1", {"password_repeats_max": 2}, "PWD.0006"),
        ("xAxBxCx-1", {"password_repeats_max": 3, "password_repeats_counted": "total"}, "PWD.0006"),
        ("xAxBxCx-1", {"password_repeats_max": 3}, ""),
        ("onlylower", {"password_classes": 1}, ""),
        ("only-lower", {"password_classes": 2}, ""),
        ("Only-Lower", {"password_classes": 4}, "PWD.0004"),
        ("Only(Lower", {"special_characters": "()"}, ""),
        ("Only(Lower", {}, "PWD.0004"),
        ("Good-enough-é", {}, ""),
        ("Good-enough-é", {"unlisted_characters": "refuse"}, "PWD.0004"),
    ],
    ids=str,
)
def test_each_rule_is_a_setting(password: str, changes: dict[str, object], expected: str) -> None:
    """A target with another policy can be stood in for."""
    assert code(password, SOMEBODY, **changes) == expected


def test_short_names_are_not_looked_for() -> None:
    """A user called "a" may have a password with an a in it."""
    assert code("Banana-split-1", Person(user_name="a", email="b@example.com")) == ""


def test_a_palindrome_is_user_info() -> None:
    """A user name that reads the same both ways is named as what it is."""
    assert code("Xx-reviver-1", Person(user_name="reviver")) == "PWD.0003"


def test_every_well_known_password_is_refused_as_such_or_for_its_length() -> None:
    """The list that comes with the program works for every entry, in capitals too."""
    words = [word for word in POLICY._weak if len(word) <= 18]
    assert len(words) > 200
    assert {code(word) for word in words} | {code(word.upper()) for word in words} <= {"PWD.0005", "PWD.0006"}


@given(
    password=st.text(st.sampled_from("abAB01-~!、]\\^é密 "), max_size=20),
    classes=st.integers(0, 4),
    unlisted=st.sampled_from(["allow", "refuse"]),
)
def test_the_published_expression_says_what_the_check_does(password: str, classes: int, unlisted: str) -> None:
    """An app that checks with `regEx` before it sends is neither too strict nor too lax."""
    changes = {
        "password_classes": classes,
        "unlisted_characters": unlisted,
        "password_repeats_max": 0,
        "password_weak_list": False,
    }
    if not password.strip():
        return  # blank is a rule of its own, which the expression does not have
    settings = replace(SETTINGS, **changes)  # type: ignore[arg-type]
    document = json.loads(PasswordPolicy(settings).document())
    matches = re.match(document["regEx"], password) is not None
    assert matches == (code(password, Person(user_name="nobody"), **changes) == "")


@pytest.mark.parametrize(
    ("new", "expected"),
    [
        (PASSWORD, "PWD.0001"),
        (PREVIOUS, "PWD.0001"),
        ("Xy-zhangsan-9", "PWD.0003"),
        ("naSgnaHz-1", "PWD.0002"),
        ("nospecial", "PWD.0004"),
        ("P@ssw0rd", "PWD.0005"),
        ("Xyzzzzzzz-1", "PWD.0006"),
        ("Xy-1", "PWD.0007"),
        (" ", "PWD.0008"),
    ],
)
def test_an_update_is_refused_with_the_code_of_the_rule(world: World, new: str, expected: str) -> None:
    """Over HTTP each rule answers 400 with its code and a text, and the account stays as it was."""
    token = world.state_token()
    reply = world.update(token, new=new)
    assert reply.summary == (400, expected)
    assert reply.fields["error_msg"]
    assert world.update(token).summary == (200, "SUCCESS")


def test_the_current_password_is_history_even_if_the_policy_has_changed(make_world: Callable[..., World]) -> None:
    """A weak password set long ago is refused as used before, also when the history is switched off."""
    world = make_world(password_history=0)
    world.seed(password="password")
    assert world.update(world.state_token(password="password"), old="password", new="password").summary == (
        400,
        "PWD.0001",
    )


def test_the_length_is_named_in_the_text(make_world: Callable[..., World]) -> None:
    """A user is told how long a password may be."""
    world = make_world(password_length_min=10, password_length_max=50)
    world.seed()
    assert "10~50" in world.update(world.state_token(), new="Xy-1").text("error_msg")
