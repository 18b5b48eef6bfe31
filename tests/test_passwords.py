"""Passwords derived per account and generation, and those that break one rule each."""

import math
import re
import unicodedata
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pwdload.errors import UsageError
from pwdload.passwords import (
    WEAK_PASSWORDS,
    BrokenRule,
    PasswordBook,
    PasswordPolicy,
    broken_password,
    longest_password,
    run_secret,
    unicode_password,
)
from pwdload.passwords.shape import shaped

SECRET = bytes(range(32))
DEFAULT = PasswordPolicy()
USER_NAMES = (
    "load0000001",
    "zhangsan",
    "Zhang.San",
    "li",
    "13800138000",
    "wang@example.com",
    "a-very-long.name@example.com",
)
POLICIES = (
    DEFAULT,
    PasswordPolicy(max_repeats=2),
    PasswordPolicy(min_length=8, max_length=50, classes_needed=4, special_characters="@_-"),
    PasswordPolicy(min_length=12, max_length=14, classes_needed=2),
    PasswordPolicy(min_length=50, max_length=50, max_repeats=10),
    PasswordPolicy(special_characters="", classes_needed=3),
)


def broken_rules(password: str, user_name: str, policy: PasswordPolicy) -> set[str]:
    """Judge a password as a target would; written apart from the code under test, rule by rule."""
    broken = set()
    if len(password) < policy.min_length:
        broken.add("too_short")
    if len(password) > policy.max_length:
        broken.add("too_long")
    kinds = [
        r"[a-z]",
        r"[A-Z]",
        r"[0-9]",
        f"[{re.escape(policy.special_characters)}]" if policy.special_characters else r"(?!)",
    ]
    if sum(re.search(kind, password) is not None for kind in kinds) < policy.classes_needed:
        broken.add("too_simple")
    lower = password.lower()
    for part in {user_name.lower(), user_name.lower().split("@")[0]}:
        if part in lower or "".join(reversed(part)) in lower:
            broken.add("user_name")
    limit = 10 if policy.max_repeats is None else policy.max_repeats
    if any(password.count(letter) > limit for letter in password):
        broken.add("repeating")
    if password.lower() in {weak.lower() for weak in WEAK_PASSWORDS}:
        broken.add("weak")
    return broken


@pytest.mark.parametrize("policy", POLICIES)
def test_every_password_keeps_every_rule_of_its_policy(policy: PasswordPolicy) -> None:
    """A valid change is never refused because of the password that the harness made up."""
    book = PasswordBook(SECRET, policy)
    for user_name, generation in product(USER_NAMES, range(200)):
        password = book.password(user_name, generation)
        assert broken_rules(password, user_name, policy) == set(), (user_name, generation, password)
        assert set(password) <= set("".join(policy.classes))


def test_a_password_has_all_four_classes_and_no_character_twice() -> None:
    """Targets that ask for more than the scenario says (four classes, no repeats at all) accept the passwords too."""
    book = PasswordBook(SECRET)
    for generation in range(2_000):
        password = book.password("load0000001", generation)
        assert all(re.search(kind, password) for kind in (r"[a-z]", r"[A-Z]", r"[0-9]", r"[^a-zA-Z0-9]"))
        assert len(set(password)) == len(password) == 16


@given(user_name=st.text(min_size=1, max_size=64), generation=st.integers(0, 10**9))
def test_any_user_name_has_passwords(user_name: str, generation: int) -> None:
    """Accounts named in any script, with blanks or with one letter, can all be tested."""
    password = PasswordBook(SECRET).password(user_name, generation)

    assert broken_rules(password, user_name, DEFAULT) == set()


@given(st.lists(st.tuples(st.text(max_size=8), st.integers(0, 10**6)), unique=True, min_size=2, max_size=20))
def test_no_two_generations_or_accounts_share_a_password(keys: list[tuple[str, int]]) -> None:
    """A change always is a change, and which of two passwords opens an account is always decidable."""
    book = PasswordBook(SECRET)

    assert len({book.password(*key) for key in keys}) == len(keys)


def test_a_password_depends_on_secret_user_name_and_generation_only() -> None:
    """Whoever has the run's secret can open the accounts again, in any process and any year: this one was noted."""
    assert PasswordBook(SECRET).password("load0000001", 3) == PasswordBook(SECRET).password("load0000001", 3)
    assert PasswordBook(SECRET).password("load0000001", 3) == "sy2mqCwn5k#0TduE"
    assert PasswordBook(SECRET[::-1]).password("load0000001", 3) != PasswordBook(SECRET).password("load0000001", 3)


def test_the_entropy_is_what_the_documentation_says() -> None:
    """Passwords of a default policy cannot be guessed: more than 94 bits, counted exactly."""
    sizes = [len(pool) for pool in DEFAULT.classes]
    total = 0
    for absent in product((0, 1), repeat=4):  # inclusion and exclusion over the classes that do not occur
        left = sum(size for size, gone in zip(sizes, absent, strict=True) if not gone)
        total += (-1) ** sum(absent) * math.perm(left, 16)

    assert math.log2(total) > 94
    assert 0.75 < total / math.perm(sum(sizes), 16) < 0.85


def test_characters_are_spread_evenly() -> None:
    """No character and no place is favoured, or the entropy would be less than stated."""
    book = PasswordBook(SECRET)
    passwords = [book.password("u", generation) for generation in range(4_000)]
    upper = [password.count("Q") for password in passwords]
    places = [password.index("7") for password in passwords if "7" in password]

    assert abs(sum(upper) - 4_000 * 16 / 70) < 5 * math.sqrt(4_000 * 16 / 70)
    for place in range(16):
        assert abs(places.count(place) - len(places) / 16) < 5 * math.sqrt(len(places) / 16)


def test_the_secret_never_shows() -> None:
    """A book in a log line or a traceback gives nothing away."""
    book = PasswordBook(b"correct horse battery")

    assert "correct" not in f"{book!r} {book}"
    assert "secret" not in repr(book)


def test_a_short_secret_is_refused() -> None:
    """A secret that could be guessed is not accepted, and not repeated in the message either."""
    with pytest.raises(UsageError, match="5 bytes are too few; at least 16") as caught:
        PasswordBook(b"short")

    assert "short" not in str(caught.value)


@pytest.mark.parametrize(
    ("value", "secret"),
    [
        ("00ff" * 8, bytes.fromhex("00ff" * 8)),
        ("00FF" * 16 + "\n", bytes.fromhex("00ff" * 16)),
        ("sixteen letters!", b"sixteen letters!"),
        ("0123456789abcdef", b"0123456789abcdef"),
        ("мой секретный ключ", "мой секретный ключ".encode()),
    ],
)
def test_the_secret_comes_from_the_environment(value: str, secret: bytes) -> None:
    """All processes of a run, and a later one that settles its accounts, share the secret through one variable."""
    assert run_secret({"PWDLOAD_RUN_SECRET": value}) == secret


def test_without_a_variable_every_run_has_its_own_secret() -> None:
    """Nobody has to think of a secret: a new one of 256 bits is made."""
    one, other = run_secret({}), run_secret({})

    assert one != other
    assert len(one) == 32
    assert run_secret({"PWDLOAD_RUN_SECRET": one.hex()}) == one


@pytest.mark.parametrize("value", ["", "   ", "fifteen letters"])
def test_a_variable_that_is_too_short_is_refused(value: str) -> None:
    """A secret lost by a slip is noticed before accounts are changed with another; the message keeps it to itself."""
    with pytest.raises(UsageError, match=r"PWDLOAD_RUN_SECRET: \d+ characters are too few; give at least 16") as caught:
        run_secret({"PWDLOAD_RUN_SECRET": value})

    assert "fifteen" not in str(caught.value)


@pytest.mark.parametrize("rule", BrokenRule)
@pytest.mark.parametrize("user_name", USER_NAMES)
def test_a_broken_password_breaks_its_own_rule_and_no_other(rule: BrokenRule, user_name: str) -> None:
    """Each refusal can have one reason only, so that the error code that must come back is known."""
    book = PasswordBook(SECRET)
    for generation in range(50):
        good = book.password(user_name, generation)
        password = broken_password(rule, user_name, good, DEFAULT)
        assert broken_rules(password, user_name, DEFAULT) == {rule}, password


@pytest.mark.parametrize("rule", BrokenRule)
@pytest.mark.parametrize("policy", POLICIES[1:4])
def test_rules_are_broken_one_by_one_under_other_policies_too(rule: BrokenRule, policy: PasswordPolicy) -> None:
    """A target with its own lengths, classes and limits is tested as sharply as one with the defaults."""
    for generation in range(50):
        good = PasswordBook(SECRET, policy).password("zhangsan", generation)
        if rule is BrokenRule.USER_NAME and policy.max_repeats is not None:
            continue  # "zhangsan" itself has more than two of a letter
        password = broken_password(rule, "zhangsan", good, policy)
        assert broken_rules(password, "zhangsan", policy) == {rule}, password


def test_too_short_and_too_long_are_so_by_one_character() -> None:
    """The limits are tested where mistakes are made: right beside them."""
    good = PasswordBook(SECRET).password("zhangsan", 1)

    assert len(broken_password(BrokenRule.TOO_SHORT, "zhangsan", good, DEFAULT)) == 7
    assert len(broken_password(BrokenRule.TOO_LONG, "zhangsan", good, DEFAULT)) == 19


@pytest.mark.parametrize("limit", range(1, 11))
def test_repetition_breaks_every_limit_by_one(limit: int) -> None:
    """Each limit on repeats that the service offers is exceeded by exactly one character."""
    policy = PasswordPolicy(max_repeats=limit)
    password = broken_password(
        BrokenRule.REPEATING, "zhangsan", PasswordBook(SECRET, policy).password("zhangsan", 1), policy
    )

    assert max(map(password.count, password)) == limit + 1
    assert broken_rules(password, "zhangsan", policy) == {"repeating"}


def test_what_is_put_around_a_user_name_repeats_none_of_it() -> None:
    """A limit on repeats that the user name itself keeps is not broken by the rest of the password."""
    policy = PasswordPolicy(max_repeats=2)
    for generation in range(200):
        good = PasswordBook(SECRET, policy).password("noon11", generation)
        password = broken_password(BrokenRule.USER_NAME, "noon11", good, policy)
        assert broken_rules(password, "noon11", policy) == {"user_name"}, password


def test_a_repeated_character_never_spells_a_user_name() -> None:
    """Even an account named "77" can have its refusal for repeats, and for that alone."""
    for generation in range(400):
        good = PasswordBook(SECRET).password("77", generation)
        password = broken_password(BrokenRule.REPEATING, "77", good, DEFAULT)
        assert broken_rules(password, "77", DEFAULT) == {"repeating"}, password


@pytest.mark.parametrize(
    ("rule", "user_name", "policy"),
    [
        (BrokenRule.TOO_SHORT, "zhangsan", PasswordPolicy(min_length=1)),
        (BrokenRule.TOO_SIMPLE, "zhangsan", PasswordPolicy(classes_needed=1)),
        (BrokenRule.USER_NAME, "a-name-of-more-than-18-characters", DEFAULT),
        (BrokenRule.USER_NAME, "", DEFAULT),
        (BrokenRule.REPEATING, "zhangsan", PasswordPolicy(max_length=8, max_repeats=8)),
        (BrokenRule.WEAK, "zhangsan", PasswordPolicy(min_length=20, max_length=30)),
    ],
)
def test_a_rule_that_cannot_be_broken_is_named(rule: BrokenRule, user_name: str, policy: PasswordPolicy) -> None:
    """Where no password can break the rule, a run is refused in words instead of testing something else."""
    good = PasswordBook(SECRET, policy).password(user_name, 1)

    with pytest.raises(UsageError, match=f"no password can be {rule} under this policy: .*; leave such cases out"):
        broken_password(rule, user_name, good, policy)


def test_broken_passwords_are_the_same_every_time_and_give_nothing_away() -> None:
    """A refusal can be repeated, and the password refused says nothing about the good one it stands for."""
    good = PasswordBook(SECRET).password("zhangsan", 1)
    for rule in BrokenRule:
        password = broken_password(rule, "zhangsan", good, DEFAULT)
        assert password == broken_password(rule, "zhangsan", good, DEFAULT)
        assert not any(good[place : place + 4] in password for place in range(len(good) - 3))


@pytest.mark.parametrize("policy", POLICIES)
def test_a_unicode_password_is_fine_but_for_its_characters(policy: PasswordPolicy) -> None:
    """What a target does with characters outside ASCII is tested alone: length and classes are in order."""
    for generation in range(100):
        good = PasswordBook(SECRET, policy).password("zhangsan", generation)
        password = unicode_password(good, policy)
        assert sum(not letter.isascii() for letter in password) == 2
        assert len(password) == len(good)
        assert unicodedata.normalize("NFC", password) == password
        assert broken_rules(password, "zhangsan", policy) == set()


@pytest.mark.parametrize("length", [19, 50])
def test_the_longest_password_is_too_long_and_nothing_else(length: int) -> None:
    """A password of 50 characters is refused by a target with the usual limit and accepted by one that allows 50."""
    roomy = PasswordPolicy(max_length=50)
    good = PasswordBook(SECRET).password("li", 1)
    password = longest_password(good, length=length, user_name="li")

    assert len(password) == length
    assert broken_rules(password, "li", DEFAULT) == {"too_long"}
    assert broken_rules(password, "li", roomy) == set()
    assert password == longest_password(good, length=length, user_name="li")


def test_a_candidate_that_breaks_a_rule_makes_way_for_the_next() -> None:
    """Rules hold by trying again, not by luck: without the name to avoid, these same draws would contain it."""
    pools = ("ab", "01")
    free = [shaped(SECRET, b"%d" % number, length=3, classes=pools) for number in range(50)]
    careful = [shaped(SECRET, b"%d" % number, length=3, classes=pools, avoid="A0") for number in range(50)]

    assert any("a0" in text or "0a" in text for text in free)
    assert not any("a0" in text or "0a" in text for text in careful)
    assert all(one == other for one, other in zip(free, careful, strict=True) if "a0" not in one and "0a" not in one)


def test_trying_again_comes_to_an_end() -> None:
    """A user name that leaves no password is refused in one line, not searched for ever."""
    with pytest.raises(UsageError, match="no password of 4 characters found for the user name 'b'; use another"):
        shaped(SECRET, b"", length=4, classes=("ab", "01"), avoid="b")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"min_length": 19}, "length 19 to 18: allowed is"),
        ({"min_length": 0}, "length 0 to 18: allowed is a minimum of 1 or more"),
        ({"min_length": 4, "max_length": 7}, "length 4 to 7: allowed is .* a maximum of 8 to 50"),
        ({"max_length": 51}, "length 8 to 51"),
        ({"classes_needed": 0}, "0 classes of characters needed: allowed is 1 to 4"),
        ({"classes_needed": 5}, "5 classes of characters needed"),
        ({"classes_needed": 4, "special_characters": ""}, "4 classes of characters needed: allowed is 1 to 3"),
        ({"special_characters": "!a"}, "special characters '!a': only ASCII punctuation"),
        ({"special_characters": " "}, "special characters ' '"),
        ({"special_characters": "、"}, "special characters '、'"),
        ({"max_repeats": 0}, "max_repeats 0: 1 or more"),
    ],
)
def test_an_impossible_policy_is_refused_in_one_line(arguments: dict[str, int | str], message: str) -> None:
    """A policy that no password could meet is named before the first account is touched."""
    with pytest.raises(UsageError, match=f"password policy: {message}") as caught:
        PasswordPolicy(**arguments)  # type: ignore[arg-type] # wrong on purpose

    assert "\n" not in str(caught.value)


def test_the_digest_of_a_book_tells_other_passwords_from_these() -> None:
    """Another secret, or a policy that changes what is derived, has another one; any other policy has not."""
    book = PasswordBook(SECRET)
    assert book.digest == PasswordBook(SECRET).digest
    assert book.digest == PasswordBook(SECRET, PasswordPolicy(max_length=40)).digest
    others = [PasswordBook(SECRET[::-1]), PasswordBook(SECRET, PasswordPolicy(max_length=12))]
    assert book.digest not in {other.digest for other in others}
    assert all(other.password("u", 1) != book.password("u", 1) for other in others)
    assert SECRET.hex() not in book.digest
