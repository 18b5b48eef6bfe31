"""Imports what a report needs, and is forked for each that is asked for; ends when its input does."""

import gc
import json
import os
import runpy
import select
import socket
import sys
import traceback

import pwdload.report
import pwdload.report.build  # noqa: F401 - all that a report needs


def main(path: str) -> None:
    """Listen at a socket."""
    gc.freeze()
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(path)
        server.listen(64)
        while server in select.select([server, sys.stdin], [], [])[0]:
            connection, _ = server.accept()
            with connection:
                if os.fork() == 0:
                    server.close()
                    _serve(connection)
            _reap(os.WNOHANG)
    _reap(0)


def _reap(options: int) -> None:
    """Take note of those that have ended, so that what they took counts as ours; each tells its exit code itself."""
    try:
        while os.waitpid(-1, options)[0]:
            pass
    except ChildProcessError:
        pass


def _serve(connection: socket.socket) -> None:
    """Be the process that asks: its streams, folder, environment and arguments."""
    code = 1
    try:
        text, streams, _, _ = socket.recv_fds(connection, 1 << 20, 3)
        while not text.endswith(b"\n"):
            text += connection.recv(1 << 20)
        asked = json.loads(text)
        for number, stream in enumerate(streams):
            os.dup2(stream, number)
            os.close(stream)
        os.chdir(asked["folder"])
        os.environ.clear()
        os.environ.update(asked["environment"])
        sys.path[:] = [asked["folder"], *asked["path"]]
        sys.argv[1:] = asked["arguments"]
        runpy.run_module("pwdload.report", run_name="__main__", alter_sys=True)
        code = 0
    except SystemExit as end:
        code = int(end.code or 0)
    except BaseException:  # noqa: BLE001 - whatever ends the process
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        connection.sendall(str(code).encode())
        os._exit(code)


if __name__ == "__main__":
    main(sys.argv[1])
