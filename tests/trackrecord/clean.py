"""A hundred runs against a healthy target, in none of which the oracle may find anything: `make cleanruns`.

python -m tests.trackrecord.clean          all of them, into docs/oracle.md
python -m tests.trackrecord.clean 7 23     the runs of these numbers only, told and not written down
"""

import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pyarrow.compute as pc
from tests.e2e.runs import two_processes
from tests.trackrecord.draws import CleanRun, drawn
from tests.trackrecord.pages import ORACLE_PAGE, write_between
from tests.trackrecord.running import play_scenario
from tests.trackrecord.surroundings import Place, Surroundings, embedded

from pwdload.oracle import CHECKS, CheckResult, Judgement, judge, read_history
from pwdload.oracle.binomial import upper_bound_of_none
from pwdload.outcome import Verdict
from pwdload.units import format_share

RUNS = 100
AT_ONCE = 2
"""Runs at a time: most of a run goes into starting and waiting."""
BEGIN, END = "<!-- clean runs: written by make cleanruns -->", "<!-- end of the clean runs -->"
_NO_FAULT = frozenset({Verdict.PASS, Verdict.SLO_FAILED, Verdict.INVALID, Verdict.INCONCLUSIVE})
"""What a run may end as: whether it was in time, and its target quick enough, is no matter of the oracle."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One clean run and what came of it."""

    run: CleanRun
    judgement: Judgement | None = None
    """Null where the run could not be played; `error` says why."""
    exit_code: int = -1
    requests: int = 0
    changes: int = 0
    """Acknowledged."""
    seconds: float = 0.0
    error: str = ""

    @property
    def wrong(self) -> tuple[str, ...]:
        """Why this is no clean run after all, one clause each; empty where it is."""
        if self.judgement is None:
            return (self.error,)
        told = [_wrong(one) for one in self.judgement.results]
        if self.exit_code not in {verdict.exit_code for verdict in _NO_FAULT}:
            told.append(f"exit code {self.exit_code}")
        if not self.changes:
            told.append("nothing was changed")
        return tuple(filter(None, told))


def _wrong(result: CheckResult) -> str:
    """Return what is wrong with a check's result on a healthy target; empty where nothing is. Doubt is not."""
    is_wrong = result.violations_total or result.verdict is Verdict.CORRECTNESS_FAILED or "broke" in result.title
    return f"{result.check}: {result.reason}" if is_wrong else ""


def played(run: CleanRun, place: Place = embedded) -> Row:
    """Play a clean run in a folder of its own at a place, and tell of it."""
    begun_s = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="pwdload-clean-") as folder:
        try:
            with place(Path(folder)) as surroundings:
                row = _judged(run, Path(folder), begun_s, surroundings)
        except Exception as failed:  # noqa: BLE001 - the others are to be played all the same
            row = Row(run=run, error=f"{type(failed).__name__}: {failed}", seconds=time.monotonic() - begun_s)
    sys.stdout.write(line(row) + "\n")
    sys.stdout.flush()
    return row


def _judged(run: CleanRun, folder: Path, begun_s: float, surroundings: Surroundings) -> Row:
    options = (*surroundings.options, *(two_processes() if run.processes == 2 else ()))
    done, directory = play_scenario(run.scenario, folder, *options, within=surroundings.within)
    history = read_history(directory)
    is_change = pc.and_(pc.equal(history.rows["step"], "update_password"), pc.equal(history.rows["status"], "SUCCESS"))
    return Row(
        run=run,
        judgement=judge(history),
        exit_code=done.returncode,
        requests=len(history.rows),
        changes=int(pc.sum(is_change).as_py() or 0),
        seconds=time.monotonic() - begun_s,
    )


def line(row: Row) -> str:
    """Return what came of a run, in one line."""
    head = f"{'FALSE ALARM' if row.wrong else 'clean'} {row.run.number:>3}"
    if row.judgement is None:
        return f"{head} {row.error} ({row.run.words})"
    doubts = [one.check for one in row.judgement.results if one.verdict is Verdict.INCONCLUSIVE]
    tail = "; ".join([*row.wrong, *([f"INCONCLUSIVE: {', '.join(doubts)}"] if doubts else [])])
    counts = f"{row.requests:,} requests, {row.changes:,} changes, exit {row.exit_code}, {row.seconds:.0f} s"
    return f"{head} {counts} ({row.run.words}){f': {tail}' if tail else ''}"


def table(rows: Sequence[Row]) -> str:
    """Return what every check has looked at in all runs, and found, as a table in Markdown."""
    lines = ["| check | runs with something to look at | looked at | violations | inconclusive |"]
    lines.append("|---|--:|--:|--:|--:|")
    judged = [row.judgement for row in rows if row.judgement is not None]
    for name, _ in CHECKS:
        results = [one for judgement in judged for one in judgement.results if one.check == name]
        cells = (
            sum(one.examined > 0 for one in results),
            sum(one.examined for one in results),
            sum(one.violations_total for one in results),
            sum(one.verdict is Verdict.INCONCLUSIVE for one in results),
        )
        lines.append(f"| {name} | {' | '.join(f'{cell:,}' for cell in cells)} |")
    return "\n".join(lines) + "\n"


def summary(rows: Sequence[Row]) -> str:
    """Return how many runs there were, of which kinds, and what that proves."""
    wrong = sum(bool(row.wrong) for row in rows)
    requests, changes = (sum(getattr(row, name) for row in rows) for name in ("requests", "changes"))
    ends = Counter(_verdict_of(row.exit_code) for row in rows)
    traits = Counter(trait for row in rows for trait in row.run.traits)
    parts = [
        f"{len(rows)} runs with the seeds {rows[0].run.number} to {rows[-1].run.number}, {requests:,} requests, "
        f"{changes:,} acknowledged changes: {wrong or 'no'} false alarm{'s' if wrong > 1 else ''}.",
        f"With 95 % confidence fewer than {format_share(upper_bound_of_none(len(rows)))} of such runs have one."
        if not wrong
        else "",
        f"Drawn were: {_counted(traits.items())}.",
        f"The runs ended as {_counted(ends.items())}.",
    ]
    return "\n".join(filter(None, parts)) + "\n"


def _verdict_of(exit_code: int) -> str:
    return next((verdict.name for verdict in Verdict if verdict.exit_code == exit_code), f"exit code {exit_code}")


def _counted(counts: Iterable[tuple[str, int]]) -> str:
    return "; ".join(f"{word} {count}" for word, count in sorted(counts, key=lambda one: (-one[1], one[0])))


def main(arguments: Sequence[str]) -> int:
    """Play the runs of these numbers, or all; return the exit code."""
    if not all(word.isdecimal() for word in arguments):
        sys.stderr.write(f"{' '.join(arguments)}: give numbers of clean runs, such as 7 23, or nothing for all\n")
        return 2
    numbers = [int(word) for word in arguments] or range(1, RUNS + 1)
    begun_s = time.monotonic()
    with ThreadPoolExecutor(AT_ONCE) as pool:
        rows = list(pool.map(played, map(drawn, numbers)))
    wrong = [row for row in rows if row.wrong]
    sys.stdout.write(f"\n{summary(rows)}\n{table(rows)}\n{len(rows)} runs in {time.monotonic() - begun_s:.0f} s\n")
    if not arguments and not wrong:
        write_between(ORACLE_PAGE, BEGIN, END, f"{summary(rows)}\n{table(rows)}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
