"""Systems whose response times are known exactly: a stall, and a queue with c servers.

Both are formulas of their own. The reference target, which plays them, shares no line with this module.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import ceil, exp, expm1
from typing import Final

from pwdload.errors import UsageError

QUANTILES: Final = (0.50, 0.90, 0.95, 0.99)
"""What a comparison looks at, besides the mean."""


def nearest_rank_s(values_s: Iterable[float], quantile: float) -> float:
    """Return the smallest value that at least so many of the values do not exceed; NaN of none.

    Worked out here once more, in the plainest way, so that the report's percentiles are held against another hand's.
    """
    ordered = sorted(values_s)
    rank = max(ceil(quantile * len(ordered) - 1e-9), 1)
    return ordered[rank - 1] if ordered else float("nan")


def mean_s(values_s: Sequence[float]) -> float:
    """Return the mean; NaN of none."""
    return sum(values_s) / len(values_s) if values_s else float("nan")


@dataclass(frozen=True, slots=True, kw_only=True)
class Stall:
    """Each answer takes a fixed time, but whatever arrives in [from_s, until_s) is held until the end of that."""

    length_s: float
    """How long arrivals come, evenly, beginning at 0."""
    service_s: float
    from_s: float
    until_s: float

    def __post_init__(self) -> None:
        if not 0 <= self.from_s < self.until_s <= self.length_s or not 0 <= self.service_s < self.until_s - self.from_s:
            raise UsageError(
                f"stall from {self.from_s} s to {self.until_s} s in {self.length_s} s, service {self.service_s} s; "
                "allowed is a stall within the length, and longer than the service"
            )

    def response_s(self, arrived_s: float) -> float:
        """Return the response time of what arrives at a time."""
        if self.from_s <= arrived_s < self.until_s:
            return max(self.service_s, self.until_s - arrived_s)
        return self.service_s

    @property
    def mean_response_s(self) -> float:
        """Mean response time, for arrivals so dense that they are a continuum."""
        stall_s = self.until_s - self.from_s
        # The last `service_s` of the stall are held no longer than they would have been served.
        held_s = (stall_s**2 + self.service_s**2) / 2
        return (held_s + (self.length_s - stall_s) * self.service_s) / self.length_s

    def quantile_s(self, quantile: float) -> float:
        """Return a quantile of the response time, for arrivals that are a continuum.

        The share of arrivals that wait longer than t is (stall - t) / length: so many come early enough in the stall.
        """
        return max(self.service_s, self.until_s - self.from_s - (1 - quantile) * self.length_s)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mmc:
    """M/M/c: Poisson arrivals, exponential service, c servers, first come first served, in its steady state.

    Formulas: Erlang (1917); as in Gross and Harris, "Fundamentals of Queueing Theory", 3rd ed., section 2.3, and
    Kleinrock, "Queueing Systems", volume 1, section 3.5.

    Raises `UsageError` where there is no steady state.
    """

    servers: int
    service_s_mean: float
    rate_per_s: float

    def __post_init__(self) -> None:
        if not (self.servers >= 1 and self.service_s_mean > 0 and 0 < self.load < 1):
            raise UsageError(
                f"{self.servers} servers, {self.service_s_mean} s each, {self.rate_per_s}/s; allowed is a load "
                "between 0 and 1, or the queue never settles"
            )

    @property
    def load(self) -> float:
        """Share of the servers' time that is taken."""
        return self.rate_per_s * self.service_s_mean / self.servers

    @property
    def wait_share(self) -> float:
        """Share of arrivals that find all servers busy: Erlang C, by way of the stable recursion for Erlang B."""
        offered, blocked = self.rate_per_s * self.service_s_mean, 1.0
        for servers in range(1, self.servers + 1):
            blocked = offered * blocked / (servers + offered * blocked)
        return blocked / (1 - self.load * (1 - blocked))

    @property
    def mean_response_s(self) -> float:
        """Mean of wait and service together."""
        return self.service_s_mean + self.wait_share / self._drain_per_s

    def share_beyond(self, t_s: float) -> float:
        """Return the share of response times above a time.

        Nobody waits with probability 1 - C; the others wait an exponential time of rate c mu - lambda. Service, of rate
        mu, is added to either.
        """
        mu, drain, wait = 1 / self.service_s_mean, self._drain_per_s, self.wait_share
        # Two exponentials added: (drain e^-mu t - mu e^-drain t) / (drain - mu), without dividing near equals.
        apart = (drain - mu) * t_s
        both = exp(-mu * t_s) * (1 + mu * t_s * (-expm1(-apart) / apart if apart else 1.0))
        return (1 - wait) * exp(-mu * t_s) + wait * both

    def quantile_s(self, quantile: float) -> float:
        """Return a quantile of the response time, to the last bits: halving, since the share only falls."""
        low_s, high_s = 0.0, self.service_s_mean
        while self.share_beyond(high_s) > 1 - quantile:
            high_s *= 2
        while low_s < (middle_s := (low_s + high_s) / 2) < high_s:
            low_s, high_s = (middle_s, high_s) if self.share_beyond(middle_s) > 1 - quantile else (low_s, middle_s)
        return high_s

    @property
    def _drain_per_s(self) -> float:
        return self.servers / self.service_s_mean - self.rate_per_s
