"""Healing that outlives us: a small process that does it if we die before we have."""

import os
import subprocess
from contextlib import suppress

from pwdload.errors import FaultError
from pwdload.faults.running import environment

_FAREWELL = "healed"
_DISMISSED_WITHIN_S = 5.0
_WAIT = f'last=; while IFS= read -r line; do [ "$line" = {_FAREWELL} ] && exit 0; last=$line; done; '


class Guardian:
    """Runs a shell script when this process is gone, however it went, unless it has been dismissed before.

    It waits at the end of a pipe that only we hold: the kernel closes it when we die, of `kill -9` as well. It is in a
    session of its own, so that Ctrl-C does not reach it.
    """

    def __init__(self, script: str, *arguments: str, output: int = subprocess.DEVNULL) -> None:
        """Start it; the arguments are `$1`, `$2`, ... of the script, `$last` is what it was told last.

        `output` is an open file that the script may write to.

        Raises:
            FaultError: there is no shell, or no room for a process.
        """
        try:
            self._process = subprocess.Popen(  # noqa: S603 - scripts of this room, with arguments apart
                ["/bin/sh", "-c", f"{_WAIT}{script}", "pwdload-guardian", *arguments],
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
                env=environment(),
            )
        except OSError as error:
            raise FaultError(f"/bin/sh: cannot be started ({error.strerror}); nobody could heal for us") from None

    def tell(self, line: str) -> None:
        """Tell it what the script finds in `$last`: a line, to be written from any thread."""
        assert self._process.stdin is not None  # noqa: S101 - narrows the type: it is a pipe
        with suppress(BrokenPipeError):
            os.write(self._process.stdin.fileno(), f"{line}\n".encode())

    def dismiss(self) -> None:
        """Let it go: what it would do has been done."""
        assert self._process.stdin is not None  # noqa: S101 - narrows the type: it is a pipe
        self.tell(_FAREWELL)
        self._process.stdin.close()
        try:
            self._process.wait(_DISMISSED_WITHIN_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
