"""The load generators that are held against each other, each as a command that logs in until it is told to stop."""

import json
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.bench.cpu import pinned
from tests.bench.peers import _login
from tests.bench.target import Target
from tests.processes import LOCUSTFILE, ROOT, environment

_PEERS = Path(_login.__file__).parent
USERS = 20
_LONGER_THAN_ANY_BENCH = "600s"


@dataclass(frozen=True, slots=True, kw_only=True)
class Generator:
    """One way to make load."""

    name: str
    command: Sequence[str]
    variables: dict[str, str] = field(default_factory=dict)
    does: str = "JSON built and parsed, status and token checked, every exchange kept"
    """What it does besides sending and reading."""


def pwdload(
    name: str,
    url: str,
    folder: Path,
    *,
    case: str = "login_only",
    users: int = USERS,
    extra: Sequence[str] = (),
    source: Path | None = None,
) -> Generator:
    """Return ours: the real locustfile, closed loop without think time.

    `source` is another tree's ``src`` to take the library from.
    """
    scenario = folder / f"{case}.toml"
    scenario.write_text(_SCENARIO.format(case=case), "utf-8")
    command = [
        *(sys.executable, "-m", "locust", "-f", str(LOCUSTFILE), "--headless", "--only-summary", "--host", url),
        *("-u", str(users), "-r", str(users), "--scenario", str(scenario), "--accounts", str(folder / "accounts.csv")),
        *("--reports", str(folder / "reports"), "--loglevel", "WARNING", *extra),
    ]
    return Generator(name=name, command=command, variables={"PYTHONPATH": str(source)} if source else {})


_SCENARIO = """title = "Bench"
[target]
timeout = "60s"  # it is made to stand still for a while
[load]
think_time = "0s"
[mix]
{case} = 1
"""


def of_locust(name: str, file: str, target: Target, folder: Path) -> Generator:
    """Return Locust with a locustfile of the peers."""
    command = [
        *(sys.executable, "-m", "locust", "-f", str(_PEERS / file), "--headless", "--only-summary"),
        *("--host", target.url, "-u", str(USERS), "-r", str(USERS), "--loglevel", "WARNING"),
    ]
    return Generator(
        name=name,
        command=command,
        variables={"BENCH_ACCOUNTS": str(folder / "accounts.csv"), "PYTHONPATH": str(ROOT)},
        does="JSON built and parsed, status and token checked, statistics only",
    )


def others(target: Target, folder: Path) -> list[Generator]:
    """Return those of the other tools that are on PATH."""
    url = f"{target.url}{_login.PATH}"
    body = json.dumps({"user_name": "load0000001", "password": "Initial-0000001"})
    headers = [f"{name}: {value}" for name, value in _login.HEADERS.items()]
    targets = folder / "vegeta.txt"
    (folder / "body.json").write_text(body, "utf-8")
    targets.write_text("\n".join([f"POST {url}", *headers, f"@{folder / 'body.json'}", ""]), "utf-8")
    hey_headers = [part for line in headers for part in ("-H", line)]
    commands = {
        "k6": ["run", "--quiet", "-e", f"TARGET={target.url}", str(_PEERS / "login.js")],
        "vegeta": [
            *("attack", "-targets", str(targets), "-rate", "0", "-max-workers", str(USERS), "-workers", str(USERS)),
            *("-duration", _LONGER_THAN_ANY_BENCH, "-output", str(folder / "vegeta.bin")),
        ],
        "hey": ["-z", _LONGER_THAN_ANY_BENCH, "-c", str(USERS), "-m", "POST", *hey_headers, "-d", body, url],
        "wrk": [
            *("-t", "1", "-c", str(USERS), "-d", _LONGER_THAN_ANY_BENCH),
            *("-s", str(_PEERS / "login.lua"), target.url),
        ],
    }
    return [
        Generator(name=name, command=[path, *arguments], does=_DOES[name])
        for name, arguments in commands.items()
        if (path := shutil.which(name))
    ]


_DOES = {
    "k6": "JSON built and parsed, status and token checked, statistics only",
    "vegeta": "one fixed body, answer not looked at, every exchange kept",
    "hey": "one fixed body, answer not looked at, statistics only",
    "wrk": "body put together as text, text looked for in the answer, statistics only",
}
OTHERS = tuple(_DOES)


def start(generator: Generator, cores: Sequence[int], log: Path) -> "subprocess.Popen[bytes]":
    """Start it on these cores, in a process group of its own; what it prints goes to a file."""
    with log.open("wb") as file:
        return subprocess.Popen(
            pinned(generator.command, cores),
            env=environment() | {"GOMAXPROCS": str(len(cores))} | generator.variables,
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
