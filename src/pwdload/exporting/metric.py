"""A metric, and what it is at one moment, as plain values: what Prometheus and OpenTelemetry have in common."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

NAMESPACE: Final = "pwdload"
BASE_LABELS: Final = ("scenario", "run_id")
"""On every series: a second run in the same process begins series of its own, so no counter ever goes back."""
_SUFFIXES: Final = {"s": "_seconds", "1": "_ratio"}


class Kind(StrEnum):
    """How the values of a metric go on."""

    COUNTER = "counter"
    """Only grows while a run goes on."""
    GAUGE = "gauge"
    HISTOGRAM = "histogram"


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """One metric, whatever its values."""

    name: str
    """In OpenTelemetry, without the namespace: parts with dots between them, no unit."""
    kind: Kind
    unit: str = ""
    """As UCUM has it: "s", "1" for a share, "{flow}" for what is only counted, "{flow}/s"; empty for what has none."""
    labels: tuple[str, ...] = ()
    """Besides `BASE_LABELS`."""
    help: str
    """One sentence, without a full stop."""

    @property
    def otel_name(self) -> str:
        """Its name for OpenTelemetry."""
        return f"{NAMESPACE}.{self.name}"

    @property
    def prometheus_name(self) -> str:
        """Its name for Prometheus: what collectors make of the other, so that one dashboard fits both."""
        name = f"{NAMESPACE}_{self.name.replace('.', '_')}{_SUFFIXES.get(self.unit, '')}"
        name += "_per_second" if self.unit.endswith("/s") else ""
        return f"{name}_total" if self.kind is Kind.COUNTER else name

    @property
    def all_labels(self) -> tuple[str, ...]:
        """All its labels, in the order of the labels of its points."""
        return (*BASE_LABELS, *self.labels)


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """A counter or a gauge with one set of labels."""

    labels: tuple[str, ...]
    """Values of `Metric.all_labels`."""
    value: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Distribution:
    """A histogram with one set of labels."""

    labels: tuple[str, ...]
    bounds: tuple[float, ...]
    """Upper bounds of the buckets, each inclusive; there is one bucket more, without an end."""
    counts: tuple[int, ...]
    """How many in each bucket; not cumulative."""
    sum: float

    @property
    def count(self) -> int:
        """How many in all."""
        return sum(self.counts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """A metric with what it is at one moment; no two points have the same labels."""

    metric: Metric
    points: tuple[Point, ...] = ()
    distributions: tuple[Distribution, ...] = ()
    """Of a histogram, in place of points."""
