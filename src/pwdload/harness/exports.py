"""Metrics for a team's own dashboards, where the options ask for them: in the process in charge alone."""

from argparse import Namespace

from flask import Response
from locust.web import WebUI

from pwdload.errors import UsageError
from pwdload.exporting.endpoint import check_environment
from pwdload.exporting.extras import has_extra, require_extra
from pwdload.exporting.process import ExportProcess
from pwdload.harness.onlooker import Onlooker
from pwdload.harness.progress import say
from pwdload.watched import Snapshot

_PORT_MOST = 65_535


class Exports:
    """What shows the runs of this process to Prometheus and to an OTLP endpoint."""

    def __init__(self, options: Namespace) -> None:
        self._options = options
        self._process: ExportProcess | None = None
        self._onlooker: Onlooker | None = None
        self._endpoint = ""
        """Where is pushed to, as it may be shown; empty where nothing is."""
        self._told = False

    def start(self) -> None:
        """Serve and push what the options ask for; nothing is there to see before the first run.

        Raises:
            UsageError: a library is missing, the port is taken, or the environment names no endpoint.
        """
        host, port, otlp = self._options.prometheus_host, self._options.prometheus_port, self._options.otlp
        if port is not None:
            if not 0 <= port <= _PORT_MOST:
                raise UsageError(f"--prometheus-port {port}: not a port; give one from 1 to {_PORT_MOST}, or 0 for any")
            require_extra("prometheus", "--prometheus-port")
        if otlp:
            require_extra("otlp", "--otlp")
            self._endpoint = check_environment()
        if port is not None or otlp:
            self._process = ExportProcess.start(host=host, port=port, otlp=otlp)

    def attach(self, onlooker: Onlooker, web_ui: WebUI | None) -> None:
        """Show each second of each run from now on, and have a page of the web UI show it as well."""
        self._onlooker = onlooker
        if self._process is not None:
            onlooker.subscribe(self._show)
            if self._process.url:
                say(f"Metrics for Prometheus: {self._process.url}")
            if self._endpoint:
                say(f"Metrics by OTLP to {self._endpoint}")
        if web_ui is not None:
            _add_page(web_ui, onlooker, self._options.web_base_path or "")

    def stop(self) -> None:
        """Let the last values be scraped and pushed, for no longer than `pwdload.exporting.process` says."""
        if self._process is not None and self._onlooker is not None:
            process, self._process = self._process, None
            process.stop(self._onlooker.latest, lambda: say("Metrics: the last values are being handed over."))

    def _show(self, snapshot: Snapshot) -> None:
        if self._process is not None and not self._process.show(snapshot) and self._process.is_gone and not self._told:
            self._told = True
            say("Metrics: their process is gone; the run goes on without them.")


def _add_page(web_ui: WebUI, onlooker: Onlooker, base_path: str) -> None:
    """Add ``/metrics``, behind the login where there is one."""
    assert web_ui.app is not None  # noqa: S101 - narrows the type: it is made with the web UI
    show = web_ui.auth_required_if_enabled(MetricsPage(onlooker).show)
    web_ui.app.add_url_rule(f"{base_path}/metrics", "pwdload_metrics", show)


class MetricsPage:
    """What Prometheus scrapes from the web UI. A snapshot is written out once, however many scrape it."""

    def __init__(self, onlooker: Onlooker) -> None:
        self._onlooker = onlooker
        self._written: tuple[Snapshot | None, bytes] = (None, b"")

    def show(self) -> Response:
        """Answer a request."""
        if not has_extra("prometheus"):
            return Response("pip install 'pwdload[prometheus]'\n", 501, content_type="text/plain; charset=utf-8")
        from pwdload.exporting.prometheus import CONTENT_TYPE, exposition  # noqa: PLC0415 - an extra

        latest = self._onlooker.latest
        if latest is not self._written[0]:
            self._written = latest, exposition(latest)
        return Response(self._written[1], content_type=CONTENT_TYPE)
