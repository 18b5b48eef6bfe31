"""What stands for a token wherever one is kept: eight bytes by which the same token is known again, and no more."""

from hashlib import blake2b
from typing import Final

SIZE: Final = 8
NO_TOKEN: Final = bytes(SIZE)
"""Where there is none."""
_EMPTY: Final = blake2b(digest_size=SIZE)


def token_digest(token: str) -> bytes:
    """Return the digest of a token; `NO_TOKEN` of an empty one. Two of a million tokens agree once in 37 million."""
    if not token:
        return NO_TOKEN
    digest = _EMPTY.copy()  # quicker than a new one
    digest.update(token.encode(errors="surrogatepass"))
    return digest.digest()


def as_number(digest: bytes) -> int | None:
    """Return a digest as a signed number of 64 bits, as samples hold it; null for `NO_TOKEN`."""
    return int.from_bytes(digest, "little", signed=True) or None
