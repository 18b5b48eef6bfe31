"""From the analysis of a run to the Report value."""

from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime

from pwdload.analysis import Analysis, CaveatNote, Run, analyse
from pwdload.analysis.analyse import BESIDE_LEAST
from pwdload.analysis.connections import connections
from pwdload.analysis.forecast import stated_forecast
from pwdload.oracle.judgement import Judgement
from pwdload.oracle.told import headline as first_violation
from pwdload.oracle.told import one_line
from pwdload.outcome import Verdict
from pwdload.report.cards import cards as make_cards
from pwdload.report.cards import stages_of_different_load, weakened_by
from pwdload.report.formats import duration, figure_text, per_second, share
from pwdload.report.model import Card, Caution, Report, Section, Table
from pwdload.report.own import own_sections
from pwdload.report.plots import throughput_plot, update_latency_plot
from pwdload.report.sections import (
    accounts_section,
    answers_section,
    arrivals_section,
    calibration_section,
    capacity_section,
    checks_section,
    connection_words,
    correctness_section,
    criteria_section,
    decision_section,
    distribution_section,
    expectations_section,
    generator_section,
    journeys_section,
    latency_section,
    model_words,
    next_words,
    reconciliation_section,
    resilience_section,
    scalability_section,
    steadiness_section,
    target_section,
    time_section,
    top_codes_table,
)
from pwdload.report.words import DEFINITIONS, FAULT_DEFINITIONS, FORECAST_DEFINITIONS, OPEN_DEFINITIONS
from pwdload.units import counted, format_count

_SECTIONS = (
    capacity_section,
    criteria_section,
    correctness_section,
    resilience_section,
    scalability_section,
    latency_section,
    distribution_section,
    answers_section,
    expectations_section,
    journeys_section,
    time_section,
    steadiness_section,
    target_section,
    arrivals_section,
    accounts_section,
    reconciliation_section,
    generator_section,
    calibration_section,
    checks_section,
)
"""The sections below the first screen, in their order; one that has nothing to say of a run returns None. A new one is
added here and nowhere else."""
_TOPICS = {
    "capacity": ("throughput", "latency"),
    "criteria": ("verdict", "latency", "throughput"),
    "correctness": ("correctness",),
    "resilience": ("latency", "counts"),
    "scalability": ("throughput", "latency"),
    "latency": ("latency",),
    "distribution": ("latency",),
    "steadiness": ("latency", "throughput"),
    "journeys": ("latency",),
    "checks": ("verdict",),
    "generator": ("latency",),
    "calibration": ("latency",),
    "arrivals": ("latency",),
    "time": ("throughput", "latency"),
    "target": ("capacity",),
    "answers": ("counts", "correctness"),
    "expectations": ("correctness",),
    "accounts": ("correctness",),
    "reconciliation": ("counts",),
}
"""Which kinds of caveats stand beside which section; those that weaken everything stand beside the headline."""
_CODES_IN_HEADLINE = 5
_AT_A_TIME = 2


def build(run: Run, judgement: Judgement | Callable[[], Judgement]) -> Report:
    """Return the report of a run that the oracle has judged, a pure function: an old directory gives the same again.

    `judgement` as for `analyse`.
    """
    analysis = analyse(run, judgement)
    cautions = tuple(_cautions(analysis.caveats))
    codes = top_codes_table(analysis)
    cards = tuple(make_cards(analysis, cautions))
    reason = _reason(analysis)
    decided = decision_section(analysis, cautions)
    return Report(
        title=run.record.title or run.record.scenario,
        verdict=analysis.verdict,
        reason=reason,
        findings=analysis.findings,
        judgement=analysis.judgement,
        record=run.record,
        banner=_banner(run),
        facts=tuple(_facts(analysis)),
        summary=_summary(analysis),
        cards=cards,
        overview=Section(
            name="overview",
            title="Overview",
            intro="",
            items=(throughput_plot(run), update_latency_plot(run), codes),
        ),
        sections=(decided, *_sections(analysis, cautions)),
        cautions=cautions,
        definitions=_definitions(analysis),
        headline_text="\n".join(_console_lines(analysis, reason, cards, decided, codes)),
        criteria=analysis.criteria.judged,
        notes=run.record.notes,
        scenario_source=run.scenario_source,
        capacity=analysis.capacity,
    )


def _definitions(analysis: Analysis) -> tuple[tuple[str, str], ...]:
    of_load = OPEN_DEFINITIONS if analysis.run.is_open else ()
    of_forecast = FORECAST_DEFINITIONS if stated_forecast(analysis.run.scenario_source) is not None else ()
    return (*DEFINITIONS, *of_forecast, *of_load, *(FAULT_DEFINITIONS if analysis.recovery is not None else ()))


def _sections(analysis: Analysis, cautions: Iterable[Caution]) -> Iterable[Section]:
    for section in (*_ours(analysis), *(make(analysis) for make in own_sections())):
        if section is None:
            continue
        yield replace(section, weakened_by=weakened_by(cautions, *_TOPICS.get(section.name, ())))


def _ours(analysis: Analysis) -> list[Section | None]:
    """Return our sections in their order, two made at a time where that pays, most of it without Python's lock."""
    if len(analysis.run.samples) < BESIDE_LEAST:
        return [make(analysis) for make in _SECTIONS]
    with ThreadPoolExecutor(_AT_A_TIME) as threads:
        return list(threads.map(lambda make: make(analysis), _SECTIONS))


def _cautions(caveats: Iterable[CaveatNote]) -> Iterable[Caution]:
    for number, note in enumerate(caveats, 1):
        yield Caution(number=number, weakens=note.caveat.weakens, text=note.text)


def _reason(analysis: Analysis) -> str:
    worst = [finding for finding in analysis.findings if finding.verdict is analysis.verdict]
    if analysis.verdict is Verdict.PASS and analysis.run.search is not None and analysis.capacity is not None:
        return analysis.capacity.words
    if analysis.verdict is Verdict.PASS:
        part = share(analysis.headline.as_expected_share)
        requests = counted(analysis.headline.requests, "request")
        account = analysis.run.arrivals
        load = f"; all {counted(account.planned, 'planned arrival')} were begun, on time" if account is not None else ""
        good = f"came out as expected{_meanwhile(analysis.run)}{_right(analysis)} and no sample is missing"
        return f"{part} of {requests} {good}{load}."
    more = len(worst) - 1
    return worst[0].reason + (f" (And {counted(more, 'more reason')}, under Checks.)" if more else "")


def _right(analysis: Analysis) -> str:
    """Return that nothing wrong was accepted, where anything was made that had to be refused."""
    is_seen = any(one.check == "outcomes" and one.examined for one in analysis.judgement.results)
    return ", nothing wrong was accepted," if is_seen else ""


def _meanwhile(run: Run) -> str:
    """Return what was done to the target while the requests were made; empty where nothing was."""
    done = sum(one.took_hold for one in run.faults.injections) if run.faults is not None else 0
    return f" while {counted(done, 'fault')} {'was' if done == 1 else 'were'} injected and healed" if done else ""


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


def _summary(analysis: Analysis) -> str:
    run, record = analysis.run, analysis.run.record
    parts = [
        record.target + (" (stand-in)" if record.target_is_standin else ""),
        _moment(record.started_utc),
        f"{duration(run.end_s)}, {duration(run.measured_s)} of it measured",
    ]
    parts += [load] if (load := _load(analysis)) else []
    parts += [f"seed {record.seed}"]
    return " · ".join(parts)


def _load(analysis: Analysis) -> str:
    """Return what made the load; of several loads the range, so that no number is tied to the highest."""
    if analysis.run.is_open:
        return _rates(analysis)
    stages = stages_of_different_load(analysis)
    users = stages["users"].dropna()
    if len(users):
        return f"{users.min():,.0f} to {counted(int(users.max()), 'user')} in {len(stages)} measured stages"
    return counted(analysis.run.record.users, "user") if analysis.run.record.users else ""


def _rates(analysis: Analysis) -> str:
    """Return the planned rates of the measured stages that the run reached."""
    stages = analysis.stages[analysis.stages["is_measured"].astype(bool) & (analysis.stages["requests"] > 0)]
    rates = stages["planned_per_s"].dropna()
    if not len(rates):
        return "open arrivals"
    low, high = per_second(rates.min()), per_second(rates.max())
    return f"open arrivals, {low if low == high else f'{low} to {high}'} planned"


def _facts(analysis: Analysis) -> Iterable[tuple[str, str]]:
    run, record = analysis.run, analysis.run.record
    yield "Scenario", record.scenario
    yield "Target", record.target + (", the embedded stand-in" if record.target_is_standin else "")
    yield "Started", _moment(record.started_utc)
    yield "Ended", _moment(record.ended_utc) if record.ended_utc else "no end on record: cut short"
    yield "Ended by", record.ended_by or "unknown"
    yield "Duration", f"{duration(run.end_s)}, {duration(run.measured_s)} of it measured"
    if not run.is_open:
        yield "Users", _load(analysis) or "not on record"
    yield "Connections", connection_words(connections(run))
    yield "Accounts", format_count(record.accounts)
    yield "Processes", format_count(len(run.files))
    yield "Seed", str(record.seed)
    yield "Load model", _model(run)
    yield from (*sorted(record.generator.items()), *sorted(record.versions.items()))


def _model(run: Run) -> str:
    if run.arrivals is not None:
        return model_words(run.arrivals).removeprefix("Open model: ").join(("open: ", "")).rstrip(".")
    return (
        "open; its plan is not readable"
        if run.is_open
        else "closed: each user waits for its answer before the next request"
    )


def _moment(utc: str) -> str:
    """Return a time on record as a person reads it; whatever cannot be read as one is left as it is."""
    try:
        return datetime.fromisoformat(utc).strftime("%Y-%m-%d %H:%M:%S UTC")
    except ValueError:
        return utc


def _console_lines(
    analysis: Analysis, reason: str, cards: Iterable[Card], decided: Section, codes: Table
) -> Iterable[str]:
    yield f"{analysis.verdict.value}: {one_line(reason)}"
    if violation := first_violation(analysis.judgement):
        yield f"  First violation: {violation}"
    for card in cards:
        values = ", ".join(f"{figure.name} {figure_text(figure)}".strip() for figure in card.values)
        yield f"  {card.label}: {values} ({one_line(card.detail)})"
    yield f"  {decided.title}: {one_line(decided.intro)}"
    if steps := next_words(decided):
        yield f"  Next: {one_line(steps)}"
    names = [column.name for column in codes.columns]
    code, count = names.index("code"), names.index("count")
    totals: Counter[str] = Counter()
    for row in codes.rows:
        totals[str(row[code])] += int(row[count] or 0)
    top = [f"{one_line(name)} {format_count(total)}" for name, total in totals.most_common(_CODES_IN_HEADLINE)]
    yield f"  Error codes: {', '.join(top) or 'none'}"
