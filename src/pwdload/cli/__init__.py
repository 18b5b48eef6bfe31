"""The command `pwdload`: thin, and the only place that prints tables and chooses exit codes."""

import gc
import json
import os
import shlex
import sys
from collections.abc import Sequence
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from pwdload import run
from pwdload.cases.catalogue import CASES, GROUPS
from pwdload.cases.steps import Case, CaseStep, Wait
from pwdload.cli import accounts, common
from pwdload.cli import check as checking
from pwdload.cli import compare as comparing
from pwdload.cli import doctor as examining
from pwdload.cli.common import AsJson, say_json
from pwdload.errors import PwdloadError, disk_words
from pwdload.extensions import load_own
from pwdload.outcome import Verdict
from pwdload.run import starting
from pwdload.rundir import RunDirectory
from pwdload.scenario import json_schema
from pwdload.secrecy import refuse_on_command_line

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Load and resilience testing of the change of an expired password (Huawei Cloud OneAccess).",
    epilog=common.VERDICTS,
)
_KINDS = {"accept": "", "refuse": "refused: ", "accept_or_refuse": "accepted or refused: "}
_PASS_ON = {"allow_extra_args": True, "ignore_unknown_options": True}

app.add_typer(accounts.app, name="accounts")
app.command("compare", epilog=common.COMPARED)(comparing.compare)
app.command("history", epilog=common.DONE)(comparing.history)
app.command("doctor", epilog=common.EXAMINED)(examining.doctor)

Locustfile = Annotated[
    Path | None,
    typer.Option(
        help="Locustfile with the user classes; without it locustfiles/password_update.py, else that of the package."
    ),
]
ScenarioFile = Annotated[Path, typer.Argument(metavar="SCENARIO", help="Scenario file, e.g. scenarios/smoke.toml.")]


def _say_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"pwdload {version('pwdload')}")
        raise typer.Exit


@app.callback()
def _options(
    _version: Annotated[
        bool, typer.Option("--version", callback=_say_version, is_eager=True, help="Print the version and leave.")
    ] = False,
) -> None:
    pass


@app.command("run", context_settings=_PASS_ON, epilog=common.VERDICTS)
def run_scenario(
    context: typer.Context,
    scenario: ScenarioFile,
    locustfile: Locustfile = None,
) -> None:
    """Run a scenario headless with Locust; further options are Locust's own (--host, --processes 2, ...)."""
    run.load(scenario)  # every problem of the file is told before Locust says anything
    run.become_locust(locustfile or starting.locustfile(), scenario, ["--headless", *context.args])


@app.command(epilog=common.DONE)
def init(
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="Folder to start from; made where it is missing.")],
    ci: Annotated[
        list[starting.Pipeline], typer.Option("--ci", help="A pipeline that runs smoke as well; may be repeated.")
    ] = [],  # noqa: B006 - typer makes a new one for each call
    kubernetes: Annotated[
        bool, typer.Option("--kubernetes", help="A container file and manifests for master and workers as well.")
    ] = False,
    grafana: Annotated[
        bool, typer.Option("--grafana", help="A Grafana dashboard for runs that are on as well (docs/watching.md).")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Lay down a locustfile, scenarios and settings of Locust to start from; overwrites nothing.

    In a folder that was started from before, only what --ci, --kubernetes and --grafana add.
    """
    chosen = {starting.Extra.KUBERNETES: kubernetes, starting.Extra.GRAFANA: grafana}
    extras = [*map(starting.Extra, ci), *(extra for extra, is_wanted in chosen.items() if is_wanted)]
    written = starting.lay_down(directory, extras)
    if as_json:
        say_json({"files": [*map(str, written)]})
        return
    for path in written:
        typer.echo(path)
    first = "" if directory.resolve() == Path.cwd() else f"cd {shlex.quote(str(directory))} && "
    typer.echo(f"Next: {first}pwdload run scenarios/smoke.toml")


@app.command(epilog=common.DONE)
def plan(scenario: ScenarioFile, as_json: AsJson = False) -> None:
    """Check a scenario and print what it would run, without sending anything."""
    loaded = run.load(scenario)
    if as_json:
        say_json(run.plan_data(loaded))
    else:
        typer.echo(run.plan(loaded))


@app.command(epilog=common.VERDICTS)
def report(
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="Run directory, e.g. reports/demo/latest.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print verdict.json instead of words.")] = False,
) -> None:
    """Make the report of a run from its directory alone; exits with the run's verdict."""
    run_directory = RunDirectory.open(directory)
    load_own("report")
    from pwdload.report import make  # noqa: PLC0415 - pandas takes a second that other commands need not
    from pwdload.report.as_json import render_verdict  # noqa: PLC0415 - as above

    made = make(run_directory)
    if as_json:
        typer.echo(render_verdict(made), nl=False)
    else:
        typer.echo(made.headline_text)
        typer.echo(f"Report: {run_directory.shown / 'report.html'}")
    raise typer.Exit(made.verdict.exit_code)


@app.command(epilog=common.CORRECT)
def check(
    directories: Annotated[list[Path], typer.Argument(metavar="DIR...", help="Run directories, of any machine.")],
    as_json: AsJson = False,
) -> None:
    """Judge saved runs: was the target right, whatever its speed? Exits with 0, 4 (it was not) or 5 (nobody knows)."""
    from pwdload.run.check import check as check_runs  # noqa: PLC0415 - Arrow takes half a second

    checked = check_runs(directories)
    if as_json:
        typer.echo(checking.as_json(checked))
    else:
        checking.show(checked)
    raise typer.Exit(checking.verdict_of(checked).exit_code)


@app.command(epilog=common.CALIBRATED)
def calibrate(
    short: Annotated[bool, typer.Option("--short", help="Only what every run measures first: three seconds.")] = False,
    locustfile: Locustfile = None,
    reports: Annotated[Path, typer.Option(help="Folder that keeps the certificate for later reports.")] = run.REPORTS,
    as_json: AsJson = False,
) -> None:
    """Hold this machine's instrument against known truths (four minutes); exits with 3 where it fails."""
    from pwdload.calibration.words import certificate_text  # noqa: PLC0415 - as below

    chosen = locustfile or starting.locustfile()
    certificate = run.calibrate(short=short, locustfile=chosen, reports=reports, say=_to_stderr)
    if as_json:
        say_json({"certificate": asdict(certificate), "problems": certificate.problems()})
    else:
        typer.echo(certificate_text(certificate))
    raise typer.Exit(Verdict.INVALID.exit_code if certificate.problems() else 0)


def _to_stderr(line: str) -> None:
    typer.echo(line, err=True)


@app.command("cases", epilog=common.DONE)
def list_cases(as_json: AsJson = False) -> None:
    """List the cases of the catalogue: what is sent, and what must come back."""
    if as_json:
        say_json({"cases": [_case_data(case) for case in CASES.values()]})
        return
    table = Table(box=None, pad_edge=False, show_edge=False)
    table.add_column("case", no_wrap=True)
    table.add_column("what the client does")
    table.add_column("what must come back, step by step")
    for group, names in GROUPS.items():
        table.add_row()
        table.add_row(f"[bold]{group}[/bold]", "[dim]the group: its weight is shared evenly[/dim]", "")
        for name in names:
            case = CASES[name]
            table.add_row(f"  {name}", case.summary, " → ".join(map(_in_words, case.steps)))
    Console().print(table)


def _case_data(case: Case) -> dict[str, object]:
    steps = [{"step": one.step.value, "expect": one.expect.label} for one in case.steps if not isinstance(one, Wait)]
    return {"name": case.name, "group": case.group, "summary": case.summary, "needs": case.needs.value, "steps": steps}


def _in_words(step: CaseStep) -> str:
    """Say what must come back to a step."""
    if isinstance(step, Wait):
        return "(wait)"
    kind, _, words = step.expect.label.partition(":")
    return _KINDS[kind] + words.replace("|", " or ")


@app.command(epilog=common.DONE)
def schema() -> None:
    """Print the JSON schema of scenario files, for editors."""
    typer.echo(json.dumps(json_schema(), indent=2, ensure_ascii=False))


@app.command(context_settings=_PASS_ON, add_help_option=False, epilog=common.SERVES)
def standin(context: typer.Context) -> None:
    """Start the stand-in for OneAccess (a separate program; see `pwdload standin --help`)."""
    run.become_standin(context.args)


@app.command(context_settings=_PASS_ON, add_help_option=False, epilog=common.SERVES)
def proxy(context: typer.Context) -> None:
    """Start the fault proxy, driven over Toxiproxy's API (a program of its own; see `pwdload proxy --help`)."""
    run.become_proxy(context.args)


def _refuse_secrets(arguments: Sequence[str]) -> None:
    """Refuse secrets that are typed; those of the stand-in, which it makes up, keep nothing from anybody."""
    if arguments[:1] != ["standin"]:
        refuse_on_command_line(arguments, os.environ)


def main() -> None:
    """Run the command line; what the user has to mend is told in plain lines, without a traceback."""
    gc.freeze()  # what was imported stays to the end: no look for garbage need go through it
    try:
        _refuse_secrets(sys.argv[1:])
        load_own("cases")
        app()
    except OSError as error:  # a full or read-only disk, a folder where a file belongs
        sys.stderr.write(f"pwdload: {disk_words(error)}\n")
        sys.exit(PwdloadError.exit_code)
    except PwdloadError as error:
        sys.stderr.write("".join(f"pwdload: {line}\n" for line in str(error).splitlines()))
        sys.exit(error.exit_code)
