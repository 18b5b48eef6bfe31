"""Where the accounts of a run are kept, and how many of them are ready."""

from collections.abc import Mapping
from pathlib import Path

from pwdload.accounts.entry import Status
from pwdload.accounts.ledger import Ledger
from pwdload.accounts.listing import STATES
from pwdload.accounts.source import read_accounts_csv
from pwdload.accounts.store import FILE_NAME


def is_ledger(path: Path) -> bool:
    """Whether a directory is a ledger."""
    return (path / FILE_NAME).is_file()


def ledger_directory(source: Path, ledger: Path | None = None) -> Path:
    """Return the directory of the ledger of a source: the one that is stated, the source itself, or beside the CSV."""
    if ledger is not None:
        return ledger
    return source if source.is_dir() else source.with_suffix(".ledger")


def ready_accounts(source: Path, ledger: Path | None = None) -> Mapping[str, int]:
    """Return how many accounts are ready, by state: by the ledger, where there is one, else by the list.

    What is in doubt is not counted: settling it may give some back.

    Raises:
        AccountsError: they cannot be read.
    """
    directory = ledger_directory(source, ledger)
    if not is_ledger(directory) and not source.is_dir():
        return read_accounts_csv(source).sizes
    view = Ledger.read(directory)
    status = view.status()
    view.close()
    return {state: status.of(Status.READY, state) for state in STATES}
