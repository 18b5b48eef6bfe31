"""Traps of stock Locust's HTTP client, each shown on it and on ours in one run (field notes: B, C, H, and two more)."""

from pathlib import Path

import pytest
from tests.tls import Authority
from tests.traps.run import found, target

pytestmark = pytest.mark.e2e


def test_keep_alive_survives_the_thousandth_descriptor() -> None:
    """B: 20 users make 20 connections for 60 requests. Stock asks `select`, which knows no descriptor from 1,024 on."""
    assert found("ways", "descriptors") == {"ours": 20, "stock": 60}


def test_nobody_runs_between_the_start_of_the_clock_and_the_first_byte() -> None:
    """C: another user's 5 ms of work is not in the response time. Stock lets it run first, with the clock on."""
    held_s = found("ways", "liveness")
    assert held_s["ours"] < 0.005 <= held_s["stock"]


def test_an_answer_that_is_not_utf_8_is_an_outcome() -> None:
    """H: a 503 in Latin-1 is an answer like any other. Stock raises out of the request, and fires no event at all."""
    seen = found("ways", "latin_1")
    assert seen["ours"] == {"http_status": 503, "body": "surchargée!", "transport": ""}
    assert seen["stock"] == {"served": 1, "events": 0, "raised": "UnicodeDecodeError"}


def test_an_idle_connection_that_the_target_closed_has_its_own_name() -> None:
    """The target's idle time-out, met on the wire, is told from a target that hangs up. Stock calls both the same."""
    seen = found("ways", "closed_while_idle")
    assert seen["ours"] == ["stale", "eof"]
    assert len(set(seen["stock"])) == 1


def test_what_went_out_is_never_sent_again() -> None:
    """A skip-update, which is a GET and changes something, goes out once. Stock repeats it behind the user's back."""
    seen = found("ways", "sent_again")
    assert seen["ours"] == 1
    assert seen["stock"] > 1


def test_a_returning_device_does_not_wait_for_an_acknowledgement(tmp_path: Path) -> None:
    """Small writes go out at once: a resumed TLS 1.2 connection takes what it takes.

    A socket as stock opens it, without TCP_NODELAY, holds the request until the target acknowledges the handshake,
    which its system puts off for 40 ms. The fastest of several tries stands for each: a busy machine changes nothing.
    """
    authority = Authority.make(tmp_path)
    with target(authority.issue("localhost"), "old") as (port, _):
        took_s = found("ways", "returning_device", port, authority.file)
    assert took_s["ours"] < 0.030 <= took_s["stock"]
