"""Users with HTTPS come at an even pace; how long does the opening of each one hold the loop?

Arguments: WAY URL CA_FILE USERS PER_S. `held_s` is, for each user, the most processor time that its work took between
two moments at which it let others run. The turns of the loop would not do: whoever has not been scheduled for a while
finds many users ready at once, and a turn then takes as long as all of them together.
"""

import resource
import sys
import time
from collections.abc import Callable, Iterable

import gevent
from geventhttpclient.connectionpool import _CA_CERTS, init_ssl_context
from greenlet import settrace  # type: ignore[import-untyped]
from locust.contrib.fasthttp import insecure_ssl_context_factory
from tests.traps.clients import POST, Stock, ours, tell


def opener(way: str, url: str, ca_file: str) -> tuple[Callable[[], int | None], list[object]]:
    """Return what one user does, and where its connection is kept open."""
    kept: list[object] = []
    user = ours(url, f'ca_file = "{ca_file}"')

    def open_ours() -> int | None:
        client = user()
        kept.append(client)
        return client.exchange(POST).http_status

    def open_stock() -> int | None:
        session = Stock(url)
        kept.append(session)
        return session.send()

    return {"ours": open_ours, "stock": open_stock}[way], kept


class Holds:
    """Notes for each greenlet the longest processor time for which it kept all others waiting."""

    def __init__(self) -> None:
        self._longest_s: dict[object, float] = {}
        self._since_s = time.thread_time()
        settrace(self._switched)

    def _switched(self, _: str, between: tuple[object, object]) -> None:
        held_s = time.thread_time() - self._since_s
        left, _entered = between
        self._longest_s[left] = max(held_s, self._longest_s.get(left, 0.0))
        self._since_s = time.thread_time()

    def of(self, greenlets: Iterable[object]) -> list[float]:
        """Return the longest of each of these, the shortest first."""
        return sorted(self._longest_s[one] for one in greenlets)


def main(way: str, url: str, ca_file: str, users: int, per_s: float) -> None:
    """Let the users come and tell what it was like."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    begun_s = time.process_time()
    init_ssl_context(insecure_ssl_context_factory, _CA_CERTS, check_hostname=False)
    load_s = time.process_time() - begun_s
    open_one, kept = opener(way, url, ca_file)
    holds = Holds()
    start_s, jobs = time.perf_counter(), []
    for number in range(users):
        gevent.sleep(max(start_s + number / per_s - time.perf_counter(), 0))
        jobs.append(gevent.spawn(open_one))
    gevent.joinall(jobs, timeout=60)
    settrace(None)
    held_s = holds.of(jobs)
    tell(
        {
            "answered": sum(job.value == 200 for job in jobs),
            "open": len(kept),
            "load_s": load_s,
            "held_s_median": held_s[len(held_s) // 2],
            "held_s_p99": held_s[int(0.99 * len(held_s))],
            "held_s_max": held_s[-1],
        }
    )


if __name__ == "__main__":
    way, url, ca_file, users, per_s = sys.argv[1:]
    main(way, url, ca_file, int(users), float(per_s))
