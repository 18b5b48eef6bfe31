"""The catalogue of cases.

Codes in `refuse` are likely ones, taken from the product's upstream or inferred; those in `refuse_documented` are
published by Huawei Cloud itself.

A scenario's `[expect.CASE]` replaces what the step that a case is about expects, for a target that is known to differ.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from types import MappingProxyType

from pwdload.api.contract import MANDATORY_HEADERS
from pwdload.cases.expectation import AcceptOrRefuse, Expectation, Refuse, accept, refuse, refuse_documented
from pwdload.cases.probes import GROUP, LOCKOUT, LOGIN, PROBES, lockout_steps
from pwdload.cases.steps import (
    AccountState,
    Body,
    Case,
    CaseStep,
    Login,
    OutliveToken,
    Password,
    Race,
    Skip,
    Token,
    Update,
    Wait,
)
from pwdload.errors import UsageError
from pwdload.scenario import Scenario

_LOGIN = LOGIN
_LOGIN_WARNED = Login(expect=accept("PASSWORD_WARN"))
_CHANGE = Update(expect=accept("SUCCESS"))
_INVALID_TOKEN = refuse("PARAM.0014")


def _case(group: str, name: str, summary: str, *steps: CaseStep, needs: AccountState = AccountState.EXPIRED) -> Case:
    return Case(name=name, group=group, summary=summary, steps=steps, needs=needs)


def _update(group: str, name: str, summary: str, update: Update) -> Case:
    """Return a case of a login and one update."""
    return _case(group, name, summary, _LOGIN, update)


_CHANGES = (
    _case("change", "valid_change", "An expired password is changed.", _LOGIN, _CHANGE),
    _case(
        "change",
        "valid_change_when_warned",
        "A password that is about to expire is changed.",
        _LOGIN_WARNED,
        _CHANGE,
        needs=AccountState.WARNING,
    ),
    _case(
        "change",
        "skip_when_warned",
        "The change is put off while the password is only about to expire.",
        _LOGIN_WARNED,
        Skip(expect=accept("SUCCESS")),
        needs=AccountState.WARNING,
    ),
    _case(
        "change",
        "change_then_login",
        "After the change the new password opens the account.",
        _LOGIN,
        _CHANGE,
        Login(expect=accept("SUCCESS"), verify=True),
    ),
)
_LOGINS = (_case("login", "login_only", "Somebody logs in, sees that the password has expired, and leaves.", _LOGIN),)
_MISTAKES = (
    _case(
        "mistake",
        "wrong_old_password_then_right",
        "The old password is mistyped once, then typed right.",
        _LOGIN,
        Update(old=Password.WRONG, expect=refuse("LOGIN.0002")),
        _CHANGE,
    ),
)
_POLICY = tuple(
    _update("policy", f"new_password_{name}", f"The new password {what}.", Update(new=new, expect=expect))
    for name, what, new, expect in (
        ("too_short", "is shorter than the policy allows", Password.TOO_SHORT, refuse("PWD.0007")),
        ("too_long", "is longer than the policy allows", Password.TOO_LONG, refuse("PWD.0007")),
        ("too_simple", "has too few kinds of characters", Password.TOO_SIMPLE, refuse("PWD.0004")),
        ("same_as_old", "is the old one again", Password.CURRENT, refuse_documented("PWD.0001")),
        ("from_history", "was used before", Password.PREVIOUS, refuse_documented("PWD.0001")),
        ("with_user_name", "contains the user name", Password.WITH_USER_NAME, refuse("PWD.0003")),
        ("repeating", "repeats one character too often", Password.REPEATING, refuse("PWD.0006")),
        ("weak", "is on the list of weak passwords", Password.WEAK, refuse("PWD.0005")),
        ("blank", "is blank", Password.BLANK, refuse_documented("PWD.0008")),
    )
)
_TOKENS = (
    *(
        _update("token", f"token_{token}", f"The state_token is {token}.", Update(token=token, expect=_INVALID_TOKEN))
        for token in (Token.MISSING, Token.BLANK, Token.FORGED, Token.ALTERED)
    ),
    _case(
        "token",
        "token_expired",
        "The state_token is used after its life.",
        _LOGIN,
        OutliveToken(),
        Update(expect=_INVALID_TOKEN),
    ),
    _case(
        "token",
        "token_replayed",
        "A state_token that has served is sent again.",
        _LOGIN,
        _CHANGE,
        Update(expect=_INVALID_TOKEN),
    ),
    _case(
        "token",
        "token_of_another_account",
        "The state_token of another account is sent with one's own passwords.",
        Login(expect=_LOGIN.expect, as_other=True),
        Update(token=Token.OTHER_ACCOUNT, expect=refuse("PARAM.0014", "LOGIN.0002")),
    ),
    _update(
        "token",
        "token_of_another_device",
        "The state_token was handed out to another device.",
        Update(from_other_device=True, expect=_INVALID_TOKEN),
    ),
)
_HEADER_NAMES = dict(zip(("os_version", "fingerprint", "agent", "client_id"), MANDATORY_HEADERS, strict=True))
_HEADERS = tuple(
    _update(
        "header",
        f"{name}_{how}",
        f"The mandatory header {header} is {how}.",
        Update(header=(header, value), expect=refuse("PARAM.0003" if name == "client_id" else "PARAM.0001")),
    )
    for name, header in _HEADER_NAMES.items()
    for how, value in (("missing", None), ("blank", ""))
)
_BODIES = (
    *(
        _update("body", name, summary, Update(body=body, expect=expect))
        for name, summary, body, expect in (
            ("body_not_json", "The body is not JSON.", Body.NOT_JSON, refuse("PARAM.0002")),
            ("body_wrong_types", "The passwords are numbers.", Body.WRONG_TYPES, refuse("PARAM.0002")),
            ("old_password_missing", "old_password is left out.", Body.WITHOUT_OLD, refuse("PWD.0008")),
            ("new_password_missing", "new_password is left out.", Body.WITHOUT_NEW, refuse("PWD.0008")),
            ("body_with_extra_fields", "The body has fields that nobody knows.", Body.EXTRA_FIELDS, accept("SUCCESS")),
            (
                "body_of_1_mb",
                "The body has 1 MB.",
                Body.ONE_MEGABYTE,
                refuse("PARAM.0413", "PARAM.0002", http=(400, 413)),
            ),
        )
    ),
    _update(
        "body",
        "unicode_password",
        "The new password has letters beyond ASCII.",
        Update(new=Password.UNICODE, expect=accept("SUCCESS")),
    ),
    _update(
        "body",
        "password_of_50_characters",
        "The new password is as long as the documented range allows.",
        Update(new=Password.LONGEST, expect=refuse("PWD.0007")),
    ),
)
_PROTOCOL = (
    _update(
        "protocol",
        "unknown_client_id",
        "X-client-id names no application.",
        Update(
            header=("X-client-id", "0" * 32),
            expect=refuse("APP.0001", "PARAM.0014"),
        ),
    ),
    _update(
        "protocol",
        "wrong_method",
        "pwd/update is called with GET.",
        Update(method="GET", expect=refuse("PARAM.0405", http=(400, 404, 405))),
    ),
    _update(
        "protocol",
        "wrong_content_type",
        "The body is declared as text.",
        Update(content_type="text/plain", expect=refuse("PARAM.0415", http=(400, 415))),
    ),
    *(
        _update(
            "protocol",
            f"content_type_{how}",
            f"The mandatory header Content-Type is {how}.",
            Update(content_type=value, expect=refuse("PARAM.0415", http=(400, 415))),
        )
        for how, value in (("missing", None), ("blank", ""))
    ),
)
_ISV = tuple(
    _update(
        "isv",
        f"tenant_id_{how}",
        f"X-tenant-id, mandatory for an ISV application, is {how}.",
        Update(header=("X-tenant-id", value), expect=refuse("PARAM.0006", "PARAM.0001")),
    )
    for how, value in (("missing", None), ("blank", ""))
)

_CASES: dict[str, Case] = {
    case.name: case
    for case in (*_LOGINS, *_CHANGES, *_MISTAKES, *_POLICY, *_TOKENS, *_HEADERS, *_BODIES, *_PROTOCOL, *_ISV, *PROBES)
}
CASES: Mapping[str, Case] = MappingProxyType(_CASES)
"""Every case by its name, those that a team has added among them."""

_GROUPS: dict[str, tuple[str, ...]] = {
    group: tuple(case.name for case in CASES.values() if case.group == group)
    for group in dict.fromkeys(case.group for case in CASES.values())
}
GROUPS: Mapping[str, tuple[str, ...]] = MappingProxyType(_GROUPS)
"""Names of the cases in each group; a scenario's mix may name a group, which shares its weight out evenly."""


def add(case: Case) -> None:
    """Add a case to `CASES` and to its group in `GROUPS`; `pwdload.cases.own.register` sees to it that it fits."""
    _CASES[case.name] = case
    _GROUPS[case.group] = (*_GROUPS.get(case.group, ()), case.name)


DEFAULT_MIX: Mapping[str, float] = {
    "login": 2,
    "change": 58,
    "mistake": 8,
    "policy": 14,
    "token": 8,
    "header": 4,
    "body": 4,
    "protocol": 2,
}
"""The mix of a run whose scenario has none: mostly changes, and every mistake that any application can make."""


def case_weights(mix: Mapping[str, float] | None) -> dict[str, float]:
    """Return the weight of every case in a mix of case and group names; a case named both ways gets the sum.

    Null stands for `DEFAULT_MIX`: what a scenario without a mix plays.

    Raises:
        UsageError: a name is neither a case nor a group.
    """
    weights: dict[str, float] = {}
    for name, weight in (DEFAULT_MIX if mix is None else mix).items():
        members = GROUPS.get(name, (name,))
        if members[0] not in CASES:
            raise UsageError(f"mix: {name!r} is neither a case nor a group; `pwdload cases` lists both")
        for member in members:
            weights[member] = weights.get(member, 0.0) + weight / len(members)
    return weights


def scenario_weights(scenario: Scenario, *, is_standin: bool) -> dict[str, float]:
    """Return the weight of every case that a scenario plays, the probes on top of its mix among them.

    Raises:
        UsageError: a name in the mix is neither a case nor a group.
    """
    weights = case_weights(scenario.mix)
    share = scenario.oracle.probes_of(is_standin=is_standin)
    total = sum(weights.values()) * share / (1.0 - share)
    for name in GROUPS[GROUP] if share else ():
        weights[name] = weights.get(name, 0.0) + total / len(GROUPS[GROUP])
    return weights


def adapted(
    case: Case,
    *,
    password_length_max: int,
    override: Expectation | None = None,
    is_standin: bool = False,
    all_warned: bool = False,
    lockout_threshold: int = 10,
) -> Case:
    """Return the case as this target must answer it.

    A password of 50 characters is right where the policy allows so many. `override` is the scenario's word on what
    the step that the case is about gets: the one that is to be refused, else the one that may be, else the last. The
    stand-in's answers are
    known, so of it the catalogue's first guess is expected exactly. `all_warned`: accounts stay in the time of warning,
    whatever is changed. `lockout_threshold`: so many wrong passwords lock an account, 0 for never; where it is not
    known that the losers of a race do not count as such, there are not more of them than that.
    """
    if case.name == LOCKOUT and lockout_threshold:
        case = replace(case, steps=lockout_steps(lockout_threshold))
    if lockout_threshold and not is_standin:
        case = replace(case, steps=tuple(_harmless(step, lockout_threshold) for step in case.steps))
    expect = override
    if expect is None and case.name == "password_of_50_characters" and password_length_max >= 50:
        expect = accept("SUCCESS")
    if all_warned:
        case = replace(case, steps=tuple(map(_still_warned, case.steps)))
    if is_standin:
        case = replace(case, steps=tuple(_exact(case, step, all_warned=all_warned) for step in case.steps))
    return case if expect is None else _with_expectation(case, expect)


def _harmless(step: CaseStep, lockout_threshold: int) -> CaseStep:
    if not isinstance(step, Race) or step.times_max <= lockout_threshold:
        return step
    return replace(step, times_max=max(lockout_threshold, step.times_min))


def _still_warned(step: CaseStep) -> CaseStep:
    """Expect a warning where a new password would else be let in without one."""
    if isinstance(step, Login) and step.verify and not isinstance(step.expect, Refuse):
        return replace(step, expect=accept("PASSWORD_WARN"))
    return step


def _exact(case: Case, step: CaseStep, *, all_warned: bool) -> CaseStep:
    if isinstance(step, Login) and step.expect == _LOGIN.expect:
        is_warned = all_warned or (case.needs is AccountState.WARNING and not step.as_other)
        return replace(step, expect=accept("PASSWORD_WARN" if is_warned else "PASSWORD_EXPIRED"))
    if isinstance(step, (Login, Update)) and isinstance(step.expect, Refuse):
        return replace(step, expect=replace(step.expect, certain=True))
    return step


def _with_expectation(case: Case, expect: Expectation) -> Case:
    steps = list(case.steps)
    telling = (Refuse, AcceptOrRefuse)
    places = [place for kind in telling for place, step in enumerate(steps) if isinstance(_expected(step), kind)]
    refused = [place for place in places if isinstance(_expected(steps[place]), Refuse)]
    place = (refused or places or [len(steps) - 1])[-1]
    changed = steps[place]
    assert not isinstance(changed, Wait)  # noqa: S101 - no case ends with waiting; a test holds it to that
    if isinstance(changed, Race):
        steps[place] = replace(changed, update=replace(changed.update, expect=expect))
    else:
        steps[place] = replace(changed, expect=expect)
    return replace(case, steps=tuple(steps))


def _expected(step: CaseStep) -> Expectation | None:
    return None if isinstance(step, Wait) else step.expect


def expected_by_scenario(http_status: Iterable[int], error_code: Iterable[str]) -> Expectation:
    """Turn a scenario's ``[expect.CASE]`` into an expectation; what the scenario says counts as certain.

    HTTP 200 and no code means that the target accepts what the catalogue expects to be refused.
    """
    statuses, codes = frozenset(http_status) or frozenset({400}), frozenset(error_code)
    if statuses == {200} and not codes:
        return accept("SUCCESS")
    return Refuse(codes=codes, http_statuses=statuses, certain=bool(codes))


def adapted_cases(scenario: Scenario, *, is_standin: bool) -> Mapping[str, Case]:
    """Return the catalogue as this scenario's target must answer it."""
    overrides = {
        name: expected_by_scenario(expect.http_status, expect.error_code) for name, expect in scenario.expect.items()
    }
    return {
        name: adapted(
            case,
            password_length_max=scenario.password_policy.max_length,
            override=overrides.get(name),
            is_standin=is_standin,
            all_warned=scenario.accounts.reuse == "warn",
            lockout_threshold=scenario.lockout_threshold_of(is_standin=is_standin),
        )
        for name, case in CASES.items()
    }
