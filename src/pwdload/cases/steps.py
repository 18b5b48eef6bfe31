"""The vocabulary of cases: which password, which token, which body, and the steps made of them. Values only."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from pwdload.api.contract import CONTENT_TYPE, Step
from pwdload.cases.expectation import Expectation, Refuse, tokens_granted


class Password(StrEnum):
    """Which password a step sends; turned into text only when the request is built."""

    CURRENT = "current"
    NEXT = "next"
    PREVIOUS = "previous"
    """The one before the current: in the account's history."""
    WRONG = "wrong"
    TOO_SHORT = "too_short"
    TOO_LONG = "too_long"
    TOO_SIMPLE = "too_simple"
    WITH_USER_NAME = "user_name"
    REPEATING = "repeating"
    WEAK = "weak"
    BLANK = "blank"
    UNICODE = "unicode"
    LONGEST = "longest"
    """50 characters, the most that the documented range of the policy allows."""


class Token(StrEnum):
    """Which state_token an update carries."""

    OWN = "own"
    """The one that this flow's last login handed out."""
    EARLIER = "earlier"
    """The one that the login before that handed out."""
    MISSING = "missing"
    BLANK = "blank"
    FORGED = "forged"
    """Right header and payload, signed with a key of our own."""
    ALTERED = "altered"
    """One character of the payload changed, the signature left as it was."""
    OTHER_ACCOUNT = "other_account"


class Body(StrEnum):
    """Which body an update carries."""

    JSON = "json"
    NOT_JSON = "not_json"
    WRONG_TYPES = "wrong_types"
    WITHOUT_OLD = "without_old"
    WITHOUT_NEW = "without_new"
    EXTRA_FIELDS = "extra_fields"
    ONE_MEGABYTE = "one_megabyte"


def _tokens() -> Any:
    """Return the field of `tokens_granted` of a step: settled by the step, and asked of every answer to it."""
    return field(init=False, repr=False, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """Log in with a password. `verify` marks a login that only checks which password opens the account."""

    expect: Expectation
    password: Password = Password.CURRENT
    verify: bool = False
    as_other: bool = False
    """Log the second account of the flow in, to get at its token."""
    as_nobody: bool = False
    """Log in under a user name that does not exist."""
    step: Step = field(init=False)
    """The step under which the exchange is recorded."""
    is_own: bool = field(init=False)
    """Whether the flow's own account logs in, with the password in force."""
    tokens: Mapping[str, str] = _tokens()

    def __post_init__(self) -> None:
        is_own = self.password is Password.CURRENT and not (self.as_other or self.as_nobody)
        object.__setattr__(self, "step", Step.VERIFY if self.verify else Step.LOGIN)
        object.__setattr__(self, "is_own", is_own)
        object.__setattr__(self, "tokens", tokens_granted(self.expect, self.step))


@dataclass(frozen=True, slots=True, kw_only=True)
class Update:
    """Call pwd/update, as documented or with one thing wrong."""

    expect: Expectation
    old: Password = Password.CURRENT
    new: Password = Password.NEXT
    token: Token = Token.OWN
    body: Body = Body.JSON
    header: tuple[str, str | None] | None = None
    """One header sent with this value instead; null leaves it out."""
    content_type: str | None = CONTENT_TYPE
    method: str = "POST"
    from_other_device: bool = False
    step: Step = Step.UPDATE_PASSWORD
    is_plain: bool = field(init=False)
    """Whether the request is formed as documented, so that the device's prebuilt headers serve."""
    names_old: bool = field(init=False)
    """Whether the body has a text as the old password."""
    names_new: bool = field(init=False)
    """Whether it has one as the new password."""
    tokens: Mapping[str, str] = _tokens()

    def __post_init__(self) -> None:
        plain = (self.method, self.content_type, self.header) == ("POST", CONTENT_TYPE, None)
        object.__setattr__(self, "is_plain", plain)
        object.__setattr__(self, "names_old", self.body not in (Body.WITHOUT_OLD, Body.WRONG_TYPES))
        object.__setattr__(self, "names_new", self.body not in (Body.WITHOUT_NEW, Body.WRONG_TYPES))
        object.__setattr__(self, "tokens", tokens_granted(self.expect, self.step))


@dataclass(frozen=True, slots=True, kw_only=True)
class Skip:
    """Call pwd/skip-update."""

    expect: Expectation
    step: Step = Step.SKIP_UPDATE
    tokens: Mapping[str, str] = _tokens()

    def __post_init__(self) -> None:
        object.__setattr__(self, "tokens", tokens_granted(self.expect, self.step))


@dataclass(frozen=True, slots=True, kw_only=True)
class Sso:
    """Have the session_token of the last acceptance turned into a one-time sso_ticket, or that ticket into its user.

    It is the application's server that asks so, with the access_token of the tenant API.
    """

    expect: Expectation
    step: Step
    tokens: Mapping[str, str] = _tokens()

    def __post_init__(self) -> None:
        object.__setattr__(self, "tokens", tokens_granted(self.expect, self.step))


@dataclass(frozen=True, slots=True, kw_only=True)
class Race:
    """The same update several times at once, each over a connection of its own that is open beforehand.

    How many times is drawn anew for each flow, evenly from the range. One of them at most can be accepted; which, no
    documentation says, so each by itself may be accepted or refused.
    """

    update: Update
    tokens: tuple[Token, ...] = (Token.OWN,)
    """What the requests carry, in turn."""
    times_min: int = 2
    times_max: int = 16

    @property
    def expect(self) -> Expectation:
        """What each of them must get."""
        return self.update.expect

    @property
    def step(self) -> Step:
        """The step under which the exchanges are recorded."""
        return self.update.step


@dataclass(frozen=True, slots=True, kw_only=True)
class OutliveToken:
    """Send nothing until the last state_token must have expired."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause:
    """Send nothing for a while."""

    seconds: float


Wait = OutliveToken | Pause
"""What sends nothing."""
CaseStep = Login | Update | Skip | Race | Sso | OutliveToken | Pause


class AccountState(StrEnum):
    """What an account must be before a flow may use it."""

    EXPIRED = "expired"
    WARNING = "warning"
    """The password is about to expire: login hands out a state_token, and the change may be skipped."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One kind of client behaviour: what is sent, in order, and what must come back each time."""

    name: str
    group: str
    summary: str
    """One sentence for the reader of a report."""
    steps: tuple[CaseStep, ...]
    needs: AccountState = AccountState.EXPIRED
    # Asked of every flow, and settled by the steps: worked out once.
    needs_other_account: bool = field(init=False)
    """Whether a second account takes part."""
    states: tuple[AccountState, ...] = field(init=False)
    """The states of the accounts that a flow leases: its own first."""
    needs_other_device: bool = field(init=False)
    """Whether a device that is not the account's own takes part."""

    def __post_init__(self) -> None:
        other_account = any(isinstance(step, Login) and step.as_other for step in self.steps)
        other_device = any(isinstance(step, Update) and step.from_other_device for step in self.steps)
        object.__setattr__(self, "needs_other_account", other_account)
        object.__setattr__(self, "needs_other_device", other_device)
        object.__setattr__(self, "states", (self.needs, AccountState.EXPIRED) if other_account else (self.needs,))

    @property
    def needs_tenant(self) -> bool:
        """Whether only an ISV application can make this mistake."""
        return any(isinstance(step, Update) and (step.header or ("", ""))[0] == "X-tenant-id" for step in self.steps)

    @property
    def needs_history(self) -> bool:
        """Whether the account's previous password must be known."""
        return any(isinstance(step, Update) and step.new is Password.PREVIOUS for step in self.steps)

    @property
    def needs_expired(self) -> bool:
        """Whether it says something only of an account whose login answers that the password has expired."""
        expired = {"PASSWORD_EXPIRED"}
        return any(isinstance(step, Login) and getattr(step.expect, "statuses", None) == expired for step in self.steps)

    @property
    def needs_tenant_api(self) -> bool:
        """Whether it takes the tenant API's access_token."""
        return any(isinstance(step, Sso) for step in self.steps)

    @property
    def requests_mean(self) -> float:
        """How many requests a flow makes on average, when all goes well."""
        return sum(map(_requests_mean, self.steps))

    @property
    def wrong_passwords(self) -> int:
        """The most wrong passwords in a row that a flow sends for its account: what a lock-out counts."""
        most = row = 0
        for step in self.steps:
            row = row + 1 if _tries_wrong_password(step) else row * isinstance(getattr(step, "expect", None), Refuse)
            most = max(most, row)
        return most


def _requests_mean(step: CaseStep) -> float:
    if isinstance(step, Wait):
        return 0.0
    return (step.times_min + step.times_max) / 2 if isinstance(step, Race) else 1.0


def _tries_wrong_password(step: CaseStep) -> bool:
    if isinstance(step, Login):
        return isinstance(step.expect, Refuse) and not step.as_nobody and step.password is not Password.CURRENT
    return isinstance(step, Update) and step.old is Password.WRONG
