"""Content codings: a body as it was before the target compressed it, and not one byte more than allowed."""

import zlib

from pwdload.api.http.exchange import Failure, TransportCode

_GZIP = 16 + zlib.MAX_WBITS
_ZLIB = zlib.MAX_WBITS
_RAW_DEFLATE = -zlib.MAX_WBITS
_MEMBERS_MAX = 100
"""Nobody sends more than a few. Each costs a copy of what follows it: a body full of empty ones would take minutes."""


def decode(body: bytes, coding: bytes, size_max: int) -> bytes:
    """Return a body without its Content-Encoding: ``gzip``, ``deflate`` (with zlib header or bare) or ``identity``.

    At most `size_max` bytes are ever produced, so a decompression bomb costs no memory.

    Raises:
        Failure: `CODING` or `TOO_LARGE`.
    """
    name = coding.strip(b" \t").lower()
    if name in (b"", b"identity"):
        return body
    try:
        if name in (b"gzip", b"x-gzip"):
            return _members(body, size_max)
        if name == b"deflate":
            # RFC 9110, 8.4.1.2: the zlib format; some servers have always sent the bare stream, as browsers know.
            zlib_header = len(body) >= 2 and body[0] & 0x0F == 8 and (body[0] << 8 | body[1]) % 31 == 0
            decoded, rest = _one(body, _ZLIB if zlib_header else _RAW_DEFLATE, size_max)
            if not rest:
                return decoded
    except zlib.error:
        pass
    raise Failure(TransportCode.CODING)


def _members(body: bytes, size_max: int) -> bytes:
    """Decode gzip members, one after the other (RFC 1952, 2.2)."""
    parts: list[bytes] = []
    rest = body
    while rest or not parts:
        if len(parts) == _MEMBERS_MAX:
            raise Failure(TransportCode.CODING)
        part, rest = _one(rest, _GZIP, size_max)
        parts.append(part)
        size_max -= len(part)
    return b"".join(parts)


def _one(data: bytes, window: int, size_max: int) -> tuple[bytes, bytes]:
    """Decode one compressed stream; return it and what follows."""
    decompressor = zlib.decompressobj(window)
    # One byte above the limit is asked for: 0 would mean "without limit", and that byte shows that there is more.
    decoded = decompressor.decompress(data, size_max + 1)
    if len(decoded) > size_max:
        raise Failure(TransportCode.TOO_LARGE)
    if not decompressor.eof:
        raise Failure(TransportCode.CODING)
    return decoded, decompressor.unused_data
