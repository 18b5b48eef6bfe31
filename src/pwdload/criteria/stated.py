"""The criteria that a scenario states in ``[slo]``, as values."""

from collections.abc import Iterator

from pwdload.criteria.values import Breadth, Criterion, Metric, Sense
from pwdload.scenario.criteria import CriterionTable, kind_of, permille_of
from pwdload.scenario.slo import SHORT_FORMS, Slo

GOODPUT = "goodput"
_JOURNEY = "journey"


def stated(slo: Slo) -> tuple[Criterion, ...]:
    """Return the criteria of a table, the short forms first; those of resilience and `failed_share` are others'."""
    return tuple(_stated(slo))


def _stated(slo: Slo) -> Iterator[Criterion]:
    for key, limit_s in slo.percentiles.items():
        permille, about = SHORT_FORMS[key]
        yield Criterion(
            name=key,
            metric=Metric.PERCENTILE,
            sense=Sense.AT_MOST,
            limit=limit_s,
            permille=permille,
            of="journey" if about == _JOURNEY else "response",
            step="" if about == _JOURNEY else about,
        )
    if slo.goodput_per_s is not None:
        yield Criterion(name=GOODPUT, metric=Metric.GOODPUT, sense=Sense.AT_LEAST, limit=slo.goodput_per_s)
    yield from map(_of_table, slo.criteria)


def _of_table(table: CriterionTable) -> Criterion:
    return Criterion(
        name=table.called,
        metric=Metric(kind_of(table.metric)),
        sense=Sense.AT_MOST if table.at_most is not None else Sense.AT_LEAST,
        limit=table.limit,
        permille=permille_of(table.metric),
        of=table.of or "response",
        step=table.step or "",
        case=table.case or "",
        stage=table.stage or "",
        breadth=_breadth(table),
    )


def _breadth(table: CriterionTable) -> Breadth:
    if table.seconds is not None:
        return Breadth(kind="seconds", share=table.seconds)
    if table.window_s is not None:
        return Breadth(kind="window", window_s=table.window_s, stop=table.stop)
    return Breadth()
