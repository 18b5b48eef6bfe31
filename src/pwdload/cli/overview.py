"""How the accounts of a ledger are, in words and as JSON; and all of them, line by line, without any secret."""

import csv
import io
import json
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pwdload.accounts.account import PasswordRef
from pwdload.accounts.entry import Entry, Status
from pwdload.accounts.ledger import LedgerMeta, LedgerStatus, LedgerView
from pwdload.accounts.listing import STATES
from pwdload.units import format_count, format_duration

_NAMES_SHOWN = 3
_COLUMNS = (
    *("index", "user_name", "state", "status", "password_generation", "password_shape", "doubt_generation"),
    *("doubt_shape", "doubts", "retired_because", "user_id", "made_by_us", "tenant", "device", "tags", "changed_at"),
)
_WORDS = {
    Status.MAKING: "being made",
    Status.READY: "ready",
    Status.CHANGED: "used",
    Status.UNKNOWN: "in doubt",
    Status.RETIRED: "retired",
    Status.DELETED: "deleted",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """How the accounts of a ledger are."""

    path: Path
    meta: LedgerMeta
    status: LedgerStatus
    retired: Mapping[str, Sequence[str]]
    """The first few user names by reason."""
    damages: Sequence[str]
    next_command: str
    """What to type next, and why."""


def look_at(view: LedgerView) -> Overview:
    """Return how the accounts of a ledger are."""
    status = view.status()
    return Overview(
        path=view.path,
        meta=view.meta,
        status=status,
        retired=_first_names(view) if status.of(Status.RETIRED) else {},
        damages=view.damages,
        next_command=next_command(view.path, status, view.meta.host),
    )


def _first_names(view: LedgerView) -> dict[str, list[str]]:
    names: dict[str, list[str]] = {}
    wanted = len(view.status().retired)
    for entry in view.entries(Status.RETIRED):
        some = names.setdefault(entry.reason.words if entry.reason else "", [])
        if len(some) < _NAMES_SHOWN:
            some.append(entry.user_name)
        elif len(names) == wanted and all(len(each) == _NAMES_SHOWN for each in names.values()):
            break
    return names


def next_command(path: Path, status: LedgerStatus, host: str) -> str:
    """Return what to do next: the command, and why."""
    accounts = f"pwdload accounts {{}} {path}"
    if status.doubts:
        return f"{accounts.format('settle')}   (nobody knows which password is in force)"
    if status.of(Status.MAKING):
        return f"{accounts.format('create')} --count N   (goes on where it was interrupted)"
    if status.of(Status.READY):
        return f"pwdload run SCENARIO --accounts {path} --host {host or 'URL'}"
    if status.of(Status.CHANGED):
        return f"{accounts.format('arm')}   (none is ready; those that were used can be put back)"
    return f"{accounts.format('create')} --host {host or 'URL'} --count N, or import a list: none is ready"


def in_words(shown: Overview) -> str:
    """Return an overview for people."""
    return "\n".join(_lines(shown))


def _lines(shown: Overview) -> Iterator[str]:
    status, meta = shown.status, shown.meta
    of = f" of {meta.host}" if meta.host else ", of no target yet"
    yield f"{shown.path}: {format_count(status.accounts)} accounts{of}"
    if meta.source:
        yield f"listed in {meta.source}"
    yield ""
    yield from _table(status)
    yield ""
    if status.doubts:
        since = status.oldest_doubt_at
        age = f", the oldest for {format_duration(max(time.time() - since, 0.0))}" if since is not None else ""
        yield f"In doubt: {format_count(status.doubts)}{age}"
    for reason, count in sorted(status.retired.items()):
        names = shown.retired.get(reason, ())
        more = ", ..." if count > len(names) else ""
        yield f"Retired: {reason or 'for no reason that is known'}: {format_count(count)} ({', '.join(names)}{more})"
    for damage in shown.damages:
        yield f"Damage: {damage}"
    yield f"Next: {shown.next_command}"


def _table(status: LedgerStatus) -> Iterator[str]:
    states = [*STATES, *sorted({state for _, state in status.counts} - {*STATES})]
    rows = [("status", *states, "all")]
    for one in Status:
        if status.of(one):
            counts = [status.of(one, state) for state in states]
            rows.append((_WORDS[one], *map(format_count, counts), format_count(status.of(one))))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for name, *figures in rows:
        cells = [f"{figure:>{width}}" for figure, width in zip(figures, widths[1:], strict=True)]
        yield f"  {'  '.join([f'{name:<{widths[0]}}', *cells])}"


def as_json(shown: Overview) -> dict[str, object]:
    """Return an overview for programs."""
    status = shown.status
    by_status: dict[str, dict[str, int]] = {}
    for (one, state), count in status.counts.items():
        by_status.setdefault(one.value, {})[state] = count
    return {
        "ledger": str(shown.path),
        "host": shown.meta.host,
        "source": shown.meta.source,
        "accounts": status.accounts,
        "by_status": by_status,
        "in_doubt": status.doubts,
        "oldest_doubt_at": status.oldest_doubt_at,
        "retired": {
            reason: {"count": count, "first": list(shown.retired.get(reason, ()))}
            for reason, count in sorted(status.retired.items())
        },
        "damages": list(shown.damages),
        "next": shown.next_command,
    }


def exported(entries: Iterable[Entry], *, as_json: bool) -> Iterator[str]:
    """Yield all accounts, one on each line, as CSV or as JSON."""
    if as_json:
        for entry in entries:
            yield json.dumps(dict(zip(_COLUMNS, _fields(entry), strict=True)), ensure_ascii=False) + "\n"
        return
    line = io.StringIO()
    writer = csv.writer(line, lineterminator="\n")
    for row in _with_header(entries):
        writer.writerow(row)
        yield line.getvalue()
        line.seek(0)
        line.truncate()


def _with_header(entries: Iterable[Entry]) -> Iterator[Sequence[object]]:
    yield _COLUMNS
    for entry in entries:
        yield [str(value).lower() if isinstance(value, bool) else value for value in _fields(entry)]


def _fields(entry: Entry) -> tuple[object, ...]:
    doubt = entry.doubt
    return (
        *(entry.index, entry.user_name, entry.state, entry.status.value, *_ref(entry.in_force)),
        *(_ref(doubt) if doubt is not None else (None, None)),
        *(entry.doubts, entry.reason.words if entry.reason else None, entry.user_id, entry.is_ours),
        *(entry.tenant, entry.device, entry.tags, entry.changed_at),
    )


def _ref(ref: PasswordRef) -> tuple[int, str]:
    return ref.generation, ref.shape.value
