"""Load and response: what each load brought, and how much of it the target can take."""

from collections.abc import Iterable

from pwdload.analysis import Analysis
from pwdload.analysis.capacity.levels import Bounded, LoadLevel, LoadLevels
from pwdload.analysis.capacity.scaling import scaling_of
from pwdload.analysis.capacity.values import Level
from pwdload.report.frames import number, text
from pwdload.report.model import Cell, Chart, Column, Kind, Section, Table
from pwdload.report.plots.scalability import TABLE, offered_chart, response_chart, scaling_chart
from pwdload.statistics.percentiles import P50, P95, P99
from pwdload.statistics.usl import Estimate, Usl

_SETTLING = (
    "Of each level the beginning is left out until what is in flight has come to what it is in the level's second "
    "half: a tenth of it at least, a half at most."
)
_INTERVALS = (
    "Intervals hold with 95 % and come from blocks of the level that are drawn again, so that requests which waited in "
    "one queue are not taken for independent."
)
_CAPTIONS = {
    "levels": f"One row per load that was held. {_SETTLING} {_INTERVALS}",
    "ramp": f"Equal parts of the ramp; the rate is that at the middle of each. Queues lag behind it. {_INTERVALS}",
    "search": "One row per level of the search to which nothing was done, without the time in which it settled; why "
    f"each was played stands in its own table. {_INTERVALS}",
    "slices": f"Equal parts of the measured time, for the run held too few loads to compare. {_INTERVALS}",
}


def scalability_section(analysis: Analysis) -> Section | None:
    """Return load against response; None where nothing was measured for long enough."""
    found = analysis.shown
    if not found.levels:
        return None
    usl = scaling_of(found)
    return Section(
        name="scalability",
        title="Load and response",
        intro=_intro(analysis, found),
        items=(*_charts(analysis, found, usl), _levels_table(found), *([_law_table(usl)] if _tells(usl) else [])),
    )


def _intro(analysis: Analysis, found: LoadLevels) -> str:
    capacity = analysis.capacity
    if found.source == "search":
        return "What each level of the search brought: how long answers took, and how much was under way meanwhile."
    said = [capacity.words] if capacity is not None and capacity.words else []
    if capacity is not None and capacity.limiter is not None and capacity.flows_per_s is not None:
        said.append(f"First to give: {capacity.limiter.words}.")
    if found.asked.left_out:
        said.append(f"Left out, as they say nothing of a rate: {', '.join(found.asked.left_out)}.")
    return " ".join(said)


def _charts(analysis: Analysis, found: LoadLevels, usl: Usl | str) -> Iterable[Chart]:
    """Return the charts that have something to show: parts of a run with one load are no curve of goodput."""
    if sum(one.times[1].value is not None for one in found.levels) > 1 or found.source != "slices":
        yield response_chart(found, against="throughput")
        yield response_chart(found, against="in_flight")
    if found.source == "slices":
        return
    if found.source != "search":  # the search's own section has it
        yield offered_chart(found, analysis.capacity)
    yield scaling_chart(found, usl)


def _levels_table(found: LoadLevels) -> Table:
    columns = tuple(_columns(found))
    return Table(
        name=TABLE,
        title="Parts of the run" if found.source in ("ramp", "slices") else "Levels",
        caption=_CAPTIONS[found.source],
        columns=columns,
        rows=tuple(_row(one, found) for one in found.levels),
    )


def _columns(found: LoadLevels) -> Iterable[Column]:
    yield text("stage")
    yield number("from_s", "from", Kind.CLOCK)
    yield number("to_s", "to", Kind.CLOCK)
    if not found.is_open:
        yield number("users", "users", Kind.COUNT)
    yield number("offered_flows_per_s", "flows offered", Kind.RATE)
    yield number("requests_per_s", "requests done", Kind.RATE)
    yield from _with_interval("goodput", "per_s", "changes" if found.has_changes else "as expected", Kind.RATE)
    for percentile in (P50, P95, P99):
        yield from _with_interval(percentile.name, "s", percentile.name, Kind.DURATION)
    yield number("in_flight", "in flight", Kind.MEAN)
    yield number("failed_share", "failed", Kind.SHARE)
    yield number("shed_share", "turned away", Kind.SHARE)
    yield number("requests", "requests", Kind.COUNT)
    if found.source != "search":  # what the search made of its levels stands in its own table
        yield text("criteria")
        yield text("broken", "broken criteria")


def _with_interval(name: str, unit: str, label: str, kind: Kind) -> Iterable[Column]:
    lower, upper = f"{name}_lower_{unit}", f"{name}_upper_{unit}"
    yield Column(name=f"{name}_{unit}", label=label, kind=kind, absent="n/a", low=lower, high=upper)
    yield number(lower, f"{label} from", kind)
    yield number(upper, f"{label} to", kind)


def _row(one: LoadLevel, found: LoadLevels) -> tuple[Cell, ...]:
    level = one.level
    users: tuple[Cell, ...] = () if found.is_open else (int(one.load) or None,)
    return (
        level.stage,
        level.start_s,
        level.end_s,
        *users,
        level.offered_flows_per_s,
        one.requests_per_s,
        *_ends(one.goodput),
        *(end for times in one.times for end in _ends(times)),
        level.in_flight,
        level.failed_share,
        one.shed_share,
        level.samples,
        *(_standing(level) if found.source != "search" else ()),
    )


def _standing(level: Level) -> tuple[Cell, ...]:
    standing = level.standing.value.replace("_", " ") + (", on the way down" if level.role == "return" else "")
    return standing, ", ".join(level.broken) or None


def _ends(bounded: Bounded) -> tuple[Cell, ...]:
    return bounded.value, bounded.lower, bounded.upper


def _tells(usl: Usl | str) -> bool:
    return isinstance(usl, Usl) and usl.fits


def _law_table(usl: Usl | str) -> Table:
    """Return the parameters of the law."""
    assert isinstance(usl, Usl)  # noqa: S101 - only asked for where it fits
    rows = [
        ("gamma: goodput with one in flight (1/s)", usl.gamma),
        ("alpha: contention", usl.alpha),
        ("beta: coherency", usl.beta),
        ("knee: in flight where goodput is highest", usl.knee),
        ("highest goodput by the law (1/s)", usl.peak),
    ]
    return Table(
        name="scalability_law",
        title="Universal Scalability Law",
        caption="X(N) = gamma N / (1 + alpha (N - 1) + beta N (N - 1)), fitted to goodput and requests in flight of "
        f"the levels; on average they are {usl.misfit * 100:.1f} % off. An open end means that the levels do not rule "
        "out that there is none.",
        columns=(
            text("parameter"),
            number("value", "value", Kind.MEAN),
            number("lower", "from", Kind.MEAN),
            number("upper", "to", Kind.MEAN),
        ),
        rows=tuple((name, *_estimated(estimate)) for name, estimate in rows),
    )


def _estimated(estimate: Estimate | None) -> tuple[Cell, ...]:
    if estimate is None:
        return None, None, None
    return tuple(value if value < float("inf") else None for value in (estimate.value, estimate.lower, estimate.upper))
