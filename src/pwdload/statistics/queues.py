"""The queue M/M/c: Poisson arrivals, c servers with exponential service times, first come first served.

What it answers is exact, so that estimates of capacity can be held against it. `pwdload.calibration` and
`pwdload.reference` work the same out for themselves, so that no mistake is made in both places. Sources: Erlang (1917);
Gross and Harris, "Fundamentals of Queueing Theory", 3rd ed., section 2.3.
"""

from dataclasses import dataclass
from math import exp, inf, log

_CLOSE = 1e-9
"""Two rates that differ relatively by less are one: the sum of two exponentials then has a form of its own."""


def erlang_c(servers: int, busy: float) -> float:
    """Return the share of arrivals that find all servers busy; `busy` is how many servers' worth of work comes in.

    By way of the recursion for Erlang B, which stays stable for any number of servers. 1 where the work is more than
    the servers can do.

    Raises:
        ValueError: no server, or a negative amount of work.
    """
    if servers < 1 or busy < 0:
        raise ValueError(f"{servers} servers and {busy} of work: at least one server, and no negative work")
    if busy >= servers:
        return 1.0
    blocked = 1.0
    for count in range(1, servers + 1):
        blocked = busy * blocked / (count + busy * blocked)
    return servers * blocked / (servers - busy * (1 - blocked))


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue:
    """An M/M/c queue at any rate of arrivals; times in seconds, rates per second."""

    servers: int
    service_s: float
    """Mean service time."""

    @property
    def most_per_s(self) -> float:
        """What it cannot serve more of."""
        return self.servers / self.service_s

    def waiting_share(self, rate_per_s: float) -> float:
        """Return the share of arrivals that have to wait."""
        return erlang_c(self.servers, rate_per_s * self.service_s)

    def response_s(self, rate_per_s: float) -> float:
        """Return the mean response time, waiting and service; infinite where the queue never settles."""
        spare = self.most_per_s - rate_per_s
        return self.service_s + self.waiting_share(rate_per_s) / spare if spare > 0 else inf

    def in_flight(self, rate_per_s: float) -> float:
        """Return how many requests are under way on average, by Little's law."""
        return rate_per_s * self.response_s(rate_per_s)

    def share_beyond(self, rate_per_s: float, time_s: float) -> float:
        """Return the share of response times that are longer than a time; 1 where the queue never settles.

        Who does not wait takes an exponential time of rate mu; who does waits an exponential time of rate c mu - lambda
        before it.
        """
        serve, drain = 1 / self.service_s, self.most_per_s - rate_per_s
        if drain <= 0:
            return 1.0
        waiting, alone = self.waiting_share(rate_per_s), exp(-serve * time_s)
        if abs(drain - serve) <= _CLOSE * serve:
            return alone * (1 + waiting * serve * time_s)
        both = (drain * alone - serve * exp(-drain * time_s)) / (drain - serve)
        return (1 - waiting) * alone + waiting * both

    def percentile_s(self, rate_per_s: float, permille: int) -> float:
        """Return a percentile of the response time, given in thousandths; infinite where the queue never settles."""
        from scipy.optimize import brentq  # noqa: PLC0415 - a tenth of a second that most reports need not

        beyond = 1 - permille / 1000
        if rate_per_s >= self.most_per_s:
            return inf
        # Nothing beats service alone, and nothing is worse than to wait and be served at the slower of both rates.
        slowest = min(1 / self.service_s, self.most_per_s - rate_per_s)
        high_s = -2 * log(beyond) / slowest + 2 * self.service_s
        while self.share_beyond(rate_per_s, high_s) > beyond:
            high_s *= 2
        return float(brentq(lambda time_s: self.share_beyond(rate_per_s, time_s) - beyond, 0.0, high_s, xtol=1e-12))

    def rate_keeping(self, permille: int, limit_s: float) -> float:
        """Return the highest rate at which a percentile stays within a limit: the capacity under that criterion.

        0 where the service alone takes longer.
        """
        from scipy.optimize import brentq  # noqa: PLC0415 - as above

        beyond = 1 - permille / 1000
        if exp(-limit_s / self.service_s) > beyond:
            return 0.0
        most = self.most_per_s
        return float(brentq(lambda rate: self.share_beyond(rate, limit_s) - beyond, 0.0, most, xtol=1e-9 * most))
