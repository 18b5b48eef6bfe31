"""Need against stock: the arithmetic, and the moment when a stock runs dry."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pwdload.accounts.need import Need, bounded_needs, open_needs
from pwdload.cases.catalogue import CASES
from pwdload.cases.usage import used_up_per_flow, uses_accounts_up
from pwdload.pacing import RatePlan


def steady(rate_per_s: float, for_s: float) -> RatePlan:
    return RatePlan.of([("steady", 0.0, for_s, rate_per_s, rate_per_s)])


def only(needs: tuple[Need, ...]) -> Need:
    (need,) = needs
    return need


def test_a_short_stock_is_told_with_need_stock_and_moment() -> None:
    """The sentence says what is needed, what is there, and when it ends."""
    need = only(open_needs(steady(13.774_104_683, 900.234_5), {"expired": 1.0}, {"expired": 5_000}))
    assert str(need) == "needs 12,400, has 5,000: dry after 6 min 03 s"
    assert need.is_short


def test_only_the_share_of_the_mix_that_uses_accounts_up_counts() -> None:
    """A quarter of the flows changes a password: a quarter of the arrivals is needed."""
    need = only(open_needs(steady(10, 100), {"expired": 0.25, "warning": 0.0}, {"expired": 400}))
    assert str(need) == "needs 250, has 400"
    assert not need.is_tight


def test_a_stock_that_chance_may_use_up_is_called_tight() -> None:
    """Poisson arrivals bring a few more or fewer than expected."""
    need = only(open_needs(steady(10, 100), {"expired": 1.0}, {"expired": 1_050}))
    assert str(need) == "needs 1,000, has 1,050: tight, chance may want more"


def test_a_ramp_runs_dry_where_its_integral_reaches_the_stock() -> None:
    """From 0/s to 10/s within 10 s: half of t squared is used up at t."""
    need = only(open_needs(RatePlan.of([("ramp", 0.0, 10.0, 0.0, 10.0)]), {"expired": 1.0}, {"expired": 18}))
    assert need.dry_s == pytest.approx(6.0)
    assert need.needed == 50


def test_rearming_gives_back_what_was_used_up_and_no_more() -> None:
    """A peak is bridged by the stock, a pause fills it up again, but not above what it was."""
    plan = RatePlan.of(
        [("calm", 0.0, 100.0, 1.0, 1.0), ("peak", 100.0, 110.0, 20.0, 20.0), ("calm", 110.0, 400.0, 1, 1)]
    )
    stock, back = {"expired": 150}, {"expired": 5.0}
    need = only(open_needs(plan, {"expired": 1.0}, stock, back))
    assert (need.needed, need.is_short) == (150, False)
    short = only(open_needs(plan, {"expired": 1.0}, {"expired": 75}, back))
    assert short.dry_s == pytest.approx(105.0)
    assert short.needed == 150


@given(
    st.lists(st.tuples(st.integers(1, 20), st.integers(0, 30), st.integers(0, 30)), min_size=1, max_size=6),
    st.integers(0, 500),
    st.floats(0, 20),
    st.sampled_from([0.1, 0.5, 1.0, 2.0]),
)
def test_the_arithmetic_is_that_of_a_stock_played_in_small_steps(
    parts: list[tuple[int, int, int]], stock: int, returned_per_s: float, use: float
) -> None:
    """Whatever the rates: closed form and step by step agree on need and moment."""
    pieces, at_s = [], 0.0
    for for_s, begin, end in parts:
        pieces.append(("s", at_s, at_s + for_s, float(begin), float(end)))
        at_s += for_s
    plan = RatePlan.of(pieces)
    need = only(open_needs(plan, {"expired": use}, {"expired": stock}, {"expired": returned_per_s}))
    step_s, missing, peak, dry_s = 0.005, 0.0, 0.0, None
    for tick in range(round(at_s / step_s)):
        missing = max(0.0, missing + (use * plan.rate_at((tick + 0.5) * step_s) - returned_per_s) * step_s)
        peak = max(peak, missing)
        if dry_s is None and missing > stock:
            dry_s = (tick + 1) * step_s
    slack = 0.5  # of a rate of 60/s, one step is 0.3
    assert peak - slack <= need.needed <= peak + 1 + slack
    if dry_s is not None and need.dry_s is not None:
        reached = need.dry_s <= dry_s + 0.01
        assert reached
    elif peak > stock + slack + 1 or peak < stock - slack - 1:
        assert need.is_short == (dry_s is not None)


def test_without_rearming_the_moment_is_the_inverse_of_what_was_expected() -> None:
    """Need and moment come from the same plan that the arrivals come from."""
    plan = RatePlan.of([("a", 0.0, 30.0, 20.0, 200.0), ("b", 30.0, 60.0, 200.0, 50.0)])
    need = only(open_needs(plan, {"expired": 0.5}, {"expired": 1_000}))
    assert need.dry_s == pytest.approx(plan.time_of(2_000))
    assert need.needed == plan.expected_total / 2


def test_no_stock_at_all_is_dry_at_once() -> None:
    """A state that nobody has accounts of is needed from the first flow on."""
    assert str(only(open_needs(steady(10, 10), {"warning": 1.0}, {}))) == "needs 100, has 0: dry after 0 s"


def test_a_closed_model_gives_a_bound_that_refuses_nothing() -> None:
    """How many flows users come to depends on the target, so that only 'at most' can be said."""
    need = only(bounded_needs(5_100.0, {"expired": 0.9}, {"expired": 1_000}))
    assert str(need) == "needs at most about 4,590, has 1,000"
    assert not need.is_short


def test_which_cases_use_accounts_up_follows_from_the_catalogue() -> None:
    """A change that must be accepted uses its account up; a refused one leaves it as it was."""
    using = {name for name, case in CASES.items() if uses_accounts_up(case)}
    assert {
        "valid_change",
        "valid_change_when_warned",
        "change_then_login",
        "token_replayed",
        "unicode_password",
    } < using
    assert not {"login_only", "skip_when_warned", "token_forged", "token_of_another_account", "wrong_method"} & using


def test_use_per_flow_is_by_state_and_counts_each_account_of_a_case() -> None:
    """Shares of the mix become accounts per flow."""
    weights = {"valid_change": 60.0, "valid_change_when_warned": 20.0, "token_forged": 20.0}
    assert used_up_per_flow(weights, CASES) == pytest.approx({"expired": 0.6, "warning": 0.2})
