"""The vocabulary of cases: which password, which token, which body, and the steps made of them. Values only."""

from dataclasses import dataclass, field
from enum import StrEnum

from pwdload.api.contract import CONTENT_TYPE, Step
from pwdload.cases.expectation import Expectation


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """Log in with a password. `verify` marks a login that only checks which password opens the account."""

    expect: Expectation
    password: Password = Password.CURRENT
    verify: bool = False
    as_other: bool = False
    """Log the second account of the flow in, to get at its token."""
    step: Step = field(init=False)
    """The step under which the exchange is recorded."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "step", Step.VERIFY if self.verify else Step.LOGIN)


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

    def __post_init__(self) -> None:
        plain = (self.method, self.content_type, self.header) == ("POST", CONTENT_TYPE, None)
        object.__setattr__(self, "is_plain", plain)


@dataclass(frozen=True, slots=True, kw_only=True)
class Skip:
    """Call pwd/skip-update."""

    expect: Expectation
    step: Step = Step.SKIP_UPDATE


@dataclass(frozen=True, slots=True, kw_only=True)
class OutliveToken:
    """Send nothing until the last state_token must have expired."""


CaseStep = Login | Update | Skip | OutliveToken


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
