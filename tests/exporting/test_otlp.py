"""What OpenTelemetry's SDK pushes: exact totals, streams of their own for each run, and no word of what is secret."""

import random
import time
from typing import Any

import pytest
from tests.exporting.collector import Collector, collector, labels
from tests.watched.course import later
from tests.watched.snapshots import full, starting

from pwdload.errors import UsageError
from pwdload.exporting.catalogue import CATALOGUE, CHANGES, REQUESTS, RESPONSE_TIME
from pwdload.exporting.endpoint import check_environment
from pwdload.exporting.metric import Kind
from pwdload.exporting.otlp import OtlpPush
from pwdload.watched import BOUNDS_S


@pytest.fixture(name="endpoint")
def _endpoint(monkeypatch: pytest.MonkeyPatch) -> Any:
    with collector() as kept:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", kept.url)
        yield kept


def requests_by_step(kept: Collector, place: int = -1) -> dict[tuple[str, str], int]:
    """Return how many exchanges a push says there were."""
    points = kept.metrics(place)[REQUESTS.otel_name].sum.data_points
    return {(said["step"], said["outcome"]): point.as_int for point in points for said in [labels(point.attributes)]}


def test_a_push_says_exactly_what_the_snapshot_says(endpoint: Collector) -> None:
    """Counters are monotonic sums, histograms have our buckets, gauges their values, and all are of one run."""
    push, snapshot = OtlpPush(), full()
    push.show(snapshot)
    push.end()
    metrics = endpoint.metrics()
    assert (
        requests_by_step(endpoint).items() >= {(one.step, one.outcome): one.count for one in snapshot.outcomes}.items()
    )
    assert metrics[REQUESTS.otel_name].sum.is_monotonic
    (changes,) = metrics[CHANGES.otel_name].sum.data_points
    assert changes.as_int == snapshot.changes
    times = {labels(one.attributes)["step"]: one for one in metrics[RESPONSE_TIME.otel_name].histogram.data_points}
    for one in snapshot.latency:
        point = times[one.step]
        assert (tuple(point.bucket_counts), tuple(point.explicit_bounds)) == (one.counts, BOUNDS_S)
        assert (point.count, point.sum) == (sum(one.counts), one.sum_s)
        assert not point.HasField("min")
        assert point.start_time_unix_nano <= point.time_unix_nano
    assert set(metrics) == {metric.otel_name for metric in CATALOGUE}
    assert {metrics[one.otel_name].WhichOneof("data") for one in CATALOGUE if one.kind is Kind.GAUGE} == {"gauge"}
    assert {name: endpoint.resource()[name] for name in ("service.name", "service.instance.id")} == {
        "service.name": "pwdload",
        "service.instance.id": "run-1",
    }


def test_what_the_environment_says_comes_first(endpoint: Collector, monkeypatch: pytest.MonkeyPatch) -> None:
    """A team's own service name, attributes and headers are those of OpenTelemetry's standard variables."""
    monkeypatch.setenv("OTEL_SERVICE_NAME", "identity-load")
    monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment.name=staging")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", "x-api-key=abc")
    push = OtlpPush()
    push.show(full())
    push.end()
    assert endpoint.resource()["service.name"] == "identity-load"
    assert endpoint.resource()["deployment.environment.name"] == "staging"
    assert endpoint.headers[-1]["x-api-key"] == "abc"


def test_a_second_run_is_another_stream_from_zero(endpoint: Collector) -> None:
    """Its counters are smaller than those of the first, whose last values are pushed before: nothing goes back."""
    push, first, second = OtlpPush(), full(), starting(run_id="run-2")
    push.show(first)
    push.show(second)
    push.end()
    deadline_s = time.monotonic() + 10
    while len(endpoint.requests) < 2 and time.monotonic() < deadline_s:
        time.sleep(0.01)
    pushes = {endpoint.resource(place)["service.instance.id"]: place for place in range(len(endpoint.requests))}
    assert sum(requests_by_step(endpoint, pushes["run-1"]).values()) == first.requests
    assert sum(requests_by_step(endpoint, pushes["run-2"]).values()) == 0


def test_differences_add_up_where_a_receiver_wants_them(endpoint: Collector, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the standard's delta preference, what all pushes say together is what the last snapshot says."""
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE", "delta")
    chance, push, snapshot = random.Random(3), OtlpPush(), full(3)
    for _ in range(3):
        push.show(snapshot)
        push.push()
        last, snapshot = snapshot, later(snapshot, chance)
    push.end()
    counted = sum(sum(requests_by_step(endpoint, place).values()) for place in range(len(endpoint.requests)))
    assert counted == last.requests
    for one in last.latency:
        assert added_up(endpoint, one.step) == one.counts


def added_up(kept: Collector, step: str) -> tuple[int, ...]:
    """Return the sums over all pushes of a step's buckets."""
    points = [
        point
        for place in range(len(kept.requests))
        for point in kept.metrics(place)[RESPONSE_TIME.otel_name].histogram.data_points
        if labels(point.attributes)["step"] == step
    ]
    return tuple(map(sum, zip(*(point.bucket_counts for point in points), strict=True)))


def test_a_push_is_of_one_moment(endpoint: Collector) -> None:
    """While a push is gathered the next snapshot may come: sums over its parts must still agree."""
    chance, push, snapshot = random.Random(5), OtlpPush(), full(5)
    push.show(snapshot)
    for _ in range(3):
        snapshot = later(snapshot, chance)
        push.show(snapshot)
        push.push()
        assert sum(requests_by_step(endpoint).values()) == snapshot.requests
    push.end()


def test_a_refusal_is_told_once_and_shows_no_secret(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A key may be in a header, in the URL's query or before its host; none is in what people see."""
    with collector(status=403) as kept:
        there = kept.url.removeprefix("http://")
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", f"http://me:hunter22@{there}/in?api-key=sesame22")
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", "authorization=Bearer%20opensesame")
        push = OtlpPush()
        push.show(full())
        push.push()
        push.push()
        push.end()
        assert len(kept.requests) == 3
    said = "".join(capsys.readouterr())
    assert said.count("does not take what is pushed") == 1
    assert "3 of 3 pushes" in said
    assert not any(secret in said for secret in ("hunter22", "sesame22", "opensesame"))


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc", "only http/protobuf is spoken"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "collector:4318", "not a URL such as"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://[::1:4318", "not a URL such as"),
        ("OTEL_METRIC_EXPORT_INTERVAL", "10s", "not a number of milliseconds"),
        ("OTEL_EXPORTER_OTLP_TIMEOUT", "0", "not a number of seconds"),
    ],
)
def test_a_variable_that_cannot_be_used_is_told_before_a_run(name: str, value: str, says: str) -> None:
    """The SDK would warn somewhere in a log, take its default, and a team would look for its metrics."""
    with pytest.raises(UsageError, match=says) as told:
        check_environment({name: value})
    assert name in str(told.value)


def test_the_endpoint_is_shown_without_what_may_be_secret() -> None:
    """Where it goes is worth saying; who says so, and a key in the query, is not."""
    url = "https://me:hunter22@otlp.example.com:443/base?key=sesame"
    assert check_environment({"OTEL_EXPORTER_OTLP_ENDPOINT": url}) == "https://otlp.example.com:443/base/v1/metrics"
    assert check_environment({}) == "http://localhost:4318/v1/metrics"
