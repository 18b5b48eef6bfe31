"""Trap A: every HTTPS user of stock Locust loads the CA bundle, inside the timed request. Ours share one context."""

from pathlib import Path

import pytest
from tests.tls import Authority
from tests.traps.run import found, target

pytestmark = pytest.mark.e2e

STOCK_USERS = 20


@pytest.mark.parametrize("users", [500, pytest.param(2_000, marks=pytest.mark.slow)])
def test_https_users_open_without_a_stall_of_the_loop(tmp_path: Path, users: int) -> None:
    """Ours: 2,000 verified connections at 400/s, and none holds the loop for half of what one CA bundle would.

    Stock: 20 users at 10/s, the target not even verified, and each holds the loop for the whole of a bundle's loading.
    All times are of the processor, and a user's own: neither other processes nor other users are in them.
    """
    authority = Authority.make(tmp_path)
    with target(authority.issue("localhost")) as (port, seen):
        ours = found("opening", "ours", f"https://localhost:{port}", authority.file, users, 400)
    assert (ours["answered"], ours["open"], seen["connections"]) == (users, users, users)
    assert ours["held_s_p99"] < ours["load_s"] / 2, ours
    with target(authority.issue("localhost")) as (port, _):
        stock = found("opening", "stock", f"https://localhost:{port}", authority.file, STOCK_USERS, 10)
    assert stock["answered"] == STOCK_USERS
    assert stock["held_s_median"] > stock["load_s"] / 2, stock
