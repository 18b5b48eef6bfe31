"""`pwdload accounts`: test accounts from their making to their end."""

import json
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Annotated

import typer

from pwdload.accounts.entry import Entry, Status
from pwdload.accounts.ledger import Ledger, LedgerView
from pwdload.accounts.scribe import Told
from pwdload.cli import overview
from pwdload.cli.common import ACCOUNTS, DONE, AsJson, say_json
from pwdload.cli.meter import meter
from pwdload.cli.options import AllowHost, DryRun, Host, LedgerDirectory, at_target
from pwdload.errors import UsageError
from pwdload.outcome import Verdict
from pwdload.run import accounts as work
from pwdload.units import format_count

app = typer.Typer(
    no_args_is_help=True,
    help="Test accounts that are never lost: make or import them, see how they are, settle doubts, put them back.",
    epilog=f"Every command may be broken off and typed again: it goes on from there. {ACCOUNTS}",
)
_WHYS_SHOWN = 5
_INTERRUPTED = 128 + 2
"""What a shell reports of a program that Ctrl-C (signal 2) has ended."""


@app.command(epilog=ACCOUNTS)
@at_target
def create(
    where: work.Where,
    count: Annotated[int, typer.Option(min=1, max=1_000_000, help="How many accounts there shall be.")],
    prefix: Annotated[str, typer.Option(help="What their user names begin with; six digits follow.")] = "load",
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Make accounts by the tenant API, until there are COUNT; those that are there already are left alone."""
    if not re.fullmatch(r"[!-~]{1,60}", prefix):
        raise UsageError(f"--prefix {prefix!r}: allowed are 1 to 60 visible ASCII characters")
    if dry_run:
        _would("make", where, work.missing(where, count, prefix), as_json=as_json)
        return
    with _going_on("create") as begin:
        made = work.create(where, count, prefix, begin)
    failed = {"name taken": made.conflicts, "refused": made.refused, "left": made.left}
    _report("made", made.made, failed, as_json=as_json)


@app.command("import", epilog=DONE)
def import_list(
    directory: LedgerDirectory,
    csv: Annotated[Path, typer.Argument(metavar="CSV", help="List of accounts: user_name,password[,state,...].")],
    host: Host = None,
    allow_host: AllowHost = [],  # noqa: B006 - typer makes a new one for each call
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Take listed accounts into a ledger; every mistake in the list is told at once. Sends nothing."""
    where = work.Where(directory=directory, host=host, allow=tuple(allow_host))
    with ExitStack() as stack:
        done = work.import_list(
            where, csv, dry_run=dry_run, begin=lambda total: stack.enter_context(meter("import", total))
        )
    if as_json:
        verb = "would_add" if dry_run else "added"
        say_json({"ledger": str(directory), verb: done.added, "listed": done.listed})
        return
    _say(
        f"{directory}: {'would add' if dry_run else 'added'} {format_count(done.added)} of {format_count(done.listed)} "
        f"listed accounts; {format_count(done.listed - done.added)} were there already"
    )
    if not dry_run:
        _say(f"Keep {csv}: the passwords that its accounts came with are only in it.")


@app.command(epilog=DONE)
def status(directory: LedgerDirectory, as_json: AsJson = False) -> None:
    """Say how the accounts of a ledger are, and what to do next; also while a run is on."""
    with _view(directory) as view:
        shown = overview.look_at(view)
    words = json.dumps(overview.as_json(shown), indent=2, ensure_ascii=False) if as_json else overview.in_words(shown)
    _say(words)


@app.command(epilog=ACCOUNTS)
@at_target
def arm(
    where: work.Where,
    count: Annotated[int | None, typer.Option(min=1, help="At most so many; without it, all that were used.")] = None,
    even_retired: Annotated[
        bool, typer.Option("--even-retired", help="Those out of use, too, and those whose doubt cannot be settled.")
    ] = False,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Put used accounts back by the tenant API: a new password, and another one to be asked for at the next login."""
    if dry_run:
        total = _count(where.directory, lambda view: work.to_arm(view, even_retired=even_retired))
        _would("put back", where, total if count is None else min(total, count), as_json=as_json)
        return
    with _going_on("arm") as begin:
        armed = work.arm(where, begin, count=count, even_retired=even_retired)
    failed = {"in doubt": armed.still_unknown, "gone": armed.gone, "refused": armed.refused, "left": armed.left}
    _report("put back", armed.armed, failed, as_json=as_json)


@app.command(epilog=ACCOUNTS)
@at_target
def settle(where: work.Where, dry_run: DryRun = False, as_json: AsJson = False) -> None:
    """Find out which password opens each account in doubt: the newer one is tried, then the older, twice at most."""
    if dry_run:
        _would("settle", where, _count(where.directory, lambda view: view.entries(Status.UNKNOWN)), as_json=as_json)
        return
    with _going_on("settle") as begin:
        found = work.settle_doubts(where, begin)
    if as_json:
        parts = ("applied", "not_applied", "neither", "still_unknown")
        say_json({part: _told_data(getattr(found, part)) for part in parts})
        _leave(is_done=not found.still_unknown)
        return
    _say(
        f"applied {format_count(len(found.applied))}, not applied {format_count(len(found.not_applied))}, "
        f"neither {format_count(len(found.neither))}, still unknown {format_count(len(found.still_unknown))}"
    )
    _whys({"neither": found.neither, "still unknown": found.still_unknown})
    _leave(is_done=not found.still_unknown)


@app.command(epilog=DONE)
def export(
    directory: LedgerDirectory,
    out: Annotated[Path | None, typer.Option(metavar="FILE", help="Where to; without it, standard output.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line instead of CSV.")] = False,
) -> None:
    """Write all that a ledger knows of its accounts, a line for each. No password is in it, nor what would give one."""
    with _view(directory) as view:
        lines = overview.exported(view.entries(), as_json=as_json)
        if out is None:
            sys.stdout.writelines(lines)
            return
        unfinished = out.with_name(f".{out.name}.unfinished")
        with unfinished.open("w", encoding="utf-8", newline="") as file:
            file.writelines(lines)
        unfinished.replace(out)
    _say(f"Written: {out}")


@app.command(epilog=ACCOUNTS)
@at_target
def delete(
    where: work.Where,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    even_imported: Annotated[
        bool, typer.Option("--even-imported", help="Those, too, that were there before the ledger.")
    ] = False,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Remove from the target the accounts that were made by `create`; others only where that is said."""
    total = _count(where.directory, lambda view: work.to_delete(view, even_imported=even_imported))
    if dry_run:
        _would("remove", where, total, as_json=as_json)
        return
    if total and not yes:
        _ask(f"Remove {format_count(total)} accounts at {work.target_of(where)}?")
    with _going_on("delete") as begin:
        gone = work.delete(where, begin, even_imported=even_imported)
    failed = {"name taken": gone.conflicts, "refused": gone.refused, "left": gone.left}
    _report("removed", gone.deleted, failed, as_json=as_json)


@contextmanager
def _view(directory: Path) -> Iterator[LedgerView]:
    view = Ledger.read(directory)
    try:
        yield view
    finally:
        view.close()


def _count(directory: Path, chosen: Callable[[LedgerView], Iterator[Entry]]) -> int:
    with _view(directory) as view:
        return sum(1 for _ in chosen(view))


@contextmanager
def _going_on(label: str) -> Iterator[work.Begin]:
    """Show how far the work is; Ctrl-C ends it in order, and says how to go on."""
    with ExitStack() as stack:

        def begin(total: int) -> work.Progress:
            step = stack.enter_context(meter(label, total))
            return lambda _told: step()

        try:
            yield begin
        except KeyboardInterrupt:
            stack.close()
            _to_stderr("pwdload: interrupted; what was done is kept: type the same command again to go on")
            raise typer.Exit(_INTERRUPTED) from None


def _would(verb: str, where: work.Where, total: int, *, as_json: bool) -> None:
    if as_json:
        target = work.target_of(where)
        say_json({"ledger": str(where.directory), "target": target, f"would_{_key(verb)}": total})
        return
    _say(f"{where.directory}: would {verb} {format_count(total)} accounts at {work.target_of(where)}")


def _ask(question: str) -> None:
    """Ask before what cannot be undone.

    Raises:
        UsageError: nobody is there to answer.
    """
    if not sys.stdin.isatty():
        raise UsageError("nobody is there to say yes; give --yes to remove accounts without asking")
    typer.confirm(question, abort=True)


def _key(words: str) -> str:
    return words.replace(" ", "_")


def _told_data(told: Sequence[Told]) -> dict[str, object]:
    """Return how many there are, and the first few by name."""
    first = [{"user_name": one.entry.user_name, "why": one.why} for one in told[:_WHYS_SHOWN]]
    return {"count": len(told), "first": first}


def _report(verb: str, done: Sequence[Told], failed: dict[str, Sequence[Told]], *, as_json: bool) -> None:
    if as_json:
        say_json({_key(verb): len(done), **{_key(words): _told_data(told) for words, told in failed.items()}})
        _leave(is_done=not any(failed.values()))
        return
    others = "".join(f", {words} {format_count(len(told))}" for words, told in failed.items() if told)
    _say(f"{verb} {format_count(len(done))}{others}")
    _whys(failed)
    _leave(is_done=not any(failed.values()))


def _whys(failed: dict[str, Sequence[Told]]) -> None:
    """Name the first few of each kind, and why."""
    for words, told in failed.items():
        for one in told[:_WHYS_SHOWN]:
            _say(f"  {words}: {one.entry.user_name}{f': {one.why}' if one.why else ''}")
        if len(told) > _WHYS_SHOWN:
            _say(f"  {words}: and {format_count(len(told) - _WHYS_SHOWN)} more (pwdload accounts export lists all)")


def _leave(*, is_done: bool) -> None:
    if not is_done:
        raise typer.Exit(Verdict.INCONCLUSIVE.exit_code)


def _say(line: str) -> None:
    typer.echo(line)


def _to_stderr(line: str) -> None:
    typer.echo(line, err=True)
