"""A judged criterion as plain data, for programs."""

from pwdload.criteria.values import Judged, Metric
from pwdload.criteria.words import title

UNITS = {Metric.PERCENTILE: "s", Metric.FAILED_SHARE: "1", Metric.GOODPUT: "1/s"}
"""The unit of a metric's limit, value and bounds; a share is a plain number from 0 to 1."""
_DIGITS = 6


def criterion_data(judged: Judged) -> dict[str, object]:
    """Return what `verdict.json` has of a criterion: numbers in the unit that it names, null where there is none."""
    criterion, wide = judged.criterion, judged.criterion.breadth
    return {
        "name": criterion.name,
        "title": title(criterion),
        "standing": judged.standing.value,
        "unit": UNITS[criterion.metric],
        "sense": criterion.sense.value,
        "limit": criterion.limit,
        "value": _rounded(judged.value),
        "lower": _rounded(judged.lower),
        "upper": _rounded(judged.upper),
        "samples": judged.samples,
        "needed": judged.needed,
        "breadth": wide.kind,
        "share_asked": wide.share if wide.kind == "seconds" else None,
        "share_kept": _rounded(judged.share_kept),
        "window_s": wide.window_s if wide.kind == "window" else None,
        "broken_from_s": _rounded(judged.broken_from_s),
        "reason": judged.reason,
    }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, _DIGITS)
