"""What each test costs in processor time, with the processes that it started: `make costs`.

Wall time says little on a machine that does other things meanwhile, and nothing of a test that mostly waits.
"""

import os
import resource
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

FILE = "PWDLOAD_TEST_COSTS"
"""The environment variable with the file that all test processes add their lines to."""


def _spent_s() -> float:
    both = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in both)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """Write down what a test costs, its fixtures included where it is the first that asks for them."""
    before_s = _spent_s()
    result = yield
    with Path(os.environ[FILE]).open("a") as file:
        file.write(f"{_spent_s() - before_s:.3f}\t{item.nodeid.encode('unicode_escape').decode()}\n")
    return result


def main(path: str) -> None:
    """Print the costliest files and tests of a list."""
    lines = [line.rstrip("\n").split("\t") for line in Path(path).read_text().splitlines()]
    tests = Counter({name: float(cost_s) for cost_s, name in lines})
    files: Counter[str] = Counter()
    for name, cost_s in tests.items():
        files[name.partition("::")[0]] += cost_s
    for title, costs in (("file", files), ("test", tests)):
        sys.stdout.write(f"CPU s  {title}\n")
        sys.stdout.writelines(f"{cost_s:5.1f}  {name}\n" for name, cost_s in costs.most_common(40))
    sys.stdout.write(f"{sum(files.values()):5.1f}  all {len(tests):,} tests\n")


if __name__ == "__main__":
    main(sys.argv[1])
