"""From comparisons to their page."""

from collections.abc import Iterable, Iterator, Sequence

from pwdload.analysis.comparison.compare import margin_of, overall
from pwdload.analysis.comparison.mismatches import MismatchNote
from pwdload.analysis.comparison.values import Compared, Comparison, Result, Side
from pwdload.report.comparison.charts import charts
from pwdload.report.comparison.page import Page, Range, Ranges, Tested, Tile
from pwdload.report.comparison.words import (
    DEFINITIONS,
    TONES,
    difference_words,
    interval_words,
    margin_words,
    signed,
    value_words,
)
from pwdload.report.frames import code, number, text
from pwdload.report.model import Caution, Cell, Column, Kind, Section, Table
from pwdload.units import counted, format_duration


def build(comparisons: Sequence[Comparison], notes: Sequence[MismatchNote]) -> Page:
    """Return the page of one base and what was held against it; the same comparisons give the same page."""
    result = overall(comparisons)
    first = comparisons[0]
    worst = next(one for one in comparisons if one.result is result)
    reason = worst.reason if len(comparisons) == 1 else f"{worst.new.name}: {worst.reason}"
    cautions = tuple(
        Caution(
            number=place, weakens="differences" if note.mismatch.severity == "caveat" else "everything", text=note.text
        )
        for place, note in enumerate(notes, 1)
    )
    record = first.base.runs[0].run.record
    return Page(
        kept="comparison",
        title=f"{record.title or record.scenario}: {_names(comparisons)}",
        verdict=result.value,
        tone=TONES[result],
        exit_code=result.exit_code,
        reason=reason,
        summary=_summary(comparisons),
        tiles=tuple(_tiles(worst)),
        ranges=tuple(_ranges(one, number_) for number_, one in enumerate(comparisons, 1)),
        overview=Section(name="plots", title="Side by side", intro="", items=tuple(charts(comparisons))),
        sections=tuple(_sections(comparisons)),
        cautions=cautions,
        definitions=DEFINITIONS,
        tested=tuple(_tested(comparisons)),
        headline_text="\n".join(_console_lines(comparisons, result, reason, cautions)),
    )


def _names(comparisons: Sequence[Comparison]) -> str:
    return f"{', '.join(one.new.name for one in comparisons)} against base"


def _summary(comparisons: Sequence[Comparison]) -> str:
    sides = [comparisons[0].base, *(one.new for one in comparisons)]
    told = [f"{side.name}: {_runs_words(side)}" for side in sides]
    return " · ".join([*told, f"margin {comparisons[0].margin * 100:g} %"])


def _runs_words(side: Side) -> str:
    measured = format_duration(side.measured_s)
    if len(side.runs) == 1:
        return f"{side.runs[0].shown}, {measured} measured"
    return f"{counted(len(side.runs), 'run')}, {measured} measured"


def _tiles(comparison: Comparison) -> Iterator[Tile]:
    for one in comparison.primary:
        yield Tile(
            label=one.quantity.label,
            value=difference_words(one),
            detail=f"{value_words(one.quantity, one.base)} → {value_words(one.quantity, one.new)}"
            + (f"; {interval_words(one)}" if one.lower is not None else "; no interval"),
            tone=TONES[one.result],
        )


def _ranges(comparison: Comparison, place: int) -> Ranges:
    shares = next(one.quantity for one in comparison.numbers if one.quantity.kind == "share")
    return Ranges(
        name=f"ranges_{place}",
        title=f"Differences: {comparison.new.name} against base",
        caption="Dot and line: the difference and its 95 % interval. Grey: the margin, "
        f"{comparison.margin * 100:g} % of the base either way, of the failed share "
        f"{margin_words(shares, comparison.margin)}. Bold numbers are primary.",
        sides=(comparison.base.name, comparison.new.name),
        rows=tuple(_range(one, comparison.margin) for one in comparison.numbers),
        table="differences",
    )


def _range(one: Compared, margin: float) -> Range:
    is_share = one.quantity.kind == "share"
    points = (
        (one.lower, one.difference, one.upper) if is_share else (one.relative_lower, one.relative, one.relative_upper)
    )
    allowed = margin_of(one.quantity, margin)
    lower, estimate, upper = (None if point is None else point / allowed for point in points)
    return Range(
        label=one.quantity.label,
        base=value_words(one.quantity, one.base),
        new=value_words(one.quantity, one.new),
        difference=difference_words(one),
        interval=interval_words(one),
        lower=lower,
        estimate=estimate,
        upper=upper,
        result=one.result,
        is_primary=one.quantity.is_primary,
    )


_DIFFERENCES: tuple[Column, ...] = (
    text("new"),
    code("number"),
    text("kind"),
    number("is_primary", "primary", Kind.FLAG),
    text("result"),
    number("base_value", "base", Kind.MEAN),
    number("new_value", "new", Kind.MEAN),
    number("difference", "difference", Kind.MEAN),
    number("lower", "lower", Kind.MEAN),
    number("upper", "upper", Kind.MEAN),
    number("relative", "relative", Kind.MEAN),
    number("relative_lower", "relative lower", Kind.MEAN),
    number("relative_upper", "relative upper", Kind.MEAN),
    number("p_value", "p", Kind.MEAN),
    number("p_adjusted", "p by Holm", Kind.MEAN),
    text("basis"),
)


def differences_table(comparisons: Sequence[Comparison]) -> Table:
    """Return every number of every comparison: seconds, per second, shares from 0 to 1; intervals of 95 %."""
    rows = tuple(_difference_row(comparison, one) for comparison in comparisons for one in comparison.numbers)
    return Table(
        name="differences",
        title="Differences",
        caption="Times in seconds, factors of the base, rates per second, shares from 0 to 1. Bounds are those of the "
        "95 % interval.",
        columns=_DIFFERENCES,
        rows=rows,
        rows_shown=0,
    )


def _difference_row(comparison: Comparison, one: Compared) -> tuple[Cell, ...]:
    return (
        comparison.new.name,
        one.quantity.name,
        one.quantity.kind,
        one.quantity.is_primary,
        one.result.value,
        one.base,
        one.new,
        one.difference,
        one.lower,
        one.upper,
        one.relative,
        one.relative_lower,
        one.relative_upper,
        one.p_value,
        one.p_adjusted,
        one.basis,
    )


def _sections(comparisons: Sequence[Comparison]) -> Iterator[Section]:
    yield Section(
        name="absolute",
        title="In absolute numbers",
        intro="The same differences in their own units, with the tests behind each result.",
        items=(differences_table(comparisons), *(_absolute(one, place) for place, one in enumerate(comparisons, 1))),
    )
    sides = [comparisons[0].base, *(one.new for one in comparisons)]
    yield Section(
        name="runs",
        title="Runs",
        intro="What was held against what, each with its own report.",
        items=(_runs_table(sides),),
    )


def _absolute(comparison: Comparison, place: int) -> Table:
    columns = (
        text("number"),
        number("base_value", "base", Kind.TEXT),
        number("new_value", "new", Kind.TEXT),
        number("difference", "difference", Kind.TEXT),
        number("lower", "95 % from", Kind.TEXT),
        number("upper", "to", Kind.TEXT),
        number("p_value", "p", Kind.MEAN),
        number("p_adjusted", "p by Holm", Kind.MEAN),
        text("basis", "interval of"),
        text("result"),
    )
    return Table(
        name=f"absolute_{place}",
        title=f"{comparison.new.name} against base",
        caption="p: how likely so large a difference is between sides that do not differ. By Holm: with the other "
        f"primary numbers. Margin: {_margins(comparison)}.",
        columns=columns,
        rows=tuple(_absolute_row(one) for one in comparison.numbers),
    )


def _margins(comparison: Comparison) -> str:
    return " and ".join(dict.fromkeys(margin_words(one.quantity, comparison.margin) for one in comparison.primary))


def _absolute_row(one: Compared) -> tuple[Cell, ...]:
    points = (one.difference, one.lower, one.upper)
    return (
        one.quantity.label,
        value_words(one.quantity, one.base),
        value_words(one.quantity, one.new),
        *(absolute_words(one, point) for point in points),
        one.p_value,
        one.p_adjusted,
        {"samples": "samples", "runs": "samples and runs", "none": "too few samples"}[one.basis],
        one.result.value,
    )


def absolute_words(one: Compared, value: float | None) -> str:
    """Return a difference in its own unit, with its sign."""
    if value is None:
        return "n/a"
    if one.quantity.kind in ("share", "factor"):
        return signed(value, "points" if one.quantity.kind == "share" else "%")
    words = value_words(one.quantity, abs(value))
    if not value or words.startswith("<"):
        return words
    return ("+" if value > 0 else "\N{MINUS SIGN}") + words


def _runs_table(sides: Sequence[Side]) -> Table:
    columns = (
        text("side"),
        text("run"),
        Column(name="verdict", label="verdict", kind=Kind.VERDICT),
        text("started", "started (UTC)"),
        number("measured_s", "measured", Kind.DURATION),
        number("requests", "requests", Kind.COUNT),
        code("target"),
        number("seed", "seed", Kind.TEXT),
        text("version", "pwdload"),
        text("machine"),
        number("processes", "processes", Kind.COUNT),
    )
    return Table(
        name="runs",
        title="Runs",
        caption="In their order in time, side by side.",
        columns=columns,
        rows=tuple(_run_rows(sides)),
    )


def _run_rows(sides: Iterable[Side]) -> Iterator[tuple[Cell, ...]]:
    for side in sides:
        for one in side.runs:
            record = one.run.record
            yield (
                side.name,
                one.shown,
                one.verdict.value,
                record.started_utc[:19].replace("T", " "),
                one.run.measured_s,
                len(one.run.due),
                "stand-in" if record.target_is_standin else record.target,
                str(record.seed),
                record.versions.get("pwdload", "not on record"),
                ", ".join(f"{name} {value}" for name, value in sorted(record.generator.items())) or "not on record",
                len(one.run.files),
            )


def _tested(comparisons: Sequence[Comparison]) -> Iterator[Tested]:
    for comparison in comparisons:
        for one in comparison.primary:
            yield Tested(
                group=comparison.new.name,
                name=one.quantity.label,
                result=one.result,
                text=f"{value_words(one.quantity, one.base)} → {value_words(one.quantity, one.new)}: "
                f"{difference_words(one)} ({interval_words(one)})",
            )


def _console_lines(
    comparisons: Sequence[Comparison], result: Result, reason: str, cautions: Sequence[Caution]
) -> Iterator[str]:
    yield f"{result.value.upper()}: {reason}"
    for comparison in comparisons:
        if len(comparisons) > 1:
            yield f"  {comparison.new.name}: {comparison.result.value.upper()}"
        for one in comparison.primary:
            values = f"{value_words(one.quantity, one.base)} -> {value_words(one.quantity, one.new)}"
            yield (
                f"  {one.quantity.label:<28} {values:<22} {difference_words(one):>12}  "
                f"({interval_words(one)})  {one.result.value}"
            )
    for caution in cautions:
        yield f"  Caveat: {caution.text}"
