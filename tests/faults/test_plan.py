"""From the faults of a scenario to injections on the run's clock and toxics of the proxy."""

import pytest

from pwdload.faults.kinds import KINDS
from pwdload.faults.plan import plan_faults, toxic_of
from pwdload.faults.toxic import Scope, Stream
from pwdload.scenario import parse_scenario
from pwdload.scenario.faults import PROXY_KINDS

LOAD = "title = 'x'\n" + "".join(f"[[load.stages]]\nname = '{n}'\nusers = 5\nfor = '30s'\n" for n in ("a", "b", "c"))


def fault(text: str, name: str = "f") -> str:
    """Return the text of one fault from 5 s on for 2 s."""
    return f"[[faults]]\nname = '{name}'\nat = '5s'\nfor = '2s'\n{text}\n"


def test_a_repeated_fault_is_several_injections_with_pauses_between() -> None:
    """The distribution of what a fault costs needs it more than once."""
    scenario = parse_scenario(LOAD + fault("kind = 'pause'\nrepeat = 3\npause = '10s'"))
    planned = plan_faults(scenario.faults, scenario.stages)
    assert [(one.repeat, one.start_s, one.end_s) for one in planned] == [(1, 5, 7), (2, 17, 19), (3, 29, 31)]
    assert {one.means for one in planned} == {"process"}


def test_an_overload_is_on_as_long_as_its_stage() -> None:
    """Its times are those of the load."""
    scenario = parse_scenario(LOAD + "[[faults]]\nname = 'too much'\nkind = 'overload'\nstage = 'b'\n")
    (planned,) = plan_faults(scenario.faults, scenario.stages)
    assert (planned.means, planned.start_s, planned.end_s) == ("load", 30.0, 60.0)


def test_injections_come_in_the_order_of_their_start() -> None:
    """Faults may overlap, and are told apart by their names."""
    text = LOAD + fault("kind = 'pause'\nrepeat = 2\npause = '3s'", "p") + fault("kind = 'refuse'", "r")
    scenario = parse_scenario(text)
    planned = plan_faults(scenario.faults, scenario.stages)
    assert [(one.fault.name, one.start_s) for one in planned] == [("p", 5.0), ("r", 5.0), ("p", 10.0)]


@pytest.mark.parametrize(
    ("text", "attributes"),
    [
        ("kind = 'latency'\nlatency = '200ms'\njitter = '50ms'", {"latency": 200, "jitter": 50}),
        ("kind = 'bandwidth'\nkilobytes_per_s = 50", {"rate": 50}),
        ("kind = 'timeout'\nafter = '1s'", {"timeout": 1000}),
        ("kind = 'slicer'\naverage_size = 64\ndelay = '1ms'", {"average_size": 64, "delay": 1000}),
        ("kind = 'http_error'\nhttp_status = 429\nretry_after = '2s'", {"status": 429, "retry_after": 2}),
        ("kind = 'limit_data'\nbytes = 10\npart = 'body'", {"bytes": 10, "part": "body"}),
    ],
)
def test_a_toxic_says_it_in_the_units_of_the_control_api(text: str, attributes: dict[str, object]) -> None:
    """Milliseconds, microseconds for slices, kilobytes."""
    assert toxic_of(parse_scenario(LOAD + fault(text)).faults[0]).attributes == attributes


@pytest.mark.parametrize(
    ("text", "stream", "scope"),
    [
        ("kind = 'latency'\nlatency = '1s'", Stream.DOWNSTREAM, Scope.CONNECTION),
        ("kind = 'latency'\nlatency = '1s'\nshare = 0.3", Stream.DOWNSTREAM, Scope.REQUEST),
        ("kind = 'http_error'\nhttp_status = 503", Stream.UPSTREAM, Scope.REQUEST),
        ("kind = 'drop_answer'\nscope = 'connection'", Stream.DOWNSTREAM, Scope.CONNECTION),
        ("kind = 'timeout'\ndirection = 'upstream'", Stream.UPSTREAM, Scope.CONNECTION),
    ],
)
def test_what_is_not_stated_is_as_the_kind_is(text: str, stream: Stream, scope: Scope) -> None:
    """A share is one of requests, since with keep-alive a share of connections is one of users."""
    toxic = toxic_of(parse_scenario(LOAD + fault(text)).faults[0])
    assert (toxic.stream, toxic.scope) == (stream, scope)


def test_scenario_and_proxy_know_the_same_kinds() -> None:
    """What can be written can be done."""
    assert KINDS.keys() == PROXY_KINDS


def test_what_is_kept_of_an_injection_reads_as_the_scenario_does() -> None:
    """The report shows what was written."""
    scenario = parse_scenario(LOAD + fault("kind = 'latency'\nlatency = '200ms'\nshare = 0.3"))
    injection = plan_faults(scenario.faults, scenario.stages)[0].injection()
    assert injection.attributes == {"latency": "200 ms"}
    assert (injection.share, injection.scope, injection.planned_end_s) == (0.3, "request", 7.0)
