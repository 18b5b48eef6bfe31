"""One exchange of a flow, judged: what recorders, books and the flow itself go by."""

from typing import Final, NamedTuple

from pwdload.accounts.account import Account, PasswordRef
from pwdload.api.contract import BUSY_CODES, Answer, Step
from pwdload.api.digest import NO_TOKEN
from pwdload.api.http import Exchange
from pwdload.cases.expectation import Expectation
from pwdload.outcome import Outcome

# A global is at hand at a quarter of what a member of an enum costs.
_UPDATE: Final = Step.UPDATE_PASSWORD
_RIGHT_ACCEPT, _WRONG_ACCEPT = Outcome.RIGHT_ACCEPT, Outcome.WRONG_ACCEPT


class Sent(NamedTuple):
    """What a request said of passwords and tokens: by name and digest, never the thing itself."""

    password: PasswordRef | None = None
    """Sent as the one in force; null where the request names none."""
    new: PasswordRef | None = None
    """Asked for."""
    token: bytes = NO_TOKEN
    """Digest of the state_token that was carried."""


NOTHING_SENT: Final = Sent()


class Played(NamedTuple):
    """One exchange of a flow, judged. A NamedTuple because it is made on the hot path, at a fifth of the cost."""

    step: Step
    expect: Expectation
    exchange: Exchange
    answer: Answer | None
    """Null when no complete answer came."""
    outcome: Outcome
    intended_s: float
    account: Account
    """As it was when the exchange began."""
    sent: Sent = NOTHING_SENT
    token: bytes = NO_TOKEN
    """Digest of the state_token that a login handed out, or that another call carried."""
    session: bytes = NO_TOKEN
    """Digest of the session_token that the answer handed out."""
    remark: str = ""
    """What the answer showed beyond its status and code (`pwdload.cases.remarks`)."""
    attempt: int = 1
    """How many-th try of its step this was."""

    @property
    def error_code(self) -> str:
        """The API's error code, or ``transport:...`` where no answer came."""
        return self.answer.error_code if self.answer is not None else f"transport:{self.exchange.transport}"

    @property
    def changed_password(self) -> bool:
        """Whether this exchange is an acknowledged change."""
        return self.step is _UPDATE and (self.outcome is _RIGHT_ACCEPT or self.outcome is _WRONG_ACCEPT)

    @property
    def may_have_changed_password(self) -> bool:
        """Whether nobody knows what this exchange did to the password.

        Only a documented refusal, or being turned away by the service itself, says that nothing was changed. An answer
        in breach of the contract does not, and a gateway's 503 may follow a change that went through.
        """
        if self.step is not _UPDATE or self.changed_password or self.exchange.sent_s is None:
            return False
        aside = self.exchange.aside
        if aside is not None and aside.not_forwarded:
            return False
        if self.outcome is Outcome.RIGHT_REJECT:  # by a layer that knows no error_code, too, such as 405
            return False
        answer = self.answer
        return answer is None or not (answer.is_refusal or answer.error_code in BUSY_CODES or answer.http_status == 429)
