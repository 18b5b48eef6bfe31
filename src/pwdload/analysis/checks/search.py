"""Whether a search for capacity came to its end, and whether what it found is enough."""

from collections.abc import Iterator
from dataclasses import replace

from pwdload.analysis.capacity.values import Capacity, Shape
from pwdload.analysis.checks.generator import CPU_SECONDS_SHARE, CPU_SHARE_MAX, SECONDS_LEAST
from pwdload.analysis.run import Run
from pwdload.criteria import Standing
from pwdload.outcome import Finding, Group, Verdict
from pwdload.units import format_rate


def search_findings(run: Run, capacity: Capacity | None) -> Iterator[Finding]:
    """Yield the findings about a search; none of a run that was none."""
    if run.search is None or capacity is None:
        return
    verdict, reason = generator_kept_up(run, capacity)
    yield Finding(
        verdict=verdict,
        check="search_generator",
        title="The generator was not the limit",
        group=Group.INSTRUMENT,
        reason=reason,
    )
    verdict, reason = was_found(run, capacity)
    yield Finding(
        verdict=verdict, check="capacity", title="The capacity was found", group=Group.CRITERIA, reason=reason
    )


def generator_kept_up(run: Run, capacity: Capacity) -> tuple[Verdict, str]:
    """Hold the health of the processes against every level that was broken: was it the target, or they?"""
    for level in capacity.levels:
        rows = [row for row in run.health if level.start_s < row.at_s <= level.end_s + 1.0]
        busy = [row for row in rows if row.cpu_share >= CPU_SHARE_MAX]
        if (
            level.standing is Standing.BROKEN
            and len(busy) >= SECONDS_LEAST
            and len(busy) > CPU_SECONDS_SHARE * len(rows)
        ):
            return (
                Verdict.INVALID,
                f"At {format_rate(level.offered_flows_per_s)}, which was broken, {busy[0].worker} had no processor "
                f"time left in {len(busy):,} seconds: the limit may be the generator's. Use more processes.",
            )
    return Verdict.PASS, "On every level that was broken the generator had processor time left."


def was_found(run: Run, capacity: Capacity) -> tuple[Verdict, str]:
    """Return what the search is worth: found is enough, unless the scenario says how much the capacity must be."""
    assert run.search is not None  # noqa: S101 - asked of a search only
    least_per_s = run.search.at_least_per_s
    if least_per_s is not None:
        return _against(least_per_s, capacity)
    if capacity.shape is Shape.NEVER_KEPT:
        return Verdict.SLO_FAILED, capacity.words
    if capacity.flows_per_s is None:
        return Verdict.INCONCLUSIVE, capacity.words or "The search ended before it knew the capacity."
    return Verdict.PASS, capacity.words


def _against(least_per_s: float, capacity: Capacity) -> tuple[Verdict, str]:
    least = format_rate(least_per_s)
    if capacity.shape is Shape.NEVER_KEPT or (capacity.flows_upper is not None and capacity.flows_upper < least_per_s):
        return Verdict.SLO_FAILED, f"{capacity.words} {least} is what it must be at least."
    if capacity.flows_lower is not None and capacity.flows_lower >= least_per_s:
        return Verdict.PASS, f"{capacity.words} {least} is what it must be at least."
    return Verdict.INCONCLUSIVE, f"{capacity.words} Whether it is {least}, which it must be at least, cannot be told."


def below_the_capacity(finding: Finding) -> Finding:
    """Return what a criterion is worth in a run that was a search, whose measured stages are the levels below capacity.

    Doubt there is the doubt of where the capacity is, which its interval tells: it is not told twice.
    """
    if finding.verdict is not Verdict.INCONCLUSIVE:
        return finding
    told = "It was looked for where it breaks; the interval of the capacity says how sure that is."
    return replace(finding, verdict=Verdict.PASS, reason=f"{finding.reason} {told}")
