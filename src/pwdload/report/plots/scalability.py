"""How response time, throughput and load hang together, level by level."""

from collections.abc import Callable, Sequence

import numpy as np

from pwdload.analysis.capacity import Capacity
from pwdload.analysis.capacity.levels import Bounded, LoadLevel, LoadLevels
from pwdload.report.formats import duration, mean, per_second, share
from pwdload.report.model import Chart, Ink, Mark, Rule
from pwdload.statistics.usl import Usl

TABLE = "load_levels"
_CURVE_POINTS = 80
_PERCENTILES: tuple[tuple[str, Ink], ...] = (("p50", "first"), ("p95", "second"), ("p99", "third"))
_KNEE_RISE = 3.0
"""Response times that are so many times those of the lowest load show that requests wait."""
Of = Callable[[LoadLevel], float]


def response_chart(found: LoadLevels, *, against: str) -> Chart:
    """Return response times against "throughput" or "in_flight"."""
    of: Of = _throughput if against == "throughput" else _in_flight
    rows = sorted(found.levels, key=of)
    most_s = max((bound.value or 0.0 for one in rows for bound in one.times), default=0.0)
    unit, per = ("s", 1.0) if most_s >= 10 else ("ms", 1000.0)
    return Chart(
        name=f"response_by_{against}",
        title="Response time against " + ("throughput" if against == "throughput" else "requests in flight"),
        x_label="requests completed per second (1/s)" if against == "throughput" else "requests in flight (mean)",
        y_label=f"response time of {found.step or 'all requests'} ({unit})",
        marks=tuple(_times(rows, of, place, name, ink, per) for place, (name, ink) in enumerate(_PERCENTILES)),
        reading=_response_reading(rows, against, found),
        table=TABLE,
        y_is_log=True,
    )


def scaling_chart(found: LoadLevels, usl: Usl | str) -> Chart:
    """Return goodput against requests in flight, with the law's curve, its band and its knee where it fits."""
    rows = sorted(found.levels, key=_in_flight)
    return Chart(
        name="goodput_by_in_flight",
        title="Goodput against requests in flight",
        x_label="requests in flight (mean)",
        y_label=goodput_label(found),
        marks=(*(_law(usl) if isinstance(usl, Usl) else ()), _goodput(rows, _in_flight, found)),
        rules=_knee(usl),
        reading=scaling_reading(usl),
        table=TABLE,
        is_wide=found.source == "search",  # which has three charts
    )


def offered_chart(found: LoadLevels, capacity: Capacity | None) -> Chart:
    """Return goodput and what was turned away against what was offered, with the capacity."""
    rows = sorted(found.levels, key=_offered)
    x = tuple(map(_offered, rows))
    marks = [_goodput(rows, _offered, found)]
    if any(one.shed_share for one in rows):
        turned = tuple(one.shed_share * one.level.offered_requests_per_s for one in rows)
        marks.append(Mark(name="requests turned away (shed)", x=x, y=turned, ink="fifth"))
    at = capacity.flows_per_s if capacity is not None and capacity.limiter is not None else None
    return Chart(
        name="goodput_by_offered",
        title="Goodput against offered load",
        x_label="flows offered per second (1/s)",
        y_label=goodput_label(found),
        marks=tuple(marks),
        rules=(Rule(name=f"capacity {per_second(at)}", at=at, axis="x"),) if at else (),
        reading=_offered_reading(rows, found),
        table=TABLE,
    )


def goodput_label(found: LoadLevels) -> str:
    """Return what goodput counts, with its unit."""
    what = "accepted changes" if found.has_changes else "requests that came out as expected"
    return f"{what} per second (1/s)"


def scaling_reading(usl: Usl | str) -> str:
    """Return what the law says of the run, one line."""
    if isinstance(usl, str):
        return usl
    if not usl.fits:
        return (
            f"The levels do not lie on a curve of the Universal Scalability Law (off by {share(usl.misfit)} on "
            "average), so its knee is not told."
        )
    if usl.knee is None or usl.peak is None or not np.isfinite(usl.peak.value):
        return "Goodput grows with what is in flight and shows no sign of falling again."
    if not usl.is_knee_seen:
        return (
            f"Goodput does not fall within what was tried (up to {mean(usl.reach[1])} in flight); the law puts its "
            f"highest at {per_second(usl.peak.value)} with {mean(usl.knee.value)} in flight, which is a guess."
        )
    return (
        f"Goodput is highest, {per_second(usl.peak.value)}, with {mean(usl.knee.value)} in flight (95 % interval "
        f"{mean(usl.knee.lower)} to {mean(usl.knee.upper)}), and falls beyond."
    )


def _throughput(one: LoadLevel) -> float:
    return one.requests_per_s


def _in_flight(one: LoadLevel) -> float:
    return one.level.in_flight


def _offered(one: LoadLevel) -> float:
    return one.level.offered_flows_per_s


def _times(rows: Sequence[LoadLevel], of: Of, place: int, name: str, ink: Ink, per: float) -> Mark:
    known = [one for one in rows if one.times[place].value is not None]
    y, low, high = (tuple(_scaled(one.times[place], end, per) for one in known) for end in ("value", "lower", "upper"))
    return Mark(name=name, x=tuple(map(of, known)), y=y, low=low, high=high, ink=ink, labels=tuple(map(_label, known)))


def _scaled(bounded: Bounded, end: str, per: float) -> float | None:
    value: float | None = getattr(bounded, end)
    return None if value is None else value * per


def _label(one: LoadLevel) -> str:
    level = one.level
    return f"{level.stage or 'measured'}, from {level.start_s:.0f} s: {per_second(level.offered_flows_per_s)} offered"


def _goodput(rows: Sequence[LoadLevel], of: Of, found: LoadLevels) -> Mark:
    y, low, high = (tuple(_scaled(one.goodput, end, 1.0) for one in rows) for end in ("value", "lower", "upper"))
    name = "slices of the run" if found.source == "slices" else "levels"
    return Mark(
        name=name, x=tuple(map(of, rows)), y=y, low=low, high=high, ink="first", labels=tuple(map(_label, rows))
    )


def _law(usl: Usl) -> tuple[Mark, ...]:
    if not usl.fits:
        return ()
    at = np.linspace(usl.reach[0], usl.reach[1], _CURVE_POINTS)
    low, high = usl.band_per_s(at)
    x = tuple(at.tolist())
    band = Mark(
        name="95 % band", x=x, y=(), low=tuple(low.tolist()), high=tuple(high.tolist()), ink="second", style="band"
    )
    curve = tuple(usl.throughput_per_s(at).tolist())
    return band, Mark(name="Universal Scalability Law", x=x, y=curve, ink="second", style="line")


def _knee(usl: Usl | str) -> tuple[Rule, ...]:
    if isinstance(usl, str) or not usl.fits or not usl.is_knee_seen or usl.knee is None:
        return ()
    return (Rule(name=f"knee {mean(usl.knee.value)}", at=usl.knee.value, axis="x"),)


def _response_reading(rows: Sequence[LoadLevel], against: str, found: LoadLevels) -> str:
    known = [one for one in rows if one.times[1].value is not None]
    if len(known) < 2:
        return "Too few requests in each part of the run for a p95."
    p95 = [one.times[1].value or 0.0 for one in known]
    of, unit = (_throughput, "/s") if against == "throughput" else (_in_flight, " in flight")
    if found.source == "slices":
        return (
            f"p95 lies between {duration(min(p95))} and {duration(max(p95))}, over {mean(of(known[0]))} to "
            f"{mean(of(known[-1]))}{unit}."
        )
    ends = [f"{duration(time)} at {mean(of(one))}{unit}" for one, time in ((known[0], p95[0]), (known[-1], p95[-1]))]
    words = f"p95 goes from {ends[0]} to {ends[1]}"
    past = next((one for one, time in zip(known, p95, strict=True) if time > _KNEE_RISE * p95[0]), None)
    if past is None:
        return f"{words}."
    return f"{words}; it first passes {_KNEE_RISE:g} times its lowest at {mean(of(past))}{unit}."


def _offered_reading(rows: Sequence[LoadLevel], found: LoadLevels) -> str:
    if not rows:
        return "Nothing was offered for long enough."
    best = max(rows, key=lambda one: one.goodput.value or 0.0)
    most = per_second(best.goodput.value or 0.0)
    words = f"The most that was got done is {most}, at {per_second(_offered(best))} flows offered"
    last = rows[-1]
    if last is not best and found.source != "slices":
        words += f"; at {per_second(_offered(last))} it is {per_second(last.goodput.value or 0.0)}"
    turned = max(one.shed_share for one in rows)
    return f"{words}; at most {share(turned)} of the requests were turned away." if turned else f"{words}."
