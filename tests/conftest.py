"""Shared settings of the tests."""

import gc
import os
import sys
from contextlib import ExitStack

import pytest
from hypothesis import settings
from tests import warm
from tests.dealing import in_hands

# As for a user, what has been compiled is kept. Where a shell says otherwise, each of the hundreds of processes that
# the tests start would compile every module again.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

# What is imported and collected stays to the end: to look for garbage among it takes a quarter of the time.
gc.disable()

# The same examples every time (tests are seeded), and no deadline: a shared CI core may pause for longer than a test.
settings.register_profile("seeded", derandomize=True, deadline=None)
settings.load_profile("seeded")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Where several processes share the tests, let each begin with what takes long."""
    if hasattr(config, "workerinput"):
        items[:] = in_hands(items, config.workerinput["workercount"])


def pytest_collection_finish() -> None:
    """Leave the thousands of tests that are there to the end out of each look for garbage, and look less often."""
    gc.freeze()
    gc.set_threshold(10_000)
    gc.enable()


def pytest_configure(config: pytest.Config) -> None:
    """Begin what runs, commands and reports are forked from, where several test processes will ask for it.

    Not for `make costs`: of each test it says what all of its processes take.
    """
    is_first = getattr(config.option, "numprocesses", None) and not hasattr(config, "workerinput")
    if is_first:
        gc.enable()  # it collects nothing itself
    if is_first and not config.pluginmanager.has_plugin("tests.costs"):
        stack = ExitStack()
        stack.enter_context(warm.servers())
        config.add_cleanup(stack.close)
