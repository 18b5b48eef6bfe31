"""Every setting of the stand-in: its default, its meaning, what is allowed, and how sure the default is.

"documented" means read in a OneAccess page; "inferred" means that the pages are silent, or that it is a matter of
this program alone.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from types import MappingProxyType
from typing import Literal, TypeVar

from pwdload.standin.reasons import WORDINGS, Confidence, Reason, Refused

SettingValue = bool | int | float | str | tuple[str, ...]
_Value = TypeVar("_Value", bound=SettingValue)

REFUSE_PREFIX = "refuse_"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """What a person must know of a setting, and what is checked when it is set."""

    meaning: str
    confidence: Confidence = "inferred"
    choices: tuple[str, ...] = ()
    at_least: float | None = None
    at_most: float | None = None


def _setting(
    default: _Value,
    meaning: str,
    confidence: Confidence = "inferred",
    *,
    choices: tuple[str, ...] = (),
    at_least: float | None = None,
    at_most: float | None = None,
) -> _Value:
    rule = Rule(meaning=meaning, confidence=confidence, choices=choices, at_least=at_least, at_most=at_most)
    return field(default=default, metadata={"rule": rule})


def _default_refusals() -> Mapping[Reason, Refused]:
    return MappingProxyType({reason: wording.refused for reason, wording in WORDINGS.items()})


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How the stand-in behaves. Times are in seconds unless the name says otherwise."""

    client_ids: tuple[str, ...] = _setting(
        ("DRrYIqauawN0I8myTMoDTPys6ezGZxnm",), "applications that X-client-id may name", "documented"
    )
    disabled_client_ids: tuple[str, ...] = _setting((), "applications that exist and are disabled")
    isv_mode: bool = _setting(
        default=False, meaning="X-tenant-id is mandatory, as for an ISV application", confidence="documented"
    )
    tenants: tuple[str, ...] = _setting(
        ("08f770f51f80d2f40f38c00cb199fd21",), "tenants that X-tenant-id may name in ISV mode", "documented"
    )
    tenant_client_id: str = _setting("standin-admin", "client_id of the management API")
    tenant_client_secret: str = _setting("standin-secret", "client_secret of the management API")
    access_token_life_s: float = _setting(1800.0, "life of the management API's access_token", "documented", at_least=1)

    state_token_life_s: float = _setting(300.0, "life of a state_token", at_least=0.001)
    state_token_consumed_by: Literal["success", "attempt"] = _setting(
        "success",
        "what uses a state_token up: an accepted update or skip, or any attempt that reaches the password check",
        choices=("success", "attempt"),
    )
    state_token_bound_to_device: bool = _setting(
        default=True, meaning="a state_token serves only the X-device-fingerprint that logged in"
    )
    state_token_bound_to_client: bool = _setting(
        default=True, meaning="a state_token serves only the X-client-id that logged in"
    )
    login_session_life_s: int = _setting(604_800, "expire of a session_token from login", "documented", at_least=1)
    change_session_life_s: int = _setting(
        43_200, "expire of a session_token from pwd/update and pwd/skip-update", "documented", at_least=1
    )
    sso_ticket_life_s: int = _setting(300, "expire of an sso_ticket", at_least=1)
    id_token: bool = _setting(default=False, meaning="hand out an RS256 id_token beside every session_token")
    id_token_life_s: int = _setting(7200, "life of an id_token", "documented", at_least=1)

    password_length_min: int = _setting(8, "fewest characters of a password", "documented", at_least=1, at_most=1000)
    password_length_max: int = _setting(18, "most characters of a password", "documented", at_least=1, at_most=1000)
    password_classes: int = _setting(
        3, "how many of lower, upper, digit, special a password must contain", "documented", at_least=0, at_most=4
    )
    special_characters: str = _setting(
        "~!#$%&+-,*:;<=>@_?^、`\\./", "characters that count as special; others outside a-z A-Z 0-9 count as nothing"
    )
    unlisted_characters: Literal["allow", "refuse"] = _setting(
        "allow", "whether a password may contain characters of no class", choices=("allow", "refuse")
    )
    password_history: int = _setting(
        5, "how many passwords before the current one may not be used again; the current one never may", at_least=0
    )
    password_user_info: bool = _setting(
        default=True, meaning="refuse passwords that contain user name, its reverse, mobile or email prefix"
    )
    user_info_length_min: int = _setting(3, "shorter user names and email prefixes are not looked for", at_least=1)
    password_repeats_max: int = _setting(
        4, "how often one character may be repeated in a password; 0 for any number", at_least=0, at_most=1000
    )
    password_repeats_counted: Literal["consecutive", "total"] = _setting(
        "consecutive", "whether only repeats in a row count", choices=("consecutive", "total")
    )
    password_weak_list: bool = _setting(default=True, meaning="refuse well-known passwords, whatever their case")
    weak_passwords: tuple[str, ...] = _setting((), "weak passwords in addition to the list that comes with the program")
    password_validity_days: float = _setting(90.0, "age at which a password expires; 0 for never", at_least=0)
    password_warning_days: float = _setting(
        7.0, "how long before it expires a login answers PASSWORD_WARN; 0 for never", at_least=0
    )
    admin_password_check: Literal["none", "strength"] = _setting(
        "strength", "what the management API checks when it sets a password", choices=("none", "strength")
    )

    must_modify_status: Literal["expired", "warning"] = _setting(
        "expired",
        "what login answers while pwd_must_modify holds: PASSWORD_EXPIRED, or PASSWORD_WARN, which may be skipped",
        choices=("expired", "warning"),
    )
    must_modify_default: bool = _setting(
        default=True, meaning="pwd_must_modify where a create or change-password does not name it"
    )
    sessions_end_with_change: bool = _setting(
        default=False, meaning="a change of the password ends the sessions that were open before it"
    )

    lockout_threshold: int = _setting(
        10, "wrong passwords in a row that lock an account; 0 for never", "documented", at_least=0
    )
    lockout_s: float = _setting(180.0, "how long a locked account stays locked", "documented", at_least=0.001)
    wrong_old_password_counts: bool = _setting(
        default=True, meaning="a wrong old_password counts towards the lock-out like one at login"
    )
    disabled_login: Literal["access_denied", "password_wrong"] = _setting(
        "access_denied",
        "answer to the right password of a disabled account: HTTP 200 ACCESS_DENIED, or as if it were wrong",
        choices=("access_denied", "password_wrong"),
    )

    language_default: Literal["en", "zh"] = _setting(
        "en", "language of error_msg when X-L names no other", choices=("en", "zh")
    )
    max_body_bytes: int = _setting(65_536, "largest request body that is looked at", at_least=1, at_most=8_388_608)
    keep_alive_s: int = _setting(75, "how long an idle connection is kept open", at_least=1)
    account_inspection: bool = _setting(
        default=True, meaning="serve /standin/accounts/..., which tells an account's state and tries passwords"
    )

    hash_algorithm: Literal["sha256", "pbkdf2_sha256", "scrypt"] = _setting(
        "pbkdf2_sha256", "how passwords are stored", choices=("sha256", "pbkdf2_sha256", "scrypt")
    )
    hash_cost: int = _setting(
        0,
        "iterations of pbkdf2, N of scrypt (a power of two); 0 for the cheap default of this test program: 50, or 1024",
        at_least=0,
        at_most=10_000_000,
    )
    hash_threads: int = _setting(2, "threads for hashes that take long", at_least=1, at_most=256)

    db_synchronous: Literal["NORMAL", "FULL"] = _setting(
        "NORMAL",
        "SQLite's synchronous: NORMAL survives the end of the process, FULL also that of the machine",
        choices=("NORMAL", "FULL"),
    )
    db_busy_timeout_s: float = _setting(
        5.0, "how long a request waits for a database that another process has locked", at_least=0
    )

    servers: int = _setting(0, "requests served at a time; 0 switches the capacity model off", at_least=0)
    service_time: Literal["constant", "exponential", "lognormal"] = _setting(
        "constant", "distribution of service times", choices=("constant", "exponential", "lognormal")
    )
    service_mean_s: float = _setting(0.010, "mean service time", at_least=0)
    service_sigma: float = _setting(0.5, "standard deviation of the logarithm, for lognormal", at_least=0)
    service_seed: int = _setting(1, "seed of the service times", at_least=0)
    queue_limit: int = _setting(-1, "requests that may wait for a server; one more is refused; -1 for any", at_least=-1)
    queue_full_retry_after_s: int = _setting(
        -1,
        "seconds that Retry-After tells whom a full queue refuses; -1 for no such header; refuse_queue_full says"
        " whether it is 503 or 429",
        at_least=-1,
    )

    defects: tuple[str, ...] = _setting(
        (), "what is broken on purpose, NAME or NAME=VALUE; `pwdload standin defects` lists them all"
    )
    defects_seed: int = _setting(1, "seed of what strikes a share of the requests only", at_least=0)

    refusals: Mapping[Reason, Refused] = field(default_factory=_default_refusals)
    """HTTP status and error code of each reason, one setting ``refuse_<reason>`` each."""

    def __post_init__(self) -> None:
        if self.password_length_min > self.password_length_max:
            raise ValueError(
                f"password_length_min = {self.password_length_min} is more than "
                f"password_length_max = {self.password_length_max}; lower the one or raise the other"
            )
        if self.password_classes == 4 and not self.special_characters:
            raise ValueError("password_classes = 4 needs special_characters; name some, or lower it to 3")
        if self.hash_algorithm == "scrypt" and self.hash_cost & (self.hash_cost - 1) and self.hash_cost:
            raise ValueError(f"hash_cost = {self.hash_cost}: scrypt needs a power of two, such as 16384")


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingInfo:
    """One line of the list of settings."""

    name: str
    default: SettingValue
    rule: Rule


def all_settings() -> tuple[SettingInfo, ...]:
    """Return every setting in the order of the list, the codes of refusals last."""
    defaults = Settings()
    plain = tuple(
        SettingInfo(name=item.name, default=getattr(defaults, item.name), rule=item.metadata["rule"])
        for item in fields(Settings)
        if "rule" in item.metadata
    )
    return plain + tuple(
        SettingInfo(
            name=REFUSE_PREFIX + reason.value,
            default=str(wording.refused),
            rule=Rule(
                meaning=f"HTTP status and error_code for: {wording.en.replace('{', '<').replace('}', '>')}",
                confidence=wording.confidence,
            ),
        )
        for reason, wording in WORDINGS.items()
    )
