"""What the page's script draws, as compact JSON: numbers of six digits, runs of empty cells as one number."""

import json
import math
from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Protocol

from pwdload.report.model import Chart, Drawing, HeatMap, Mark, Plot

DIGITS = 6
"""More digits than a plot can show."""


class HasDrawings(Protocol):
    """A report, or whatever else is a page with drawings."""

    @property
    def drawings(self) -> Iterable[Drawing]:
        """In the order of the page."""


def drawings_json(report: HasDrawings) -> str:
    """Return what the script draws, as JSON that is safe inside a script element: it has no "<" that could end it."""
    drawings = [_data(drawing) for drawing in report.drawings]
    text = json.dumps(drawings, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    return text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")


def drawn_as(drawing: Drawing) -> str:
    """Return the word for its kind that page, style and script share."""
    return {Plot: "time", Chart: "chart", HeatMap: "heat"}[type(drawing)]


def described(drawing: Drawing) -> str:
    """Return what a screen reader says in a drawing's place: what is drawn, and what is to be seen in it."""
    return f"{drawing.title}: {drawing.y_label} against {drawing.x_label}. {drawing.reading}"


def legend(drawing: Drawing) -> str:
    """Return what the shades behind a drawing mean; empty where it has none."""
    if isinstance(drawing, Chart):
        return ""
    grey = [f"Grey: {band.name} (not measured)." for band in drawing.bands if not band.is_measured]
    return " ".join([*grey, *(["Red: a fault was on."] if drawing.shades else [])])


def _data(drawing: Drawing) -> dict[str, object]:
    common = {
        "kind": drawn_as(drawing),
        "name": drawing.name,
        "title": drawing.title,
        "xLabel": drawing.x_label,
        "yLabel": drawing.y_label,
        "table": drawing.table,
    }
    if isinstance(drawing, Chart):
        return {**common, **_chart(drawing)}
    of_time = {
        "bands": [[band.name, band.start_s, band.end_s, band.is_measured] for band in drawing.bands],
        "shades": [[shade.name, shade.start_s, shade.end_s] for shade in drawing.shades],
    }
    if isinstance(drawing, HeatMap):
        return {**common, **_heat(drawing), **of_time}
    return {**common, **_plot(drawing), **of_time}


def _plot(plot: Plot) -> dict[str, object]:
    return {
        "x": plot.x,
        "bin": plot.bin_s,
        "style": plot.style,
        "series": [{"name": series.name, "ink": series.ink, "y": series.y} for series in plot.series],
        "log": plot.is_log,
    }


def _chart(chart: Chart) -> dict[str, object]:
    return {
        "marks": [_mark(mark) for mark in chart.marks],
        "rules": [[rule.name, rule.at, rule.axis] for rule in chart.rules if math.isfinite(rule.at)],
        "xLog": chart.x_is_log,
        "yLog": chart.y_is_log,
        "zooms": chart.zooms,
    }


def _mark(mark: Mark) -> dict[str, object]:
    lists = {"x": mark.x, "y": mark.y, "low": mark.low, "high": mark.high}
    points: dict[str, object] = {name: _points(values) for name, values in lists.items() if values}
    labels = {"labels": mark.labels} if mark.labels else {}
    return {"x": [], "y": [], **points, **labels, "name": mark.name, "ink": mark.ink, "style": mark.style}


def _points(values: Iterable[float | None]) -> list[float | None]:
    """Return points with as many digits as can be seen; whatever is not a finite number is a gap."""
    return [None if value is None or not math.isfinite(value) else float(f"{value:.{DIGITS}g}") for value in values]


def _heat(heat: HeatMap) -> dict[str, object]:
    return {"x": _points(heat.x), "y": _points(heat.y), "cells": [_runs(row) for row in heat.cells]}


def _runs(row: Sequence[int]) -> list[int]:
    """Return a row in which a run of zeros is its length below zero: most cells of a heat map are empty."""
    packed: list[int] = []
    for is_empty, run in groupby(row, key=lambda count: count == 0):
        cells = list(run)
        packed += [-len(cells)] if is_empty else cells
    return packed
