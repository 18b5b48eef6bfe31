"""Looks for secrets in whatever a run leaves, in each form in which they might have got there.

    secret -> forms (plain, base64 in its three alignments, URL-encoded, hex, JSON- and HTML-escaped)
    file   -> texts (as it is; unpacked, where it is compressed; its columns, where it is a table)

A form is found by its first eight bytes, looked up for every position at once, and then compared as a whole: thousands
of secrets cost no more than one.
"""

import gzip
import html
import io
import json
import zipfile
from base64 import b64encode
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, quote_plus

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

SHORTEST = 8
"""Secrets with fewer bytes are not looked for: they would be found by chance."""
_PIECE = 1 << 20
_ZSTD = b"\x28\xb5\x2f\xfd"


@dataclass(frozen=True, slots=True)
class Leak:
    """A secret in a place where it must not be."""

    place: str
    form: str
    what: str
    """What kind of secret it is."""


class Canaries:
    """Secrets that are looked for, by their values, with what each is."""

    def __init__(self, secrets: Mapping[str | bytes, str]) -> None:
        found: dict[bytes, list[tuple[bytes, str, str]]] = {}
        for secret, what in secrets.items():
            raw = secret if isinstance(secret, bytes) else secret.encode()
            if len(raw) < SHORTEST:
                continue
            for form, text in forms(raw):
                found.setdefault(text[:SHORTEST], []).append((text, form, what))
        self._by_start = found
        self._starts = np.array(sorted(int.from_bytes(start, "little") for start in found), dtype=np.uint64)

    def leaks(self, place: str, content: bytes) -> Iterator[Leak]:
        """Yield what of the secrets is in some bytes."""
        for start in range(0, max(len(content) - SHORTEST + 1, 0), _PIECE):
            for offset in self._candidates(content[start : start + _PIECE + SHORTEST - 1]):
                at = start + offset
                for text, form, what in self._by_start[content[at : at + SHORTEST]]:
                    if content.startswith(text, at):
                        yield Leak(place, form, what)

    def _candidates(self, piece: bytes) -> Iterator[int]:
        octets = np.frombuffer(piece, dtype=np.uint8).astype(np.uint64)
        count = len(octets) - SHORTEST + 1
        words = np.zeros(count, dtype=np.uint64)
        for place in range(SHORTEST):
            words |= octets[place : place + count] << np.uint64(8 * place)
        if self._starts.size:
            at = np.searchsorted(self._starts, words).clip(max=self._starts.size - 1)
            yield from np.flatnonzero(self._starts[at] == words).tolist()

    def leaks_below(self, folder: Path, *, allowed: Iterable[str] = ()) -> Iterator[Leak]:
        """Yield what of the secrets is in the files below a folder; `allowed` names files that may hold them."""
        exempt = set(allowed)
        for path in sorted(folder.rglob("*")):
            if path.is_file() and not path.is_symlink() and path.name not in exempt:
                place = str(path.relative_to(folder))
                yield from self.leaks(place, place.encode())
                for text in texts(path.name, path.read_bytes()):
                    yield from self.leaks(place, text)


def forms(raw: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield the forms that a secret may take, each once, with its name."""
    text = raw.decode(errors="surrogateescape")
    every = [("plain", raw)]
    every += [(f"base64, from byte {at}", base64_inside(raw, at)) for at in range(3)]
    every += [(f"{form}, for URLs", part.translate(bytes.maketrans(b"+/", b"-_"))) for form, part in every[1:]]
    every += [("hex", raw.hex().encode()), ("HEX", raw.hex().upper().encode())]
    if max(text, default="") < "\udc80":
        every += [
            (f"{name}-encoded", change(text).encode()) for name, change in (("URL", _quoted), ("form", quote_plus))
        ]
        every += [("JSON-escaped", json.dumps(text)[1:-1].encode()), ("HTML-escaped", html.escape(text).encode())]
        every += [("JSON-escaped in a string", json.dumps(json.dumps(text))[3:-3].encode())]
        every += [("as Python shows it", repr(text)[1:-1].encode()), ("as code points", _code_points(text))]
    seen: set[bytes] = set()
    for form, part in every:
        if part not in seen and len(part) >= SHORTEST:
            seen.add(part)
            yield form, part


def base64_inside(raw: bytes, before: int) -> bytes:
    """Return what is sure to be in the base64 of bytes with so many others before these, and any after."""
    encoded = b64encode(b"\0" * before + raw)
    return encoded[(0, 2, 3)[before] : (before + len(raw)) * 8 // 6]


def _quoted(text: str) -> str:
    return quote(text, safe="")


def _code_points(text: str) -> bytes:
    return "".join(f"\\u{ord(c):04x}" for c in text).encode()


def texts(name: str, content: bytes) -> Iterator[bytes]:
    """Yield what somebody may read in a file: its bytes, and what is packed in them."""
    yield content
    if name.endswith(".parquet"):
        with suppress(pa.ArrowException):
            yield from _columns(pq.read_table(io.BytesIO(content)))
    elif content.startswith(b"\x1f\x8b"):
        yield gzip.decompress(content)
    elif content.startswith(b"PK\x03\x04"):
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            yield from (packed.read(member) for member in packed.namelist())
    yield from unpacked(content)


def unpacked(content: bytes) -> Iterator[bytes]:
    """Yield what Arrow has compressed within some bytes, such as a block of samples on its way."""
    at = content.find(_ZSTD)
    while at >= 0:
        length = int.from_bytes(content[max(at - 8, 0) : at], "little")
        if 0 < length < 1 << 26:
            with suppress(pa.ArrowException, OSError):
                source = pa.BufferReader(pa.py_buffer(content).slice(at))
                yield pa.CompressedInputStream(source, "zstd").read(length)
        at = content.find(_ZSTD, at + 1)


def _columns(table: pa.Table) -> Iterator[bytes]:
    for column in table.columns:
        if pa.types.is_dictionary(column.type) or pa.types.is_string(column.type) or pa.types.is_binary(column.type):
            values: Sequence[object] = column.unique().to_pylist()
            yield b"\n".join(value if isinstance(value, bytes) else str(value).encode() for value in values)
    yield str(table.schema).encode()
