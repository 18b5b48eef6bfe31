"""Seeds of independent random streams, out of the one seed of a scenario."""

from hashlib import blake2b


def stream_seed(seed: int, stream: str) -> int:
    """Return a 128-bit seed for one purpose, such as "arrivals:17".

    Hashed, so that neither neighbouring seeds nor neighbouring streams resemble one another; not by `hash`, which
    differs between processes.
    """
    digest = blake2b(f"{seed}:{stream}".encode(), digest_size=16, person=b"pwdload pacing").digest()
    return int.from_bytes(digest, "big")
