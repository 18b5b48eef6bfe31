"""Pushes metrics by OpenTelemetry's official SDK. Imported only where the extra is there (`extras`).

Counters and gauges are observable instruments: the SDK asks for them when it is about to push. For histograms it has no
such thing, and `otlp_histograms` says what is done instead. Each run has a provider of its own: its streams begin at
zero with its own start time, and both of the SDK's temporalities work.
"""

import logging
import os
import threading
from collections.abc import Callable, Iterator
from importlib.metadata import version
from typing import Final

from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.metrics import CallbackOptions, CallbackT, Meter, Observation
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import MetricExporter, PeriodicExportingMetricReader
from opentelemetry.sdk.resources import (
    SERVICE_INSTANCE_ID,
    SERVICE_NAME,
    SERVICE_VERSION,
    OTELResourceDetector,
    Resource,
)

from pwdload.exporting.catalogue import CATALOGUE
from pwdload.exporting.endpoint import INTERVAL_MS, INTERVAL_VARIABLE
from pwdload.exporting.metric import Kind, Metric
from pwdload.exporting.otlp_histograms import Moment, WithHistograms, attributes
from pwdload.watched import Snapshot

_SCOPE: Final = "pwdload"


class OtlpPush:
    """Pushes the newest snapshot every few seconds, and the last one of each run when it is over."""

    def __init__(self, exporter: Callable[[], MetricExporter] = OTLPMetricExporter) -> None:
        """Get ready; nothing is sent before the first snapshot.

        Raises:
            Exception: whatever the exporter raises about what the environment says. It may repeat a secret.
        """
        # The SDK logs each failure with the URL, which may hold a key: it is told once, in our own words.
        logging.getLogger("opentelemetry").setLevel(logging.CRITICAL + 1)
        self._exporter = exporter
        exporter().shutdown()
        self._run: _RunPush | None = None

    def show(self, snapshot: Snapshot) -> None:
        """Take a newer snapshot; that of another run ends the push of the one before, which is not waited for."""
        if self._run is not None and self._run.run_id != snapshot.run_id:
            threading.Thread(target=self._run.end, daemon=True).start()
            self._run = None
        if self._run is None:
            self._run = _RunPush(snapshot, self._exporter())
        else:
            self._run.show(snapshot)

    def push(self) -> None:
        """Push what is newest now, and not only when it is time for it."""
        if self._run is not None:
            self._run.push()

    def end(self) -> None:
        """Push what is newest and stop. It takes as long as the collector takes: call it where that does no harm."""
        if self._run is not None:
            self._run.end()
            self._run = None


class _RunPush:
    """The instruments of one run."""

    def __init__(self, snapshot: Snapshot, exporter: MetricExporter) -> None:
        self.run_id = snapshot.run_id
        self._moment = Moment(snapshot)
        self._exporter = WithHistograms(exporter, self._moment)
        interval_ms = None if os.environ.get(INTERVAL_VARIABLE) else INTERVAL_MS
        reader = PeriodicExportingMetricReader(self._exporter, export_interval_millis=interval_ms)
        self._provider = MeterProvider([reader], resource=_resource(self.run_id), shutdown_on_exit=False)
        meter = self._provider.get_meter(_SCOPE, version("pwdload"))
        for metric in CATALOGUE:
            self._observe(meter, metric)

    def show(self, snapshot: Snapshot) -> None:
        """Take a newer snapshot of the same run."""
        self._moment.newest = snapshot

    def push(self) -> None:
        """Push now."""
        self._provider.force_flush()

    def end(self) -> None:
        """Push once more and stop."""
        self._provider.shutdown()
        self._exporter.say_how_it_went()

    def _observe(self, meter: Meter, metric: Metric) -> None:
        if metric.kind is Kind.COUNTER:
            meter.create_observable_counter(metric.otel_name, [self._asked(metric)], metric.unit, metric.help)
        elif metric.kind is Kind.GAUGE:
            meter.create_observable_gauge(metric.otel_name, [self._asked(metric)], metric.unit, metric.help)

    def _asked(self, metric: Metric) -> CallbackT:
        def observe(_: CallbackOptions) -> Iterator[Observation]:
            for point in self._moment.family(metric).points:
                yield Observation(point.value, attributes(metric, point.labels))

        return observe


def _resource(run_id: str) -> Resource:
    """Return who pushes; what the standard variables say of it comes first."""
    said = OTELResourceDetector().detect().attributes
    ours = {SERVICE_NAME: _SCOPE, SERVICE_VERSION: version("pwdload"), SERVICE_INSTANCE_ID: run_id}
    return Resource.create({name: value for name, value in ours.items() if name not in said})
