"""A report as one HTML file that needs nothing else: no server, no network, no second file.

The page forbids itself all network access, and every script that is not one of its own two, by a content security
policy that names those by their hash. So even a text that slipped through the escaping could not run.
"""

import base64
import hashlib
import re
from functools import cache
from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from pwdload.oracle.told import short, span
from pwdload.report.cells import apart, has_interval, interval, is_tiered, places_shown
from pwdload.report.drawn import described, drawings_json, drawn_as, legend
from pwdload.report.formats import figure_text, is_number, plain, shown
from pwdload.report.model import Chart, Column, HeatMap, Kind, Plot, Report, Table

_DAY = re.compile(r"\b\d{4}-\d{2}-\d{2}\b")
_JOINT = re.compile(r"(?<=\w)_(?=[a-z])")
_WORDS = (Kind.TEXT, Kind.OUTCOME, Kind.EXPECTATION)
PLOTLY = "vendor/plotly-cartesian.min.js"
ROWS_FOLDED = 12
"""A table shows so many rows before it is unfolded; on paper it is always unfolded."""


def render(report: Report) -> str:
    """Return the report as one HTML document; deterministic, and below 3 MB unless the run lasted for weeks."""
    plotly, ours = script_of(PLOTLY), script_of("plots.js", "report.js")
    page = _environment().get_template("report.html.j2")
    return page.render(
        report=report,
        css=Markup(_resource("report.css")),  # noqa: S704 - our own file
        plotly=Markup(plotly),  # noqa: S704 - plotly's own file
        script=Markup(ours),  # noqa: S704 - our own file
        script_hashes=" ".join(f"'sha256-{_hash(script)}'" for script in (plotly, ours)),
        plots=Markup(drawings_json(report)),  # noqa: S704 - escaped by drawings_json
        printed_title=Markup(_css_text(f"{report.verdict.value.replace('_', ' ')}: {report.title}")),  # noqa: S704 - escaped
        rows_folded=ROWS_FOLDED,
    )


def framed(report: Report) -> str:
    """Return the page as an element for inside another page, with all of its freedom in its own frame."""
    attributes = 'style="width:100%;height:48rem;border:1px solid #dfe4e7;border-radius:.5rem" sandbox="allow-scripts"'
    title = escape(f"{report.verdict.value}: {report.title}")
    return f'<iframe title="{title}" {attributes} srcdoc="{escape(render(report))}"></iframe>'


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
        apart=apart,
        unbroken=_unbroken,
        breakable=_breakable,
        figure_text=figure_text,
        largest=_largest,
        places_shown=places_shown,
        interval=interval,
        span=span,
        short=short,
        described=described,
        legend=legend,
        drawn_as=drawn_as,
    )
    environment.tests.update(
        table=lambda item: isinstance(item, Table),
        drawing=lambda item: isinstance(item, Plot | Chart | HeatMap),
        estimated=has_interval,
        tiered=is_tiered,
        wide=lambda item: isinstance(item, HeatMap) or item.is_wide,
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


def _unbroken(text: str) -> Markup:
    """Return a text with its days kept whole: a browser breaks lines after a hyphen."""
    return Markup(_DAY.sub(r'<span class="whole">\g<0></span>', str(escape(text))))  # noqa: S704 - escaped


def _breakable(text: str, column: Column) -> str:
    """Return words of a table such that a narrow column breaks update_password at its underscore, if it must."""
    if column.kind not in _WORDS or "_" not in text:
        return text
    return Markup(_JOINT.sub("_<wbr>", str(escape(text))))  # noqa: S704 - escaped


@cache
def _resource(name: str) -> str:
    return files("pwdload.report").joinpath("templates", *name.split("/")).read_text("utf-8")


def script_of(*names: str) -> str:
    """Return files of `templates/` as one script."""
    return "\n".join(_resource(name) for name in names)


def _css_text(text: str) -> str:
    """Return a text as a string of CSS in which every character is a number: a title may say anything."""
    return '"' + "".join(f"\\{ord(character):06x}" for character in text) + '"'


def _hash(script: str) -> str:
    return base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()


environment, resource, hashed = _environment, _resource, _hash
"""For pages of another kind in the looks of this one (`pwdload.report.comparison`)."""
