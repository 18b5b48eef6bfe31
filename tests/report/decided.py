"""The fullest first page: a capacity with its limit, four peaks that are to come, and eight caveats."""

from dataclasses import replace
from pathlib import Path

from tests.analysis.capacities import FOUND
from tests.report.faulty import open_run

from pwdload.analysis import analyse, load_run
from pwdload.report import Report, build
from pwdload.report.judged import judged
from pwdload.report.model import Caution
from pwdload.report.sections import decision_section

FORECAST = """
[forecast]
people = 40_000
expires_every = "90d"
morning_rush = "60% within 15m"
mass_expiry = "6% within 1m"
peak_factor = 1.0
growth_per_year = "20%"
headroom = "25%"
lead_time = "90d"
"""
PEAKS = ("Today", "Morning rush", "Mass-expiry day", "Next year")
CAUTIONS = (
    ("everything", "The target was the embedded stand-in: the numbers describe it and this machine."),
    (
        "correctness",
        "The run had nothing that these could be checked by, so that they prove nothing. (Answer times do not tell who "
        "has an account)",
    ),
    ("latency", "The generator was busy with 83 % of a core, so that 1.20 ms of a percentile may be its own."),
    ("throughput", "The run was measured for 38 s only; with caches and pools it may be another after an hour."),
    ("capacity", "Only 6 levels were tried; the interval is as wide as that makes it, and a finer search may differ."),
    ("counts", "3 samples were cut off when a worker was killed; they are unknown, and none of them is a success."),
    ("verdict", "Two criteria had too few samples to be judged: they are cannot tell, the verdict is without them."),
    (
        "latency",
        "Percentiles of stages shorter than 30 s have no interval: requests in a queue hang together longer.",
    ),
)


def decided(folder: Path) -> Report:
    """Return the report of a run with faults and forecast, in each of whose rows something is known."""
    directory = open_run(folder)
    run, judgement = load_run(directory), judged(directory, None)
    forecast = replace(run, scenario_source=f'title = "x"\n{FORECAST}')
    cautions = tuple(Caution(number=at, weakens=what, text=text) for at, (what, text) in enumerate(CAUTIONS, 1))
    decision = decision_section(replace(analyse(forecast, judgement), capacity=FOUND), cautions)
    report = build(run, judgement)
    others = (section for section in report.sections if section.name != "decision")
    return replace(report, cautions=cautions, sections=(decision, *others))
