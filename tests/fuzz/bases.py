"""What is damaged: a run directory with every file that a run may leave, a ledger with a journal, a scenario."""

import shutil
from dataclasses import replace
from pathlib import Path

from tests.analysis.open_runs import plan_of, play
from tests.analysis.recovery_worlds import Fault
from tests.calibration.made import CERTIFICATE
from tests.fuzz.commands import command
from tests.report.faulty import LOOK, repeated

from pwdload.accounts.entry import Event
from pwdload.accounts.journal import first_lease
from pwdload.accounts.ledger import Ledger
from pwdload.calibration import write_certificate
from pwdload.endings import Ending, write_endings
from pwdload.injections import FaultsRecord, write_faults
from pwdload.metrics import seconds_utc, write_metrics
from pwdload.rundir import AccountsRecord, RateRecord, RetiredAccount, RunDirectory, SettledRecord, write_json

SCENARIO = """
title = "Everything"
seed = 3
[target]
timeout = "1s"
allow = ["staging.example.com"]
[target.metrics]
csv = "metrics.csv"
cores = 4
[load]
model = "open"
arrivals = "poisson"
max_in_flight = 200
[[load.stages]]
name = "steady"
rate = "40/s"
for = "6s"
[[load.stages]]
name = "rush"
rate = { from = "40/s", to = "80/s" }
for = "2s"
[mix]
valid_change = 9
wrong_old_password_then_right = 1
[accounts]
count = 500
[oracle]
probes = 0.01
[[faults]]
name = "black hole"
kind = "black_hole"
at = "2s"
for = "1s"
[slo]
p95_update_password = "300ms"
failed_share = "1%"
goodput = "10/s"
recover_within = "3s"
[[slo.criteria]]
metric = "p99"
at_most = "1s"
window = "2s"
[forecast]
people = 40000
growth_per_year = "20%"
expires_every = "90d"
"""
COUNTS = {"total": 10, "counts": [{"method": "POST", "route": "/login", "http_status": 200, "status": "SUCCESS",
                                   "error_code": "", "count": 10}]}  # fmt: skip


def whole_run(path: Path, *, is_cut: bool = False) -> RunDirectory:
    """Write a run of eight seconds on two workers, with faults, endings, metrics and all.

    `is_cut`: one of them was lost, so that its samples are a bare stream, and some are in the spool.
    """
    pieces = (RateRecord("steady", 0.0, 6.0, 40.0, 40.0), RateRecord("rush", 6.0, 8.0, 40.0, 80.0))
    played = play(plan_of(pieces, kind="poisson", slots=60), workers=2)
    if is_cut:
        directory = played.losing("worker-2", 6.0).write(path, unfinished=frozenset({"worker-2"}))
        directory.spool.mkdir()
        shutil.copy(directory.samples / "worker-2.arrows", directory.spool / "worker-2.arrows")
    else:
        directory = played.write(path)
    record = directory.read_record()
    ledger = AccountsRecord(
        reuse="once",
        ledger="accounts.ledger",
        ready_before=500,
        ready_after=100,
        changed=300,
        doubtful=2,
        settled=SettledRecord(applied=1, not_applied=1),
        retired=1,
        retired_first=(RetiredAccount(index=1, user_name="u", reason="locked"),),
    )
    directory.write_record(replace(record, ledger=ledger, notes=("A note.",), accounts=500))
    directory.scenario_file.write_text(SCENARIO)
    fault = Fault(way="black_hole", inject_s=2.0, heal_s=3.0, recover_s=3.5)
    write_faults(directory.faults_file, FaultsRecord(engine="embedded", injections=repeated([fault]), steady=(LOOK,)))
    write_json(directory.journal_file, {"status": "completed"})
    endings = [Ending(account, "0", "1", opens=True, earlier_opens=False) for account in range(50)]
    write_endings(directory.endings_file, [*endings, Ending(50, "0", "0", "1", "applied", "1")])
    at_s = seconds_utc(record.started_utc)
    write_metrics(directory.metrics_file, [at_s, at_s + 5], {"cpu": {at_s: 1.0, at_s + 5: 2.0}, "memory": {at_s: 1e9}})
    write_certificate(directory.calibration_file, CERTIFICATE)
    write_json(directory.target_counts_file, {"before": {"total": 0, "counts": []}, "after": COUNTS})
    assert command("report", path).exit_code in {0, 1, 3, 4, 5}
    return directory


ACCOUNTS = "user_name,password,previous_password,state,tenant,device,tags\n" + "".join(
    f"staff{n:03d},Given-{n:03d}-Xq7,Older-{n:03d}-Xq7,{'expired' if n % 2 else 'warning'},,,\n" for n in range(30)
)


def ledger_with_a_journal(ledger: Path, accounts: Path) -> None:
    """Write a list and a ledger of it, with the journal of a run that was killed."""
    accounts.write_text(ACCOUNTS)
    assert command("accounts", "import", ledger, accounts, "--host", "http://127.0.0.1:9").exit_code == 0
    opened = Ledger.open(ledger)
    run = opened.begin_run()
    journal = opened.journal(0, "command")
    accounts_used = [entry.account() for entry in opened.entries()][:5]
    journal.leased((account.index for account in accounts_used), first_lease(run), 0)
    for account in accounts_used:
        journal.intend(account, account.next)
    journal.conclude(accounts_used[0], accounts_used[0].next, Event.APPLIED)
    journal.close()
    opened.close()
