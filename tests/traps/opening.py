"""Users with HTTPS come at an even pace; how long does the work of opening hold the loop?

Arguments: WAY URL CA_FILE USERS PER_S. `held_s` is the processor time that passed between two turns of the loop: a
stall that our own work has caused, whatever else the machine does.
"""

import resource
import sys
import time
from collections.abc import Callable

import gevent
from geventhttpclient.connectionpool import _CA_CERTS, init_ssl_context
from locust.contrib.fasthttp import insecure_ssl_context_factory
from tests.traps.clients import POST, Stock, ours, tell

TURN_S = 0.001


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


def watch(held_s: list[float]) -> None:
    """Note how much processor time passes from one turn of the loop to the next."""
    before_s = time.process_time()
    while True:
        gevent.sleep(TURN_S)
        now_s = time.process_time()
        held_s.append(now_s - before_s)
        before_s = now_s


def main(way: str, url: str, ca_file: str, users: int, per_s: float) -> None:
    """Let the users come and tell what it was like."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    begun_s = time.process_time()
    init_ssl_context(insecure_ssl_context_factory, _CA_CERTS, check_hostname=False)
    load_s = time.process_time() - begun_s
    open_one, kept = opener(way, url, ca_file)
    held_s: list[float] = []
    gevent.spawn(watch, held_s)
    start_s, jobs = time.perf_counter(), []
    for number in range(users):
        gevent.sleep(max(start_s + number / per_s - time.perf_counter(), 0))
        jobs.append(gevent.spawn(open_one))
    gevent.joinall(jobs, timeout=60)
    held_s.sort()
    tell(
        {
            "answered": sum(job.value == 200 for job in jobs),
            "open": len(kept),
            "load_s": load_s,
            "held_s_p99": held_s[int(0.99 * len(held_s))],
            "held_s_max": held_s[-1],
        }
    )


if __name__ == "__main__":
    way, url, ca_file, users, per_s = sys.argv[1:]
    main(way, url, ca_file, int(users), float(per_s))
