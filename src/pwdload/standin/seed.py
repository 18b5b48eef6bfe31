"""Many accounts at once: read from a CSV, or made up with passwords that meet the policy."""

import csv
import hashlib
import hmac
import io
import string
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Literal, TextIO, get_args

from pwdload.standin.accounts import Account, Accounts, new_user_id
from pwdload.standin.answers import Refusal
from pwdload.standin.failure import StandinError
from pwdload.standin.hashing import PasswordHasher
from pwdload.standin.policy import PasswordPolicy, Person
from pwdload.standin.settings import Settings

State = Literal["valid", "warning", "expired", "must_modify", "disabled", "mfa"]
"""What the right password gets: SUCCESS, PASSWORD_WARN, PASSWORD_EXPIRED (two ways), ACCESS_DENIED, MFA_AUTH."""
STATES: tuple[State, ...] = get_args(State)
CSV_COLUMNS = ("user_name", "password", "previous_password", "state")

_BATCH = 5000
_DAY_S = 86_400.0
_MINUTE_S = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class SeedAccount:
    """One account to be made."""

    user_name: str
    password: str
    previous_password: str = ""
    state: State = "expired"
    name: str = ""
    mobile: str = ""
    email: str = ""

    def __repr__(self) -> str:
        return f"SeedAccount({self.user_name!r}, {self.state!r})"


class Seeder:
    """Puts accounts into a database."""

    def __init__(self, settings: Settings, accounts: Accounts, hasher: PasswordHasher) -> None:
        self._settings = settings
        self._accounts = accounts
        self._hasher = hasher

    def seed(self, seeds: Iterable[SeedAccount], now_s: float) -> int:
        """Add the accounts; return how many are new. Those whose user name exists are left as they are."""
        added, source = 0, iter(seeds)
        while batch := list(islice(source, _BATCH)):
            added += self._accounts.insert_new((self._account(seed, now_s), self._previous(seed)) for seed in batch)
        return added

    def _previous(self, seed: SeedAccount) -> str | None:
        return self._hasher.hash(seed.previous_password) if seed.previous_password else None

    def _account(self, seed: SeedAccount, now_s: float) -> Account:
        return Account(
            user_id=new_user_id(now_s),
            user_name=seed.user_name,
            name=seed.name,
            mobile=seed.mobile or None,
            email=seed.email,
            password_hash=self._hasher.hash(seed.password),
            password_version=1,
            password_changed_at=now_s - self._password_age_s(seed.state),
            must_modify=seed.state == "must_modify",
            disabled=seed.state == "disabled",
            mfa=seed.state == "mfa",
            failed_attempts=0,
            locked_until=0.0,
            created_at=now_s,
            updated_at=now_s,
        )

    def _password_age_s(self, state: State) -> float:
        """Return how old a password must be to put the account into the state, and keep it there for long."""
        validity_s = self._settings.password_validity_days * _DAY_S
        warning_s = min(self._settings.password_warning_days * _DAY_S, validity_s)
        if state == "expired":
            return _needed(validity_s, state, "password_validity_days") + _DAY_S
        if state == "warning":
            _needed(validity_s, state, "password_validity_days")
            return validity_s - _needed(warning_s, state, "password_warning_days") + min(_MINUTE_S, warning_s / 2)
        return 0.0


def _needed(seconds: float, state: State, setting: str) -> float:
    if not seconds:
        raise StandinError(f"an account in state {state} needs {setting} above 0; set it, or choose another state")
    return seconds


def made_up_accounts(count: int, state: State, settings: Settings, *, secret: str) -> Iterator[SeedAccount]:
    """Yield accounts user0000001 and on, with passwords derived from the secret that meet the policy."""
    maker = _PasswordMaker(settings, secret)
    for number in range(1, count + 1):
        name = f"user{number:07d}"
        yield SeedAccount(
            user_name=name, password=maker.password(name, 1), previous_password=maker.password(name, 0), state=state
        )


class _PasswordMaker:
    """Derives passwords that the policy accepts."""

    def __init__(self, settings: Settings, secret: str) -> None:
        self._policy = PasswordPolicy(settings)
        self._length = max(settings.password_length_min, min(16, settings.password_length_max))
        special = "".join(character for character in settings.special_characters if character.isascii())
        groups = (string.ascii_lowercase, string.ascii_uppercase, string.digits, special)
        self._groups = tuple(group for group in groups if group)
        self._alphabet = "".join(self._groups)
        self._secret = secret.encode()

    def password(self, user_name: str, generation: int) -> str:
        """Return the password of a generation: the first of a derived sequence that meets the policy."""
        for attempt in range(100):
            password = self._candidate(f"{user_name}/{generation}/{attempt}")
            try:
                self._policy.check(password, Person(user_name=user_name))
            except Refusal:
                continue
            return password
        raise StandinError("no password meets the policy: check the password_... settings against one another")

    def _candidate(self, label: str) -> str:
        source = hmac.digest(self._secret, label.encode(), hashlib.sha512)
        source *= 1 + self._length // len(source)
        first = "".join(group[byte % len(group)] for group, byte in zip(self._groups, source, strict=False))
        rest = "".join(self._alphabet[byte % len(self._alphabet)] for byte in source[len(first) : self._length])
        return (first + rest)[: self._length]


def read_seed_csv(file: TextIO, name: str) -> Iterator[SeedAccount]:
    """Yield the accounts of a CSV with the columns user_name and password.

    Optional columns: previous_password (goes into the history), state (``expired`` where blank), name, mobile, email.

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
    values = {name: row.get(name) or "" for name in ("previous_password", "name", "mobile", "email")}
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


def write_seed_csv(seeds: Iterable[SeedAccount], path: Path) -> Iterator[SeedAccount]:
    """Write accounts as CSV as they pass by. The file holds passwords: only its owner may read it.

    Raises:
        StandinError: the file cannot be written, or exists.
    """
    try:
        path.touch(mode=0o600, exist_ok=False)
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(CSV_COLUMNS)
            for seed in seeds:
                writer.writerow((seed.user_name, seed.password, seed.previous_password, seed.state))
                yield seed
    except FileExistsError:
        raise StandinError(f"--out {path}: exists already; name another file, or remove it") from None
    except OSError as error:
        raise StandinError(f"--out {path}: cannot be written ({error.strerror})") from None


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
