"""Reading journals, whole or damaged: every record that is whole is kept, and what is not is told in words."""

from collections.abc import Iterator
from dataclasses import dataclass
from fcntl import LOCK_EX, LOCK_NB, flock
from pathlib import Path
from typing import Final
from zlib import crc32

import numpy as np
import numpy.typing as npt

from pwdload.accounts.account import PasswordRef
from pwdload.accounts.entry import Event, Kind, Record
from pwdload.accounts.journal import SHAPES, SIZE, VERSION, JournalHead, run_and_process
from pwdload.errors import AccountsError

FIELDS: Final = np.dtype(
    {
        "names": ["event", "kind", "note", "account", "lease", "generation", "shape", "at", "token", "place", "sum"],
        "formats": ["u1", "u1", "<u2", "<u4", "<i8", "<i4", "u1", "<f8", "<u8", "<u4", "<u4"],
        "offsets": [0, 1, 2, 4, 8, 16, 20, 24, 32, 40, 44],
        "itemsize": SIZE,
    }
)
"""A record's layout, as `pwdload.accounts.journal` writes it; the token's digest is read as one number."""

Records = npt.NDArray[np.void]
"""Rows of `FIELDS`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalReading:
    """What could be read of one journal."""

    name: str
    """Of its file."""
    run: int
    process: int
    records: Records
    """Those that are whole, in the order in which they were written."""
    places: int
    """How many there are or were, damaged ones included; a torn one at the end is not counted."""
    damages: tuple[str, ...]
    """What is wrong with the file, one sentence each."""
    boot: bytes
    """Digest of the machine's start under which it was written; zeros where that is not known."""
    is_live: bool
    """Whether the process that writes it is still there."""

    @property
    def is_ended(self) -> bool:
        """Whether its process ended in order: nothing can be missing at the end."""
        return len(self.records) > 0 and self.records["event"][-1] == Event.END


def read_journals(directory: Path, ledger: bytes) -> tuple[list[JournalReading], list[str]]:
    """Return all journals of a ledger by name, and what is wrong with files that are none of them.

    Raises:
        AccountsError: a journal is of a newer format, or cannot be read: to go on without it could lose accounts.
    """
    readings, strangers = [], []
    for path in sorted(directory.glob("*")):
        reading = read_journal(path, ledger)
        if isinstance(reading, str):
            strangers.append(reading)
        elif reading is not None:
            readings.append(reading)
    return readings, strangers


def read_journal(path: Path, ledger: bytes) -> JournalReading | str | None:
    """Return what a file of the journal directory holds: what is wrong in words where it is no journal of this ledger.

    Null for hidden files, which a process leaves that was killed while it made its journal, and for directories.

    Raises:
        AccountsError: as `read_journals`.
    """
    if path.name.startswith(".") or path.is_dir():
        return None
    known = run_and_process(path.name)
    if known is None:
        return f"{path}: not a journal, and left alone; move it away"
    try:
        is_live, data = _read(path)
    except FileNotFoundError:
        return None  # merged and removed by its ledger meanwhile
    except OSError as error:
        raise AccountsError(f"{path}: cannot be read ({error.strerror}); make it readable, then try again") from None
    head = JournalHead.decoded(data)
    if head is not None and head.version > VERSION:
        raise AccountsError(
            f"{path}: of format {head.version}, and this pwdload knows {VERSION} at most; use the one that wrote it"
        )
    if head is not None and (head.ledger, head.run, head.process) != (ledger, *known):
        return f"{path}: a journal of another ledger or process, and left alone; move it to where it belongs"
    return _reading(path, data, head or JournalHead(ledger=ledger, run=known[0], process=known[1]), is_live=is_live)


def _read(path: Path) -> tuple[bool, bytes]:
    """Return whether the writer of a file is still there, and what is in the file."""
    with path.open("rb") as file:
        try:
            # Looked at before the bytes are: what is not live is read to its end.
            flock(file.fileno(), LOCK_EX | LOCK_NB)
        except BlockingIOError:
            return True, file.read()
        return False, file.read()


def _reading(path: Path, data: bytes, head: JournalHead, *, is_live: bool) -> JournalReading:
    body = data[SIZE:]
    rows = np.frombuffer(body, FIELDS, count=len(body) // SIZE)
    whole = _whole(body, rows, head.seed)
    if is_live and len(rows) and not whole[-1]:
        rows, whole = rows[:-1], whole[:-1]  # it is being written just now
    records = rows[whole]
    if not (np.isin(records["event"], list(Event)).all() and (records["shape"] < len(SHAPES)).all()):
        raise AccountsError(f"{path}: holds records that this pwdload does not know; use the one that wrote it")
    damages = [*_damages_of_head(data), *_damages_of_records(whole), *_cut(data)]
    return JournalReading(
        name=path.name,
        run=head.run,
        process=head.process,
        records=records,
        places=len(rows),
        damages=() if is_live else tuple(f"{path}: {damage}" for damage in damages),
        boot=head.boot,
        is_live=is_live,
    )


def _whole(body: bytes, rows: Records, seed: int) -> npt.NDArray[np.bool_]:
    """Return which records are as they were written, and where they were written."""
    view, checked = memoryview(body), SIZE - 4
    sums = np.fromiter((crc32(view[at : at + checked], seed) for at in range(0, len(rows) * SIZE, SIZE)), np.uint32)
    whole: npt.NDArray[np.bool_] = (sums == rows["sum"]) & (rows["place"] == np.arange(len(rows)))
    return whole


def _damages_of_head(data: bytes) -> Iterator[str]:
    if not data:
        yield "empty: nothing that was written to it has reached the disk"
    elif JournalHead.decoded(data) is None:
        yield "its head is damaged"


def _damages_of_records(whole: npt.NDArray[np.bool_]) -> Iterator[str]:
    places = np.flatnonzero(~whole)
    if len(places):
        many = f"{len(places)} records are damaged, the first is" if len(places) > 1 else "damaged is"
        where = f"record {places[0] + 1} (byte {SIZE * (places[0] + 1)})"
        yield f"{many} {where}; the other {len(whole) - len(places)} are kept"


def _cut(data: bytes) -> Iterator[str]:
    torn = len(data) % SIZE
    if torn:
        number = len(data) // SIZE
        yield f"cut off {torn} bytes into record {number} (byte {len(data) - torn}); all before is kept"


def decoded(rows: Records) -> Iterator[Record]:
    """Yield rows as records."""
    for event, kind, note, account, lease, generation, shape, at, token, _, _ in rows.tolist():
        ref = PasswordRef(generation, SHAPES[shape])
        yield Record(Event(event), Kind(kind), account, lease, ref, note, at, token.to_bytes(8, "little"))
