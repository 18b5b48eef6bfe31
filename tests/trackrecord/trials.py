"""One trial per defect: what is broken, what is played, and which checks of the oracle must find it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Disturbance = Literal["", "restart", "crash"]
"""What happens to the target in the midst of the load: nothing, an orderly restart, or `kill -9` and a new start."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """A defect, and a short run that must find it."""

    defect: str
    """As `pwdload standin --defect` takes it; empty for a healthy target, of which nothing must be found."""
    found_by: frozenset[str]
    """Checks of the oracle that must find it, each of them."""
    mix: Mapping[str, float]
    rate_per_s: int = 100
    length_s: float = 5.0
    standin: Mapping[str, object] = field(default_factory=dict)
    """Settings of the stand-in beside the defect."""
    oracle: Mapping[str, object] = field(default_factory=dict)
    """The scenario's table of this name."""
    target: Mapping[str, object] = field(default_factory=dict)
    """The scenario's table of this name."""
    accounts: Mapping[str, object] = field(default_factory=dict)
    """The scenario's table of this name."""
    disturbance: Disturbance = ""

    @property
    def name(self) -> str:
        """The defect's name without its value."""
        return self.defect.partition("=")[0] or "healthy"


def _trial(
    defect: str,
    found_by: str,
    *cases: str,
    standin: Mapping[str, object] | None = None,
    oracle: Mapping[str, object] | None = None,
    rate_per_s: int = 100,
    length_s: float = 5.0,
    disturbance: Disturbance = "",
) -> Trial:
    """Return a trial whose mix is half valid changes, and half the cases that look for the defect."""
    return Trial(
        defect=defect,
        found_by=frozenset(found_by.split()),
        mix={"valid_change": float(len(cases)) or 1.0} | dict.fromkeys(cases, 1.0),
        standin=standin or {},
        oracle=oracle or {},
        rate_per_s=rate_per_s,
        length_s=length_s,
        disturbance=disturbance,
    )


_LOOK_AT_ALL = {"final_logins": 5_000}

TRIALS: Mapping[str, Trial] = {
    trial.name: trial
    for trial in (
        _trial("token_reusable", "tokens outcomes", "token_replayed"),
        _trial("token_race=5ms", "races", "race_one_token"),
        _trial("token_reusable_after_restart", "tokens outcomes", "replay_later", length_s=8, disturbance="restart"),
        _trial("token_of_another_account", "outcomes", "token_of_another_account"),
        _trial("token_of_another_device", "outcomes", "token_of_another_device"),
        _trial("token_expired_accepted", "outcomes", "token_expired"),
        _trial("token_unsigned", "outcomes", "token_forged", "token_altered"),
        _trial("old_password_still_valid", "linearizability final", "old_password_after_change"),
        _trial("old_password_unchecked", "outcomes linearizability", "wrong_old_password_then_right"),
        _trial("policy_length_unchecked", "outcomes", "new_password_too_short", "new_password_too_long"),
        _trial("policy_complexity_unchecked", "outcomes", "new_password_too_simple"),
        _trial("policy_user_name_unchecked", "outcomes", "new_password_with_user_name"),
        _trial("policy_repeats_unchecked", "outcomes", "new_password_repeating"),
        _trial("policy_weak_unchecked", "outcomes", "new_password_weak"),
        _trial("policy_blank_unchecked", "outcomes", "new_password_blank"),
        _trial("history_unchecked", "outcomes", "new_password_same_as_old", "new_password_from_history"),
        _trial("change_ignored=0.001", "linearizability final", "change_then_login", oracle=_LOOK_AT_ALL, length_s=30),
        _trial("change_applied_although_refused", "refusals final", "new_password_after_refusal"),
        _trial("late_application=1.8s:0.05", "races", "race_two_tokens"),
        _trial("ok_with_access_denied", "final", oracle=_LOOK_AT_ALL),
        _trial("change_lost_on_restart", "final", "change_then_login", oracle=_LOOK_AT_ALL, disturbance="restart"),
        _trial("change_acked_before_commit", "final", "change_then_login", oracle=_LOOK_AT_ALL, disturbance="crash"),
        _trial(
            "lockout_never",
            "lockout outcomes",
            "lockout",
            standin={"lockout_threshold": 5},
            oracle={"lockout_threshold": 5, "wrong_passwords_max": 6},
        ),
        # Few accounts that log in again and again: whoever is locked for another must come back to find out.
        Trial(
            defect="lockout_of_another",
            found_by=frozenset({"lockout"}),
            mix={"login_wrong_then_right": 1},
            rate_per_s=300,
            accounts={"count": 300},
            standin={"lockout_threshold": 2},
        ),
        _trial("timing_leak=10ms", "timing", "login_unknown_user", "login_wrong_then_right"),
        _trial("session_of_another_user", "sessions", "session_opens_ticket"),
        _trial("id_token_of_another_user", "sessions", standin={"id_token": True}),
        _trial("ok_with_error_body", "contract", "new_password_too_short"),
        _trial("wrong_field_types", "contract"),
        _trial("password_echoed", "secrets", "new_password_too_simple"),
        _trial("skip_when_expired", "outcomes", "skip_when_expired"),
    )
}
"""Every defect of the stand-in, by name."""
