"""A change that may be put off although it is due."""

from pwdload.standin.assembly import Classes
from pwdload.standin.defects.defect import Defect
from pwdload.standin.forced_change import ForcedChange


class _AlwaysSkippable(ForcedChange):
    skippable = ("PASSWORD_WARN", "PASSWORD_EXPIRED")


DEFECTS = (
    Defect(
        name="skip_when_expired",
        sentence="pwd/skip-update lets a user in whose password has expired.",
        fit=lambda _: Classes(forced_change=_AlwaysSkippable),
    ),
)
