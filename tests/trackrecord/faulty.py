"""Runs against a healthy target under each fault, in none of which the oracle may find anything: `make cleanfaults`.

python -m tests.trackrecord.faulty             twenty of each kind, into docs/oracle.md
python -m tests.trackrecord.faulty kill refuse  twenty of these kinds only, told and not written down
"""

import random
import sys
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from tests.trackrecord.clean import AT_ONCE, Row, line, played
from tests.trackrecord.draws import CleanRun
from tests.trackrecord.pages import ORACLE_PAGE, write_between
from tests.trackrecord.running import toml_text
from tests.trackrecord.surroundings import Place, behind_tls, embedded, lacks_packets, own_network

from pwdload.oracle.binomial import upper_bound_of_none
from pwdload.units import format_share

RUNS = 20
"""Of each kind."""
BEGIN, END = (
    "<!-- clean runs under faults: written by make cleanfaults -->",
    "<!-- end of the clean runs under faults -->",
)
LENGTH_S = 6

KINDS: Mapping[str, Sequence[Mapping[str, object]]] = {
    "noop": [{}],
    "latency": [{"latency": "100ms", "jitter": "50ms", "share": 0.5}, {"latency": "500ms", "direction": "upstream"}],
    "bandwidth": [{"kilobytes_per_s": 20}, {"kilobytes_per_s": 5, "direction": "upstream"}],
    "slow_close": [{"delay": "300ms"}],
    "timeout": [{"direction": "upstream"}, {"direction": "downstream", "share": 0.3}, {"after": "200ms"}],
    "reset_peer": [{"direction": "upstream"}, {"direction": "downstream"}, {"share": 0.2, "after": "1ms"}],
    "slicer": [{"average_size": 16, "delay": "1ms"}, {"average_size": 64, "direction": "upstream"}],
    "limit_data": [{"bytes": 60}, {"bytes": 10, "part": "body", "share": 0.5}, {"bytes": 400, "direction": "upstream"}],
    "black_hole": [{"where": "open"}, {"where": "connect"}, {"where": "both"}],
    "refuse": [{}],
    "http_error": [{"http_status": status, "share": 0.5} for status in (429, 500, 502, 503, 504)],
    "drop_answer": [{"then": then, "share": 0.4} for then in ("hang", "close", "reset")],
    "duplicate": [{"share": 0.5}, {"copies": 3, "share": 0.2}],
    "garbage": [{"bytes": 200, "share": 0.3}],
    "pause": [{}],
    "kill": [{}],
    "database_lock": [{}],
    "slow_disk": [{"delay": "30ms"}],
    "clock_jump": [{"by": "10m"}],
    "tls_stall": [{}, {"share": 0.5}, {"direction": "downstream"}],
    "packet_drop": [{}],
    "packet_reject": [{}],
}
"""What each kind is told, one of them at each run. Delay and loss of packets take netem, which few kernels have; to the
target and its clients they are a latency."""
_OF_PACKETS = ("packet_drop", "packet_reject")
PLACES: Mapping[str, Place] = {"tls_stall": behind_tls, **dict.fromkeys(_OF_PACKETS, own_network)}
"""Where the kinds are played that need more than the embedded stand-in."""


def drawn(kind: str, number: int) -> CleanRun:
    """Return a run of a number under a fault of a kind."""
    chance = random.Random(f"{kind} {number}")
    told = KINDS[kind][number % len(KINDS[kind])]
    doubtful = chance.choice(("never", "same_token"))
    fault = {"name": kind, "kind": kind, "at": "1500ms", "for": "1s", "repeat": 2, "pause": "1s", **told}
    retries = {"attempts": chance.choice((1, 2, 4)), "backoff": "50ms", "doubtful": doubtful}
    is_embedded = PLACES.get(kind) is not behind_tls
    # A handshake is stalled where there is one: only new connections have any.
    of_tls = {} if is_embedded else {"ca_file": "ca.pem", "connections": "per_flow"}
    tables: Mapping[str, Mapping[str, object]] = {
        "target": {"state_token_life": "2s", "timeout": "400ms", **of_tls},
        "accounts": {"count": 2_000} if is_embedded else {},
        "oracle": {"probes": 0.1, "final_logins": 500},
        "load": {"model": "open", "arrivals": "poisson", "max_in_flight": 300},
        "mix": {"valid_change": 6.0, "change_then_login": 2.0, "race_one_token": 1.0, "login_wrong_then_right": 0.5},
        "retries": retries,
        "standin": {"hash_algorithm": "sha256", "db_busy_timeout_s": 0.3} if is_embedded else {},
        "[faults]": fault,
    }
    stage = {"name": "load", "rate": "60/s", "for": f"{LENGTH_S}s"}
    traits = (kind, *(f"{key} {value}" for key, value in told.items()), f"doubtful {doubtful}")
    scenario = toml_text(f"Clean under {kind}, {number}", number, tables, stage)
    return CleanRun(number=number, traits=traits, scenario=scenario, processes=1)


def table(rows: Mapping[str, Sequence[Row]]) -> str:
    """Return what was found under each kind of fault, as a table in Markdown."""
    lines = [
        "| fault | runs | requests | acknowledged changes | violations | false alarms |",
        "|---|--:|--:|--:|--:|--:|",
    ]
    for kind, of_kind in rows.items():
        cells = (
            len(of_kind),
            sum(row.requests for row in of_kind),
            sum(row.changes for row in of_kind),
            sum(one.violations_total for row in of_kind if row.judgement for one in row.judgement.results),
            sum(bool(row.wrong) for row in of_kind),
        )
        lines.append(f"| `{kind}` | {' | '.join(f'{cell:,}' for cell in cells)} |")
    return "\n".join(lines) + "\n"


def summary(rows: Mapping[str, Sequence[Row]]) -> str:
    """Return how many runs there were, and what that proves."""
    whole = [row for of_kind in rows.values() for row in of_kind]
    wrong = sum(bool(row.wrong) for row in whole)
    text = f"{len(whole)} runs under {len(rows)} kinds of fault: {wrong or 'no'} false alarm{'s' if wrong > 1 else ''}."
    bound = format_share(upper_bound_of_none(len(whole)))
    return text + ("" if wrong else f"\nWith 95 % confidence fewer than {bound} of such runs have one.") + "\n"


def main(arguments: Sequence[str]) -> int:
    """Play the runs of these kinds, or of all; return the exit code."""
    if unknown := [kind for kind in arguments if kind not in KINDS]:
        sys.stderr.write(f"{unknown[0]}: no kind that is tried here; allowed: {', '.join(KINDS)}\n")
        return 2
    lacking = lacks_packets() if not arguments else ""
    kinds = arguments or [kind for kind in KINDS if not lacking or kind not in _OF_PACKETS]
    if lacking:
        sys.stdout.write(f"{', '.join(_OF_PACKETS)}: not played, {lacking}\n")
    begun_s = time.monotonic()
    rows = {}
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for kind in kinds:
            runs = [drawn(kind, number) for number in range(1, RUNS + 1)]
            rows[kind] = list(pool.map(partial(played, place=PLACES.get(kind, embedded)), runs))
    wrong = [row for of_kind in rows.values() for row in of_kind if row.wrong]
    sys.stdout.write(f"\n{summary(rows)}\n{table(rows)}\nin {time.monotonic() - begun_s:.0f} s\n")
    sys.stdout.writelines(f"{line(row)}\n" for row in wrong)
    if len(kinds) == len(KINDS) and not wrong:
        write_between(ORACLE_PAGE, BEGIN, END, f"{summary(rows)}\n{table(rows)}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
