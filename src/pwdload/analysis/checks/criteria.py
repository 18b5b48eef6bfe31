"""Whether the criteria of the SLO were kept: a finding for each."""

from collections.abc import Iterator

from pwdload.analysis.criteria import JudgedCriteria
from pwdload.criteria import Judged, Standing
from pwdload.criteria.words import headline
from pwdload.outcome import Finding, Group, Verdict

_VERDICTS = {
    Standing.KEPT: Verdict.PASS,
    Standing.BROKEN: Verdict.SLO_FAILED,
    Standing.CANNOT_TELL: Verdict.INCONCLUSIVE,
}


def slo_findings(criteria: JudgedCriteria) -> Iterator[Finding]:
    """Yield a finding for each criterion; the one that ended the run comes first, since it is the cause of the end."""
    for one in sorted(criteria.judged, key=lambda one: one.criterion.name != criteria.ended_by):
        is_cause = one.criterion.name == criteria.ended_by
        yield Finding(
            verdict=_VERDICTS[one.standing],
            check=f"slo.{one.criterion.name}",
            title=headline(one.criterion),
            group=Group.CRITERIA,
            reason=_reason(one, is_cause=is_cause),
        )


def _reason(one: Judged, *, is_cause: bool) -> str:
    reason = one.reason if one.reason[1:2].isdigit() else f"{one.reason[:1].lower()}{one.reason[1:]}"
    told = f"{headline(one.criterion)}: {reason}"
    if not is_cause:
        return told
    if one.standing is Standing.BROKEN:
        return f"{told} That ended the run."
    return f"{told} It had ended the run for being broken, which the samples do not show."
