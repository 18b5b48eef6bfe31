"""The probes: what goes over the wire, what is told of it, and what both answers lead to."""

import json
from collections.abc import Sequence

import pytest
from tests.cases.test_play import ANN, BOB, BOOK, EXPIRED, SUCCESS, TICKET, FakeWire, Reply, body, head, party, refused
from tests.cases.test_play import user as user_of_ticket

from pwdload.accounts.account import NO_ACCOUNT, Account, PasswordRef
from pwdload.accounts.entry import Event
from pwdload.api.contract import Step
from pwdload.api.digest import token_digest
from pwdload.cases.aftermath import Aftermath, aftermath
from pwdload.cases.catalogue import CASES, GROUPS, adapted, adapted_cases, scenario_weights
from pwdload.cases.expectation import AcceptOrRefuse, Refuse
from pwdload.cases.play import Flow, Settings
from pwdload.cases.played import Played
from pwdload.cases.steps import Case, Login, Race
from pwdload.cases.usage import uses_accounts_up
from pwdload.outcome import Outcome
from pwdload.scenario import Scenario, parse_scenario

USED_UP = refused("PARAM.0014")
WRONG = refused("LOGIN.0002")
LOCKED = refused("LOGIN.0001")
OLD, NEW, NEWER = (BOOK.password("ann.example", generation) for generation in (1, 2, 3))


def handed_out(token: str) -> Reply:
    """Return an answer that hands out this state_token."""
    return 200, {"status": "PASSWORD_EXPIRED", "state_token": token, "data": "{}"}


def play(name: str, *answers: Reply, number: int = 0, me: Account = ANN) -> tuple[FakeWire, Flow, list[Played]]:
    """Play a flow of a case against these answers; a race gets as many of the last one as it wants."""
    wire = FakeWire([*answers, *[answers[-1]] * 20])
    settings = Settings(book=BOOK, changes=wire, state_token_life_s=300.0, seed=1, tenant=wire)
    case = adapted(CASES[name], password_length_max=18, lockout_threshold=16)
    flow = Flow(case, me=party(me), other=party(BOB), wire=wire, settings=settings, intended_s=9.5, number=number)
    return wire, flow, list(flow)


def updates(wire: FakeWire) -> list[bytes]:
    """Return the updates that were sent."""
    return [request for request in wire.requests if b"/pwd/update" in request]


def passwords(requests: Sequence[bytes]) -> list[str]:
    """Return the passwords of logins."""
    return [body(request)["password"] for request in requests]


def scenario(text: str = "") -> Scenario:
    """Return a scenario that may name every case and group."""
    return parse_scenario(f"title = 'x'\n{text}", case_names=CASES, group_names=GROUPS, file="x.toml")


def test_a_race_sends_the_very_same_change_as_often_as_its_flow_draws() -> None:
    """From 2 to 16 times, each of them for some flow, and the same flow always the same."""
    drawn = []
    for number in range(300):
        wire, _, _ = play("race_one_token", EXPIRED, SUCCESS, USED_UP, number=number)
        sent = updates(wire)
        assert len(set(sent)) == 1
        drawn.append(len(sent))
    assert set(drawn) == set(range(2, 17))
    assert len(updates(play("race_one_token", EXPIRED, SUCCESS, USED_UP, number=7)[0])) == drawn[7]


@pytest.mark.parametrize(
    ("answers", "event"),
    [
        ((SUCCESS, USED_UP), Event.APPLIED),
        ((USED_UP, SUCCESS, USED_UP), Event.APPLIED),
        (("timeout", SUCCESS, USED_UP), Event.APPLIED),
        ((USED_UP, "timeout", USED_UP), Event.UNKNOWN),
        ((USED_UP, (503, {}), USED_UP), Event.UNKNOWN),
        ((USED_UP, (200, {"status": "SUCCESS"}), USED_UP), Event.UNKNOWN),
        ((USED_UP,), Event.REFUSED),
        (("refused",), Event.REFUSED),
        ((SUCCESS,), Event.APPLIED),
    ],
)
def test_a_race_is_told_once_of_before_it_begins_and_once_of_what_came_of_it(
    answers: tuple[Reply, ...], event: Event
) -> None:
    """One password is asked for, whoever wins: applied if any was accepted, in doubt if none was and one may be."""
    wire, flow, played = play("race_one_token", EXPIRED, *answers, number=3)
    race = [one for one in played if one.step is Step.UPDATE_PASSWORD]
    assert len(race) > 3
    assert wire.kept == [
        (1, "ann.example", PasswordRef(2), Event.INTENT),
        (1 + len(race), "ann.example", PasswordRef(2), event),
    ]
    assert flow.account.generation == (2 if event is Event.APPLIED else 1)


def test_each_exchange_of_a_race_is_told_in_the_order_of_sending_with_all_that_it_carried() -> None:
    """All were due when the connections were open, on the account as it was before."""
    _, _, played = play("race_one_token", handed_out("first"), USED_UP, SUCCESS, "timeout", USED_UP, number=3)
    race = played[1:]
    assert [one.outcome for one in race[:4]] == [
        *(Outcome.RIGHT_REJECT, Outcome.RIGHT_ACCEPT, Outcome.UNKNOWN, Outcome.RIGHT_REJECT)
    ]
    assert {one.intended_s for one in race} == {played[0].exchange.done_s}
    assert {one.account.generation for one in race} == {1}
    assert {one.token for one in race} == {token_digest("first")}
    assert {one.sent[:2] for one in race} == {(PasswordRef(1), PasswordRef(2))}
    assert [one.session for one in race].count(token_digest("s")) == 1


@pytest.mark.parametrize(("accepted", "password"), [(True, NEW), (False, OLD)])
def test_after_a_race_the_password_in_force_is_looked_at(accepted: bool, password: str) -> None:
    """Whether one has won or, wrongly, none: the login fits what was answered."""
    first = SUCCESS if accepted else USED_UP
    wire, _, _ = play("race_two_tokens", EXPIRED, EXPIRED, first, USED_UP, SUCCESS)
    assert passwords(wire.requests[-1:]) == [password]


def test_two_tokens_race_for_one_change() -> None:
    """Each request has one of the tokens, and both the same passwords."""
    wire, _, played = play("race_two_tokens", handed_out("first"), handed_out("second"), USED_UP, SUCCESS)
    first, second = updates(wire)
    assert [head(request)["X-state-token"] for request in (first, second)] == ["first", "second"]
    assert body(first) == body(second) == {"old_password": OLD, "new_password": NEW}
    assert [one.token for one in played[:4]] == [token_digest(text) for text in ("first", "second") * 2]


@pytest.mark.parametrize(
    ("case", "tokens"),
    [("two_tokens_newer_first", ["second", "first"]), ("two_tokens_older_first", ["first", "second"])],
)
@pytest.mark.parametrize("second", [SUCCESS, USED_UP])
def test_of_two_tokens_the_second_is_sent_with_what_is_right_by_then(
    case: str, tokens: list[str], second: Reply
) -> None:
    """Whether it still serves or not, the login afterwards is with the password that must be in force."""
    wire, flow, played = play(case, handed_out("first"), handed_out("second"), SUCCESS, second, SUCCESS)
    sent = updates(wire)
    assert [head(request)["X-state-token"] for request in sent] == tokens
    assert [body(request)["old_password"] for request in sent] == [OLD, NEW]
    assert [body(request)["new_password"] for request in sent] == [NEW, NEWER]
    assert passwords(wire.requests[-1:]) == [NEWER if second is SUCCESS else NEW]
    assert all(one.outcome.is_as_expected for one in played)
    assert flow.account.generation == (3 if second is SUCCESS else 2)


def test_an_older_token_that_serves_no_more_leaves_the_newer_one_the_old_password() -> None:
    """The change that was refused has changed nothing."""
    wire, _, _ = play("two_tokens_older_first", EXPIRED, EXPIRED, USED_UP, SUCCESS, SUCCESS)
    assert [body(request)["old_password"] for request in updates(wire)] == [OLD, OLD]
    assert passwords(wire.requests[-1:]) == [NEW]


@pytest.mark.parametrize(("answer", "password"), [(SUCCESS, NEW), (USED_UP, OLD)])
def test_after_a_replay_the_login_fits_what_was_answered(answer: Reply, password: str) -> None:
    """Whether a token outlives a refusal is not documented; that the answer is true of the password is."""
    wire, _, played = play("replay_after_refusal", EXPIRED, refused("PWD.0007"), answer, EXPIRED)
    assert passwords(wire.requests[-1:]) == [password]
    assert all(one.outcome.is_as_expected for one in played)
    assert len({head(request)["X-state-token"] for request in updates(wire)}) == 1


def test_a_later_replay_comes_with_the_right_password_after_a_pause_that_nobody_waits_for() -> None:
    """Only the token is wrong with it, and the pause is no part of its response time."""
    wire, _, played = play("replay_later", EXPIRED, SUCCESS, USED_UP)
    assert body(updates(wire)[1]) == {"old_password": NEW, "new_password": NEWER}
    assert played[2].intended_s == pytest.approx(played[1].exchange.done_s + 3.0)
    assert [one.outcome for one in played][-1] is Outcome.RIGHT_REJECT


def test_the_old_password_must_not_open_the_account_after_the_change() -> None:
    """It is tried before the new one; if it is let in, that is wrong."""
    wire, _, played = play("old_password_after_change", EXPIRED, SUCCESS, WRONG, SUCCESS)
    assert passwords(wire.requests[2:]) == [OLD, NEW]
    assert [one.step for one in played[2:]] == [Step.VERIFY] * 2
    assert all(one.outcome.is_as_expected for one in played)
    assert play("old_password_after_change", EXPIRED, SUCCESS, SUCCESS)[2][-1].outcome is Outcome.WRONG_ACCEPT


def test_a_password_that_was_refused_must_not_open_the_account() -> None:
    """It is tried before the current one, which still must."""
    wire, _, played = play("new_password_after_refusal", EXPIRED, WRONG, WRONG, EXPIRED)
    refused_password = body(updates(wire)[0])["new_password"]
    assert passwords(wire.requests[2:]) == [refused_password, OLD]
    assert refused_password == NEW
    assert all(one.outcome.is_as_expected for one in played)
    assert play("new_password_after_refusal", EXPIRED, WRONG, SUCCESS)[2][-1].outcome is Outcome.WRONG_ACCEPT


def test_nobody_is_another_in_each_flow_and_never_the_account() -> None:
    """So that no lock-out of a name that does not exist is met; what it is told is no word on the account."""
    names = set()
    for number in range(50):
        wire, _, played = play("login_unknown_user", WRONG, EXPIRED, number=number)
        nobody, right = (body(request) for request in wire.requests)
        names.add(nobody["user_name"])
        assert nobody["user_name"].startswith("nobody-")
        assert right == {"user_name": "ann.example", "password": OLD}
        assert [one.account.index for one in played] == [NO_ACCOUNT, ANN.index]
    assert len(names) == 50
    assert (
        play("login_unknown_user", WRONG, EXPIRED)[0].requests[0]
        != play("login_unknown_user", WRONG, EXPIRED, me=BOB)[0].requests[0]
    )


@pytest.mark.parametrize("answer", [WRONG, LOCKED, refused("USER.0001"), (200, {"status": "ACCESS_DENIED"}), SUCCESS])
def test_what_nobody_is_told_says_nothing_of_any_account(answer: Reply) -> None:
    """No account is taken out of use for it."""
    assert aftermath(play("login_unknown_user", answer, EXPIRED)[2][0]) is None


@pytest.mark.parametrize(("answer", "expected"), [(WRONG, None), (LOCKED, Aftermath.LOCKED), ("timeout", None)])
def test_a_wrong_password_says_nothing_of_its_account_but_that_it_is_locked(
    answer: Reply, expected: Aftermath | None
) -> None:
    """Being refused is what it was for."""
    assert aftermath(play("login_wrong_then_right", answer, EXPIRED)[2][0]) is expected


def test_a_session_is_turned_into_its_user() -> None:
    """As documented: the device that the session began on, and the access_token of the application's server."""
    change = (200, {"status": "SUCCESS", "session_token": "bts", "expire": 1})
    wire, _, played = play("session_opens_ticket", EXPIRED, change, TICKET, user_of_ticket("ann.example"))
    asked, redeemed = wire.requests[2:]
    assert asked.startswith(b"POST /api/v2/tenant/sso/session-token/sso-ticket HTTP/1.1\r\n")
    assert redeemed.startswith(b"POST /api/v2/tenant/sso/sso-ticket/verify HTTP/1.1\r\n")
    device = {
        "operating_sys_version": head(wire.requests[0])["X-operating-sys-version"],
        "device_ip": head(wire.requests[0])["X-device-ip"],
        "device_fingerprint": head(wire.requests[0])["X-device-fingerprint"],
        "agent": head(wire.requests[0])["X-agent"],
    }
    client_id = head(wire.requests[0])["X-client-id"]
    assert json.loads(asked.partition(b"\r\n\r\n")[2]) == {"session_token": "bts", **device, "client_id": client_id}
    assert json.loads(redeemed.partition(b"\r\n\r\n")[2]) == {"sso_ticket": "t", **device}
    assert {head(request)["Authorization"] for request in (asked, redeemed)} == {"Bearer access"}
    assert [one.step for one in played[2:]] == [Step.SSO_TICKET, Step.SSO_USER]
    assert all(one.outcome is Outcome.RIGHT_ACCEPT for one in played)


@pytest.mark.parametrize(
    ("answer", "outcome", "remark"),
    [
        (user_of_ticket("bob.example"), Outcome.WRONG_ACCEPT, "session:another"),
        ((200, {"data": {"user": {}}}), Outcome.CONTRACT_VIOLATION, "breach:data.user.userName=none"),
        ((200, {"data": []}), Outcome.CONTRACT_VIOLATION, "breach:data.user.userName=none"),
        (refused("PARAM.0017"), Outcome.WRONG_REJECT, ""),
        ((500, {}), Outcome.UNKNOWN, ""),
        ((503, {}), Outcome.SHED, ""),
        ("timeout", Outcome.UNKNOWN, ""),
    ],
)
def test_whose_session_it_is_decides(answer: Reply, outcome: Outcome, remark: str) -> None:
    """A session that belongs to somebody else is the worst that a change can hand out."""
    last = play("session_opens_ticket", EXPIRED, SUCCESS, TICKET, answer)[2][-1]
    assert (last.outcome, last.remark) == (outcome, remark)


def test_a_ticket_that_is_none_breaks_the_contract() -> None:
    """The remark names the field."""
    last = play("session_opens_ticket", EXPIRED, SUCCESS, (200, {"expire": 1}))[2][-1]
    assert (last.outcome, last.remark) == (Outcome.CONTRACT_VIOLATION, "breach:sso_ticket=none")


def test_an_access_token_that_the_target_does_not_know_is_not_used_again() -> None:
    """The next flow fetches another one."""
    wire, _, played = play("session_opens_ticket", EXPIRED, SUCCESS, (401, {"error_code": "X", "error_msg": "m"}))
    assert wire.forgotten == ["access"]
    assert played[-1].outcome is Outcome.WRONG_REJECT


def test_without_an_access_token_the_flow_ends_before_it_needs_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """The change itself is played, and nothing is sent without authority."""
    monkeypatch.setattr(FakeWire, "access_token", lambda _: "")
    wire, _, played = play("session_opens_ticket", EXPIRED, SUCCESS, TICKET)
    assert len(wire.requests) == len(played) == 2


@pytest.mark.parametrize("threshold", [1, 3, 10])
def test_the_lock_out_takes_as_many_wrong_passwords_as_lock_an_account(threshold: int) -> None:
    """The last may be answered with the lock itself; then the right password must be refused as locked."""
    case = adapted(CASES["lockout"], password_length_max=18, lockout_threshold=threshold)
    *wrong, right = case.steps
    assert len(wrong) == case.wrong_passwords == threshold
    assert isinstance(right, Login)
    assert right.password == "current"
    assert right.expect.label == "refuse:LOGIN.0001"


def test_the_budget_of_a_flow_is_what_a_lock_out_would_count() -> None:
    """The probes keep within two in a row; the lock-out does not, nor is it one of them."""
    budget = {case.name: case.wrong_passwords for case in CASES.values() if case.wrong_passwords}
    assert budget == {
        "wrong_old_password_then_right": 1,
        "old_password_after_change": 1,
        "new_password_after_refusal": 2,
        "login_wrong_then_right": 1,
        "lockout": 10,
    }
    assert "lockout" not in GROUPS["probe"]


@pytest.mark.parametrize(("is_standin", "times_max"), [(True, 16), (False, 5)])
def test_no_race_can_lock_an_account_out(is_standin: bool, times_max: int) -> None:
    """Its losers may count as wrong passwords, on a target of which nobody knows better."""
    threshold = scenario("[oracle]\nlockout_threshold = 5")
    (race,) = (step for step in _probe(threshold, "race_one_token", is_standin).steps if isinstance(step, Race))
    assert (race.times_min, race.times_max) == (2, times_max)


def test_a_scenario_may_say_what_its_target_does_with_a_second_token() -> None:
    """`[expect.CASE]` replaces the answer that the documentation leaves open."""
    text = "[expect.{}]\nhttp_status = [400]\nerror_code = ['PARAM.0014']"
    older = _probe(scenario(text.format("two_tokens_newer_first")), "two_tokens_newer_first", is_standin=False)
    race = _probe(scenario(text.format("race_one_token")), "race_one_token", is_standin=False)
    assert [type(step.expect) for step in older.steps if not isinstance(step, Login)][-1] is Refuse  # type: ignore[union-attr]
    assert [step.expect.label for step in race.steps if isinstance(step, Race)] == ["refuse:PARAM.0014"]


def test_what_may_change_a_password_uses_its_account_up() -> None:
    """Accounts are counted for races, and for tokens that may still serve."""
    used = {name for name in GROUPS["probe"] if uses_accounts_up(CASES[name])}
    assert used >= {"race_one_token", "race_two_tokens", "two_tokens_older_first", "replay_after_refusal"}
    assert used.isdisjoint({"new_password_after_refusal", "login_unknown_user", "login_wrong_then_right"})


def test_probes_are_played_on_top_of_the_mix_by_their_share_of_all_flows() -> None:
    """Two in a hundred on the stand-in, none elsewhere, and what the scenario says wins."""
    mix = "[mix]\nvalid_change = 3\nrace_one_token = 1\n"
    weights = scenario_weights(scenario(mix), is_standin=True)
    probes = sum(weights[name] for name in GROUPS["probe"]) - 1
    assert probes / sum(weights.values()) == pytest.approx(0.02)
    assert weights["valid_change"] == 3
    assert scenario_weights(scenario(mix), is_standin=False) == {"valid_change": 3, "race_one_token": 1}
    assert scenario_weights(scenario(f"{mix}[oracle]\nprobes = 0"), is_standin=True) == {
        "valid_change": 3,
        "race_one_token": 1,
    }
    stated = scenario_weights(scenario(f"{mix}[oracle]\nprobes = 0.2"), is_standin=False)
    assert (sum(stated.values()) - 4) / sum(stated.values()) == pytest.approx(0.2)


def test_either_answer_is_right_and_no_other() -> None:
    """A body that is neither is still judged."""
    _, _, played = play("replay_after_refusal", EXPIRED, refused("PWD.0007"), (200, {"status": "SUCCESS"}))
    assert isinstance(played[-1].expect, AcceptOrRefuse)
    assert played[-1].outcome is Outcome.CONTRACT_VIOLATION
    denied = play("replay_after_refusal", EXPIRED, refused("PWD.0007"), (200, {"status": "ACCESS_DENIED"}), EXPIRED)
    assert denied[2][2].outcome is Outcome.RIGHT_REJECT


def test_where_accounts_stay_warned_a_probe_expects_the_warning() -> None:
    """With the password in force by then; a wrong one stays refused."""
    steps = _probe(scenario("accounts.reuse = 'warn'"), "old_password_after_change", is_standin=True).steps
    assert [step.expect.label for step in steps if isinstance(step, Login)] == [
        *("accept:PASSWORD_WARN", "refuse:LOGIN.0002", "accept:PASSWORD_WARN")
    ]


def _probe(text: Scenario, name: str, is_standin: bool) -> Case:
    return adapted_cases(text, is_standin=is_standin)[name]
