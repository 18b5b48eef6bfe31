"""Playing a case: what goes over the wire, and how a flow goes on."""

import base64
import hmac
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pytest

from pwdload.accounts.account import Account, PasswordRef
from pwdload.accounts.entry import Event
from pwdload.api.contract import Step
from pwdload.api.http import Exchange
from pwdload.api.request import DeviceRequests
from pwdload.cases.bodies import altered, forged
from pwdload.cases.catalogue import CASES
from pwdload.cases.expectation import Accept, AcceptOrRefuse, Refuse
from pwdload.cases.play import Flow, Party, Settings
from pwdload.cases.played import Played
from pwdload.cases.steps import Login, Race, Skip, Sso, Update, Wait
from pwdload.devices import DevicePopulation
from pwdload.outcome import Outcome
from pwdload.passwords import PasswordBook, PasswordPolicy, Shape

Reply = tuple[int, Mapping[str, object]] | str

POLICY = PasswordPolicy()
BOOK = PasswordBook(b"a secret of the test", POLICY)
DEVICES = DevicePopulation(seed=1)
ANN = Account(index=1, user_name="ann.example", generation=1)
BOB = Account(index=2, user_name="bob.example", generation=1)

EXPIRED: Reply = (200, {"status": "PASSWORD_EXPIRED", "state_token": "aaaa.bbbb.cccc", "data": "{}"})
SUCCESS: Reply = (200, {"status": "SUCCESS", "session_token": "s", "expire": 1})


TICKET: Reply = (200, {"expire": 300, "sso_ticket": "t"})


def user(name: str) -> Reply:
    """Return the user of a ticket."""
    return 200, {"code": "200", "message": "success", "data": {"user": {"userName": name, "id": "1"}}}


def refused(code: str) -> Reply:
    """Return a documented refusal."""
    return 400, {"error_code": code, "error_msg": "m"}


@dataclass
class FakeWire:
    """Answers from a list, in virtual time: each exchange takes 0.1 s."""

    answers: list[Reply]
    requests: list[bytes] = field(default_factory=list)
    kept: list[tuple[int, str, PasswordRef, Event]] = field(default_factory=list)
    """What the flow told of its changes: how many requests were sent by then, who, which password, what."""
    at_s: float = 10.0
    forgotten: list[str] = field(default_factory=list)

    def intend(self, account: Account, new: PasswordRef, token_digest: bytes) -> None:
        """Note that a change is about to be asked for."""
        self.kept.append((len(self.requests), account.user_name, new, Event.INTENT))

    def conclude(self, account: Account, new: PasswordRef, event: Event) -> None:
        """Note what came of it."""
        self.kept.append((len(self.requests), account.user_name, new, event))

    def send(self, request: bytes) -> Exchange:
        """Answer with the next of the list; a text is a transport code."""
        self.requests.append(request)
        answer = self.answers[len(self.requests) - 1]
        started, self.at_s = self.at_s, self.at_s + 0.1
        exchange = Exchange(started_s=started, sent_s=started, done_s=self.at_s)
        if isinstance(answer, str):
            exchange.transport = answer
            exchange.sent_s = None if answer == "refused" else started
        else:
            exchange.http_status, exchange.body = answer[0], json.dumps(answer[1]).encode()
        return exchange

    def send_together(self, requests: Sequence[bytes]) -> list[Exchange]:
        """Answer all of them, which begin at one moment."""
        begun_s = self.at_s
        exchanges = [self.send(request) for request in requests]
        for exchange in exchanges:
            exchange.started_s = begun_s
        return exchanges

    def access_token(self) -> str:
        """Return the tenant API's token."""
        return "access"

    def forget(self, token: str) -> None:
        """Note that a token is not known."""
        self.forgotten.append(token)

    def sleep(self, seconds: float) -> None:
        """Let virtual time pass."""
        self.at_s += seconds

    def now(self) -> float:
        """Return virtual time."""
        return self.at_s


def party(account: Account) -> Party:
    """Return an account with its device."""
    return Party(account=account, requests=DeviceRequests("t", DEVICES.device(account.index)))


def play(case: str, *answers: Reply) -> tuple[FakeWire, Flow, list[Played]]:
    """Play a case of ann's, with bob beside her, against these answers."""
    wire = FakeWire(list(answers))
    settings = Settings(book=BOOK, changes=wire, state_token_life_s=300.0, seed=1, tenant=wire)
    flow = Flow(CASES[case], me=party(ANN), other=party(BOB), wire=wire, settings=settings, intended_s=9.5)
    return wire, flow, list(flow)


def head(request: bytes) -> dict[str, str]:
    """Return the header fields of a request."""
    lines = request.partition(b"\r\n\r\n")[0].decode().split("\r\n")[1:]
    return dict(line.split(": ", 1) for line in lines)


def body(request: bytes) -> dict[str, str]:
    """Return the JSON body of a request."""
    parsed: dict[str, str] = json.loads(request.partition(b"\r\n\r\n")[2])
    return parsed


def test_a_valid_change_sends_what_the_page_documents() -> None:
    """Method, path, headers and body are those of the published example."""
    wire, flow, played = play("valid_change", EXPIRED, SUCCESS)
    login, update = wire.requests
    assert login.startswith(b"POST /api/v2/sdk/login HTTP/1.1\r\n")
    assert body(login) == {"user_name": "ann.example", "password": BOOK.password("ann.example", 1)}
    assert update.startswith(b"POST /api/v2/sdk/pwd/update HTTP/1.1\r\n")
    device = DEVICES.device(1)
    assert head(update) == {
        "Host": "t",
        "X-operating-sys-version": device.operating_sys_version,
        "X-device-fingerprint": device.device_fingerprint,
        "X-device-ip": device.device_ip,
        "X-agent": device.agent,
        "X-L": device.language,
        "X-client-id": device.client_id,
        "Content-Type": "application/json;charset=utf8",
        "X-state-token": "aaaa.bbbb.cccc",
        "Content-Length": str(len(update.partition(b"\r\n\r\n")[2])),
    }
    assert body(update) == {
        "old_password": BOOK.password("ann.example", 1),
        "new_password": BOOK.password("ann.example", 2),
    }
    assert [p.outcome for p in played] == [Outcome.RIGHT_ACCEPT] * 2
    assert flow.account.generation == 2


def test_the_first_request_is_due_when_the_flow_is_and_each_later_one_when_the_one_before_ended() -> None:
    """Response times count from the intended time, along the whole flow."""
    _, _, played = play("change_then_login", EXPIRED, SUCCESS, SUCCESS)
    assert [p.intended_s for p in played] == [9.5, played[0].exchange.done_s, played[1].exchange.done_s]
    assert [p.step for p in played] == [Step.LOGIN, Step.UPDATE_PASSWORD, Step.VERIFY]


def test_the_new_password_opens_the_account_after_an_acknowledged_change() -> None:
    """The verifying login uses the generation that was acknowledged."""
    wire, _, played = play("change_then_login", EXPIRED, SUCCESS, SUCCESS)
    assert body(wire.requests[2])["password"] == BOOK.password("ann.example", 2)
    assert [p.account.generation for p in played] == [1, 1, 2]


@pytest.mark.parametrize("answer", [refused("LOGIN.0002"), "timeout", (503, {}), (200, {"status": "ACCESS_DENIED"})])
def test_a_flow_ends_with_the_first_answer_that_is_not_as_expected(
    answer: Reply,
) -> None:
    """A client without a state_token does not go on to the change."""
    wire, flow, played = play("valid_change", answer)
    assert len(wire.requests) == len(played) == 1
    assert not played[0].outcome.is_as_expected
    assert flow.account.generation == 1


def test_only_an_acknowledged_change_raises_the_generation() -> None:
    """A time-out leaves the account as it was, and in doubt."""
    _, flow, played = play("valid_change", EXPIRED, "timeout")
    assert flow.account.generation == 1
    assert played[-1].may_have_changed_password
    assert played[-1].error_code == "transport:timeout"
    _, _, played = play("valid_change", EXPIRED, "refused")
    assert (played[-1].outcome, played[-1].may_have_changed_password) == (Outcome.NOT_SENT, False)


def test_a_mistyped_password_is_followed_by_the_right_one() -> None:
    """The person tries again with the same token."""
    wire, _, played = play("wrong_old_password_then_right", EXPIRED, refused("LOGIN.0002"), SUCCESS)
    wrong, right = (body(request)["old_password"] for request in wire.requests[1:])
    assert wrong != right == BOOK.password("ann.example", 1)
    assert [p.outcome for p in played] == [Outcome.RIGHT_ACCEPT, Outcome.RIGHT_REJECT, Outcome.RIGHT_ACCEPT]


def test_a_change_that_had_to_be_refused_is_a_wrong_accept_and_changes_the_account() -> None:
    """The harness keeps up with what a defective target did."""
    _, flow, played = play("new_password_too_short", EXPIRED, SUCCESS)
    assert played[-1].outcome is Outcome.WRONG_ACCEPT
    assert flow.account.generation == 2


def test_an_expired_token_is_waited_for_in_virtual_time() -> None:
    """The update is due only after the token's life, and the wait is no part of its response time."""
    wire, _, played = play("token_expired", EXPIRED, refused("PARAM.0014"))
    assert played[1].intended_s >= played[0].exchange.done_s + 300.0
    assert played[1].exchange.done_s - played[1].intended_s == pytest.approx(0.1)
    assert wire.at_s > 300


def test_another_accounts_token_is_fetched_by_that_account_and_spent_on_ones_own() -> None:
    """Bob logs in from his device, ann sends his token from hers."""
    wire, _, played = play("token_of_another_account", EXPIRED, refused("PARAM.0014"))
    assert body(wire.requests[0])["user_name"] == "bob.example"
    assert head(wire.requests[0])["X-device-fingerprint"] == DEVICES.device(2).device_fingerprint
    assert body(wire.requests[1])["old_password"] == BOOK.password("ann.example", 1)
    assert head(wire.requests[1])["X-device-fingerprint"] == DEVICES.device(1).device_fingerprint
    assert [p.account.index for p in played] == [2, 1]


@pytest.mark.parametrize("name", ["os_version", "fingerprint", "agent", "client_id"])
def test_a_header_case_differs_from_a_valid_update_in_that_header_alone(name: str) -> None:
    """Nothing but the one header explains the refusal."""
    right = head(play("valid_change", EXPIRED, SUCCESS)[0].requests[1])
    missing = head(play(f"{name}_missing", EXPIRED, refused("PARAM.0001"))[0].requests[1])
    blank = head(play(f"{name}_blank", EXPIRED, refused("PARAM.0001"))[0].requests[1])
    (header,) = set(right) - set(missing)
    assert missing == {key: value for key, value in right.items() if key != header}
    assert blank == right | {header: ""}


def test_a_forged_token_keeps_its_content_and_an_altered_one_its_signature() -> None:
    """Each token is wrong in exactly the way that its case says."""
    payload = base64.urlsafe_b64encode(b'{"subject":"{}"}').rstrip(b"=").decode()
    signed = f"aaaa.{payload}"
    token = f"{signed}.{base64.urlsafe_b64encode(hmac.digest(b'key', signed.encode(), 'sha256')).rstrip(b'=').decode()}"
    assert forged(token).split(".")[:2] == token.split(".")[:2]
    assert forged(token) != token
    changed = altered(token).split(".")
    assert (changed[0], changed[2]) == (token.split(".", maxsplit=1)[0], token.split(".")[2])
    assert sum(a != b for a, b in zip(changed[1], payload, strict=True)) == 1


@pytest.mark.parametrize("name", sorted(CASES))
def test_every_case_can_be_played_to_its_end(name: str) -> None:
    """With the answers it expects, every case sends one request per step and ends well."""
    case = CASES[name]
    answers: list[Reply] = []
    for step in case.steps:
        if not isinstance(step, Wait):
            times = times_of(name) if isinstance(step, Race) else 1
            answers += [as_expected(step)] * times
    wire, _, played = play(name, *answers)
    assert len(wire.requests) == len(played) == len(answers)
    assert all(p.outcome.is_as_expected for p in played)


def as_expected(step: Login | Update | Skip | Race | Sso) -> Reply:
    """Return an answer that a step expects."""
    if isinstance(step, Sso):
        return TICKET if step.step is Step.SSO_TICKET else user("ann.example")
    if isinstance(step.expect, Refuse):
        return refused(min(step.expect.codes))
    assert isinstance(step.expect, (Accept, AcceptOrRefuse))
    return 200, {"status": min(step.expect.statuses), "state_token": "aaaa.bbbb.cccc", "session_token": "s"}


def times_of(name: str) -> int:
    """Return how many requests the race of a case sends here."""
    login = len([step for step in CASES[name].steps if isinstance(step, Login) and not step.verify])
    wire, _, _ = play(name, *[EXPIRED] * login, *[refused("PARAM.0014")] * 16, EXPIRED)
    return len(wire.requests) - login - 1


NEXT = PasswordRef(2)
LOGIN_REFUSED = refused("LOGIN.0002")


@pytest.mark.parametrize(
    ("case", "answers", "kept"),
    [
        ("valid_change", (EXPIRED, SUCCESS), [(1, NEXT, Event.INTENT), (2, NEXT, Event.APPLIED)]),
        ("valid_change", (EXPIRED, refused("PWD.0004")), [(1, NEXT, Event.INTENT), (2, NEXT, Event.REFUSED)]),
        ("valid_change", (EXPIRED, "timeout"), [(1, NEXT, Event.INTENT), (2, NEXT, Event.UNKNOWN)]),
        ("valid_change", (EXPIRED, (200, {"status": "SUCCESS"})), [(1, NEXT, Event.INTENT), (2, NEXT, Event.UNKNOWN)]),
        ("valid_change", (EXPIRED, "refused"), [(1, NEXT, Event.INTENT), (2, NEXT, Event.REFUSED)]),
        ("valid_change", (LOGIN_REFUSED,), []),
        (
            "new_password_from_history",
            (EXPIRED, SUCCESS),
            [(1, PasswordRef(0), Event.INTENT), (2, PasswordRef(0), Event.APPLIED)],
        ),
        (
            "new_password_too_short",
            (EXPIRED, SUCCESS),
            [(1, PasswordRef(2, Shape.TOO_SHORT), Event.INTENT), (2, PasswordRef(2, Shape.TOO_SHORT), Event.APPLIED)],
        ),
        (
            "new_password_missing",
            (EXPIRED, SUCCESS),
            [(1, PasswordRef(2, Shape.UNKNOWABLE), Event.INTENT), (2, PasswordRef(2, Shape.UNKNOWABLE), Event.UNKNOWN)],
        ),
    ],
)
def test_every_change_is_kept_before_it_is_asked_for_and_after_it_is_answered(
    case: str, answers: tuple[Reply, ...], kept: list[tuple[int, PasswordRef, Event]]
) -> None:
    """The intent is kept with only the login sent; what came of it is what the answer proves, and no more."""
    wire, _, _ = play(case, *answers)
    assert wire.kept == [(sent, "ann.example", ref, event) for sent, ref, event in kept]


def test_with_another_accounts_token_both_are_in_doubt() -> None:
    """A target that accepts it may have changed either account, so neither is taken for known."""
    wire, flow, _ = play("token_of_another_account", EXPIRED, EXPIRED, SUCCESS)
    assert [(name, event) for _, name, _, event in wire.kept] == [
        ("ann.example", Event.INTENT),
        ("bob.example", Event.INTENT),
        ("ann.example", Event.UNKNOWN),
        ("bob.example", Event.UNKNOWN),
    ]
    assert flow.account == ANN


@pytest.mark.parametrize("shape", [shape for shape in Shape if shape is not Shape.UNKNOWABLE])
def test_a_wrongly_accepted_password_can_be_named_and_made_again(shape: Shape) -> None:
    """Whatever a broken target accepts, the account's next login sends exactly that."""
    changed = ANN.changed(PasswordRef(2, shape))
    assert changed.in_force == (2, shape)
    assert (changed.next, changed.previous) == (PasswordRef(3), PasswordRef(1))
    text = changed.password(BOOK, *changed.in_force)
    assert (text == BOOK.password("ann.example", 2)) == (shape is Shape.PLAIN)


def test_a_reused_password_never_makes_a_used_generation_the_next() -> None:
    """After the target went back to an old password, the next change still gets one that was never in force."""
    back = ANN.changed(PasswordRef(0))
    assert (back.in_force, back.previous, back.next) == (PasswordRef(0), PasswordRef(1), PasswordRef(2))
