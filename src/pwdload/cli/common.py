"""What all commands share: JSON for programs, and the exit codes as each `--help` tells them."""

import json
from collections.abc import Mapping
from typing import Annotated

import typer

FORMAT = 1
"""Version of what `--json` prints where the document says no other."""
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of words.")]

DONE = "Exit codes: 0 done, 2 usage."
VERDICTS = (
    "Exit codes are the verdict: 0 PASS, 1 SLO_FAILED, 2 usage, 3 INVALID (the instrument failed), "
    "4 CORRECTNESS_FAILED, 5 INCONCLUSIVE (too little was seen, or doubt is left)."
)
CORRECT = "Exit codes: 0 the target was right as far as the runs show, 2 usage, 4 it was not, 5 nobody knows."
COMPARED = "Exit codes: 0 better or equivalent, 1 worse, 2 usage or not comparable, 3 a run is INVALID, 5 cannot tell."
CALIBRATED = "Exit codes: 0 the instrument is right, 2 usage, 3 it is not."
ACCOUNTS = "Exit codes: 0 done, 2 usage, 5 something is left to do, 130 interrupted (type it again to go on)."
EXAMINED = "Exit codes: 0 nothing stands in a run's way, 2 something does, or usage."
SERVES = "Exit codes: 0 told to stop, 2 usage."


def say_json(document: Mapping[str, object]) -> None:
    """Print one JSON object; its numbers are numbers, and nothing in it is NaN."""
    typer.echo(json.dumps({"format": FORMAT, **document}, ensure_ascii=False, allow_nan=False, indent=1))
