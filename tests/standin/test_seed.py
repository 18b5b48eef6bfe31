"""Making many accounts."""

import csv
import errno
import io
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from pathlib import Path

import pytest
from tests.standin.client import NEW, PASSWORD, World

from pwdload.standin import accounts_csv
from pwdload.standin.accounts import Accounts
from pwdload.standin.accounts_csv import read_seed_csv
from pwdload.standin.cli import main
from pwdload.standin.failure import StandinError
from pwdload.standin.made_up import Population, spread
from pwdload.standin.policy import PasswordPolicy, Person
from pwdload.standin.seed import STATES, SeedAccount, Seeder, State
from pwdload.standin.settings import Settings
from pwdload.standin.store import Store


def made_up(count: int, secret: str = "s") -> Population:
    return Population(count=count, shares={"expired": 1}, name_prefix="user", secret=secret)


def rows_of(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(path.read_text("utf-8"))))


def read(text: str) -> list[SeedAccount]:
    return list(read_seed_csv(io.StringIO(text), "accounts.csv"))


def test_a_csv_needs_two_columns_only() -> None:
    """user_name and password are enough; such an account is expired, as those under test are."""
    assert read("user_name,password\na,b\n") == [SeedAccount(user_name="a", password="b", state="expired")]


def test_a_csv_may_say_more() -> None:
    """All columns, in any order, with quoted values, and columns of somebody else's."""
    text = (
        "state,password,remark,email,mobile,name,previous_password,user_name,org_code\n"
        'mfa,"p,""w",x,a@b.c,13,Zhang San,old,zs,sales\n'
    )
    (seed,) = read(text)
    assert (seed.user_name, seed.password, seed.previous_password, seed.state) == ("zs", 'p,"w', "old", "mfa")
    assert (seed.name, seed.mobile, seed.email, seed.org_code) == ("Zhang San", "13", "a@b.c", "sales")


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
    for seed in made_up(200).accounts(settings):
        for password in (seed.password, seed.previous_password):
            policy.check(password, Person(user_name=seed.user_name))
            seen.add(password)
    assert len(seen) > 300


def test_a_policy_that_no_password_meets_is_told() -> None:
    """Contradictory settings end in one line, not in an endless search."""
    settings = Settings(password_length_min=1, password_length_max=2, password_classes=3)
    with pytest.raises(StandinError, match="no password meets the policy"):
        list(made_up(1).accounts(settings))


def test_made_up_passwords_depend_on_the_secret_alone() -> None:
    """The same secret gives the same accounts on every machine, another secret other passwords."""

    def passwords(secret: str) -> Iterator[str]:
        return (seed.password for seed in made_up(3, secret=secret).accounts(Settings()))

    assert list(passwords("a")) == list(passwords("a"))
    assert not set(passwords("a")) & set(passwords("b"))


def test_passwords_do_not_show_in_a_repr() -> None:
    """A traceback or a log line with an account in it tells no password."""
    assert "hidden-pw" not in repr(SeedAccount(user_name="a", password="hidden-pw", previous_password="hidden-pw"))


def test_five_thousand_accounts_are_quick(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`seed` makes accounts fast enough for a pool of 100,000 in under 20 s, and its CSV can seed another stand-in."""
    out, begun_s = tmp_path / "accounts.csv", time.process_time()
    command = ["seed", "--db", str(tmp_path / "one.db"), "--count", "5000", "--state", "warning", "--out", str(out)]
    assert main(command) == 0
    assert time.process_time() - begun_s < 1  # a twentieth of both; of the processor, so that others do not matter
    assert "5000 accounts" in capsys.readouterr().err
    assert out.stat().st_mode & 0o777 == 0o600
    rows = rows_of(out)
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


def test_states_are_spread_in_their_shares() -> None:
    """Whoever uses only the first accounts of a file has the same mixture, and it is the same every time."""
    shares: dict[State, int] = {"expired": 80, "warning": 15, "mfa": 5}
    states = list(islice(spread(shares), 1000))
    assert states == list(islice(spread(shares), 1000))
    for size in range(1, 1001):
        for state, share in shares.items():
            assert abs(states[:size].count(state) - size * share / 100) <= 1
    assert Counter(states[:100]) == shares


def test_a_mixture_is_made_and_told_in_the_csv(tmp_path: Path) -> None:
    """Each account is in the state that its line of the CSV says, under the name asked for, with a password before."""
    db, out = tmp_path / "one.db", tmp_path / "accounts.csv"
    mixture = ["--states", "expired=3,warning=1", "--name-prefix", "load-"]
    assert main(["seed", "--db", str(db), "--count", "8", "--out", str(out), *mixture]) == 0
    rows = rows_of(out)
    assert Counter(row["state"] for row in rows) == {"expired": 6, "warning": 2}
    assert rows[0]["user_name"] == "load-0000001"
    status = {"expired": "PASSWORD_EXPIRED", "warning": "PASSWORD_WARN"}
    world = World(db)
    world.clock.now_s = time.time()
    for row in rows:
        assert row["previous_password"] not in ("", row["password"])
        assert world.login(row["password"], row["user_name"]).summary == (200, status[row["state"]])
    world.close()


@pytest.mark.parametrize(
    ("option", "value", "message"),
    [
        ("--states", "expired", "'' is not a whole number from 1"),
        ("--states", "expired=0", "'0' is not a whole number from 1"),
        ("--states", "expird=1", "'expird' is no state; allowed: valid, warning, expired"),
        ("--states", "expired=1,expired=2", "names expired twice"),
        ("--state", "gone", "'gone' is no state; allowed: valid, warning, expired"),
        ("--name-prefix", " x", "' x' is not 1 to 64 characters without blanks around them"),
    ],
)
def test_a_mixture_that_cannot_be_is_told_in_one_line(
    capsys: pytest.CaptureFixture[str], option: str, value: str, message: str
) -> None:
    """The line names the option, the value and what is allowed."""
    with pytest.raises(SystemExit) as caught:
        main(["seed", "--count", "3", option, value])
    line = capsys.readouterr().err
    assert caught.value.code == 2
    assert line.startswith(f"pwdload standin seed: argument {option}: ")
    assert message in line
    assert line.count("\n") == 1


def test_a_refused_seeding_leaves_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One user name that is taken: no account is added, not even the free ones, and no CSV promises any."""
    db, out = tmp_path / "one.db", tmp_path / "accounts.csv"
    assert main(["seed", "--db", str(db), "--count", "3"]) == 0
    assert main(["seed", "--db", str(db), "--count", "6000", "--secret", "other", "--out", str(out)]) == 2
    assert "'user0000001' is there already, and nothing was added" in capsys.readouterr().err
    assert not out.exists()
    store = Store(db)
    assert Accounts(store).count() == 3
    store.close()
    assert main(["seed", "--db", str(db), "--count", "3", "--name-prefix", "more", "--out", str(out)]) == 0


def test_a_refused_csv_leaves_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A file that is there is not written over, and no account is made whose password would be in no file."""
    out, db = tmp_path / "accounts.csv", tmp_path / "two.db"
    out.write_text("mine")
    assert main(["seed", "--db", str(db), "--count", "3", "--out", str(out)]) == 2
    assert "exists already" in capsys.readouterr().err
    assert out.read_text() == "mine"
    assert main(["seed", "--db", str(db), "--count", "3", "--out", str(tmp_path / "no" / "a.csv")]) == 2
    assert "cannot be written" in capsys.readouterr().err
    assert main(["seed", "--db", str(db), "--count", "3", "--out", str(db)]) == 2
    assert "the database itself" in capsys.readouterr().err
    assert not db.exists()


def test_a_full_disk_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the CSV cannot be finished, its accounts are not made."""

    def fail(seeds: Iterable[SeedAccount], file: object) -> Iterator[SeedAccount]:
        yield from seeds
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(accounts_csv, "_record", fail)
    out = tmp_path / "accounts.csv"
    assert main(["seed", "--db", str(tmp_path / "one.db"), "--count", "3", "--out", str(out)]) == 2
    store = Store(tmp_path / "one.db")
    assert (Accounts(store).count(), out.exists()) == (0, False)
    store.close()


def test_seed_needs_a_database(capsys: pytest.CaptureFixture[str]) -> None:
    """Without one the accounts would be gone at once."""
    assert main(["seed", "--count", "3"]) == 2
    assert "--db FILE" in capsys.readouterr().err


def test_a_mobile_of_two_accounts_is_told(world: World) -> None:
    """The service would refuse the second; it is not left out in silence."""
    seeder = Seeder(world.settings, world.parts.accounts, world.hasher)
    accounts = [SeedAccount(user_name=name, password=PASSWORD, mobile="13900000000") for name in ("lisi", "wangwu")]
    with pytest.raises(StandinError, match="'lisi' to 'wangwu': a mobile"):
        seeder.seed(accounts, world.clock())
    assert world.parts.accounts.count() == 1
