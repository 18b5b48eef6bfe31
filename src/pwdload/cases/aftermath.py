"""What an exchange says of the account behind it: whether it is still what we took it for.

Changes of the password are told by the flow itself (`cases.world.Changes`); this is about logins.
"""

from enum import Enum

from pwdload.accounts.account import NO_ACCOUNT
from pwdload.api.contract import LOCKED_CODES, OPERATIONS, Step
from pwdload.cases.expectation import Refuse, family
from pwdload.cases.played import Played
from pwdload.outcome import Outcome

_OF_THE_ACCOUNT = ("LOGIN", "USER")
"""Families of codes that are about the account; others are about the request, whoever logs in."""
_DENIED = "ACCESS_DENIED"


class Aftermath(Enum):
    """What a login shows to have become of an account."""

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
    answer = played.answer
    if played.step not in (Step.LOGIN, Step.VERIFY) or played.account.index == NO_ACCOUNT or answer is None:
        return None
    if isinstance(played.expect, Refuse):  # a password that is wrong says nothing, but that there were too many
        is_locked = played.outcome is Outcome.RIGHT_REJECT and answer.error_code.endswith(LOCKED_CODES)
        return Aftermath.LOCKED if is_locked else None
    if played.outcome is not Outcome.WRONG_REJECT:
        return None
    if answer.http_status == 200 and answer.status in OPERATIONS[Step.LOGIN].accepted:
        return Aftermath.USED
    if answer.status == _DENIED:
        return Aftermath.DISABLED
    if answer.error_code.endswith(LOCKED_CODES):
        return Aftermath.LOCKED
    return Aftermath.SUSPECT if family(answer.error_code) in _OF_THE_ACCOUNT else None
