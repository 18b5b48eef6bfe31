"""What must hold of Locust's statistics when requests are told in batches: ``python -m tests.harness.adding_up``.

Importing the harness makes the whole process cooperative: only in a process of its own.
"""

import random
import time
from functools import partial
from unittest import mock

import gevent
from locust import stats as locust_stats
from locust.env import Environment
from tests.harness.checks import hold

from pwdload.harness.statistics import Statistics, own_listener

KINDS = [("POST", "login"), ("POST", "update_password"), ("GET", "skip_update")]
FIELDS = (
    *("name", "method", "last_request_timestamp", "num_requests", "num_none_requests", "num_failures"),
    *("total_response_time", "max_response_time", "min_response_time", "total_content_length"),
    *("response_times", "num_reqs_per_sec", "num_fail_per_sec"),
)


def environment() -> Environment:
    """Return one as Locust has it when a run begins."""
    made = Environment()
    made.create_local_runner()
    return made


def totals(one: Environment) -> list[dict[str, object]]:
    """Return all that Locust's displays and reports are made of."""
    found = [one.stats.total, *(entry for _, entry in sorted(one.stats.entries.items()))]
    return [{name: getattr(entry, name) for name in FIELDS} for entry in found]


def many_requests_add_up_as_if_each_had_been_told() -> None:
    """Every number of Locust's statistics is the same, to the second and to the bucket of its histogram."""
    for seed in range(20):
        stream = random.Random(seed)
        singly, batched = environment(), environment()
        tell, statistics = own_listener(singly), Statistics(batched)
        assert tell is not None
        now_s = 1_700_000_000.0
        for _ in range(stream.randrange(1, 600)):
            now_s += stream.choice([0.0, 0.001, 0.3, 2.5])
            # Powers of two add up without rounding, so that the order in which they are added does not show.
            method, name = kind = stream.choice(KINDS)
            response_ms, length = stream.randrange(1 << 20) / 64, stream.randrange(5000)
            with mock.patch.object(time, "time", lambda at_s=now_s: at_s):
                tell(request_type=method, name=name, response_time=response_ms, response_length=length)
                statistics.add(kind, response_ms, length)
                if stream.random() < 0.02:
                    statistics.flush()
        statistics.close()
        assert totals(batched) == totals(singly), seed


def what_waits_is_handed_over_soon() -> None:
    """The web UI and the console are not behind by more than one can see."""
    one = environment()
    statistics = Statistics(one)
    statistics.add(KINDS[0], 1.0, 1)
    gevent.sleep(0.2)
    assert one.stats.total.num_requests == 1
    statistics.close()


def a_reset_forgets_what_waits() -> None:
    """What came before the button was pressed does not turn up after it."""
    one = environment()
    statistics = Statistics(one)
    statistics.add(KINDS[0], 1.0, 1)
    one.events.reset_stats.fire()  # as Locust's web UI does
    one.stats.reset_all()
    statistics.close()
    assert one.stats.total.num_requests == 0


def another_histogram_is_respected() -> None:
    """Locust's documentation allows the function that chooses the bucket to be replaced, at any time."""
    one = environment()
    statistics = Statistics(one)
    with mock.patch.object(locust_stats, "bucket_response_time", lambda ms: int(ms) // 50 * 50):
        statistics.add(KINDS[0], 77.0, 1)
        statistics.close()
    assert one.stats.total.response_times == {50: 1}


def listeners_of_all_kinds_may_be_there() -> None:
    """What is no plain function, and has no name, is a listener as well; without Locust's own there is none."""
    one = environment()
    one.events.request._handlers.insert(0, partial(print, end=""))
    assert own_listener(one) is one.events.request._handlers[1]
    del one.events.request._handlers[1]
    assert own_listener(one) is None


if __name__ == "__main__":
    hold(
        many_requests_add_up_as_if_each_had_been_told,
        what_waits_is_handed_over_soon,
        a_reset_forgets_what_waits,
        another_histogram_is_respected,
        listeners_of_all_kinds_may_be_there,
    )
