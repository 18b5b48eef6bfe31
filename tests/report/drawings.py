"""One drawing of every kind, with what is awkward to draw: gaps, zeros on a logarithmic axis, rules close together."""

import math
from dataclasses import replace

from pwdload.report.model import (
    Band,
    Cell,
    Chart,
    Column,
    HeatMap,
    Kind,
    Mark,
    Report,
    Rule,
    Section,
    Shade,
    Table,
)

RATES = (10.0, 20.0, 40.0, 60.0, 70.0, 75.0, 80.0, 90.0)
BANDS = (Band(name="warm up", start_s=0.0, end_s=10.0, is_measured=False),)


def goodput(name: str = "goodput") -> Chart:
    """Measured levels with their intervals, a fit with its band, and three rules."""
    got = tuple(min(rate, 72.0) * 0.98 for rate in RATES)
    fine = tuple(float(rate) for rate in range(1, 101))
    fit = tuple(rate / (1 + (rate / 110) ** 3) ** (1 / 3) for rate in fine)
    return Chart(
        name=name,
        title="Goodput against offered load",
        x_label="flows offered (1/s)",
        y_label="accepted changes (1/s)",
        marks=(
            Mark(
                name="95 % interval of the fit",
                x=fine,
                y=(),
                low=tuple(0.95 * y for y in fit),
                high=tuple(1.05 * y for y in fit),
                ink="second",
                style="band",
            ),
            Mark(name="fit", x=fine, y=fit, ink="second", style="line"),
            Mark(
                name="levels",
                x=RATES,
                y=got,
                low=tuple(0.96 * y for y in got),
                high=tuple(1.04 * y for y in got),
                ink="first",
                labels=tuple(f"{rate:.0f}/s offered" for rate in RATES),
            ),
        ),
        rules=(
            Rule(name="capacity 72.4/s", at=72.4, axis="x"),
            Rule(name="morning rush 68.0/s", at=68.0, axis="x"),
            Rule(name="<b>next year</b> 81.6/s", at=81.6, axis="x"),
        ),
        reading="Goodput follows the offered load up to 72/s and stays there.",
        table="timeline",
    )


def distribution() -> Chart:
    """A distribution in steps over a logarithmic axis, with a zero and a gap in it."""
    x = (0.0, *(10 ** (place / 10) for place in range(34)))
    return Chart(
        name="ecdf",
        title="Distribution of the response time",
        x_label="response time (ms)",
        y_label="share of requests at most as slow (%)",
        marks=(
            Mark(
                name="update_password",
                x=x,
                y=tuple(100 * (1 - math.exp(-at / 40)) for at in x),
                ink="first",
                style="steps",
            ),
            Mark(
                name="login",
                x=x,
                y=(None, *(100 * (1 - math.exp(-at / 9)) for at in x[1:])),
                ink="third",
                style="steps",
            ),
        ),
        rules=(Rule(name="limit 300 ms", at=300.0, axis="x"), Rule(name="p95", at=95.0, axis="y")),
        x_is_log=True,
        reading="Half of the changes were answered within 28 ms.",
        table="timeline",
    )


def heat() -> HeatMap:
    """A queue that grows under a fault and empties again."""
    x, y = tuple(2.0 * place for place in range(50)), tuple(0.002 * 1.3**place for place in range(30))
    return HeatMap(
        name="heat",
        title="Response time over time",
        x_label="time since the load began (s)",
        y_label="response time",
        x=x,
        y=y,
        cells=tuple(
            tuple(int(900 * math.exp(-((row - 8 - (12 if 20 <= at < 28 else 0)) ** 2) / 6)) for at in range(50))
            for row in range(30)
        ),
        reading="All requests of the fault's 16 s were slow, and no other.",
        table="timeline",
        bands=BANDS,
        shades=(Shade(name="slow disk", start_s=40.0, end_s=56.0),),
    )


def nothing() -> Chart:
    """A chart of a run in which nothing happened."""
    return Chart(
        name="empty",
        title="Nothing",
        x_label="load (1/s)",
        y_label="p95 (ms)",
        marks=(Mark(name="levels", x=(None,), y=(math.nan,), ink="first"),),
        reading="Nothing was measured.",
        table="timeline",
        y_is_log=True,
    )


def with_drawings(report: Report) -> Report:
    """Return a report with one drawing of every kind more."""
    items = (goodput(), distribution(), heat(), nothing())
    drawn = Section(name="drawn", title="Drawn", intro="One of every kind.", items=items)
    return replace(report, sections=(*report.sections, drawn))


def decision() -> Section:
    """A decision as a review wants to read it."""
    columns = (
        Column(name="quantity", label="quantity", kind=Kind.TEXT),
        Column(
            name="per_s",
            label="changes per second",
            kind=Kind.RATE,
            low="per_s_lower",
            high="per_s_upper",
            why_absent="nothing was tried there",
        ),
        Column(name="per_s_lower", label="lower", kind=Kind.RATE),
        Column(name="per_s_upper", label="upper", kind=Kind.RATE),
        Column(name="head_room", label="head-room", kind=Kind.SHARE),
        Column(name="words", label="what it is", kind=Kind.TEXT),
    )
    rows: tuple[tuple[Cell, ...], ...] = (
        ("Capacity within the SLO", 72.4, 70.1, 74.0, None, "p95 of update_password at most 300 ms"),
        ("Limit beyond it", 81.0, 79.5, 83.2, None, "goodput levels off; 96 % of it is kept past the limit"),
        ("Expected today", 40.0, None, None, 0.81, "16,000 people, 60 % within 15 m"),
        ("Expected on a mass-expiry day", 68.0, None, None, 0.06, "40,000 passwords expire within a day"),
        ("Expected next year", 81.6, None, None, 0.0, "20 % more people: past the capacity by 9.2/s"),
        ("Gives first", None, None, None, None, "p95 of update_password passes 300 ms at 74.1/s"),
    )
    table = Table(
        name="decision",
        title="Capacity against what is expected",
        caption="Accepted changes per second, with 95 % intervals.",
        columns=columns,
        rows=rows,
        marks=((1,), (1,), (), (), (), (1,)),
    )
    return Section(
        name="decision",
        title="Decision",
        intro="The service carries today's peak with room to spare, not next year's.",
        items=(table,),
        weakened_by=(1,),
    )


def with_decision(report: Report) -> Report:
    """Return a report with this decision before everything else, in the place of its own."""
    others = (section for section in report.sections if section.name != "decision")
    return replace(report, sections=(decision(), *others))
