"""Healing that outlives us: a small process that does it if we die before we have."""

import subprocess
from contextlib import suppress

from pwdload.errors import FaultError
from pwdload.faults.running import environment

_FAREWELL = b"healed\n"
_DISMISSED_WITHIN_S = 5.0


class Guardian:
    """Runs a shell script when this process is gone, however it went, unless it has been dismissed before.

    It waits at the end of a pipe that only we hold: the kernel closes it when we die, of `kill -9` as well. It is in a
    session of its own, so that Ctrl-C does not reach it.
    """

    def __init__(self, script: str, *arguments: str) -> None:
        """Start it; the arguments are `$1`, `$2`, ... of the script.

        Raises:
            FaultError: there is no shell, or no room for a process.
        """
        try:
            self._process = subprocess.Popen(  # noqa: S603 - scripts of this room, with arguments apart
                ["/bin/sh", "-c", f"read -r _ && exit 0; {script}", "pwdload-guardian", *arguments],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
                env=environment(),
            )
        except OSError as error:
            raise FaultError(f"/bin/sh: cannot be started ({error.strerror}); nobody could heal for us") from None

    def dismiss(self) -> None:
        """Let it go: what it would do has been done."""
        assert self._process.stdin is not None  # noqa: S101 - narrows the type: it is a pipe
        with suppress(BrokenPipeError), self._process.stdin as pipe:
            pipe.write(_FAREWELL)
        try:
            self._process.wait(_DISMISSED_WITHIN_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
