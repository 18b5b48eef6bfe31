"""Judgements that are made up, for whoever shows them."""

from dataclasses import replace

from pwdload.oracle.judgement import VIOLATIONS_MAX, CheckResult, Judgement, Moment, Violation
from pwdload.outcome import Verdict

UNJUDGED = Judgement(results=())
"""For tests of what the oracle has no part in."""

STORY = (
    Moment(
        at_s=11.9, until_s=11.95, words="login with password 3: let in (PASSWORD_EXPIRED), state_token #1 handed out"
    ),
    Moment(at_s=12.0, until_s=12.04, words="update_password from 3 to 4 with state_token #1: accepted"),
    Moment(at_s=12.05, until_s=None, words="update_password from 4 to 5: no answer (transport:timeout)"),
    Moment(
        at_s=12.06, until_s=12.1, words="update_password from 3 to 6 with state_token #1: accepted", is_culprit=True
    ),
)
REPLAYED = Violation(
    check="tokens",
    rule="I1: a state_token serves one change at most",
    sentence="state_token #1 changed the password of account 17 twice.",
    account=17,
    worker="worker-1",
    flow=233,
    case="token_replayed",
    at_s=12.06,
    timeline=STORY,
)
KEPT = CheckResult(
    check="outcomes",
    title="Nothing was accepted that had to be refused",
    verdict=Verdict.PASS,
    reason="4,000 answers were as their cases allow.",
    examined=4000,
)
UNSEEN = CheckResult(
    check="locks",
    title="A locked account stays locked",
    verdict=Verdict.PASS,
    reason="No account was locked in this run.",
    examined=0,
)
OPEN = CheckResult(
    check="doubt",
    title="No doubt is left",
    verdict=Verdict.INCONCLUSIVE,
    reason="2 accounts left in doubt.",
    examined=41,
)
RACES = CheckResult(
    check="races",
    title="Changes at one time come to one of them",
    verdict=Verdict.PASS,
    reason="12 races ended with one change.",
    examined=12,
    facts=(("Race statement", "12 races of 2 changes each, 11 of them overlapped."), ("Unknown codes", "none")),
)


def broken(violations: int = 1, violation: Violation = REPLAYED) -> CheckResult:
    """Return what a check says that found so many violations."""
    told = tuple(replace(violation, account=17 + number) for number in range(min(violations, VIOLATIONS_MAX)))
    return CheckResult(
        check=violation.check,
        title="No state_token served twice",
        verdict=Verdict.CORRECTNESS_FAILED,
        reason=f"{violations:,} of 3,210 state_tokens served twice.",
        examined=3210,
        violations=told,
        violations_total=violations,
    )


GOOD = Judgement(results=(KEPT, RACES, UNSEEN))
BAD = Judgement(results=(KEPT, broken(2), OPEN, RACES, UNSEEN))
