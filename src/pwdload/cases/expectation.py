"""What must come back, and the judgement of what did.

An answer is judged by its parsed body, never by its HTTP status alone: a 200 may carry ACCESS_DENIED.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from pwdload.api.contract import OPERATIONS, Answer, Step, granted, token_field
from pwdload.outcome import Outcome

_UNAUTHORIZED = 401
"""The access_token is not known (any more)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Accept:
    """The call must be accepted with one of these ``status`` values."""

    statuses: frozenset[str]
    label: str = field(init=False)
    """How the expectation is written in samples and reports."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "label", "accept:" + "|".join(sorted(self.statuses)))

    def judge(self, step: Step, answer: Answer) -> Outcome:
        """Judge a complete answer.

        An acceptance with another status than expected (a login that asks for no change) is WRONG_REJECT: the client
        was not given what was due. It is no WRONG_ACCEPT, since the account's state is our own assumption.
        """
        if answer.is_acceptance(step):
            return Outcome.RIGHT_ACCEPT if answer.status in self.statuses else Outcome.WRONG_REJECT
        return Outcome.WRONG_REJECT if answer.is_refusal else _neither(answer)


@dataclass(frozen=True, slots=True, kw_only=True)
class Refuse:
    """The call must be refused, with one of these codes.

    Where the documentation does not say which code, the expectation is not `certain`: another code of the same family
    (PWD, PARAM, ...) is then as good, and the report lists what came. A code of another family is a refusal for another
    reason, so that what had to be accepted, such as a valid token, was not: WRONG_REJECT. Where the documentation does
    say which code, or the scenario does, or the target is our own stand-in, any other is a violation.
    """

    codes: frozenset[str]
    http_statuses: frozenset[int] = frozenset({400})
    certain: bool = False
    label: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "label", "refuse:" + "|".join(sorted(self.codes)))

    def judge(self, step: Step, answer: Answer) -> Outcome:
        """Judge a complete answer."""
        if answer.is_acceptance(step):
            return Outcome.WRONG_ACCEPT
        if answer.http_status in self.http_statuses - {200, 400}:
            return Outcome.RIGHT_REJECT  # refused by a layer that knows no error_code, such as 405
        if not answer.is_refusal:
            return _neither(answer)
        if (answer.error_code or answer.status) in self.codes:
            return Outcome.RIGHT_REJECT
        if self.certain:
            return Outcome.CONTRACT_VIOLATION
        # ACCESS_DENIED comes without a code: a documented refusal that keeps its reason to itself.
        same_family = not answer.error_code or family(answer.error_code) in map(family, self.codes)
        return Outcome.RIGHT_REJECT if same_family or not self.codes else Outcome.WRONG_REJECT


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceptOrRefuse:
    """The call may be accepted with one of these ``status`` values, or be refused with any documented refusal.

    Where the documentation is silent on which. Each is right by itself; the oracle judges what they come to together.
    """

    statuses: frozenset[str]
    codes: frozenset[str]
    """The likely codes of a refusal; any other is as good, and the report points at it."""
    label: str = field(init=False)

    def __post_init__(self) -> None:
        words = (*sorted(self.statuses), *sorted(self.codes))
        object.__setattr__(self, "label", "accept_or_refuse:" + "|".join(words))

    def judge(self, step: Step, answer: Answer) -> Outcome:
        """Judge a complete answer."""
        if answer.is_acceptance(step):
            return Outcome.RIGHT_ACCEPT if answer.status in self.statuses else Outcome.WRONG_REJECT
        return Outcome.RIGHT_REJECT if answer.is_refusal else _neither(answer)


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """A call of the tenant API, which knows no ``status``, must hand out what it is for (`contract.granted`)."""

    label: str = "accept:HTTP 200"

    def judge(self, step: Step, answer: Answer) -> Outcome:
        """Judge a complete answer."""
        if granted(step, answer):
            return Outcome.RIGHT_ACCEPT
        return Outcome.WRONG_REJECT if answer.is_refusal or answer.http_status == _UNAUTHORIZED else _neither(answer)


Expectation = Accept | Refuse | AcceptOrRefuse | Grant


def accept(*statuses: str) -> Accept:
    """Expect acceptance with one of the statuses."""
    return Accept(statuses=frozenset(statuses))


def accept_or_refuse(status: str, *codes: str) -> AcceptOrRefuse:
    """Expect acceptance with the status, or any documented refusal; the codes are the likely ones."""
    return AcceptOrRefuse(statuses=frozenset({status}), codes=frozenset(codes))


def refuse(*codes: str, http: tuple[int, ...] = (400,)) -> Refuse:
    """Expect a refusal whose code the documentation does not settle; the codes are the likely ones."""
    return Refuse(codes=frozenset(codes), http_statuses=frozenset(http))


def refuse_documented(*codes: str) -> Refuse:
    """Expect a refusal with a documented code: any other is a contract violation."""
    return Refuse(codes=frozenset(codes), certain=True)


def family(error_code: str) -> str:
    """Return the family of a code: ``PWD`` of ``PWD.0004``, and of upstream's ``IDAAS.TENANT.PWD.0004``."""
    return error_code.rpartition(".")[0].rpartition(".")[2]


def tokens_granted(expectation: Expectation, step: Step) -> Mapping[str, str]:
    """Return the statuses with which a step is rightly accepted, each with the field of the token that it hands out.

    Empty where a step must be refused, and for calls whose answers have no status.
    """
    if not isinstance(expectation, Accept | AcceptOrRefuse):
        return {}
    right = expectation.statuses & OPERATIONS[step].accepted
    return {status: token_field(status) for status in right}


def usual_token(answer: Answer, tokens: Mapping[str, str]) -> str:
    """Return the token of an answer that is RIGHT_ACCEPT at first sight, and empty of any other, which `judge` judges.

    Nearly every answer of a run: HTTP 200, a status of `tokens_granted`, its token, and nothing mistyped. Each field is
    looked at once, which takes a third of what `judge` and a look for the token take; of a strange one, such as a token
    that is not ASCII, no more is said than that it is not usual.
    """
    name, fields = tokens.get(answer.status), answer.fields
    if name is None or fields is None or answer.http_status != 200 or answer.error_code:
        return ""
    token = fields.get(name)
    is_usual = (
        type(token) is str
        and token.isascii()
        and ("expire" not in fields or type(fields["expire"]) is int)
        and ("data" not in fields or type(fields["data"]) is str)
        and ("id_token" not in fields or type(fields["id_token"]) is str)
    )
    return token if is_usual else ""  # type: ignore[return-value]  # a text by now


def judge(expectation: Expectation, step: Step, answer: Answer) -> Outcome:
    """Judge a complete answer to `step`: turned away by overload first, then against what was expected."""
    return Outcome.SHED if answer.is_shed else expectation.judge(step, answer)


def judge_no_answer(*, anything_sent: bool) -> Outcome:
    """Judge an exchange without a complete answer: doubt, unless not one byte went out."""
    return Outcome.UNKNOWN if anything_sent else Outcome.NOT_SENT


def _neither(answer: Answer) -> Outcome:
    """Judge an answer that is neither a documented acceptance nor a documented refusal.

    A server error or a body that cannot be read leaves doubt: the change may have been applied before it went wrong.
    A readable answer that the contract does not allow is a violation.
    """
    if answer.http_status >= 500 or answer.fields is None:
        return Outcome.UNKNOWN
    return Outcome.CONTRACT_VIOLATION
