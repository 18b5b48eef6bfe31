"""What Prometheus scrapes, through its official library. Imported only where the extra is there (`extras`)."""

import time
from collections.abc import Callable, Iterable, Iterator
from typing import Final

from prometheus_client import CollectorRegistry, generate_latest, start_http_server
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.metrics_core import Metric as Exposed
from prometheus_client.registry import Collector
from prometheus_client.utils import floatToGoString

from pwdload.errors import UsageError
from pwdload.exporting.families import families
from pwdload.exporting.metric import Distribution, Family, Kind
from pwdload.watched import Snapshot

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
"""Of `exposition`."""


class SnapshotCollector(Collector):
    """Shows the newest snapshot to whoever scrapes; nothing while there is none."""

    def __init__(self, latest: Callable[[], Snapshot | None]) -> None:
        self._latest = latest
        self.scraped_s: list[float] = []
        """When the last two scrapes were, on the monotonic clock."""

    def describe(self) -> Iterable[Exposed]:
        """Return nothing: otherwise the library would scrape once to find the names."""
        return ()

    def collect(self) -> Iterator[Exposed]:
        """Yield the families of the newest snapshot."""
        snapshot = self._latest()
        self.scraped_s = [*self.scraped_s[-1:], time.monotonic()]
        if snapshot is not None:
            yield from map(_exposed, families(snapshot))


def _exposed(family: Family) -> Exposed:
    metric, labels = family.metric, family.metric.all_labels
    if metric.kind is Kind.HISTOGRAM:
        histogram = HistogramMetricFamily(metric.prometheus_name, metric.help, labels=labels)
        for one in family.distributions:
            histogram.add_metric(one.labels, list(_cumulative(one)), one.sum)
        return histogram
    kind = CounterMetricFamily if metric.kind is Kind.COUNTER else GaugeMetricFamily
    shown = kind(metric.prometheus_name, metric.help, labels=labels)
    for point in family.points:
        shown.add_metric(point.labels, point.value)
    return shown


def _cumulative(one: Distribution) -> Iterator[tuple[str, float]]:
    so_far = 0
    for bound, count in zip((*one.bounds, float("inf")), one.counts, strict=True):
        so_far += count
        yield str(floatToGoString(bound)), so_far


def exposition(snapshot: Snapshot | None) -> bytes:
    """Return one scrape as text (`CONTENT_TYPE`); empty without a snapshot."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(SnapshotCollector(lambda: snapshot))
    return generate_latest(registry)


class PrometheusServer:
    """Serves ``/metrics`` from threads of its own until the process ends."""

    def __init__(self, host: str, port: int, latest: Callable[[], Snapshot | None]) -> None:
        """Listen; port 0 is any that is free.

        Raises:
            UsageError: the port or the address cannot be had.
        """
        self._collector = SnapshotCollector(latest)
        registry = CollectorRegistry(auto_describe=False)
        registry.register(self._collector)
        try:
            self._server, _ = start_http_server(port, host, registry)
        except OSError as error:
            raise UsageError(
                f"--prometheus-port {port}: cannot listen there on {host} ({error.strerror or error}); "
                "give another port, or another --prometheus-host"
            ) from None
        name = f"[{host}]" if ":" in host else host
        self.url = f"http://{name}:{self._server.server_port}/metrics"

    def wants(self, since_s: float, now_s: float) -> float:
        """Return for how many seconds more it is worth waiting until what is shown since a time has been scraped.

        Whoever scrapes every 15 s comes again within 15 s of the last time; nobody is waited for who never came.
        """
        seen = self._collector.scraped_s
        if not seen or seen[-1] >= since_s:
            return 0.0
        every_s = seen[-1] - seen[0] if len(seen) > 1 else float("inf")
        return max(seen[-1] + every_s + _GRACE_S - now_s, 0.0)


_GRACE_S: Final = 1.0
"""How much later than the last time a scrape may come."""
