"""Probes: cases that try what a correct password service must not do, and that only show together what it did.

Each exchange is judged by itself here, as in every case. Where two answers are both right by themselves (either of two
tokens may win, a token may or may not outlive a refusal), the oracle judges what they come to.
"""

from typing import Final

from pwdload.api.contract import Step
from pwdload.cases.expectation import Grant, accept, accept_or_refuse, refuse
from pwdload.cases.steps import Case, CaseStep, Login, Password, Pause, Race, Skip, Sso, Token, Update

GROUP: Final = "probe"
LOCKOUT: Final = "lockout"
LOCKOUT_GROUP: Final = "lock"
"""A group of its own: it takes more wrong passwords than any flow may try unless the scenario allows them."""
_LATER_S: Final = 3.0
"""Long enough for a target to be restarted in between, which must not bring a used token back to life."""

# As in the catalogue: which of the two an account made with pwd_must_modify gets is not documented.
LOGIN: Final = Login(expect=accept("PASSWORD_EXPIRED", "PASSWORD_WARN"))
_CHANGE = Update(expect=accept("SUCCESS"))
_MAY_CHANGE = Update(expect=accept_or_refuse("SUCCESS", "LOGIN.0002", "PARAM.0014"))
_REFUSED_TOKEN = refuse("PARAM.0014")
_WRONG = refuse("LOGIN.0002")
_OPENS = Login(expect=accept("SUCCESS"), verify=True)
_STILL_OPENS = Login(expect=LOGIN.expect, verify=True)
_OPENS_EITHER_WAY = Login(expect=accept("SUCCESS", "PASSWORD_EXPIRED", "PASSWORD_WARN"), verify=True)
"""With the password in force by then, whether it was changed or not."""


def lockout_steps(threshold: int) -> tuple[CaseStep, ...]:
    """Return the steps of the lock-out: so many wrong passwords, of which the last locks, and the right one."""
    wrong = Login(password=Password.WRONG, expect=_WRONG)
    last = Login(password=Password.WRONG, expect=refuse("LOGIN.0001", "LOGIN.0002"))
    return (*(wrong,) * (threshold - 1), last, Login(expect=refuse("LOGIN.0001")))


def _probe(name: str, summary: str, *steps: CaseStep) -> Case:
    return Case(name=name, group=GROUP, summary=summary, steps=steps)


PROBES: Final = (
    _probe(
        "race_one_token",
        "One change is sent many times at once, with one state_token: it may be accepted once.",
        LOGIN,
        Race(update=_MAY_CHANGE),
        _OPENS_EITHER_WAY,
    ),
    _probe(
        "race_two_tokens",
        "Two state_tokens of one account are used for the same change at once: one may be accepted.",
        LOGIN,
        LOGIN,
        Race(update=_MAY_CHANGE, tokens=(Token.EARLIER, Token.OWN), times_min=2, times_max=2),
        _OPENS_EITHER_WAY,
    ),
    _probe(
        "two_tokens_newer_first",
        "Of two state_tokens of one account the newer is used, then the older, each with the right password.",
        LOGIN,
        LOGIN,
        _CHANGE,
        Update(token=Token.EARLIER, expect=_MAY_CHANGE.expect),
        _OPENS,
    ),
    _probe(
        "two_tokens_older_first",
        "Of two state_tokens of one account the older is used, then the newer, each with the right password.",
        LOGIN,
        LOGIN,
        Update(token=Token.EARLIER, expect=_MAY_CHANGE.expect),
        _MAY_CHANGE,
        _OPENS_EITHER_WAY,
    ),
    _probe(
        "replay_after_refusal",
        "A state_token whose change was refused is used for another.",
        LOGIN,
        Update(new=Password.TOO_SHORT, expect=refuse("PWD.0007")),
        _MAY_CHANGE,
        _OPENS_EITHER_WAY,
    ),
    _probe(
        "replay_later",
        f"A state_token that has served is sent again {_LATER_S:g} seconds later.",
        LOGIN,
        _CHANGE,
        Pause(seconds=_LATER_S),
        Update(expect=_REFUSED_TOKEN),
    ),
    _probe(
        "old_password_after_change",
        "After the change the old password is tried, then the new one.",
        LOGIN,
        _CHANGE,
        Login(password=Password.PREVIOUS, expect=_WRONG, verify=True),
        _OPENS,
    ),
    _probe(
        "new_password_after_refusal",
        "After a change was refused, the password that it asked for is tried, then the current one.",
        LOGIN,
        Update(old=Password.WRONG, expect=_WRONG),
        Login(password=Password.NEXT, expect=_WRONG, verify=True),
        _STILL_OPENS,
    ),
    _probe(
        "skip_when_expired",
        "The change is put off although the password has expired.",
        Login(expect=accept("PASSWORD_EXPIRED")),
        Skip(expect=_REFUSED_TOKEN),
    ),
    _probe(
        "login_unknown_user",
        "Somebody logs in who does not exist, then somebody who does.",
        Login(as_nobody=True, password=Password.WRONG, expect=refuse("LOGIN.0002", "USER.0001")),
        LOGIN,
    ),
    _probe(
        "login_wrong_then_right",
        "The password is mistyped at login, then typed right.",
        Login(password=Password.WRONG, expect=_WRONG),
        LOGIN,
    ),
    _probe(
        "session_opens_ticket",
        "The session that a change opens is turned into its user, as the application's server does.",
        LOGIN,
        _CHANGE,
        Sso(step=Step.SSO_TICKET, expect=Grant()),
        Sso(step=Step.SSO_USER, expect=Grant()),
    ),
    Case(
        name=LOCKOUT,
        group=LOCKOUT_GROUP,
        summary="So many wrong passwords that the account is locked, then the right one.",
        steps=lockout_steps(10),
    ),
)
