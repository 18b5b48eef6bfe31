"""What the hundred clean runs are drawn from."""

from tests.trackrecord.clean import RUNS
from tests.trackrecord.draws import drawn

from pwdload.cases.catalogue import CASES
from pwdload.scenario import parse_scenario

ALL = [drawn(number) for number in range(1, RUNS + 1)]


def test_a_run_is_a_function_of_its_number() -> None:
    """So that one which raises an alarm can be played again."""
    assert [drawn(run.number) for run in ALL] == ALL
    assert len({run.scenario for run in ALL}) == RUNS


def test_together_they_have_everything() -> None:
    """Every scenario is sound, each case is drawn, and so is everything that may confuse a judge."""
    played = {case for run in ALL for case in parse_scenario(run.scenario).mix or ()}
    assert played == CASES.keys() - {"tenant_id_missing", "tenant_id_blank"}
    traits = {trait for run in ALL for trait in run.traits}
    assert traits >= {
        *("open, even", "open, poisson", "closed", "reuse once", "reuse warn", "reuse rearm", "two processes"),
        *("connections per flow", "slow target", "overloaded target", "answers later than the time-out", "lock-outs"),
    }
