"""A run secret that was made for one ledger, kept in a file that only its owner can read.

The file is one line: what it is, 64 hexadecimal digits, and a check sum by which a damaged one is told from another
secret: passwords of another secret open no account, and the tries would lock them.
"""

import hashlib
import os
import re
import secrets
import stat
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from pwdload.errors import UsageError
from pwdload.passwords.book import SECRET_VARIABLE, run_secret
from pwdload.secrecy import is_given

KEY_FILE = "run_secret.key"
_FORM = re.compile(rb"pwdload-run-secret-1 ([0-9a-f]{64}) ([0-9a-f]{8})\n")
_LONGEST = 200


def ledger_secret(directory: Path, environment: Mapping[str, str] = os.environ, *, create: bool = False) -> bytes:
    """Return the secret that the passwords of a ledger are derived from.

    That of the environment, or else the one of the ledger's key file. `create`: where there is neither, a new one is
    made and kept, in a directory that is made for it; for a ledger that has no accounts yet.

    Raises:
        UsageError: there is none, or the one that is there cannot be used. No value is ever shown.
        OSError: the file cannot be written.
    """
    if is_given(SECRET_VARIABLE, environment):
        return run_secret(environment)
    path = directory / KEY_FILE
    if create and not path.exists():
        directory.mkdir(parents=True, exist_ok=True)
        _make(path)
    return _read(path)


def _make(path: Path) -> None:
    """Write a new secret; whoever was quicker has the last word."""
    secret = secrets.token_bytes(32)
    unfinished = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(b"pwdload-run-secret-1 %b %b\n" % (secret.hex().encode(), _check_sum(secret)))
            file.flush()
            os.fsync(descriptor)
        # Under its own name it is there whole or not at all, whenever this process is killed; and never replaced.
        with suppress(FileExistsError):
            os.link(unfinished, path)
    finally:
        unfinished.unlink()
    _sync(path.parent)


def _sync(directory: Path) -> None:
    """Let the name of a new file outlive a power cut: without the secret its accounts are lost."""
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            content = file.read(_LONGEST)
    except FileNotFoundError:
        raise UsageError(
            f"{SECRET_VARIABLE} is not set, and there is no {path}: set the secret that the passwords were derived "
            "from, or put the file back"
        ) from None
    except OSError as error:
        raise UsageError(f"{path}: cannot be read ({error.strerror}); run as its owner") from None
    if stat.S_IMODE(mode) & 0o077:
        raise UsageError(
            f"{path}: others may read it (mode {stat.S_IMODE(mode):04o}), and with it all passwords; "
            f"make it yours alone: chmod 600 {path}"
        )
    match = _FORM.fullmatch(content)
    if match is None or _check_sum(bytes.fromhex(match[1].decode())) != match[2]:
        raise UsageError(
            f"{path}: damaged; put back the copy that you kept, or set {SECRET_VARIABLE} to the secret "
            "(without it, nobody can log in to the accounts that were changed)"
        )
    return bytes.fromhex(match[1].decode())


def _check_sum(secret: bytes) -> bytes:
    return hashlib.sha256(b"pwdload: is the key whole?" + secret).hexdigest()[:8].encode()
