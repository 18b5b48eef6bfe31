"""Histograms whose buckets are counted already, for an SDK that only counts single measurements.

They are put into what it is about to push, as its own data points with explicit buckets.
"""

import sys
import time
from dataclasses import replace
from typing import Any, Final

from opentelemetry.sdk.metrics import Histogram as HistogramInstrument
from opentelemetry.sdk.metrics.export import (
    AggregationTemporality,
    Histogram,
    HistogramDataPoint,
    MetricExporter,
    MetricExportResult,
    MetricsData,
)
from opentelemetry.sdk.metrics.export import Metric as Pushed

from pwdload.exporting.families import families
from pwdload.exporting.metric import Distribution, Family, Kind, Metric
from pwdload.watched import Snapshot


def attributes(metric: Metric, labels: tuple[str, ...]) -> dict[str, str]:
    """Return labels as OpenTelemetry has them."""
    return dict(zip(metric.all_labels, labels, strict=True))


class Moment:
    """What one push is made of: a push asks for thirty families, and all of them have to be of one snapshot."""

    def __init__(self, snapshot: Snapshot) -> None:
        self.newest = snapshot
        self._taken: dict[Metric, Family] = {}

    def family(self, metric: Metric) -> Family:
        """Return a family of the snapshot that was the newest when this push first asked."""
        if not self._taken:
            self._taken = {one.metric: one for one in families(self.newest)}
        return self._taken[metric]

    def take(self) -> tuple[Family, ...]:
        """Return all families of this push, which is what ends it."""
        taken, self._taken = self._taken, {}
        return tuple(taken.values())


class WithHistograms(MetricExporter):
    """Hands on what the SDK has gathered, with the histograms of the same moment; counts what did not go through."""

    def __init__(self, exporter: MetricExporter, moment: Moment) -> None:
        # The SDK itself reads the two there, and there alone.
        temporality, aggregation = exporter._preferred_temporality, exporter._preferred_aggregation
        super().__init__(temporality, aggregation)
        self._exporter = exporter
        self._moment = moment
        self._is_delta = (temporality or {}).get(HistogramInstrument) is AggregationTemporality.DELTA
        self._start_ns = time.time_ns()
        self._pushed: dict[tuple[str, ...], Distribution] = {}
        """What the receiver knows already; always empty where it is told everything each time."""
        self._pushes = 0
        self._failures = 0

    def export(self, metrics_data: MetricsData, timeout_millis: float = 10_000, **more: Any) -> MetricExportResult:
        """Push."""
        found = [one for one in self._moment.take() if one.metric.kind is Kind.HISTOGRAM]
        now_ns = time.time_ns()
        shown = [self._shown(one, now_ns) for one in found]
        result = self._exporter.export(_with(metrics_data, shown), timeout_millis, **more)
        if self._is_delta:
            # As the SDK does with its own: what was on the way when a push failed is not sent again.
            self._start_ns = now_ns
            self._pushed = {one.labels: one for family in found for one in family.distributions}
        self._count(result)
        return result

    def force_flush(self, timeout_millis: float = 10_000) -> bool:
        """Return whether nothing waits in the exporter."""
        return self._exporter.force_flush(timeout_millis)

    def shutdown(self, timeout_millis: float = 30_000, **more: Any) -> None:
        """End."""
        self._exporter.shutdown(timeout_millis, **more)

    def say_how_it_went(self) -> None:
        """Say on standard error how many pushes failed, if any did."""
        if self._failures:
            _say(f"{self._failures} of {self._pushes} pushes did not reach the OTLP endpoint.")

    def _count(self, result: MetricExportResult) -> None:
        self._pushes += 1
        if result is MetricExportResult.FAILURE:
            self._failures += 1
            if self._failures == 1:
                _say("the OTLP endpoint does not take what is pushed to it; the run goes on, and so do the tries.")

    def _shown(self, family: Family, now_ns: int) -> Pushed:
        points = [self._point(family.metric, one, now_ns) for one in family.distributions if one.count]
        which = AggregationTemporality.DELTA if self._is_delta else AggregationTemporality.CUMULATIVE
        metric = family.metric
        return Pushed(metric.otel_name, metric.help, metric.unit, Histogram(points, which))

    def _point(self, metric: Metric, one: Distribution, now_ns: int) -> HistogramDataPoint:
        before = self._pushed.get(one.labels)
        if before is not None:
            grown = tuple(now - then for now, then in zip(one.counts, before.counts, strict=True))
            one = replace(one, counts=grown, sum=one.sum - before.sum)
        unknown: Any = None  # least and most: nobody has kept them, and the protocol lets them be left out
        return HistogramDataPoint(
            attributes(metric, one.labels),
            self._start_ns,
            now_ns,
            one.count,
            one.sum,
            one.counts,
            one.bounds,
            unknown,
            unknown,
        )


def _with(gathered: MetricsData, shown: list[Pushed]) -> MetricsData:
    """Return what was gathered with more metrics in it, under the same resource and scope."""
    first, *others = gathered.resource_metrics
    scope, *more = first.scope_metrics
    scope = replace(scope, metrics=[*scope.metrics, *shown])
    return MetricsData([replace(first, scope_metrics=[scope, *more]), *others])


_PREFIX: Final = "pwdload: metrics: "


def _say(line: str) -> None:
    sys.stderr.write(f"{_PREFIX}{line}\n")
    sys.stderr.flush()
