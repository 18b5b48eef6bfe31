"""The headline cards: the few numbers of the first screen, and what each of them is a number of.

Where several stages of different load were measured, a number over all of them describes a load that never was. Such a
number says so, and names the stages' own values beside it.
"""

from collections.abc import Callable, Iterable

import pandas as pd

from pwdload.analysis import Analysis, Headline, Run
from pwdload.analysis.arrival_tables import lag_of_arrivals
from pwdload.analysis.arrivals import ArrivalAccount
from pwdload.analysis.checks.generator import highest_known
from pwdload.analysis.headline import Latency
from pwdload.outcome import Outcome
from pwdload.report.formats import cores, duration, per_second
from pwdload.report.model import Card, Caution, Figure, Kind
from pwdload.report.words import OUTCOME_WORDS
from pwdload.units import counted, format_count

STAGES_NAMED = 4
"""With more stages than this a card names only the lowest and the highest value."""
_OVER_ALL = "all measured stages together"


def cards(analysis: Analysis, cautions: tuple[Caution, ...]) -> Iterable[Card]:
    """Return the cards in the order of the page."""
    throughput = weakened_by(cautions, "everything", "throughput")
    latency = weakened_by(cautions, "everything", "latency")
    yield _changes(analysis, throughput)
    yield _update(analysis, latency)
    yield _journey(analysis, latency)
    yield _as_expected(analysis, weakened_by(cautions, "everything", "counts", "correctness"))
    yield _requests(analysis, throughput)
    if analysis.run.arrivals is not None:
        yield _arrivals(analysis.run, analysis.run.arrivals, latency)


def weakened_by(cautions: Iterable[Caution], *topics: str) -> tuple[int, ...]:
    """Return the numbers of the caveats that weaken one of these topics."""
    return tuple(caution.number for caution in cautions if caution.weakens in topics)


def stages_of_different_load(analysis: Analysis) -> pd.DataFrame:
    """Return the rows of the measured stages that the run reached, if there are several with different loads."""
    stages = analysis.stages
    measured = stages[stages["is_measured"].astype(bool) & (stages["end_s"] > stages["start_s"])]
    load = "planned_per_s" if analysis.run.is_open else "users"
    return measured if measured[load].nunique(dropna=False) > 1 else measured.head(0)


def _changes(analysis: Analysis, marks: tuple[int, ...]) -> Card:
    head = analysis.headline
    measured = f"{format_count(head.changes_measured)} accepted in {duration(head.measured_s)} measured"
    return Card(
        label="Password changes",
        values=(Figure(name=_blend(analysis), value=head.changes_per_s, kind=Kind.RATE),),
        detail=_joined(
            measured if head.measured_s > 0 else "nothing was measured",
            _by_stage(analysis, "changes_per_s", per_second, with_load=True),
        ),
        weakened_by=marks,
    )


def _update(analysis: Analysis, marks: tuple[int, ...]) -> Card:
    head = analysis.headline
    by_stage = _by_stage(analysis, "p95_s", duration)
    return Card(
        label="Response time of update_password",
        values=_percentiles(head.update),
        detail=_joined(_update_detail(head), f"{_OVER_ALL}, p95 by stage: {by_stage}" if by_stage else ""),
        weakened_by=marks,
    )


def _journey(analysis: Analysis, marks: tuple[int, ...]) -> Card:
    journey = analysis.headline.journey
    return Card(
        label="Journey, log-in to changed",
        values=(Figure(name="p95", value=journey.p95_s, kind=Kind.DURATION),),
        detail=_joined(
            f"p50 {duration(journey.p50_s)}, slowest {duration(journey.max_s)}", _OVER_ALL if _blend(analysis) else ""
        ),
        weakened_by=marks,
    )


def _as_expected(analysis: Analysis, marks: tuple[int, ...]) -> Card:
    return Card(
        label="As expected",
        values=(Figure(name="", value=analysis.headline.as_expected_share, kind=Kind.SHARE),),
        detail=_not_as_expected(analysis),
        weakened_by=marks,
    )


def _requests(analysis: Analysis, marks: tuple[int, ...]) -> Card:
    head = analysis.headline
    measured = f"{format_count(head.requests_measured)} completed in {duration(head.measured_s)} measured"
    return Card(
        label="Requests",
        values=(Figure(name=_blend(analysis), value=head.requests_per_s, kind=Kind.RATE),),
        detail=_joined(
            measured if head.measured_s > 0 else "nothing was measured",
            f"{format_count(head.not_sent_measured)} more were never sent" if head.not_sent_measured else "",
            f"{format_count(head.requests)} in the whole run",
            _by_stage(analysis, "requests_per_s", per_second),
        ),
        weakened_by=marks,
    )


def _arrivals(run: Run, account: ArrivalAccount, marks: tuple[int, ...]) -> Card:
    """Return whether the load was the planned one, and the generator at ease."""
    lag = lag_of_arrivals(run, account)
    known = highest_known(lag)
    begun = account.begun / account.planned if account.planned else None
    return Card(
        label="Arrivals begun",
        values=(Figure(name="", value=begun, kind=Kind.SHARE),),
        detail=_joined(
            f"{format_count(account.begun)} of {format_count(account.planned)} planned",
            f"{format_count(account.unbegun.dropped)} dropped" if account.unbegun.dropped else "",
            f"{format_count(account.waited)} waited for a slot" if account.waited else "",
            f"generator lag {known.name} {duration(lag[known.column])}" if known is not None else "",
            f"CPU at most {cores(max(row.cpu_share for row in run.health))}" if run.health else "",
        ),
        weakened_by=marks,
    )


def _percentiles(latency: Latency) -> tuple[Figure, ...]:
    values = (("p50", latency.p50_s), ("p95", latency.p95_s), ("p99", latency.p99_s))
    return tuple(Figure(name=name, value=seconds, kind=Kind.DURATION) for name, seconds in values)


def _update_detail(head: Headline) -> str:
    if not head.update.count:
        return "none was measured"
    sure = f"p95 {words}; " if (words := _interval(head.update)) else ""
    accepted = " / ".join(duration(figure.value) for figure in _percentiles(head.change))
    return f"{sure}{counted(head.update.count, 'request')}; accepted ones alone {accepted}"


def _interval(latency: Latency) -> str:
    """Return between what p95 lies, in words; empty where that cannot be told."""
    if latency.p95_lower_s is None or latency.p95_upper_s is None:
        return ""
    return f"between {duration(latency.p95_lower_s)} and {duration(latency.p95_upper_s)} (95 %)"


def _not_as_expected(analysis: Analysis) -> str:
    head = analysis.headline
    if not head.requests:
        return "no request was recorded"
    if head.as_expected == head.requests:
        return f"of {counted(head.requests, 'request')} in the whole run"
    counts = analysis.answers.groupby("outcome", observed=True)["count"].sum()
    wrong = {kind.value: int(counts.get(kind.value, 0)) for kind in Outcome if not kind.is_as_expected}
    worst = max(wrong, key=lambda kind: wrong[kind])
    return f"{format_count(sum(wrong.values()))} not; most: {OUTCOME_WORDS[worst].partition(':')[0]}"


def _blend(analysis: Analysis) -> str:
    """Return the word beside a number over stages of different load; none where there is nothing to blend."""
    return "overall" if len(stages_of_different_load(analysis)) else ""


def _by_stage(
    analysis: Analysis, column: str, written: Callable[[float | None], str], *, with_load: bool = False
) -> str:
    """Return the stages' own values, "steady 50.7/s with 60 users, busier 97.2/s with 120 users"; the ends of many."""
    stages = stages_of_different_load(analysis)
    if len(stages) > STAGES_NAMED:
        ordered = stages.sort_values(column)
        words = [_stage_words(row, column, written, with_load) for row in (ordered.iloc[0], ordered.iloc[-1])]
        return f"{len(stages)} stages, from {words[0]} to {words[1]}"
    return ", ".join(_stage_words(row, column, written, with_load) for _, row in stages.iterrows())


def _stage_words(row: pd.Series, column: str, written: Callable[[float | None], str], with_load: bool) -> str:
    value = None if pd.isna(row[column]) else float(row[column])
    return f"{row['stage']} {written(value)}{_load(row) if with_load else ''}"


def _load(row: pd.Series) -> str:
    if not pd.isna(row["planned_per_s"]):
        return f" at {per_second(row['planned_per_s'])} planned"
    return f" with {counted(int(row['users']), 'user')}" if not pd.isna(row["users"]) else ""


def _joined(*parts: str) -> str:
    return "; ".join(part for part in parts if part)
