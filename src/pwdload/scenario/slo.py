"""The table [slo]: what a run must keep to pass."""

from pydantic import Field

from pwdload.scenario.fields import Duration, Flag, Percent
from pwdload.scenario.tables import Table


class Slo(Table):
    """What a run must keep to pass. What is not stated is not asked for."""

    failed_share: Percent | None = Field(
        default=None,
        description="At most this share of the exchanges fails. Without it, 1 %. Failures under a fault are left out "
        "where recover_within or max_failed_share_during says what those may cost.",
    )
    recover_within_s: Duration | None = Field(
        default=None,
        alias="recover_within",
        description="After the healing of each fault, service is back for good within this time.",
    )
    max_failed_share_during: Percent | None = Field(
        default=None,
        description="While a fault is on, at most this share of the requests fails, each with all of its tries.",
    )
    data_correct: Flag = Field(
        default=False,
        description="The oracle must find nothing wrong, and no doubt left, after all that was done to the target.",
    )
