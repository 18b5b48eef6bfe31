"""What all other checks build upon: every sample is there, times are lawful, accounts were what they were taken for."""

import pyarrow.compute as pc

from pwdload.oracle.checks.concluding import Words, concluded
from pwdload.oracle.history import History
from pwdload.oracle.judgement import CheckResult
from pwdload.samples.sample import keeps_law
from pwdload.units import counted

_CLOCKS_APART_S = 1.0
"""Clocks further apart than this say nothing of what came first."""


def check_assumptions(history: History) -> CheckResult:
    """What does not hold makes findings of other checks uncertain, and a run without findings no proof."""
    broken = [f"{gap[0].upper()}{gap[1:]}." for gap in history.gaps]
    if unlawful := len(history.rows) - (pc.sum(keeps_law(history.rows)).as_py() or 0):
        broken.append(f"{counted(unlawful, 'sample')} with times out of order.")
    if history.clock_width_s > _CLOCKS_APART_S:
        broken.append(f"The clocks of two processes may be {history.clock_width_s:.1f} s apart.")
    stories = history.registers.stories.values()
    not_as_listed = [story.account for story in stories if not story.as_listed]
    if not_as_listed:
        some = ", ".join(map(str, sorted(not_as_listed)[:3])) + ("" if len(not_as_listed) <= 3 else ", ...")
        broken.append(
            f"{counted(len(not_as_listed), 'account')} did not open at the start to the password that the ledger has "
            f"for it ({some}): what was done to it before is not known."
        )
    further = f" There are {len(broken) - 1} further assumptions that do not hold." if len(broken) > 1 else ""
    return concluded(
        Words(
            name="assumptions",
            title="The history is complete",
            good=f"All {counted(len(history.rows), 'sample')} of {counted(len(history.files), 'process', 'processes')} "
            "are there, in order, on clocks that agree.",
            bad="",
            nothing="Nothing was recorded.",
        ),
        examined=len(history.rows),
        doubt=broken[0] + further if broken else "" if len(history.rows) else "Nothing was recorded.",
        facts=[*(("does not hold", sentence) for sentence in broken[1:]), *_clocks(history)],
    )


def _clocks(history: History) -> list[tuple[str, str]]:
    width_s = history.clock_width_s
    words = "one clock, or none apart" if not width_s else f"{width_s * 1000:.1f} ms apart at most, allowed for"
    return [("clocks of the processes", words)]
