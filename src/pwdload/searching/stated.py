"""From the scenario's table [search] to what a search is told, and to the most that it can take."""

from collections.abc import Iterator

from pwdload.scenario import Scenario
from pwdload.scenario.search import Search
from pwdload.searching.values import Settings

Piece = tuple[str, float, float, float, float]
"""Stage, start_s, end_s, from_per_s and to_per_s of a piece of the plan of arrivals."""


def settings_of(search: Search, *, start_s: float = 0.0, budget_s: float | None = None) -> Settings:
    """Return what a search is told; it begins at a time of the run's clock, and a shorter budget may be given."""
    return Settings(
        from_per_s=search.from_per_s,
        to_per_s=search.to_per_s,
        resolution=search.resolution,
        settle_s=search.settling_s,
        hold_s=search.hold_s,
        repeats=search.repeats,
        beyond=search.beyond,
        budget_s=min(search.budget_s, budget_s) if budget_s is not None else search.budget_s,
        start_s=start_s,
    )


def most_pieces(settings: Settings) -> Iterator[Piece]:
    """Yield the rates of a search that takes more arrivals than any other: it goes straight up, and stays there.

    A bound, which a target that is reached earlier stays far below.
    """
    at_s, rate_per_s = settings.start_s, settings.from_per_s
    end_s = settings.start_s + settings.budget_s
    while rate_per_s < settings.to_per_s * (1 - 1e-9) and at_s + settings.level_s < end_s:
        yield "search", at_s, at_s + settings.level_s, rate_per_s, rate_per_s
        at_s, rate_per_s = at_s + settings.level_s, rate_per_s * settings.growth
    if at_s < end_s:
        yield "search", at_s, end_s, settings.to_per_s, settings.to_per_s


def planned_at_most(scenario: Scenario, budget_s: float | None = None) -> tuple[Piece, ...]:
    """Return the rates of a scenario's stages, and of its search the most that it can come to."""
    stages = tuple(scenario.load.rates)
    if scenario.search is None:
        return stages
    start_s = stages[-1].end_s if stages else 0.0
    return (*stages, *most_pieces(settings_of(scenario.search, start_s=start_s, budget_s=budget_s)))


def peak_per_s(settings: Settings) -> float:
    """Return the highest rate that a search may ask for: a step past a capacity that is the highest to be tried."""
    return settings.to_per_s * settings.beyond
