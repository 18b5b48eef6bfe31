"""Making many accounts."""

import csv
import io
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.standin.client import NEW, PASSWORD, World

from pwdload.standin.cli import main
from pwdload.standin.failure import StandinError
from pwdload.standin.policy import PasswordPolicy, Person
from pwdload.standin.seed import STATES, SeedAccount, Seeder, State, made_up_accounts, read_seed_csv
from pwdload.standin.settings import Settings


def read(text: str) -> list[SeedAccount]:
    return list(read_seed_csv(io.StringIO(text), "accounts.csv"))


def test_a_csv_needs_two_columns_only() -> None:
    """user_name and password are enough; such an account is expired, as those under test are."""
    assert read("user_name,password\na,b\n") == [SeedAccount(user_name="a", password="b", state="expired")]


def test_a_csv_may_say_more() -> None:
    """All columns, in any order, with quoted values, and columns of somebody else's."""
    text = (
        'state,password,remark,email,mobile,name,previous_password,user_name\nmfa,"p,""w",x,a@b.c,13,Zhang San,old,zs\n'
    )
    (seed,) = read(text)
    assert (seed.user_name, seed.password, seed.previous_password, seed.state) == ("zs", 'p,"w', "old", "mfa")
    assert (seed.name, seed.mobile, seed.email) == ("Zhang San", "13", "a@b.c")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "accounts.csv: line 1: no column user_name"),
        ("user_name,passwort\n", "accounts.csv: line 1: no column password"),
        ("user_name,password\na,b\n,c\n", "accounts.csv: line 3: blank user_name"),
        ("user_name,password\na,b\nc\n", "accounts.csv: line 3: blank password of 'c'"),
        ("user_name,password\na,b,c\n", "accounts.csv: line 2: more values than columns"),
        ("user_name,password\na,b\nc,d\na,e\n", "accounts.csv: line 4: user_name 'a' again, first on line 2"),
        ("user_name,password,state\na,b,new\n", "accounts.csv: line 2: state 'new'; allowed: valid, warning, expired"),
    ],
)
def test_a_line_that_cannot_be_used_is_named(text: str, message: str) -> None:
    """The message has the file, the line, the value and what is allowed."""
    with pytest.raises(StandinError) as caught:
        read(text)
    assert str(caught.value).startswith(message)


def test_seeding_again_changes_nothing(world: World) -> None:
    """A restart with the same accounts must not undo an acknowledged change."""
    assert world.update(world.state_token()).summary == (200, "SUCCESS")
    seeder = Seeder(world.settings, world.parts.accounts, world.hasher)
    accounts = [SeedAccount(user_name=name, password=PASSWORD) for name in ("zhangsan", "lisi")]
    assert seeder.seed(accounts, world.clock()) == 1
    assert world.login(NEW).summary == (200, "SUCCESS")
    assert world.login(user_name="lisi").summary == (200, "PASSWORD_EXPIRED")


def test_a_warned_account_stays_warned_for_nearly_all_warning_days(make_world: Callable[..., World]) -> None:
    """A soak over days can rely on the seeded state."""
    world = make_world()
    world.seed(state="warning")
    world.clock.advance(6.9 * 86_400)
    assert world.login().summary == (200, "PASSWORD_WARN")


@pytest.mark.parametrize(
    ("state", "changes"),
    [("expired", {"password_validity_days": 0.0}), ("warning", {"password_warning_days": 0.0})],
)
def test_a_state_that_the_settings_rule_out_is_refused(
    make_world: Callable[..., World], state: State, changes: dict[str, float]
) -> None:
    """Accounts that would never be in the state asked for are not made."""
    world = make_world(**changes)
    with pytest.raises(StandinError, match="set it, or choose another state"):
        world.seed(state=state)


@pytest.mark.parametrize(
    "settings",
    [
        Settings(),
        Settings(password_length_min=30, password_length_max=50, password_classes=4),
        Settings(password_length_min=1, password_length_max=3),
        Settings(special_characters="", password_classes=3, unlisted_characters="refuse"),
        Settings(password_repeats_max=1, password_repeats_counted="total"),
    ],
)
def test_made_up_passwords_meet_the_policy(settings: Settings) -> None:
    """Whatever the policy is, made-up accounts could have chosen their passwords themselves."""
    policy, seen = PasswordPolicy(settings), set()
    for seed in made_up_accounts(200, "expired", settings, secret="s"):
        for password in (seed.password, seed.previous_password):
            policy.check(password, Person(user_name=seed.user_name))
            seen.add(password)
    assert len(seen) > 300


def test_a_policy_that_no_password_meets_is_told() -> None:
    """Contradictory settings end in one line, not in an endless search."""
    settings = Settings(password_length_min=1, password_length_max=2, password_classes=3)
    with pytest.raises(StandinError, match="no password meets the policy"):
        list(made_up_accounts(1, "expired", settings, secret="s"))


def test_made_up_passwords_depend_on_the_secret_alone() -> None:
    """The same secret gives the same accounts on every machine, another secret other passwords."""

    def passwords(secret: str) -> Iterator[str]:
        return (seed.password for seed in made_up_accounts(3, "valid", Settings(), secret=secret))

    assert list(passwords("a")) == list(passwords("a"))
    assert not set(passwords("a")) & set(passwords("b"))


def test_passwords_do_not_show_in_a_repr() -> None:
    """A traceback or a log line with an account in it tells no password."""
    assert "hidden-pw" not in repr(SeedAccount(user_name="a", password="hidden-pw", previous_password="hidden-pw"))


def test_five_thousand_accounts_are_quick(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`seed` makes accounts fast enough for a pool of 100,000 in under 20 s, and its CSV can seed another stand-in."""
    out, begun_s = tmp_path / "accounts.csv", time.perf_counter()
    command = ["seed", "--db", str(tmp_path / "one.db"), "--count", "5000", "--state", "warning", "--out", str(out)]
    assert main(command) == 0
    assert time.perf_counter() - begun_s < 5  # a twentieth of the accounts, five times the time for a busy machine
    assert "5000 accounts" in capsys.readouterr().err
    assert out.stat().st_mode & 0o777 == 0o600
    rows = list(csv.DictReader(io.StringIO(out.read_text("utf-8"))))
    assert [row["user_name"] for row in rows[:2]] == ["user0000001", "user0000002"]
    assert {row["state"] for row in rows} == {"warning"}
    assert len(read(out.read_text("utf-8"))) == 5000
    world = World(tmp_path / "one.db")
    world.clock.now_s = time.time()
    try:
        assert world.login(rows[41]["password"], "user0000042").summary == (200, "PASSWORD_WARN")
        token = world.state_token("user0000042", rows[41]["password"])
        reply = world.update(token, old=rows[41]["password"], new=rows[41]["previous_password"])
        assert reply.summary == (400, "PWD.0001")
    finally:
        world.close()


@pytest.mark.parametrize("state", STATES)
def test_seed_makes_accounts_in_any_state(tmp_path: Path, state: State) -> None:
    """Every state that a login can show can be seeded from the command line."""
    assert main(["seed", "--db", str(tmp_path / "one.db"), "--count", "1", "--state", state]) == 0


def test_seed_refuses_to_pretend(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Accounts that were there already are as they were, and the exit code says that the CSV would not fit them."""
    command = ["seed", "--db", str(tmp_path / "one.db"), "--count", "3"]
    assert main(command) == 0
    assert main([*command, "--secret", "other"]) == 2
    assert "3 of the 3 user names were there already" in capsys.readouterr().err
    out = tmp_path / "accounts.csv"
    out.touch()
    assert main(["seed", "--db", str(tmp_path / "two.db"), "--count", "3", "--out", str(out)]) == 2
    assert "exists already" in capsys.readouterr().err
    assert main(["seed", "--count", "3"]) == 2
    assert "--db FILE" in capsys.readouterr().err
