"""What the oracle says: of the whole run, of each check, of each rule that was broken. Values without a secret."""

from dataclasses import dataclass

from pwdload.outcome import Verdict, merge

VIOLATIONS_MAX = 20
"""How many violations of one check are told one by one; the rest is counted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """One line of a violation's timeline: an exchange on the account that it is about."""

    at_s: float
    """When its first byte was about to be sent, on the run's clock."""
    until_s: float | None
    """When its answer was complete; null where none came, so that it may take effect at any later time."""
    words: str
    """For a person: "login with password 3: let in (PASSWORD_EXPIRED), state_token #1 handed out"."""
    is_culprit: bool = False
    """Whether this is the exchange that cannot be explained."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Violation:
    """A rule that was broken, once."""

    check: str
    """The `CheckResult.check` that found it."""
    rule: str
    """The rule in one short sentence: "I1: a state_token serves one change at most"."""
    sentence: str
    """What happened here, in one sentence."""
    account: int | None
    """Index of the account; null where it is about none."""
    worker: str
    """The process that saw it; empty where it was seen after the run."""
    flow: int
    """Its flow; -1 where it was none."""
    case: str
    at_s: float
    """When, on the run's clock."""
    timeline: tuple[Moment, ...] = ()
    """What led to it, on that account, in order; of a long story the part around the culprit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckResult:
    """What one check has found."""

    check: str
    """Names the check for programs, for ever."""
    title: str
    """What holds if the check passes: "No state_token served twice"."""
    verdict: Verdict
    """PASS, INCONCLUSIVE or CORRECTNESS_FAILED."""
    reason: str
    """One sentence, with counts."""
    examined: int
    """How many things were looked at. 0: the run had nothing for this check, so that its PASS proves nothing."""
    violations: tuple[Violation, ...] = ()
    """The first `VIOLATIONS_MAX`."""
    violations_total: int = 0
    facts: tuple[tuple[str, str], ...] = ()
    """Further lines for the report, each with its name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What all checks have found, in the order in which a person should read them."""

    results: tuple[CheckResult, ...]

    @property
    def verdict(self) -> Verdict:
        """The worst of them; INCONCLUSIVE where there is none."""
        return merge(result.verdict for result in self.results)
