"""No answer repeats a password that was sent."""

import numpy as np

from pwdload.oracle.checks.concluding import Words, concluded
from pwdload.oracle.history import History
from pwdload.oracle.judgement import VIOLATIONS_MAX, CheckResult
from pwdload.oracle.reading import has_text
from pwdload.oracle.timeline import violation_at
from pwdload.units import counted

_NAME = "secrets"


def check_secrets(history: History) -> CheckResult:
    """An answer in which a password of its request stands is a violation: answers are logged on their way."""
    rows = history.rows
    echoes = np.flatnonzero(has_text(rows, "remark", lambda remark: "echo:" in remark))
    answered = has_text(rows, "password", bool) | has_text(rows, "new_password", bool)
    answered &= rows["http_status"].is_valid().to_numpy()
    violations = [
        violation_at(
            history,
            check=_NAME,
            rule="an answer never repeats a password",
            sentence="The answer repeats a password that the request carried.",
            row=int(row),
        )
        for row in echoes[:VIOLATIONS_MAX]
    ]
    examined = int(answered.sum())
    return concluded(
        Words(
            name=_NAME,
            title="No answer repeats a password",
            good=f"None of {counted(examined, 'answer')} to a request with a password repeats it.",
            bad=f"{counted(len(echoes), 'answer')} of {examined:,} repeats a password.",
            nothing="No request with a password was answered.",
        ),
        examined=examined,
        violations=violations,
        total=len(echoes),
    )
