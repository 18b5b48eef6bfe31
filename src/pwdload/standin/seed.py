"""Many accounts at once, each in the state that a test needs it in."""

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Literal, get_args

from pwdload.standin.accounts import Account, Accounts, new_user_id
from pwdload.standin.failure import StandinError
from pwdload.standin.hashing import PasswordHasher
from pwdload.standin.settings import Settings

State = Literal["valid", "warning", "expired", "must_modify", "disabled", "mfa"]
"""What the right password gets: SUCCESS, PASSWORD_WARN, PASSWORD_EXPIRED (two ways), ACCESS_DENIED, MFA_AUTH."""
STATES: tuple[State, ...] = get_args(State)

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
    org_code: str = ""

    def __repr__(self) -> str:
        return f"SeedAccount({self.user_name!r}, {self.state!r})"


class Seeder:
    """Puts accounts into a database."""

    def __init__(self, settings: Settings, accounts: Accounts, hasher: PasswordHasher) -> None:
        self._settings = settings
        self._accounts = accounts
        self._hasher = hasher

    def seed(self, seeds: Iterable[SeedAccount], now_s: float, *, must_be_new: bool = False) -> int:
        """Add all the accounts or none; return how many are new.

        Those whose user name is taken are left as they are (seeding again must not undo a change), or refused.

        Raises:
            StandinError: an account cannot be added.
        """
        added, source = 0, iter(seeds)
        with self._accounts.transaction():
            while batch := list(islice(source, _BATCH)):
                taken = self._accounts.existing(seed.user_name for seed in batch)
                if taken and must_be_new:
                    raise StandinError(
                        f"--db {self._accounts.db}: {min(taken)!r} is there already, and nothing was added; "
                        "seed a new file, or choose another --name-prefix"
                    )
                added += self._insert([seed for seed in batch if seed.user_name not in taken], now_s)
        return added

    def _insert(self, seeds: Sequence[SeedAccount], now_s: float) -> int:
        try:
            self._accounts.insert_many([(self._account(seed, now_s), self._previous(seed)) for seed in seeds])
        except sqlite3.IntegrityError:
            names = f"{seeds[0].user_name!r} to {seeds[-1].user_name!r}"
            raise StandinError(
                f"accounts {names}: a mobile is another account's as well; give each its own or none"
            ) from None
        return len(seeds)

    def _previous(self, seed: SeedAccount) -> str | None:
        return self._hasher.hash(seed.previous_password) if seed.previous_password else None

    def _account(self, seed: SeedAccount, now_s: float) -> Account:
        return Account(
            user_id=new_user_id(now_s),
            user_name=seed.user_name,
            name=seed.name,
            mobile=seed.mobile or None,
            email=seed.email,
            org_code=seed.org_code,
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
