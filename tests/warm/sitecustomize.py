"""Python runs this when it starts: `python -m MODULE` is left to the process that has it warm, where there is one."""

import os
import sys

if sys.orig_argv[1:2] == ["-m"] and sys.orig_argv[2] in os.environ.get("WARM_MODULES", "").split():
    import json
    import signal
    import socket

    ours, theirs = socket.socketpair()
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as server, ours, theirs:
        asked = {
            "module": (module := sys.orig_argv[2]),
            "arguments": sys.orig_argv[3:],
            "folder": os.getcwd(),  # noqa: PTH109 - to import pathlib takes as long as all of this
            "path": sys.path,
            "environment": {**os.environ},
        }
        try:
            server.connect(f"{os.environ['WARM_FOLDER']}/{module}")
            socket.send_fds(server, [json.dumps(asked).encode()], [0, 1, 2, theirs.fileno()])
        except OSError:
            pass  # it has not begun to listen, or is gone: as usual
        else:
            theirs.close()
            code = int(ours.recv(8) or 70)
            if code < 0:
                signal.signal(-code, signal.SIG_DFL)
                os.kill(os.getpid(), -code)
            os._exit(code)
