"""From a scenario's past to its page: the trend of each number, with the places where it changed."""

from collections.abc import Iterable, Iterator

from pwdload.analysis.comparison.history import LEAST_RUNS, TRACKED, Change, History, PastRun
from pwdload.report.comparison.page import Page, Tile
from pwdload.report.comparison.words import signed
from pwdload.report.frames import number, text
from pwdload.report.model import Cell, Chart, Column, Ink, Kind, Mark, Section, Table, Tone
from pwdload.units import counted, format_duration, format_rate

_INKS: dict[bool, Ink] = {True: "fourth", False: "seventh"}
"""Of a change for the worse, and one for the better."""

HISTORY_DEFINITIONS = (
    (
        "Change point",
        "The first run from which on a number was another one for good. Found by E-divisive (Matteson, James "
        "2014): the cut with the largest energy distance between the runs before and after, kept when a permutation "
        "test says that chance does not make it; then again in each part. At least three runs lie on either side.",
    ),
    (
        "False alarms",
        "A past in which nothing changed gets a change point with at most 5 % chance, over all numbers together.",
    ),
    ("Before, after", "The middle run (median) of those since the change before, and of those up to the next one."),
    ("Left out", "Listed, and in no trend: an INVALID run, and one of another load than the newest."),
    ("Goodput", "Accepted changes of a password, completed, per second of measured time."),
    ("Failed share", "Requests refused wrongly, turned away, never sent or never answered, of all of the run."),
    ("p95", "Of the response time of update_password: nearest rank over the raw samples of the run."),
    ("Capacity", "The highest rate of accepted changes that keeps the SLO, of runs that looked for it."),
)


def build_history(past: History) -> Page:
    """Return the page of a scenario's past; the same runs give the same page."""
    verdict, tone, reason = _verdict(past)
    return Page(
        kept="history",
        title=f"{past.scenario}: {counted(len(past.runs), 'run')}",
        verdict=verdict,
        tone=tone,
        exit_code=0,
        reason=reason,
        summary=f"{_day(past.runs[0])} to {_day(past.runs[-1])} · {counted(past.counted, 'run')} in the trends",
        tiles=tuple(_tiles(past)),
        ranges=(),
        overview=Section(name="plots", title="Trends", intro="", items=tuple(_charts(past))),
        sections=tuple(_sections(past)),
        cautions=(),
        definitions=HISTORY_DEFINITIONS,
        tested=(),
        headline_text="\n".join(_console_lines(past, verdict, reason)),
    )


def _verdict(past: History) -> tuple[str, Tone, str]:
    if past.counted < LEAST_RUNS:
        few = f"{counted(past.counted, 'run')} of the same load: a change can be found among {LEAST_RUNS} or more."
        return "too few runs", "warn", few
    if not past.changes:
        return "steady", "good", f"No number changed for good over {counted(past.counted, 'run')}."
    run = past.changes[-1].run
    latest = [change for change in past.changes if change.run == run]
    tone: Tone = "bad" if any(change.is_worse for change in latest) else "good"
    words = ", ".join(f"{TRACKED[one.number].label} {signed(one.relative, '%')}" for one in latest)
    earlier = len(past.changes) - len(latest)
    more = f" {counted(earlier, 'earlier change')} below." if earlier else ""
    return "changed", tone, f"Since run {run + 1} ({_day(past.runs[run])}): {words}.{more}"


def change_words(change: Change) -> str:
    """Return a change in words: "p95 of update_password +10.2 %, 8.1 ms → 8.9 ms"."""
    values = " → ".join(value_words(change.number, value) for value in (change.before, change.after))
    return f"{TRACKED[change.number].label} {signed(change.relative, '%')}, {values}"


def value_words(name: str, value: float | None) -> str:
    """Return a value of a tracked number as a person reads it."""
    if value is None:
        return "n/a"
    return format_rate(value) if TRACKED[name].is_rate else format_duration(value)


def _day(run: PastRun) -> str:
    return run.started_utc[:16].replace("T", " ")


def _tiles(past: History) -> Iterator[Tile]:
    for name, tracked in TRACKED.items():
        values = [getattr(run.numbers, name) for run in past.runs if not run.left_out]
        if not any(value is not None for value in values):
            continue
        latest = [change for change in past.changes if change.number == name][-1:]
        detail = f"{change_words(latest[0]).removeprefix(tracked.label).strip()}" if latest else "no change found"
        tone: Tone = "plain" if not latest else "bad" if latest[0].is_worse else "good"
        yield Tile(label=f"{tracked.label}, newest run", value=value_words(name, values[-1]), detail=detail, tone=tone)


def _charts(past: History) -> Iterator[Chart]:
    for name, tracked in TRACKED.items():
        if any(getattr(run.numbers, name) is not None for run in past.runs):
            yield _chart(past, name, tracked.label)


def _chart(past: History, name: str, label: str) -> Chart:
    is_rate = TRACKED[name].is_rate
    scale = 1.0 if is_rate else 1000.0
    counted_ = [(place, run) for place, run in enumerate(past.runs) if not run.left_out]
    others = [(place, run) for place, run in enumerate(past.runs) if run.left_out]
    changes = [change for change in past.changes if change.number == name]
    marks = [_runs_mark("runs", counted_, name, scale, "first")]
    marks += [_runs_mark("left out", others, name, scale, "faint")] if others else []
    marks += list(_level_marks(past, changes, scale))
    return Chart(
        name=f"trend_{name}",
        title=label[:1].upper() + label[1:] if not label.startswith("p") else label,
        x_label="run, in the order in which they were made",
        y_label="accepted changes per second (1/s)" if is_rate else "time (ms)",
        marks=tuple(marks),
        reading="; ".join(_at(past, change) for change in changes) + "." if changes else "No change found.",
        table="runs",
        zooms=True,
    )


def _at(past: History, change: Change) -> str:
    run = past.runs[change.run]
    return (
        f"Run {change.run + 1} ({_day(run)}): {change_words(change).removeprefix(TRACKED[change.number].label).strip()}"
    )


def _runs_mark(name: str, runs: Iterable[tuple[int, PastRun]], number_: str, scale: float, ink: Ink) -> Mark:
    points = [(place, run, value) for place, run in runs if (value := getattr(run.numbers, number_)) is not None]
    return Mark(
        name=name,
        x=tuple(place + 1.0 for place, _, _ in points),
        y=tuple(float(f"{value * scale:.6g}") for _, _, value in points),
        ink=ink,
        labels=tuple(f"{run.shown}: {value_words(number_, value)}, {run.verdict.value}" for _, run, value in points),
    )


def _level_marks(past: History, changes: list[Change], scale: float) -> Iterator[Mark]:
    """Return the level of each stretch between changes, in the colour of how it began."""
    if not changes:
        return
    edges = [0, *(change.run for change in changes), len(past.runs)]
    levels = [changes[0].before, *(change.after for change in changes)]
    inks: list[Ink] = ["second", *(_INKS[change.is_worse] for change in changes)]
    for stretch, (level, ink) in enumerate(zip(levels, inks, strict=True)):
        yield Mark(
            name=f"middle of runs {edges[stretch] + 1} to {edges[stretch + 1]}",
            x=(edges[stretch] + 0.6, edges[stretch + 1] + 0.4),
            y=(float(f"{level * scale:.6g}"),) * 2,
            ink=ink,
            style="line",
        )


def _sections(past: History) -> Iterator[Section]:
    yield Section(
        name="changes",
        title="Changes",
        intro="Where a number was another one for good, in the order of time.",
        items=(_changes_table(past),),
    )
    yield Section(name="runs", title="Runs", intro="All runs, the oldest first.", items=(_runs_table(past),))


def _changes_table(past: History) -> Table:
    columns = (
        text("number"),
        text("result"),
        number("run", "run", Kind.COUNT),
        text("since", "since (UTC)"),
        text("first_run", "first run"),
        number("before", "before", Kind.TEXT),
        number("after", "after", Kind.TEXT),
        number("relative", "change", Kind.TEXT),
        number("p_value", "p", Kind.MEAN),
    )
    rows: tuple[tuple[Cell, ...], ...] = tuple(
        (
            TRACKED[change.number].label,
            "worse" if change.is_worse else "better",
            change.run + 1,
            _day(past.runs[change.run]),
            past.runs[change.run].shown,
            value_words(change.number, change.before),
            value_words(change.number, change.after),
            signed(change.relative, "%"),
            change.p_value,
        )
        for change in past.changes
    )
    return Table(
        name="changes",
        title="Changes",
        caption="p: by permutations, of one number by itself.",
        columns=columns,
        rows=rows,
    )


def _runs_table(past: History) -> Table:
    has_capacity = any(run.numbers.capacity_per_s is not None for run in past.runs)
    columns = (
        number("place", "run", Kind.COUNT),
        text("started", "started (UTC)", absent="not on record"),
        Column(name="verdict", label="verdict", kind=Kind.VERDICT),
        number("goodput_per_s", "goodput", Kind.RATE),
        number("p50_s", "p50", Kind.DURATION),
        number("p95_s", "p95", Kind.DURATION),
        number("p99_s", "p99", Kind.DURATION),
        number("journey_p95_s", "journey p95", Kind.DURATION),
        number("failed_share", "failed", Kind.SHARE),
        *([number("capacity_per_s", "capacity", Kind.RATE)] if has_capacity else []),
        text("version", "pwdload"),
        text("changed", "changed here", absent=""),
        text("left_out", "left out", absent=""),
        text("directory"),
    )
    return Table(
        name="runs",
        title="Runs",
        caption="One row for each run. Percentiles are of the response time of update_password, in the measured time.",
        columns=columns,
        rows=tuple(_run_row(past, place, run, has_capacity=has_capacity) for place, run in enumerate(past.runs)),
        rows_shown=400,
    )


def _run_row(past: History, place: int, run: PastRun, *, has_capacity: bool) -> tuple[Cell, ...]:
    numbers = run.numbers
    changed = ", ".join(
        f"{TRACKED[change.number].label} {signed(change.relative, '%')}"
        for change in past.changes
        if change.run == place
    )
    return (
        place + 1,
        _day(run) or None,
        run.verdict.value,
        numbers.goodput_per_s,
        numbers.p50_s,
        numbers.p95_s,
        numbers.p99_s,
        numbers.journey_p95_s,
        numbers.failed_share,
        *([numbers.capacity_per_s] if has_capacity else []),
        run.version or "not on record",
        changed or None,
        run.left_out or None,
        run.shown,
    )


def _console_lines(past: History, verdict: str, reason: str) -> Iterator[str]:
    yield f"{verdict.upper()}: {reason}"
    for change in past.changes:
        yield f"  Run {change.run + 1}, {past.runs[change.run].shown}: {change_words(change)}"
