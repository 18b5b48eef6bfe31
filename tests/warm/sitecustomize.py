"""Python runs this when it starts: `python -m pwdload.report` lets the reporter do it, where there is one."""

import os
import sys

if sys.orig_argv[1:3] == ["-m", "pwdload.report"] and "WARM_REPORTS" in os.environ:
    import json
    import socket

    with socket.socket(socket.AF_UNIX) as reporter:
        try:
            reporter.connect(os.environ["WARM_REPORTS"])
        except OSError:
            pass  # it has not begun to listen, or is gone: as usual
        else:
            folder = os.getcwd()  # noqa: PTH109 - to import pathlib takes as long as all of this
            asked = {"arguments": sys.orig_argv[3:], "folder": folder, "path": sys.path, "environment": {**os.environ}}
            socket.send_fds(reporter, [json.dumps(asked).encode() + b"\n"], [0, 1, 2])
            os._exit(int(reporter.recv(8) or 70))
