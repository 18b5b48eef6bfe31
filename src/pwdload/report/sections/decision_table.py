"""The one table of the first page: what the target can take, and what it will be asked for."""

from collections.abc import Iterator
from dataclasses import dataclass

from pwdload.analysis import Analysis
from pwdload.analysis.capacity import Capacity, Shape
from pwdload.analysis.forecast import Bounds, Dates, Outlook, Prospect, bounds_of, served, without_proof
from pwdload.analysis.target_load import TargetLoad
from pwdload.criteria import Standing
from pwdload.oracle.told import short
from pwdload.outcome import Verdict
from pwdload.report.cards import weakened_by
from pwdload.report.formats import duration, joined, per_second, share
from pwdload.report.frames import code, number, text
from pwdload.report.model import Caution, Cell, Column, Kind, Table
from pwdload.scenario.demand import peak_rule
from pwdload.units import format_change

ENOUGH = {Standing.KEPT: "yes", Standing.BROKEN: "no", Standing.CANNOT_TELL: "cannot tell"}
MANY_TIMES = 9.0
"""From ten times the peak on, a head-room is told as a multiple of it."""
_NOTHING = Bounds(estimate=None, lower=None, upper=None)
_SHAPES = {
    Shape.SATURATES: "more load is not served, and nothing is lost by it",
    Shape.RETROGRADE: "past it, more load gets less done",
    Shape.FOLLOWS: "the most that was offered was served, though not within the criteria",
    Shape.NEVER_KEPT: "the most that was got done, outside the criteria",
}
"""Those in which there is a limit beyond the capacity, or something is known of where it lies."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What is known of the capacity, however it is known."""

    label: str
    bounds: Bounds
    words: str
    """How it is known."""
    capacity: Capacity | None
    """Null where only a rate that was served is known, or nothing."""

    @property
    def text(self) -> str:
        """The number for a person: "97.3/s", "at least 97.3/s", "below 12.0/s", "n/a"."""
        bounds = self.bounds
        if bounds.best is None:
            return "n/a" if bounds.upper is None else f"below {per_second(bounds.upper)}"
        return f"at least {per_second(bounds.lower)}" if bounds.is_at_least else per_second(bounds.best)


def known_of(analysis: Analysis) -> Known:
    """Return what is known of the capacity: as it was found, else the rate that was served, if it was served well."""
    known = _known(analysis)
    if analysis.verdict is not Verdict.INVALID:
        return known
    words = "The instrument failed: this number proves nothing. " + known.words
    return Known(label=known.label, bounds=without_proof(known.bounds), words=words.strip(), capacity=known.capacity)


def _known(analysis: Analysis) -> Known:
    capacity, rate = analysis.capacity, analysis.headline.changes_per_s
    if capacity is not None and bounds_of(capacity) != _NOTHING:
        label = "Measured capacity" if capacity.source == "search" else "Estimated capacity"
        return Known(label=label, bounds=bounds_of(capacity), words=capacity.words, capacity=capacity)
    why = capacity.words if capacity is not None else "No limit was looked for."
    if rate is None:
        words = f"Nothing was measured. {why}"
        return Known(label="Capacity", bounds=_NOTHING, words=words.strip(), capacity=capacity)
    if analysis.verdict is Verdict.PASS:
        words = f"Served {per_second(rate)} within the criteria. {why}"
        return Known(label="Served", bounds=served(rate), words=words.strip(), capacity=capacity)
    words = f"{per_second(rate)} were accepted, but the run did not pass: whether that rate is sustained is not shown."
    return Known(label="Capacity", bounds=_NOTHING, words=f"{words} {why}".strip(), capacity=capacity)


def decision_table(analysis: Analysis, known: Known, found: Outlook | None, cautions: tuple[Caution, ...]) -> Table:
    """Return capacity, limit, peaks and what gives first, a row each."""
    # A rate that was served is only worth what the verdict is that says so.
    of_verdict = ("verdict",) if known.capacity is None else ()
    measured = weakened_by(cautions, "everything", "throughput", "latency", "capacity", *of_verdict)
    columns = tuple(_columns(found))
    rows = list(_measured_rows(known))
    marks = [measured] * len(rows)
    if found is not None:
        rows += [_peak_row(one, found) for one in found.prospects]
        marks += [()] * len(found.prospects)
    if first := gives_first(known.capacity, analysis.target_load):
        rows.append({"what": "What gives first", "known_by": first})
        marks.append(weakened_by(cautions, "everything", "capacity"))
    return Table(
        name="decision",
        title="Capacity and what is to come" if found is not None else "Capacity",
        caption=_caption(found),
        columns=columns,
        rows=tuple(tuple(row.get(column.name) for column in columns) for row in rows),
        marks=tuple(marks),
    )


def gives_first(capacity: Capacity | None, load: TargetLoad | None) -> str:
    """Return what gives first when there is more load, by the criteria and the target's own metrics; may be empty."""
    parts = []
    if capacity is not None and capacity.limiter is not None:
        parts.append(short(capacity.limiter.words).rstrip("."))
    if load is not None and load.short_of:
        parts.append(f"{joined([use.words for use in load.short_of])} at the highest level")
    elif load is not None and load.uses:
        most = f"the target's own metrics show no shortage ({load.uses[0].words})"
        parts.append(most)
    return f"{'; '.join(parts)}." if parts else ""


def details_table(found: Outlook) -> Table:
    """Return the same as raw values, as a file."""
    dates = ("used_up", "used_up_earliest", "used_up_latest", "act_by", "act_by_earliest", "act_by_latest")
    return Table(
        name="forecast",
        title="Forecast",
        caption="Each peak that is to come against the capacity: rates per second, head-room as a part of the peak.",
        columns=(
            code("when"),
            number("changes", "changes", Kind.MEAN),
            number("within_s", "within", Kind.DURATION),
            number("mean_per_s", "average", Kind.RATE),
            number("peak_per_s", "peak", Kind.RATE),
            *(number(name, name.replace("_", " "), Kind.MEAN) for name in ("headroom", "headroom_lower")),
            number("headroom_upper", "headroom upper", Kind.MEAN),
            code("enough"),
            *(code(name) for name in dates),
        ),
        rows=tuple(
            (
                one.peak.when,
                one.peak.changes,
                one.peak.within_s,
                one.peak.mean_per_s,
                one.peak.peak_per_s,
                one.headroom,
                one.headroom_lower,
                one.headroom_upper,
                one.standing.value,
                *_days(one.used_up),
                *_days(one.act_by),
            )
            for one in found.prospects
        ),
        rows_shown=0,
    )


def _columns(found: Outlook | None) -> Iterator[Column]:
    yield text("what", " ", absent="")
    yield text("changes_per_s", "changes/s", absent="")
    yield text("interval", "95 % interval", absent="")
    if found is not None:
        wanted = found.forecast.headroom
        yield text("headroom", "head-room", absent="")
        yield text("enough", f"enough, with {wanted * 100:g} % to spare" if wanted else "enough", absent="")
    if found is not None and found.forecast.growth_per_year is not None:
        yield text("used_up", "growth uses it up", absent="")
        yield text("act_by", "act by", absent="")
    yield text("known_by", "how it is known", absent="")


def _measured_rows(known: Known) -> Iterator[dict[str, Cell]]:
    yield {
        "what": known.label,
        "changes_per_s": known.text,
        "interval": _interval(known.bounds) or None,
        "known_by": short(known.words),
    }
    capacity = known.capacity
    if capacity is None or capacity.highest_changes_per_s is None or capacity.shape not in _SHAPES:
        return  # where no limit was met, none lies beyond
    most = per_second(capacity.highest_changes_per_s)
    yield {
        "what": "Limit beyond it",
        "changes_per_s": f"at least {most}" if capacity.shape is Shape.FOLLOWS else most,
        "known_by": _beyond(capacity),
    }


def _interval(bounds: Bounds) -> str:
    if bounds.lower is None or (bounds.upper is None and bounds.lower == bounds.estimate):
        return ""
    if bounds.upper is None:
        return f"{per_second(bounds.lower)} or more"
    return f"{per_second(bounds.lower)} to {per_second(bounds.upper)}"


def _beyond(capacity: Capacity) -> str:
    parts = [_SHAPES[capacity.shape]]
    if capacity.beyond_kept_share is not None:
        kept = capacity.beyond_kept_share
        # Goodput past the limit may be above that of the capacity, where a criterion broke before the target was full.
        parts.append(f"past the limit {share(min(kept, 1.0))} of the capacity's goodput is kept")
        returned = capacity.returned_s
        parts.append(f"back to normal after {duration(returned)}" if returned is not None else "no return was seen")
    words = "; ".join(parts)
    return f"{words[0].upper()}{words[1:]}."


def _peak_row(one: Prospect, found: Outlook) -> dict[str, Cell]:
    return {
        "what": one.peak.name,
        "changes_per_s": per_second(one.peak.peak_per_s),
        "headroom": headroom_words(one, found.bounds),
        "enough": ENOUGH[one.standing],
        "used_up": dates_words(one.used_up, found.bounds),
        "act_by": dates_words(one.act_by, found.bounds, due="now"),
        "known_by": f"{one.peak.words}; {per_second(one.peak.mean_per_s)} on average",
    }


def headroom_words(one: Prospect, bounds: Bounds) -> str:
    """Return a head-room for a person, with its interval: "+32 % (+28 % to +36 %)", "at least +32 %", "n/a"."""
    if one.headroom is None:
        return "n/a" if one.headroom_upper is None else f"below {_part(one.headroom_upper)}"
    if bounds.is_at_least and one.headroom_lower is not None:
        return f"at least {_part(one.headroom_lower)}"
    if one.headroom_lower is None or one.headroom_upper is None:
        return _part(one.headroom)
    if min(one.headroom, one.headroom_lower) >= MANY_TIMES:
        return f"{_part(one.headroom)} ({one.headroom_lower + 1:,.0f} to {one.headroom_upper + 1:,.0f})"
    return f"{_part(one.headroom)} ({_part(one.headroom_lower)} to {_part(one.headroom_upper)})"


def dates_words(dates: Dates | None, bounds: Bounds, *, due: str = "already") -> str | None:
    """Return a day for a person, with its interval: "2031-03-01 (2030-11-02 to 2031-07-20)", "never", "already".

    `due` stands for a day that is over.
    """
    if dates is None:
        return None
    if dates.best is None:
        return "n/a"
    best, earliest, latest = (
        None if day is None else due if day.kind == "already" else day.words
        for day in (dates.best, dates.earliest, dates.latest)
    )
    if bounds.is_at_least and dates.earliest is not None:
        # Nobody knows how much more there is: what is over by the lower bound may not be.
        words = {"on": f"{earliest} or later", "never": "never", "already": "cannot tell"}
        return words[dates.earliest.kind]
    if earliest is None or latest is None or earliest == latest:
        return best
    return f"{best} ({earliest} to {latest})"


def _part(headroom: float) -> str:
    return f"{headroom + 1:,.0f} times the peak" if headroom >= MANY_TIMES else format_change(headroom)


def _days(dates: Dates | None) -> tuple[Cell, Cell, Cell]:
    if dates is None:
        return None, None, None
    best, earliest, latest = (None if day is None else day.words for day in (dates.best, dates.earliest, dates.latest))
    return best, earliest, latest


def _caption(found: Outlook | None) -> str:
    caption = "Accepted changes per second that the target sustains within the criteria."
    if found is None:
        return caption
    growth = found.forecast.growth_per_year
    grows = "" if growth is None else f" Peaks grow by {format_change(growth)} a year, from {found.today.isoformat()}."
    lead = found.forecast.lead_time_s
    leads = "" if lead is None or growth is None else f" It takes {lead / 86_400:g} days to add capacity."
    return f"{caption} Head-room is capacity over peak, less one; {peak_rule(found.forecast)}.{grows}{leads}"
