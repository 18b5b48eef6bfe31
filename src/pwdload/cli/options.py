"""The options of the commands that work at a target: one list for all of them, and values with units among it."""

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Concatenate

import typer

from pwdload.accounts.scribe import Manner
from pwdload.errors import UsageError
from pwdload.run.accounts import Where
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


_RATE, _TIME = _with_unit(parse_rate_per_s, positive=True), _with_unit(parse_duration_s, positive=False)
LedgerDirectory = Annotated[
    Path, typer.Argument(metavar="LEDGER", help="Directory that keeps the accounts, e.g. accounts/staging.")
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would be done; change and send nothing.")]
Host = Annotated[
    str | None,
    typer.Option(metavar="URL", help="Base URL of the target; without it, the one that the ledger belongs to."),
]
ScenarioOption = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="Scenario whose target and password policy hold; without it, the defaults."),
]
AllowHost = Annotated[
    list[str],
    typer.Option(
        metavar="HOST", help="Host that may be touched besides loopback and those of the scenario; may be repeated."
    ),
]

YesThisIs = Annotated[
    str | None,
    typer.Option(metavar="HOST", help="The target's host, typed again, where its name looks like production."),
]


def _where(  # noqa: PLR0913 - the options that commands share, each as a person gives it
    directory: LedgerDirectory,
    *,
    host: Host = None,
    scenario: ScenarioOption = None,
    allow_host: AllowHost = [],  # noqa: B006 - typer makes a new one for each call
    yes_this_is: YesThisIs = None,
    rate: Annotated[float, typer.Option(metavar="RATE", parser=_RATE, help="Requests at most.")] = "20/s",  # type: ignore[assignment]
    concurrency: Annotated[int, typer.Option(min=1, max=256, help="Requests at a time at most.")] = 8,
    patience: Annotated[
        float, typer.Option(metavar="TIME", parser=_TIME, help="How long a target is waited for that does not answer.")
    ] = "1m",  # type: ignore[assignment]
    lock_wait: Annotated[
        float, typer.Option(metavar="TIME", parser=_TIME, help="How long accounts that are locked are waited for.")
    ] = "3m30s",  # type: ignore[assignment]
) -> Where:
    manner = Manner(rate_per_s=rate, threads=concurrency, patience_s=patience, locked_s_max=lock_wait)
    return Where(
        directory=directory,
        host=host,
        allow=tuple(allow_host),
        yes_this_is=yes_this_is,
        scenario=scenario,
        manner=manner,
    )


def at_target(command: Callable[Concatenate[Where, ...], None]) -> Callable[..., None]:
    """Make a command that takes a `Where` into one that takes the options which describe it."""
    shared = inspect.signature(_where).parameters
    own = list(inspect.signature(command).parameters.values())[1:]

    def wrapped(**given: object) -> None:
        where = _where(**{name: given.pop(name) for name in shared})  # type: ignore[arg-type]
        command(where, **given)

    parameters = [*shared.values(), *(one.replace(kind=inspect.Parameter.KEYWORD_ONLY) for one in own)]
    wrapped.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    wrapped.__annotations__ = {one.name: one.annotation for one in parameters}
    wrapped.__name__, wrapped.__doc__ = command.__name__, command.__doc__
    return wrapped
