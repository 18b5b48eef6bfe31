"""What became of each account in a run, by its ledger: the part of a history that samples do not say.

One row for each account that the run may have used. Passwords are named as in samples, by `PasswordRef.word`.
"""

from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

_TEXT = pa.dictionary(pa.int32(), pa.string())


class Ending(NamedTuple):
    """One account when its run had ended, and what it was before."""

    account: int
    """Index of the account."""
    before: str
    """The password in force when the run began."""
    after: str
    """The password in force at the end, as far as that is known."""
    doubt: str = ""
    """Another that may be in force instead; empty where there is no doubt."""
    status: str = ""
    """What the ledger says of it (`accounts.entry.Status`)."""
    settled: str = ""
    """How a doubt of this run was resolved by logging in: ``applied``, ``not_applied``, ``neither`` or ``unknown``;
    empty where there was none."""
    opens: bool | None = None
    """Whether a login after the run, when all was quiet, was let in with `after`; null where nobody tried."""
    earlier_opens: bool | None = None
    """The same of `before`, where that is another password."""


SCHEMA = pa.schema(
    [
        pa.field("account", pa.int64(), nullable=False),
        *(pa.field(name, _TEXT, nullable=False) for name in ("before", "after", "doubt", "status", "settled")),
        pa.field("opens", pa.bool_()),
        pa.field("earlier_opens", pa.bool_()),
    ]
)
assert tuple(SCHEMA.names) == Ending._fields  # noqa: S101 - two spellings of one record must not drift apart


def to_table(endings: Iterable[Ending]) -> pa.Table:
    """Return endings as a table of `SCHEMA`."""
    rows = list(endings)
    columns = zip(*rows, strict=True) if rows else [()] * len(SCHEMA)
    return pa.table([pa.array(column, kind) for column, kind in zip(columns, SCHEMA.types, strict=True)], SCHEMA)


def write_endings(path: Path, endings: Iterable[Ending]) -> None:
    """Write the file, whole or not at all."""
    partial = path.with_name(path.name + ".part")
    try:
        pq.write_table(to_table(endings), partial, compression="zstd")
        partial.replace(path)
    except OSError:
        with suppress(OSError):
            partial.unlink(missing_ok=True)  # it would keep a full disk full
        raise


def read_endings(path: Path) -> pa.Table | None:
    """Return the file's table; null where there is none: the run was cut short, or kept no ledger.

    Raises:
        ValueError, OSError, pyarrow.ArrowException: the file is damaged.
    """
    if not path.is_file():
        return None
    return checked(pq.read_table(path), path)


def checked(table: pa.Table, path: Path) -> pa.Table:
    """Return what was read of a file of endings as a table of `SCHEMA`.

    Raises:
        ValueError, pyarrow.ArrowException: there is no such column in it, or several, or of another kind.
    """
    wrong = [name for name in SCHEMA.names if table.column_names.count(name) != 1]
    if wrong:
        raise ValueError(f"{path.name}: no column {', '.join(wrong)}, or several")
    return table.select(SCHEMA.names).cast(SCHEMA)
