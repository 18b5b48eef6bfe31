"""How many requests a second a scenario plans, against how many a target may be sent at most."""

from collections.abc import Callable, Iterable, Mapping
from math import inf, sqrt
from typing import Final, Self

from pwdload.api.http import Address, is_loopback
from pwdload.cases.catalogue import CASES
from pwdload.cases.usage import Piece
from pwdload.health import HealthRow
from pwdload.scenario import Scenario
from pwdload.units import format_rate

RATE_MAX_DEFAULT_PER_S: Final = 1_000.0
"""Ceiling at a target that is not on loopback and where the scenario states none: twice what an identity service of
thirty cores can hash, and a twentieth of what one process of ours can send by mistake."""
SUSTAINED_S: Final = 3.0
"""For how long the rate must be above the ceiling: answers that a target has held back come all at once."""
_FORGOTTEN_S: Final = 5.0
"""After this time without a word a process counts no more."""


def rate_max_per_s(scenario: Scenario, target: str) -> float | None:
    """Return how many requests a second a target may be sent, on average over a second or more; null: as many as come.

    `target` is its base URL.
    """
    stated = scenario.target.rate_max_per_s
    if stated is not None or is_loopback(Address.parse(target).host):
        return stated
    return RATE_MAX_DEFAULT_PER_S


def peak_of_arrivals(pieces: Iterable[Piece]) -> float:
    """Return the highest planned rate of flows per second; 0 without any."""
    return max((max(from_per_s, to_per_s) for *_, from_per_s, to_per_s in pieces), default=0.0)


def peak_of_users(scenario: Scenario, users: int | None) -> float | None:
    """Return how many flows a second so many users begin at most, if nothing but thinking takes time.

    Null where they do not think, or nobody knows how many there will be: then only the run itself shows the rate.
    """
    think = scenario.load.think_time
    mean_s = (think.min_s + think.max_s) / 2
    return users / mean_s if users and mean_s else None


def rate_refusal(scenario: Scenario, weights: Mapping[str, float], flows_per_s: float | None, target: str) -> str:
    """Return why a plan is faster than the target may be put under load; empty where it is not, or nobody can say.

    Args:
        scenario: may state the ceiling.
        weights: of every case that is played.
        flows_per_s: highest planned rate; null where nobody knows.
        target: base URL.
    """
    ceiling = rate_max_per_s(scenario, target)
    if ceiling is None or flows_per_s is None:
        return ""
    planned = planned_requests_per_s(weights, flows_per_s)
    if planned <= ceiling:
        return ""
    stated = scenario.target.rate_max_per_s is not None
    whose = "[target] rate_max" if stated else "the ceiling where [target] rate_max states none"
    return (
        f"{format_rate(planned)} requests are planned at the peak, and {format_rate(ceiling)} is {whose}: lower the "
        f'load, or state [target] rate_max = "{format_whole_rate(planned)}" if the owner of {target} agrees'
    )


def planned_requests_per_s(weights: Mapping[str, float], flows_per_s: float) -> float:
    """Return how many requests so many flows of a mix make, on average, when all goes well."""
    total = sum(weights.values())
    requests = sum(weight * CASES[name].requests_mean for name, weight in weights.items() if name in CASES)
    return flows_per_s * requests / total if total else 0.0


def format_whole_rate(per_s: float) -> str:
    """Return a rate as a scenario states it, rounded up: "1300/s"."""
    return f"{-int(-per_s // 1)}/s"


class Ceiling:
    """Ends a run whose users turn out faster than the target may be put under load.

    For the closed model, where nobody plans the rate: how fast users come round is up to their target. The processes'
    rates are added up, second by second.
    """

    def __init__(self, rate_max_per_s: float = inf, end_run: Callable[[str], object] = lambda _: None) -> None:
        self._rate_max_per_s = rate_max_per_s
        self._limit_per_s = rate_max_per_s + 4.0 * sqrt(rate_max_per_s)  # what chance adds to a mean of so many
        self._end_run = end_run
        self._last: dict[str, HealthRow] = {}
        self._rates: dict[str, float] = {}
        self._over_since_s: float | None = None

    @classmethod
    def begin(cls, scenario: Scenario, target: str, end_run: Callable[[str], object]) -> Self:
        """Watch a run; one with open arrivals, or without a ceiling, is let alone. `end_run` is told why it ends."""
        ceiling = rate_max_per_s(scenario, target) if scenario.load.model == "closed" else None
        return cls(inf if ceiling is None else ceiling, end_run)

    def take(self, row: HealthRow) -> None:
        """Look at one process in one second."""
        before = self._last.get(row.worker)
        self._last[row.worker] = row
        if before is not None and row.at_s > before.at_s:
            self._rates[row.worker] = (row.answers - before.answers) / (row.at_s - before.at_s)
        total = sum(rate for worker, rate in self._rates.items() if row.at_s - self._last[worker].at_s < _FORGOTTEN_S)
        if total <= self._limit_per_s:
            self._over_since_s = None
        elif self._over_since_s is None:
            self._over_since_s = row.at_s
        elif row.at_s - self._over_since_s >= SUSTAINED_S:
            self._end_run(
                f"error: {format_rate(total)} requests, and {format_rate(self._rate_max_per_s)} is the ceiling "
                "([target] rate_max)"
            )
