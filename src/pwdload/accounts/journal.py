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
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Final, Literal, Self
from zlib import crc32

from pwdload.accounts.account import Account, PasswordRef
from pwdload.accounts.append_only import AppendOnly
from pwdload.accounts.entry import Event, Kind, Reason, Record
from pwdload.accounts.sync import GroupSync, PlainThreads, Threads
from pwdload.api.digest import NO_TOKEN
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
_BODY_SIZE: Final = SIZE - 4
_pack: Final = struct.Struct("<BBHIQiB3xd8sI").pack
_pack_checksum: Final = struct.Struct("<I").pack
_SHAPE_CODES: Final = {shape: code for code, shape in enumerate(SHAPES)}
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
        return head + _pack_checksum(crc32(head))

    @classmethod
    def decoded(cls, data: bytes) -> Self | None:
        """Return the head that a file begins with; null where these bytes are none."""
        if len(data) < SIZE or crc32(data[:_BODY_SIZE]) != int.from_bytes(data[_BODY_SIZE:SIZE], "little"):
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


_What = tuple[Event, Kind, Account, PasswordRef, int, bytes]
_Put = Callable[[*_What], None]


class Journal:
    """The journal of one process. Safe for several threads where it is given `PlainThreads`.

    An account must have been leased to a process before it is written of by that process: that is how it is known, if
    its journal is damaged, which accounts may be affected.
    """

    def __init__(
        self,
        file: AppendOnly,
        head: JournalHead,
        *,
        fsync: Literal["none", "group"] = "none",
        threads: Threads | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        """Take a new file with the head in it. `fsync` and `threads` as for `create`."""
        threads = threads or PlainThreads()
        self.head = head
        self.place = 0
        """How many records are in it."""
        self._file = file
        self._sync = GroupSync(file.descriptor, threads)
        self._waits_for = {Event.LEASED, Event.INTENT} if fsync == "group" else {Event.LEASED}
        self._syncs_intents = fsync == "group"
        lock = threads.lock()
        self._lock = lock or nullcontext()
        self._put: _Put = self._append_one if lock is None else self._append_one_under_lock
        self._now = now
        self._seed = head.seed
        self._lease = first_lease(head.run)

    @classmethod
    def create(
        cls,
        directory: Path,
        head: JournalHead,
        name: str = "",
        *,
        fsync: Literal["none", "group"] = "none",
        threads: Threads | None = None,
        write: Callable[[int, bytes], int] = os.write,
    ) -> Self:
        """Make the journal of this process.

        `fsync`: "group" makes each intent wait for the disk, many for one; leases always do. `threads`: where that
        is waited for, plain ones by default. `name` of the process, for people.

        Raises:
            AccountsError: the file cannot be made, or is there.
        """
        file = AppendOnly(directory / head.file_name(name), head.encoded(), write)
        return cls(file, head, fsync=fsync, threads=threads)

    @property
    def path(self) -> Path:
        """Its file."""
        return self._file.path

    def intend(
        self, account: Account, new: PasswordRef, token_digest: bytes = NO_TOKEN, kind: Kind = Kind.CHANGE
    ) -> None:
        """Write down that a change is about to be asked for: to be called before the first byte of it is sent.

        Raises:
            AccountsError: it could not be written; the change must not be sent.
        """
        self._put(Event.INTENT, kind, account, new, 0, token_digest)
        if self._syncs_intents:
            self._sync.wait()

    def conclude(self, account: Account, new: PasswordRef, event: Event, kind: Kind = Kind.CHANGE) -> None:
        """Write down what became of a change; `account` as it was intended with. Raises `AccountsError` as `intend`."""
        self._put(event, kind, account, new, 0, NO_TOKEN)

    def retired(self, account: Account, reason: Reason) -> None:
        """Write down that an account is out of use. Raises `AccountsError` as `intend`."""
        self._put(Event.RETIRED, Kind.CHANGE, account, account.in_force, reason, NO_TOKEN)

    def used(self, account: Account) -> None:
        """Write down that an account asks for no change any more. Raises `AccountsError` as `intend`."""
        self._put(Event.USED, Kind.CHANGE, account, account.in_force, 0, NO_TOKEN)

    def leased(self, accounts: Iterable[int], lease: int, process: int) -> None:
        """Write down that accounts, by index, are a process's to use, before it hears of it; one write for all.

        Raises:
            AccountsError: it could not be written; they must not be handed out.
        """
        self._hand_over(Event.LEASED, accounts, lease, process)

    def returned(self, accounts: Iterable[int], lease: int, process: int) -> None:
        """Write down that accounts, by index, are no longer a process's to use. Raises `AccountsError` as `leased`."""
        self._hand_over(Event.RETURNED, accounts, lease, process)

    def append(self, records: Sequence[Record]) -> None:
        """Write any records in one write: none without the others. A lease of 0 stands for the run's lowest.

        It waits for the disk where a lease is among them, and with fsync = "group" where an intent is.

        Raises:
            AccountsError: they could not be written.
        """
        if not records:
            return
        with self._lock:
            place, now = self.place, self._now()
            data = b"".join(self._encoded(record, place + n, now) for n, record in enumerate(records))
            self._file.append(data, self.size)
            self.place += len(records)
        if any(record.event in self._waits_for for record in records):
            self._sync.wait()

    @property
    def size(self) -> int:
        """How many bytes are in it."""
        return SIZE * (1 + self.place)

    def tail(self, begin: int) -> bytes:
        """Return the file from a byte on, whole records: what a copy that has `begin` bytes lacks."""
        return os.pread(self._file.descriptor, self.size - begin, begin)

    def end(self) -> None:
        """Write the last record and close: the process has ended in order, and all that it did is in here."""
        self.append([Record(Event.END)])
        self.close()

    def close(self) -> None:
        """Close the file without the last record: as if the process had been killed."""
        self._sync.close()
        self._file.close()

    def _hand_over(self, event: Event, accounts: Iterable[int], lease: int, process: int) -> None:
        self.append([Record(event, account=index, lease=lease, note=process) for index in accounts])

    def _append_one(
        self, event: Event, kind: Kind, account: Account, ref: PasswordRef, note: int, digest: bytes
    ) -> None:
        # The hot path, once for an intent and once for its outcome: no `Record` is made, and nothing is called that
        # can be done here.
        generation, shape = ref
        code, lease, at = _SHAPE_CODES[shape], account.lease or self._lease, self._now()
        body = _pack(event, kind, note, account.index, lease, generation, code, at, digest, self.place)
        file = self._file
        try:
            written = file.write(file.descriptor, body + _pack_checksum(crc32(body, self._seed)))
        except OSError as error:
            raise file.refused(self.size, error) from None
        if written != SIZE:
            raise file.refused(self.size)
        self.place += 1

    def _append_one_under_lock(self, *what: *_What) -> None:
        with self._lock:
            self._append_one(*what)

    def _encoded(self, record: Record, place: int, now: float) -> bytes:
        event, kind, account, lease, (generation, shape), note, at, digest = record
        code, lease, at = _SHAPE_CODES[shape], lease or self._lease, at or now
        body = _pack(event, kind, note, account, lease, generation, code, at, digest, place)
        return body + _pack_checksum(crc32(body, self._seed))
