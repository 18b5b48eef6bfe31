"""What the database keeps, and which files it will not touch."""

import sqlite3
from pathlib import Path

import pytest
from tests.standin.client import NEW, PASSWORD, World

from pwdload.standin.accounts import Accounts
from pwdload.standin.failure import StandinError
from pwdload.standin.hashing import PasswordHasher
from pwdload.standin.store import Store


def test_tokens_and_passwords_outlive_a_restart(tmp_path: Path) -> None:
    """After a restart on the same file a state_token still serves, and a used one is still used."""
    first = World(tmp_path / "one.db")
    first.seed()
    used, unused = first.state_token(), first.state_token()
    assert first.update(used).summary == (200, "SUCCESS")
    first.close()
    second = World(tmp_path / "one.db")
    try:
        assert second.update(used, old=NEW, new="Another-pw-3").summary == (400, "PARAM.0014")
        assert second.update(unused, old=NEW, new="Another-pw-3").summary == (200, "SUCCESS")
    finally:
        second.close()


def test_a_transaction_is_all_or_nothing(tmp_path: Path) -> None:
    """What fails half-way leaves no trace, and the next transaction works."""
    store = Store(tmp_path / "one.db")
    with pytest.raises(sqlite3.IntegrityError), store.transaction() as db:
        db.executemany("INSERT INTO used_state_tokens VALUES (?)", [("one",), ("one",)])
    with store.transaction() as db:
        db.execute("INSERT INTO used_state_tokens VALUES ('two')")
    assert store.connection.execute("SELECT token_id FROM used_state_tokens").fetchall() == [("two",)]
    store.close()


def test_expired_tokens_are_forgotten_on_the_way(tmp_path: Path) -> None:
    """A soak does not fill the database with tokens that nobody can use any more."""
    world = World(tmp_path / "one.db", state_token_life_s=1.0, password_history=0)
    world.seed()
    old = PASSWORD
    for number in range(20):
        world.tenant("PUT", f"/api/v2/tenant/users/{_user_id(world)}", {"pwd_must_modify": True})
        new = f"Generation-pw-{number}"
        assert world.update(world.state_token(password=old), old=old, new=new).summary == (200, "SUCCESS")
        old = new
        world.clock.advance(2)
    kept = world.store.connection.execute("SELECT count(*) FROM used_state_tokens").fetchone()[0]
    world.close()
    assert kept <= 2


def test_sessions_that_are_over_are_forgotten_at_the_start(tmp_path: Path) -> None:
    """A database that is used for weeks does not keep every session of them."""
    world = World(tmp_path / "one.db")
    world.seed(state="valid")
    world.login()
    count = "SELECT count(*) FROM sessions"
    world.parts.sessions.forget_expired()
    assert world.store.connection.execute(count).fetchone()[0] == 1
    world.clock.advance(604_800)
    world.parts.sessions.forget_expired()
    assert world.store.connection.execute(count).fetchone()[0] == 0
    world.close()


def test_a_database_is_private_to_its_owner(tmp_path: Path) -> None:
    """The file holds hashes and keys: nobody else may read it."""
    Store(tmp_path / "one.db").close()
    assert (tmp_path / "one.db").stat().st_mode & 0o777 == 0o600


def test_foreign_files_are_left_alone(tmp_path: Path) -> None:
    """A file that is no database, or another program's, is refused in one line and not changed."""
    text, foreign = tmp_path / "text", tmp_path / "foreign.db"
    text.write_text("not a database, and long enough to be sure of it" * 100)
    with sqlite3.connect(foreign) as connection:
        connection.execute("CREATE TABLE somebody (x)")
    connection.close()
    before = foreign.read_bytes()
    with pytest.raises(StandinError, match="not a database"):
        Store(text)
    with pytest.raises(StandinError, match="another program"):
        Store(foreign)
    with pytest.raises(StandinError, match="cannot be written"):
        Store(tmp_path / "no" / "such" / "directory")
    with pytest.raises(StandinError, match="unable to open"):
        Store(tmp_path)
    assert foreign.read_bytes() == before


def test_a_database_of_another_version_is_refused(tmp_path: Path) -> None:
    """An old file is not misread."""
    store = Store(tmp_path / "one.db")
    store.connection.execute("PRAGMA user_version = 99")
    store.close()
    with pytest.raises(StandinError, match="another version"):
        Store(tmp_path / "one.db")


@pytest.mark.parametrize("synchronous", ["NORMAL", "FULL"])
def test_durability_is_a_setting(tmp_path: Path, synchronous: str) -> None:
    """NORMAL survives the process, FULL the machine; both write ahead."""
    store = Store(tmp_path / "one.db", synchronous=synchronous)  # type: ignore[arg-type]
    mode = store.connection.execute("PRAGMA journal_mode").fetchone()[0]
    level = store.connection.execute("PRAGMA synchronous").fetchone()[0]
    store.close()
    assert (mode, level) == ("wal", {"NORMAL": 1, "FULL": 2}[synchronous])


@pytest.mark.parametrize(
    ("algorithm", "cost"), [("sha256", 0), ("pbkdf2_sha256", 0), ("pbkdf2_sha256", 3000), ("scrypt", 16)]
)
def test_a_hash_tells_how_it_was_made(tmp_path: Path, algorithm: str, cost: int) -> None:
    """Hashes are salted, open with their password alone, and still do after the settings have changed."""
    hasher = PasswordHasher(algorithm, cost)  # type: ignore[arg-type]
    one, two = hasher.hash(PASSWORD), hasher.hash(PASSWORD)
    hasher.close()
    assert one != two
    assert PASSWORD not in one
    assert one.startswith(f"{algorithm}$")
    assert PasswordHasher.opens(PASSWORD, one)
    assert PasswordHasher.opens(PASSWORD, two)
    assert not PasswordHasher.opens(NEW, one)
    world = World(tmp_path / "one.db", hash_algorithm="sha256")
    world.seed()
    with world.store.transaction() as db:
        db.execute("UPDATE accounts SET password_hash = ?", (one,))
    assert world.login().summary == (200, "PASSWORD_EXPIRED")
    world.close()


def test_no_password_is_in_the_database(tmp_path: Path) -> None:
    """Neither current nor earlier passwords can be read from the file."""
    world = World(tmp_path / "one.db")
    world.seed()
    world.update(world.state_token())
    world.login("Wrong-pw-1")
    world.close()
    content = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert b"zhangsan" in content
    for password in (PASSWORD, NEW, "Wrong-pw-1", "Earlier-pw-1"):
        assert password.encode() not in content


def _user_id(world: World) -> str:
    account = Accounts(world.store).by_name("zhangsan")
    assert account is not None
    return account.user_id
