"""Hold load generators against each other, and write docs/benchmarks.md.

    python -m tests.bench                 everything: about five minutes
    python -m tests.bench --only compare  only the comparison, and nothing is written

Leaves with 1 if pwdload does less, per CPU-second, than it must in terms of another tool that is there.
"""

import argparse
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from tests.bench.conditions import conditions
from tests.bench.cpu import all_cores
from tests.bench.generators import Generator, closed, of_locust, others, pwdload
from tests.bench.open_model import flooded, idle_slot_bytes, lag_s
from tests.bench.report import with_others
from tests.bench.steady import Measured, measure, ratios
from tests.bench.stolen import stolen
from tests.bench.target import Target, free_port, running_target
from tests.processes import ROOT

_OURS = "pwdload"
_AS_THE_PEERS = "pwdload, each login built anew"
"""A run builds a login once for an account, and the others each time."""
LEAST = (
    (_OURS, "FastHttpUser", 4.5),
    (_AS_THE_PEERS, "FastHttpUser, all kept", 4.5),  # both do all that the other does
    (_AS_THE_PEERS, "k6", 3.0),
    (_AS_THE_PEERS, "vegeta", 1.4),
)
"""What pwdload must do per CPU-second, in terms of each: the medians of the rounds are held against it."""
_ACCOUNTS = 200_000
_IDLE_SLOTS = 10_000
_LAG_RUNS = 3
"""Each of its own: what else the machine does in one of them is in its p99."""


def main() -> int:
    """Measure, print, write; return the exit code."""
    options = _options()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        lines = ["user_name,password", *(f"load{n:07d},Initial-{n:07d}" for n in range(_ACCOUNTS))]
        (folder / "accounts.csv").write_text("\n".join(lines), "utf-8")
        with running_target(folder) as target:
            compared = measure(_generators(target, folder), target, folder, rounds=options.rounds)
            parts = [_comparison(compared)]
            if options.only is None:
                parts += [_ways(target, folder, options.rounds), *_open(target, folder, compared[0], options.rounds)]
                generators = [one.generator for one in compared]
                page = ROOT / "docs" / "benchmarks.md"
                page.write_text(with_others(_page(target.name, generators, parts), page.read_text("utf-8")), "utf-8")
    failures = list(_failures(compared))
    sys.stdout.write("\n".join([*parts, *failures, ""]))
    return 1 if failures else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--rounds", type=int, default=8, help="turns of one second for each generator")
    parser.add_argument("--only", choices=["compare"], help="leave the rest out, and write nothing")
    return parser.parse_args()


def _generators(target: Target, folder: Path) -> list[Generator]:
    return [
        pwdload(_OURS, target.url, folder),
        pwdload(_AS_THE_PEERS, target.url, folder, anew=True),
        of_locust("FastHttpUser", "fast_http_user.py", target, folder),
        of_locust("FastHttpUser, all kept", "fast_http_user_kept.py", target, folder, keeps=True),
        of_locust("HttpUser", "http_user.py", target, folder),
        *others(target, folder),
    ]


def _comparison(compared: Sequence[Measured]) -> str:
    there = {one.generator.name: one for one in compared}
    fast = there["FastHttpUser"]
    rows = [
        "## One core each",
        "",
        "| | requests per CPU-second | per second | x FastHttpUser | what it does for it |",
        "|---|---|---|---|---|",
    ]
    rows += [f"{_row(one, fast)} {one.generator.does} |" for one in compared]
    held = (
        f"{ours}: {_ratio(there[ours], there[other])} x {other}, at least {least}"
        for ours, other, least in LEAST
        if other in there
    )
    return "\n".join([*rows, "", f"Held against what must be, {'; '.join(held)}.", ""])


def _ways(target: Target, folder: Path, rounds: int) -> str:
    """Measure other ways to use pwdload, each group in turns with the login."""
    change, tls = closed("valid_change"), {"SSL_CERT_FILE": str(target.ca_file)}
    cores = all_cores()
    groups = (
        [
            pwdload("login", target.url, folder),
            pwdload("login and change", target.url, folder, scenario=change),
            pwdload("login, HTTPS", target.tls_url, folder, variables=tls),
        ],
        [
            pwdload("login, 1 process on one core", target.url, folder),
            pwdload("login, 2 processes on one core", target.url, folder, extra=_two_processes()),
            pwdload("login, 2 processes on all cores", target.url, folder, extra=_two_processes(), cores=cores),
        ],
    )
    rows = [
        "## Other ways to use pwdload",
        "",
        f"With 2 processes there is a master as well. All cores are {len(cores)}; then the target has none of them for "
        "itself. A change takes two requests, and an account of its own with a device of its own.",
        "",
        "| | requests per CPU-second | per second | x the first of its group |",
        "|---|---|---|---|",
    ]
    for group in groups:
        measured = measure(group, target, folder, rounds=rounds)
        rows += [_row(one, measured[0]) for one in measured]
    return "\n".join([*rows, ""])


def _two_processes() -> tuple[str, ...]:
    """Return what makes Locust start two workers, whose master listens where no other does."""
    port = str(free_port())
    return "--processes", "2", "--master-bind-port", port, "--master-port", port


def _open(target: Target, folder: Path, closed_loop: Measured, rounds: int) -> Iterator[str]:
    """Measure the most arrivals that can be begun, their lag at half of that, and at half of the closed loop's rate."""
    closed_per_s = closed_loop.spread(lambda turn: turn.per_s)[0]
    (flood,) = measure([flooded(target, folder, closed_per_s)], target, folder, rounds=rounds)
    slot_bytes = idle_slot_bytes(target, folder, slots=_IDLE_SLOTS)
    yield "## Open arrivals\n"
    yield (
        f"- Maximum rate, with more arrivals than can be begun: {_spread(*flood.spread(lambda turn: turn.per_s))} per "
        f"second, {_spread(*flood.spread(lambda turn: turn.per_cpu_s))} per CPU-second."
    )
    halves = {"that": flood.spread(lambda turn: turn.per_s)[0] / 2, "the closed loop's rate above": closed_per_s / 2}
    for whole, rate_per_s in halves.items():
        turns = [(lag_s(target, folder, rate_per_s, turn), stolen()) for turn in range(_LAG_RUNS)]
        medians, p99s = (", ".join(f"{lag[place] * 1e3:.2f}" for lag, _ in turns) for place in (1, 2))
        shares = ", ".join(f"{one.share:.1%}" for _, one in turns)
        longest = ", ".join(f"{one.longest_s * 1e3:.1f}" for _, one in turns)
        yield (
            f"- Poisson arrivals at {rate_per_s:,.0f}/s, half of {whole}, {_LAG_RUNS} times ten seconds: lag of some "
            f"{turns[0][0][0]:,} arrivals each p50 {medians} ms, p99 {p99s} ms. What the machine itself does: right "
            f"after each, a loop on all cores that only reads the clock stood still for {shares} of its time, up to "
            f"{longest} ms at once."
        )
    yield f"- An idle slot takes {slot_bytes / 1e3:.1f} kB ({_IDLE_SLOTS:,} against 100 in one process).\n"


def _failures(compared: Sequence[Measured]) -> Iterator[str]:
    there = {one.generator.name: one for one in compared}
    for ours, other, least in LEAST:
        if other in there and (ratio := ratios(there[ours], there[other])[0]) < least:
            yield f"FAILED: {ours}: {ratio:.2f} x {other} per CPU-second; at least {least} is wanted"


def _page(target_name: str, generators: list[Generator], parts: Sequence[str]) -> str:
    told = "\n".join(f"| {name} | {value} |" for name, value in conditions(target_name, generators))
    return f"""# Benchmarks

Written by `make bench` (`tests/bench/`). Figures of one page compare with each other, and with nothing else.

All generators log in over and over with 20 kept connections (closed loop, no think time), each on one core. They are
started and warmed up first and then take turns of a second, A B C A B C, while the others are stopped. The target
counts the requests, the kernel the CPU time of the generator with all its processes and threads. Given are the
median turn and in brackets the least and the most; ratios are taken round by round.

| condition | |
|---|---|
{told}

{chr(10).join(parts)}"""


def _row(one: Measured, reference: Measured) -> str:
    per_cpu_s, per_s = one.spread(lambda turn: turn.per_cpu_s), one.spread(lambda turn: turn.per_s)
    return f"| {one.generator.name} | {_spread(*per_cpu_s)} | {_spread(*per_s)} | {_ratio(one, reference)} |"


def _spread(median: float, least: float, most: float) -> str:
    return f"{median:,.0f} ({least:,.0f} to {most:,.0f})"


def _ratio(one: Measured, other: Measured) -> str:
    median, least, most = ratios(one, other)
    return f"{median:.2f} ({least:.2f} to {most:.2f})"


if __name__ == "__main__":
    sys.exit(main())
