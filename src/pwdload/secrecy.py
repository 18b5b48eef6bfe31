"""Where secrets come from, and where they must not: variables of the environment or files of their owner alone.

A command line is read by everybody on the machine (`ps`), and kept in a shell's history and a pipeline's log; a
scenario is kept with every run. So a variable `NAME` that holds a secret has a twin `NAME_FILE`, which names a file
that holds it, and both places refuse what looks like one.
"""

import os
import re
import stat
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Final
from urllib.parse import unquote

from pwdload.errors import UsageError

VARIABLES: Final = (
    "PWDLOAD_RUN_SECRET",
    "PWDLOAD_TENANT_CLIENT_ID",
    "PWDLOAD_TENANT_CLIENT_SECRET",
    "PWDLOAD_PROXY",
    "PWDLOAD_METRICS_TOKEN",
)
"""All variables of the environment that hold, or may hold, a secret."""
_FOREIGN: Final = "OTEL_EXPORTER_OTLP_"
"""What else may hold one: keys in the headers and URLs of OpenTelemetry, which reads them itself."""
_NO_SECRET: Final = "PWDLOAD_TENANT_CLIENT_ID"  # noqa: S105 - only kept with what is one
_FILE: Final = "_FILE"
_BYTES_MAX: Final = 4096
_TELLING_LENGTH: Final = 8
"""A shorter value may well stand in an argument by chance."""
_WORDS: Final = frozenset(
    {
        *("secret", "secrets", "password", "passwords", "passwd", "pwd", "passphrase", "token", "tokens"),
        *("credential", "credentials", "authorization", "bearer", "cookie", "apikey"),
    }
)
_PAIRS: Final = frozenset({"api_key", "private_key", "access_key", "secret_key"})
_LOGIN_IN_URL: Final = re.compile(r"//.*@", re.DOTALL)


def is_secret_name(name: str) -> bool:
    """Whether a key, an option or a variable looks like that of a secret: client_secret, --apiKey, PWD."""
    words = re.sub(r"([a-z])([A-Z])", r"\1_\2", name).lower().replace("-", "_").split("_")
    return words[-1] in _WORDS or "_".join(words[-2:]) in _PAIRS


def without_login(text: str) -> str:
    """Return a text that may be a URL without the user and password in it."""
    return _LOGIN_IN_URL.sub("//...@", text)


def is_given(name: str, environment: Mapping[str, str]) -> bool:
    """Whether the environment has a variable of `VARIABLES`, or names a file for it; either may be empty or wrong."""
    return name in environment or f"{name}{_FILE}" in environment


def given(name: str, environment: Mapping[str, str]) -> str | None:
    """Return the value of a variable of `VARIABLES`, from it or from the file that its twin names; null without either.

    A file is read once in a process: it may be taken away when the run has begun. What is around the value there, such
    as the end of the line, does not count.

    Raises:
        UsageError: both are set, or the file cannot be used. No value is ever shown.
    """
    if f"{name}{_FILE}" not in environment:
        return environment.get(name)
    if name in environment:
        raise UsageError(f"{name} and {name}{_FILE}: both are set, and one of them would be ignored; unset one")
    return _read(f"{name}{_FILE}", environment[f"{name}{_FILE}"])


def refuse_on_command_line(arguments: Sequence[str], environment: Mapping[str, str]) -> None:
    """Make sure that no argument of a command is a secret, by its name, as part of a URL, or by its value.

    Raises:
        UsageError: one is; it is not repeated.
    """
    known = [value for value in _values(environment) if len(value) >= _TELLING_LENGTH]
    for number, argument in enumerate(arguments, 1):
        name, _, _ = argument.partition("=")
        if (name.startswith("--") or name != argument) and is_secret_name(name):
            raise UsageError(f"{_one_line(name)}: looks like a secret, {_why(name)}")
        if re.search(r"://[^/\s]*@", argument):
            option = f"{_one_line(name)}: " if name.startswith("--") and name != argument else ""
            raise UsageError(f"{option}argument {number} is a URL with a user in it, {_why('PWDLOAD_PROXY')}")
        if any(value in argument for value in known):
            raise UsageError(f"argument {number} has the value of a secret in it, {_why('')}")


def without_secrets(environment: Mapping[str, str]) -> dict[str, str]:
    """Return an environment without our secrets, for other people's commands."""
    ours = {*VARIABLES, *(f"{name}{_FILE}" for name in VARIABLES)}
    return {name: value for name, value in environment.items() if name not in ours and not name.startswith(_FOREIGN)}


def _why(name: str) -> str:
    """Return why an argument is refused, and what to do."""
    words = set(name.lower().lstrip("-").replace("-", "_").split("_")) - {"pwdload"}
    nearest = [one for one in VARIABLES if words & set(one.lower().split("_")[1:]) and one != _NO_SECRET]
    names = " or ".join(nearest or (one for one in VARIABLES if one != _NO_SECRET))
    return (
        "and everybody on this machine can read a command line; give it in the environment or, in a file of mode 0600, "
        f"by its name with {_FILE} after it ({names}), and change one that was typed"
    )


def _values(environment: Mapping[str, str]) -> Iterator[str]:
    """Yield the secrets that are known. One that cannot be read is told where it is needed."""
    for name in VARIABLES:
        try:
            value = given(name, environment) if name != _NO_SECRET else None
        except UsageError:
            continue
        if value and name == "PWDLOAD_PROXY":
            login, at, _ = value.rpartition("@")
            yield unquote(login.rpartition(":")[2]) if at else ""
        elif value:
            yield value.strip()


def _one_line(name: str) -> str:
    return "".join(c for c in name[:40] if c.isprintable())


@cache
def _read(variable: str, path: str) -> str:
    if not path:
        raise UsageError(f"{variable}: set, but empty; name a file, or unset it")
    try:
        with Path(path).open("rb") as file:
            mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
            content = file.read(_BYTES_MAX + 1)
    except FileNotFoundError:
        raise UsageError(f"{variable}: there is no {path}; name the file that holds the secret") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise UsageError(f"{variable}: {path} cannot be read ({reason}); run as its owner") from None
    if mode & 0o077:
        raise UsageError(
            f"{variable}: others may read {path} (mode {mode:04o}), and it is a secret; "
            f"make it yours alone: chmod 600 {path}"
        )
    return _text(variable, path, content)


def _text(variable: str, path: str, content: bytes) -> str:
    try:
        text = content.decode().strip()
    except UnicodeDecodeError:
        raise UsageError(f"{variable}: {path} is not UTF-8; write the secret into it as one line of text") from None
    if not text or len(content) > _BYTES_MAX or len(text.splitlines()) > 1 or not text.isprintable():
        what = "empty" if not text else "more than one line of text"
        raise UsageError(f"{variable}: {path} is {what}; write the secret into it as one line, and nothing else")
    return text
