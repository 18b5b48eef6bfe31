"""Accounts as CSV: read to seed a stand-in, written for whoever must log in to them."""

import csv
import io
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TextIO

from pwdload.standin.failure import StandinError
from pwdload.standin.seed import STATES, SeedAccount

CSV_COLUMNS = ("user_name", "password", "previous_password", "state")

Recorder = Callable[[Iterable[SeedAccount]], Iterator[SeedAccount]]
"""Writes accounts as they pass by; when they have all passed, the file is complete."""


def read_seed_csv(file: TextIO, name: str) -> Iterator[SeedAccount]:
    """Yield the accounts of a CSV with the columns user_name and password.

    Optional columns: previous_password (goes into the history), state (``expired`` where blank), name, mobile, email,
    org_code.

    Raises:
        StandinError: a line cannot be used; it is named.
    """
    reader = csv.DictReader(file, restkey="more")
    lines: dict[str, int] = {}
    try:
        for column in ("user_name", "password"):
            if column not in (reader.fieldnames or ()):
                raise StandinError(f"{name}: line 1: no column {column}; name the columns {','.join(CSV_COLUMNS)}")
        for row in reader:
            seed = _seed_account(row, f"{name}: line {reader.line_num}: ")
            if seed.user_name in lines:
                raise StandinError(
                    f"{name}: line {reader.line_num}: user_name {seed.user_name!r} again, first on line "
                    f"{lines[seed.user_name]}; remove one"
                )
            lines[seed.user_name] = reader.line_num
            yield seed
    except UnicodeDecodeError:
        raise StandinError(f"{name}: after line {reader.line_num}: not UTF-8; save the file as UTF-8") from None
    except csv.Error as error:
        raise StandinError(f"{name}: line {reader.line_num}: {error}") from None


def _seed_account(row: dict[str, str | None], place: str) -> SeedAccount:
    values = {name: row.get(name) or "" for name in ("previous_password", "name", "mobile", "email", "org_code")}
    user_name, password, state = row["user_name"] or "", row["password"] or "", row.get("state") or "expired"
    if "more" in row:
        raise StandinError(f"{place}more values than columns; quote values that contain a comma")
    if not user_name.strip():
        raise StandinError(f"{place}blank user_name; give one or remove the line")
    if not password.strip():
        raise StandinError(f"{place}blank password of {user_name!r}; give one or remove the line")
    if state not in STATES:
        raise StandinError(f"{place}state {state!r}; allowed: {', '.join(STATES)}")
    return SeedAccount(user_name=user_name, password=password, state=state, **values)


@contextmanager
def new_accounts_csv(path: Path, option: str) -> Iterator[Recorder]:
    """Make a CSV for the accounts of a block; where the block fails, the file is gone again.

    The file holds passwords: only its owner may read it.

    Raises:
        StandinError: the file cannot be written, or exists.
    """
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise StandinError(f"{option} {path}: exists already; name another file, or remove it") from None
    except OSError as error:
        raise _unwritable(path, option, error) from None
    try:
        with open(descriptor, "w", encoding="utf-8", newline="") as file:  # noqa: PTH123 - a descriptor, not a path
            yield lambda seeds: _record(seeds, file)
    except OSError as error:
        path.unlink(missing_ok=True)
        raise _unwritable(path, option, error) from None
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def _record(seeds: Iterable[SeedAccount], file: TextIO) -> Iterator[SeedAccount]:
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(CSV_COLUMNS)
    for seed in seeds:
        writer.writerow((seed.user_name, seed.password, seed.previous_password, seed.state))
        yield seed
    # Before the accounts are committed: a full disk must not leave accounts that nobody can log in to.
    file.flush()


def _unwritable(path: Path, option: str, error: OSError) -> StandinError:
    return StandinError(f"{option} {path}: cannot be written ({error.strerror}); name a file you may write")


def listed_user_names(path: Path) -> frozenset[str]:
    """Return the user names of a CSV; none where it is missing or no such file."""
    with suppress(OSError, StandinError), path.open(encoding="utf-8-sig", newline="") as file:
        return frozenset(seed.user_name for seed in read_seed_csv(file, str(path)))
    return frozenset()


def open_seed_csv(name: str, stdin: TextIO) -> TextIO:
    """Open a CSV by its path; ``-`` is standard input.

    Raises:
        StandinError: the file cannot be read.
    """
    try:
        if name == "-":
            return io.StringIO(stdin.buffer.read().decode("utf-8-sig"), newline="")
        return Path(name).open(encoding="utf-8-sig", newline="")
    except OSError as error:
        raise StandinError(f"--seed-from {name}: cannot be read ({error.strerror})") from None
    except UnicodeDecodeError:
        raise StandinError("--seed-from -: not UTF-8") from None
