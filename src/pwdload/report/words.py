"""What the codes and names of a run mean, in words.

The meanings of error codes are those of Huawei Cloud OneAccess where it publishes them ("documented"); others carry
over from the product that it is built on, or are our stand-in's own choice ("likely"). The API's own `error_msg` of
the run at hand is not recorded, since it may name a person.
"""

from dataclasses import dataclass
from typing import Literal

from pwdload.outcome import Outcome


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a code means, and how sure that is."""

    text: str
    source: Literal["documented", "likely", "ours"]

    @property
    def words(self) -> str:
        """The meaning, with a word of caution where it is not published."""
        return f"{self.text} (likely)" if self.source == "likely" else self.text


def _documented(text: str) -> Meaning:
    return Meaning(text, "documented")


def _likely(text: str) -> Meaning:
    return Meaning(text, "likely")


def _ours(text: str) -> Meaning:
    return Meaning(text, "ours")


MEANINGS = {
    "APP.0001": _documented("Application does not exist"),
    "APP.0002": _documented("Application ID is missing"),
    "APP.0003": _documented("Application is disabled"),
    "CAPTCHA.0002": _documented("CAPTCHA code is wrong"),
    "CAPTCHA.0003": _documented("CAPTCHA token has expired"),
    "LOGIN.0001": _documented("Account is locked after too many failed log-ins"),
    "LOGIN.0002": _documented("Account name or password is wrong"),
    "LOGIN.0003": _documented("id_token could not be made"),
    "PARAM.0001": _likely("A mandatory header or field is missing"),
    "PARAM.0002": _likely("Request body cannot be read"),
    "PARAM.0003": _documented("Client ID is empty"),
    "PARAM.0004": _documented("CAPTCHA coordinates are missing"),
    "PARAM.0005": _documented("Token is missing"),
    "PARAM.0006": _likely("Tenant ID is not valid"),
    "PARAM.0014": _likely("state_token is not valid"),
    "PARAM.0015": _likely("session_token is not valid"),
    "PARAM.0016": _likely("id_token is not valid or has expired"),
    "PARAM.0404": _likely("No such route"),
    "PARAM.0405": _likely("Method is not allowed"),
    "PARAM.0413": _likely("Request body is too large"),
    "PARAM.0415": _likely("Content type is not accepted"),
    "PWD.0001": _documented("New password was used before"),
    "PWD.0002": _likely("New password is the user name reversed"),
    "PWD.0003": _likely("New password contains user name, mobile or email"),
    "PWD.0004": _likely("New password has too few kinds of characters"),
    "PWD.0005": _likely("New password is on the list of weak ones"),
    "PWD.0006": _likely("New password repeats a character too often"),
    "PWD.0007": _documented("New password is too short or too long"),
    "PWD.0008": _documented("Password is missing"),
    "USER.0001": _likely("User does not exist"),
    "COM.0002": _likely("System is busy"),
    "SDK.COMMON.1008": _likely("System is busy"),
    "ACCESS_DENIED": _documented("Refused with HTTP 200 and status ACCESS_DENIED"),
    "transport:timeout": _ours("No complete answer before the time-out"),
    "transport:first_byte_timeout": _ours("No answer began before its own time-out"),
    "transport:tls_timeout": _ours("TLS handshake did not end before the time-out"),
    "transport:connect_timeout": _ours("Connection did not open before the time-out"),
    "transport:reset": _ours("Connection was reset"),
    "transport:refused": _ours("Connection was refused"),
    "transport:unreachable": _ours("Target cannot be reached"),
    "transport:dns": _ours("Target's name cannot be resolved"),
    "transport:not_allowed": _ours("Target's name leads to an address that is not allowed"),
    "transport:local": _ours("This machine ran out of ports or open files"),
    "transport:proxy_dns": _ours("Proxy's name cannot be resolved"),
    "transport:proxy_refused": _ours("Connection to the proxy was refused"),
    "transport:proxy_unreachable": _ours("Proxy cannot be reached"),
    "transport:proxy_timeout": _ours("Proxy did not connect or answer before the time-out"),
    "transport:proxy_auth": _ours("Proxy wants credentials"),
    "transport:proxy_denied": _ours("Proxy refused to connect to the target"),
    "transport:proxy_broken": _ours("Proxy hung up or did not answer in HTTP"),
    "transport:tls": _ours("TLS failed"),
    "transport:tls_certificate": _ours("Target's certificate is not trusted, expired, or for another name"),
    "transport:eof": _ours("Connection was closed before an answer"),
    "transport:stale": _ours("Idle connection had been closed by the target"),
    "transport:truncated": _ours("Answer was cut off"),
    "transport:malformed": _ours("Answer is not HTTP"),
    "transport:too_large": _ours("Answer is larger than is read"),
    "transport:coding": _ours("Answer's compression is damaged or unknown"),
    "transport:cancelled": _ours("Given up because the run ended"),
}


def meaning(code: str) -> str:
    """Return what a code means in words; what is not known is said to be so."""
    known = MEANINGS.get(code)
    if known is not None:
        return known.words
    if code.startswith("HTTP "):
        return "Answered without an error code"
    return "No complete answer" if code.startswith("transport:") else "Not in the published list"


OUTCOME_WORDS = {
    Outcome.RIGHT_ACCEPT.value: "accepted, as expected",
    Outcome.RIGHT_REJECT.value: "refused, as expected",
    Outcome.WRONG_ACCEPT.value: "accepted, but had to be refused",
    Outcome.WRONG_REJECT.value: "refused, but had to be accepted",
    Outcome.SHED.value: "turned away (overload)",
    Outcome.UNKNOWN.value: "in doubt: no documented answer",
    Outcome.NOT_SENT.value: "never sent",
    Outcome.CONTRACT_VIOLATION.value: "answer breaks the contract",
}

DEFINITIONS = (
    ("Change", "An update_password that the target accepted: one password was changed."),
    ("Response time", "From the moment a request was due (intended) to its complete, parsed answer."),
    ("Service time", "From the first byte handed to the socket to the complete answer; without the generator's lag."),
    (
        "Generator lag",
        "From the moment a request was due to its first byte, sent - intended. On a new connection it includes "
        "connecting and TLS; on a reused one all of it is the generator's own, and large values mean that it was busy. "
        "Only an arrival that waited for a slot is late for another reason; that wait is told apart.",
    ),
    ("Journey", "A flow as a whole: from the moment it was due to its last answer; to its change where that is said."),
    (
        "Percentile",
        "Nearest rank over all raw samples: the smallest observed value that so many per cent of the samples do not "
        "exceed. Nothing is interpolated, rounded into buckets or averaged over processes.",
    ),
    (
        "Interval",
        "In brackets beside p50, p95 and p99: between these two observed values lies the percentile that endless "
        "samples of the same load would have, in 95 of 100 such runs. From the ranks of the samples, whatever their "
        "distribution. Where requests hang together, as those of one queue do, fewer of them count (see Effective "
        "samples) and the interval is wider; there is none where fewer than 8 effective samples lie beyond, or fewer "
        "than 300 there are in all (for the median 60): measure for longer.",
    ),
    (
        "Effective samples",
        "How many independent requests the requests are worth. Whether they hang together is measured: counts of slow "
        "requests in slots of time, against what chance would give; the variance is that of 20 long batches, and more "
        "where few bad spells made it.",
    ),
    (
        "First byte; connect; TLS",
        "First byte: from sending to the first byte of the answer. Connect and TLS: opening the connection, of "
        "requests that opened one; they are part of lag and of response time, not of service time.",
    ),
    (
        "Bin",
        "Of response times: from one edge to the next, a twentieth of a decade or 12 % further; the edges are the same "
        "in every run. What lies on an edge belongs to the bin above. In a heat map several may be one row.",
    ),
    (
        "Warm-up, trend",
        "Of a stage: the beginning that is unlike the rest (MSER: cut where the rest is steadiest; told where it is 4 "
        "standard errors and 5 % of p50 off), and a rise or fall of the rest (Mann and Kendall, corrected for "
        "dependence, p below 0.001, and 5 % of p50 between its thirds). By the share of requests slower than the "
        "stage's own median.",
    ),
    (
        "Little's law",
        "What is under way on average is what begins per second times its mean time. It holds for every system that is "
        "steady; a difference says that a stage was not, or that a number is wrong.",
    ),
    (
        "n/a",
        "Too few samples: a percentile is printed only when at least 10 samples are expected beyond it: p50 from 20, "
        "p90 from 100, p95 from 200, p99 from 1,000, p99.9 from 10,000 samples. Plots over "
        "time describe single seconds instead: there a percentile needs one request beyond it, p50 2 and p95 20.",
    ),
    ("Measured time", "The stages marked as measured; without stages the whole run. Warm-up counts towards no rate."),
    ("Outcome", "What became of a request, judged by its parsed body against what its case expects, never by status."),
    (
        "Shed",
        "Turned away by an overloaded target: HTTP 429, HTTP 503 or the documented busy code. Nothing was changed.",
    ),
    (
        "(likely)",
        "The meaning of this error code is not in the published list: it carries over from the product that the "
        "service is built on, or is the stand-in's own choice.",
    ),
    (
        "Unfinished",
        "A flow whose answers were all as expected so far, but which the end of the run cut off: it made fewer "
        "requests than the longest flow of its case that came out as expected.",
    ),
    (
        "Unknown",
        "The request went out and no documented answer came back: applied or not, nobody can tell. No success.",
    ),
    ("CPU share", "CPU time of a process over wall time, in a second. A Python process can use one core for itself."),
    (
        "Event-loop lag",
        "By how much a timer of the process was late, at worst in a second: a reader may have waited so.",
    ),
    ("Seconds", "Times in tables and plots are seconds on the run's clock; 0 is when the load began."),
)
"""The words of the report, each with its exact meaning."""

FORECAST_DEFINITIONS = (
    (
        "Peak, expected",
        "The average rate of what [forecast] says is to come, times the peak_factor that it states; without one, the "
        "busiest span of peak_over that chance makes of people who come independently.",
    ),
    ("Head-room", "Capacity over the expected peak, less one: +30 % is 30 % more than is needed."),
    (
        "Enough",
        "Yes where the lower bound of the capacity has the wanted head-room, no where its upper bound has not; "
        "between them, or where a bound is missing, nobody can tell.",
    ),
    (
        "Growth uses it up, act by",
        "The day when the growing peak reaches the capacity; and the day that lies the lead time before the wanted "
        "head-room is missed. Both with the days by the capacity's lower and upper bound.",
    ),
)
"""The words of a report that holds a capacity against a forecast."""

OPEN_DEFINITIONS = (
    ("Arrival", "One flow that the schedule wants to begin at a time of its own, whatever the answers before it."),
    (
        "Slot",
        "What plays one arrival at a time: a Locust user with its connection. Their number limits what is in flight.",
    ),
    (
        "Waiting for a slot",
        "An arrival that finds all slots busy waits in a queue; the wait is a part of its response time. Beyond the "
        "queue's limit it is dropped, and the run is INVALID.",
    ),
    ("Offered", "First requests of arrivals by the time when they were sent."),
)
"""The words of a report on open arrivals."""

FAULT_DEFINITIONS = (
    (
        "While a fault was on",
        "From just before the call that injected it to just after the call that healed it. When it really took hold "
        "lies within either call; how long these took is told beside the numbers.",
    ),
    (
        "Request, under faults",
        "An exchange with all its retries: due when its first try was, over with its last one, failed when that one "
        "was not as its case expects. Errors by class count every exchange.",
    ),
    (
        "Noticed after",
        "From injection to the first failed completion of an exchange that was on its way meanwhile. A target that "
        "falls silent cannot be noticed before the client's time-out.",
    ),
    (
        "First success",
        "From healing to the sending of the first exchange that was sent after it and came out as expected.",
    ),
    (
        "Recovered after",
        "From healing to the first of the windows in a row that are as good as the baseline, by the thresholds printed "
        "in the section. What had not recovered when the watching ended took longer than that: > 12.0 s.",
    ),
    (
        "Baseline",
        "The measured stage before a fault, from where the target had recovered from whatever came before; without the "
        "requests that the fault met on their way. Where that is too short, the last baseline before it.",
    ),
    ("Goodput", "Flows that came out wholly as expected, by when they were due."),
    (
        "Lost",
        "Goodput of the baseline over the time that a fault was on, less what was seen of those due meanwhile; in "
        "accepted changes where the load makes any.",
    ),
    (
        "Load offered; due, not sent",
        "What was sent while a fault was on, of what was due; and the rest. Open load: flows begun, of those that the "
        "schedule has for the time. Closed load: first tries, of the requests that the baseline's rate would have "
        "brought; users who wait for an answer send nothing.",
    ),
    (
        "Error budget",
        "The failed requests that the SLO allows in the whole run. A fault has spent what failed from its injection "
        "until the target had recovered.",
    ),
    (
        "Failed share, run-wide",
        "In a run that states recover_within or max_failed_share_during, exchanges that were on their way while a "
        "fault was on, or within recover_within after it was healed, are left to these criteria. In a run that states "
        "neither, nothing excuses a failure, and all of them count.",
    ),
)
"""The words of a report on a run with faults."""
