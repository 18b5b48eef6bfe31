"""The catalogue as a whole."""

from pathlib import Path

import pytest

from pwdload.cases.catalogue import CASES, DEFAULT_MIX, GROUPS, adapted, case_weights, expected_by_scenario
from pwdload.cases.expectation import Accept, Refuse
from pwdload.cases.steps import Case, Login, Update, Wait
from pwdload.errors import UsageError


def ordinary() -> list[Case]:
    """Return the cases that are played for their own sake, not to see what they come to together."""
    return [case for case in CASES.values() if case.group not in ("probe", "lock")]


def test_every_flow_begins_with_a_login_and_ends_with_a_request() -> None:
    """A case needs a state_token, or at least a login that would have given one."""
    for case in CASES.values():
        assert isinstance(case.steps[0], Login)
        assert not isinstance(case.steps[-1], Wait)


def test_only_the_last_step_may_be_refused_or_the_flow_goes_on_as_a_person_would() -> None:
    """A refusal in mid-flow is followed by the right request, so that it is seen to leave no trace."""
    for case in ordinary():
        for before, after in zip(case.steps, case.steps[1:], strict=False):
            if isinstance(before, Update) and isinstance(before.expect, Refuse):
                assert isinstance(after, Update)
                assert isinstance(after.expect, Accept)


def test_names_of_cases_and_groups_do_not_clash() -> None:
    """A name in a mix means one thing."""
    assert not set(CASES) & set(GROUPS)
    assert sorted(name for names in GROUPS.values() for name in names) == sorted(CASES)


def test_the_default_mix_plays_every_case() -> None:
    """A run without a scenario leaves no mistake out that any application can make."""
    weights = case_weights(DEFAULT_MIX)
    assert set(weights) == {case.name for case in ordinary() if not case.needs_tenant}
    assert min(weights.values()) > 0
    assert sum(weights.values()) == pytest.approx(sum(DEFAULT_MIX.values()))


def test_a_group_shares_its_weight_and_adds_to_a_case_named_beside_it() -> None:
    """`change = 8, valid_change = 1` is what a reader would think it is."""
    weights = case_weights({"change": 8, "valid_change": 1})
    assert weights == {name: 2.0 + (name == "valid_change") for name in GROUPS["change"]}


def test_an_unknown_name_in_a_mix_is_told() -> None:
    """A mistyped case does not silently vanish from the load."""
    with pytest.raises(UsageError, match="neither a case nor a group"):
        case_weights({"valid_chnage": 1})


def test_the_50_character_password_follows_the_policy() -> None:
    """It is refused under the default policy and accepted where the policy allows 50 characters."""
    case = CASES["password_of_50_characters"]
    assert isinstance(_last(adapted(case, password_length_max=18)), Refuse)
    assert isinstance(_last(adapted(case, password_length_max=50)), Accept)


def test_of_our_own_stand_in_the_answers_are_known_exactly() -> None:
    """Its every refusal must carry the very code, and an expired account must not pass for one that is warned."""
    for case in CASES.values():
        for step in adapted(case, password_length_max=18, is_standin=True).steps:
            if isinstance(step, Update) and isinstance(step.expect, Refuse):
                assert step.expect.certain
            if isinstance(step, Login) and isinstance(step.expect, Refuse):
                assert step.expect.certain
            elif isinstance(step, Login) and not step.verify:
                assert step.expect.label in ("accept:PASSWORD_EXPIRED", "accept:PASSWORD_WARN")
                assert (step.expect.label == "accept:PASSWORD_WARN") == (case.needs == "warning")


def test_the_readme_counts_the_cases_right() -> None:
    """The number of cases that README and changelog name is that of the catalogue."""
    root = Path(__file__).parents[2]
    for name in ("README.md", "CHANGELOG.md"):
        assert f"{len(CASES)} cases" in (root / name).read_text("utf-8")


def test_the_scenario_has_the_last_word_on_what_a_target_answers() -> None:
    """`[expect.CASE]` replaces the guess about the refusal that the case is about, and is then held strictly."""
    override = expected_by_scenario([400], ["PWD.0009"])
    login, mistyped, right = adapted(
        CASES["wrong_old_password_then_right"], password_length_max=18, override=override
    ).steps
    assert isinstance(mistyped, Update)
    assert mistyped.expect == Refuse(codes=frozenset({"PWD.0009"}), certain=True)
    assert (login, right) == (CASES["wrong_old_password_then_right"].steps[0], CASES["valid_change"].steps[1])
    assert expected_by_scenario([200], []) == Accept(statuses=frozenset({"SUCCESS"}))


def _last(case: Case) -> object:
    last = case.steps[-1]
    assert not isinstance(last, Wait)
    return last.expect
