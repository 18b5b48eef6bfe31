"""The instrument: connections, and how late the generator was."""

from pwdload.analysis import Analysis
from pwdload.analysis.connections import Connections, connections
from pwdload.report.formats import counted, duration, mean
from pwdload.report.frames import text
from pwdload.report.model import Section
from pwdload.report.sections.common import latency_of


def generator_section(analysis: Analysis) -> Section:
    """Return the connections that were opened, and the lag of the requests that needed none."""
    found = connections(analysis.run)
    return Section(
        name="generator",
        title="Generator and connections",
        intro=f"{connection_words(found)} Generator lag is the time from the moment a request was due to its first "
        "byte. On a new connection that includes connecting and TLS, so the generator's own lag is shown on reused "
        "ones.",
        items=(
            latency_of(
                "connections",
                "Connections and lag",
                "Connecting and TLS over the whole run; lag of the requests due within the "
                f"{duration(analysis.run.measured_s)} measured.",
                found.times,
                (text("part", "time"),),
            ),
        ),
    )


def connection_words(found: Connections) -> str:
    """Return how many connections were opened and used, in one sentence."""
    if found.requests_each is None:
        return "No connection was opened."
    return (
        f"{counted(found.opened, 'connection')} opened, {mean(found.requests_each)} requests sent on each on average."
    )
