"""Samples as they are recorded: numbers packed side by side, and all words of a sample as one number.

Millions of samples have a few hundred combinations of words: case, device, status and so on, each a Python object. So
a `Page` holds every combination once, and of each sample a row of bytes:

    combinations   0: local, login, valid_change, ...    1: local, update_password, valid_change, ...
    rows           0  generation  seq  flow  ...         104 bytes each
                   1  generation  seq  flow  ...
                   0  generation  seq  flow  ...

No object of a sample outlives its exchange, and nothing is done row by row when the page becomes an Arrow batch. A page
has a thousand rows, and the next begins without combinations: whatever words a target makes up do not pile up.
"""

import struct
from collections.abc import Callable, Hashable, Sequence
from math import inf
from operator import attrgetter
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from pwdload.samples.sample import SCHEMA, TIME_MAX_S, Sample, check_times

ROWS_MAX: Final = 1024
"""How many samples a page has at most: what a block costs by itself is then little for each of them, and whoever is to
be served at the moment does not wait long for what is done with it."""
_LAYOUT: Final = {
    "combination": "i",
    "generation": "i",
    "seq": "q",
    "flow": "q",
    "account": "q",
    "token": "8s",
    "session": "8s",
    "intended_s": "d",
    "sent_s": "d",
    "first_byte_s": "d",
    "done_s": "d",
    "connect_s": "d",
    "tls_s": "d",
    "bytes_sent": "i",
    "bytes_received": "i",
}
"""A row: what it holds, in this order, and how `struct` writes that."""
pack: Final[Callable[..., bytes]] = struct.Struct("@" + "".join(_LAYOUT.values())).pack
"""Makes a row of its values. Raises `struct.error`: one is no number, or out of range."""
NULL_DIGEST: Final = bytes(8)
"""A digest that is null, in a row."""
_NULL_BITS: Final = 0x7FF8_0000_6E75_6C6C
NULL_S: Final[float] = struct.unpack("@d", struct.pack("@q", _NULL_BITS))[0]
"""A time that is null, in a row: a NaN that no computation gives, so that a time that is NaN is still an error."""
_NULLABLE_TIMES: Final = frozenset({"sent_s", "first_byte_s", "connect_s", "tls_s"})
_DIGESTS: Final = frozenset({"token", "session"})
_ROW: Final = np.dtype(
    [(name, {"i": "i4", "q": "i8", "8s": "<i8", "d": "f8"}[letter]) for name, letter in _LAYOUT.items()]
)
_NUMBERS: Final = tuple(name for name in _LAYOUT if name != "combination")
_KINDS: Final = {name: SCHEMA.field(name).type for name in _NUMBERS}
_COLUMNS_AT_ONCE: Final = 10
"""Of a page that is full they take somewhat more than 0.1 ms, and a pause between them a fifth of that."""
_SMALL: Final = struct.Struct("@hh")

Numbers = npt.NDArray[Any]
"""Of whatever kind a column is."""
Flags = npt.NDArray[np.bool_]


class Words(NamedTuple):
    """What repeats from sample to sample, each as in `Sample`."""

    worker: str
    step: str
    case: str
    stage: str
    password: str
    new_password: str
    device: str
    status: str
    error_code: str
    outcome: str
    remark: str
    expected: str
    http_status: int | None
    attempt: int


_TEXTS: Final = frozenset(Words._fields[:-2])
_words_of: Final = attrgetter(*Words._fields)
_numbers_of: Final = attrgetter(*_NUMBERS)
assert {*_NUMBERS, *Words._fields} == set(SCHEMA.names)  # noqa: S101 - two spellings of one record must not drift apart


def no_one_waits() -> None:
    """Give way to nobody: there is one thread."""


class Page:
    """Some samples in the order of their making, until they are encoded. For one thread at a time."""

    __slots__ = ("_combinations", "numbers", "rows")

    def __init__(self) -> None:
        self.rows: list[bytes] = []
        """One for each sample, as `pack` makes them."""
        self.numbers: dict[Hashable, int] = {}
        """Numbers of combinations by what a recorder has at hand of them: its own, for it to fill from `number`."""
        self._combinations: dict[Words, int] = {}

    def __len__(self) -> int:
        """Return how many samples there are."""
        return len(self.rows)

    def number(self, words: Words) -> int:
        """Return the number of a combination of words, a new one if it was not there before.

        Raises:
            TypeError, UnicodeEncodeError, struct.error: they are no words of a sample.
        """
        number = self._combinations.get(words)
        if number is None:
            _check(words)
            number = self._combinations[words] = len(self._combinations)
        return number

    def append(self, sample: Sample) -> None:
        """Add a sample that is there whole.

        Raises:
            TypeError, ValueError, OverflowError, struct.error: a value is not what its column holds.
        """
        number = self.number(Words(*_words_of(sample)))
        self.rows.append(pack(number, *map(_as_packed, _NUMBERS, _numbers_of(sample))))

    def to_batch(self, give_way: Callable[[], None] = no_one_waits) -> pa.RecordBatch:
        """Return the samples, one at least, as one Arrow record batch of `SCHEMA`: what `to_batch` makes of them.

        `give_way` is called every few columns, for other threads to go on meanwhile.

        Raises:
            ValueError: a time is NaN or infinite, or the times of a sample break the law of `Sample`.
        """
        rows = np.frombuffer(b"".join(self.rows), _ROW)
        of_each = dict(zip(Words._fields, zip(*self._combinations, strict=True), strict=True))
        numbers = np.ascontiguousarray(rows["combination"])
        arrays: list[pa.Array] = []
        for name in SCHEMA.names:
            if len(arrays) % _COLUMNS_AT_ONCE == 0:
                give_way()
            is_packed = name in _KINDS
            arrays.append(_packed(name, rows[name]) if is_packed else _looked_up(name, of_each[name], numbers))
        batch = pa.RecordBatch.from_arrays(arrays, schema=SCHEMA)
        if not _is_lawful(rows):
            check_times(batch)
        give_way()
        return batch


def _check(words: Words) -> None:
    """See that words can be encoded: one that cannot must not take all samples of its block with it."""
    *texts, http_status, attempt = words
    "".join(texts).encode()
    _SMALL.pack(0 if http_status is None else http_status, attempt)


def _as_packed(name: str, value: Any) -> Any:
    if name in _DIGESTS:
        return NULL_DIGEST if value is None else value.to_bytes(len(NULL_DIGEST), "little", signed=True)
    return NULL_S if value is None and name in _NULLABLE_TIMES else value


def _is_null(times: Numbers) -> Flags:
    found: Flags = times.view(np.int64) == _NULL_BITS
    return found


def _packed(name: str, values: Numbers) -> pa.Array:
    """Return a column of numbers; below a null stands what stood in the row."""
    values = np.ascontiguousarray(values)
    if name in _NULLABLE_TIMES:
        return _array(_KINDS[name], values, _is_null(values))
    return _array(_KINDS[name], values, values == 0 if name in _DIGESTS else None)


def _looked_up(name: str, of_each: Sequence[Any], numbers: Numbers) -> pa.Array:
    """Return a column of what repeats, of rows that have combinations of these numbers, and `of_each` of those."""
    if name not in _TEXTS:
        return pa.array(of_each, pa.int16()).take(pa.array(numbers))
    places: dict[str, int] = {}
    place_of_each = [places.setdefault(word, len(places)) for word in of_each]
    indices = _array(pa.int32(), np.array(place_of_each, np.int32)[numbers])
    return pa.DictionaryArray.from_arrays(indices, pa.array(list(places), pa.string()))


def _array(kind: pa.DataType, values: Numbers, is_null: Flags | None = None) -> pa.Array:
    """Return values as they lie in memory: `pa.array` takes three times as long to find out what they are."""
    nulls = int(np.count_nonzero(is_null)) if is_null is not None else 0
    known = pa.py_buffer(np.packbits(~is_null, bitorder="little")) if is_null is not None and nulls else None
    return pa.Array.from_buffers(kind, len(values), [known, pa.py_buffer(values)], nulls)


def _is_lawful(rows: Numbers) -> bool:
    """Whether the times of all rows keep the law, as `keeps_law` says it row by row."""
    intended, done = rows["intended_s"], rows["done_s"]
    sent = np.where(_is_null(rows["sent_s"]), intended, rows["sent_s"])
    first = np.where(_is_null(rows["first_byte_s"]), sent, rows["first_byte_s"])
    lawful = (-inf < intended) & (intended <= sent) & (sent <= first) & (first <= done) & (done < TIME_MAX_S)
    return bool(lawful.all())
