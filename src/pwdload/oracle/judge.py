"""Every check over one history, or over its parts."""

from collections.abc import Callable, Iterable, Sequence

from pwdload.oracle.checks import CHECKS
from pwdload.oracle.checks.concluding import Check, Look
from pwdload.oracle.history import Circumstances, History, read_history
from pwdload.oracle.judgement import CheckResult, Judgement
from pwdload.oracle.parts import InParts
from pwdload.oracle.seen import Seen
from pwdload.oracle.settings import read_settings
from pwdload.oracle.sources import ACROSS, Source, Whole
from pwdload.oracle.spill import scratch_folder
from pwdload.oracle.spilling import Spilling
from pwdload.outcome import Verdict
from pwdload.rundir import RunDirectory
from pwdload.samples import Samples
from pwdload.samples.room import samples_in

Checks = Iterable[tuple[str, Check]]

WHOLE_ROWS_MOST = 1_500_000
"""Longer runs are judged in parts."""


def judge(history: History, checks: Checks = CHECKS) -> Judgement:
    """Return what the checks find. One that breaks has found nothing out, and the others are heard all the same."""
    return judge_parts(Whole(history), checks)


def judge_parts(source: Source, checks: Checks = CHECKS) -> Judgement:
    """Return the same of a run that comes in parts: whatever these are, the judgement is the same."""
    looking = [_Looking(name, check) for name, check in checks]
    for name in ACROSS:
        _across(source, name, looking)
    for part in source.accounts():
        for one in looking:
            one.look(one.check.look, part)
            one.told_by(part)
        del part  # or the next would be made beside it
    return Judgement(results=tuple(one.result(source) for one in looking))


def check_run(directory: RunDirectory, samples: Samples | None = None) -> Judgement:
    """Judge a finished run; `samples` as for `read_history`. A long one of which nobody has read any is read in parts.

    Raises:
        RunDirectoryError: it is none, or the disk has no room for its parts.
        OSError, ValueError, pyarrow.ArrowException: its scenario or its endings are damaged.
    """
    if samples is not None or not is_judged_in_parts(directory):
        return judge(read_history(directory, samples))
    return judge_run_in_parts(directory)


def is_judged_in_parts(directory: RunDirectory) -> bool:
    """Whether a run is so long that its samples are not read all at once."""
    return samples_in(directory.samples, directory.spool) > WHOLE_ROWS_MOST


def judge_run_in_parts(directory: RunDirectory, parts: int | None = None) -> Judgement:
    """Judge a finished run in so many parts, or in as many as its length asks for; raises as `check_run`."""
    record, settings = directory.read_record(), read_settings(directory, directory.read_record())
    with Spilling(scratch_folder(directory.path)) as spilling:
        written = spilling.write(directory, parts)
        circumstances = Circumstances(files=written.files, record=record, settings=settings)
        return judge_parts(InParts(circumstances=circumstances, written=written, spilling=spilling))


def _across(source: Source, name: str, looking: Sequence["_Looking"]) -> None:
    for part in source.across(name):
        for one in looking:
            if name in one.check.across:
                one.look(one.check.across[name], part)


class _Looking:
    """One check on its way through the parts."""

    def __init__(self, name: str, check: Check) -> None:
        self.check = check
        self._name = name
        self._seen = Seen()
        self._broke: Exception | None = None

    def look(self, look: Look, part: History) -> None:
        """Look at a part."""
        self._try(lambda: Seen.together((self._seen, look(part))))

    def told_by(self, part: History) -> None:
        """Tell of what was found in a part, as long as it is there."""
        self._try(lambda: self._seen.told_by(part, self._name))

    def result(self, source: Source) -> CheckResult:
        """Return what all that comes to."""
        if self._broke is None:
            try:
                return self.check.tell(source.circumstances, self._seen)
            except Exception as error:  # noqa: BLE001 - as below
                self._broke = error
        return CheckResult(
            check=self._name,
            title=f"The check {self._name} broke",
            verdict=Verdict.INCONCLUSIVE,
            reason=f"The check broke: {type(self._broke).__name__}: {self._broke}",
            examined=0,
        )

    def _try(self, following: Callable[[], Seen]) -> None:
        if self._broke is None:
            try:
                self._seen = following()
            except Exception as error:  # noqa: BLE001 - whatever broke, the other checks must still be heard
                self._broke = error
