"""What a worker makes of a target whose name leads elsewhere than at its master: ``python -m tests.harness.elsewhere``.

In a process of its own, since importing the harness patches sockets.
"""

import random
import socket
import sys
import time
from typing import Any

from pwdload.api.connections import Connections
from pwdload.errors import UsageError
from pwdload.harness.plan import Plan, check_here
from pwdload.scenario import parse_scenario

SCENARIO = 'title = "x"\n[target]\nallow = ["id.test.example"]'


def plan(*addresses: str) -> Plan:
    """Return a plan as it comes from a master that knows these addresses."""
    made = Plan(
        scenario=parse_scenario(SCENARIO),
        target="https://id.test.example",
        weights={"valid_change": 1.0},
        state_token_life_s=1.0,
        secret_digest="",
        clock="",
        network="",
        stages=(),
        addresses=addresses,
    )
    return Plan.from_json(made.to_json())


def refused(ordered: Plan) -> str:
    """Return why this process does not take part; empty when it does."""
    target = ordered.scenario.target
    made = Connections(target, ordered.target, clock=time.perf_counter, environment={}, chance=random.Random(1))
    try:
        check_here(ordered, made)
    except UsageError as error:
        return str(error)
    return ""


def main() -> None:
    """Check what must hold."""
    real = socket.getaddrinfo

    def look_up(host: str, port: int, *rest: Any, **more: Any) -> Any:
        return [info for address in ("10.0.0.1", "10.9.9.9") for info in real(address, port, *rest, **more)]

    socket.getaddrinfo = look_up  # type: ignore[assignment]
    why = refused(plan("10.0.0.1"))
    assert "resolves to 10.9.9.9 here and to 10.0.0.1 at the master" in why, why
    assert "--allow-host 10.9.9.9" in why, why
    assert refused(plan("10.0.0.1", "10.9.9.9")) == ""
    assert refused(plan()) == "", "where nobody has looked, nobody can tell"
    sys.stdout.write("all hold\n")


if __name__ == "__main__":
    main()
