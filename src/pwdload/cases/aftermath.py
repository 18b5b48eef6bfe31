"""What an exchange says of the account behind it: whether it is still what we took it for.

Changes of the password are told by the flow itself (`cases.play.Changes`); this is about logins.
"""

from enum import Enum

from pwdload.api.contract import LOCKED_CODES, OPERATIONS, Step
from pwdload.cases.expectation import family
from pwdload.cases.play import Played
from pwdload.outcome import Outcome

_OF_THE_ACCOUNT = ("LOGIN", "USER")
"""Families of codes that are about the account; others are about the request, whoever logs in."""
_DENIED = "ACCESS_DENIED"


class Aftermath(Enum):
    """What became of an account that was not let in as it had to be."""

    USED = "asks for no change"
    """It was let in, and without a state_token: nothing can be changed in this way any more."""
    LOCKED = "locked"
    DISABLED = "disabled"
    SUSPECT = "refused"
    """Its password was refused: a change may have been applied late, whose request was given up before."""


def aftermath(played: Played) -> Aftermath | None:
    """Return what a login says of its account; null when it says nothing new, or nothing at all.

    Only a documented answer says anything: a time-out, a gateway's page, or a target that is busy does not.
    """
    if played.step not in (Step.LOGIN, Step.VERIFY) or played.outcome is not Outcome.WRONG_REJECT:
        return None
    answer = played.answer
    if answer is None:
        return None
    if answer.http_status == 200 and answer.status in OPERATIONS[Step.LOGIN].accepted:
        return Aftermath.USED
    if answer.status == _DENIED:
        return Aftermath.DISABLED
    if answer.error_code.endswith(LOCKED_CODES):
        return Aftermath.LOCKED
    return Aftermath.SUSPECT if family(answer.error_code) in _OF_THE_ACCOUNT else None
