"""Commands run to their end, within a time limit, and what they have to say when they fail."""

import os
import re
import signal
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from pwdload.errors import FaultError
from pwdload.secrecy import without_secrets

_ANSI = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]")
_SHOWN_CHARACTERS = 200
_TOOLS = ("/usr/local/sbin", "/usr/sbin", "/sbin")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """A command that has ended by itself."""

    exit_code: int
    out: str
    err: bytes
    """What it wrote to standard error, as it is."""

    @property
    def complaint(self) -> str:
        """The last line of it, fit to be printed; empty when there is none."""
        return last_line(self.err)


def run(argv: Sequence[str], *, limit_s: float, text_in: str = "") -> Ended:
    """Run a command to its end. What it leaves running behind it is not waited for.

    Raises:
        FaultError: it cannot be started, or has not ended in time; it is killed then, with what it has started.
    """
    # Files, not pipes: a service that a start command leaves behind keeps a pipe open for ever.
    with tempfile.TemporaryFile() as given, tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        given.write(text_in.encode())
        given.seek(0)
        try:
            process = subprocess.Popen(  # noqa: S603 - the user's own commands, and tools of the system
                argv, stdin=given, stdout=out, stderr=err, start_new_session=True, env=environment()
            )
        except (OSError, ValueError) as error:
            raise FaultError(f"{shown(argv)}: cannot be started ({_reason(error)})") from None
        exit_code = _waited(process, argv, limit_s)
        out.seek(0)
        err.seek(0)
        return Ended(exit_code=exit_code, out=out.read().decode(errors="replace"), err=err.read())


def must_run(argv: Sequence[str], *, limit_s: float, text_in: str = "") -> str:
    """Run a command that has to succeed, and return what it wrote to standard output.

    Raises:
        FaultError: as `run`, or its exit code is not 0; the text has the last line of its standard error.
    """
    ended = run(argv, limit_s=limit_s, text_in=text_in)
    if ended.exit_code:
        raise FaultError(f"{shown(argv)}: exit code {ended.exit_code} ({ended.complaint or 'it does not say why'})")
    return ended.out


def shown(argv: Sequence[str]) -> str:
    """Return a command as it may be printed on one line."""
    return cleaned(" ".join(argv))


def last_line(raw: bytes) -> str:
    """Return the last line that is not blank, fit to be printed."""
    lines = [line for line in raw.decode(errors="replace").splitlines() if line.strip()]
    return cleaned(lines[-1].strip()) if lines else ""


def cleaned(text: str) -> str:
    """Return a text without colours, other control characters spelt out, and not too long."""
    plain = _ANSI.sub("", text)
    spelt = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in plain)
    return spelt if len(spelt) <= _SHOWN_CHARACTERS else f"{spelt[:_SHOWN_CHARACTERS]}..."


def environment() -> Mapping[str, str]:
    """Return our environment; the system's tools are found in it by whoever is not root as well."""
    path = os.environ.get("PATH", os.defpath).split(os.pathsep)
    return {
        **without_secrets(os.environ),
        "PATH": os.pathsep.join([*path, *(tool for tool in _TOOLS if tool not in path)]),
    }


def _waited(process: "subprocess.Popen[bytes]", argv: Sequence[str], limit_s: float) -> int:
    try:
        return process.wait(limit_s)
    except subprocess.TimeoutExpired:
        raise FaultError(f"{shown(argv)}: not ended within {limit_s:g} s, and killed") from None
    finally:
        if process.returncode is None:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _reason(error: OSError | ValueError) -> str:
    return (error.strerror or str(error)).lower() if isinstance(error, OSError) else cleaned(str(error))
