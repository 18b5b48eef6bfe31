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

ODD = (
    "<script>alert(1)</script>",
    "</script><img src=x onerror=alert(3)>",
    "]]>&amp;\"'",
    "\x00\x01\x08\x0b\x1b[31m\x7f\x85",
    "\ufffe\uffff\u202e\u2028\n\r\t",
    "=HYPERLINK(1)",
    "{{ 7 * 7 }} `a|b`",
    "状态令牌无效 \U0001f512",
)
"""What a target may send, and a judgement may repeat."""


def odd() -> Judgement:
    """Return a judgement whose every text is one that a target would like to be taken for something else."""
    said = " ".join(ODD)
    moments = tuple(Moment(at_s=float(at), until_s=None, words=word, is_culprit=at == 2) for at, word in enumerate(ODD))
    story = replace(REPLAYED, rule=said, sentence=said, case=ODD[0], worker=ODD[3], timeline=moments)
    failed = replace(broken(1, story), title=said, reason=said, facts=tuple((word, word) for word in ODD))
    doubtful = replace(OPEN, title=said, reason=said)
    return Judgement(results=(failed, doubtful, replace(UNSEEN, title=said, reason=said)))


def endless() -> Judgement:
    """Return a judgement of a target that did everything wrong, all the time, at length."""
    words = "the same again and again, " * 1000
    moments = tuple(Moment(at_s=float(at), until_s=at + 0.5, words=words, is_culprit=at == 700) for at in range(1000))
    story = replace(REPLAYED, sentence=words, rule=words, timeline=moments)
    each = [replace(broken(1000, story), check=f"rule_{'abcdefghijklm'[number]}", reason=words) for number in range(13)]
    return Judgement(results=tuple(each))
