"""What the target says of itself is fetched, kept and never the end of a run: against a tiny fake Prometheus."""

import json
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from tests.analysis.synthetic import record_of
from tests.scenario.support import parse

from pwdload.errors import UsageError
from pwdload.metrics import Metrics, read_metrics
from pwdload.rundir import RunDirectory
from pwdload.scenario import Scenario
from pwdload.target_metrics import check_metrics_source, keep_metrics

RECORD = record_of([])
ZERO_S = 1795422600.0
"""2026-11-23T08:30:00Z, when that run began."""
Answer = Callable[[Mapping[str, str]], tuple[int, object]]


@dataclass
class FakePrometheus:
    """Answers range queries as it is told, and keeps what it was asked."""

    port: int = 0
    answers: dict[str, Answer] = field(default_factory=dict)
    asked: list[Mapping[str, str]] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    tokens: list[str] = field(default_factory=list)


def matrix(*series: list[list[object]]) -> Answer:
    """An answer with so many series."""
    result = [{"metric": {"job": str(n)}, "values": values} for n, values in enumerate(series)]
    return lambda _: (200, {"status": "success", "data": {"resultType": "matrix", "result": result}})


@pytest.fixture
def prometheus() -> Iterator[FakePrometheus]:
    """One on loopback."""
    fake = FakePrometheus()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            url = urlsplit(self.path)
            form = {name: values[0] for name, values in parse_qs(url.query).items()}
            fake.asked.append(form)
            fake.paths.append(url.path)
            fake.tokens.append(self.headers.get("Authorization", ""))
            status, body = fake.answers[form["query"]](form)
            raw = body if isinstance(body, bytes) else json.dumps(body).encode()
            self.send_response(status)
            if status == 302:
                self.send_header("Location", f"http://127.0.0.1:{fake.port}/elsewhere")
            self.send_header("Content-Length", str(len(raw)))
            self.end_headers()
            self.wfile.write(raw)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    fake.port = server.server_address[1]
    thread = threading.Thread(target=lambda: server.serve_forever(poll_interval=0.01), daemon=True)
    thread.start()
    yield fake
    server.shutdown()
    server.server_close()


def scenario(url: str, queries: str = 'cpu = "c"', more: str = "") -> Scenario:
    """A scenario whose target is watched there."""
    return parse(f'title = "x"\n[target.metrics]\nprometheus = "{url}"\nqueries = {{ {queries} }}\n{more}')


def keep(folder: Path, plan: Scenario) -> tuple[Metrics | None, tuple[str, ...]]:
    """Fetch into a directory; return what is on record then, and what could not be had."""
    directory = RunDirectory(folder)
    told = keep_metrics(plan, directory, RECORD)
    return read_metrics(directory.metrics_file, RECORD.started_utc), told


def test_queries_are_kept_on_the_clock_of_the_run(prometheus: FakePrometheus, tmp_path: Path) -> None:
    """Each query is asked for the time of the load, and its series ends up in metrics.csv under its name."""
    prometheus.answers = {
        "c": matrix([[ZERO_S, "1.5"], [ZERO_S + 5, "2.5"]]),
        "m": matrix([[ZERO_S + 5, "1e9"], [ZERO_S + 10, "NaN"]]),
    }
    metrics, told = keep(tmp_path, scenario(f"http://127.0.0.1:{prometheus.port}/prom/", 'cpu = "c", memory = "m"'))
    assert told == ()
    assert metrics is not None
    assert (metrics.at_s, metrics.series) == ((0.0, 5.0), {"cpu": (1.5, 2.5), "memory": (None, 1e9)})
    assert prometheus.paths == ["/prom/api/v1/query_range"] * 2
    first = prometheus.asked[0]
    assert (float(first["start"]), float(first["end"]), first["step"]) == (ZERO_S, ZERO_S + 100.0, "5")


def test_the_token_comes_from_the_environment(
    prometheus: FakePrometheus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is sent to who is asked, and is in no file."""
    monkeypatch.setenv("PWDLOAD_METRICS_TOKEN", "s3cret-token")
    prometheus.answers = {"c": matrix([[ZERO_S, "1"]])}
    keep(tmp_path, scenario(f"http://127.0.0.1:{prometheus.port}"))
    assert prometheus.tokens == ["Bearer s3cret-token"]
    assert not [path for path in tmp_path.rglob("*") if "s3cret" in path.read_text("utf-8")]


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (matrix(), "the query gives 0 series and must give one (sum it up)"),
        (matrix([[ZERO_S, "1"]], [[ZERO_S, "2"]]), "the query gives 2 series and must give one (sum it up)"),
        (matrix([]), "the query gives no value within the run"),
        (lambda _: (200, b"<html>"), "the answer is not that of a Prometheus"),
        (lambda _: (200, {"data": {"resultType": "vector", "result": []}}), "no series over time but vector"),
        (lambda _: (400, {"status": "error", "error": "parse error:\n bad"}), "HTTP 400, parse error:  bad"),
        (lambda _: (401, b""), "HTTP 401; is PWDLOAD_METRICS_TOKEN set, and right?"),
        (lambda _: (302, b""), "HTTP 302"),
        (lambda _: (503, b"busy"), "HTTP 503"),
    ],
)
def test_what_cannot_be_had_is_a_note_and_the_rest_is_kept(
    prometheus: FakePrometheus, tmp_path: Path, answer: Answer, reason: str
) -> None:
    """One bad query costs one metric and a sentence that says why; nobody is sent elsewhere."""
    prometheus.answers = {"c": answer, "m": matrix([[ZERO_S, "7"]])}
    metrics, (note,) = keep(tmp_path, scenario(f"http://127.0.0.1:{prometheus.port}", 'cpu = "c", memory = "m"'))
    assert metrics is not None
    assert metrics.series == {"memory": (7.0,)}
    assert note.startswith(f"Of the target's metrics, cpu could not be had from http://127.0.0.1:{prometheus.port}: ")
    assert note.removesuffix(".").endswith(reason)
    assert "/elsewhere" not in prometheus.paths


def test_nobody_there_is_one_note(tmp_path: Path) -> None:
    """A Prometheus that is down costs its metrics, and one sentence for all of them."""
    with socket.create_server(("127.0.0.1", 0)) as gone:
        port = gone.getsockname()[1]
    metrics, told = keep(tmp_path, scenario(f"http://127.0.0.1:{port}", 'cpu = "c", memory = "m"'))
    assert metrics is None
    assert told == (
        f"Of the target's metrics, cpu, memory could not be had from http://127.0.0.1:{port}: Connection refused.",
    )


def test_silence_ends_with_the_time_out(tmp_path: Path) -> None:
    """One that accepts and says nothing holds a run up for as long as it is allowed to."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        _, (note,) = keep(tmp_path, scenario(url, more='timeout = "50ms"'))
    assert note.endswith(": no answer in time.")


@pytest.mark.parametrize("host", ["prometheus.example.com", "10.0.0.7", "127.0.0.1.example.com"])
def test_a_host_that_nobody_named_is_refused_before_the_run(host: str) -> None:
    """What is not on loopback must be allowed, in one line with the next step."""
    plan = scenario(f"http://{host}:9090")
    with pytest.raises(UsageError) as caught:
        check_metrics_source(plan, ["other.example.com"])
    assert str(caught.value) == (
        f"[target.metrics] prometheus = http://{host}:9090: not on loopback, and its host is not named as one that may "
        f'be asked; add it to [target] allow = ["{host}"] in the scenario, or give --allow-host {host}'
    )
    check_metrics_source(plan, [host])
    check_metrics_source(scenario("http://localhost:9090"), [])
    check_metrics_source(parse('title = "x"'), [])


def test_a_csv_is_copied_as_it_is(tmp_path: Path) -> None:
    """The report is then a function of the run directory alone."""
    source = tmp_path / "vmstat.csv"
    source.write_text("time,cpu\n2026-11-23T08:30:05Z,3\n", encoding="utf-8")
    (tmp_path / "run").mkdir()
    plan = parse(f'title = "x"\n[target.metrics]\ncsv = "{source}"')
    metrics, told = keep(tmp_path / "run", plan)
    assert told == ()
    assert metrics is not None
    assert (metrics.at_s, metrics.series) == ((5.0,), {"cpu": (3.0,)})


@pytest.mark.parametrize(
    ("text", "note"),
    [
        (None, "were not to be read from vmstat.csv (No such file or directory): put them into the run's directory"),
        ("cpu\n1\n", "are not kept: vmstat.csv: line 1: not a head of metrics"),
    ],
)
def test_a_csv_that_is_not_there_or_wrong_is_a_note(tmp_path: Path, text: str | None, note: str) -> None:
    """It may be put there later; what is wrong with it is told line by line."""
    source = tmp_path / "vmstat.csv"
    if text is not None:
        source.write_text(text, encoding="utf-8")
    (tmp_path / "run").mkdir()
    metrics, (told,) = keep(tmp_path / "run", parse(f'title = "x"\n[target.metrics]\ncsv = "{source}"'))
    assert metrics is None
    assert note in told


def test_a_scenario_without_metrics_keeps_none(tmp_path: Path) -> None:
    """Nothing is asked, nothing is written, nothing is said."""
    assert keep(tmp_path, parse('title = "x"')) == (None, ())
    assert not list(tmp_path.iterdir())
