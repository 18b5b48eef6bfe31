"""A target that looks like production is touched only when somebody has typed its name."""

import re
import sys
from collections.abc import Callable
from typing import Final

from pwdload.api.http import is_loopback
from pwdload.errors import UsageError

_SAYS_TEST: Final = frozenset(
    {
        *("staging", "stage", "stg", "test", "tests", "testing", "tst", "dev", "devel", "develop", "development"),
        *("uat", "qa", "sandbox", "sbx", "localhost", "preprod", "nonprod", "perf", "loadtest", "integration", "int"),
        *("demo", "lab", "ci"),
    }
)
_SAYS_PRODUCTION: Final = frozenset({"prod", "production", "prd", "live", "www"})
_WORDS: Final = re.compile(r"[a-z]+")

Ask = Callable[[str], str]
"""Shows a question and returns the line that was typed."""


def looks_like_production(host: str) -> str:
    """Return why a host may be production, in words; empty where its name says that it is not.

    The name is read word by word, a word being letters between anything else: "uat2.id.example.com" says test, and
    "latest.example.com" does not. A word for production outweighs one for a test, and an address says nothing.
    """
    if is_loopback(host):
        return ""
    words = _WORDS.findall(host.lower())
    telling = [word for word in words if word in _SAYS_PRODUCTION]
    if telling:
        return f'"{telling[0]}" is in its name'
    if ":" in host or not words or not _SAYS_TEST & set(words):
        return "nothing in its name says staging, test, dev, uat, qa or sandbox"
    return ""


def check_confirmed(host: str, typed: str | None, ask: Ask | None) -> None:
    """Make sure that somebody means this host, where it looks like production.

    Args:
        host: the target's host.
        typed: what was given as --yes-this-is; null: nothing.
        ask: asks at the terminal; null: nobody is there to be asked.

    Raises:
        UsageError: it looks like production, and nobody has typed its name.
    """
    why = looks_like_production(host)
    if not why:
        return
    if typed is None and ask is not None:
        typed = ask(f"{host} looks like production ({why}). Type its name to go on: ")
    if (typed or "").strip().lower() == host.lower():
        return
    was = f", and {typed!r} was typed" if typed else ""
    raise UsageError(
        f"--host {host}: looks like production ({why}){was}; if you mean to put it under load, "
        f"give --yes-this-is {host}"
    )


def terminal() -> Ask | None:
    """Return what asks the person at the terminal; null where there is none, as in a pipeline."""
    if not (sys.stdin and sys.stdin.isatty() and sys.stderr.isatty()):
        return None

    def ask(question: str) -> str:
        sys.stderr.write(question)
        sys.stderr.flush()
        return sys.stdin.readline()

    return ask
