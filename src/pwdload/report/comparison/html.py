"""A comparison or a history as one HTML file that needs nothing else, in the looks of a run's report."""

from functools import cache

from jinja2 import Environment
from markupsafe import Markup

from pwdload.report import html as of_report
from pwdload.report.comparison.page import Page, Range, Ranges
from pwdload.report.drawn import drawings_json

HALF = 100
"""From the middle of a drawn interval to either end, in its own units."""
_SPAN_LEAST, _SPAN_MOST = 2.0, 6.0
"""How many margins are drawn either way: what reaches further ends in an arrow."""


def render(page: Page) -> str:
    """Return the page as one HTML document; deterministic."""
    plotly, ours = of_report.script_of(of_report.PLOTLY), of_report.script_of("plots.js", "report.js")
    return (
        _environment()
        .get_template("comparison.html.j2")
        .render(
            page=page,
            css=Markup(of_report.resource("report.css") + of_report.resource("comparison.css")),  # noqa: S704 - our own
            plotly=Markup(plotly),  # noqa: S704 - plotly's own file
            script=Markup(ours),  # noqa: S704 - our own file
            script_hashes=" ".join(f"'sha256-{of_report.hashed(script)}'" for script in (plotly, ours)),
            plots=Markup(drawings_json(page)),  # noqa: S704 - escaped by drawings_json
            rows_folded=of_report.ROWS_FOLDED,
        )
    )


@cache
def _environment() -> Environment:
    environment = of_report.environment().overlay()
    environment.filters.update(whisker=whisker, margin_box=margin_box)
    return environment


def span_of(ranges: Ranges) -> float:
    """Return how many margins are drawn either way, so that most of what there is fits."""
    ends = [abs(end) for row in ranges.rows for end in (row.lower, row.upper) if end is not None and row.is_primary]
    return min(max([_SPAN_LEAST, *(end * 1.1 for end in ends)]), _SPAN_MOST)


def margin_box(ranges: Ranges) -> tuple[float, float]:
    """Return where the margin begins and how wide it is."""
    part = HALF / span_of(ranges)
    return round(HALF - part, 1), round(2 * part, 1)


def whisker(row: Range, ranges: Ranges) -> dict[str, object] | None:
    """Return where to draw an interval and its dot; null where there is none."""
    if row.lower is None or row.estimate is None or row.upper is None:
        return None
    span = span_of(ranges)
    lower, dot, upper = (HALF + HALF * min(max(end / span, -1.0), 1.0) for end in (row.lower, row.estimate, row.upper))
    return {
        "lower": round(lower, 1),
        "dot": round(dot, 1),
        "upper": round(upper, 1),
        "goes_left": row.lower < -span,
        "goes_right": row.upper > span,
        "has_dot": abs(row.estimate) <= span,
    }
