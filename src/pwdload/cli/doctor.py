"""`pwdload doctor`: what must be well before a run, a line for each check."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from pwdload import run
from pwdload.api.confirmation import terminal
from pwdload.cli.common import say_json
from pwdload.cli.options import AllowHost, YesThisIs
from pwdload.doctor.examine import Question, as_data, examine
from pwdload.doctor.findings import Budget, Finding, Status, exit_code
from pwdload.doctor.machine import Machine

_STYLES = {Status.OK: "green", Status.WARNING: "yellow", Status.FAILED: "bold red", Status.NOT_CHECKED: "dim"}


def doctor(  # noqa: PLR0913, PLR0917 - each is an option as a person gives it
    scenario: Annotated[Path, typer.Argument(metavar="SCENARIO", help="Scenario file, e.g. scenarios/smoke.toml.")],
    host: Annotated[
        str | None, typer.Option(metavar="URL", help="Base URL of the target; without it, the scenario's.")
    ] = None,
    accounts: Annotated[
        Path | None, typer.Option(metavar="FILE|LEDGER", help="List or ledger of its accounts; else the scenario's.")
    ] = None,
    allow_host: AllowHost = [],  # noqa: B006 - typer makes a new one for each call
    yes_this_is: YesThisIs = None,
    processes: Annotated[int, typer.Option(min=1, help="How many processes of this machine share the load.")] = 1,
    no_calibrate: Annotated[
        bool, typer.Option("--no-calibrate", help="Do not measure what this machine generates (three seconds).")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """Check machine, target, accounts and plan before a run, by ten requests at most; exits with 0, or 2 to mend."""
    from pwdload.calibration.drive import short_certificate  # noqa: PLC0415 - Arrow takes half a second

    question = Question(
        scenario=run.load(scenario),
        host=host,
        accounts=accounts,
        allow=tuple(allow_host),
        confirmed=yes_this_is,
        ask=None if as_json else terminal(),
        processes=processes,
        calibrate=None if no_calibrate else short_certificate,
    )
    budget, findings = Budget(), list[Finding]()
    console = Console(highlight=False, markup=False, emoji=False, soft_wrap=True)
    for finding in examine(question, Machine.here(), budget):
        findings.append(finding)
        if not as_json:
            console.print(_line(finding))
    code = exit_code(findings)
    if as_json:
        say_json(as_data(question, findings, budget.spent))
    else:
        counted = f"{budget.spent} request{'s' * (budget.spent != 1)} sent"
        console.print(f"{'Something is to be mended before a run' if code else 'A run can begin'}; {counted}.")
    raise typer.Exit(code)


def _line(finding: Finding) -> Text:
    line = Text(f"{finding.check:<16}")
    line.append(f"{finding.status.value:<12}", style=_STYLES[finding.status])
    line.append(finding.value)
    return line.append(f"  -> {finding.remedy}") if finding.remedy else line
