"""Every check over one history."""

from collections.abc import Iterable

from pwdload.oracle.checks import CHECKS
from pwdload.oracle.checks.concluding import Check
from pwdload.oracle.history import History, read_history
from pwdload.oracle.judgement import CheckResult, Judgement
from pwdload.outcome import Verdict
from pwdload.rundir import RunDirectory
from pwdload.samples import Samples


def judge(history: History, checks: Iterable[tuple[str, Check]] = CHECKS) -> Judgement:
    """Return what the checks find. One that breaks has found nothing out, and the others are heard all the same."""
    return Judgement(results=tuple(_result(name, check, history) for name, check in checks))


def check_run(directory: RunDirectory, samples: Samples | None = None) -> Judgement:
    """Judge a finished run; `samples` as for `read_history`.

    Raises:
        RunDirectoryError: it is none.
        OSError, ValueError, pyarrow.ArrowException: its scenario or its endings are damaged.
    """
    return judge(read_history(directory, samples))


def _result(name: str, check: Check, history: History) -> CheckResult:
    try:
        return check(history)
    except Exception as error:  # noqa: BLE001 - whatever broke, the other checks must still be heard
        return CheckResult(
            check=name,
            title=f"The check {name} broke",
            verdict=Verdict.INCONCLUSIVE,
            reason=f"The check broke: {type(error).__name__}: {error}",
            examined=0,
        )
