"""The load generators that are held against each other, each as a command that logs in until it is told to stop."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType

from tests.bench.cpu import GENERATOR_CORE, pinned
from tests.bench.peers import _login
from tests.bench.target import Target
from tests.processes import LOCUSTFILE, ROOT, environment

_PEERS = Path(_login.__file__).parent
USERS = 20
_LONGER_THAN_ANY_BENCH = "600s"
_DOES_AS_THE_PEERS = "JSON built and parsed, status and token checked, every exchange kept"


@dataclass(frozen=True, slots=True, kw_only=True)
class Generator:
    """One way to make load."""

    name: str
    command: Sequence[str]
    variables: dict[str, str] = field(default_factory=dict)
    does: str = "JSON built once for an account, parsed, status and token checked, every exchange kept"
    """What it does besides sending and reading."""
    cores: Sequence[int] = (GENERATOR_CORE,)
    reports: Path | None = None
    """Where it keeps every exchange; null if it does not, or not in a way that is known here."""


def pwdload(
    name: str,
    url: str,
    folder: Path,
    *,
    scenario: str = "",
    extra: Sequence[str] = (),
    cores: Sequence[int] = (GENERATOR_CORE,),
    variables: Mapping[str, str] = MappingProxyType({}),
    anew: bool = False,
) -> Generator:
    """Return ours: the real locustfile; by default a closed loop of logins without think time.

    `variables` are of its environment: PYTHONPATH takes the library from another tree. `anew`: every login is built
    again, as the peers do it.
    """
    own = folder / name.replace(" ", "-")
    own.mkdir()
    (own / "bench.toml").write_text(scenario or closed("login_only"), "utf-8")
    # The ledger lies beside the accounts, and is one run's at a time; here several runs take turns.
    shutil.copy(folder / "accounts.csv", own)
    command = [
        *(sys.executable, "-m", "locust", "-f", str(_PEERS / "pwdload_anew.py" if anew else LOCUSTFILE)),
        *("--headless", "--only-summary", "--host", url),
        *("--scenario", str(own / "bench.toml"), "--accounts", str(own / "accounts.csv")),
        *("--reports", str(own / "reports"), "--loglevel", "WARNING", *extra),
        *(() if scenario.count("stages") else ("-u", str(USERS), "-r", str(USERS))),
    ]
    ours = Generator(name=name, command=command, cores=cores, variables=dict(variables), reports=own / "reports")
    if not anew:
        return ours
    path = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))
    return replace(ours, variables={"PYTHONPATH": path, **variables}, does=_DOES_AS_THE_PEERS)


def closed(case: str) -> str:
    """Return a scenario of one case, played over and over; its users are the command line's."""
    return f"""title = "Bench"
[target]
timeout = "60s"  # it is made to stand still for a while
[load]
think_time = "0s"
[mix]
{case} = 1
"""


def opened(rate_per_s: float, slots: int, seconds: float, *, queue_limit: int | None = None) -> str:
    """Return a scenario of logins that arrive at random, so many a second, the first 3 s of them not measured.

    `queue_limit` is how many may wait for a slot; null: as many as there are slots.
    """
    return f'''title = "Bench, open"
[load]
model = "open"
arrivals = "poisson"
max_in_flight = {slots}
queue_limit = {slots if queue_limit is None else queue_limit}
[[load.stages]]
name = "warm up"
rate = "{rate_per_s}/s"
for = "3s"
measured = false
[[load.stages]]
name = "steady"
rate = "{rate_per_s}/s"
for = "{seconds}s"
[mix]
login_only = 1
'''


def of_locust(name: str, file: str, target: Target, folder: Path, *, keeps: bool = False) -> Generator:
    """Return Locust with a locustfile of the peers; `keeps`: it is one that keeps every exchange."""
    command = [
        *(sys.executable, "-m", "locust", "-f", str(_PEERS / file), "--headless", "--only-summary"),
        *("--host", target.url, "-u", str(USERS), "-r", str(USERS), "--loglevel", "WARNING"),
    ]
    variables = {"BENCH_ACCOUNTS": str(folder / "accounts.csv"), "PYTHONPATH": str(ROOT)}
    if keeps:
        variables["BENCH_KEPT"] = str(folder / f"{name}.csv")
    does = _DOES_AS_THE_PEERS if keeps else "JSON built and parsed, status and token checked, statistics only"
    return Generator(name=name, command=command, variables=variables, does=does)


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


def start(generator: Generator, log: Path) -> "subprocess.Popen[bytes]":
    """Start it on its cores, in a process group of its own; what it prints goes to a file."""
    with log.open("wb") as file:
        return subprocess.Popen(
            pinned(generator.command, generator.cores),
            env=environment() | {"GOMAXPROCS": str(len(generator.cores))} | generator.variables,
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
