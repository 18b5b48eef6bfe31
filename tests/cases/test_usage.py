"""What a scenario uses up: by its mix, by what becomes of an account, by how flows come."""

import pytest

from pwdload.cases.usage import needs_of_arrivals, needs_of_users
from pwdload.scenario import Scenario, parse_scenario

PIECES = [("steady", 0.0, 100.0, 10.0, 10.0)]
MIX = {"valid_change": 3.0, "valid_change_when_warned": 1.0}


def scenario(accounts: str = "", expect: str = "") -> Scenario:
    text = f"title = 'x'\n[accounts]\n{accounts}\n{expect}"
    return parse_scenario(text, case_names=["token_of_another_account"], group_names=[], file="x.toml")


def test_accounts_that_serve_once_are_needed_for_each_change() -> None:
    """By state, since an account that is about to expire is not one that has expired."""
    needs = needs_of_arrivals(scenario(), MIX, {"expired": 500, "warning": 300}, PIECES, is_standin=False)
    assert [f"{need.state}: {need}" for need in needs] == [
        "expired: needs 750, has 500: dry after 1 min 06 s",
        "warning: needs 250, has 300",
    ]


def test_accounts_that_stay_in_the_warning_window_are_not_used_up() -> None:
    """Each login hands out a state_token, so that the same accounts go round."""
    assert needs_of_arrivals(scenario('reuse = "warn"'), MIX, {}, PIECES, is_standin=False) == ()
    assert needs_of_users(scenario('reuse = "warn"'), MIX, {}, 1e6, is_standin=False) == ()


def test_what_is_put_back_counts_for_expired_accounts_only() -> None:
    """A re-armed account asks for a change at its next login; one with a warning does not come back."""
    rearming = scenario('reuse = "rearm"\nrearm_rate = "5/s"')
    expired, warning = needs_of_arrivals(rearming, MIX, {"expired": 500, "warning": 300}, PIECES, is_standin=False)
    assert (expired.needed, warning.needed) == (250, 250)


def test_a_case_that_this_target_accepts_uses_both_its_accounts_up() -> None:
    """What the scenario expects decides, not what the catalogue would."""
    mix, stock = {"token_of_another_account": 1.0}, {"expired": 10_000}
    assert needs_of_arrivals(scenario(), mix, stock, PIECES, is_standin=False) == ()
    lax = scenario(expect="[expect.token_of_another_account]\nhttp_status = [200]")
    (need,) = needs_of_arrivals(lax, mix, stock, PIECES, is_standin=False)
    assert need.needed == 2_000


@pytest.mark.parametrize("flows", [0.5, 400.0])
def test_a_closed_model_needs_at_most_one_account_a_flow(flows: float) -> None:
    """The bound is rounded up."""
    (need,) = needs_of_users(scenario(), {"valid_change": 1.0}, {"expired": 10}, flows, is_standin=False)
    assert (need.needed, need.is_bound) == (-int(-flows // 1), True)
