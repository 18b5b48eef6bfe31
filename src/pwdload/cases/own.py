"""Cases of a team's own, beside those of the catalogue: what they are made of, and `register`; docs/extending.md."""

import re

from pwdload.cases.catalogue import CASES, GROUPS, add
from pwdload.cases.expectation import accept, accept_or_refuse, refuse
from pwdload.cases.steps import (
    AccountState,
    Body,
    Case,
    Login,
    OutliveToken,
    Password,
    Pause,
    Race,
    Skip,
    Token,
    Update,
    Wait,
)
from pwdload.errors import UsageError

__all__ = [
    "AccountState",
    "Body",
    "Case",
    "Login",
    "OutliveToken",
    "Password",
    "Pause",
    "Race",
    "Skip",
    "Token",
    "Update",
    "accept",
    "accept_or_refuse",
    "refuse",
    "register",
]
_NAME = re.compile(r"[a-z][a-z0-9_]{0,59}")


def register(case: Case) -> Case:
    """Add a case to the catalogue, and return it: `[mix]`, `[expect.CASE]`, `pwdload cases` and `case_task` know it.

    It shares in the weight of its group, where a mix names that; a new group begins with its first case.

    Raises:
        UsageError: its name or its group is taken or unfit, or its steps are none that could be played.
    """
    problem = _problem(case)
    if problem:
        raise UsageError(f"case {case.name!r}: {problem}")
    add(case)
    return case


def _problem(case: Case) -> str:
    for what, name in (("name", case.name), ("group", case.group)):
        if not _NAME.fullmatch(name):
            return f"{what} {name!r}: allowed are lower-case letters, digits and _, 60 at most, a letter first"
    if case.name in CASES or case.name in GROUPS:
        return "there is one of that name already, or a group; give it another"
    if case.group in CASES or case.group == case.name:
        return f"group {case.group!r}: there is a case of that name; give it another"
    if not case.steps or not isinstance(case.steps[0], Login):
        return "its first step must be a Login: nothing else hands out a state_token"
    if isinstance(case.steps[-1], Wait):
        return "its last step must not be a wait: nothing would come back"
    return "" if case.summary.strip() else "it has no summary; say in one sentence what the client does"
