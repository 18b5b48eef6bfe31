"""Keeps a run's own papers while it goes on: run.json, scenario.toml, and the target's counts before and after."""

import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from pathlib import Path

from pwdload.endings import Ending, write_endings
from pwdload.errors import RunDirectoryError
from pwdload.faults.processes.control import StandinControl
from pwdload.harness.preparation import Preparation
from pwdload.harness.progress import say
from pwdload.health import HealthLog, HealthRow
from pwdload.outcome import Verdict
from pwdload.rundir import (
    AccountsRecord,
    Announced,
    ArrivalPlan,
    LostWorker,
    RunDirectory,
    RunRecord,
    StageRecord,
    WorkerRecord,
    digest_of,
    write_json,
)

_VERSIONS_OF = ("pwdload", "locust", "gevent", "httptools", "faker", "pandas", "pyarrow")


class RunLog:
    """The papers of one run, from its first moment to its report."""

    def __init__(
        self,
        reports: Path,
        prepared: Preparation,
        stages: tuple[StageRecord, ...],
        arrivals: ArrivalPlan | None,
        notes: tuple[str, ...],
    ) -> None:
        """Make the run directory and write what is known at the start.

        Raises:
            RunDirectoryError: it cannot be made.
        """
        scenario, started = prepared.scenario, datetime.now(UTC)
        self.directory = RunDirectory.create(reports, scenario.name, started)
        self._record = RunRecord(
            title=scenario.title,
            scenario=scenario.name,
            seed=scenario.seed,
            target=prepared.target,
            target_is_standin=prepared.standin is not None,
            started_utc=started.isoformat(timespec="milliseconds"),
            stages=stages,
            scenario_sha256=digest_of(scenario.source),
            arrivals=arrivals,
            versions={"python": platform.python_version()} | {name: version(name) for name in _VERSIONS_OF},
            generator={"cores": str(os.cpu_count()), "system": platform.platform(terse=True)},
            accounts=sum(prepared.keeper.accounts.sizes.values()),
            notes=prepared.notes + notes,
        )
        self._standin = StandinControl(prepared.target)
        self._counts: dict[str, object] = {"before": self._standin.counts(), "after": None}
        try:
            self.directory.scenario_file.write_text(scenario.source, encoding="utf-8")
            self.directory.write_record(self._record)
            self._write_counts()
            self._health = HealthLog(self.directory.health_file)
        except OSError as error:
            raise RunDirectoryError(f"{self.directory.path}: cannot be written ({error.strerror}); make room") from None
        self.directory.link_latest()

    @property
    def record(self) -> RunRecord:
        """What is known of the run so far."""
        return self._record

    def _write_counts(self) -> None:
        write_json(self.directory.target_counts_file, self._counts)

    def clock_starts(self, *, in_s: float) -> None:
        """Note when zero of the run's clock is."""
        zero = datetime.now(UTC) + timedelta(seconds=in_s)
        self._record = replace(self._record, started_utc=zero.isoformat(timespec="milliseconds"))
        self.directory.write_record(self._record)

    def load_grows(self, stages: tuple[StageRecord, ...], arrivals: ArrivalPlan) -> None:
        """Write down the load as far as it is announced by now: a run that is killed has all of it on disk.

        Before it is announced, so that no sample is of a load that is not on record.
        """
        known = len(self._record.arrivals.pieces) if self._record.arrivals is not None else 0
        for piece in arrivals.pieces[known:]:
            self.directory.write_announced(Announced(stage=stages[-1], piece=piece))
        self._record = replace(self._record, stages=stages, arrivals=arrivals)
        if len(arrivals.pieces) == known:  # no more load, but another word on the stages
            self.directory.write_record(self._record)

    def keep_health(self, row: HealthRow) -> None:
        """Keep how a process was in the last second."""
        self._health.append([row])

    def load_ends(self, *, at_s: float, reason: str, users: int) -> None:
        """Note when, and why, the load was told to stop; only the first word counts."""
        if self._record.duration_s is None:
            self._record = replace(self._record, duration_s=at_s, ended_by=reason, users=users)

    def answers_are_in(self) -> None:
        """Take the target's counts: the load has had its last answer, and nothing else was asked since."""
        self._health.close()
        self._counts["after"] = self._standin.counts()
        self._write_counts()

    def end(
        self,
        *,
        workers: Iterable[WorkerRecord],
        expected: Sequence[str],
        lost: Iterable[LostWorker] = (),
        notes: Iterable[str] = (),
        ledger: AccountsRecord | None = None,
        endings: Sequence[Ending] = (),
    ) -> None:
        """Write what is known at the end; `endings` are what became of the accounts one by one."""
        told = tuple(workers)
        if ledger is not None:
            write_endings(self.directory.endings_file, endings)
        self._record = replace(
            self._record,
            ended_utc=datetime.now(UTC).isoformat(timespec="milliseconds"),
            workers=told,
            expected_workers=tuple(expected),
            lost_workers=tuple(lost),
            notes=tuple(dict.fromkeys((*self._record.notes, *notes, *(note for one in told for note in one.notes)))),
            ledger=ledger,
        )
        self.directory.write_record(self._record)

    def report(self) -> tuple[int, str]:
        """Make the report in a process of its own, and return the run's exit code and the report's headline.

        A process of its own, because the analysis would stop Locust's heartbeats and web UI for seconds, and because
        this way every run proves that its directory alone is enough.
        """
        command = [sys.executable, "-m", "pwdload.report", str(self.directory.path)]
        # A session of its own, so that an impatient second Ctrl-C leaves it to finish.
        with tempfile.TemporaryFile("w+", encoding="utf-8") as said:
            child = subprocess.Popen(command, start_new_session=True, stdout=said)  # noqa: S603 - our own program
            _wait_patiently(child)
            said.seek(0)
            headline = said.read()
        verdict = self.directory.read_verdict()  # not its exit code: 1 is also what a crash leaves
        if verdict is None:
            lost = f"pwdload: no report was made; the data are safe: pwdload report {self.directory.path}\n"
            return Verdict.INCONCLUSIVE.exit_code, lost
        return verdict.exit_code, headline


def _wait_patiently(child: "subprocess.Popen[bytes]") -> None:
    """Wait for a child to end, whatever the person at the terminal presses meanwhile."""
    while True:
        try:
            child.wait()
        except KeyboardInterrupt:
            say("One moment: the report is being made.")
        else:
            return
