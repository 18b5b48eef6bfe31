"""The trials of a calibration: what the harness plays, what the reference target does, and what is true of both."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal

from pwdload.calibration.realization import mmc_realization, schedule_of
from pwdload.calibration.truths import Mmc, Stall, mean_s, nearest_rank_s
from pwdload.rundir import ArrivalPlan, RateRecord

SERVERS: Final = 8
SERVICE_S: Final = 0.05
"""Of the queue, on average. Long against the floor, so that what is measured is the queue."""
WARM_UP_S: Final = 4.0
"""A queue begins empty and needs about 2 s, at 90 % load, to forget it."""

QUEUE_LIMIT: Final = 3000


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """A scenario with open arrivals of one request each, and how the reference target is to be started for it."""

    name: str
    arrivals: Literal["even", "poisson"]
    rate_per_s: float
    for_s: float
    seed: int
    target: tuple[str, ...]
    """Arguments of ``python -m pwdload.reference``."""
    warm_up_s: float = 0.0
    slots: int = 600
    queue_limit: int = QUEUE_LIMIT

    def scenario(self) -> str:
        """Return the scenario as TOML."""
        warm_up = self._stage("warm up", self.warm_up_s, measured=False) if self.warm_up_s else ""
        return (
            f'title = "Calibration: {self.name}"\nseed = {self.seed}\n'
            f'[target]\ntimeout = "60s"\n'
            f'[load]\nmodel = "open"\narrivals = "{self.arrivals}"\n'
            f"max_in_flight = {self.slots}\nqueue_limit = {self.queue_limit}\n"
            f"{warm_up}{self._stage('measured', self.for_s, measured=True)}"
            "[mix]\nlogin_only = 1\n"
        )

    def _stage(self, name: str, for_s: float, *, measured: bool) -> str:
        return (
            f'[[load.stages]]\nname = "{name}"\nrate = "{self.rate_per_s:g}/s"\nfor = "{for_s:g}s"\n'
            f"measured = {str(measured).lower()}\n"
        )

    def plan(self) -> ArrivalPlan:
        """Return the arrivals that a run of the scenario is to have."""
        ends_s = self.warm_up_s + self.for_s
        stages = (("warm up", 0.0, self.warm_up_s), ("measured", self.warm_up_s, ends_s))
        return ArrivalPlan(
            kind=self.arrivals,
            seed=self.seed,
            pieces=tuple(
                RateRecord(name, from_s, until_s, self.rate_per_s, self.rate_per_s)
                for name, from_s, until_s in stages
                if from_s < until_s
            ),
            slots=self.slots,
            queue_limit=self.queue_limit,
        )


def stall_trial(truth: Stall, rate_per_s: float, *, slots: int = 600, queue_limit: int = QUEUE_LIMIT) -> Trial:
    """Return the stall, on even arrivals."""
    window = ("--service", str(truth.service_s), "--from", str(truth.from_s), "--until", str(truth.until_s))
    # The first arrival is due half a gap after the start, and by that the target sets its clock: so the border of the
    # stall lies in the middle between two arrivals, where no lag can take one across.
    first_at_s = 0.5 / rate_per_s
    return Trial(
        name="stall",
        arrivals="even",
        rate_per_s=rate_per_s,
        for_s=truth.length_s,
        seed=1,
        target=("--first-at", str(first_at_s), "stall", *window),
        slots=slots,
        queue_limit=queue_limit,
    )


STALL: Final = Stall(length_s=30.0, service_s=0.005, from_s=10.0, until_s=15.0)
"""The field's example, at 100 arrivals/s: mean 422 ms, p50 5 ms, p90 2.00 s, p95 3.50 s, p99 4.70 s."""
STALL_RATE_PER_S: Final = 100.0
SHORT_STALL: Final = Stall(length_s=8.0, service_s=0.005, from_s=2.0, until_s=4.0)
SHORT_STALL_RATE_PER_S: Final = 30.0
"""Fewer at a time: reading the 60 answers that come at once when it ends takes less than 1 % of its shorter tail."""


def mmc_truth(load: float) -> Mmc:
    """Return the queue at a load."""
    return Mmc(servers=SERVERS, service_s_mean=SERVICE_S, rate_per_s=round(load * SERVERS / SERVICE_S, 6))


def mmc_trial(load: float, seed: int, *, for_s: float) -> Trial:
    """Return the queue at a load, on Poisson arrivals; the one seed decides arrivals and service times."""
    truth = mmc_truth(load)
    queue = ("mmc", "--servers", str(SERVERS), "--service", str(SERVICE_S), "--seed", str(seed))
    return Trial(
        name=f"M/M/{SERVERS} at {load:.0%}",
        arrivals="poisson",
        rate_per_s=truth.rate_per_s,
        for_s=for_s,
        seed=seed,
        target=queue,
        warm_up_s=WARM_UP_S,
    )


def floor_trial(
    name: str, arrivals: Literal["even", "poisson"], rate_per_s: float, *, for_s: float, warm_up_s: float = 0.0
) -> Trial:
    """Return arrivals at a target that answers at once."""
    return Trial(
        name=name,
        arrivals=arrivals,
        rate_per_s=rate_per_s,
        for_s=for_s,
        seed=1,
        target=("floor",),
        warm_up_s=warm_up_s,
        queue_limit=max(QUEUE_LIMIT, round(rate_per_s)),  # what waits while all connections are opened at once
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Luck:
    """By how much the draw of a trial is off its formula, as shares of it."""

    mean: float
    p50: float
    p95: float
    p99: float

    @property
    def is_small(self) -> bool:
        """Whether the seed may serve: what mean and p95 of a run are off by more than this is the instrument's doing.

        The other figures of a run are judged by the realization: 20 s that are right in the mean and at p95 are as a
        rule too calm at p99, since a longer time would have had its rare longer queues.
        """
        return max(abs(self.mean), abs(self.p95)) <= 0.005


def luck_of(trial: Trial, truth: Mmc) -> Luck:
    """Return how a trial's own draw, played in virtual time, compares with its formula."""
    plan = trial.plan()
    due_s = [arrival.due_s for arrival in schedule_of(plan)]
    played = mmc_realization(plan, servers=truth.servers, service_s_mean=truth.service_s_mean, seed=trial.seed).kept_s
    counted = [response for due, response in zip(due_s, played, strict=True) if due >= trial.warm_up_s]
    return Luck(
        mean=mean_s(counted) / truth.mean_response_s - 1,
        p50=nearest_rank_s(counted, 0.50) / truth.quantile_s(0.50) - 1,
        p95=nearest_rank_s(counted, 0.95) / truth.quantile_s(0.95) - 1,
        p99=nearest_rank_s(counted, 0.99) / truth.quantile_s(0.99) - 1,
    )


def find_seed(load: float, *, for_s: float, first: int = 1) -> int:
    """Return the first seed from one on whose luck is small: how the seeds below were found.

    At 90 % load the mean of 20 s is off by 10 % and more with most seeds, so that a run would say nothing about the
    instrument. The choice looks at virtual time alone, never at a measurement.
    """
    seed = first
    while not luck_of(mmc_trial(load, seed, for_s=for_s), mmc_truth(load)).is_small:
        seed += 1
    return seed


MMC_SEEDS: Final[Mapping[float, int]] = MappingProxyType({0.5: 24, 0.7: 30, 0.9: 2566})
"""By load: the first seeds whose luck over 20 s is small. A test plays them again."""
SHORT_MMC_SEEDS: Final[Mapping[float, int]] = MappingProxyType({0.7: 100})
"""The same over 8 s."""
