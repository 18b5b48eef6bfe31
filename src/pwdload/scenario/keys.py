"""Keys that a person typed: which one was meant, and which must not be there."""

import re
from collections.abc import Collection
from difflib import get_close_matches
from typing import Final

_SECRET_WORDS: Final = frozenset(
    {
        *("secret", "secrets", "password", "passwords", "passwd", "pwd", "passphrase", "token", "tokens"),
        *("credential", "credentials", "authorization", "bearer", "cookie", "apikey"),
    }
)
_SECRET_PAIRS: Final = frozenset({"api_key", "private_key", "access_key", "secret_key"})


def secret_refusal(key: str) -> str:
    """Return why a key is refused that looks like that of a secret, such as client_secret; empty for any other."""
    words = re.sub(r"([a-z])([A-Z])", r"\1_\2", key).lower().replace("-", "_").split("_")
    if words[-1] not in _SECRET_WORDS and "_".join(words[-2:]) not in _SECRET_PAIRS:
        return ""
    return "looks like a secret, and secrets come from the environment only: remove it"


def did_you_mean(word: str, allowed: Collection[str]) -> str:
    """Return `; did you mean "..."?` for the nearest allowed word, or nothing where none is near."""
    near = get_close_matches(word[:100].lower(), list(allowed), n=1, cutoff=0.6)
    return f'; did you mean "{near[0]}"?' if near else ""
