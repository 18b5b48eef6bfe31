"""How likely a rare defect is found, by rate and time: `python -m tests.trackrecord.probability`, into docs/oracle.md.

Long runs of the stand-in with the defect on are played at three rates, several times with other seeds, and the history
of each is cut into windows. A window has detected the defect where the oracle found a violation that began in it.
With the name of a study only that one is played, told, and not written down.
"""

import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from itertools import product
from pathlib import Path

from tests.trackrecord.chances import Chance, Chances, Detection, detection, lost_changes, raced_tokens
from tests.trackrecord.pages import ORACLE_PAGE, write_between
from tests.trackrecord.running import play_scenario, toml_text

from pwdload.oracle import judge, read_history

RATES_PER_S = (5, 25, 100)
LENGTH_S = 120
SEEDS = (1, 2, 3)
WINDOWS_S = (1, 2, 5, 10, 20, 60)
AT_ONCE = 3
"""Runs at a time: one of each rate."""
BEGIN, END = "<!-- detection: written by tests.trackrecord.probability -->", "<!-- end of the detection -->"
_IGNORED, _RACE_S = 0.001, 0.005


@dataclass(frozen=True, slots=True, kw_only=True)
class Study:
    """A defect whose detection is measured."""

    title: str
    defect: str
    mix: Mapping[str, float]
    chances: Chances
    check: str
    """The check of the oracle that has to tell as many violations as chances were found."""
    noun: str
    """What the chances are."""
    formula: str
    oracle: Mapping[str, object] = field(default_factory=dict)


STUDIES: Mapping[str, Study] = {
    "loss": Study(
        title="One change in 1,000 is acknowledged and not made, and each new password is tried right after the change",
        defect=f"change_ignored={_IGNORED}",
        mix={"change_then_login": 1},
        chances=partial(lost_changes, share=_IGNORED),
        check="linearizability",
        noun="changes",
        formula=f"1 - (1 - {_IGNORED})^n for n changes in the window",
        oracle={"probes": 0},
    ),
    "race": Study(
        title="A state_token serves as often as it is sent within 5 ms, and 2 % of the flows are probes, as by default",
        defect="token_race=5ms",
        mix={"valid_change": 1},
        chances=partial(raced_tokens, window_s=_RACE_S),
        check="races",
        noun="races",
        formula="1 - (1 - p)^n for n races in the window, with p = 1 for a race whose first two requests left within 5 "
        "ms of one another, else 0",
        oracle={"probes": 0.02},
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """One run and the chances that it had."""

    study: str
    rate_per_s: int
    seed: int
    chances: Sequence[Chance]


def scenario(study: Study, rate_per_s: int, seed: int) -> str:
    """Return the scenario of one run."""
    tables: Mapping[str, Mapping[str, object]] = {
        "target": {"state_token_life": "10s"},
        "accounts": {"count": int(LENGTH_S * rate_per_s * 1.3) + 200},
        "oracle": study.oracle,
        "load": {"model": "open", "arrivals": "poisson", "max_in_flight": 200},
        "mix": study.mix,
        "standin": {"hash_algorithm": "sha256", "defects": study.defect, "defects_seed": 100 * seed + rate_per_s},
    }
    stage = {"name": "load", "rate": f"{rate_per_s}/s", "for": f"{LENGTH_S}s"}
    return toml_text(f"Detection of {study.defect}", 100 * seed + rate_per_s, tables, stage)


def play(name: str, seed: int, rate_per_s: int) -> Played:
    """Play one run, and insist that the oracle itself tells as much as is counted here.

    Raises:
        ValueError: it does not.
    """
    study = STUDIES[name]
    with tempfile.TemporaryDirectory(prefix="pwdload-detection-") as folder:
        _, directory = play_scenario(scenario(study, rate_per_s, seed), Path(folder), timeout_s=3.0 * LENGTH_S)
        history = read_history(directory)
    chances = sorted(study.chances(history))
    found = sum(one.is_found for one in chances)
    told = next(one.violations_total for one in judge(history).results if one.check == study.check)
    line = f"{name} {rate_per_s}/s, seed {seed}: {len(chances):,} {study.noun}, {found} found"
    if found != told:
        raise ValueError(f"{line}, but the check {study.check} tells of {told}")
    sys.stdout.write(line + "\n")
    sys.stdout.flush()
    return Played(study=name, rate_per_s=rate_per_s, seed=seed, chances=chances)


def table(name: str, played: Sequence[Played]) -> str:
    """Return what was measured of one defect, as a section in Markdown."""
    study = STUDIES[name]
    lines = [
        f"**{study.title}** (`{study.defect}`). Expected: {study.formula}.",
        "",
        f"| flows | {study.noun} | " + " | ".join(f"{window_s} s" for window_s in WINDOWS_S) + " |",
        "|--:|--:|" + "--:|" * len(WINDOWS_S),
    ]
    for rate_per_s in RATES_PER_S:
        runs = [one.chances for one in played if (one.study, one.rate_per_s) == (name, rate_per_s)]
        per_s = sum(map(len, runs)) / (len(runs) * LENGTH_S)
        cells = [cell(detection(runs, window_s, LENGTH_S)) for window_s in WINDOWS_S]
        lines.append(f"| {rate_per_s}/s | {per_s:.3g}/s | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def cell(measured: Detection) -> str:
    """Return a share with its interval, and what was expected."""
    low, high = measured.interval
    return f"{100 * measured.share:.0f} ({100 * low:.0f} to {100 * high:.0f}), {100 * measured.expected:.0f}"


def text(names: Sequence[str], played: Sequence[Played]) -> str:
    """Return all that was measured, in Markdown."""
    counts = ", ".join(f"{len(SEEDS) * int(LENGTH_S / window_s)} of {window_s} s" for window_s in WINDOWS_S)
    inside, all_of = agreement(names, played)
    head = (
        f"Each rate was played {len(SEEDS)} times for {LENGTH_S} s with other seeds, and cut into windows: {counts}.\n"
        "A cell has the share of the windows in which the oracle found the defect, in %, with the interval of Clopper "
        "and Pearson for 95 %,\nand what the formula expects. "
        f"The formula lies within the interval in {inside} of {all_of} cells.\n"
    )
    return "\n".join([head, *(table(name, played) for name in names)])


def agreement(names: Sequence[str], played: Sequence[Played]) -> tuple[int, int]:
    """Return in how many cells what is expected lies within the interval of what was measured, and of how many."""
    inside = []
    for name, rate_per_s, window_s in product(names, RATES_PER_S, WINDOWS_S):
        runs = [one.chances for one in played if (one.study, one.rate_per_s) == (name, rate_per_s)]
        measured = detection(runs, window_s, LENGTH_S)
        inside.append(measured.interval[0] <= measured.expected <= measured.interval[1])
    return sum(inside), len(inside)


def main(arguments: Sequence[str]) -> int:
    """Play the studies of these names, or all; return the exit code."""
    unknown = [name for name in arguments if name not in STUDIES]
    if unknown:
        sys.stderr.write(f"{unknown[0]}: no such study; there are {', '.join(STUDIES)}\n")
        return 2
    names, begun_s = list(arguments or STUDIES), time.monotonic()
    with ThreadPoolExecutor(AT_ONCE) as pool:
        played = list(pool.map(play, *zip(*product(names, SEEDS, RATES_PER_S), strict=True)))
    sys.stdout.write(f"\n{text(names, played)}\n{len(played)} runs in {time.monotonic() - begun_s:.0f} s\n")
    if not arguments:
        write_between(ORACLE_PAGE, BEGIN, END, text(names, played))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
