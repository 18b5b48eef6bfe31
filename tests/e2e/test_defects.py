"""The catalogue against a stand-in that is broken on purpose: what is let through wrongly is found by its case."""

from collections.abc import Iterator

import pytest
from tests.e2e.test_cases import BOOK, SOURCE, TOKEN_LIFE_S, Target, Wire, play, tenant_client
from tests.processes import standin

from pwdload.api.http import Address
from pwdload.outcome import Outcome

pytestmark = pytest.mark.e2e

FINDS = {
    "passwords": {
        "policy_length_unchecked": ("new_password_too_short", "new_password_too_long"),
        "policy_complexity_unchecked": ("new_password_too_simple",),
        "policy_user_name_unchecked": ("new_password_with_user_name",),
        "policy_repeats_unchecked": ("new_password_repeating",),
        "policy_weak_unchecked": ("new_password_weak",),
        "policy_blank_unchecked": ("new_password_blank",),
        "history_unchecked": ("new_password_same_as_old", "new_password_from_history"),
        "old_password_unchecked": ("wrong_old_password_then_right",),
    },
    "tokens": {
        "token_reusable": ("token_replayed",),
        "token_of_another_account": ("token_of_another_account",),
        "token_of_another_device": ("token_of_another_device",),
        "token_expired_accepted": ("token_expired",),
        "token_unsigned": ("token_forged", "token_altered"),
    },
}
PLAYED = [(kind, case) for kind, defects in FINDS.items() for cases in defects.values() for case in cases]


@pytest.fixture(scope="module")
def broken(request: pytest.FixtureRequest) -> Iterator[Target]:
    """Give a stand-in with all defects of one kind: none of them helps another case to pass."""
    settings = ("hash_algorithm=sha256", f"state_token_life_s={TOKEN_LIFE_S}")
    arguments = [word for setting in settings for word in ("--set", setting)]
    arguments += [word for defect in FINDS[request.param] for word in ("--defect", defect)]
    with standin(*arguments, seed_csv="".join(SOURCE.seed_csv(BOOK))) as url:
        address = Address.parse(url)
        wire = Wire(address)
        with tenant_client(url, None) as tenant:
            yield Target(url, address, wire, "default", tenant)
        wire.close()


@pytest.mark.parametrize(("broken", "case"), PLAYED, indirect=["broken"], scope="module")
def test_a_defect_is_found_by_its_case(broken: Target, case: str) -> None:
    """The case ends with a wrong acceptance, and whatever came before it was right."""
    *before, last = play(broken, case)
    assert all(one.outcome.is_as_expected for one in before)
    assert last.outcome is Outcome.WRONG_ACCEPT, f"{last.outcome} {last.answer}"
