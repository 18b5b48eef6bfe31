"""A plan of arrivals that grows while it is played: what was announced stays as it is, to the last bit."""

import random
from itertools import islice

import pytest

from pwdload.errors import UsageError
from pwdload.pacing import RatePiece, RatePlan, Schedule, Turns
from pwdload.pacing.schedule import Arrivals


def pieces_of(seed: int, count: int) -> list[RatePiece]:
    """Return pieces as a search announces them: short ones, of rates that jump, some of them ramps or 0."""
    chance = random.Random(seed)
    pieces: list[RatePiece] = []
    at_s = 0.0
    for place in range(count):
        end_s = at_s + chance.choice([1.0, 0.25, chance.uniform(0.01, 3.0)])
        rate = chance.choice([0.0, 5.0, chance.uniform(0.1, 200.0)])
        pieces.append((f"stage {place // 3}", at_s, end_s, rate, chance.choice([rate, rate * 2])))
        at_s = end_s
    return pieces


@pytest.mark.parametrize("arrivals", ["even", "poisson"])
@pytest.mark.parametrize("seed", range(8))
def test_what_is_added_changes_nothing_of_what_came_before(arrivals: Arrivals, seed: int) -> None:
    """Numbers, times and stages of arrivals that were announced are the same in every longer plan."""
    pieces = pieces_of(seed, 12)
    whole = list(Schedule(plan=RatePlan.of(pieces), arrivals=arrivals, seed=seed))
    plan = RatePlan.of(pieces[:1])
    for known in range(1, len(pieces) + 1):
        plan = plan.extended_to(pieces[:known])
        begun = list(Schedule(plan=plan, arrivals=arrivals, seed=seed))
        assert begun == whole[: len(begun)]
        assert len(whole) == len(begun) or whole[len(begun)].due_s >= plan.end_s


@pytest.mark.parametrize("arrivals", ["even", "poisson"])
def test_whoever_goes_on_from_a_number_goes_on_where_it_was(arrivals: Arrivals) -> None:
    """A process that has handed out some arrivals takes up a longer plan without losing or repeating one."""
    pieces = pieces_of(3, 12)
    whole = [one.number for one in Schedule(plan=RatePlan.of(pieces), arrivals=arrivals, seed=3)]
    plan, played = RatePlan.of(pieces[:1]), list[int]()
    for known in range(1, len(pieces) + 1):
        plan = plan.extended_to(pieces[:known])
        following = Schedule(plan=plan, arrivals=arrivals, seed=3).from_number(len(played))
        # Some are played before the plan grows again, all that are known at its end.
        played += [one.number for one in islice(following, None if known == len(pieces) else 7)]
    assert played == whole


def test_a_plan_that_begins_in_another_way_is_refused() -> None:
    """What was announced cannot be taken back."""
    plan = RatePlan.of([("a", 0.0, 1.0, 5.0, 5.0)])
    with pytest.raises(UsageError, match="begins in another way"):
        plan.extended_to([("a", 0.0, 1.0, 6.0, 6.0), ("a", 1.0, 2.0, 5.0, 5.0)])


def test_a_worker_that_leaves_while_nothing_is_announced_loses_its_turns_as_soon_as_something_is() -> None:
    """A change of workers that finds no arrival ahead is made up for when the load goes on."""
    pieces: list[RatePiece] = [("a", 0.0, 2.0, 10.0, 10.0)]
    turns = Turns(Schedule(plan=RatePlan.of(pieces), arrivals="even", seed=1))
    turns.share_among(["w1", "w2"], 0.0)
    assert not turns.share_among(["w1"], 1.5)
    turns.extend(Schedule(plan=RatePlan.of([*pieces, ("b", 2.0, 4.0, 10.0, 10.0)]), arrivals="even", seed=1))
    assert turns.share_among(["w1"], 1.5)
    assert turns.sharing is not None
    assert turns.sharing.members(39) == {"w1"}
