"""Carry a case out: turn its steps into requests, send them, judge what comes back.

The only effects are `Wire.send` and `Wire.sleep`; a test gives a wire of its own and plays a case in no time.
"""

import hashlib
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final, NamedTuple

from pwdload.accounts.account import NO_ACCOUNT, Account, PasswordRef
from pwdload.accounts.entry import Event
from pwdload.api.contract import HANDS_OUT_STATE_TOKEN, Answer, Step, granted
from pwdload.api.digest import NO_TOKEN, token_digest
from pwdload.api.http import Exchange
from pwdload.api.request import DeviceRequests
from pwdload.cases.asking import Asking, login, own_login
from pwdload.cases.bodies import altered, body_of, forged
from pwdload.cases.concluding import come_to, forgiven
from pwdload.cases.expectation import judge, judge_no_answer, usual_token
from pwdload.cases.played import NOTHING_SENT, Played, Sent
from pwdload.cases.remarks import NOT_FORWARDED, SESSION_OF_ANOTHER, remark_on
from pwdload.cases.retrying import Retries, chance_of
from pwdload.cases.steps import Case, Login, Password, Pause, Race, Skip, Sso, Token, Update, Wait
from pwdload.cases.world import Changes, TenantAccess, Wire
from pwdload.outcome import Outcome
from pwdload.passwords import PasswordBook, Shape

_new: Final = tuple.__new__
"""Makes a NamedTuple out of all of its values in their order, at half of the cost: for what each exchange makes."""
_parse: Final = Answer.parse
# A global is at hand at a quarter of what a member of an enum costs.
_RIGHT_ACCEPT: Final = Outcome.RIGHT_ACCEPT
_CONTRACT_VIOLATION: Final = Outcome.CONTRACT_VIOLATION
_CURRENT: Final = Password.CURRENT
_NEXT: Final = Password.NEXT
_OWN: Final = Token.OWN
_OTHER_ACCOUNT: Final = Token.OTHER_ACCOUNT
_APPLIED: Final = Event.APPLIED
_UNKNOWABLE: Final = Shape.UNKNOWABLE
_UNAUTHORIZED = 401
_TOKEN_MARGIN_S = 1.0
"""Waited beyond the stated life of a state_token: its clock began when it was signed, and may be coarse."""


Asked = Sequence[tuple[Account, PasswordRef]]
"""Which password each account would have if the target carried an update out."""

_Held = tuple[str | None, bytes]
"""A state_token in a flow's hands, null where the header is to be left out, and its digest."""
_NONE: Final[_Held] = "", NO_TOKEN
_MISSING: Final[_Held] = None, NO_TOKEN


class Party(NamedTuple):
    """An account together with the requests of the device that belongs to it."""

    account: Account
    requests: DeviceRequests


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What a flow must know of the target and the secrets."""

    book: PasswordBook
    changes: Changes
    state_token_life_s: float
    seed: int = 0
    """What a flow draws follows from this and from its number."""
    tenant: TenantAccess | None = None
    """Needed by the cases that take the tenant API, and by no other."""
    retries: Retries | None = None
    """How a client tries again; null: not at all."""


class Flow:
    """One case being played by one account.

    Iterating sends one request after the other. The flow ends after its last step, or after the first step that did
    not come out as expected: a real client would not go on either.
    """

    __slots__ = (
        *("_case", "_earlier_token", "_is_over", "_me", "_number", "_other", "_other_token", "_session_token"),
        *("_settings", "_sso_ticket", "_token", "_wire", "account", "due_s"),
    )

    def __init__(
        self, case: Case, me: Party, other: Party, wire: Wire, settings: Settings, intended_s: float, number: int = 0
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
        self._number = number
        self._is_over = False
        self._token = self._earlier_token = self._other_token = _NONE
        self._session_token = self._sso_ticket = ""

    def end(self) -> None:
        """Begin no further step; what has been sent by now is still told."""
        self._is_over = True

    def __iter__(self) -> Iterator[Played]:
        """Play step after step."""
        retries = self._settings.retries
        for step in self._case.steps:
            if retries is not None and isinstance(step, (Login, Skip, Update)):
                played = yield from self._persist(step, retries)
                if not self._is_over and played.outcome.is_as_expected:
                    continue
                return
            kind = type(step)  # nobody derives from a kind of step, and to compare types is cheaper
            if kind is Login or kind is Skip:
                played = self._play(step)  # type: ignore[arg-type]
            elif kind is Update:
                played = self._change(step)  # type: ignore[arg-type]
            else:
                several = self._play_rare(step)  # type: ignore[arg-type]
                yield from several
                if self._is_over or not all(played.outcome.is_as_expected for played in several):
                    return
                continue
            yield played
            if self._is_over or (played.outcome is not _RIGHT_ACCEPT and not played.outcome.is_as_expected):
                return

    def _persist(self, step: Login | Skip | Update, retries: Retries) -> Generator[Played, None, Played]:
        """Play a step until it has come to something or the client gives up, and return the last try.

        What an update asks for is kept before the first try and its outcome after the last: all of them ask for the
        same password with the same token, so that they come to one thing.
        """
        asked = self._intend(step) if isinstance(step, Update) else ()
        tries: list[Played] = []
        try:
            while True:
                played = self._tried_again(step, tries)
                tries.append(played)
                if not retries.is_wanted(played):
                    break
                yield played
                if self._is_over:
                    return played
                self._wait_for_next(step, played, retries)
        finally:
            self._conclude(asked, tries)
        yield played
        return played

    def _tried_again(self, step: Login | Skip | Update, before: Sequence[Played]) -> Played:
        """Play a step once more.

        Where a try before may have been applied, its token has served, and the refusal of this one is right. The flow
        ends there: which password is in force is what a login has to settle.
        """
        played = self._play(step)
        if before:
            played = played._replace(attempt=len(before) + 1)
            if any(one.may_have_changed_password for one in before):
                played = forgiven(played)
                if played.outcome is Outcome.RIGHT_REJECT:
                    self.end()
        return played

    def _wait_for_next(self, step: Login | Skip | Update, played: Played, retries: Retries) -> None:
        place = self._case.steps.index(step)
        self._wire.sleep(retries.wait_s(played, chance_of(self._settings.seed, self._number, place, played.attempt)))
        self.due_s = self._wire.now()  # its wait is no part of the next try's response time

    def _play_rare(self, step: Race | Sso | Wait) -> Sequence[Played]:
        """Play a step that is not one exchange of the flow's own with the target."""
        if isinstance(step, Race):
            return self._race(step)
        if isinstance(step, Sso):
            return self._sso(step)
        life_s = self._settings.state_token_life_s
        self._wire.sleep(step.seconds if isinstance(step, Pause) else life_s + _TOKEN_MARGIN_S)
        self.due_s = self._wire.now()  # a wait is no part of any response time
        return ()

    def _play(self, step: Login | Update | Skip) -> Played:
        asking = self._asking(step)
        exchange = self._wire.send(asking.request)
        intended_s, self.due_s = self.due_s, exchange.done_s
        return self._judged(step, exchange, intended_s, asking)

    def _judged(
        self, step: Login | Update | Skip | Sso, exchange: Exchange, intended_s: float, asked: Asking
    ) -> Played:
        """Return an exchange with its judgement, and keep the tokens that it hands out."""
        account, sent = asked.account, asked.sent
        if exchange.http_status is None:
            outcome = judge_no_answer(anything_sent=exchange.sent_s is not None)
            return Played(step.step, step.expect, exchange, None, outcome, intended_s, account, sent, sent.token)
        answer = _parse(exchange.http_status, exchange.body)
        handed_out = usual_token(answer, step.tokens)
        outcome = _RIGHT_ACCEPT if handed_out else judge(step.expect, step.step, answer)
        token, session = sent.token, NO_TOKEN
        if type(step) is Login and answer.status in HANDS_OUT_STATE_TOKEN:
            token = self._take_token(step, handed_out or answer.text("state_token"))
        elif answer.status == "SUCCESS":
            self._session_token = handed_out or answer.text("session_token")
            session = token_digest(self._session_token)
        is_breach = outcome is _CONTRACT_VIOLATION
        remark = remark_on(step.step, answer, exchange.body, account, asked.secrets, is_breach=is_breach)
        if exchange.aside is not None and exchange.aside.not_forwarded:
            remark = f"{remark} {NOT_FORWARDED}".lstrip()
        return _new(
            Played,
            (step.step, step.expect, exchange, answer, outcome, intended_s, account, sent, token, session, remark, 1),
        )

    def _take_token(self, step: Login, state_token: str) -> bytes:
        """Take over the state_token that an answer hands out, and return its digest."""
        digest = token_digest(state_token)
        if step.as_other:
            self._other_token = state_token, digest
        else:
            self._earlier_token, self._token = self._token, (state_token, digest)
        return digest

    def _change(self, step: Update) -> Played:
        """Play an update: what it asks for is kept before its first byte is sent, and what came of it after."""
        asked = self._intend(step)
        played = self._play(step)
        self._conclude(asked, (played,))
        return played

    def _intend(self, step: Update) -> Asked:
        """Keep what an update is about to ask for, and return it."""
        asked, (_, digest) = self._asked(step), self._state_token(step.token)
        for account, new in asked:
            self._settings.changes.intend(account, new, digest)
        return asked

    def _conclude(self, asked: Asked, tries: Sequence[Played]) -> None:
        """Keep what came of it, after one try or several."""
        for account, new in asked:
            event = come_to(tries, is_certain=len(asked) == 1 and new.shape is not _UNKNOWABLE)
            self._settings.changes.conclude(account, new, event)
            if event is _APPLIED:
                self.account = account.changed(new)

    def _race(self, step: Race) -> Sequence[Played]:
        """Play an update several times at once: all ask for one password, so what came of it is one thing."""
        account, new, changes = self.account, self._ref(step.update.new), self._settings.changes
        updates = [replace(step.update, token=token) for token in step.tokens]
        requests = [self._update(updates[n % len(updates)]) for n in range(self._times(step))]
        changes.intend(account, new, self._state_token(step.tokens[-1])[1])
        exchanges = self._wire.send_together([asking.request for asking in requests])
        self.due_s = max(exchange.done_s for exchange in exchanges)
        several = [
            self._judged(step.update, exchange, exchange.started_s, asking)
            for exchange, asking in zip(exchanges, requests, strict=True)
        ]
        event = come_to(several, is_certain=True)
        changes.conclude(account, new, event)
        if event is Event.APPLIED:
            self.account = account.changed(new)
        return several

    def _times(self, step: Race) -> int:
        """Draw how many times a race sends its update: the same for the same flow of the same scenario."""
        return step.times_min + self._drawn("race") % (step.times_max - step.times_min + 1)

    def _nobody(self) -> Account:
        """Return who is not there: of a user name that no account has, another one in each flow."""
        return Account(index=NO_ACCOUNT, user_name=f"nobody-{self._drawn(self.account.user_name):016x}")

    def _drawn(self, what: str) -> int:
        """Return a number of 64 bits that follows from the scenario's seed and the flow's number."""
        text = f"{self._settings.seed}\0{self._number}\0{what}"
        return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big")

    def _sso(self, step: Sso) -> Sequence[Played]:
        """Play a call of the application's server; without an access_token the flow ends before it."""
        tenant = self._settings.tenant
        access_token = tenant.access_token() if tenant is not None else ""
        if tenant is None or not access_token:
            self.end()
            return ()
        if step.step is Step.SSO_TICKET:
            request = self._me.requests.sso_ticket(access_token, self._session_token)
        else:
            request = self._me.requests.sso_user(access_token, self._sso_ticket)
        due_s = self._wire.now()  # the server has its token by now, which is no affair of the one it is asked for
        exchange = self._wire.send(request)
        self.due_s = exchange.done_s
        asked = Asking(self.account, request, NOTHING_SENT, (), self._settings.book)
        played = self._judged(step, exchange, due_s, asked)
        if exchange.http_status == _UNAUTHORIZED:
            tenant.forget(access_token)
        if played.outcome is not Outcome.RIGHT_ACCEPT or played.answer is None:
            return (played,)
        what = granted(step.step, played.answer)
        if step.step is Step.SSO_TICKET:
            self._sso_ticket = what
        elif what != self.account.user_name:
            return (played._replace(outcome=Outcome.WRONG_ACCEPT, remark=SESSION_OF_ANOTHER),)
        return (played,)

    def _asked(self, step: Update) -> Asked:
        """Return which password each account would have if the target carried the update out.

        With another account's token a broken target may change either.
        """
        new = self._ref(step.new) if step.names_new else PasswordRef(self.account.next.generation, _UNKNOWABLE)
        if step.token is not _OTHER_ACCOUNT:
            return ((self.account, new),)
        other = self._other.account
        return (self.account, new), (other, PasswordRef(other.next.generation, _UNKNOWABLE))

    def _asking(self, step: Login | Update | Skip) -> Asking:
        """Return what a step sends."""
        book = self._settings.book
        if type(step) is Login:
            return own_login(self.account, self._me.requests, book) if step.is_own else self._other_login(step)
        if type(step) is Update:
            return self._update(step)
        text, digest = self._token
        request = self._me.requests.skip_update(text or "")
        return Asking(self.account, request, Sent(token=digest), (), book)

    def _other_login(self, step: Login) -> Asking:
        """Return the login of somebody else, or with another password."""
        book = self._settings.book
        if step.as_other:
            account, requests = self._other
            return login(account, requests, account.in_force, book)
        account = self._nobody() if step.as_nobody else self.account
        return login(account, self._me.requests, self._ref(step.password), book)

    def _update(self, step: Update) -> Asking:
        requests = self._other.requests if step.from_other_device else self._me.requests
        text, digest = self._state_token(step.token)
        account, book = self.account, self._settings.book
        if step.old is _CURRENT:  # as the login before has sent it
            ((old_ref, old),) = own_login(account, self._me.requests, book).secrets
        else:
            old_ref = self._ref(step.old)
            old = account.password(book, *old_ref)
        new_ref = self._ref(step.new)
        new = account.password(book, new_ref.generation, new_ref.shape)
        body = body_of(step.body, old, new)
        sent = _new(Sent, (old_ref if step.names_old else None, new_ref if step.names_new else None, digest))
        if text is not None and step.is_plain:
            request = requests.update_password(text, body)
        else:
            request = requests.update_with(
                state_token=text, body=body, method=step.method, content_type=step.content_type, header=step.header
            )
        return _new(Asking, (account, request, sent, ((old_ref, old), (new_ref, new)), book))

    def _state_token(self, token: Token) -> _Held:
        if token is _OWN:  # nearly always
            return self._token
        match token:
            case Token.EARLIER:
                return self._earlier_token
            case Token.MISSING:
                return _MISSING
            case Token.BLANK:
                return _NONE
            case Token.FORGED:
                return _held(forged(self._token[0] or ""))
            case Token.ALTERED:
                return _held(altered(self._token[0] or ""))
            case Token.OTHER_ACCOUNT:
                return self._other_token

    def _ref(self, password: Password) -> PasswordRef:
        account = self.account
        if password is _CURRENT:
            return account.in_force
        if password is _NEXT:
            return account.next
        match password:
            case Password.PREVIOUS:
                return account.previous
            case Password.WRONG:
                # Well-formed, and never in force: no account lives through so many changes.
                return PasswordRef(account.generation + 1_000_000)
            case shape:
                return PasswordRef(account.next.generation, Shape(shape.value))


def _held(token: str) -> _Held:
    return token, token_digest(token)
