"""The run secret in a file of its own: made once, for its owner alone."""

import os
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from pwdload.errors import UsageError
from pwdload.passwords import KEY_FILE, SECRET_VARIABLE, digest_of, ledger_secret, run_secret


def test_a_new_ledger_gets_a_secret_that_is_kept_for_its_owner_alone(tmp_path: Path) -> None:
    """The second command derives the same passwords, and nobody else on the machine can."""
    ledger = tmp_path / "accounts" / "staging"
    secret = ledger_secret(ledger, {}, create=True)
    assert len(secret) == 32
    assert stat.S_IMODE((ledger / KEY_FILE).stat().st_mode) == 0o600
    assert ledger_secret(ledger, {}, create=True) == ledger_secret(ledger, {}) == secret
    assert [path.name for path in ledger.iterdir()] == [KEY_FILE]


def test_the_environment_wins(tmp_path: Path) -> None:
    """Who sets the secret for all machines gets that one, and no file is made."""
    environment = {SECRET_VARIABLE: "a secret of the environment"}
    assert ledger_secret(tmp_path, environment, create=True) == run_secret(environment)
    assert list(tmp_path.iterdir()) == []


def test_many_who_make_it_at_once_get_the_same(tmp_path: Path) -> None:
    """The secret is there whole or not at all, and never replaced."""
    with ThreadPoolExecutor(16) as threads:
        secrets = set(threads.map(lambda _: ledger_secret(tmp_path, {}, create=True), range(64)))
    assert len(secrets) == 1
    assert [path.name for path in tmp_path.iterdir()] == [KEY_FILE]


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o644])
def test_a_key_that_others_may_read_is_refused_with_the_remedy(tmp_path: Path, mode: int) -> None:
    """All passwords hang on it."""
    ledger_secret(tmp_path, {}, create=True)
    (tmp_path / KEY_FILE).chmod(mode)
    with pytest.raises(UsageError, match=rf"mode {mode:04o}.*chmod 600") as error:
        ledger_secret(tmp_path, {}, create=True)
    assert "\n" not in str(error.value)


def damaged(content: bytes) -> list[bytes]:
    """Return a key cut anywhere, empty, with something after it, and with each digit changed."""
    cut = [content[:length] for length in range(len(content))]
    start = content.index(b"1 ") + 2
    flipped = [
        content[:place] + (b"0" if content[place : place + 1] != b"0" else b"1") + content[place + 1 :]
        for place in range(start, start + 64)
    ]
    return [*cut, *flipped, content + b"x"]


def test_a_damaged_key_is_refused_and_never_replaced_or_shown(tmp_path: Path) -> None:
    """Passwords of another secret would open nothing, and lock the accounts."""
    path = tmp_path / KEY_FILE
    secret = ledger_secret(tmp_path, {}, create=True)
    for content in damaged(path.read_bytes()):
        path.write_bytes(content)
        with pytest.raises(UsageError, match="damaged; put back the copy") as error:
            ledger_secret(tmp_path, {}, create=True)
        assert path.read_bytes() == content
        assert secret.hex()[:12] not in str(error.value)


def test_a_missing_key_is_never_made_for_accounts_that_are_there(tmp_path: Path) -> None:
    """A ledger that has lost its key says what to do."""
    with pytest.raises(UsageError, match=r"is not set, and there is no .*: set the secret"):
        ledger_secret(tmp_path, {})
    assert list(tmp_path.iterdir()) == []


def test_a_folder_in_its_place_is_one_clear_line(tmp_path: Path) -> None:
    """Whatever cannot be read is told with its name."""
    (tmp_path / KEY_FILE).mkdir()
    with pytest.raises(UsageError, match=rf"{KEY_FILE}: cannot be read"):
        ledger_secret(tmp_path, {})


def test_the_mode_does_not_depend_on_the_umask(tmp_path: Path) -> None:
    """A careless umask does not give the secret away."""
    before = os.umask(0)
    try:
        ledger_secret(tmp_path, {}, create=True)
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / KEY_FILE).stat().st_mode) == 0o600


def test_two_secrets_are_told_apart_by_a_digest_that_gives_nothing_away() -> None:
    """A ledger keeps it to refuse a foreign secret."""
    first, second = b"a secret of 16 b", b"another of 16 by."
    assert digest_of(first) != digest_of(second)
    assert len(digest_of(first)) == 16
