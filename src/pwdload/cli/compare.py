"""`pwdload compare` and `pwdload history`: runs held against one another, and a scenario's past."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from pwdload.cli.common import AsJson
from pwdload.errors import UsageError
from pwdload.units import parse_share

if TYPE_CHECKING:  # pandas takes half a second that other commands need not
    from pwdload.report.comparison import Given, Page

MARGIN = "5%"
_WIDTH = 140
_STYLES = {"good": "green", "warn": "yellow", "bad": "bold red", "plain": ""}
_HISTORY_COLUMNS = ("place", "started", "verdict", "goodput_per_s", "p50_s", "p95_s", "p99_s", "failed_share",
                    "capacity_per_s", "left_out")  # fmt: skip


def _margin(value: str) -> float:
    try:
        share = parse_share(value)
    except UsageError as error:
        raise typer.BadParameter(str(error)) from None
    if not 0 < share <= 1:
        raise typer.BadParameter(f"{value}: allowed is more than 0 % and at most 100 %")
    return share


Sides = Annotated[
    list[Path] | None,
    typer.Argument(metavar="BASE NEW...", help="Run directories, or folders that hold several runs of one side."),
]
MoreBase = Annotated[
    list[Path] | None, typer.Option("--base", metavar="DIR", help="A run of the base; may be repeated.")
]
MoreNew = Annotated[
    list[Path] | None, typer.Option("--new", metavar="DIR", help="A run of the new side; may be repeated.")
]
Margin = Annotated[
    float,
    typer.Option(metavar="SHARE", parser=_margin, help="By how much a number may differ and still count as the same."),
]
Seed = Annotated[int, typer.Option(min=0, help="Of what is drawn for intervals and tests.")]
Out = Annotated[
    Path | None, typer.Option("--out", metavar="DIR", help="Folder for the files; made where there is none.")
]
Anyway = Annotated[bool, typer.Option("--anyway", help="Compare what differs too much, with that as a caveat.")]
ScenarioName = Annotated[
    str | None, typer.Option("--scenario", metavar="NAME", help="Of which scenario, if of several.")
]
Folder = Annotated[Path, typer.Argument(metavar="DIR", help="Folder that holds runs, e.g. reports/baseline.")]
Reports = Path("reports")


def compare(  # noqa: PLR0913 - the options, each as a person gives it
    sides: Sides = None,
    *,
    base: MoreBase = None,
    new: MoreNew = None,
    margin: Margin = MARGIN,  # type: ignore[assignment]
    seed: Seed = 0,
    out: Out = None,
    anyway: Anyway = False,
    as_json: AsJson = False,
) -> None:
    """Hold runs against a base: better, worse, equivalent, or cannot tell.

    Each further run after BASE is a new side of its own; --base and --new add runs to either side, which then count for
    how much runs of one side differ: the best is several runs of each, made in turn.
    """
    from pwdload.report.comparison import compare_runs, write  # noqa: PLC0415 - pandas takes half a second

    of_base, of_new = _sides(sides or [], base or [], new or [])
    page = compare_runs(of_base, of_new, margin=margin, seed=seed, anyway=anyway)
    folder = out or Reports / "comparisons" / _name([*of_base.paths[:1], *(one.paths[0] for one in of_new)])
    write(page, folder)
    if as_json:
        _say_json(page)
    else:
        _say(page)
        typer.echo(f"Comparison: {folder / 'comparison.html'}")
    raise typer.Exit(page.exit_code)


def history(
    folder: Folder, *, scenario: ScenarioName = None, seed: Seed = 0, out: Out = None, as_json: AsJson = False
) -> None:
    """Show the trend of a scenario over all its runs below a folder, and where a number changed for good."""
    from pwdload.report.comparison import past_of, write  # noqa: PLC0415 - as above

    page = past_of(folder, scenario=scenario, seed=seed)
    place = out or Reports / "histories" / _name([folder, *([Path(scenario)] if scenario else [])])
    write(page, place)
    if as_json:
        _say_json(page)
        return
    _show_runs(page)
    _say(page)
    typer.echo(f"History: {place / 'history.html'}")


def _say_json(page: "Page") -> None:
    """Print what the folder has as a file too: comparison.json or history.json."""
    from pwdload.report.comparison.as_json import render  # noqa: PLC0415 - as above

    typer.echo(render(page), nl=False)


def _sides(given: Sequence[Path], base: Sequence[Path], new: Sequence[Path]) -> tuple["Given", list["Given"]]:
    """Sort what was given into sides.

    Raises:
        UsageError: a side is missing, or it is not clear which side more runs belong to.
    """
    from pwdload.report.comparison import Given  # noqa: PLC0415 - as above

    of_base = [*given[:1], *base]
    others = list(given[1:])
    if not of_base or not (others or new):
        raise UsageError("compare: two sides are needed: pwdload compare BASE NEW, or --base DIR --new DIR")
    if new and len(others) > 1:
        raise UsageError(
            f"compare: --new adds runs to one new side, but {len(others)} were given; give one NEW, or --new for each"
        )
    news = [[path] for path in others] or [[]]
    news[0] += new
    names = ["new"] if len(news) == 1 else [f"new {number}" for number in range(1, len(news) + 1)]
    sides = [Given(name=name, paths=tuple(paths)) for name, paths in zip(names, news, strict=True)]
    return Given(name="base", paths=tuple(of_base)), sides


def _name(paths: Sequence[Path]) -> str:
    """Return the name of a folder for what these directories were made into."""
    # What is resolved first has a name: ".", "latest".
    return "--".join(re.sub(r"[^\w.-]+", "_", path.resolve().name) or "runs" for path in paths)


def _say(page: "Page") -> None:
    console = Console(highlight=False, markup=False, emoji=False, soft_wrap=True)
    first, *others = page.headline_text.splitlines()
    console.print(Text(first, style=_STYLES[page.tone]))
    for line in others:
        console.print(Text(line))


def _show_runs(page: "Page") -> None:
    """Print the table of the runs, in a few columns."""
    from pwdload.report.formats import is_number, shown  # noqa: PLC0415 - as above

    runs = next(table for table in page.tables if table.name == "runs")
    places = [place for place, column in enumerate(runs.columns) if column.name in _HISTORY_COLUMNS]
    table = Table(box=None, pad_edge=False, show_edge=False)
    for place in places:
        column = runs.columns[place]
        table.add_column(column.label, justify="right" if is_number(column.kind) else "left", no_wrap=True)
    for row in runs.rows:
        table.add_row(*(Text(shown(runs.columns[place], row[place])) for place in places))
    console = Console(highlight=False, markup=False, emoji=False)
    console.width = max(console.width, _WIDTH)  # cut off at its edge, a number would be another one
    console.print(table)
