"""Play every defect, say how it was found, and write that down: `make trackrecord`.

python -m tests.trackrecord                      all of them, into the README
python -m tests.trackrecord token_race skip_...  these only, told and not written down
"""

import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from tests.trackrecord.pages import README, write_between
from tests.trackrecord.running import Found, play
from tests.trackrecord.trials import TRIALS, Trial

from pwdload.outcome import Verdict

AT_ONCE = 2
"""Trials at a time: most of a run goes into starting and waiting."""
BEGIN, END = "<!-- track record: written by make trackrecord -->", "<!-- end of the track record -->"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One trial and what came of it."""

    trial: Trial
    found: Found | None
    """Null where the run could not be played; `error` says why."""
    seconds: float
    error: str = ""

    @property
    def is_good(self) -> bool:
        """Whether each check that had to find the defect has, and the run says so by its exit code."""
        if self.found is None or self.found.missed(self.trial):
            return False
        return self.found.exit_code == Verdict.CORRECTNESS_FAILED.exit_code


def tried(trial: Trial) -> Row:
    """Play one trial in a folder of its own."""
    begun_s = time.monotonic()
    found, error = None, ""
    with tempfile.TemporaryDirectory(prefix="pwdload-trial-") as folder:
        try:
            found = play(trial, Path(folder))
        except Exception as failed:  # noqa: BLE001 - the others are to be played all the same
            error = f"{type(failed).__name__}: {failed}"
    row = Row(trial=trial, found=found, seconds=time.monotonic() - begun_s, error=error)
    sys.stdout.write(line(row) + "\n")
    sys.stdout.flush()
    return row


def line(row: Row) -> str:
    """Return what came of a trial, in one line."""
    word = "found " if row.is_good else "MISSED"
    if row.found is None:
        return f"{word} {row.trial.name:<34} {row.error}"
    by = ", ".join(
        f"{check} after {count:,}" for check, count in sorted(row.found.first.items(), key=lambda one: one[1])
    )
    missed = row.found.missed(row.trial)
    rest = f"; not by {', '.join(sorted(missed))}" if missed else ""
    return (
        f"{word} {row.trial.name:<34} {by or 'by nothing'}{rest} of {row.found.requests:,} requests"
        f" (exit {row.found.exit_code}, {row.seconds:.0f} s)"
    )


def table(rows: Sequence[Row]) -> str:
    """Return the track record as a table in Markdown: by the checks that found them, the defects of each."""
    found: dict[str, list[str]] = {}
    for row in rows:
        assert row.found is not None
        first = row.found.first
        checks = sorted(row.trial.found_by, key=lambda check: (first[check], check))
        found.setdefault(", ".join(checks), []).append(f"`{row.trial.name}` {min(first[one] for one in checks):,}")
    lines = ["| found by the checks | defects of the target, each with how many requests it took |", "|---|---|"]
    lines += [f"| {checks} | {', '.join(defects)} |" for checks, defects in found.items()]
    return "\n".join(lines) + "\n"


def write_down(rows: Sequence[Row]) -> None:
    """Put the table into the README, at its place."""
    write_between(README, BEGIN, END, table(rows))


def main(names: Sequence[str]) -> int:
    """Play the trials of these names, or all; return the exit code."""
    unknown = [name for name in names if name not in TRIALS]
    if unknown:
        sys.stderr.write(f"{unknown[0]}: no such trial; there are {', '.join(TRIALS)}\n")
        return 2
    trials = [TRIALS[name] for name in names or TRIALS]
    begun_s = time.monotonic()
    with ThreadPoolExecutor(AT_ONCE) as pool:
        rows = list(pool.map(tried, trials))
    missed = [row.trial.name for row in rows if not row.is_good]
    sys.stdout.write(f"{len(rows) - len(missed)} of {len(rows)} found in {time.monotonic() - begun_s:.0f} s\n")
    if not names and not missed:
        write_down(rows)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
