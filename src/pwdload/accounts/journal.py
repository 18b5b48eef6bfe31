"""What a process does to accounts, written down as it happens: one record of fixed size for each step.

A record goes to the file in one write, unbuffered: what is written survives `kill -9` of its process at any instant.
What a power cut leaves is another matter, and what the setting `fsync` is about (`pwdload.accounts.sync`).

    head      magic, version, run, process, ledger, machine since its last start         48 bytes
    record    event, kind, note, account, lease, password, time, token, place, checksum  48 bytes each

The checksum begins from the head, so that a record that strayed in from another journal is not taken for one of this.
"""

import os
import re
import struct
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Final, Self
from zlib import crc32

from pwdload.accounts.account import Account, PasswordRef
from pwdload.accounts.append_only import AppendOnly
from pwdload.accounts.entry import Event, Kind, Reason, Record
from pwdload.accounts.sync import GroupSync
from pwdload.passwords import Shape

SUFFIX: Final = ".journal"
SIZE: Final = 48
"""Bytes of a record, and of the head."""
VERSION: Final = 1
MAGIC: Final = b"pwdljrnl"
SHAPES: Final = (
    *(Shape.PLAIN, Shape.TOO_SHORT, Shape.TOO_LONG, Shape.TOO_SIMPLE, Shape.WITH_USER_NAME, Shape.REPEATING),
    *(Shape.WEAK, Shape.BLANK, Shape.UNICODE, Shape.LONGEST, Shape.UNKNOWABLE),
)
"""The shapes by their number in a record: a new one goes to the end."""

_HEAD: Final = struct.Struct("<8sH2xII8s16s")
_BODY: Final = struct.Struct("<BBHIQiB3xd8sI")
_CHECKSUM: Final = struct.Struct("<I")
_SHAPE_CODES: Final = {shape: code for code, shape in enumerate(SHAPES)}
_NO_TOKEN: Final = bytes(8)
_BOOT_ID: Final = Path("/proc/sys/kernel/random/boot_id")
_NAME: Final = re.compile(r"(\d{6,})-(\d{4,})(?:-[^/]*)?" + re.escape(SUFFIX))


def boot_digest(source: Path = _BOOT_ID) -> bytes:
    """Return what tells one start of one machine from all others; zeros where the system does not say."""
    try:
        return blake2b(source.read_bytes().strip(), digest_size=16).digest()
    except OSError:
        return bytes(16)


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalHead:
    """Whose journal it is."""

    ledger: bytes
    """The ledger's id, 8 bytes."""
    run: int
    process: int
    """0: the process in charge; the workers have numbers from 1, none twice in a run."""
    boot: bytes = bytes(16)
    """`boot_digest` of the machine that it is written on."""
    version: int = VERSION

    @property
    def seed(self) -> int:
        """What the checksums of its records begin from."""
        return crc32(struct.pack("<8sII", self.ledger, self.run, self.process))

    def encoded(self) -> bytes:
        """Return the first bytes of the file."""
        head = _HEAD.pack(MAGIC, self.version, self.run, self.process, self.ledger, self.boot)
        return head + _CHECKSUM.pack(crc32(head))

    @classmethod
    def decoded(cls, data: bytes) -> Self | None:
        """Return the head that a file begins with; null where these bytes are none."""
        if len(data) < SIZE or crc32(data[: _HEAD.size]) != _CHECKSUM.unpack_from(data, _HEAD.size)[0]:
            return None
        magic, version, run, process, ledger, boot = _HEAD.unpack_from(data)
        return cls(ledger=ledger, run=run, process=process, boot=boot, version=version) if magic == MAGIC else None

    def file_name(self, name: str = "") -> str:
        """Return the name of its file; `name` is for people only."""
        told = re.sub(r"[^A-Za-z0-9_.-]+", "_", name)[:80]
        return f"{self.run:06d}-{self.process:04d}{'-' if told else ''}{told}{SUFFIX}"


def run_and_process(file_name: str) -> tuple[int, int] | None:
    """Return whose journal a file is by its name; null where that is not the name of one."""
    match = _NAME.fullmatch(file_name)
    return (int(match[1]), int(match[2])) if match else None


def first_lease(run: int) -> int:
    """Return the lowest lease number of a run: those of later runs are all higher."""
    return run << 20


class Journal:
    """The journal of one process. Safe for several threads, and for greenlets.

    An account must have been leased to a process before it is written of by that process: that is how it is known, if
    its journal is damaged, which accounts may be affected.
    """

    def __init__(
        self,
        file: AppendOnly,
        head: JournalHead,
        *,
        sync: GroupSync | None = None,
        sync_intents: bool = False,
        now: Callable[[], float] = time.time,
    ) -> None:
        self.head = head
        self.place = 0
        """How many records are in it."""
        self._file = file
        self._sync = sync
        self._sync_intents = sync if sync_intents else None
        self._now = now
        self._seed = head.seed
        self._lease = first_lease(head.run)
        self._lock = threading.Lock()

    @classmethod
    def create(
        cls,
        directory: Path,
        head: JournalHead,
        name: str = "",
        *,
        sync: GroupSync | None = None,
        sync_intents: bool = False,
        write: Callable[[int, bytes], int] = os.write,
    ) -> Self:
        """Make the journal of this process.

        `sync`: waits until leases are on the disk, and with `sync_intents` (fsync = "group") intents as well; without
        it nothing is waited for. `name` of the process, for people.

        Raises:
            AccountsError: the file cannot be made, or is there.
        """
        file = AppendOnly(directory / head.file_name(name), head.encoded(), write)
        if sync is not None:
            sync.watch(file.descriptor)
        return cls(file, head, sync=sync, sync_intents=sync_intents)

    @property
    def path(self) -> Path:
        """Its file."""
        return self._file.path

    def intend(self, account: Account, new: PasswordRef, state_token: str = "", kind: Kind = Kind.CHANGE) -> None:
        """Write down that a change is about to be asked for: to be called before the first byte of it is sent.

        Raises:
            AccountsError: it could not be written; the change must not be sent.
        """
        digest = blake2b(state_token.encode(), digest_size=8).digest() if state_token else _NO_TOKEN
        self._append_one(Event.INTENT, kind, account, new, 0, digest)
        if self._sync_intents is not None:
            self._sync_intents.wait()

    def conclude(self, account: Account, new: PasswordRef, event: Event, kind: Kind = Kind.CHANGE) -> None:
        """Write down what became of a change; `account` as it was intended with. Raises `AccountsError` as `intend`."""
        self._append_one(event, kind, account, new)

    def retired(self, account: Account, reason: Reason) -> None:
        """Write down that an account is out of use. Raises `AccountsError` as `intend`."""
        self._append_one(Event.RETIRED, Kind.CHANGE, account, account.in_force, reason)

    def used(self, account: Account) -> None:
        """Write down that an account asks for no change any more. Raises `AccountsError` as `intend`."""
        self._append_one(Event.USED, Kind.CHANGE, account, account.in_force)

    def leased(self, accounts: Iterable[int], lease: int, process: int) -> None:
        """Write down that accounts, by index, are a process's to use, before it hears of it; one write for all.

        Raises:
            AccountsError: it could not be written; they must not be handed out.
        """
        self._hand_over(Event.LEASED, accounts, lease, process)
        if self._sync is not None:
            self._sync.wait()

    def returned(self, accounts: Iterable[int], lease: int, process: int) -> None:
        """Write down that accounts, by index, are no longer a process's to use. Raises `AccountsError` as `leased`."""
        self._hand_over(Event.RETURNED, accounts, lease, process)

    def append(self, records: Sequence[Record]) -> None:
        """Write any records in one write: none without the others. A lease of 0 stands for the run's lowest.

        With fsync = "group" it waits for the disk where an intent is among them.

        Raises:
            AccountsError: they could not be written.
        """
        if not records:
            return
        with self._lock:
            place, now = self.place, self._now()
            self._file.append(b"".join(self._encoded(record, place + n, now) for n, record in enumerate(records)))
            self.place += len(records)
        if self._sync_intents is not None and any(record.event is Event.INTENT for record in records):
            self._sync_intents.wait()

    def tail(self, begin: int) -> bytes:
        """Return the file from a byte on, whole records: what a copy that has `begin` bytes lacks."""
        return os.pread(self._file.descriptor, self._file.size - begin, begin)

    def end(self) -> None:
        """Write the last record and close: the process has ended in order, and all that it did is in here."""
        self.append([Record(Event.END)])
        self.close()

    def close(self) -> None:
        """Close the file without the last record: as if the process had been killed."""
        if self._sync is not None:
            self._sync.close()
        self._file.close()

    def _hand_over(self, event: Event, accounts: Iterable[int], lease: int, process: int) -> None:
        self.append([Record(event, account=index, lease=lease, note=process) for index in accounts])

    def _append_one(
        self, event: Event, kind: Kind, account: Account, ref: PasswordRef, note: int = 0, digest: bytes = _NO_TOKEN
    ) -> None:
        # The hot path, once for an intent and once for its outcome: no `Record` is made.
        generation, shape = ref
        with self._lock:
            body = _BODY.pack(
                *(event, kind, note, account.index, account.lease or self._lease, generation, _SHAPE_CODES[shape]),
                *(self._now(), digest, self.place),
            )
            self._file.append(body + _CHECKSUM.pack(crc32(body, self._seed)))
            self.place += 1

    def _encoded(self, record: Record, place: int, now: float) -> bytes:
        event, kind, account, lease, (generation, shape), note, at, digest = record
        body = _BODY.pack(
            *(event, kind, note, account, lease or self._lease, generation, _SHAPE_CODES[shape]),
            *(at or now, digest, place),
        )
        return body + _CHECKSUM.pack(crc32(body, self._seed))
