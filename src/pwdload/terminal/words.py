"""The parts of a `Snapshot` in few words. What is not known is a dash, and what a target says is made harmless."""

from collections.abc import Sequence
from itertools import groupby
from typing import Final

from pwdload.criteria.values import Standing
from pwdload.outcome import Outcome
from pwdload.units import counted, format_duration, format_rate, format_share
from pwdload.watched import CodeCount, FaultNow, GeneratorNow, OutcomeCount, Search, Snapshot

UNKNOWN: Final = "-"
_STAGE_LENGTH: Final = 32
_NAME_LENGTH: Final = 28
AS_EXPECTED: Final = frozenset(outcome.value for outcome in Outcome if outcome.is_as_expected)
_OUTCOMES: Final = {
    Outcome.RIGHT_ACCEPT.value: "accepted",
    Outcome.RIGHT_REJECT.value: "rightly refused",
    Outcome.WRONG_ACCEPT.value: "wrongly accepted",
    Outcome.WRONG_REJECT.value: "wrongly refused",
    Outcome.SHED.value: "shed",
    Outcome.UNKNOWN.value: "unknown",
    Outcome.NOT_SENT.value: "not sent",
    Outcome.CONTRACT_VIOLATION.value: "outside the contract",
}
_STANDINGS: Final = {Standing.BROKEN: "broken", Standing.CANNOT_TELL: "cannot tell", Standing.KEPT: "kept"}
"""The worst first."""


def plain(text: str) -> str:
    """Return a text of one line that a terminal shows as it is: whatever could move its cursor is a question mark.

    Names come from scenarios, codes from a target that may be hostile.
    """
    return text if text.isprintable() else "".join(one if one.isprintable() else "?" for one in text)


def shortened(text: str, length: int) -> str:
    """Return a text made harmless, and not longer than so many characters."""
    harmless = plain(text)
    return harmless if len(harmless) <= length else f"{harmless[: length - 3].rstrip()}..."


def milliseconds(value_ms: float | None) -> str:
    """Return a time in words."""
    return format_duration(value_ms / 1000.0) if value_ms is not None else UNKNOWN


def per_second(rate: float | None) -> str:
    """Return a rate in words."""
    return format_rate(max(rate, 0.0)) if rate is not None else UNKNOWN


def share(value: float | None) -> str:
    """Return a share in words."""
    return format_share(min(max(value, 0.0), 1.0)) if value is not None else UNKNOWN


def clock(seconds: float) -> str:
    """Return a time on the run's clock as digits: 0:07, 12:05, 1:02:05; a dash before zero of it."""
    minutes, rest_s = divmod(int(max(seconds, 0.0)), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest_s:02d}" if hours else f"{minutes}:{rest_s:02d}"


def stage(seen: Snapshot) -> str:
    """Return which stage is on; in a search, which grows as it goes on, without how many there are."""
    if not seen.stage_number:
        return ""
    name = shortened(seen.stage, _STAGE_LENGTH) or "load"
    return f"{name} ({seen.stage_number} of {seen.stages})" if seen.stages > 1 and seen.search is None else name


def outcomes(counts: Sequence[OutcomeCount], *, only_wrong: bool = False) -> list[tuple[str, str, int, int]]:
    """Return each outcome of all steps together: its name, its words, how often it was seen, and how often lately.

    The most frequent first; `only_wrong` leaves out what came out as expected.
    """
    ordered = sorted(counts, key=lambda one: one.outcome)
    together = [
        (name, _OUTCOMES.get(name, plain(name)), sum(one.count for one in rows), sum(one.recent for one in rows))
        for name, rows in ((name, list(group)) for name, group in groupby(ordered, key=lambda one: one.outcome))
    ]
    wanted = [row for row in together if row[2] and not (only_wrong and row[0] in AS_EXPECTED)]
    return sorted(wanted, key=lambda row: (-row[2], row[0]))


def codes(counts: Sequence[CodeCount]) -> list[tuple[str, int, int]]:
    """Return each error code of all steps together, how often it came, and how often lately; those of now first."""
    ordered = sorted(counts, key=lambda one: one.code)
    together = [
        (plain(code), sum(one.count for one in rows), sum(one.recent for one in rows))
        for code, rows in ((code, list(group)) for code, group in groupby(ordered, key=lambda one: one.code))
    ]
    return sorted(together, key=lambda row: (-row[2], -row[1], row[0]))


def standings(seen: Snapshot) -> list[tuple[Standing, str]]:
    """Return how many criteria are broken, open and kept, in words; those that there are none of are left out."""
    counts = {standing: sum(one.standing is standing for one in seen.criteria) for standing in _STANDINGS}
    return [(standing, f"{count} {_STANDINGS[standing]}") for standing, count in counts.items() if count]


def active(seen: Snapshot) -> list[FaultNow]:
    """Return the faults that are on."""
    return [one for one in seen.faults if one.state == "active"]


def lost(seen: Snapshot) -> list[GeneratorNow]:
    """Return the processes that are gone."""
    return [one for one in seen.generators if one.is_lost]


def busiest(seen: Snapshot) -> float | None:
    """Return the largest share of a core that a process takes that is there; null where none has said so."""
    return max((one.cpu_share for one in seen.generators if not one.is_lost), default=None)


def fault(one: FaultNow, at_s: float) -> str:
    """Return how a fault stands."""
    name = shortened(one.name, _NAME_LENGTH)
    name += f" ({plain(one.kind)})" * (one.kind != one.name)
    if one.state == "active":
        left_s = one.end_s - at_s
        return f"{name} is on, {clock(left_s)} left" if left_s > 0 else f"{name} is on, being healed"
    if one.state == "planned":
        return f"{name} in {clock(one.start_s - at_s)}" if one.start_s > at_s else f"{name} is due"
    return f"{name} {one.state}"


def bracket(search: Search) -> str:
    """Return what a search knows of the limit."""
    held, broken = search.highest_held_per_s, search.lowest_broken_per_s
    if held is None and broken is None:
        return "no limit seen yet"
    if held is None:
        return f"limit below {per_second(broken)}"
    if broken is None:
        return f"limit above {per_second(held)}"
    return f"limit between {per_second(held)} and {per_second(broken)}"


def accounts_left(seen: Snapshot) -> str:
    """Return how many accounts are left; empty where nobody knows."""
    if seen.accounts is None or seen.accounts.ready is None:
        return ""
    return counted(seen.accounts.ready, "account")
