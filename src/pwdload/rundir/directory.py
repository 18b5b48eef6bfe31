"""Paths, and the record, of one run directory."""

import json
import os
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

from pydantic import TypeAdapter, ValidationError

from pwdload.errors import RunDirectoryError
from pwdload.outcome import Verdict
from pwdload.rundir.announced import with_announced, write_announced
from pwdload.rundir.given import GivenScenario, read_given
from pwdload.rundir.records import FORMAT, Announced, RunRecord

_RECORD = TypeAdapter(RunRecord)


@dataclass(frozen=True, slots=True)
class RunDirectory:
    """Paths and records of one run directory."""

    path: Path

    @classmethod
    def create(cls, reports: Path, scenario: str, started: datetime) -> Self:
        """Make ``reports/<scenario>/<utc start>/``; a second run within the same second gets a suffix."""
        stamp = started.astimezone(UTC).strftime("%Y-%m-%dT%H-%M-%SZ")
        for suffix in ("", *(f"-{n}" for n in range(2, 100))):
            path = reports / scenario / f"{stamp}{suffix}"
            try:
                path.mkdir(parents=True)
            except FileExistsError:
                continue
            except OSError as error:
                raise RunDirectoryError(
                    f"{path}: cannot be made ({error.strerror}); give a folder you may write to with --reports"
                ) from error
            return cls(path)
        raise RunDirectoryError(f"{reports / scenario}: 99 runs began in one second; wait a second and start again")

    @classmethod
    def open(cls, path: Path) -> Self:
        """Take an existing directory of a run.

        Raises:
            RunDirectoryError: it is none, with the nearest thing to do.
        """
        if not path.is_dir():
            raise RunDirectoryError(f"{path}: no such directory; runs are kept as reports/SCENARIO/START")
        if not (path / "run.json").is_file():
            raise RunDirectoryError(f"{path}: no run.json here; give a run's own directory, reports/SCENARIO/START")
        return cls(path.resolve())

    @property
    def shown(self) -> Path:
        """The path as a person would type it from here."""
        here = Path.cwd()
        return self.path.relative_to(here) if self.path.is_relative_to(here) else self.path

    @property
    def samples(self) -> Path:
        """Where the samples are."""
        return self.path / "samples"

    @property
    def spool(self) -> Path:
        """Where workers keep what nobody has acknowledged yet."""
        return self.path / "spool"

    @property
    def endings_file(self) -> Path:
        """What became of each account, by the ledger."""
        return self.path / "endings.parquet"

    @property
    def faults_file(self) -> Path:
        """What was done to the target while the run was on."""
        return self.path / "faults.json"

    @property
    def search_file(self) -> Path:
        """The levels of a search for capacity, and why each was played."""
        return self.path / "search.json"

    @property
    def announced_file(self) -> Path:
        """The load of a search as it was announced, one piece a line, while the run goes on."""
        return self.path / "announced.jsonl"

    @property
    def journal_file(self) -> Path:
        """The same in the shape of Chaos Toolkit's journal."""
        return self.path / "journal.json"

    @property
    def health_file(self) -> Path:
        """How the load generators were, second by second."""
        return self.path / "health.csv"

    @property
    def metrics_file(self) -> Path:
        """What the target said of itself."""
        return self.path / "metrics.csv"

    @property
    def calibration_file(self) -> Path:
        """What this machine's instrument was found to be worth before the run."""
        return self.path / "calibration.json"

    @property
    def scenario_file(self) -> Path:
        """The scenario as it was given."""
        return self.path / "scenario.toml"

    def scenario_source(self) -> str:
        """Return the text of its scenario; empty where there is none that can be read."""
        try:
            return self.scenario_file.read_text("utf-8", errors="replace")
        except OSError:
            return ""

    @property
    def target_counts_file(self) -> Path:
        """What the target itself counted, if it could be asked."""
        return self.path / "target_counts.json"

    def write_record(self, record: RunRecord) -> None:
        """Write `run.json`, whole or not at all."""
        write_json(self.path / "run.json", asdict(record))

    def write_announced(self, announced: Announced) -> None:
        """Write down one more piece of a load that grows."""
        write_announced(self.announced_file, announced)

    def read_record(self) -> RunRecord:
        """Read `run.json`; of a run that was killed, with what was announced since.

        Raises:
            RunDirectoryError: it is not readable, not ours, or of a newer format.
        """
        path = self.path / "run.json"
        try:
            text = path.read_bytes()
            record = _RECORD.validate_json(text, strict=True)
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            what = ".".join(map(str, first["loc"])) or "the file"
            raise RunDirectoryError(
                f"{path}: not a run record ({what}: {first['msg']}); give another run's directory"
            ) from None
        except OSError as error:
            raise RunDirectoryError(f"{path}: not readable ({error.strerror}); give another run's directory") from None
        if record.format > FORMAT:
            raise RunDirectoryError(
                f"{path}: format {record.format}, this pwdload reads up to {FORMAT}; use a newer pwdload"
            )
        return with_announced(record, self.announced_file)

    def read_scenario(self, record: RunRecord) -> GivenScenario:
        """Return the scenario as it was given, by its own file and what `record`, of this run, says of it."""
        return read_given(self.scenario_file, record.scenario_sha256)

    def read_verdict(self) -> Verdict | None:
        """Return the verdict that the last report came to; null when there is no report yet."""
        try:
            return Verdict(json.loads((self.path / "verdict.json").read_text("utf-8"))["verdict"])
        except (OSError, ValueError, TypeError, KeyError):
            return None

    def link_latest(self) -> None:
        """Point ``reports/latest`` and ``reports/<scenario>/latest`` at this run; without links, do nothing."""
        for folder in (self.path.parent, self.path.parent.parent):
            link = folder / "latest"
            try:
                link.unlink(missing_ok=True)
                link.symlink_to(os.path.relpath(self.path, folder), target_is_directory=True)
            except OSError:
                return  # a file system without links, or someone's own "latest" folder: a convenience, no more


def write_json(path: Path, value: object) -> None:
    """Write a value as JSON, whole or not at all."""
    write_whole(path, json.dumps(value, indent=2, ensure_ascii=False) + "\n")


def write_whole(path: Path, text: str) -> None:
    """Write a file so that a reader sees either the old text or the whole new one.

    Raises:
        OSError: it cannot be written; the error names it, and nothing of it stays, which would keep a full disk full.
    """
    partial = path.with_name(path.name + ".part")
    try:
        partial.write_text(text, encoding="utf-8")
        partial.replace(path)
    except OSError as error:
        with suppress(OSError):
            partial.unlink(missing_ok=True)
        error.filename = str(path)  # Python names none where a write fails, and the partial one is nobody's business
        raise
