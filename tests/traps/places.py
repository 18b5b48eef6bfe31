"""Which accounts do two workers of stock Locust take by `account % workers`, after one has been started again?

Tells for each of four accounts how many of the workers that are there take it, before and after.
"""

from locust.env import Environment
from tests.e2e.runs import free_port
from tests.traps.clients import tell

ACCOUNTS = range(4)


def takers(indexes: list[int]) -> list[int]:
    """Return for each account how many of the workers with these indexes say that it is theirs."""
    return [sum(account % len(indexes) == index for index in indexes) for account in ACCOUNTS]


if __name__ == "__main__":
    master = Environment().create_master_runner("127.0.0.1", int(free_port()))
    first, second = (master.get_worker_index(name) for name in ("first", "second"))
    again = master.get_worker_index("second, started again")
    master.quit()
    tell({"before": takers([first, second]), "after": takers([first, again])})
