"""Carry a case out: turn its steps into requests, send them, judge what comes back.

The only effects are `Wire.send` and `Wire.sleep`; a test gives a wire of its own and plays a case in no time.
"""

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple, Protocol

from pwdload.accounts.account import Account, PasswordRef
from pwdload.accounts.entry import Event
from pwdload.api.contract import BUSY_CODES, HANDS_OUT_STATE_TOKEN, Answer, Step
from pwdload.api.digest import NO_TOKEN, token_digest
from pwdload.api.http import Exchange
from pwdload.api.request import DeviceRequests, update_body
from pwdload.cases.expectation import Expectation, judge, judge_no_answer
from pwdload.cases.remarks import Secrets, remark_on
from pwdload.cases.steps import Body, Case, Login, OutliveToken, Password, Skip, Token, Update
from pwdload.outcome import Outcome
from pwdload.passwords import PasswordBook, Shape

_UPDATE = Step.UPDATE_PASSWORD  # a global is at hand at a quarter of what a member of an enum costs
_WITHOUT_OLD: Final = frozenset({Body.WITHOUT_OLD, Body.WRONG_TYPES})
_WITHOUT_NEW: Final = frozenset({Body.WITHOUT_NEW, Body.WRONG_TYPES})
_TOKEN_MARGIN_S = 1.0
"""Waited beyond the stated life of a state_token: its clock began when it was signed, and may be coarse."""


class Wire(Protocol):
    """What a flow needs of the world."""

    def send(self, request: bytes) -> Exchange:
        """Send a request and return its exchange; nothing of the network escapes as an exception."""

    def sleep(self, seconds: float) -> None:
        """Let time pass."""

    def now(self) -> float:
        """Return the time on the run's clock, in seconds."""


class Changes(Protocol):
    """Who must know of every change of a password: before it is asked for, and what came of it."""

    def intend(self, account: Account, new: PasswordRef, token_digest: bytes) -> None:
        """Keep that a password is about to be asked for; return when that is kept.

        Raises:
            AccountsError: it cannot be kept, so that the request must not be sent.
        """

    def conclude(self, account: Account, new: PasswordRef, event: Event) -> None:
        """Keep what came of it: `Event.APPLIED`, `REFUSED` or `UNKNOWN`."""


class NothingKept:
    """Keeps nothing: for accounts that end with the process."""

    def intend(self, account: Account, new: PasswordRef, token_digest: bytes) -> None:
        """Do nothing."""

    def conclude(self, account: Account, new: PasswordRef, event: Event) -> None:
        """Do nothing."""


class Party(NamedTuple):
    """An account together with the requests of the device that belongs to it."""

    account: Account
    requests: DeviceRequests


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

    @property
    def error_code(self) -> str:
        """The API's error code, or ``transport:...`` where no answer came."""
        return self.answer.error_code if self.answer is not None else f"transport:{self.exchange.transport}"

    @property
    def changed_password(self) -> bool:
        """Whether this exchange is an acknowledged change."""
        return self.step is _UPDATE and self.outcome in (Outcome.RIGHT_ACCEPT, Outcome.WRONG_ACCEPT)

    @property
    def may_have_changed_password(self) -> bool:
        """Whether nobody knows what this exchange did to the password.

        Only a documented refusal, or being turned away by the service itself, says that nothing was changed. An answer
        in breach of the contract does not, and a gateway's 503 may follow a change that went through.
        """
        if self.step is not _UPDATE or self.changed_password or self.exchange.sent_s is None:
            return False
        if self.outcome is Outcome.RIGHT_REJECT:  # by a layer that knows no error_code, too, such as 405
            return False
        answer = self.answer
        return answer is None or not (answer.is_refusal or answer.error_code in BUSY_CODES or answer.http_status == 429)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What a flow must know of the target and the secrets."""

    book: PasswordBook
    changes: Changes
    state_token_life_s: float


class Flow:
    """One case being played by one account.

    Iterating sends one request after the other. The flow ends after its last step, or after the first step that did
    not come out as expected: a real client would not go on either.
    """

    __slots__ = ("_case", "_me", "_other", "_other_token", "_settings", "_token", "_wire", "account", "due_s")

    def __init__(
        self, case: Case, *, me: Party, other: Party, wire: Wire, settings: Settings, intended_s: float
    ) -> None:
        self.account = me.account
        """The account as it is now; its generation rises with every acknowledged change."""
        self._case = case
        self._me = me
        self._other = other
        self._wire = wire
        self._settings = settings
        self.due_s = intended_s
        """When the next request is due."""
        self._token = self._other_token = _NONE

    def __iter__(self) -> Iterator[Played]:
        """Play step after step."""
        for step in self._case.steps:
            if isinstance(step, OutliveToken):
                self._wire.sleep(self._settings.state_token_life_s + _TOKEN_MARGIN_S)
                self.due_s = self._wire.now()
                continue
            played = self._change(step) if isinstance(step, Update) else self._play(step)
            yield played
            if not played.outcome.is_as_expected:
                return

    def _play(self, step: Login | Update | Skip) -> Played:
        account = self._other.account if type(step) is Login and step.as_other else self.account
        request, sent, secrets = self._request(step, account)
        exchange = self._wire.send(request)
        intended_s, self.due_s = self.due_s, exchange.done_s
        if exchange.http_status is None:
            outcome = judge_no_answer(anything_sent=exchange.sent_s is not None)
            return Played(step.step, step.expect, exchange, None, outcome, intended_s, account, sent, sent.token)
        answer = Answer.parse(exchange.http_status, exchange.body)
        outcome = judge(step.expect, step.step, answer)
        token, session = sent.token, NO_TOKEN
        if type(step) is Login and answer.status in HANDS_OUT_STATE_TOKEN:
            token = self._take_token(step, answer.text("state_token"))
        elif answer.status == "SUCCESS":
            session = token_digest(answer.text("session_token"))
        is_breach = outcome is Outcome.CONTRACT_VIOLATION
        remark = remark_on(step.step, answer, exchange.body, account, secrets, is_breach=is_breach)
        return Played(
            step.step, step.expect, exchange, answer, outcome, intended_s, account, sent, token, session, remark
        )

    def _take_token(self, step: Login, state_token: str) -> bytes:
        """Take over the state_token that an answer hands out, and return its digest."""
        held = _held(state_token)
        if step.as_other:
            self._other_token = held
        else:
            self._token = held
        return held.digest

    def _change(self, step: Update) -> Played:
        """Play an update: what it asks for is kept before its first byte is sent, and what came of it after."""
        changes, asked = self._settings.changes, self._asked(step)
        digest = self._state_token(step.token).digest
        for account, new in asked:
            changes.intend(account, new, digest)
        played = self._play(step)
        for account, new in asked:
            event = _concluded(played, is_certain=len(asked) == 1 and new.shape is not Shape.UNKNOWABLE)
            changes.conclude(account, new, event)
            if event is Event.APPLIED:
                self.account = account.changed(new)
        return played

    def _asked(self, step: Update) -> Sequence[tuple[Account, PasswordRef]]:
        """Return which password each account would have if the target carried the update out.

        With another account's token a broken target may change either.
        """
        unknowable = step.body in _WITHOUT_NEW
        new = self._ref(step.new)
        asked = [(self.account, PasswordRef(self.account.next.generation, Shape.UNKNOWABLE) if unknowable else new)]
        if step.token is Token.OTHER_ACCOUNT:
            other = self._other.account
            asked.append((other, PasswordRef(other.next.generation, Shape.UNKNOWABLE)))
        return asked

    def _request(self, step: Login | Update | Skip, account: Account) -> tuple[bytes, Sent, Secrets]:
        """Return the request, what it says, and the passwords in it that no answer may repeat."""
        match step:
            case Login(as_other=as_other):
                party, ref = (self._other, account.in_force) if as_other else (self._me, self._ref(step.password))
                password = account.password(self._settings.book, *ref)
                return party.requests.login(account.user_name, password), Sent(ref), ((ref, password),)
            case Skip():
                token = self._token
                return self._me.requests.skip_update(token.text or ""), Sent(token=token.digest), ()
            case Update():
                return self._update_request(step)

    def _update_request(self, step: Update) -> tuple[bytes, Sent, Secrets]:
        requests = self._other.requests if step.from_other_device else self._me.requests
        text, digest = self._state_token(step.token)
        old_ref, new_ref, account, book = self._ref(step.old), self._ref(step.new), self.account, self._settings.book
        old, new = account.password(book, *old_ref), account.password(book, *new_ref)
        body = _body(step.body, old, new)
        names_old, names_new = step.body not in _WITHOUT_OLD, step.body not in _WITHOUT_NEW
        sent = Sent(old_ref if names_old else None, new_ref if names_new else None, digest)
        secrets = (old_ref, old), (new_ref, new)
        if text is not None and step.is_plain:
            return requests.update_password(text, body), sent, secrets
        request = requests.update_with(
            state_token=text, body=body, method=step.method, content_type=step.content_type, header=step.header
        )
        return request, sent, secrets

    def _state_token(self, token: Token) -> "_Held":
        match token:
            case Token.OWN:
                return self._token
            case Token.MISSING:
                return _MISSING
            case Token.BLANK:
                return _NONE
            case Token.FORGED:
                return _held(forged(self._token.text or ""))
            case Token.ALTERED:
                return _held(altered(self._token.text or ""))
            case Token.OTHER_ACCOUNT:
                return self._other_token

    def _ref(self, password: Password) -> PasswordRef:
        account = self.account
        match password:
            case Password.CURRENT:
                return account.in_force
            case Password.NEXT:
                return account.next
            case Password.PREVIOUS:
                return account.previous
            case Password.WRONG:
                # Well-formed, and never in force: no account lives through so many changes.
                return PasswordRef(account.generation + 1_000_000)
            case shape:
                return PasswordRef(account.next.generation, Shape(shape.value))


class _Held(NamedTuple):
    """A state_token in a flow's hands."""

    text: str | None
    """Null where the header is to be left out."""
    digest: bytes


_NONE: Final = _Held("", NO_TOKEN)
_MISSING: Final = _Held(None, NO_TOKEN)


def _held(text: str) -> _Held:
    return _Held(text, token_digest(text))


def _concluded(played: Played, *, is_certain: bool) -> Event:
    """Return what came of an update; `is_certain`: an accepted one has changed one account only, to what is known."""
    if played.changed_password:
        return Event.APPLIED if is_certain else Event.UNKNOWN
    return Event.UNKNOWN if played.may_have_changed_password else Event.REFUSED


def _body(body: Body, old: str, new: str) -> bytes:
    match body:
        case Body.JSON:
            return update_body(old, new)
        case Body.NOT_JSON:
            return b"old_password=" + old.encode() + b"&new_password=" + new.encode()
        case Body.WRONG_TYPES:
            return b'{"old_password":12345678,"new_password":[true]}'
        case Body.WITHOUT_OLD:
            return json.dumps({"new_password": new}).encode()
        case Body.WITHOUT_NEW:
            return json.dumps({"old_password": old}).encode()
        case Body.EXTRA_FIELDS:
            return json.dumps({"old_password": old, "new_password": new, "remember_me": True, "x": {"y": []}}).encode()
        case Body.ONE_MEGABYTE:
            return json.dumps({"old_password": old, "new_password": new, "filler": "x" * 1_000_000}).encode()


def forged(token: str) -> str:
    """Return the token with its content as it was, signed with a key that is not the target's."""
    signed, _, _ = token.rpartition(".")
    signature = hmac.digest(b"not the key of the target", signed.encode(), hashlib.sha256)
    return f"{signed}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"


def altered(token: str) -> str:
    """Return the token with one character of its payload changed, under the old signature."""
    head, dot, tail = token.partition(".")
    middle = len(tail.partition(".")[0]) // 2
    character = "A" if tail[middle : middle + 1] != "A" else "B"
    return f"{head}{dot}{tail[:middle]}{character}{tail[middle + 1 :]}"
