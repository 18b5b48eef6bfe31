"""A small OTLP collector: takes metrics by HTTP, decodes them by the official protocol, and keeps what it was sent."""

import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import KeyValue
from opentelemetry.proto.metrics.v1.metrics_pb2 import Metric


@dataclass
class Collector:
    """What came, in the order in which it came."""

    url: str = ""
    requests: list[ExportMetricsServiceRequest] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    lets_go: threading.Event = field(default_factory=threading.Event)
    """One that hangs answers nobody before this is set."""

    def metrics(self, place: int = -1) -> dict[str, Metric]:
        """Return the metrics of one push by their names."""
        return {
            metric.name: metric
            for resource in self.requests[place].resource_metrics
            for scope in resource.scope_metrics
            for metric in scope.metrics
        }

    def resource(self, place: int = -1) -> dict[str, str]:
        """Return who has pushed."""
        return labels(self.requests[place].resource_metrics[0].resource.attributes)


def labels(attributes: Iterable[KeyValue]) -> dict[str, str]:
    """Return attributes as a dictionary."""
    return {one.key: one.value.string_value for one in attributes}


@contextmanager
def collector(*, hangs: bool = False, status: int = 200) -> Iterator[Collector]:
    """Run one; it may never answer, or answer all with a status."""
    kept = Collector()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if hangs:
                kept.lets_go.wait(60)
                return
            kept.headers.append({name.lower(): value for name, value in self.headers.items()})
            kept.requests.append(ExportMetricsServiceRequest.FromString(body))
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    kept.url = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield kept
    finally:
        kept.lets_go.set()
        server.shutdown()
        server.server_close()
