"""The certificate: what the instrument was found to be worth, on which machine, when, and by which part of the tests.

Two forms fill it. The short one, at the start of each run, knows the floor, the timer and the rate of one process. The
full one, `pwdload calibrate`, knows the rest. What was not measured is null, and is printed as not measured.
"""

import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Final, Literal

from pydantic import FiniteFloat, NonNegativeInt, PositiveInt, TypeAdapter, ValidationError

from pwdload.errors import RunDirectoryError
from pwdload.rundir import write_json

FORMAT = 1
KEPT_AS: Final = "calibration.json"
"""Where, in the folder of reports, a full certificate is kept for the runs that follow it."""
TIMER_ERROR_S_MAX: Final = 0.001
"""A reference target whose p99 of lateness is above this dictates something else than it promises."""
LAG_S_MAX: Final = 0.002
"""p99 of the lag of arrivals at half of the highest rate: what the issue of this instrument demands."""
GAP_P_VALUE_MIN: Final = 0.001
"""Poisson arrivals whose gaps are rarer than this are none; a sound instrument is accused once in a thousand runs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Conditions:
    """Where and with what it was measured."""

    machine: str
    """Names a machine since its last start."""
    cores: PositiveInt
    system: str
    versions: dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Floor:
    """Response times of a target that answers at once, at a low rate: what is printed can not be less."""

    requests: NonNegativeInt
    p50_s: FiniteFloat
    p95_s: FiniteFloat
    p99_s: FiniteFloat


@dataclass(frozen=True, slots=True, kw_only=True)
class TimerError:
    """By how much the reference target's answers left later than it had promised: its error, not the instrument's."""

    timer: str
    answers: NonNegativeInt
    p50_s: FiniteFloat
    p99_s: FiniteFloat
    max_s: FiniteFloat


@dataclass(frozen=True, slots=True, kw_only=True)
class Capacity:
    """How many requests one process gets done with nothing to wait for: sent, judged and recorded."""

    requests: NonNegativeInt
    for_s: FiniteFloat
    rate_per_s: FiniteFloat
    cpu_share: FiniteFloat
    """CPU time of the generator over wall time. Clearly below 1, others had a part of its core."""
    target_cpu_share: FiniteFloat

    @property
    def rate_per_cpu_s(self) -> float:
        """How many requests a second of CPU time gets done: the rate of a process that has a core to itself."""
        return self.rate_per_s / self.cpu_share if self.cpu_share else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Lag:
    """How late requests left on connections that were open, in a run with open arrivals."""

    rate_per_s: FiniteFloat
    arrivals: NonNegativeInt
    p50_s: FiniteFloat
    p99_s: FiniteFloat
    max_s: FiniteFloat


@dataclass(frozen=True, slots=True, kw_only=True)
class EvenArrivals:
    """Even arrivals, counted in slots of time by when they were sent."""

    rate_per_s: FiniteFloat
    slot_s: FiniteFloat
    slots: NonNegativeInt
    fewest: NonNegativeInt
    most: NonNegativeInt

    @property
    def is_even(self) -> bool:
        """Whether no slot is empty and none holds more than one above its share."""
        return self.fewest > 0 and self.most <= self.rate_per_s * self.slot_s + 1


@dataclass(frozen=True, slots=True, kw_only=True)
class PoissonArrivals:
    """Poisson arrivals: how well the gaps between the moments when they were sent fit."""

    rate_per_s: FiniteFloat
    gaps: NonNegativeInt
    distance: FiniteFloat
    p_value: FiniteFloat


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One number of a known truth, side by side."""

    name: str
    """mean, p50, ..."""
    theory_s: FiniteFloat
    """By the formula."""
    realization_s: FiniteFloat
    """The run's own arrivals, played in virtual time by an instrument without any cost."""
    dictated_s: FiniteFloat | None
    """By the reference target, for the requests as they reached it; null when it was not asked."""
    measured_s: FiniteFloat | None
    """By the harness; null when it has no sample."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """A known truth and what the harness made of it."""

    name: str
    """``stall``, ``M/M/8 at 90 %``: names the truth for people."""
    slots: NonNegativeInt
    arrivals: NonNegativeInt
    """How many flows were due."""
    measured: NonNegativeInt
    """How many of them have exactly one sample each."""
    tolerance: FiniteFloat
    """Largest allowed error, as a share of the truth, beyond the floor."""
    floor_s: FiniteFloat
    """p95 of the floor: what only one request in twenty exceeds when there is nothing to wait for."""
    by_theory: tuple[str, ...]
    """Names of the figures that are judged by theory."""
    by_realization: tuple[str, ...] = ()
    """Names of the figures that are judged by the realization; the others are shown and not judged."""
    figures: tuple[Figure, ...]
    expected_dropped: NonNegativeInt = 0
    """How many arrivals a perfect instrument with these slots and this queue would have dropped."""

    def problems(self) -> tuple[str, ...]:
        """Return what is beyond the limits, one sentence each."""
        found = []
        lost = self.arrivals - self.expected_dropped - self.measured
        if lost:
            found.append(
                f"{self.name}: {self.measured:,} samples of {self.arrivals - self.expected_dropped:,} arrivals."
            )
        found += [words for figure in self.figures if (words := self._beyond(figure))]
        return tuple(found)

    def truth_s(self, figure: Figure) -> float:
        """Return what a figure is judged by."""
        return figure.realization_s if figure.name in self.by_realization else figure.theory_s

    def error(self, figure: Figure) -> float | None:
        """Return measured against the truth, as a share of it; null when nothing was measured."""
        return None if figure.measured_s is None else figure.measured_s / self.truth_s(figure) - 1

    def _beyond(self, figure: Figure) -> str:
        truth_s = self.truth_s(figure)
        if figure.name not in (*self.by_theory, *self.by_realization):
            return ""
        if figure.measured_s is None:
            return f"{self.name}: {figure.name} was not measured."
        if abs(figure.measured_s - truth_s) <= self.tolerance * truth_s + self.floor_s:
            return ""
        return (
            f"{self.name}: {figure.name} {figure.measured_s * 1000:.1f} ms where {truth_s * 1000:.1f} ms is true "
            f"({figure.measured_s / truth_s - 1:+.1%}; allowed is {self.tolerance:.0%} and "
            f"{self.floor_s * 1000:.1f} ms)."
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """What the instrument was found to be worth."""

    form: Literal["short", "full"]
    measured_utc: str
    """ISO 8601."""
    conditions: Conditions
    floor: Floor | None = None
    timer: TimerError | None = None
    capacity: Capacity | None = None
    lag: Lag | None = None
    even: EvenArrivals | None = None
    poisson: PoissonArrivals | None = None
    comparisons: tuple[Comparison, ...] = ()
    known_truth_utc: str = ""
    """When lag, arrivals and comparisons were measured, if not now: by an earlier `pwdload calibrate`."""
    others_cpu_share: FiniteFloat | None = None
    """How much of all processors other programs took while those were measured; null where that is not known."""
    format: PositiveInt = FORMAT

    def problems(self) -> tuple[str, ...]:
        """Return what was found to be beyond its limits, one sentence each; nothing for what was not measured."""
        found: list[str] = []
        if self.timer is not None and self.timer.p99_s > TIMER_ERROR_S_MAX:
            found.append(f"The reference target was late itself: p99 {self.timer.p99_s * 1000:.2f} ms.")
        if self.lag is not None and self.lag.p99_s > LAG_S_MAX:
            found.append(f"Arrivals were late: p99 {self.lag.p99_s * 1000:.2f} ms at {self.lag.rate_per_s:,.0f}/s.")
        if self.even is not None and not self.even.is_even:
            found.append(f"Even arrivals were not: {self.even.fewest} to {self.even.most} in a slot.")
        if self.poisson is not None and self.poisson.p_value < GAP_P_VALUE_MIN:
            found.append(f"Poisson arrivals were none: p = {self.poisson.p_value:.1e} for their gaps.")
        return (*found, *(words for comparison in self.comparisons for words in comparison.problems()))

    def with_known_truth_of(self, earlier: "Certificate | None") -> "Certificate":
        """Return this certificate with what an earlier full one knows and it does not, if that was this machine.

        The same cores, system and versions are the same instrument; the capacity and the floor are always today's.
        """
        if earlier is None or not earlier.comparisons or not _alike(earlier.conditions, self.conditions):
            return self
        return replace(
            self,
            lag=self.lag or earlier.lag,
            even=self.even or earlier.even,
            poisson=self.poisson or earlier.poisson,
            comparisons=self.comparisons or earlier.comparisons,
            others_cpu_share=earlier.others_cpu_share,
            known_truth_utc=earlier.known_truth_utc or earlier.measured_utc,
        )


def _alike(one: Conditions, other: Conditions) -> bool:
    return (one.machine, one.cores, one.system, one.versions) == (
        other.machine,
        other.cores,
        other.system,
        other.versions,
    )


_CERTIFICATE = TypeAdapter(Certificate)


def write_certificate(path: Path, certificate: Certificate) -> None:
    """Write a certificate as JSON, whole or not at all."""
    write_json(path, asdict(certificate))


def read_certificate(path: Path) -> Certificate | None:
    """Read a certificate; null when there is none.

    Raises:
        RunDirectoryError: there is something that is none, or one of a newer format.
    """
    try:
        text = path.read_bytes()
        if not isinstance(document := json.loads(text), dict) or document.get("format", 0) > FORMAT:
            raise RunDirectoryError(f"{path}: a certificate of another format; use a newer pwdload, or calibrate again")
        return _CERTIFICATE.validate_json(text, strict=True)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError) as error:
        first = error.errors(include_url=False)[0] if isinstance(error, ValidationError) else None
        what = f"{'.'.join(map(str, first['loc']))}: {first['msg']}" if first else str(error)
        raise RunDirectoryError(f"{path}: not a certificate ({what}); calibrate again") from None
