"""The pages that are written from the code: `python -m tests.docs.written` (make reference) writes them anew.

docs/scenario.md: every key of the scenario format, from the model. docs/definitions.md: every word of the report, and
every number of its tables, from the words that the report itself has.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from tests.processes import ROOT

from pwdload.outcome import Outcome
from pwdload.report.notebook.columns import FRAMES
from pwdload.report.words import (
    DEFINITIONS,
    FAULT_DEFINITIONS,
    FORECAST_DEFINITIONS,
    MEANINGS,
    OPEN_DEFINITIONS,
    OUTCOME_WORDS,
)
from pwdload.scenario.structure import allowed_at, default_at, keys_at, node_at

Place = tuple[int | str, ...]

_BY = "<!-- written by `make reference`; change the code, not this page -->"
_FREE: Mapping[str, tuple[str, str]] = {
    "mix": ("CASE or GROUP", "its weight"),
    "expect": ("CASE", ""),
    "standin": ("SETTING", "its value; `pwdload standin settings` lists them"),
}
_LITTLE = {("load", "think_time"), ("load", "stages", 0, "rate")}
"""May be a value or a table; the words for what is allowed say both."""


def scenario_page() -> str:
    """Return docs/scenario.md."""
    return "\n".join(_scenario_lines()) + "\n"


def _scenario_lines() -> Iterator[str]:
    yield from ("# Scenario files", "", _BY, "")
    yield from (
        "A scenario is one TOML file. Nothing that this page does not list is taken: `pwdload plan FILE` tells every",
        "problem at once, each with its key, what is allowed, and the next step. In an editor, `#:schema",
        "scenario.schema.json` on the first line completes keys and shows what is written here.",
        "",
        'Durations, rates and shares carry their unit: `"300ms"`, `"2m30s"`, `"50/s"`, `"99.9 %"`. Secrets are',
        "refused: they come from the environment ([pipelines.md](pipelines.md#secrets)).",
        "",
        "## At the top",
        "",
    )
    tables = [key for key in keys_at(()) if _is_table((key,)) or key in _FREE or key == "faults"]
    yield from _rows((), [key for key in keys_at(()) if key not in tables])
    for key in tables:
        yield from _part((key,))


def _part(place: Place) -> Iterator[str]:
    """Yield the heading of a table, what it is for, its keys, and then the tables in it."""
    is_list = node_at(place).get("type") == "array"
    within: Place = (*place, 0) if is_list else place
    name = ".".join(map(str, (step for step in place if step != 0)))
    title = f"[[{name}]]" if is_list else f"[{name}]"
    if place[0] == "expect":
        title, within = "[expect.CASE]", ("expect", "CASE")
    yield from ("", f"{'#' * min(2 + title.count('.'), 4)} `{title}`", "")
    if about := str(node_at(place).get("description", "")):
        yield from (about, "")
    if name in ("mix", "standin"):
        key, value = _FREE[name]
        yield from ("| key | value |", "|---|---|", f"| {key} | {value or allowed_at((*place, 'x'))} |")
        return
    below = [key for key in keys_at(within) if (*within, key) not in _LITTLE and _is_table((*within, key))]
    yield from _rows(within, [key for key in keys_at(within) if key not in below])
    for key in below:
        yield from _part((*within, key))


def _is_table(place: Place) -> bool:
    """Whether a key is a table, or a list of tables, whose keys are listed."""
    return bool(keys_at(place) or (node_at(place).get("type") == "array" and keys_at((*place, 0))))


def _rows(place: Place, keys: Sequence[str]) -> Iterator[str]:
    if not keys:
        return
    required = node_at(place).get("required")
    yield from ("| key | allowed | without it | |", "|---|---|---|---|")
    for key in keys:
        here = (*place, key)
        default = default_at(here)
        is_needed = isinstance(required, list) and key in required
        without = "needed" if is_needed else f"`{_toml(default)}`" if default not in (None, "", [], {}) else "–"
        about = str(node_at(here).get("description", ""))
        yield f"| `{key}` | {_cell(allowed_at(here))} | {_cell(without)} | {_cell(about)} |"


def _toml(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{key} = {_toml(one)}" for key, one in value.items()) + " }"
    if isinstance(value, list):
        return f"[{', '.join(map(_toml, value))}]"
    return f'"{value}"' if isinstance(value, str) else f"{value}"


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "\\|").split())


def definitions_page() -> str:
    """Return docs/definitions.md."""
    return "\n".join(_definition_lines()) + "\n"


def _definition_lines() -> Iterator[str]:
    yield from ("# Definitions", "", _BY, "")
    yield from (
        "Every number of a report, by the words that stand in the report itself: what is counted, from which moment to",
        "which, in which unit, and where it comes from. Formulas with a page of their own:",
        "[statistics.md](statistics.md) (intervals, tests), [criteria.md](criteria.md), [recovery.md](recovery.md),",
        "[forecast.md](forecast.md),",
        "[comparison.md](comparison.md), [oracle.md](oracle.md).",
    )
    for title, words in (
        ("Every report", DEFINITIONS),
        ("Open arrivals", OPEN_DEFINITIONS),
        ("A run with faults", FAULT_DEFINITIONS),
        ("A capacity held against a forecast", FORECAST_DEFINITIONS),
    ):
        yield from ("", f"## {title}", "", "| | |", "|---|---|")
        yield from (f"| **{_cell(name)}** | {_cell(text)} |" for name, text in words)
    yield from ("", "## Outcomes", "", "| outcome | of a request |", "|---|---|")
    yield from (f"| `{outcome.value}` | {OUTCOME_WORDS[outcome.value]} |" for outcome in Outcome)
    yield from ("", "## Numbers and columns", "")
    yield "As `pwdload.load_run` names them ([notebook.md](notebook.md)); names end with their unit: `_s` seconds,"
    yield "`_per_s` events per second, `_share` 0 to 1."
    for name, columns in FRAMES.items():
        yield from ("", f"### {name}", "", "| column | meaning |", "|---|---|")
        yield from (f"| `{column.name}` | {_cell(column.meaning)} |" for column in columns)
    yield from ("", "## Error codes", "")
    yield "documented: published by Huawei Cloud; likely: carried over from its upstream; ours: no complete"
    yield from ("answer came.", "", "| code | meaning | source |", "|---|---|---|")
    yield from (f"| `{code}` | {_cell(one.text)} | {one.source} |" for code, one in MEANINGS.items())


PAGES: Mapping[Path, str] = {
    ROOT / "docs" / "scenario.md": scenario_page(),
    ROOT / "docs" / "definitions.md": definitions_page(),
}


def main() -> None:
    """Write the pages."""
    for path, text in PAGES.items():
        path.write_text(text, "utf-8")


if __name__ == "__main__":
    main()
