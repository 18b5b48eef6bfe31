"""One login and one change that the target must refuse, with an account of the ledger, and what both tell."""

from dataclasses import dataclass
from typing import Final

from pwdload.accounts.entry import Event
from pwdload.accounts.reading import Reading, Says, read_login
from pwdload.api.connections import Client
from pwdload.api.contract import Answer, Step, breach
from pwdload.api.http import Exchange
from pwdload.api.request import DeviceRequests, update_body
from pwdload.doctor.accounts import Borrowed
from pwdload.doctor.findings import Budget, Finding, failed, not_checked, ok, warning
from pwdload.passwords import PasswordPolicy, announced_differences

_APPLICATION: Final = "Check [target] client_id and tenant_id, and what the target says of this code."
_NOT_THE_API: Final = "Is --host the base URL of the API, and not a page, a gateway or a single sign-on before it?"
_SETTLE: Final = "`pwdload accounts settle` finds out which password is in force."


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """What a login was answered."""

    finding: Finding
    state_token: str = ""
    """Empty where it opened no way to a change. A secret."""
    data: str = ""
    """The policy that the target announces; empty where it announces none."""


def check_login(client: Client, requests: DeviceRequests, borrowed: Borrowed, budget: Budget) -> Login:
    """Log in once with the password that should be in force; whatever that may have cost is written down."""
    budget.take()
    borrowed.will_log_in()
    exchange = client.exchange(requests.login(borrowed.account.user_name, borrowed.password))
    _break_off(exchange)  # whether it counted as a failed login nobody knows: it stays written down as one
    reading = read_login(exchange)
    if reading.says is not Says.OPENS:
        return Login(finding=_not_let_in(reading, exchange, borrowed))
    borrowed.was_let_in()
    answer = Answer.parse(exchange.http_status or 0, exchange.body)
    number, token = borrowed.entry.index, answer.text("state_token")
    if not token:
        borrowed.asks_for_nothing()
        value = f"account {number} is let in with {reading.code}, and is asked for no change"
        finding = failed(
            "login", value, "Give accounts whose passwords have expired, or put them back: pwdload accounts arm."
        )
        return Login(finding=finding)
    if not answer.is_acceptance(Step.LOGIN):
        value = f"account {number}: {reading.code}, not as documented: {breach(Step.LOGIN, answer)}"
        finding = warning("login", value, "Ask the target's owner which version of the API this is.")
    else:
        finding = ok("login", f"account {number}: {reading.code}")
    return Login(finding=finding, state_token=token, data=answer.text("data"))


def check_change(
    client: Client, requests: DeviceRequests, borrowed: Borrowed, state_token: str, budget: Budget
) -> Finding:
    """Ask once for a password that is a character too short; the target must refuse it, and nothing changes."""
    budget.take()
    asked, number = borrowed.broken, borrowed.entry.index
    body = update_body(borrowed.password, borrowed.broken_password)
    borrowed.will_change()
    exchange = client.exchange(requests.update_password(state_token, body))
    answer = Answer.parse(exchange.http_status, exchange.body) if exchange.http_status is not None else None
    if exchange.sent_s is None or (answer is not None and answer.is_refusal):
        borrowed.has_changed(Event.REFUSED, asked)
    elif answer is not None and answer.is_acceptance(Step.UPDATE_PASSWORD):
        borrowed.has_changed(Event.APPLIED, asked)
        value = f"account {number}: a password that is one character too short was accepted"
        return failed(
            "refused change",
            value,
            "State the target's own [password_policy] min_length; the ledger knows the password.",
        )
    else:
        borrowed.has_changed(Event.UNKNOWN, asked)
    _break_off(exchange)
    if answer is not None and answer.is_refusal:
        return ok(
            "refused change", f"refused with {answer.error_code or answer.status}, as a password too short must be"
        )
    return failed("refused change", f"account {number}: {_said(exchange)}", f"{_remedy_of(exchange)} {_SETTLE}")


def check_policy(data: str, policy: PasswordPolicy, example: str) -> Finding:
    """Hold the policy that the login announced against the scenario's; `example` is a password that was made for it."""
    if not data:
        return not_checked("policy", "the login announced none (no data)", "Compare [password_policy] by hand.")
    differences = announced_differences(data, policy, example)
    if differences:
        return failed("policy", "; ".join(differences), "State in [password_policy] what the target announces.")
    return ok("policy", "what the target announces is what [password_policy] states")


def _break_off(exchange: Exchange) -> None:
    """Go on with Ctrl-C, or whatever else broke into an exchange, once that is written down."""
    if exchange.interrupted is not None:
        raise exchange.interrupted


def _not_let_in(reading: Reading, exchange: Exchange, borrowed: Borrowed) -> Finding:
    """Write down and tell what a login means that was not let in."""
    number, code = borrowed.entry.index, reading.code
    match reading.says:
        case Says.WRONG:
            borrowed.is_suspect()
            left = "" if reading.remaining is None else f", {reading.remaining} tries are left"
            remedy = f"Give the list and the run secret that these accounts have; of this account {_SETTLE}"
            return failed("login", f"account {number}: wrong password ({code}){left}", remedy)
        case Says.LOCKED:
            borrowed.was_let_in()
            value = f"account {number} is locked for {reading.locked_s:.0f} s ({code})"
            return failed("login", value, "Wait, find out who tries wrong passwords, and look again.")
        case Says.DENIED:
            borrowed.is_disabled()
            return failed("login", f"account {number}: access denied", "Have the account enabled, or give others.")
        case Says.REFUSED:
            borrowed.was_let_in()
            return failed("login", f"account {number}: refused with {code}", _APPLICATION)
        case Says.AWAY:
            borrowed.was_let_in()
    return failed("login", _said(exchange), _remedy_of(exchange))


def _said(exchange: Exchange) -> str:
    """Return what came instead of an answer."""
    if exchange.http_status is None:
        return f"no answer ({exchange.transport})"
    answer = Answer.parse(exchange.http_status, exchange.body)
    if answer.fields is None:
        kind = "an HTML page" if b"<html" in exchange.body[:2_000].lower() else "a body that is no JSON"
        return f"HTTP {answer.http_status} with {kind if exchange.body else 'no body'}"
    return f"HTTP {answer.http_status} {answer.error_code or answer.status}".rstrip()


def _remedy_of(exchange: Exchange) -> str:
    if exchange.http_status is not None and exchange.http_status >= 500:
        return "Look into the target's log, and run this again when it is well."
    if exchange.http_status is not None and exchange.http_status in (401, 403, 407, 429):
        return "Have this machine let through by what stands before the target (gateway, rate limit)."
    return _NOT_THE_API if exchange.http_status is not None else "See that the target answers within [target] timeout."
