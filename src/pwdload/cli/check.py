"""`pwdload check`: saved runs judged again, for people and for programs."""

import json
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from rich.console import Console
from rich.text import Text

from pwdload.outcome import Verdict, merge

if TYPE_CHECKING:  # Arrow takes half a second that other commands need not
    from pwdload.oracle.told import Line
    from pwdload.run.check import CheckedRun

FORMAT = 1
"""Version of what `--json` prints."""
_STYLES = {
    Verdict.PASS: "green",
    Verdict.INCONCLUSIVE: "yellow",
    Verdict.CORRECTNESS_FAILED: "bold red",
}


def show(checked: Sequence["CheckedRun"]) -> None:
    """Print what was found, with colours where it is a terminal; a line is never broken."""
    console = Console(highlight=False, markup=False, emoji=False, soft_wrap=True)
    for line in _lines(checked):
        console.print(Text(line.text, style=_STYLES.get(line.verdict, "") if line.verdict else ""))


def _lines(checked: Sequence["CheckedRun"]) -> Iterator["Line"]:
    from pwdload.oracle.told import Line, lines, one_line  # noqa: PLC0415 - as above

    for number, one in enumerate(checked):
        if number:
            yield Line("")
        verdict = one.judgement.verdict
        yield Line(f"{verdict.value}: {one_line(str(one.directory.shown))}", verdict)
        yield from lines(one.judgement, one.record)


def as_json(checked: Sequence["CheckedRun"]) -> str:
    """Return what was found as one JSON object."""
    from pwdload.oracle.data import judgement_data  # noqa: PLC0415 - as above

    verdict = verdict_of(checked)
    runs = [
        {
            "directory": str(one.directory.shown),
            "scenario": one.record.scenario,
            "seed": one.record.seed,
            **judgement_data(one.judgement),
        }
        for one in checked
    ]
    document = {"format": FORMAT, "verdict": verdict.value, "exit_code": verdict.exit_code, "runs": runs}
    return json.dumps(document, ensure_ascii=False, allow_nan=False, indent=1)


def verdict_of(checked: Sequence["CheckedRun"]) -> Verdict:
    """Return the worst of the verdicts."""
    return merge(one.judgement.verdict for one in checked)
