"""A report as one HTML file that needs nothing else: no server, no network, no second file.

The page forbids itself all network access, and every script that is not one of its own two, by a content security
policy that names those by their hash. So even a text that slipped through the escaping could not run.
"""

import base64
import hashlib
import json
import re
from functools import cache
from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from plotly.offline import get_plotlyjs

from pwdload.oracle.told import short, span
from pwdload.report.formats import figure_text, is_number, plain, shown
from pwdload.report.model import Plot, Report, Table

ROWS_FOLDED = 12
"""A table shows so many rows before it is unfolded; on paper it is always unfolded."""


def render(report: Report) -> str:
    """Return the report as one HTML document; deterministic, and below 6 MB unless the run lasted for weeks."""
    plotly, ours = _plotly(), _resource("report.js")
    page = _environment().get_template("report.html.j2")
    return page.render(
        report=report,
        css=Markup(_resource("report.css")),  # noqa: S704 - our own file
        plotly=Markup(plotly),  # noqa: S704 - plotly's own file
        script=Markup(ours),  # noqa: S704 - our own file
        script_hashes=" ".join(f"'sha256-{_hash(script)}'" for script in (plotly, ours)),
        plots=Markup(_plot_data(report)),  # noqa: S704 - escaped by _plot_data
        rows_folded=ROWS_FOLDED,
    )


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("pwdload.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters.update(
        shown=_shown,
        is_number=is_number,
        plain=plain,
        parts=_parts,
        figure_text=figure_text,
        largest=_largest,
        span=span,
        short=short,
    )
    environment.tests.update(
        table=lambda item: isinstance(item, Table),
        plot=lambda item: isinstance(item, Plot),
    )
    return environment


def _shown(cell: object, column: object) -> str:
    return shown(column, cell)  # type: ignore[arg-type]  # a template has no types


def _largest(table: Table) -> float:
    """Return the largest value of the column that is drawn as bars, which gets a bar of full length."""
    place = next((place for place, column in enumerate(table.columns) if column.name == table.bars), None)
    values = [] if place is None else [row[place] for row in table.rows]
    return max((value for value in values if isinstance(value, float)), default=0.0) or 1.0


def _parts(value: str) -> tuple[str, str]:
    """Return a formatted value as number and unit, so that the unit can be set smaller: "21.0" and " ms"."""
    match = re.fullmatch(r"([0-9.,<> ]*[0-9])( ?[a-z%]+|/[a-z])", value)
    return (match[1], match[2]) if match else (value, "")


@cache
def _resource(name: str) -> str:
    return files("pwdload.report").joinpath("templates", name).read_text("utf-8")


@cache
def _plotly() -> str:
    source: str = get_plotlyjs()
    return source


def _hash(script: str) -> str:
    return base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()


def _plot_data(report: Report) -> str:
    """Return what the script draws, as JSON that is safe inside a script element: it has no "<" that could end it."""
    plots = [
        {
            "name": plot.name,
            "title": plot.title,
            "xLabel": plot.x_label,
            "yLabel": plot.y_label,
            "x": plot.x,
            "bin": plot.bin_s,
            "style": plot.style,
            "series": [{"name": series.name, "ink": series.ink, "y": series.y} for series in plot.series],
            "shades": [[shade.name, shade.start_s, shade.end_s] for shade in plot.shades],
            "log": plot.is_log,
            "bands": [[band.name, band.start_s, band.end_s, band.is_measured] for band in plot.bands],
        }
        for plot in report.plots
    ]
    text = json.dumps(plots, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    return text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")
