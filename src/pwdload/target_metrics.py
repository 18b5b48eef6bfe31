"""Fetches what the target said of itself when the load has ended. Nothing here can fail a run: it ends in a note."""

import http.client
import json
import math
import os
import socket
import ssl
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from http.client import HTTPConnection, HTTPResponse, HTTPSConnection
from pathlib import Path
from typing import Final
from urllib.error import HTTPError, URLError
from urllib.parse import urlencode, urlsplit
from urllib.request import (
    HTTPHandler,
    HTTPRedirectHandler,
    HTTPSHandler,
    OpenerDirector,
    ProxyHandler,
    Request,
    build_opener,
)

from pwdload.api.beside import connected
from pwdload.api.http import Resolver, is_loopback
from pwdload.api.permission import check_addresses_allowed, named
from pwdload.errors import PwdloadError, UsageError
from pwdload.metrics import parse_metrics, seconds_utc, write_metrics
from pwdload.rundir import RunDirectory, RunRecord, write_whole
from pwdload.scenario import MetricsTable, Scenario
from pwdload.scenario.metrics import TOKEN_VARIABLE
from pwdload.secrecy import given

POINTS_MAX: Final = 10_000
"""A Prometheus refuses to give more than 11,000 values of a series at once: the step is made longer."""
_ANSWER_MAX: Final = 20_000_000
_SHOWN_MAX: Final = 120
_TOGETHER_S: Final = 60.0
"""For how long queries are begun: a run that has ended is not to wait for ever for its report."""


def check_metrics_source(scenario: Scenario, allowed: Iterable[str]) -> None:
    """Refuse, before the run, a Prometheus on a host that nobody has named, or that leads where no name may.

    Raises:
        UsageError: it is neither on loopback nor on an allowed host, or an address behind its name is not allowed.
    """
    table = scenario.target.metrics
    url = table.prometheus if table is not None else None
    parts, known = urlsplit(url or ""), (*scenario.target.allow, *allowed)
    host = parts.hostname or ""
    if url is None:
        return
    if is_loopback(host) or host in named(known):
        with suppress(OSError):  # a name without an address is told when it is asked
            found = Resolver().look_up(host, parts.port or 80)
            check_addresses_allowed(host, [one.address for one in found], known)
        return
    raise UsageError(
        f"[target.metrics] prometheus = {url}: not on loopback, and its host is not named as one that may be asked; "
        f'add it to [target] allow = ["{host}"] in the scenario, or give --allow-host {host}'
    )


def keep_metrics(
    scenario: Scenario, directory: RunDirectory, record: RunRecord, allowed: Iterable[str] = ()
) -> tuple[str, ...]:
    """Write `metrics.csv` of a run whose load has ended, as far as it can be had; return what cannot, in sentences.

    `allowed`: hosts and addresses that were named besides those of the scenario.
    """
    table = scenario.target.metrics
    if table is None:
        return ()
    try:
        if table.csv is not None:
            return _copied(table.csv, directory, record)
        return _asked(table, directory, record, (*scenario.target.allow, *allowed))
    except OSError as error:
        return (f"The target's metrics could not be kept ({error.strerror or type(error).__name__}).",)


def _copied(path: Path, directory: RunDirectory, record: RunRecord) -> tuple[str, ...]:
    later = f"put them into the run's directory as {directory.metrics_file.name} and make the report again"
    try:
        text = path.read_text("utf-8-sig")
        parse_metrics(text.splitlines(), path.name, record.started_utc)
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "not UTF-8"
        return (f"The target's metrics were not to be read from {path.name} ({reason}): {later}.",)
    except PwdloadError as error:
        return (f"The target's metrics are not kept: {error}.",)
    write_whole(directory.metrics_file, text)
    return ()


def _asked(table: MetricsTable, directory: RunDirectory, record: RunRecord, allowed: Iterable[str]) -> tuple[str, ...]:
    """Ask a Prometheus for the time from zero of the run's clock to the end of the load."""
    start_s, length_s = seconds_utc(record.started_utc), max(record.duration_s or 0.0, 1.0)
    step_s = max(table.step_s, math.ceil(length_s / POINTS_MAX))
    span = {"start": f"{start_s:.3f}", "end": f"{start_s + length_s:.3f}", "step": f"{step_s:g}"}
    opener, found, missing = _opener(allowed), dict[str, Mapping[float, float]](), dict[str, list[str]]()
    until_s = time.monotonic() + _TOGETHER_S
    for name, query in table.queries.items():
        reason = "no time was left to ask" if time.monotonic() > until_s else ""
        if not reason:
            found[name], reason = _series(opener, table, {"query": query, **span})
        if reason:
            found.pop(name, None)
            missing.setdefault(reason, []).append(name)
    if found:
        times = sorted({time_s for values in found.values() for time_s in values})
        write_metrics(directory.metrics_file, times, found)
    return tuple(
        f"Of the target's metrics, {', '.join(names)} could not be had from {table.prometheus}: {reason}."
        for reason, names in missing.items()
    )


class _NoRedirect(HTTPRedirectHandler):
    """Goes nowhere else: only the host that was named may be asked, and only it may see the token."""

    def redirect_request(self, *_: object) -> None:
        return None


def _opener(allowed: Iterable[str]) -> OpenerDirector:
    """Make what asks, without the proxies of the environment, which are not for a target's own surroundings.

    Every address behind a name is looked at where the connection is made: a name may lead elsewhere by now.
    """
    known = tuple(allowed)

    class Plain(HTTPConnection):
        def connect(self) -> None:
            self.sock = connected(self.host, self.port, self.timeout, known)

    class Secure(HTTPSConnection):
        def connect(self) -> None:
            sock = connected(self.host, self.port, self.timeout, known)
            self.sock = context.wrap_socket(sock, server_hostname=self.host)

    class ByHttp(HTTPHandler):
        def http_open(self, request: Request) -> HTTPResponse:
            return self.do_open(Plain, request)

    class ByHttps(HTTPSHandler):
        def https_open(self, request: Request) -> HTTPResponse:
            return self.do_open(Secure, request)

    context = ssl.create_default_context()
    return build_opener(ProxyHandler({}), _NoRedirect(), ByHttp(), ByHttps())


def _series(opener: OpenerDirector, table: MetricsTable, form: Mapping[str, str]) -> tuple[Mapping[float, float], str]:
    """Return one query's values by time (seconds since 1970), or why there are none."""
    headers = {"Accept": "application/json"}
    if token := (given(TOKEN_VARIABLE, os.environ) or "").strip():
        headers["Authorization"] = f"Bearer {token}"
    url = f"{table.prometheus}/api/v1/query_range?{urlencode(form)}"
    try:
        # Only http and https: the scenario's own check lets nothing else through.
        with opener.open(Request(url, headers=headers), timeout=table.timeout_s) as answer:  # noqa: S310
            return _values(answer.read(_ANSWER_MAX + 1))
    except HTTPError as error:
        with error:
            return {}, _refused(error)
    except UsageError as error:
        return {}, str(error)
    except (URLError, OSError, http.client.HTTPException, ValueError) as error:
        return {}, _unreachable(error)


def _refused(error: HTTPError) -> str:
    """Return what a Prometheus says of a query that it does not answer."""
    if error.code in (401, 403):
        return f"HTTP {error.code}; is {TOKEN_VARIABLE} set, and right?"
    try:
        said = json.loads(error.read(_ANSWER_MAX))["error"]
    except (OSError, ValueError, TypeError, KeyError, http.client.HTTPException):
        return f"HTTP {error.code}"
    return f"HTTP {error.code}, {_shown(str(said))}"


def _unreachable(error: Exception) -> str:
    reason = getattr(error, "reason", error)
    if isinstance(reason, TimeoutError | socket.timeout):
        return "no answer in time"
    return _shown(getattr(reason, "strerror", None) or type(reason).__name__)


def _values(raw: bytes) -> tuple[Mapping[float, float], str]:
    """Read the answer to a range query that gives one series."""
    if len(raw) > _ANSWER_MAX:
        return {}, "the answer is larger than 20 MB"
    try:
        data = json.loads(raw)["data"]
        if data["resultType"] != "matrix":
            return {}, f"the query gives no series over time but {_shown(str(data['resultType']))}"
        result = data["result"]
        if len(result) != 1:
            return {}, f"the query gives {len(result)} series and must give one (sum it up)"
        pairs = [(float(at), float(value)) for at, value in result[0]["values"]]
    except (ValueError, TypeError, KeyError):
        return {}, "the answer is not that of a Prometheus"
    values = {at: value for at, value in pairs if math.isfinite(at) and math.isfinite(value)}
    return values, "" if values else "the query gives no value within the run"


def _shown(text: str) -> str:
    """Return what came from outside on one short line."""
    printable = "".join(c if c.isprintable() else " " for c in text).strip()
    return printable if len(printable) <= _SHOWN_MAX else f"{printable[: _SHOWN_MAX - 3]}..."
