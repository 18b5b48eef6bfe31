"""Clients that try again: when, how often, how long they wait, and what a change has come to after all tries."""

from dataclasses import replace

import pytest
from tests.cases.test_play import ANN, BOB, BOOK, EXPIRED, SUCCESS, FakeWire, Reply, party, refused

from pwdload.accounts.account import PasswordRef
from pwdload.accounts.entry import Event
from pwdload.api.contract import Step
from pwdload.api.http import Exchange
from pwdload.api.http.answer import Aside
from pwdload.cases.catalogue import CASES
from pwdload.cases.expectation import accept
from pwdload.cases.play import Flow, Settings
from pwdload.cases.played import Played
from pwdload.cases.retrying import Retries, chance_of, seconds_of
from pwdload.outcome import Outcome

RETRIES = Retries(
    attempts=3, backoff_s=1.0, backoff_s_max=3.0, jitter="none", doubtful="same_token", retry_after="honoured"
)
BUSY: Reply = (503, {})
LIMITED: Reply = (429, {})
NEW = PasswordRef(2)


def play(case: str, *answers: Reply, retries: Retries = RETRIES) -> tuple[FakeWire, list[Played]]:
    """Play a case by a client that tries again."""
    wire = FakeWire(list(answers))
    settings = Settings(book=BOOK, changes=wire, state_token_life_s=300.0, seed=1, tenant=wire, retries=retries)
    flow = Flow(CASES[case], me=party(ANN), other=party(BOB), wire=wire, settings=settings, intended_s=9.5)
    return wire, list(flow)


def told(played: list[Played]) -> list[tuple[str, int, Outcome]]:
    """Return step, try and outcome of each exchange."""
    return [(one.step, one.attempt, one.outcome) for one in played]


def test_without_retries_the_first_failure_ends_the_flow() -> None:
    """A client of which nothing is said does not come back."""
    wire = FakeWire([BUSY, EXPIRED])
    settings = Settings(book=BOOK, changes=wire, state_token_life_s=300.0)
    flow = Flow(CASES["valid_change"], me=party(ANN), other=party(BOB), wire=wire, settings=settings, intended_s=9.5)
    assert [one.outcome for one in flow] == [Outcome.SHED]


def test_a_client_comes_back_with_growing_waits() -> None:
    """Waits double up to their limit, and a try is due when its wait is over: the wait is no response time of it."""
    wire, played = play("valid_change", LIMITED, LIMITED, EXPIRED, SUCCESS)
    assert told(played)[:3] == [
        (Step.LOGIN, 1, Outcome.SHED),
        (Step.LOGIN, 2, Outcome.SHED),
        (Step.LOGIN, 3, Outcome.RIGHT_ACCEPT),
    ]
    assert [one.intended_s for one in played[:3]] == pytest.approx([9.5, 11.1, 13.2])
    assert wire.at_s == pytest.approx(10.0 + 4 * 0.1 + 1.0 + 2.0)


def test_a_client_gives_up_after_its_last_try() -> None:
    """As many tries as were allowed, then the flow ends."""
    _, played = play("valid_change", *[LIMITED] * 3)
    assert [one.attempt for one in played] == [1, 2, 3]


def test_a_change_without_answer_is_tried_again_with_the_same_token() -> None:
    """Acknowledged at the second try: the first can never be applied any more, and the ledger hears of one change."""
    wire, played = play("valid_change", EXPIRED, "timeout", SUCCESS)
    assert told(played)[1:] == [
        (Step.UPDATE_PASSWORD, 1, Outcome.UNKNOWN),
        (Step.UPDATE_PASSWORD, 2, Outcome.RIGHT_ACCEPT),
    ]
    assert wire.requests[1] == wire.requests[2]
    assert played[1].token == played[2].token
    assert [(event, new) for _, _, new, event in wire.kept] == [(Event.INTENT, NEW), (Event.APPLIED, NEW)]


def test_a_change_that_had_been_applied_is_refused_the_second_time_and_stays_in_doubt() -> None:
    """The token has served, so that the refusal is right; which password is in force a login must settle."""
    wire, played = play("valid_change", EXPIRED, "timeout", refused("PARAM.0014"))
    assert told(played)[2] == (Step.UPDATE_PASSWORD, 2, Outcome.RIGHT_REJECT)
    assert played[2].expect.label.startswith("accept_or_refuse:")
    assert wire.kept[-1][3] is Event.UNKNOWN
    assert len(played) == 3


def test_a_refusal_after_a_try_that_was_turned_away_is_as_wrong_as_at_first() -> None:
    """Nothing can have been applied by a request that was shed, so the valid change had to be accepted."""
    wire, played = play("valid_change", EXPIRED, LIMITED, refused("PARAM.0014"))
    assert told(played)[2] == (Step.UPDATE_PASSWORD, 2, Outcome.WRONG_REJECT)
    assert wire.kept[-1][3] is Event.REFUSED


def test_a_doubtful_change_is_left_alone_where_the_scenario_says_so() -> None:
    """Some clients never send a change twice; logins they do."""
    careful = replace(RETRIES, doubtful="never")
    wire, played = play("valid_change", "timeout", EXPIRED, "timeout", retries=careful)
    assert [(one.step, one.attempt) for one in played] == [
        (Step.LOGIN, 1),
        (Step.LOGIN, 2),
        (Step.UPDATE_PASSWORD, 1),
    ]
    assert wire.kept[-1][3] is Event.UNKNOWN


def test_what_is_there_to_be_refused_is_never_tried_again() -> None:
    """A wrong password sent twice would count twice towards the lock-out."""
    _, played = play("login_wrong_then_right", LIMITED)
    assert len(played) == 1


def test_the_wait_that_the_target_asks_for_is_waited_if_that_is_honoured() -> None:
    """Where both ask for a wait, it is the longer one; a client that ignores the target takes its own."""
    exchange = Exchange(started_s=0.0, sent_s=0.0, http_status=429, aside=Aside("7", not_forwarded=False))
    played = Played(Step.LOGIN, accept("SUCCESS"), exchange, None, Outcome.SHED, 0.0, ANN)
    assert RETRIES.wait_s(played, 0.5) == 7.0
    assert replace(RETRIES, retry_after="ignored").wait_s(played, 0.5) == 1.0
    assert replace(RETRIES, jitter="full", retry_after="ignored").wait_s(played, 0.25) == 0.25


@pytest.mark.parametrize(("header", "wait_s"), [("3", 3.0), ("", 0.0), ("soon", 0.0), ("-1", 0.0), ("٣", 0.0)])
def test_a_retry_after_is_a_number_of_seconds_or_nothing(header: str, wait_s: float) -> None:
    """A date, or rubbish, asks for nothing."""
    assert seconds_of(header) == wait_s


def test_chances_are_even_and_repeatable() -> None:
    """The same try of the same flow waits as long again; all together they cover the whole wait."""
    drawn = [chance_of(1, flow, 0, 1) for flow in range(1_000)]
    assert drawn == [chance_of(1, flow, 0, 1) for flow in range(1_000)]
    assert 0.47 < sum(drawn) / len(drawn) < 0.53
    assert max(drawn) < 1.0


def test_an_answer_that_the_fault_proxy_has_made_changed_nothing() -> None:
    """The target never saw the request: even a server error leaves no doubt."""
    exchange = Exchange(started_s=0.0, sent_s=0.0, http_status=500, aside=Aside("", not_forwarded=True))
    assert not Played(
        Step.UPDATE_PASSWORD, accept("SUCCESS"), exchange, None, Outcome.UNKNOWN, 0.0, ANN
    ).may_have_changed_password
