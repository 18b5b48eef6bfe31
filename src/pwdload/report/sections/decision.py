"""What a review decides by: one table of capacity, limit and peaks, and a line for each other question."""

from collections.abc import Iterator
from datetime import UTC, datetime

from pwdload.analysis import Analysis
from pwdload.analysis.forecast import Outlook, outlook, stated_forecast
from pwdload.metrics import seconds_utc
from pwdload.outcome import Verdict, merge
from pwdload.report.cards import weakened_by
from pwdload.report.model import Caution, Decision, Statement, Tone
from pwdload.report.sections.correctness import correctness_words
from pwdload.report.sections.decision_table import Known, decision_table, details_table, known_of
from pwdload.report.sections.decision_words import conditions, cost_words, judged_enough, next_steps
from pwdload.report.sections.resilience import resilience_words

_TONES: dict[Verdict, Tone] = {Verdict.PASS: "good", Verdict.INCONCLUSIVE: "warn"}


def decision(analysis: Analysis, cautions: tuple[Caution, ...]) -> Decision:
    """Return what stands between the verdict and the cards."""
    known = known_of(analysis)
    found = _outlook(analysis, known)
    return Decision(
        table=decision_table(analysis, known, found, cautions),
        statements=tuple(_statements(analysis, known, found, cautions)),
        details=None if found is None else details_table(found),
    )


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


def _statements(
    analysis: Analysis, known: Known, found: Outlook | None, cautions: tuple[Caution, ...]
) -> Iterator[Statement]:
    words, tone = judged_enough(analysis, known, found)
    yield Statement(
        label="Decision", words=words, tone=tone, weakened_by=weakened_by(cautions, "everything", "verdict", "capacity")
    )
    verdict = merge(result.verdict for result in analysis.judgement.results) if analysis.judgement.results else None
    yield Statement(
        label="Correctness",
        words=correctness_words(analysis.judgement),
        tone="warn" if verdict is None else _TONES.get(verdict, "bad"),
        weakened_by=weakened_by(cautions, "correctness"),
    )
    yield Statement(
        label="Resilience",
        words=resilience_words(analysis.recovery),
        weakened_by=weakened_by(cautions, "counts") if analysis.recovery is not None else (),
    )
    if analysis.target_load is not None and analysis.target_load.cost is not None:
        yield Statement(
            label="Cost per change",
            words=cost_words(analysis.target_load.cost),
            weakened_by=weakened_by(cautions, "throughput"),
        )
    yield Statement(
        label="Conditions", words=conditions(analysis), weakened_by=weakened_by(cautions, "everything", "latency")
    )
    steps = " ".join(next_steps(analysis, known, found))
    if steps:
        yield Statement(label="Next", words=steps)
