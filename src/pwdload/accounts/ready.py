"""Where the accounts of a run are kept, and how many of them are ready."""

from collections.abc import Mapping
from pathlib import Path

from pwdload.accounts.source import read_accounts_csv

STORE = "ledger.sqlite"


def is_ledger(path: Path) -> bool:
    """Whether a directory is a ledger."""
    return (path / STORE).is_file()


def ledger_directory(source: Path, ledger: Path | None = None) -> Path:
    """Return the directory of the ledger of a source: the one that is stated, the source itself, or beside the CSV."""
    if ledger is not None:
        return ledger
    return source if source.is_dir() else source.with_suffix(".ledger")


def ready_accounts(source: Path, ledger: Path | None = None) -> Mapping[str, int]:
    """Return how many accounts are ready, by state: by the ledger, where there is one, else by the list.

    Raises:
        AccountsError: they cannot be read.
    """
    return read_accounts_csv(source).sizes
