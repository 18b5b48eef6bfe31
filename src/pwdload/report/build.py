"""From the analysis of a run to the Report value."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from pwdload.analysis import Analysis, CaveatNote, Headline, Run, analyse
from pwdload.analysis.headline import Latency
from pwdload.outcome import Outcome, Verdict
from pwdload.report.formats import counted, duration, one_line, rate, share
from pwdload.report.model import Card, Caution, Report, Section, Table
from pwdload.report.plots import throughput_plot, update_latency_plot
from pwdload.report.sections import (
    answers_section,
    checks_section,
    expectations_section,
    journeys_section,
    latency_section,
    reconciliation_section,
    time_section,
    top_codes_table,
)
from pwdload.report.words import DEFINITIONS, OUTCOME_WORDS
from pwdload.units import format_count

_SECTIONS = (
    latency_section,
    answers_section,
    expectations_section,
    journeys_section,
    time_section,
    reconciliation_section,
    checks_section,
)
"""The sections below the first screen, in their order. A new one is added here and nowhere else."""
_TOPICS = {
    "latency": ("latency",),
    "journeys": ("latency",),
    "time": ("throughput", "latency"),
    "answers": ("counts", "correctness"),
    "expectations": ("correctness",),
    "reconciliation": ("counts",),
}
"""Which kinds of caveats stand beside which section; those that weaken everything stand beside the headline."""
_CODES_IN_HEADLINE = 5


def build(run: Run) -> Report:
    """Return the report of a run: a pure function of it, so that an old directory gives the same report again."""
    analysis = analyse(run)
    cautions = tuple(_cautions(analysis.caveats))
    codes = top_codes_table(analysis)
    cards = tuple(_cards(analysis, cautions))
    reason = _reason(analysis)
    return Report(
        title=run.record.title or run.record.scenario,
        verdict=analysis.verdict,
        reason=reason,
        findings=analysis.findings,
        banner=_banner(run),
        facts=tuple(_facts(run)),
        summary=_summary(run),
        cards=cards,
        overview=Section(
            name="overview",
            title="Overview",
            intro="",
            items=(throughput_plot(run), update_latency_plot(run), codes),
        ),
        sections=tuple(_sections(analysis, cautions)),
        cautions=cautions,
        definitions=DEFINITIONS,
        headline_text="\n".join(_console_lines(analysis.verdict, reason, cards, codes)),
        notes=run.record.notes,
    )


def _sections(analysis: Analysis, cautions: Iterable[Caution]) -> Iterable[Section]:
    for make in _SECTIONS:
        section = make(analysis)
        yield replace(section, weakened_by=_weakened_by(cautions, *_TOPICS.get(section.name, ())))


def _cautions(caveats: Iterable[CaveatNote]) -> Iterable[Caution]:
    for number, note in enumerate(caveats, 1):
        yield Caution(number=number, weakens=note.caveat.weakens, text=note.text)


def _weakened_by(cautions: Iterable[Caution], *topics: str) -> tuple[int, ...]:
    return tuple(caution.number for caution in cautions if caution.weakens in topics)


def _reason(analysis: Analysis) -> str:
    worst = [finding for finding in analysis.findings if finding.verdict is analysis.verdict]
    if analysis.verdict is Verdict.PASS:
        part = share(analysis.headline.as_expected_share)
        requests = counted(analysis.headline.requests, "request")
        return f"{part} of {requests} came out as expected, nothing wrong was accepted, and no sample is missing."
    more = len(worst) - 1
    return worst[0].reason + (f" (And {counted(more, 'more reason')}, under Checks.)" if more else "")


def _banner(run: Run) -> str:
    parts = []
    if run.record.target_is_standin:
        parts.append(
            "The target was the embedded stand-in, started for this run on the same machine. "
            "These numbers show how the harness works; they say nothing about a real service."
        )
    if not run.record.is_finished:
        parts.append("The run was cut short. What was recorded until then is here; its last moments may be missing.")
    if not len(run.samples):
        parts.append("No request was recorded.")
    return " ".join(parts)


def _cards(analysis: Analysis, cautions: tuple[Caution, ...]) -> Iterable[Card]:
    head = analysis.headline
    throughput = _weakened_by(cautions, "everything", "throughput")
    latency = _weakened_by(cautions, "everything", "latency")
    measured = f"{format_count(head.changes_measured)} accepted in {duration(head.measured_s)} measured"
    yield Card(
        label="Password changes",
        values=(("", rate(head.changes_per_s)),),
        detail=measured if head.measured_s > 0 else "nothing was measured",
        weakened_by=throughput,
    )
    yield Card(
        label="Response time of update_password",
        values=_percentiles(head.update),
        detail=_update_detail(head),
        weakened_by=latency,
    )
    yield Card(
        label="Journey, log-in to changed",
        values=(("p95", duration(head.journey.p95_s)),),
        detail=f"p50 {duration(head.journey.p50_s)}, slowest {duration(head.journey.max_s)}",
        weakened_by=latency,
    )
    yield Card(
        label="As expected",
        values=(("", share(head.as_expected_share)),),
        detail=_not_as_expected(analysis),
        weakened_by=_weakened_by(cautions, "everything", "counts", "correctness"),
    )
    yield Card(
        label="Requests",
        values=(("", rate(head.requests_per_s)),),
        detail=f"{format_count(head.requests)} in the whole run, {counted(head.changes, 'change')} among them",
        weakened_by=throughput,
    )


def _percentiles(latency: Latency) -> tuple[tuple[str, str], ...]:
    values = (("p50", latency.p50_s), ("p95", latency.p95_s), ("p99", latency.p99_s))
    return tuple((name, duration(seconds)) for name, seconds in values)


def _update_detail(head: Headline) -> str:
    if not head.update.count:
        return "none was measured"
    accepted = " / ".join(value for _, value in _percentiles(head.change))
    return f"{counted(head.update.count, 'request')}; accepted ones alone {accepted}"


def _not_as_expected(analysis: Analysis) -> str:
    head = analysis.headline
    if not head.requests:
        return "no request was recorded"
    if head.as_expected == head.requests:
        return f"of {counted(head.requests, 'request')}"
    counts = analysis.answers.groupby("outcome", observed=True)["count"].sum()
    wrong = {kind.value: int(counts.get(kind.value, 0)) for kind in Outcome if not kind.is_as_expected}
    worst = max(wrong, key=lambda kind: wrong[kind])
    return f"{format_count(sum(wrong.values()))} not; most: {OUTCOME_WORDS[worst].partition(':')[0]}"


def _summary(run: Run) -> str:
    record = run.record
    parts = [
        record.target + (" (stand-in)" if record.target_is_standin else ""),
        _moment(record.started_utc),
        f"{duration(run.end_s)}, {duration(run.measured_s)} of it measured",
    ]
    parts += [counted(record.users, "user")] if record.users else []
    parts += [f"seed {record.seed}"]
    return " · ".join(parts)


def _facts(run: Run) -> Iterable[tuple[str, str]]:
    record = run.record
    yield "Scenario", record.scenario
    yield "Target", record.target + (", the embedded stand-in" if record.target_is_standin else "")
    yield "Started", _moment(record.started_utc)
    yield "Ended", _moment(record.ended_utc) if record.ended_utc else "no end on record: cut short"
    yield "Ended by", record.ended_by or "unknown"
    yield "Duration", f"{duration(run.end_s)}, {duration(run.measured_s)} of it measured"
    yield "Users", format_count(record.users) if record.users is not None else "not on record"
    yield "Accounts", format_count(record.accounts)
    yield "Processes", format_count(len(run.files))
    yield "Seed", str(record.seed)
    yield "Load model", "closed: each user waits for its answer before the next request"
    yield from (*sorted(record.generator.items()), *sorted(record.versions.items()))


def _moment(utc: str) -> str:
    """Return a time on record as a person reads it; whatever cannot be read as one is left as it is."""
    try:
        return datetime.fromisoformat(utc).strftime("%Y-%m-%d %H:%M:%S UTC")
    except ValueError:
        return utc


def _console_lines(verdict: Verdict, reason: str, cards: Iterable[Card], codes: Table) -> Iterable[str]:
    yield f"{verdict.value}: {reason}"
    for card in cards:
        values = ", ".join(f"{name} {value}".strip() for name, value in card.values)
        yield f"  {card.label}: {values} ({card.detail})"
    names = [column.name for column in codes.columns]
    code, count = names.index("code"), names.index("count")
    totals: Counter[str] = Counter()
    for row in codes.rows:
        totals[str(row[code])] += int(row[count] or 0)
    top = [f"{one_line(name)} {format_count(total)}" for name, total in totals.most_common(_CODES_IN_HEADLINE)]
    yield f"  Error codes: {', '.join(top) or 'none'}"
