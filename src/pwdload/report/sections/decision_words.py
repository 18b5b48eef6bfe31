"""The sentences of the first page: what it comes to, under which conditions, and what to do next."""

from collections.abc import Iterator

from pwdload.analysis import Analysis
from pwdload.analysis.capacity import Shape
from pwdload.analysis.forecast import Bounds, Outlook, Prospect
from pwdload.analysis.stopped import stopped
from pwdload.analysis.target_load import Cost
from pwdload.criteria import Standing
from pwdload.oracle.told import short
from pwdload.outcome import Verdict
from pwdload.report.formats import cores, duration, mean, per_second
from pwdload.report.sections.decision_table import Known, dates_words, headroom_words
from pwdload.units import format_change

_VERSIONS = ("pwdload", "locust", "python")


def judged_enough(analysis: Analysis, known: Known, found: Outlook | None) -> str:
    """Return whether the capacity is enough for what is to come, in a few sentences."""
    if analysis.verdict is Verdict.INVALID:
        return "The instrument failed: nothing can be decided by the numbers of this run."
    if analysis.verdict is Verdict.CORRECTNESS_FAILED:
        return f"Not fit, whatever it takes: the target was wrong under load. {_told(analysis, known)}"
    gone = stopped(analysis.run)
    if found is None and gone is not None:
        return _told(analysis, known)
    if found is None:
        return f"{_capacity_words(known)} No [forecast] says what is to come, so nothing says if that is enough."
    worst = found.tightest
    if worst.standing is Standing.KEPT:
        return f"Enough. {_against(known, worst, found)}{_until(worst, found)}"
    if worst.standing is Standing.BROKEN:
        return f"Not enough. {_against(known, worst, found)}"
    first = f"{gone.words} " if gone is not None else ""
    return f"Cannot tell. {first}{_against(known, worst, found)}{_why_not(known.bounds)}"


def _told(analysis: Analysis, known: Known) -> str:
    """Return the capacity in words; of a target that stopped answering that, and what is known nevertheless."""
    gone = stopped(analysis.run)
    if gone is None:
        return _capacity_words(known)
    before = "" if known.text == "n/a" else f" Before that: {known.text}."
    return f"{gone.words} {gone.unknown}{before}"


def _capacity_words(known: Known) -> str:
    return "The capacity is not known." if known.text == "n/a" else f"The target takes {known.text} of changes."


def _against(known: Known, worst: Prospect, found: Outlook) -> str:
    wanted = found.forecast.headroom
    needed = worst.peak.peak_per_s * (1 + wanted)
    spare = f", {per_second(needed)} with {wanted * 100:g} % to spare" if wanted else ""
    room = headroom_words(worst, known.bounds)
    left = "" if room == "n/a" else f": head-room {room}"
    return (
        f"The highest peak that is expected is {per_second(worst.peak.peak_per_s)} "
        f"({worst.peak.name.lower()}){spare}. {_capacity_words(known).rstrip('.')}{left}."
    )


def _until(worst: Prospect, found: Outlook) -> str:
    if worst.used_up is None or worst.act_by is None or worst.used_up.best is None:
        return ""
    if worst.used_up.best.kind == "never":
        return " Growth does not use it up."
    used_up, act_by = dates_words(worst.used_up, found.bounds), dates_words(worst.act_by, found.bounds, due="now")
    act = "the time to act is now" if act_by == "now" else f"act by {act_by}"
    return f" Growth uses it up on {used_up}; {act}."


def _why_not(bounds: Bounds) -> str:
    if bounds.is_at_least:
        return " No limit was found, and what was served is less than what is needed."
    if bounds.lower is None and bounds.upper is None:
        return ""
    return " What is needed lies within the interval of what is known."


def cost_words(cost: Cost) -> str:
    """Return what a change costs the target, for a person."""
    if cost.lower is None or cost.upper is None:
        return f"At most {duration(cost.cpu_s)} of the target's CPU for each change, its idling included."
    interval = f"{duration(cost.lower)} to {duration(cost.upper)}"
    if cost.lower <= 0:
        return (
            f"Too uncertain to plan by: {duration(cost.cpu_s)} of the target's CPU for each change, {interval} "
            f"over {cost.levels} levels. More levels, further apart and held longer, tell more."
        )
    idle = "" if cost.idle_cores is None or cost.idle_cores < 0 else f" Idling takes {mean(cost.idle_cores)} cores."
    return f"{duration(cost.cpu_s)} of the target's CPU for each change ({interval}, over {cost.levels} levels).{idle}"


def conditions(analysis: Analysis) -> str:
    """Return what was measured with what, in a line: target, scenario, seed, versions, generator, calibration."""
    run, record = analysis.run, analysis.run.record
    versions = ", ".join(f"{name} {record.versions[name]}" for name in _VERSIONS if name in record.versions)
    busiest = max((row.cpu_share for row in run.health), default=None)
    certificate = run.calibration
    return (
        "; ".join(
            part
            for part in (
                f"{short(record.target)}{', the embedded stand-in' if record.target_is_standin else ''}",
                f"scenario {short(record.scenario)}, seed {record.seed}",
                versions,
                "generator's health not on record" if busiest is None else f"generator at most {cores(busiest)}",
                "not calibrated" if certificate is None else _calibrated(certificate.problems()),
            )
            if part
        )
        + "."
    )


def _calibrated(problems: tuple[str, ...]) -> str:
    return "instrument beyond its limits" if problems else "calibrated, nothing beyond its limits"


def next_steps(analysis: Analysis, known: Known, found: Outlook | None) -> Iterator[str]:
    """Yield what to do to decide, or to be able to."""
    if analysis.verdict is Verdict.INVALID:
        yield "Mend what Checks names, and measure again."
        return
    if stopped(analysis.run) is not None:
        yield "Find out why the target stopped answering, or what answers in its place, and measure again."
        return
    yield from _to_the_limit(known)
    if found is None:
        yield "To hold it against what is to come, state [forecast]: people, expires_every, morning_rush, mass_expiry."
        return
    worst = found.tightest
    if worst.standing is Standing.BROKEN:
        yield f"Add capacity, or spread the {worst.peak.name.lower()} over more time."
    elif (
        found.tightest.standing is Standing.CANNOT_TELL
        and known.capacity is not None
        and known.bounds.upper is not None
    ):
        yield "To narrow the interval, repeat at the limit or hold each rate longer."
    late = [one for one in found.prospects if one.peak.when == "next_year" and one.standing is Standing.BROKEN]
    if late and worst.standing is Standing.KEPT:
        growth = format_change(found.forecast.growth_per_year or 0.0)
        yield f"It will not be enough in a year at {growth}."


def _to_the_limit(known: Known) -> Iterator[str]:
    if known.capacity is None:
        yield "To find the limit, add [search] to the scenario, or stages of at least six rates, and run it again."
    elif known.capacity.shape is Shape.NEVER_SATURATES:
        yield "To find the limit, offer more load."
    elif known.capacity.shape is Shape.NEVER_KEPT:
        yield "To find a rate that keeps the criteria, begin lower."
