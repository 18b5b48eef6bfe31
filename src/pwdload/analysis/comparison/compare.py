"""Sides held against each other: what each number comes to, and the verdict of all that count.

One number. It is *equivalent* when both one-sided tests at 5 % rule out a difference beyond the margin, however sure it
is that there is one; else *better* or *worse* when the difference test, corrected for the number of primary numbers,
says at 5 % that there is one; else nobody can tell.

All of them. *Worse* when any primary number is; *equivalent* when each of them is, which needs no correction, since all
must be shown; *better* when at least one is and each other one is at least shown not to be worse by the margin; else
*cannot tell*. So the chance of a false alarm is at most 5 % in all, whatever the numbers have to do with one another.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from pwdload.analysis.comparison.numbers import numbers
from pwdload.analysis.comparison.values import Compared, Comparison, Quantity, Result, Side, worst
from pwdload.statistics.compared import SIGNIFICANCE, holm
from pwdload.units import counted

MARGIN = 0.05
"""By how much a number may differ, as a share of the base, and still count as the same."""
SHARE_PART = 0.1
"""A failed share may differ by a tenth of the margin, absolutely: 5 % are 0.5 percentage points. A share of none has no
relative difference."""


def compare(base: Side, news: Sequence[Side], *, margin: float = MARGIN, seed: int = 0) -> tuple[Comparison, ...]:
    """Hold each new side against the base; corrected for the primary numbers of all of them together."""
    found = [numbers(base, new, seed) for new in news]
    primary = [one for row in found for one in row if one.quantity.is_primary and one.p_value is not None]
    adjusted = iter(holm([one.p_value or 0.0 for one in primary], [one.quantity.weight for one in primary]))
    rows = [[_adjusted(one, adjusted) for one in row] for row in found]
    return tuple(_comparison(base, new, row, margin) for new, row in zip(news, rows, strict=True))


def overall(comparisons: Sequence[Comparison]) -> Result:
    """Return what several comparisons with the same base come to: the worst of them."""
    return worst([one.result for one in comparisons])


def margin_of(quantity: Quantity, margin: float) -> float:
    """Return by how much a number may differ, as a share of its base; of a share in shares."""
    return margin if quantity.is_relative else margin * SHARE_PART


def _adjusted(one: Compared, adjusted: Iterable[float]) -> Compared:
    if not one.quantity.is_primary or one.p_value is None:
        return one
    return replace(one, p_adjusted=next(iter(adjusted)))


def _comparison(base: Side, new: Side, found: Sequence[Compared], margin: float) -> Comparison:
    judged = tuple(replace(one, result=result_of(one, margin)) for one in found)
    result = _result([one for one in judged if one.quantity.is_primary], margin)
    return Comparison(
        base=base, new=new, margin=margin, numbers=judged, result=result, reason=_reason(judged, result, margin)
    )


def result_of(one: Compared, margin: float) -> Result:
    """Return what one number comes to."""
    p_value = one.p_value if one.p_adjusted is None else one.p_adjusted
    if p_value is None or one.difference is None:
        return Result.CANNOT_TELL
    if one.one_sided is not None and _is_within(one, margin):
        return Result.EQUIVALENT
    if p_value > SIGNIFICANCE:
        return Result.CANNOT_TELL
    is_higher_better = one.quantity.kind == "rate"
    return Result.BETTER if (one.difference > 0) is is_higher_better else Result.WORSE


def _is_within(one: Compared, margin: float) -> bool:
    lower, upper = one.one_sided or (0.0, 0.0)
    allowed = margin_of(one.quantity, margin)
    return -allowed < lower and upper < allowed


def _is_no_worse(one: Compared, margin: float) -> bool:
    """Whether the one-sided test at 5 % rules out that the number is worse by the margin."""
    if one.one_sided is None:
        return False
    lower, upper = one.one_sided
    allowed = margin_of(one.quantity, margin)
    return lower > -allowed if one.quantity.kind == "rate" else upper < allowed


def _result(primary: Sequence[Compared], margin: float) -> Result:
    results = [one.result for one in primary]
    if Result.WORSE in results:
        return Result.WORSE
    if results and all(result is Result.EQUIVALENT for result in results):
        return Result.EQUIVALENT
    if Result.BETTER in results and all(one.result is Result.BETTER or _is_no_worse(one, margin) for one in primary):
        return Result.BETTER
    return Result.CANNOT_TELL


def _reason(judged: Sequence[Compared], result: Result, margin: float) -> str:
    primary = [one for one in judged if one.quantity.is_primary]
    if result is Result.EQUIVALENT:
        return (
            f"Each of {len(primary)} primary numbers differs by less than {margin * 100:g} %, shown at 95 % confidence."
        )
    if result is Result.CANNOT_TELL:
        return _doubt(primary, margin)
    told = sorted((one for one in primary if one.result is result), key=lambda one: one.p_adjusted or 0.0)
    words = f"{in_words(told[0])}{_more(len(told) - 1)}."
    better = [one for one in primary if one.result is Result.BETTER]
    if result is Result.WORSE and better:
        words += f" {counted(len(better), 'other is', 'others are')} better: {in_words(better[0])}."
    return words


def _more(count: int) -> str:
    return f"; and {counted(count, 'more primary number')}" if count else ""


def _doubt(primary: Sequence[Compared], margin: float) -> str:
    unknown = [one for one in primary if one.result is Result.CANNOT_TELL]
    absent = [one for one in unknown if one.difference is None]
    if absent:
        names = ", ".join(one.quantity.label for one in absent)
        return f"Too few values, or too few that do not hang together, for {names}. Longer runs or more of them tell."
    if not unknown:
        return "There is no primary number that both sides have."
    widest = max(unknown, key=lambda one: _room(one, margin))
    return (
        f"No difference is shown, but neither that it is below {margin * 100:g} %: {in_words(widest)}"
        f"{_more(len(unknown) - 1)}. More samples or more runs narrow it."
    )


def _room(one: Compared, margin: float) -> float:
    """Return how far the one-sided bounds reach, in margins."""
    if one.one_sided is None:
        return float("inf")
    return max(map(abs, one.one_sided)) / margin_of(one.quantity, margin)


def in_words(one: Compared) -> str:
    """Return a difference with its interval: "p95 of update_password +9.8 % (+7.1 % to +12.4 %)"."""
    if one.quantity.is_relative:
        points, unit, digits = (one.relative, one.relative_lower, one.relative_upper), "%", 1
    else:
        points, unit, digits = (one.difference, one.lower, one.upper), "points", 2
    told = (f"{(point or 0.0) * 100:+.{digits}f} {unit}".replace("-", "\N{MINUS SIGN}") for point in points)
    value, lower, upper = told
    return f"{one.quantity.label} {value} ({lower} to {upper})"
