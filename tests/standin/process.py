"""The stand-in as a process, with accounts user0 to user39 whose passwords have expired."""

import json
import signal
import subprocess
import sys
from http.client import HTTPConnection
from pathlib import Path

from tests.standin.client import LOGIN, NEW, PASSWORD, UPDATE, sdk_headers

COMMAND = [sys.executable, "-m", "pwdload.standin"]
ACCOUNTS = 40
WITHIN_S = 10.0


class Process:
    """A running stand-in."""

    def __init__(self, popen: "subprocess.Popen[str]") -> None:
        self.popen = popen
        assert popen.stdout is not None
        self.line = popen.stdout.readline()
        self.info: dict[str, object] = json.loads(self.line)

    def call(
        self, method: str, path: str, body: object = None, within_s: float = WITHIN_S, **headers: str
    ) -> dict[str, object]:
        """Make one call on a connection of its own."""
        connection = HTTPConnection("127.0.0.1", int(str(self.info["port"])), timeout=within_s)
        try:
            content = json.dumps(body) if body is not None else None
            sent = {name.replace("_", "-"): value for name, value in headers.items()}
            connection.request(method, path, content, sdk_headers(sent))
            fields: dict[str, object] = json.loads(connection.getresponse().read())
            return fields
        finally:
            connection.close()

    def login(self, number: int, password: str = PASSWORD) -> dict[str, object]:
        return self.call("POST", LOGIN, {"user_name": f"user{number}", "password": password})

    def change(self, number: int) -> dict[str, object]:
        token = str(self.login(number)["state_token"])
        return self.call("POST", UPDATE, {"old_password": PASSWORD, "new_password": NEW}, X_state_token=token)

    def stop(self, number: int = signal.SIGTERM) -> int:
        self.popen.send_signal(number)
        return self.popen.wait(WITHIN_S)


def accounts_csv() -> str:
    rows = "".join(f"user{number},{PASSWORD},Earlier-pw-1,expired\n" for number in range(ACCOUNTS))
    return f"user_name,password,previous_password,state\n{rows}"


def popen(*arguments: str, cwd: Path) -> "subprocess.Popen[str]":
    pipe = subprocess.PIPE
    return subprocess.Popen([*COMMAND, *arguments], cwd=cwd, stdin=pipe, stdout=pipe, stderr=pipe, text=True)
