"""Named defects of the target are found by the checks that must find them; `make trackrecord` plays them all."""

from pathlib import Path

import pytest
from tests.trackrecord.running import play
from tests.trackrecord.trials import TRIALS

from pwdload.outcome import Verdict
from pwdload.standin.defects.registry import DEFECTS

pytestmark = pytest.mark.e2e


def test_every_defect_has_a_trial() -> None:
    """None is left out of the track record."""
    assert set(TRIALS) == set(DEFECTS)


@pytest.mark.parametrize("name", ["token_race", pytest.param("old_password_still_valid", marks=pytest.mark.slow)])
def test_a_defect_is_found(tmp_path: Path, name: str) -> None:
    """By each check that must find it, and the run says so by its exit code, whatever else it measured."""
    trial = TRIALS[name]
    found = play(trial, tmp_path)
    assert not found.missed(trial), found.err
    assert found.exit_code == Verdict.CORRECTNESS_FAILED.exit_code
