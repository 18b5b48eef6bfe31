"""Why a request is refused: the error code, HTTP status and text of each reason, in English and Chinese.

The codes are settings (``refuse_<reason>``), because few are published. Sources: Huawei Cloud OneAccess error code
page and API pages ("documented"), the rest by analogy or our own ("inferred").
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Literal, get_args

Confidence = Literal["documented", "inferred"]
Language = Literal["en", "zh"]
LANGUAGES: tuple[Language, ...] = get_args(Language)


class Reason(StrEnum):
    """Every reason for which this program refuses a request."""

    APP_UNKNOWN = "app_unknown"
    APP_DISABLED = "app_disabled"
    HEADER_MISSING = "header_missing"
    CLIENT_ID_MISSING = "client_id_missing"
    TENANT_UNKNOWN = "tenant_unknown"
    BODY_INVALID = "body_invalid"
    FIELD_MISSING = "field_missing"
    STATE_TOKEN_INVALID = "state_token_invalid"  # noqa: S105 - the name of a reason
    SESSION_TOKEN_INVALID = "session_token_invalid"  # noqa: S105 - the name of a reason
    SSO_TICKET_INVALID = "sso_ticket_invalid"
    ACCESS_TOKEN_INVALID = "access_token_invalid"  # noqa: S105 - the name of a reason
    ACCOUNT_LOCKED = "account_locked"
    PASSWORD_WRONG = "password_wrong"  # noqa: S105 - the name of a reason
    PASSWORD_WRONG_UNCOUNTED = "password_wrong_uncounted"  # noqa: S105 - the name of a reason
    PASSWORD_USED_BEFORE = "password_used_before"  # noqa: S105 - the name of a reason
    PASSWORD_REVERSED_NAME = "password_reversed_name"  # noqa: S105 - the name of a reason
    PASSWORD_USER_INFO = "password_user_info"  # noqa: S105 - the name of a reason
    PASSWORD_TOO_SIMPLE = "password_too_simple"  # noqa: S105 - the name of a reason
    PASSWORD_WEAK = "password_weak"  # noqa: S105 - the name of a reason
    PASSWORD_REPEATS = "password_repeats"  # noqa: S105 - the name of a reason
    PASSWORD_LENGTH = "password_length"  # noqa: S105 - the name of a reason
    PASSWORD_BLANK = "password_blank"  # noqa: S105 - the name of a reason
    USER_UNKNOWN = "user_unknown"
    USER_NAME_MISSING = "user_name_missing"
    MOBILE_MISSING = "mobile_missing"
    USER_NAME_TAKEN = "user_name_taken"
    MOBILE_TAKEN = "mobile_taken"
    ROUTE_UNKNOWN = "route_unknown"
    METHOD_WRONG = "method_wrong"
    BODY_TOO_LARGE = "body_too_large"
    CONTENT_TYPE_WRONG = "content_type_wrong"
    QUEUE_FULL = "queue_full"
    BUSY = "busy"


@dataclass(frozen=True, slots=True)
class Refused:
    """How a reason is answered."""

    http_status: int
    error_code: str

    def __str__(self) -> str:
        return f"{self.http_status} {self.error_code}"


@dataclass(frozen=True, slots=True)
class Wording:
    """A reason's default answer, how sure it is, and its text in both languages."""

    refused: Refused
    confidence: Confidence
    en: str
    zh: str


_ROWS: tuple[tuple[Reason, int, str, Confidence, str, str], ...] = (
    (Reason.APP_UNKNOWN, 400, "APP.0001", "documented", "Application does not exist.", "应用不存在"),
    (Reason.APP_DISABLED, 400, "APP.0003", "documented", "Application disabled.", "应用已禁用"),
    (Reason.HEADER_MISSING, 400, "PARAM.0001", "inferred", "Header {0} required.", "请求头{0}不能为空"),
    (Reason.CLIENT_ID_MISSING, 400, "PARAM.0003", "documented", "clientId required.", "clientId不能为空"),
    (Reason.TENANT_UNKNOWN, 400, "PARAM.0006", "inferred", "Invalid tenant ID.", "租户ID无效"),
    (Reason.BODY_INVALID, 400, "PARAM.0002", "inferred", "Invalid request body: {0}.", "请求体无效：{0}"),
    (Reason.FIELD_MISSING, 400, "PARAM.0001", "inferred", "Parameter {0} required.", "参数{0}不能为空"),
    (Reason.STATE_TOKEN_INVALID, 400, "PARAM.0014", "inferred", "Invalid state token.", "state_token无效"),
    (Reason.SESSION_TOKEN_INVALID, 400, "PARAM.0015", "inferred", "Invalid session token.", "session_token无效"),
    (Reason.SSO_TICKET_INVALID, 400, "PARAM.0017", "inferred", "Invalid SSO ticket.", "sso_ticket无效"),
    (Reason.ACCESS_TOKEN_INVALID, 401, "PARAM.0401", "inferred", "Invalid access token.", "access_token无效"),
    (
        Reason.ACCOUNT_LOCKED,
        400,
        "LOGIN.0001",
        "documented",
        "The user has been locked due to too many unsuccessful login attempts. "
        "It will be unlocked in {0} minutes and {1} seconds.",
        "用户因多次登录失败已被锁定，将在{0}分{1}秒后解锁",
    ),
    (
        Reason.PASSWORD_WRONG,
        400,
        "LOGIN.0002",
        "documented",
        "Invalid account name or password. Remaining attempts: {0}.",
        "账号或密码错误，剩余尝试次数：{0}",
    ),
    (
        Reason.PASSWORD_WRONG_UNCOUNTED,
        400,
        "LOGIN.0002",
        "inferred",
        "Invalid account name or password.",
        "账号或密码错误",
    ),
    (
        Reason.PASSWORD_USED_BEFORE,
        400,
        "PWD.0001",
        "documented",
        "Historical passwords cannot be used.",
        "不能使用历史密码",
    ),
    (
        Reason.PASSWORD_REVERSED_NAME,
        400,
        "PWD.0002",
        "inferred",
        "The password cannot contain the user name in reverse order.",
        "密码不能包含倒序的用户名",
    ),
    (
        Reason.PASSWORD_USER_INFO,
        400,
        "PWD.0003",
        "inferred",
        "The password cannot contain the user name, mobile number or email prefix.",
        "密码不能包含用户名、手机号或邮箱前缀",
    ),
    (
        Reason.PASSWORD_TOO_SIMPLE,
        400,
        "PWD.0004",
        "inferred",
        "The password is too simple: it must contain at least {0} of lower-case letters, upper-case letters, digits "
        "and special characters.",
        "密码复杂度过低：至少包含小写字母、大写字母、数字、特殊字符中的{0}种",
    ),
    (Reason.PASSWORD_WEAK, 400, "PWD.0005", "inferred", "The password is weak.", "密码为弱密码"),
    (
        Reason.PASSWORD_REPEATS,
        400,
        "PWD.0006",
        "inferred",
        "A character must not be repeated more than {0} times in the password.",
        "密码中字符重复次数不能超过{0}",
    ),
    (
        Reason.PASSWORD_LENGTH,
        400,
        "PWD.0007",
        "documented",
        "The password must contain {0}~{1} characters.",
        "密码长度应为{0}~{1}个字符",
    ),
    (Reason.PASSWORD_BLANK, 400, "PWD.0008", "documented", "Password required.", "密码不能为空"),
    (Reason.USER_UNKNOWN, 400, "USER.0001", "inferred", "User does not exist.", "用户不存在"),
    (Reason.USER_NAME_MISSING, 400, "USER.0002", "inferred", "User name required.", "用户名不能为空"),
    (Reason.MOBILE_MISSING, 400, "USER.0004", "inferred", "Mobile number required.", "手机号不能为空"),
    (Reason.USER_NAME_TAKEN, 400, "USER.0007", "inferred", "User name already exists.", "用户名已存在"),
    (Reason.MOBILE_TAKEN, 400, "USER.0008", "inferred", "Mobile number already exists.", "手机号已存在"),
    (Reason.ROUTE_UNKNOWN, 404, "PARAM.0404", "inferred", "Not found.", "资源不存在"),
    (Reason.METHOD_WRONG, 405, "PARAM.0405", "inferred", "Method {0} not allowed.", "不支持{0}方法"),
    (Reason.BODY_TOO_LARGE, 413, "PARAM.0413", "inferred", "Request body exceeds {0} bytes.", "请求体超过{0}字节"),
    (
        Reason.CONTENT_TYPE_WRONG,
        415,
        "PARAM.0415",
        "inferred",
        "Content-Type must be {0}.",
        "Content-Type必须为{0}",
    ),
    (Reason.QUEUE_FULL, 503, "COM.0002", "inferred", "System busy, please try again later.", "系统繁忙，请稍后再试"),
    (Reason.BUSY, 500, "COM.0002", "inferred", "System busy, please try again later.", "系统繁忙，请稍后再试"),
)

WORDINGS: Mapping[Reason, Wording] = MappingProxyType(
    {
        reason: Wording(Refused(http_status, code), confidence, en, zh)
        for reason, http_status, code, confidence, en, zh in _ROWS
    }
)
"""The wording of every reason."""


def message(reason: Reason, language: Language, arguments: tuple[object, ...] = ()) -> str:
    """Return the reason's text with its places {0}, {1} filled."""
    wording = WORDINGS[reason]
    template = wording.zh if language == "zh" else wording.en
    return template.format(*arguments)
