"""The load of a search as far as it is announced: it grows while the run goes on, and nothing of it is taken back."""

from collections.abc import Sequence
from typing import Final, NamedTuple

from pwdload.rundir import ArrivalPlan, RateRecord, StageRecord
from pwdload.scenario import Scenario

SETTLING: Final = "search settling"
"""Name of the stages between two levels."""
AHEAD_S: Final = 2.5
"""The load is known so long ahead, in all processes: longer than a change of turns is announced, and than a message
takes."""
PIECE_S: Final = 1.0
"""It is announced in pieces of this length: so much later a level can be broken off."""


class Course(NamedTuple):
    """The load as far as it is announced."""

    arrivals: ArrivalPlan
    stages: tuple[StageRecord, ...]


def settling_rate(scenario: Scenario) -> float:
    """Return at which rate the load goes on between two levels: a quarter of the lowest one."""
    return scenario.search.from_per_s / 4 if scenario.search is not None else 0.0


def first_pieces(scenario: Scenario, stages: Sequence[RateRecord]) -> tuple[RateRecord, ...]:
    """Return the load of which all processes know from the start: the stages, and a first piece of settling."""
    start_s, low_per_s = (stages[-1].end_s if stages else 0.0), settling_rate(scenario)
    return (*stages, RateRecord(SETTLING, start_s, start_s + AHEAD_S + PIECE_S, low_per_s, low_per_s))


def first_stages(played: Sequence[StageRecord], arrivals: ArrivalPlan) -> tuple[StageRecord, ...]:
    """Return the stages of which a run of a search knows from the start."""
    first = arrivals.pieces[-1]
    settling = StageRecord(
        name=SETTLING, start_s=first.start_s, end_s=first.end_s, users=arrivals.slots, measured=False
    )
    return (*played, settling)
