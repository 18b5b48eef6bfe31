"""What the run did to its test accounts, by their ledger."""

from collections.abc import Iterator

from pwdload.analysis import Analysis
from pwdload.report.frames import code, number, text
from pwdload.report.model import Cell, Kind, Section, Table
from pwdload.rundir import AccountsRecord, SettledRecord
from pwdload.units import format_duration

_REUSE = {
    "once": "each account is used for one change",
    "warn": "an account in the warning window is used again after its change",
    "rearm": "an administrator puts a used account back",
}


def accounts_section(analysis: Analysis) -> Section | None:
    """Return what was used, what was in doubt and how that was settled; null for a run that kept no ledger."""
    ledger = analysis.run.record.ledger
    if ledger is None:
        return None
    return Section(
        name="accounts",
        title="Test accounts",
        intro=_intro(ledger),
        items=(_counts(analysis, ledger), *((_retired(ledger),) if ledger.retired_first else ())),
    )


def _intro(ledger: AccountsRecord) -> str:
    doubt = (
        f"{ledger.unknown_left:,} are in doubt: nobody knows which of two passwords opens them."
        if ledger.unknown_left
        else "The password of every account is known."
    )
    dry = f" The first flow found none left at {format_duration(ledger.dry_s)}." if ledger.dry_s is not None else ""
    damages = f" {' '.join(ledger.damages)}" if ledger.damages else ""
    return f"Reuse is {ledger.reuse}: {_REUSE[ledger.reuse]}. {doubt}{dry}{damages}"


def _counts(analysis: Analysis, ledger: AccountsRecord) -> Table:
    columns = (text("what"), number("accounts", "accounts", Kind.COUNT))
    return Table(
        name="accounts",
        title="What became of them",
        caption=f"By the ledger {ledger.ledger}."
        if ledger.ledger
        else "By the run's own ledger; the accounts ended with the embedded stand-in.",
        columns=columns,
        rows=tuple(_rows(analysis, ledger)),
    )


def _rows(analysis: Analysis, ledger: AccountsRecord) -> Iterator[tuple[Cell, ...]]:
    yield "ready before the run", ledger.ready_before
    if ledger.settled_before is not None:
        yield from _settled_rows(ledger.settled_before, "of an earlier run")
    yield "changed, by the target's own word", ledger.changed
    yield "change in doubt", ledger.doubtful
    if ledger.settled is not None:
        yield from _settled_rows(ledger.settled, "of this run")
    if ledger.reuse == "rearm":
        yield "put back", ledger.rearmed
        yield "not put back", ledger.rearm_failed
        yield "requests for that, in no other number", len(analysis.run.rearms)
    yield "taken out of use", ledger.retired
    yield "ready after the run", ledger.ready_after
    yield "in doubt after the run", ledger.unknown_left


def _settled_rows(settled: SettledRecord, whose: str) -> Iterator[tuple[Cell, ...]]:
    yield f"doubt {whose}: was applied", settled.applied
    yield f"doubt {whose}: was not applied", settled.not_applied
    yield f"doubt {whose}: neither password opens it", settled.neither
    yield f"doubt {whose}: still unknown", settled.still_unknown


def _retired(ledger: AccountsRecord) -> Table:
    columns = (number("index", "account", Kind.COUNT), code("user_name", "user name"), text("reason"))
    more = ledger.retired - len(ledger.retired_first)
    return Table(
        name="retired_accounts",
        title="Taken out of use",
        caption="No run uses them again until they are put back (`pwdload accounts arm`)."
        + (f" And {more:,} more: see `pwdload accounts status`." if more > 0 else ""),
        columns=columns,
        rows=tuple((one.index, one.user_name, one.reason) for one in ledger.retired_first),
    )
