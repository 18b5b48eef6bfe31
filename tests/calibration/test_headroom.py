"""A plan that is too fast for the machine is refused with its arithmetic."""

from dataclasses import replace

import pytest
from tests.calibration.made import CERTIFICATE

from pwdload.calibration import refusal
from pwdload.calibration.headroom import requests_per_flow, usable_rate_per_s
from pwdload.cases.catalogue import case_weights


def test_a_plan_that_is_too_fast_is_refused_with_its_arithmetic() -> None:
    """6,700 requests a CPU-second, two processes on two cores: 9,380 of 13,400 may be planned on, 12,000 may not."""
    assert refusal(CERTIFICATE, 6000.0, 2.0, 2) == (
        "needs 12,000 requests/s at the peak, this machine generates 9,380/s with 2 processes "
        "(70 % of its measured 13,400/s): lower the rate, add processes or machines"
    )


@pytest.mark.parametrize(("rate_per_s", "processes"), [(4690.0, 2), (2345.0, 1), (0.0, 1)])
def test_a_plan_within_the_headroom_is_not(rate_per_s: float, processes: int) -> None:
    """Exactly what may be planned on may be planned."""
    assert refusal(CERTIFICATE, rate_per_s, 2.0, processes) == ""


def test_processes_beyond_the_cores_add_nothing() -> None:
    """Four processes on two cores generate what two do, and the line says so."""
    assert usable_rate_per_s(CERTIFICATE, 4) == usable_rate_per_s(CERTIFICATE, 2)
    assert "with 4 processes on 2 cores (" in refusal(CERTIFICATE, 6000.0, 2.0, 4)


def test_nobody_is_refused_for_what_was_not_measured() -> None:
    """Without a capacity there is no arithmetic."""
    assert refusal(replace(CERTIFICATE, capacity=None), 1e9, 2.0, 1) == ""


def test_what_others_took_of_the_core_is_not_held_against_the_plan() -> None:
    """A machine that was busy for the second of the measurement does not make a plan impossible."""
    assert CERTIFICATE.capacity is not None
    busy = replace(CERTIFICATE.capacity, cpu_share=0.5, rate_per_s=3350.0)
    assert usable_rate_per_s(replace(CERTIFICATE, capacity=busy), 1) == usable_rate_per_s(CERTIFICATE, 1)


def test_requests_of_a_flow_are_the_mean_over_the_mix() -> None:
    """A login alone is one, a change two; waiting is none; an empty mix asks for nothing."""
    assert requests_per_flow({"login_only": 1.0}) == 1.0
    assert requests_per_flow({"login_only": 1.0, "valid_change": 3.0}) == pytest.approx(1.75)
    assert requests_per_flow({"token_expired": 1.0}) == 2.0
    assert 1.5 < requests_per_flow(case_weights(None)) < 3.0
    assert requests_per_flow({}) == 0.0
