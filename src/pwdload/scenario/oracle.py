"""The table [oracle]: what is tried of a target's correctness while it is under load, and by what it is judged."""

from typing import Annotated, Final

from pydantic import Field

from pwdload.scenario.fields import Duration, HeaderText, Share, Whole
from pwdload.scenario.tables import Table

_PROBES_ON_STANDIN: Final = 0.02
_PROBES_MAX: Final = 0.2


class Oracle(Table):
    """What is tried of a target's correctness while it is under load, and by what it is judged."""

    probes: Annotated[Share, Field(le=_PROBES_MAX)] | None = Field(
        default=None,
        description="Share of all flows that play the group probe, on top of the mix. Without it, 0.02 on the embedded "
        "stand-in and 0 on any other target.",
    )
    accepted_codes: tuple[HeaderText, ...] | None = Field(
        default=None,
        description="Error codes that are right besides the published ones; then any other is a finding. Without it, "
        "codes that nobody has published are only listed.",
    )
    lockout_threshold: Annotated[Whole, Field(ge=1, le=100)] | None = Field(
        default=None,
        description="How many wrong passwords in a row lock an account. Without it, the embedded stand-in's setting, "
        "or the 10 of the documentation.",
    )
    wrong_passwords_max: Whole = Field(
        default=2,
        ge=0,
        le=100,
        description="How many wrong passwords in a row a flow may try on one account at most. Cases that take more are "
        "left out, or refused where [mix] names them: the case lockout takes as many as lock an account.",
    )
    timing_leak_s: Duration = Field(
        default="5ms",
        alias="timing_leak",
        validate_default=True,
        description="From which difference on the answer times to an unknown user and to a wrong password tell which "
        "users exist.",
    )
    final_logins: Whole = Field(
        default=100,
        ge=0,
        le=1_000_000,
        description="How many of the accounts that a run has used are logged in to after it, to see that the password "
        "that should be in force opens them and the one before does not: one wrong password each at most.",
    )

    def probes_of(self, *, is_standin: bool) -> float:
        """Return the share of all flows that are probes, from 0 to 0.2; `is_standin`: of the embedded stand-in."""
        if self.probes is not None:
            return self.probes
        return _PROBES_ON_STANDIN if is_standin else 0.0
