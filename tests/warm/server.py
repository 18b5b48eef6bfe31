"""Imports what some programs need, and is forked for each of them that is asked for; ends when its input does."""

import gc
import json
import os
import runpy
import signal
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from select import select
from socket import AF_UNIX, SOCK_DGRAM, recv_fds, socket

_close, _fork, _waitpid = os.close, os.fork, os.waitpid
"""As `select`: what was there before Locust has put gevent's in their place, which do not close at once, or wait."""
_LARGEST = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a process was started as; it waits for us to be that in its place."""

    module: str
    arguments: list[str]
    folder: str
    path: list[str]
    environment: Mapping[str, str]

    def become(self) -> None:
        """Be the program that was asked for; our streams are those of who asked already."""
        os.chdir(self.folder)
        os.environ.clear()
        os.environ.update(self.environment)
        sys.path[:] = [self.folder, *self.path]
        sys.argv[1:] = self.arguments
        if "gevent" in sys.modules:
            import_module("gevent").reinit()
        runpy.run_module(self.module, run_name="__main__", alter_sys=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fork:
    """One that is on, in the eyes of the parent."""

    pid: int
    ended: int
    """Can be read when it has ended."""
    line: int
    """Takes its exit code to who asked for it; can be read when that one is gone."""

    def has_ended(self, ready: list[int]) -> bool:
        """Take note of its end, and of the end of who asked for it, which it does not outlive."""
        if self.ended in ready:
            _, status = _waitpid(self.pid, 0)
            with suppress(BrokenPipeError):
                os.write(self.line, str(os.waitstatus_to_exitcode(status)).encode())
            self.close()
            return True
        if self.line in ready:
            os.kill(self.pid, signal.SIGKILL)
        return False

    def close(self) -> None:
        """Leave it alone."""
        _close(self.ended)
        _close(self.line)


def serve(path: str) -> Asked | None:
    """Return in each fork, with what it is to be; in the parent when its input and all forks have ended."""
    forks: list[Fork] = []
    with socket(AF_UNIX, SOCK_DGRAM) as server:
        server.bind(path)
        asking = [server.fileno(), sys.stdin.fileno()]
        while asking or forks:
            watched = [*asking, *(number for fork in forks for number in (fork.ended, fork.line))]
            ready, _, _ = select(watched, [], [])
            forks = [fork for fork in forks if not fork.has_ended(ready)]
            if server.fileno() in ready:
                text, (*streams, line), _, _ = recv_fds(server, _LARGEST, 4)
                pid = _fork()
                if pid == 0:
                    _leave_to_parent(forks, line, streams)
                    return Asked(**json.loads(text))
                forks.append(Fork(pid=pid, ended=os.pidfd_open(pid), line=line))
                for stream in streams:
                    _close(stream)
            if sys.stdin.fileno() in ready:
                asking = []
    return None


def _leave_to_parent(forks: list[Fork], line: int, streams: list[int]) -> None:
    """Take the streams of who asked, and have nothing that is the parent's."""
    os.setsid()
    for fork in forks:
        fork.close()
    _close(line)
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        _close(stream)


if __name__ == "__main__":
    gc.disable()
    for module in sys.argv[2:]:
        import_module(module)
    gc.freeze()
    gc.enable()
    asked = serve(sys.argv[1])
    if asked:
        asked.become()
