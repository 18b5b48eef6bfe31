"""Many jobs by a few threads, at an even pace, held back while the target is silent."""

import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator

import pytest
from tests.processes import environment

from pwdload.accounts.crew import Crew
from pwdload.accounts.spacing import Gate, Spacing


class Clock:
    """Time that passes only when somebody sleeps."""

    def __init__(self) -> None:
        self.now_s = 100.0
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.now_s

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now_s += seconds


def test_requests_go_at_even_distances_and_no_burst_makes_up_for_a_pause() -> None:
    """Four a second: at 0, 0.25, 0.5, and after ten idle seconds again one at a time."""
    clock = Clock()
    spacing = Spacing(4.0, clock=clock, sleep=clock.sleep)
    times = []
    for n in range(6):
        if n == 3:
            clock.now_s += 10
        spacing.wait()
        times.append(clock.now_s - 100)
    assert times == pytest.approx([0, 0.25, 0.5, 10.5, 10.75, 11.0])


def test_a_pace_is_shared_by_threads() -> None:
    """However many ask: each turn is given once."""
    turns: list[float] = []
    spacing = Spacing(10.0, clock=lambda: 0.0, sleep=turns.append)

    def ask() -> None:
        for _ in range(25):
            spacing.wait()

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(turns) == pytest.approx([n / 10 for n in range(1, 200)])


def test_a_gate_probes_until_the_target_answers_or_patience_is_over() -> None:
    """Nobody passes a silent target; the pauses grow; once shut it stays shut."""
    clock, answers = Clock(), iter([False, False, False, True])
    gate = Gate(lambda: next(answers), patience_s=60, clock=clock, sleep=clock.sleep, stopped=lambda: False)
    assert gate.passes()
    assert clock.slept == []
    gate.suspect()
    assert gate.passes()
    assert clock.slept == pytest.approx([0.2, 0.4, 0.8])
    silent = Gate(lambda: False, patience_s=60, clock=clock, sleep=clock.sleep, stopped=lambda: False)
    silent.suspect()
    begin_s = clock.now_s
    assert not silent.passes()
    assert 60 <= clock.now_s - begin_s <= 65
    assert silent.is_shut
    assert not silent.passes()
    assert clock.now_s - begin_s <= 65


def test_every_job_is_done_as_often_as_it_asks_for() -> None:
    """In whatever order, and no more than a handful is fetched ahead of the work."""
    done: Counter[int] = Counter()
    fetched = [0]
    ahead = [0]
    lock = threading.Lock()

    def jobs() -> Iterator[int]:
        for n in range(1_000):
            fetched[0] = n
            yield n

    def do(job: int) -> float | None:
        with lock:
            done[job] += 1
            ahead[0] = max(ahead[0], fetched[0] - len(done))
        return 0.001 if done[job] <= job % 3 else None

    Crew(do, threads=4, stop=threading.Event()).work_through(jobs())
    assert done == {n: n % 3 + 1 for n in range(1_000)}
    assert ahead[0] <= 16


def test_what_a_job_raises_ends_the_work_and_reaches_the_caller() -> None:
    """No thread stays behind, and jobs that wait for later are not done."""
    done = []

    def do(job: int) -> float | None:
        if job == 5:
            raise ValueError("five")
        done.append(job)
        return 3_600.0

    stop = threading.Event()
    before = threading.active_count()
    with pytest.raises(ValueError, match="five"):
        Crew(do, threads=3, stop=stop).work_through(range(1_000))
    assert threading.active_count() == before
    assert stop.is_set()
    assert len(done) < 50


def test_an_interruption_of_the_caller_lets_what_is_under_way_end() -> None:
    """As Ctrl-C does: what was begun is finished and kept, nothing new begins."""
    begun = threading.Event()
    ended: list[int] = []

    def do(job: int) -> None:
        begun.set()
        stop.wait(10)
        ended.append(job)

    def jobs() -> Iterator[int]:
        yield 1
        begun.wait(10)
        raise KeyboardInterrupt

    stop = threading.Event()
    with pytest.raises(KeyboardInterrupt):
        Crew(do, threads=3, stop=stop).work_through(jobs())
    assert ended == [1]


def test_under_the_harness_threads_are_greenlets_and_the_work_is_the_same() -> None:
    """With the standard library patched as Locust does: jobs wait and come again, and the loop goes on meanwhile."""
    program = """
from gevent import monkey; monkey.patch_all()
import threading, gevent
from pwdload.accounts.crew import Crew
done, ticks = [], []
def tick():
    while True:
        ticks.append(1); gevent.sleep(0.005)
gevent.spawn(tick)
def do(job):
    gevent.sleep(0.01)
    done.append(job)
    return 0.02 if done.count(job) < 2 else None
Crew(do, threads=4, stop=threading.Event()).work_through(range(20))
assert sorted(done) == sorted(2 * list(range(20))), done
assert len(ticks) > 5, ticks
"""
    done = subprocess.run(
        [sys.executable, "-c", program], env=environment(), capture_output=True, text=True, timeout=30, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
