"""What a review decides by: one table of capacity, limit and peaks, and a line for each other question."""

from collections.abc import Iterator
from datetime import UTC, datetime

from pwdload.analysis import Analysis
from pwdload.analysis.forecast import Outlook, outlook, stated_forecast
from pwdload.metrics import seconds_utc
from pwdload.report.cards import weakened_by
from pwdload.report.frames import text
from pwdload.report.model import Caution, Section, Table
from pwdload.report.sections.correctness import correctness_words
from pwdload.report.sections.decision_table import Known, decision_table, details_table, known_of
from pwdload.report.sections.decision_words import conditions, cost_words, judged_enough, next_steps
from pwdload.report.sections.resilience import resilience_words

Line = tuple[str, str, tuple[int, ...]]
"""A question, its answer, and the numbers of the caveats that weaken it."""
NEXT = "Next"


def decision_section(analysis: Analysis, cautions: tuple[Caution, ...]) -> Section:
    """Return what stands between the verdict and the cards; its intro is what it all comes to."""
    known = known_of(analysis)
    found = _outlook(analysis, known)
    return Section(
        name="decision",
        title="Decision",
        intro=judged_enough(analysis, known, found),
        items=(
            decision_table(analysis, known, found, cautions),
            _review(list(_lines(analysis, known, found, cautions))),
            *((details_table(found),) if found is not None else ()),
        ),
        weakened_by=weakened_by(cautions, "everything", "verdict", "capacity"),
    )


def next_words(section: Section) -> str:
    """Return what the section says is to be done next; empty where nothing is."""
    rows = [row for item in section.items if isinstance(item, Table) and item.name == "review" for row in item.rows]
    return next((str(answer) for question, answer in rows if question == NEXT), "")


def _outlook(analysis: Analysis, known: Known) -> Outlook | None:
    """Return the capacity held against what is to come, as of the day of the run; null without a forecast."""
    forecast = stated_forecast(analysis.run.scenario_source)
    if forecast is None:
        return None
    try:
        seconds = seconds_utc(analysis.run.record.started_utc)
        today = datetime.fromtimestamp(seconds, UTC).date()
    except (ValueError, OverflowError, OSError):  # a record that somebody has edited
        return None
    return outlook(forecast, known.bounds, today)


def _lines(analysis: Analysis, known: Known, found: Outlook | None, cautions: tuple[Caution, ...]) -> Iterator[Line]:
    yield "Correctness", correctness_words(analysis.judgement), weakened_by(cautions, "correctness")
    of_faults = ("counts",) if analysis.recovery is not None else ()
    yield "Resilience", resilience_words(analysis.recovery), weakened_by(cautions, *of_faults)
    if analysis.target_load is not None and analysis.target_load.cost is not None:
        yield "Cost per change", cost_words(analysis.target_load.cost), weakened_by(cautions, "throughput")
    yield "Conditions", conditions(analysis), weakened_by(cautions, "everything", "latency")
    if steps := " ".join(next_steps(analysis, known, found)):
        yield NEXT, steps, ()


def _review(lines: list[Line]) -> Table:
    return Table(
        name="review",
        title="In a line each",
        caption="What a review asks besides.",
        columns=(text("question", " "), text("answer")),
        rows=tuple((question, answer) for question, answer, _ in lines),
        marks=tuple(marks for *_, marks in lines),
    )
