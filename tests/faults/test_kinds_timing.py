"""When stages hand things on, on a clock that the test turns."""

import math
import random
import statistics
from collections.abc import Callable

import pytest

from pwdload.faults.draws import Draws
from pwdload.faults.kinds import KINDS, checked
from pwdload.faults.stage import End, Stage
from pwdload.faults.toxic import Toxic


class _Clock:
    """A place of which the time is the test's, and the sink behind it."""

    head_request = False
    fresh = True

    def __init__(self, kind: str, *, per_message: bool = False, **attributes: int | str) -> None:
        self.toxic = checked(Toxic(name="t", kind=kind, attributes=attributes))
        self.per_message = per_message
        self.held = 0
        self.out: list[tuple[float, bytes | End]] = []
        self._now_s = 100.0
        self._timer: tuple[float, Callable[[], None]] | None = None
        stage = KINDS[kind].stage(self)
        assert stage is not None
        self.stage = stage
        self.stage.onward = _Sink(self)

    def random(self) -> random.Random:
        return Draws(self.toxic).random(1)

    def now_s(self) -> float:
        return self._now_s

    def later(self, when_s: float, call: Callable[[], None]) -> None:
        self._timer = (when_s, call)

    def cancel(self) -> None:
        self._timer = None

    def hold(self, size: int) -> None:
        self.held += size

    def answer(self, answer: bytes) -> None:
        raise AssertionError

    def deliver_again(self, request: bytes, copies: int) -> None:
        raise AssertionError

    def turn(self, to_s: float) -> None:
        """Let time pass to so many seconds after the beginning."""
        while self._timer is not None and self._timer[0] <= 100.0 + to_s:
            (self._now_s, call), self._timer = self._timer, None
            call()
        self._now_s = 100.0 + to_s


class _Sink(Stage):
    def __init__(self, clock: _Clock) -> None:
        self._clock = clock

    def data(self, data: bytes) -> None:
        self._clock.out.append((round(self._clock.now_s() - 100.0, 6), data))

    def end(self, how: End) -> None:
        self._clock.out.append((round(self._clock.now_s() - 100.0, 6), how))


def test_latency_keeps_the_order_and_delays_the_end_too() -> None:
    """What is sent later arrives later, each thing as much later as was said."""
    clock = _Clock("latency", latency=200)
    clock.stage.data(b"a")
    clock.turn(0.05)
    clock.stage.data(b"b")
    assert clock.held == 2
    clock.stage.end(End.FIN)
    clock.turn(1)
    assert clock.out == [(0.2, b"a"), (0.25, b"b"), (0.25, End.FIN)]
    assert clock.held == 0


def test_one_message_is_late_by_one_delay() -> None:
    """Of a request in pieces all have the delay that was drawn for it; its end has none of its own."""
    clock = _Clock("latency", per_message=True, latency=100, jitter=80)
    for at in range(5):
        clock.turn(at / 100)
        clock.stage.data(b"%d" % at)
    clock.stage.end(End.MESSAGE)
    clock.turn(1)
    first = clock.out[0][0]
    assert [at for at, _ in clock.out] == pytest.approx(
        [first, *(first + at / 100 for at in range(1, 5)), first + 0.04]
    )


@pytest.mark.parametrize(
    ("distribution", "mean_ms", "tolerance_ms", "least_ms"),
    [("uniform", 200, 2, 150), ("normal", 200, 3, 0), ("exponential", 250, 3, 200), ("pareto", 250, 5, 200)],
)
def test_jitter_is_distributed_as_it_says(
    distribution: str, mean_ms: float, tolerance_ms: float, least_ms: float
) -> None:
    """Over 5,000 pieces sent far apart the mean is that of the distribution, and nothing is earlier than it may be."""
    clock = _Clock("latency", latency=200, jitter=50, distribution=distribution)
    for at in range(5000):
        clock.turn(at * 60.0)
        clock.stage.data(b"x")
    clock.turn(5000 * 60.0)
    took_ms = [(at % 60.0) * 1000 for at, _ in clock.out]
    assert statistics.fmean(took_ms) == pytest.approx(mean_ms, abs=tolerance_ms)
    assert min(took_ms) >= least_ms - 0.001
    assert max(took_ms) <= (250 if distribution == "uniform" else math.inf)


def test_bandwidth_is_what_it_says_and_flows() -> None:
    """100,000 bytes at 50 KB/s take two seconds, half of them half of it; a pause is not saved up."""
    clock = _Clock("bandwidth", rate=50)
    clock.turn(1)
    clock.stage.data(bytes(100_000))
    clock.stage.end(End.FIN)
    clock.turn(2)
    assert sum(len(piece) for _, piece in clock.out if isinstance(piece, bytes)) == pytest.approx(50_000, abs=1000)
    clock.turn(10)
    assert clock.out[-1] == (3.0, End.FIN)


def test_what_is_held_goes_on_its_way_when_a_stage_is_taken_out() -> None:
    """At once, and in order."""
    clock = _Clock("latency", latency=60_000)
    for item in (b"a", b"b"):
        clock.stage.data(item)
    clock.stage.end(End.FIN)
    clock.cancel()
    clock.stage.stop()
    assert clock.out == [(0.0, b"a"), (0.0, b"b"), (0.0, End.FIN)]
    assert clock.held == 0


def test_draws_are_a_function_of_seed_name_and_number() -> None:
    """The same toxic hits the same connections again; the share comes out; another seed or name hits others."""
    toxic = Toxic(name="t", kind="noop", toxicity=0.3, seed=7)
    hits = [Draws(toxic).hits(number) for number in range(20_000)]
    assert hits == [Draws(toxic).hits(number) for number in range(20_000)]
    assert sum(hits) == pytest.approx(6000, abs=200)
    for other in (
        Toxic(name="t", kind="noop", toxicity=0.3, seed=8),
        Toxic(name="u", kind="noop", toxicity=0.3, seed=7),
    ):
        both = sum(a and Draws(other).hits(number) for number, a in enumerate(hits))
        assert both == pytest.approx(1800, abs=150)
    assert not any(Draws(Toxic(name="t", kind="noop", toxicity=0, seed=7)).hits(number) for number in range(100))
