"""Shared settings of the tests."""

from hypothesis import settings

# The same examples every time (tests are seeded), and no deadline: a shared CI core may pause for longer than a test.
settings.register_profile("seeded", derandomize=True, deadline=None)
settings.load_profile("seeded")
