"""Passwords at rest: salted hashes whose text says how they were made, so that settings may change later."""

import asyncio
import hashlib
import hmac
import os
import unicodedata
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Literal

Algorithm = Literal["sha256", "pbkdf2_sha256", "scrypt"]

_DEFAULT_COST: dict[Algorithm, int] = {"sha256": 1, "pbkdf2_sha256": 50, "scrypt": 1024}
_SALT_BYTES = 12
_BLOCKING_ITERATIONS_MAX = 2000
"""About 1 ms of pbkdf2: above, a hash would hold up every other request and goes to a thread."""


@dataclass(frozen=True, slots=True)
class _Recipe:
    algorithm: Algorithm
    cost: int

    @property
    def takes_long(self) -> bool:
        return self.algorithm == "scrypt" or self.cost > _BLOCKING_ITERATIONS_MAX

    def digest(self, password: str, salt: bytes) -> bytes:
        # One person's keyboard sends a letter and its accent apart, another's together: the same password.
        secret = unicodedata.normalize("NFC", password).encode()
        match self.algorithm:
            case "sha256":
                return hashlib.sha256(salt + secret).digest()
            case "pbkdf2_sha256":
                return hashlib.pbkdf2_hmac("sha256", secret, salt, self.cost)
            case "scrypt":
                return hashlib.scrypt(secret, salt=salt, n=self.cost, r=8, p=1, maxmem=2**31 - 1, dklen=32)


class PasswordHasher:
    """Makes and checks stored hashes, written ``algorithm$cost$salt$digest`` with salt and digest in hex."""

    def __init__(self, algorithm: Algorithm, cost: int = 0, threads: int = 2) -> None:
        self._recipe = _Recipe(algorithm, cost or _DEFAULT_COST[algorithm])
        self._pool = ThreadPoolExecutor(threads, "hash") if self._recipe.takes_long else None
        self._dummy = self.hash("no account has this one")

    def hash(self, password: str) -> str:
        """Return a new hash, differently salted each time."""
        salt = os.urandom(_SALT_BYTES)
        digest = self._recipe.digest(password, salt)
        return f"{self._recipe.algorithm}${self._recipe.cost}${salt.hex()}${digest.hex()}"

    @staticmethod
    def opens(password: str, stored: str) -> bool:
        """Whether the stored hash is that of the password."""
        algorithm, cost, salt, digest = stored.split("$")
        recipe = _Recipe(algorithm, int(cost))  # type: ignore[arg-type]  # we wrote it ourselves
        return hmac.compare_digest(recipe.digest(password, bytes.fromhex(salt)), bytes.fromhex(digest))

    async def hash_politely(self, password: str) -> str:
        """Hash without holding up other requests."""
        if self._pool is None:
            return self.hash(password)
        return await asyncio.get_running_loop().run_in_executor(self._pool, self.hash, password)

    async def opens_politely(self, password: str, stored: str | None) -> bool:
        """Check without holding up other requests; no stored hash takes as long and is never opened."""
        if self._pool is None:
            is_open = self.opens(password, stored or self._dummy)
        else:
            loop = asyncio.get_running_loop()
            is_open = await loop.run_in_executor(self._pool, self.opens, password, stored or self._dummy)
        return is_open and stored is not None

    def close(self) -> None:
        """Let the threads go."""
        if self._pool is not None:
            self._pool.shutdown(wait=False, cancel_futures=True)
