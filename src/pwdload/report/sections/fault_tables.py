"""The tables of the faults: one line for each injection, the median and the range of its repeats, and raw values."""

from collections.abc import Callable, Iterator, Sequence
from operator import attrgetter

from pwdload.analysis.recovery import Elapsed, Measured, Recovery, State
from pwdload.analysis.recovery.repeats import NumberSpread, TimeSpread, numbers, times
from pwdload.oracle.told import short
from pwdload.report.formats import duration, mean, share
from pwdload.report.frames import number, text
from pwdload.report.model import Cell, Column, Kind, Table
from pwdload.units import format_count

DETECTED: Callable[[Measured], Elapsed] = attrgetter("detected")
FIRST: Callable[[Measured], Elapsed] = attrgetter("first")
SUSTAINED: Callable[[Measured], Elapsed] = attrgetter("sustained")
LEFT_OUT = (State.SKIPPED, State.NOT_INJECTED)
_FELT = "failed while on"


def what(one: Measured) -> str:
    """Return what a fault is: its kind, what it was told, and whom it affects."""
    injection = one.injection
    told = [injection.kind]
    told += [f"{name} {value}" for name, value in sorted(injection.attributes.items())]
    told += [injection.direction] if injection.direction else []
    if injection.scope and injection.share < 1:
        told.append(f"{share(injection.share)} of the {injection.scope}s")
    return short(", ".join(told))


def summary_table(recovery: Recovery) -> Table:
    """Return one line per fault: the median of its repeats."""
    rows = []
    for name, measured in recovery.by_fault.items():
        told = [one for one in measured if one.state not in LEFT_OUT]
        failed = numbers(told, _failed_share)
        rows.append(
            (
                short(name),
                what(measured[0]),
                f"{len(told)} of {len(measured)}",
                None if failed is None else failed.median,
                *(_time_cell(None if spread is None else spread.median) for spread in _spreads(told)),
                _range_words(times(told, SUSTAINED)),
                _came_back(told),
            )
        )
    return Table(
        name="faults",
        title="Faults at a glance",
        caption="The median over the repeats of each fault. Noticed: from injection to the first failed completion. "
        "First success: sent after healing. Recovered: from healing until service was as good as before, and stayed.",
        columns=(
            text("fault"),
            text("what"),
            text("injected"),
            number("failed_share", _FELT, Kind.SHARE),
            *_time_columns(),
            text("range", "recovered, range"),
            text("came_back", "came back by itself"),
        ),
        rows=tuple(rows),
    )


def fault_tables(recovery: Recovery) -> Iterator[Table]:
    """Yield a table for each fault."""
    for place, (name, measured) in enumerate(recovery.by_fault.items(), 1):
        rows, told = [_row(one) for one in measured], [one for one in measured if one.state not in LEFT_OUT]
        rows += _spread_rows(told) if len(told) > 1 else []
        yield Table(
            name=f"fault_{place}",
            title=short(name),
            caption=f"What was done: {what(measured[0])}. {_notes(measured, recovery)}",
            columns=(
                text("repeat", "no."),
                Column(name="inject_s", label="injected", kind=Kind.CLOCK, absent=""),
                Column(name="heal_s", label="healed", kind=Kind.CLOCK, absent=""),
                text("failed", f"{_FELT} (95 % interval)"),
                *_time_columns(),
                number("lost", f"{_unit(measured)} lost", Kind.COUNT),
                text("offered", "load offered", absent=""),
                text("unsent", "due, not sent", absent=""),
                text("budget", "budget spent", absent=""),
                text("amplification", "tries per request", absent=""),
            ),
            rows=tuple(rows),
            rows_shown=60,
        )


def elapsed_words(elapsed: Elapsed) -> str:
    """Return a time as a person reads it: "2.50 s", "not within 12.0 s", "cannot tell"."""
    if elapsed.value_s is not None:
        return duration(elapsed.value_s)
    return "cannot tell" if elapsed.seen_s is None else f"not within {duration(elapsed.seen_s)}"


def _time_columns() -> tuple[Column, ...]:
    names = (("noticed_s", "noticed after"), ("first_s", "first success"), ("sustained_s", "recovered after"))
    return tuple(Column(name=name, label=label, kind=Kind.DURATION, absent="cannot tell") for name, label in names)


def _time_cell(elapsed: Elapsed | None) -> Cell:
    if elapsed is None or not (elapsed.is_known or elapsed.seen_s):
        return None
    return elapsed.value_s if elapsed.value_s is not None else f"> {duration(elapsed.seen_s)}"


def _row(one: Measured) -> tuple[Cell, ...]:
    injection, effect = one.injection, one.effect
    felt = None
    if effect is not None:
        interval = f" ({share(effect.lower)} to {share(effect.upper)})" if effect.requests else ""
        felt = f"{share(effect.failed_share)}{interval}"
    return (
        str(injection.repeat) + (f": {one.state.value}" if one.state is not State.MEASURED else ""),
        injection.inject_before_s,
        injection.heal_after_s,
        felt,
        *(_time_cell(of(one)) for of in (DETECTED, FIRST, SUSTAINED)),
        None if (lost := _lost(one)) is None else round(lost),
        None if one.offered is None or one.offered.share is None else _percent(one.offered.share),
        _unsent_words(one),
        None if one.budget_spent is None else _percent(one.budget_spent),
        _amplification_words(one),
    )


def _spread_rows(told: Sequence[Measured]) -> list[tuple[Cell, ...]]:
    """Return the median and the range of the repeats."""
    felt, lost, budget = numbers(told, _failed_share), numbers(told, _lost), numbers(told, lambda one: one.budget_spent)
    load = numbers(told, lambda one: None if one.offered is None else one.offered.share)
    spreads = _spreads(told)
    median = (
        *("median", None, None),
        None if felt is None else share(felt.median),
        *(None if spread is None else _time_cell(spread.median) for spread in spreads),
        None if lost is None else round(lost.median),
        None if load is None else _percent(load.median),
        *(None, None if budget is None else _percent(budget.median), None),
    )
    across = (
        *("range", None, None),
        None if felt is None else f"{share(felt.least)} to {share(felt.most)}",
        *(_range_words(spread) for spread in spreads),
        None if lost is None else _count(lost),
        None if load is None else _percents(load),
        *(None, None if budget is None else _percents(budget), None),
    )
    return [median, across]


def _count(spread: NumberSpread) -> str:
    return f"{format_count(round(spread.least))} to {format_count(round(spread.most))}"


def _spreads(told: Sequence[Measured]) -> tuple[TimeSpread | None, ...]:
    return tuple(times(told, of) for of in (DETECTED, FIRST, SUSTAINED))


def _range_words(spread: TimeSpread | None) -> str | None:
    if spread is None or spread.count == 1:
        return None
    least, most = (_time_words(end) for end in (spread.least, spread.most))
    return least if least == most else f"{least} to {most}"


def _time_words(elapsed: Elapsed) -> str:
    return duration(elapsed.value_s) if elapsed.value_s is not None else f"> {duration(elapsed.seen_s)}"


def _failed_share(one: Measured) -> float | None:
    return None if one.effect is None else one.effect.failed_share


def _lost(one: Measured) -> float | None:
    """Return what was lost in changes, or in flows where the load has no changes."""
    return one.lost_changes if one.lost_changes is not None else one.lost_flows


def _unit(measured: Sequence[Measured]) -> str:
    return "changes" if any(one.lost_changes is not None for one in measured) else "flows"


def _unsent_words(one: Measured) -> str | None:
    offered = one.offered
    if offered is None:
        return None
    unit = "flows" if offered.basis == "schedule" else "requests"
    return f"{format_count(max(round(offered.unsent), 0))} of {format_count(round(offered.due))} {unit}"


def _amplification_words(one: Measured) -> str | None:
    parts = one.amplification
    if parts is None:
        return None
    return " / ".join("–" if part is None else f"{part:.2f}" for part in (parts.before, parts.during, parts.after))


def _percent(part: float) -> str:
    """Return a share that may be more than the whole: "806 %"."""
    return f"{part * 100:,.0f} %" if part >= 0.1 or not part else f"{mean(part * 100)} %"


def _percents(spread: NumberSpread) -> str:
    return f"{_percent(spread.least)} to {_percent(spread.most)}"


def _came_back(told: Sequence[Measured]) -> str:
    known = [one.came_back for one in told if one.state is not State.OVERLAPPED]
    if not known or None in known:
        return "cannot tell" if False not in known else "no"
    return "yes" if all(known) else "no"


def _notes(measured: Sequence[Measured], recovery: Recovery) -> str:
    """Return what must be known before a line of a fault's table is read."""
    told = [one for one in measured if one.state not in LEFT_OUT]
    parts = []
    if told:
        longest_s = max(one.uncertainty_s for one in told)
        parts.append(f"Injecting and healing took hold within {duration(longest_s)} of the stamps.")
    if recovery.timeout_s is not None:
        parts.append(f"Silence shows after the client's time-out at the earliest, {duration(recovery.timeout_s)}.")
    windows = [one.window_s for one in told if one.window_s is not None]
    if windows:
        parts.append(f"Recovery is told to {duration(max(windows))}. Tries per request: before, during, after.")
    parts += [
        f"No. {one.injection.repeat}: good since {duration(one.good_since_s)} after healing, but watched for "
        f"{duration(one.watched_s)} only."
        for one in told
        if one.good_since_s is not None
    ]
    parts += [f"{short(one.injection.skipped or one.injection.error)}" for one in measured if one not in told]
    if others := sorted({name for one in told for name in one.together_with}):
        parts.append(f"On together with {short(', '.join(others))}.")
    if any(one.injection.means == "load" for one in told):
        parts.append(f"Did it come back by itself? {_metastable(told)}")
    return " ".join(part for part in parts if part.strip(" ."))


def _metastable(told: Sequence[Measured]) -> str:
    words = []
    for one in told:
        if one.came_back:
            words.append(f"Yes, {duration(one.sustained.value_s)} after the load was normal again.")
        elif one.came_back is None:
            words.append("Cannot tell: it was watched for too short a time.")
        else:
            words.append(f"No: {elapsed_words(one.sustained)}; it stayed bad though the load was normal again.")
    return " ".join(dict.fromkeys(words))
