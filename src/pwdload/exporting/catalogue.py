"""Every metric there is. A name is for ever: dashboards and alerts of other people know it."""

from typing import Final

from pwdload.exporting.metric import Kind, Metric


def _counter(name: str, unit: str, about: str, *labels: str) -> Metric:
    return Metric(name=name, kind=Kind.COUNTER, unit=unit, labels=labels, help=about)


def _gauge(name: str, unit: str, about: str, *labels: str) -> Metric:
    return Metric(name=name, kind=Kind.GAUGE, unit=unit, labels=labels, help=about)


REQUESTS: Final = _counter("requests", "{request}", "Exchanges by step and what became of them", "step", "outcome")
CHANGES: Final = _counter("changes", "{change}", "Password changes that were accepted as expected")
ERRORS: Final = _counter(
    "errors", "{request}", "Exchanges with an error code: the API's, or transport:...", "step", "code"
)
RESPONSE_TIME: Final = Metric(
    name="response_time",
    kind=Kind.HISTOGRAM,
    unit="s",
    labels=("step",),
    help="Response time, from when a request was intended to its answer",
)
DROPPED: Final = _counter("flows.dropped", "{flow}", "Arrivals that found the queue full: the run is INVALID")

PLANNED: Final = _gauge("flows.planned", "{flow}/s", "Arrivals that the schedule wants now")
OFFERED: Final = _gauge("flows.offered", "{flow}/s", "Flows that were begun in the last few seconds")
IN_FLIGHT: Final = _gauge("flows.in_flight", "{flow}", "Flows under way")
QUEUED: Final = _gauge("flows.queued", "{flow}", "Arrivals that wait for an idle slot")
USERS: Final = _gauge("users", "{user}", "Users of the closed model, or slots of the open one")
SEND_LAG: Final = _gauge("send_lag.p99", "s", "How late requests were sent in the last few seconds (99th percentile)")

ACCOUNTS: Final = _gauge("accounts", "{account}", "Test accounts by what is known of them", "state")
ACCOUNTS_LAST: Final = _gauge("accounts.last", "s", "For how long the ready accounts last at the present rate")

GENERATOR_CPU: Final = _gauge("generator.cpu", "1", "Share of a core that a generating process takes", "worker")
GENERATOR_LAG: Final = _gauge("generator.loop_lag", "s", "Worst delay of its event loop in the last second", "worker")
GENERATOR_IN_FLIGHT: Final = _gauge("generator.in_flight", "{flow}", "Flows under way in it", "worker")
GENERATOR_QUEUED: Final = _gauge("generator.queued", "{flow}", "Arrivals that wait in it", "worker")
GENERATOR_BEGUN: Final = _counter("generator.begun", "{flow}", "Flows that it has begun", "worker")
GENERATOR_DROPPED: Final = _counter("generator.dropped", "{flow}", "Arrivals that it has dropped", "worker")
GENERATOR_UNACKNOWLEDGED: Final = _gauge(
    "generator.unacknowledged", "{block}", "Blocks of its samples that the master has not acknowledged", "worker"
)
GENERATOR_SILENT: Final = _gauge("generator.silent", "s", "How long ago it last said how it is", "worker")
GENERATOR_LOST: Final = _gauge("generator.lost", "", "1 for one that is lost: the run is INVALID", "worker")

FAULT_ACTIVE: Final = _gauge("fault.active", "", "1 while a fault is injected", "fault", "kind")
CRITERION: Final = _gauge(
    "criterion.standing", "", "1 for how a criterion stands so far; a preview of the verdict", "criterion", "standing"
)

SEARCH_RATE: Final = _gauge("search.rate", "{flow}/s", "Rate that a search for capacity tries now")
SEARCH_HELD: Final = _gauge("search.highest_held", "{flow}/s", "Highest rate that has held so far")
SEARCH_BROKEN: Final = _gauge("search.lowest_broken", "{flow}/s", "Lowest rate that has not held so far")

CLOCK: Final = _gauge("run.clock", "s", "Time on the run's clock; below zero before the load begins")
END: Final = _gauge("run.planned_end", "s", "When the load ends, on the run's clock")
PHASE: Final = _gauge("run.phase", "", "1 for how far the run is", "phase")
STAGE: Final = _gauge("run.stage", "", "1 for the stage that is on", "stage")
INFO: Final = _gauge("run.info", "", "1, with what the run is", "title", "target", "model", "directory")

CATALOGUE: Final = (
    *(REQUESTS, CHANGES, ERRORS, RESPONSE_TIME, DROPPED),
    *(PLANNED, OFFERED, IN_FLIGHT, QUEUED, USERS, SEND_LAG),
    *(ACCOUNTS, ACCOUNTS_LAST),
    *(GENERATOR_CPU, GENERATOR_LAG, GENERATOR_IN_FLIGHT, GENERATOR_QUEUED, GENERATOR_BEGUN, GENERATOR_DROPPED),
    *(GENERATOR_UNACKNOWLEDGED, GENERATOR_SILENT, GENERATOR_LOST),
    *(FAULT_ACTIVE, CRITERION, SEARCH_RATE, SEARCH_HELD, SEARCH_BROKEN),
    *(CLOCK, END, PHASE, STAGE, INFO),
)
"""In the order in which they are shown."""
