"""The directory of one run: what is in it, and its record `run.json`.

A report is built from this directory alone, on any machine and at any later time. `run.json` is written when the
run starts, with `ended_utc` null, and again when it ends: a null there means that the run was cut short.

    reports/<scenario>/<utc start>/
      run.json            `pwdload.rundir.records`
      scenario.toml       the scenario as given
      samples/            one file per process (`pwdload.samples`)
      spool/              what a worker had written but not been told is safe; empty after a run that ended in order
      endings.parquet     what became of each account, by the ledger (`pwdload.endings`)
      faults.json         what was done to the target, where anything was (`pwdload.injections`)
      journal.json        the same in the shape of Chaos Toolkit's journal
      search.json         the levels of a search for capacity, where the run was one (`pwdload.searching`)
      announced.jsonl     its load as it was announced, a piece a line; in run.json too once the run has ended
      health.csv          how the load generators were, second by second (`pwdload.health`)
      metrics.csv         what the target said of itself, where it was asked (`pwdload.metrics`)
      calibration.json    what this machine's instrument was found to be worth before the run
      target_counts.json  the stand-in's own counts, where the target was one that counts
      report.html report.md report.json verdict.json junit.xml tables/*.csv
"""

from pwdload.rundir.directory import RunDirectory, write_json, write_whole
from pwdload.rundir.given import GivenScenario, digest_of
from pwdload.rundir.records import (
    FORMAT,
    AccountsRecord,
    Announced,
    ArrivalCounts,
    ArrivalPlan,
    ClockRecord,
    LostWorker,
    RateRecord,
    RetiredAccount,
    RunRecord,
    SettledRecord,
    StageRecord,
    WorkerRecord,
)

__all__ = [
    "FORMAT",
    "AccountsRecord",
    "Announced",
    "ArrivalCounts",
    "ArrivalPlan",
    "ClockRecord",
    "GivenScenario",
    "LostWorker",
    "RateRecord",
    "RetiredAccount",
    "RunDirectory",
    "RunRecord",
    "SettledRecord",
    "StageRecord",
    "WorkerRecord",
    "digest_of",
    "write_json",
    "write_whole",
]
