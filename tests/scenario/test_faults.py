"""Faults in a scenario: what each kind must be told, and when it may happen."""

import pytest
from tests.scenario.support import problems

from pwdload.scenario import parse_scenario

LOAD = "title = 'x'\n[[load.stages]]\nname = 'steady'\nusers = 5\nfor = '30s'\n"
FAULT = "[[faults]]\nname = 'f'\nat = '5s'\nfor = '5s'\n"


def fault(text: str) -> str:
    """Return a scenario of 30 s with one fault."""
    return LOAD + FAULT + text


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("kind = 'latency'", "faults[0].latency: missing"),
        ("kind = 'http_error'", "faults[0].http_status: missing"),
        ("kind = 'pause'\ncopies = 2", 'faults[0].copies = 2: for kind = "duplicate" only: remove it'),
        ("kind = 'pause'\nshare = 0.5", "faults[0].share = 0.5: for kinds of the fault proxy only: remove it"),
        ("kind = 'pause'\nrepeat = 2", "faults[0].pause: missing"),
        ("kind = 'pause'\npause = '1s'", "for repeat above 1 only"),
        ("kind = 'earthquake'", "faults[0].kind"),
        ("kind = 'http_error'\nhttp_status = 429\nretry_after = '300ms'", "not whole seconds"),
        ("kind = 'overload'\nstage = 'steady'", "faults[0].at"),
        ("kind = 'pause'\nrepeat = 3\npause = '5s'", "nobody sees it recover"),
        ("kind = 'latency'\nlatency = '5'", "faults[0].latency"),
    ],
)
def test_what_is_wrong_with_a_fault_is_said_at_its_key(text: str, said: str) -> None:
    """A fault that would do something else than was meant is refused."""
    assert any(said in line for line in problems(fault(text)))


def test_an_overload_is_a_stage_with_another_after_it() -> None:
    """A stage that does not exist, or after which nothing comes, cannot show a return."""
    head = "title = 'x'\n" + "".join(f"[[load.stages]]\nname = '{name}'\nusers = 5\nfor = '9s'\n" for name in "ab")
    table = "[[faults]]\nname = 'f'\nkind = 'overload'\nstage = "
    assert parse_scenario(head + table + "'a'").faults[0].stage == "a"
    assert "allowed: a, b" in problems(head + table + "'c'")[0]
    assert "the last stage" in problems(head + table + "'b'")[0]


def test_an_overload_needs_a_load_with_stages() -> None:
    """Without any there is nothing that could be too much."""
    text = "title = 'x'\n[[faults]]\nname = 'f'\nkind = 'overload'\nstage = 'a'\n"
    assert "the load has no stages" in problems(text)[0]


def test_two_faults_have_two_names() -> None:
    """The report and the control API tell them apart by it."""
    (line,) = problems(fault("kind = 'pause'\n") + FAULT + "kind = 'kill'\n")
    assert "faults[1].name" in line


def test_a_steady_state_says_something() -> None:
    """An empty table would let every fault through."""
    assert "says nothing" in problems(LOAD + "[steady_state]\nover = '5s'\n")[0]


def test_what_a_fault_is_told_is_in_seconds() -> None:
    """Keys as in the file, durations as numbers."""
    scenario = parse_scenario(fault("kind = 'latency'\nlatency = '200ms'\njitter = '0s'\nshare = 0.3"))
    assert scenario.faults[0].told() == {"latency": 0.2, "jitter": 0.0}
    assert scenario.faults[0].share == 0.3
