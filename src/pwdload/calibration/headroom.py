"""Whether a machine can generate a planned rate: the arithmetic, in one line for the person who planned it."""

from collections.abc import Mapping
from typing import Final

from pwdload.calibration.certificate import Certificate
from pwdload.cases.catalogue import CASES
from pwdload.units import format_count

HEADROOM: Final = 0.7
"""Share of what was measured that a run may plan on: the rest is for bursts, for collections, and for the target when
it lives on the same machine."""


def usable_rate_per_s(certificate: Certificate, processes: int) -> float | None:
    """Return how many requests per second a run may plan on with so many processes; null when it was not measured.

    Each has a core to itself, as far as there are cores. What others took of the core during the measurement is not
    held against the plan: a refusal must be certain.
    """
    capacity = certificate.capacity
    if capacity is None:
        return None
    return HEADROOM * capacity.rate_per_cpu_s * min(processes, certificate.conditions.cores)


def requests_per_flow(weights: Mapping[str, float]) -> float:
    """Return how many requests a flow of this mix makes, on average, when all goes well."""
    total = sum(weights.values())
    requests = sum(weight * CASES[name].requests_mean for name, weight in weights.items())
    return requests / total if total else 0.0


def refusal(
    certificate: Certificate, planned_peak_rate_per_s: float, requests_per_flow: float, processes: int = 1
) -> str:
    """Return why a plan of open arrivals is too fast for this machine; empty when it is not, or nobody knows.

    `planned_peak_rate_per_s` counts flows, over all processes on this machine; `requests_per_flow` is their mean.
    """
    capacity, usable = certificate.capacity, usable_rate_per_s(certificate, processes)
    needed = planned_peak_rate_per_s * requests_per_flow
    if capacity is None or usable is None or needed <= usable:
        return ""
    busy = min(processes, certificate.conditions.cores)
    cores = f" on {busy} core{'s' * (busy != 1)}" if busy < processes else ""
    return (
        f"needs {format_count(round(needed))} requests/s at the peak, this machine generates "
        f"{format_count(round(usable))}/s with {processes} process{'es' * (processes != 1)}{cores} "
        f"({HEADROOM * 100:.0f} % of its measured {format_count(round(capacity.rate_per_cpu_s * busy))}/s): "
        "lower the rate, add processes or machines"
    )
