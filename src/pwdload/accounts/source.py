"""Where a run's accounts come from: made up for the embedded stand-in, or listed in a CSV file.

A source answers by state and place, so that a process which was handed a range can find its accounts by itself.
"""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from pwdload.accounts.account import Account
from pwdload.errors import AccountsError
from pwdload.passwords import PasswordBook

EXPIRED, WARNING = "expired", "warning"
_STATES = (EXPIRED, WARNING)
_COLUMNS = ("user_name", "password", "previous_password", "state")
_PROBLEMS_SHOWN = 20


class AccountSource(Protocol):
    """All accounts of a run, by state and place."""

    @property
    def sizes(self) -> Mapping[str, int]:
        """How many accounts there are in each state."""

    def accounts(self, state: str, places: range) -> Sequence[Account]:
        """Return the accounts of a state at these places."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeUpAccounts:
    """Accounts ``load0000000`` and on, whose every password is derived; the embedded stand-in is given them.

    They begin at generation 1: generation 0 is in their history, so that its reuse can be refused.
    """

    sizes: Mapping[str, int]

    def accounts(self, state: str, places: range) -> Sequence[Account]:
        """Return the accounts of a state at these places; states follow one another in the numbering."""
        first = sum(size for other, size in self.sizes.items() if other < state)
        return [self._account(first + place) for place in places]

    def _account(self, index: int) -> Account:
        return Account(index=index, user_name=f"load{index:07d}", generation=1)

    def seed_csv(self, book: PasswordBook) -> Iterator[str]:
        """Yield the lines of the CSV that the stand-in is seeded from. Holds passwords: for a pipe, never a file."""
        yield ",".join(_COLUMNS) + "\n"
        for state, size in sorted(self.sizes.items()):
            for account in self.accounts(state, range(size)):
                current, before = (account.password(book, generation) for generation in (1, 0))
                yield _csv_line(account.user_name, current, before, state)


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedAccounts:
    """Accounts read from a CSV file."""

    by_state: Mapping[str, Sequence[Account]]

    @property
    def sizes(self) -> Mapping[str, int]:
        """How many accounts there are in each state."""
        return {state: len(accounts) for state, accounts in self.by_state.items()}

    def accounts(self, state: str, places: range) -> Sequence[Account]:
        """Return the accounts of a state at these places."""
        return self.by_state[state][places.start : places.stop]

    @property
    def all_have_history(self) -> bool:
        """Whether every account that is expired has a previous password listed."""
        return all(account.earlier_password is not None for account in self.by_state.get(EXPIRED, ()))


def made_up_accounts(count: int, warning_share: float) -> MadeUpAccounts:
    """Return `count` accounts of which a share is about to expire and the others are expired."""
    warning = round(count * warning_share)
    return MadeUpAccounts(sizes={EXPIRED: count - warning, WARNING: warning})


def read_accounts_csv(path: Path) -> ListedAccounts:
    """Read a CSV with the columns user_name, password, and optionally previous_password and state.

    State is ``expired`` (where the column is missing or blank) or ``warning``.

    Raises:
        AccountsError: the file cannot be read, or lines are wrong; every wrong line is named.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise AccountsError(f"{path}: cannot be read ({error.strerror}); name it in [accounts] source") from None
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise AccountsError(f"{path}: line {line}: not UTF-8; save the file as UTF-8") from None
    reader = csv.DictReader(io.StringIO(text), restkey="")
    missing = [name for name in ("user_name", "password") if name not in (reader.fieldnames or ())]
    if missing:
        raise AccountsError(f"{path}: line 1: no column {missing[0]}; the first line names them: {','.join(_COLUMNS)}")
    return _collect(path, reader)


def _collect(path: Path, reader: "csv.DictReader[str]") -> ListedAccounts:
    by_state: dict[str, list[Account]] = {state: [] for state in _STATES}
    first_line: dict[str, int] = {}
    problems = []
    for index, row in enumerate(_rows(path, reader)):
        problem = _problem(row, first_line)
        if problem:
            problems.append(f"{path}: line {reader.line_num}: {problem}")
            continue
        first_line[row["user_name"]] = reader.line_num
        by_state[row.get("state") or EXPIRED].append(_listed(index, row))
    if problems:
        more = [f"and {len(problems) - _PROBLEMS_SHOWN} more"] if len(problems) > _PROBLEMS_SHOWN else []
        raise AccountsError("\n".join(problems[:_PROBLEMS_SHOWN] + more))
    if not first_line:
        raise AccountsError(f"{path}: no accounts in it; add a line for each, {','.join(_COLUMNS)}")
    return ListedAccounts(by_state=by_state)


def _rows(path: Path, reader: "csv.DictReader[str]") -> Iterator[dict[str, str]]:
    try:
        yield from reader
    except csv.Error as error:
        raise AccountsError(f"{path}: line {reader.line_num}: {error}; mend or remove the line") from None


def _listed(index: int, row: Mapping[str, str]) -> Account:
    return Account(
        index=index,
        user_name=row["user_name"],
        initial_password=row["password"],
        earlier_password=row.get("previous_password") or None,
    )


def _problem(row: Mapping[str, str | None], first_line: Mapping[str, int]) -> str:
    """Return what is wrong with a row, in words; empty when nothing is."""
    name = row.get("user_name") or ""
    if not name.strip():
        return "blank user_name; give one or remove the line"
    if name in first_line:
        return f"user_name {name!r} again, first on line {first_line[name]}; remove one"
    if not row.get("password"):
        return f"blank password of {name!r}; give one or remove the line"
    state = row.get("state") or EXPIRED
    return "" if state in _STATES else f"state {state!r}; allowed: {', '.join(_STATES)}, or blank for expired"


def _csv_line(*fields: str) -> str:
    line = io.StringIO()
    csv.writer(line, lineterminator="\n").writerow(fields)
    return line.getvalue()
