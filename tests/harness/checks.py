"""Checks in a process of their own, which importing Locust makes cooperative as a whole."""

import sys
from collections.abc import Callable


def hold(*checks: Callable[[], object]) -> None:
    """Make one check after the other, saying what each is about before it is made, and that all hold in the end."""
    for check in checks:
        sys.stdout.write(f"{check.__doc__ or check.__name__}\n")
        sys.stdout.flush()
        check()
    sys.stdout.write("all hold\n")
