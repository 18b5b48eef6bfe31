"""Keys that a person typed: which one was meant, and which must not be there."""

from collections.abc import Collection
from difflib import get_close_matches

from pwdload.secrecy import is_secret_name


def secret_refusal(key: str) -> str:
    """Return why a key is refused that looks like that of a secret, such as client_secret; empty for any other."""
    if not is_secret_name(key):
        return ""
    return "looks like a secret, and secrets come from the environment only: remove it"


def did_you_mean(word: str, allowed: Collection[str]) -> str:
    """Return `; did you mean "..."?` for the nearest allowed word, or nothing where none is near."""
    near = get_close_matches(word[:100].lower(), list(allowed), n=1, cutoff=0.6)
    return f'; did you mean "{near[0]}"?' if near else ""
