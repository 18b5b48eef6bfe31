"""A run in one line of plain text: for logs of a pipeline, and for terminals that cannot do more."""

from collections.abc import Iterator

from pwdload.criteria.values import Standing
from pwdload.terminal import words
from pwdload.units import format_count
from pwdload.watched import Phase, Snapshot


def line(seen: Snapshot) -> str:
    """Return a run in one line; what is not known, and what is not there, is left out."""
    return "  " + "  ".join(_parts(seen))


def _parts(seen: Snapshot) -> Iterator[str]:
    yield f"{words.clock(seen.at_s):>7}"
    yield words.stage(seen) if seen.phase is Phase.RUNNING else seen.phase.value
    if seen.planned_per_s is not None:
        yield f"planned {words.per_second(seen.planned_per_s)}"
    if seen.offered_per_s is not None and seen.phase is Phase.RUNNING:
        yield f"offered {words.per_second(seen.offered_per_s)}"
    yield from _of_window(seen)
    yield f"in flight {seen.in_flight:,}" + (f" of {seen.users:,} users" if seen.model == "closed" else "")
    if seen.queued or seen.dropped:
        yield f"queued {seen.queued:,}, dropped {seen.dropped:,}"
    yield from _of_surroundings(seen)
    if seen.time_left_s is not None and seen.phase is Phase.RUNNING:
        yield f"{words.clock(seen.time_left_s)} left"


def _of_window(seen: Snapshot) -> Iterator[str]:
    window = seen.window
    if window is None:
        return
    yield f"goodput {words.per_second(window.goodput_per_s)}"
    if window.p50_ms is not None:
        yield f"p50/p95/p99 {' / '.join(map(words.milliseconds, (window.p50_ms, window.p95_ms, window.p99_ms)))}"
    yield f"failed {words.share(window.failed_share)}" if window.failed_share is not None else "no answers"
    wrong = [
        f"{format_count(recent)} {text}"
        for _, text, _, recent in words.outcomes(seen.outcomes, only_wrong=True)[:2]
        if recent
    ]
    if wrong:
        yield ", ".join(wrong)
    if window.lag_p99_ms is not None:
        yield f"lag {words.milliseconds(window.lag_p99_ms)}"


def _of_surroundings(seen: Snapshot) -> Iterator[str]:
    if left := words.accounts_left(seen):
        yield f"{left} left"
    if gone := words.lost(seen):
        yield f"lost {len(gone)} of {len(seen.generators)} processes"
    if faults := words.active(seen):
        more = f" and {len(faults) - 1} more" if len(faults) > 1 else ""
        yield f"{words.fault(faults[0], seen.at_s)}{more}"
    if seen.search is not None:
        yield f"search: {seen.search.role}, {words.bracket(seen.search)}"
    if seen.criteria:
        yield f"criteria: {', '.join(text for _, text in words.standings(seen))}"
    broken = [one for one in seen.criteria if one.standing is Standing.BROKEN]
    if broken:
        yield f"broken: {', '.join(words.plain(one.name) for one in broken[:3])}"
