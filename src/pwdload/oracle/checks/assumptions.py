"""What all other checks build upon: every sample is there, times are lawful, accounts were what they were taken for."""

from collections import Counter

import pyarrow.compute as pc

from pwdload.oracle.checks.concluding import Check, Words, concluded
from pwdload.oracle.history import Circumstances, History
from pwdload.oracle.judgement import CheckResult
from pwdload.oracle.seen import Finding, Seen
from pwdload.samples.sample import keeps_law
from pwdload.units import counted

_CLOCKS_APART_S = 1.0
"""Clocks further apart than this say nothing of what came first."""


def _look(history: History) -> Seen:
    rows = history.own.rows
    not_as_listed = [story.account for story in history.registers.stories.values() if not story.as_listed]
    unlawful = 0 if history.is_lawful else len(rows) - (pc.sum(keeps_law(rows)).as_py() or 0)
    return Seen(
        counts=Counter(rows=len(rows), unlawful=unlawful, not_as_listed=len(not_as_listed)),
        found=tuple(Finding(order=(account,)) for account in not_as_listed),
    )


def _tell(history: Circumstances, seen: Seen) -> CheckResult:
    count = seen.counts["rows"]
    broken = [f"{gap[0].upper()}{gap[1:]}." for gap in history.gaps]
    if unlawful := seen.counts["unlawful"]:
        broken.append(f"{counted(unlawful, 'sample')} with times out of order.")
    if history.clock_width_s > _CLOCKS_APART_S:
        broken.append(f"The clocks of two processes may be {history.clock_width_s:.1f} s apart.")
    if not_as_listed := seen.counts["not_as_listed"]:
        some = ", ".join(str(one.order[0]) for one in seen.of()[:3]) + ("" if not_as_listed <= 3 else ", ...")
        broken.append(
            f"{counted(not_as_listed, 'account')} did not open at the start to the password that the ledger has "
            f"for it ({some}): what was done to it before is not known."
        )
    if problem := history.settings.problem:
        broken.append(f"What the scenario says of the target is not on record: {problem}.")
    further = f" There are {len(broken) - 1} further assumptions that do not hold." if len(broken) > 1 else ""
    return concluded(
        Words(
            name="assumptions",
            title="The history is complete",
            good=f"All {counted(count, 'sample')} of {counted(len(history.files), 'process', 'processes')} "
            "are there, in order, on clocks that agree.",
            bad="",
            nothing="Nothing was recorded.",
        ),
        examined=count,
        doubt=broken[0] + further if broken else "" if count else "Nothing was recorded.",
        facts=[*(("does not hold", sentence) for sentence in broken[1:]), *_clocks(history)],
    )


check_assumptions = Check(look=_look, tell=_tell)
"""What does not hold makes findings of other checks uncertain, and a run without findings no proof."""


def _clocks(history: Circumstances) -> list[tuple[str, str]]:
    width_s = history.clock_width_s
    words = "one clock, or none apart" if not width_s else f"{width_s * 1000:.1f} ms apart at most, allowed for"
    return [("clocks of the processes", words)]
