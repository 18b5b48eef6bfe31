"""docs/fault-proxy.md does what it says: every command is run, and every answer shown is the one that comes."""

import json
import re
import shlex
from collections.abc import Iterator
from contextlib import redirect_stdout
from io import StringIO
from urllib.parse import urlsplit

import pytest
from tests.faults.proxying import Program, Reply, call, target
from tests.processes import ROOT

from pwdload.faults.arguments import read_arguments
from pwdload.faults.client import ToxiproxyClient

pytestmark = pytest.mark.e2e

PAGE = (ROOT / "docs" / "fault-proxy.md").read_text("utf-8")
CONTROL, UPSTREAM, LISTEN = "127.0.0.1:8474", "127.0.0.1:8080", "127.0.0.1:8666"


class Reader:
    """Does what the page says, at addresses that are free on this machine."""

    def __init__(self, url: str, listen: str, upstream: str) -> None:
        self.url = url
        self._ours = {CONTROL: url.removeprefix("http://"), LISTEN: listen, UPSTREAM: upstream}

    def here(self, text: str) -> str:
        for written, ours in self._ours.items():
            text = text.replace(written, ours)
        return text

    def type(self, command: str) -> object:
        """Run a command, and return the JSON that it prints."""
        program, *words = shlex.split(command)
        if program == "pwdload":
            assert words[0] == "proxy"
            read_arguments(words[1:])
            return None
        if program == "curl":
            return self._curl(words)
        self._toxiproxy_cli(words)
        return None

    def _curl(self, words: list[str]) -> object:
        given = dict(zip(words[1:-1:2], words[2:-1:2], strict=True))
        body = given.get("-d")
        method = given.get("-X", "POST" if body is not None else "GET")
        return call(self.url, method, urlsplit(self.here(words[-1])).path, body and self.here(body)).document

    def _toxiproxy_cli(self, words: list[str]) -> None:
        """Send what Toxiproxy's command line sends, by its own source: numbers as floats, every field, empty or not."""
        *command, name = words
        path = f"/proxies/{name}"
        state = self._call("GET", path)
        if command == ["toggle"]:
            assert isinstance(state.document, dict)
            self._call("POST", path, {**state.document, "enabled": not state.document["enabled"]})
            return
        _, action, *options = command
        given = dict(zip(options[::2], options[1::2], strict=True))
        toxic, attributes = given["-n"], _attributes(given.get("-a", ""))
        if action == "add":
            fields = {
                "name": toxic,
                "type": given["-t"],
                "stream": "downstream",
                "toxicity": 1,
                "attributes": attributes,
            }
            self._call("POST", f"{path}/toxics", fields)
        elif action == "update":
            self._call("PATCH", f"{path}/toxics/{toxic}", {"attributes": attributes, "toxicity": 1})
        else:
            self._call("DELETE", f"{path}/toxics/{toxic}")

    def _call(self, method: str, path: str, body: object = None) -> Reply:
        reply = call(self.url, method, path, body, User_Agent="toxiproxy-cli")
        assert reply.status < 300
        return reply


def _attributes(text: str) -> dict[str, float]:
    return {name: float(value) for name, _, value in [text.partition("=")] if name}


@pytest.fixture(scope="module")
def reader() -> Iterator[Reader]:
    """Give a reader with a proxy of its own before a target."""
    with target() as upstream, Program("--upstream", upstream) as program:
        listen = json.loads(program.line)["proxies"][0]["listen"]
        yield Reader(program.url, listen, upstream)


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


def test_every_command_answers_what_the_page_shows(reader: Reader) -> None:
    """From the top to the bottom, on one proxy."""
    lines = [line for block in blocks("console") for line in block.splitlines()]
    assert len(lines) > 20
    for n, line in enumerate(lines):
        if line.startswith("$ "):
            printed = reader.type(line[2:])
            after = lines[n + 1] if n + 1 < len(lines) else "$ "
            expected = None if after.startswith("$ ") else json.loads(reader.here(after))
            assert printed == expected, line


def test_the_python_of_the_page_runs(reader: Reader) -> None:
    """It sets a fault, prints what was affected, and heals."""
    client = ToxiproxyClient(reader.url)
    client.reset()
    (code,) = blocks("python")
    out = StringIO()
    with redirect_stdout(out):
        exec(compile(reader.here(code), "fault-proxy.md", "exec"), {})
    assert "'busy': 0" in out.getvalue()
    assert client.proxy("target").toxics == ()
