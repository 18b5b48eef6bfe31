"""Options that several commands share, and values with units among them."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from pwdload.errors import UsageError
from pwdload.units import parse_duration_s, parse_rate_per_s


def _with_unit(parse: Callable[[object], float], *, positive: bool) -> Callable[[str], float]:
    """Make a parser for an option out of one of a scenario's."""

    def read(value: str) -> float:
        try:
            number = parse(value)
        except UsageError as error:
            raise typer.BadParameter(str(error)) from None
        if positive and not number:
            raise typer.BadParameter(f"{value}: nothing would ever be sent; allowed is more than 0")
        return number

    return read


LedgerDirectory = Annotated[
    Path, typer.Argument(metavar="LEDGER", help="Directory that keeps the accounts, e.g. accounts/staging.")
]
Host = Annotated[
    str | None,
    typer.Option(metavar="URL", help="Base URL of the target; without it, the one that the ledger belongs to."),
]
AllowHost = Annotated[
    list[str],
    typer.Option(
        metavar="HOST", help="Host that may be touched, besides loopback and [target] allow; may be repeated."
    ),
]
ScenarioOption = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="Scenario whose [target] and [password_policy] hold; without it, the defaults."),
]
Rate = Annotated[
    float,
    typer.Option(
        metavar="RATE", parser=_with_unit(parse_rate_per_s, positive=True), help="Requests at most, e.g. 20/s."
    ),
]
Concurrency = Annotated[int, typer.Option(min=1, max=256, help="Requests at a time, at most.")]
Patience = Annotated[
    float,
    typer.Option(
        metavar="TIME",
        parser=_with_unit(parse_duration_s, positive=False),
        help="How long a target is waited for that does not answer or turns everything away.",
    ),
]
LockWait = Annotated[
    float,
    typer.Option(
        metavar="TIME",
        parser=_with_unit(parse_duration_s, positive=False),
        help="How long accounts that are locked out are waited for.",
    ),
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would be done; change and send nothing.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of words.")]
