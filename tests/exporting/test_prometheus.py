"""What Prometheus scrapes: read back by the official parser, and by promtool where that is on the machine."""

import shutil
import subprocess
from collections.abc import Iterator

import pytest
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample
from tests.watched.snapshots import full, starting

from pwdload.exporting.catalogue import CATALOGUE, REQUESTS, RESPONSE_TIME
from pwdload.exporting.prometheus import exposition
from pwdload.watched import BOUNDS_S, Snapshot


def scraped(text: str) -> Iterator[Sample]:
    """Yield the samples of an exposition, as Prometheus reads it."""
    for family in text_string_to_metric_families(text):
        yield from family.samples


def test_a_scrape_reads_back_as_the_snapshot() -> None:
    """Every count, and label values with quotes, backslashes and line ends in them."""
    snapshot = full()
    samples = [*scraped(exposition(snapshot).decode())]
    requests = {(s.labels["step"], s.labels["outcome"]): s.value for s in samples if s.name == REQUESTS.prometheus_name}
    assert all(requests[one.step, one.outcome] == one.count for one in snapshot.outcomes)
    assert {s.labels["scenario"] for s in samples} == {snapshot.scenario}
    assert "late \\ \n" in {s.labels.get("fault") for s in samples}


def test_buckets_are_cumulative_and_end_with_all() -> None:
    """The sort of histogram that `histogram_quantile` wants: `le`, up to +Inf, with a sum and a count."""
    snapshot = full()
    samples, name = [*scraped(exposition(snapshot).decode())], RESPONSE_TIME.prometheus_name
    for one in snapshot.latency:
        mine = [s for s in samples if s.labels.get("step") == one.step]
        buckets = [(float(s.labels["le"]), s.value) for s in mine if s.name == f"{name}_bucket"]
        assert [bound for bound, _ in buckets] == [*BOUNDS_S, float("inf")]
        assert [value for _, value in buckets] == [sum(one.counts[: place + 1]) for place in range(len(one.counts))]
        assert {s.value for s in mine if s.name == f"{name}_count"} == {sum(one.counts)}
        assert {s.value for s in mine if s.name == f"{name}_sum"} == {one.sum_s}


def test_nothing_is_shown_before_the_first_run() -> None:
    """A scrape of a process that waits for its first run is empty, and no error."""
    assert not [*scraped(exposition(None).decode())]


@pytest.mark.parametrize("snapshot", [starting(), full()], ids=["bare", "full"])
def test_promtool_finds_nothing_to_say(snapshot: Snapshot) -> None:
    """Prometheus' own linter: names, units, help, types. It comes with Debian's package `prometheus`."""
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("promtool is not on PATH (Debian: apt-get install prometheus)")
    check = [promtool, "check", "metrics"]
    done = subprocess.run(check, input=exposition(snapshot), capture_output=True, check=False, timeout=30)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    assert len(CATALOGUE) > 30
