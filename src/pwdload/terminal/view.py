"""A run as a view of a dozen lines, a pure function of a `Snapshot` and of the room that there is."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from io import StringIO
from typing import Final

from rich.console import Console
from rich.text import Text

from pwdload.criteria.values import Standing
from pwdload.terminal import words
from pwdload.units import format_count
from pwdload.watched import CriterionNow, Phase, Snapshot

LEAST_ROWS: Final = 8
"""With less room than this nothing is shown: a line now and then says more."""
_LABEL: Final = 11
"""Columns of the label at the left."""
_LATE_MS: Final = 10.0
_BUSY: Final = 0.7
"""From there on a generator measures itself: share of a core."""
_GOOD, _BAD, _DOUBT, _DIM, _STRONG, _NAME = "green", "bold red", "yellow", "dim", "bold", "cyan"
_PHASES: Final = {Phase.STARTING: _DOUBT, Phase.RUNNING: _GOOD, Phase.FINISHING: _DOUBT, Phase.ENDED: _DIM}
_COLOURS: Final = {Standing.KEPT: _GOOD, Standing.BROKEN: _BAD, Standing.CANNOT_TELL: _DOUBT}

_FAULTS: Final = {"active": _BAD, "failed": _BAD, "planned": "", "skipped": _DOUBT, "healed": _DIM}
"""What matters now first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """What a terminal has room for."""

    columns: int
    rows: int
    """For the view alone."""
    unicode: bool = True
    """Whether it shows more than ASCII."""
    colours: bool = True

    @property
    def marks(self) -> dict[Standing, str]:
        """What stands before a criterion."""
        if self.unicode:
            return {Standing.KEPT: "✓", Standing.BROKEN: "✗", Standing.CANNOT_TELL: "·"}
        return {Standing.KEPT: "+", Standing.BROKEN: "x", Standing.CANNOT_TELL: "."}


def view(seen: Snapshot, room: Room) -> list[Text]:
    """Return a run as lines, none wider than the room, and not more of them than it has rows."""
    head = [_title(seen, room), _progress(seen, room)]
    body = [*_load(seen), *_answers(seen, room), *_generators(seen), *_surroundings(seen, room)]
    told = [*_why(seen), *_notes(seen)]
    free = max(room.rows - len(head) - len(body) - len(told), 1)
    rows = [*head, *body, *_criteria(seen.criteria, room, free), *told][: room.rows]
    for row in rows:
        row.no_wrap = True
        row.truncate(room.columns, overflow="ellipsis" if room.unicode else "crop")
    return rows


def rendered(seen: Snapshot, room: Room) -> list[str]:
    """Return the view as lines for a terminal, with their colours in them where it has colours."""
    console = Console(
        file=StringIO(),
        width=room.columns,
        force_terminal=True,
        color_system="standard" if room.colours else None,
        legacy_windows=False,
        highlight=False,
        emoji=False,
        markup=False,
    )
    lines = []
    for row in view(seen, room):
        with console.capture() as captured:
            console.print(row, end="", crop=False, soft_wrap=True)
        lines.append(captured.get())
    return lines


def _title(seen: Snapshot, room: Room) -> Text:
    right = Text.assemble(
        ((f"{format_count(seen.users)} {'slots' if seen.model == 'open' else 'users'}  "), _DIM),
        (seen.phase.value.upper(), _PHASES[seen.phase]),
    )
    left = Text.assemble((words.plain(seen.title or seen.scenario), _STRONG), (f"  {words.plain(seen.target)}", _DIM))
    return _apart(left, right, room)


def _progress(seen: Snapshot, room: Room) -> Text:
    """Return where the load is on its way, as a bar as long as there is room; without an end, no bar."""
    stage, left_s = words.stage(seen), seen.time_left_s
    if seen.search is not None and left_s is None:
        left_s = seen.search.time_left_s
    left = Text.assemble((f"{words.clock(seen.at_s):>{_LABEL - 2}}  ", _STRONG), stage or "waiting for users")
    at_most = "at most " if seen.search is not None and seen.end_s is None else ""
    right = Text(f"{at_most}{words.clock(left_s)} left" if left_s is not None else "until it is stopped")
    length = room.columns - left.cell_len - right.cell_len - 4
    if seen.end_s and length >= 8:
        done = round(length * min(max(seen.at_s, 0.0) / seen.end_s, 1.0))
        full, empty = ("━", "─") if room.unicode else ("#", ".")
        left.append("  ").append(full * done, _NAME).append(empty * (length - done), _DIM)
    return _apart(left, right, room)


def _load(seen: Snapshot) -> Iterator[Text]:
    window = seen.window
    yield _row(
        "load",
        *(() if seen.planned_per_s is None else (("planned", words.per_second(seen.planned_per_s), ""),)),
        ("offered", words.per_second(seen.offered_per_s), _lagging(seen)),
        ("goodput", words.per_second(window.goodput_per_s if window is not None else None), _STRONG),
        ("requests", words.per_second(window.requests_per_s if window is not None else None), ""),
    )
    times = (window.p50_ms, window.p95_ms, window.p99_ms) if window is not None else (None,) * 3
    of = f"of {format_count(window.changes)} changes in {window.length_s:g} s" if window is not None else ""
    yield _row(
        "response",
        ("p50", words.milliseconds(times[0]), _STRONG),
        ("p95", words.milliseconds(times[1]), _STRONG),
        ("p99", words.milliseconds(times[2]), _STRONG),
        ("", of, _DIM),
    )


def _lagging(seen: Snapshot) -> str:
    """Return how the offered rate is to look: it is the instrument that is too slow where it stays behind the plan."""
    planned, offered = seen.planned_per_s, seen.offered_per_s
    return _DOUBT if planned and offered is not None and seen.queued and offered < 0.9 * planned else ""


def _answers(seen: Snapshot, room: Room) -> Iterator[Text]:
    failed = seen.window.failed_share if seen.window is not None else None
    wrong = words.outcomes(seen.outcomes, only_wrong=True)
    right = [row for row in words.outcomes(seen.outcomes) if row[0] in words.AS_EXPECTED]
    yield _row(
        "answers",
        ("failed", words.share(failed), _BAD if failed else "" if failed is None else _GOOD),
        *((text, format_count(count), _BAD if recent else _DOUBT) for _, text, count, recent in wrong),
        *((text, format_count(count), "") for _, text, count, _ in right),
    )
    codes = words.codes(seen.codes)
    if codes:
        yield _fitted(
            "codes", [(code, format_count(count), "" if recent else _DIM) for code, count, recent in codes], room
        )


def _generators(seen: Snapshot) -> Iterator[Text]:
    lag_ms = seen.window.lag_p99_ms if seen.window is not None else None
    busiest, gone = words.busiest(seen), words.lost(seen)
    yield _row(
        "generator",
        *((("lost", f"{len(gone)} of {len(seen.generators)}", _BAD),) if gone else ()),
        ("lag p99", words.milliseconds(lag_ms), _DOUBT if lag_ms is not None and lag_ms > _LATE_MS else ""),
        ("in flight", format_count(seen.in_flight), ""),
        ("queued", format_count(seen.queued), _DOUBT if seen.queued else ""),
        ("dropped", format_count(seen.dropped), _BAD if seen.dropped else ""),
        (
            "CPU",
            f"{busiest * 100:.0f} %" if busiest is not None else words.UNKNOWN,
            _BAD if (busiest or 0.0) > _BUSY else "",
        ),
    )


def _surroundings(seen: Snapshot, room: Room) -> Iterator[Text]:
    accounts = seen.accounts
    if accounts is not None:
        numbers = (("ready", accounts.ready), ("in use", accounts.leased), ("changed", accounts.changed))
        lasts_s, left_s = accounts.lasts_s, seen.time_left_s
        runs_dry = lasts_s is not None and left_s is not None and lasts_s < left_s
        yield _row(
            "accounts",
            *((name, format_count(count), "") for name, count in numbers if count is not None),
            ("in doubt", format_count(accounts.in_doubt), _DOUBT if accounts.in_doubt else ""),
            *((("lasts", words.clock(lasts_s), _BAD if runs_dry else ""),) if lasts_s is not None else ()),
        )
    if seen.faults:
        order = sorted(seen.faults, key=lambda one: [*_FAULTS].index(one.state))
        yield _fitted("faults", [("", words.fault(one, seen.at_s), _FAULTS[one.state]) for one in order], room)
    if seen.search is not None:
        search = seen.search
        yield _row(
            "search",
            ("level", f"{search.levels + 1} ({words.plain(search.role)})", ""),
            ("at", words.per_second(search.rate_per_s), ""),
            ("", words.bracket(search), _STRONG),
        )


def _criteria(criteria: Sequence[CriterionNow], room: Room, free: int) -> Iterator[Text]:
    """Yield the criteria, the broken ones first, as many as there is room for; of the others how many there are."""
    order = list(_COLOURS)
    ranked = sorted(
        criteria, key=lambda one: (Standing.BROKEN, Standing.CANNOT_TELL, Standing.KEPT).index(one.standing)
    )
    shown = ranked if len(ranked) <= free else ranked[: max(free - 1, 0)]
    for place, one in enumerate(shown):
        left = Text.assemble(
            (f"{'criteria' if not place else '':>{_LABEL - 2}}  ", _NAME),
            (f"{room.marks[one.standing]} ", _COLOURS[one.standing]),
            words.plain(one.title),
        )
        yield _apart(left, Text(words.plain(one.seen), _COLOURS[one.standing]), room)
    rest = ranked[len(shown) :]
    if rest:
        counts = ((standing, sum(one.standing is standing for one in rest)) for standing in order)
        told = ", ".join(f"{count} {standing.value.replace('_', ' ')}" for standing, count in counts if count)
        yield _row("criteria" if not shown else "", ("", f"{'and ' if shown else ''}{told}", ""))


def _why(seen: Snapshot) -> Iterator[Text]:
    if seen.end_reason:
        yield _row("ends early", ("", words.plain(seen.end_reason), _BAD))


def _notes(seen: Snapshot) -> Iterator[Text]:
    if seen.notes:
        yield _row("note", ("", words.plain(seen.notes[-1]), _DOUBT))


Part = tuple[str, str, str]
"""A name, what is said of it, and the style of that."""


def _row(label: str, *parts: Part) -> Text:
    row = Text.assemble((f"{label:>{_LABEL - 2}}  ", _NAME))
    for place, (name, value, style) in enumerate(part for part in parts if part[1]):
        row.append("   " if place else "")
        row.append(f"{name} " if name else "", _DIM).append(value, style)
    return row


def _fitted(label: str, parts: Sequence[Part], room: Room) -> Text:
    """Return a row with as many parts as fit, and how many there are besides."""
    for count in range(len(parts), 0, -1):
        more = (("", f"and {len(parts) - count} more", _DIM),) if count < len(parts) else ()
        row = _row(label, *parts[:count], *more)
        if row.cell_len <= room.columns:
            return row
    return _row(label, *parts[:1])


def _apart(left: Text, right: Text, room: Room) -> Text:
    """Return two texts at the two sides of a line; the left one gives way."""
    left.truncate(max(room.columns - right.cell_len - 1, 1), overflow="ellipsis" if room.unicode else "crop")
    gap = max(room.columns - left.cell_len - right.cell_len, 1)
    return Text.assemble(left, " " * gap, right)
