"""Where the microseconds of a request go: from the barest loop to all of pwdload, one thing more on each rung.

    python -m tests.bench.floor           half a minute, and the table in docs/benchmarks.md
    python -m tests.bench.floor --print   the same, and nothing is written

Twenty clients in a closed loop against the target of the comparison; all rungs take turns in one process on one core.
Beside them FastHttpUser and pwdload under Locust, as the comparison measures them. Figures of one run compare with each
other, and with nothing else.
"""

import datetime as dt
import json
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from importlib.metadata import version
from pathlib import Path

from tests.bench.conditions import cpu_model
from tests.bench.cpu import GENERATOR_CORE, all_cores, pinned
from tests.bench.generators import of_locust, pwdload
from tests.bench.report import put_into
from tests.bench.steady import Measured, measure
from tests.bench.target import Target, running_target
from tests.processes import ROOT

HEAD = "## Where the time of a request goes"
_ACCOUNTS = 20_000
_ROUNDS = 5
_WANTED = 4.5
"""How many times FastHttpUser's requests per CPU-second are asked for."""
_PAGE = ROOT / "docs" / "benchmarks.md"


def main(arguments: Sequence[str]) -> None:
    """Measure in processes of their own, print, and write unless told not to."""
    if arguments[:1] == ["--child"]:
        _climb(*arguments[1:])
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        lines = ["user_name,password", *(f"load{n:07d},Initial-{n:07d}" for n in range(_ACCOUNTS))]
        (folder / "accounts.csv").write_text("\n".join(lines), "utf-8")
        with running_target(folder) as target:
            rungs = _rungs(target, folder)
            whole = measure(
                [
                    pwdload("pwdload", target.url, folder),
                    of_locust("FastHttpUser", "fast_http_user.py", target, folder),
                ],
                target,
                folder,
                rounds=_ROUNDS,
            )
    section = "\n".join(_section(rungs, whole))
    sys.stdout.write(section)
    if "--print" not in arguments:
        _PAGE.write_text(put_into(_PAGE.read_text("utf-8"), section, HEAD), "utf-8")


def _climb(url: str, folder: str) -> None:
    """Measure the rungs in this process, and print them for whoever has started it."""
    from tests.bench.rungs import Rungs, measured  # noqa: PLC0415 - makes this process cooperative

    json.dump([(name, *cost) for name, cost in measured(Rungs(url, Path(folder)).all())], sys.stdout)


def _rungs(target: Target, folder: Path) -> list[tuple[str, float, float]]:
    command = [sys.executable, "-m", "tests.bench.floor", "--child", target.url, str(folder)]
    done = subprocess.run(pinned(command, [GENERATOR_CORE]), check=True, capture_output=True, text=True)
    return [(str(name), float(us), float(share)) for name, us, share in json.loads(done.stdout)]


def _section(rungs: Sequence[tuple[str, float, float]], whole: Sequence[Measured]) -> Iterator[str]:
    ours_us, fast_us = (1e6 / one.per_cpu_s for one in whole)
    yield HEAD
    yield ""
    yield (
        "Processor time of one request in microseconds, one thing more on each rung (`python -m tests.bench.floor`); "
        "the kernel's part is most of all TCP over loopback, the target's half of which is charged to whoever sends."
    )
    yield ""
    yield "| | us | of it the kernel | x FastHttpUser |"
    yield "|---|---|---|---|"
    for name, us, share in rungs:
        yield f"| {name} | {us:.1f} | {f'{share:.0%}' if share else ''} | {fast_us / us:.1f} |"
    yield f"| pwdload under Locust | {ours_us:.1f} | | {fast_us / ours_us:.1f} |"
    yield f"| FastHttpUser under Locust | {fast_us:.1f} | | 1.0 |"
    yield ""
    wanted_us, bare_us = fast_us / _WANTED, next(us for name, us, _ in rungs if "held back" in name)
    yield (
        f"{_WANTED} x FastHttpUser are {wanted_us:.1f} us a request. A loop that sends and receives the same bytes "
        f"over and over, and is held back as the work on a request would do, takes {bare_us:.1f} us of them by itself; "
        f"{max(wanted_us - bare_us, 0.0):.1f} us are left for JSON, checks, accounts, statistics and samples."
    )
    yield ""
    yield _conditions()
    yield ""


def _conditions() -> str:
    """Return when and on what this was measured, and how busy the machine was."""
    when = dt.datetime.now(dt.UTC).strftime("%Y-%m-%d %H:%M UTC")
    python = f"{platform.python_implementation()} {platform.python_version()}"
    packages = ", ".join(f"{name} {version(name)}" for name in ("locust", "gevent", "httptools"))
    load, _, _ = os.getloadavg()
    cores = len(all_cores())
    return f"{when}; {cpu_model()}, {cores} cores, load average {load:.1f} (about 2 is its own); {python}, {packages}."


if __name__ == "__main__":
    main(sys.argv[1:])
