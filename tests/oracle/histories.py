"""Histories written by hand: good ones, which nothing may fault, and bad ones, each with the checks that must."""

from collections.abc import Mapping

from tests.oracle.made import RECORD, change, exchange, history, login, set_by_admin, skip

from pwdload.endings import Ending
from pwdload.oracle import History
from pwdload.oracle.explain import (
    IN_FORCE_OPENS,
    NEVER_ACKNOWLEDGED,
    NO_TRACE,
    NOT_LOST,
    ONE_CHANGE,
    ONE_PASSWORD,
    RIGHT_OLD,
)
from pwdload.oracle.settings import Settings
from pwdload.samples import Sample

WRONG = "LOGIN.0002"
LOCKED = "LOGIN.0001"
USED = "PARAM.0014"
TEN = Settings(lockout_threshold=10)
THREE = Settings(lockout_threshold=3, lock_s=60.0)
OPENED = login("0", 0, token=1)


def ending(account: int = 0, before: str = "0", after: str = "1", **fields: object) -> Ending:
    return Ending(account=account, before=before, after=after, **fields)  # type: ignore[arg-type]


def failing(count: int, since_s: float = 1.0) -> tuple[Sample, ...]:
    return tuple(login("9", since_s + number, WRONG) for number in range(count))


GOOD: Mapping[str, History] = {
    "a change, and the new password opens": history(
        OPENED,
        change("0", "1", 1),
        login("1", 2, "SUCCESS", session=7),
        login("0", 3, WRONG),
        endings=[ending(opens=True, earlier_opens=False)],
    ),
    "a change without an answer that was applied": history(
        OPENED, change("0", "1", 1, "timeout"), login("1", 2, "SUCCESS"), login("0", 3, WRONG)
    ),
    "a change without an answer that was not applied": history(
        OPENED, change("0", "1", 1, "timeout"), login("0", 2), endings=[ending(after="0", opens=True)]
    ),
    "a change without an answer that was applied late": history(
        OPENED, change("0", "1", 1, "timeout"), login("0", 2), login("0", 3), login("1", 30), login("0", 31, WRONG)
    ),
    "a change without an answer, settled by the same token: it had not been applied": history(
        OPENED, change("0", "1", 1, "timeout"), change("0", "1", 2), login("1", 3)
    ),
    "a change without an answer, settled by the same token: it had been applied": history(
        OPENED, change("0", "1", 1, "timeout"), change("0", "1", 2, USED), login("1", 3)
    ),
    "a gateway's 503 after which the change is there": history(OPENED, change("0", "1", 1, "503"), login("1", 2)),
    "a change that was never sent": history(OPENED, change("0", "1", 1, "not_sent"), login("0", 2)),
    "a login while the change is under way sees either": history(
        OPENED, change("0", "1", 1, until_s=5.0), login("0", 2), login("1", 3), login("0", 4, WRONG)
    ),
    "a refused change": history(
        OPENED, change("0", "1:too_short", 1, "PWD.0007"), login("0", 2), endings=[ending(after="0", opens=True)]
    ),
    "a wrong old password, then the right one": history(
        OPENED, change("1000000", "1", 1, WRONG), change("0", "1", 2), login("1", 3)
    ),
    "an administrator's change between": history(
        OPENED, change("0", "1", 1), set_by_admin("2", 2), login("2", 3, token=2), change("2", "3", 4, token=2)
    ),
    "an administrator's change without an answer": history(
        OPENED,
        change("0", "1", 1),
        set_by_admin("2", 2, "timeout"),
        login("1", 3),
        login("2", 9),
        login("1", 10, WRONG),
    ),
    "a change put off": history(login("0", 0, "PASSWORD_WARN", token=1), skip(1), login("0", 2, "PASSWORD_WARN")),
    "sixteen at once with one token": history(
        OPENED,
        *(change("0", "1", 1 + n / 1000, "SUCCESS" if n == 5 else USED, until_s=2.0) for n in range(16)),
        login("1", 3),
    ),
    "two tokens at once, the loser is told that its old password is wrong": history(
        login("0", 0, token=1),
        login("0", 0.2, token=2),
        change("0", "1", 1, token=1, until_s=2.0),
        change("0", "2", 1.001, WRONG, token=2, until_s=2.0),
        login("1", 3),
    ),
    "a token of another account, refused": history(
        login("0", 0, token=1), login("0", 0, token=2, account=1), change("0", "1", 1, USED, token=2), login("0", 2)
    ),
    "a token of another account, no answer: the other has a password that nobody knows": history(
        login("0", 0, token=1),
        login("0", 0, token=2, account=1),
        change("0", "1", 1, "timeout", token=2),
        login("0", 3, WRONG, account=1),
        login("0", 3),
    ),
    "a change that names no password, no answer": history(
        OPENED, change("0", "", 1, "timeout"), login("0", 3, WRONG), endings=[ending(after="0", status="unknown")]
    ),
    "locked by ten failures of one's own": history(
        OPENED, *failing(9), login("9", 20, LOCKED), login("0", 21, LOCKED), settings=TEN
    ),
    "locked by nine and one without an answer": history(
        OPENED, *failing(8), login("9", 19, "timeout"), login("9", 20, LOCKED), settings=TEN
    ),
    "locked with the help of a wrong old password": history(
        OPENED, *failing(8), change("9", "1", 19, WRONG), login("9", 20, LOCKED), settings=TEN
    ),
    "locked from before the run": history(login("0", 1, LOCKED), settings=TEN),
    "open again when the lock has run out": history(
        OPENED, *failing(3), login("0", 4, LOCKED), login("0", 90), settings=THREE
    ),
    "a login without an answer may have been let in": history(
        OPENED, *failing(2), login("0", 3.5, "timeout"), *failing(2, 5.0), login("9", 8, LOCKED), settings=THREE
    ),
    "a login that names nobody": history(
        *(exchange("login", n, WRONG, password="0", case="login_unknown_user") for n in range(12)),
        login("0", 20, token=1),
        settings=TEN,
    ),
    "accounts of two processes whose clocks are apart": history(OPENED, login("0", 0.05, worker="worker-2")),
    "a retired account that was locked": history(
        OPENED, login("0", 1, LOCKED), endings=[ending(after="0", status="retired", opens=False)]
    ),
    "a session again for the same account": history(
        login("0", 0, "SUCCESS", session=5), login("0", 1, "SUCCESS", session=5)
    ),
}
"""Nothing may fault these."""

_TWO = (OPENED, login("0", 0.5, token=2, account=1))
BAD: Mapping[str, tuple[dict[str, str], History]] = {
    "an acknowledged change is lost": (
        {"linearizability": NOT_LOST},
        history(OPENED, change("0", "1", 1), login("0", 2), login("1", 3, WRONG)),
    ),
    "the new password is called wrong": (
        {"linearizability": NOT_LOST},
        history(OPENED, change("0", "1", 1), login("1", 2, WRONG)),
    ),
    "the old password still opens, and so does the new": (
        {"linearizability": ONE_PASSWORD},
        history(OPENED, change("0", "1", 1), login("1", 2), login("0", 3)),
    ),
    "a change without an answer is applied late, over a newer one": (
        {"linearizability": NOT_LOST},
        history(
            OPENED,
            change("0", "1", 1, "timeout"),
            login("0", 2, token=2),
            change("0", "2", 3, token=2),
            login("2", 4),
            login("1", 9),
        ),
    ),
    "a change that was settled with its token takes effect again": (
        {"linearizability": NOT_LOST},
        history(
            OPENED,
            change("0", "1", 1, "timeout"),
            change("0", "1", 2),
            login("1", 3, token=2),
            change("1", "2", 4, token=2),
            login("1", 9),
        ),
    ),
    "a token serves two changes": (
        {"tokens": ONE_CHANGE, "linearizability": ONE_CHANGE},
        history(OPENED, change("0", "1", 1), change("1", "2", 2), login("2", 3)),
    ),
    "a token serves a change after it was put off": (
        {"tokens": ONE_CHANGE, "linearizability": ONE_CHANGE},
        history(login("0", 0, "PASSWORD_WARN", token=1), skip(1), change("0", "1", 2)),
    ),
    "two winners of one race": (
        {"tokens": ONE_CHANGE, "linearizability": ONE_CHANGE, "races": ONE_CHANGE},
        history(OPENED, change("0", "1", 1, until_s=2.0), change("0", "1", 1.001, until_s=2.0)),
    ),
    "two winners with two tokens": (
        {"linearizability": RIGHT_OLD, "races": ONE_CHANGE},
        history(
            login("0", 0, token=1),
            login("0", 0.5, token=2),
            change("0", "1", 1, token=1, until_s=2.0),
            change("0", "2", 1.001, token=2, until_s=2.0),
        ),
    ),
    "a token is handed out to two accounts": (
        {"tokens": "I1: a state_token belongs to one account"},
        history(OPENED, login("0", 1, token=1, account=1)),
    ),
    "a token of another account serves": (
        {"tokens": "I1: a state_token belongs to one account"},
        history(*_TWO, change("0", "1", 1, token=2)),
    ),
    "a token that nobody was given serves": (
        {"tokens": "I1: only a state_token that was handed out serves"},
        history(OPENED, change("0", "1", 1, token=99)),
    ),
    "no token at all serves": (
        {"tokens": "I1: only a state_token that was handed out serves", "outcomes": "what must be refused is refused"},
        history(OPENED, change("0", "1", 1, token=None, outcome="wrong_accept")),
    ),
    "a refused change is applied": (
        {"refusals": NO_TRACE},
        history(OPENED, change("0", "1:too_short", 1, "PWD.0007"), login("1:too_short", 2)),
    ),
    "a refused change shuts the old password out": (
        {"refusals": NO_TRACE},
        history(OPENED, change("0", "1:too_short", 1, "PWD.0007"), login("0", 2, WRONG)),
    ),
    "a login is let in with a password that nobody asked for": (
        {"linearizability": NEVER_ACKNOWLEDGED, "outcomes": "what must be refused is refused"},
        history(OPENED, login("1000000", 1, outcome="wrong_accept")),
    ),
    "a wrong old password is taken": (
        {"linearizability": RIGHT_OLD, "outcomes": "what must be refused is refused"},
        history(OPENED, change("1000000", "1", 1, outcome="wrong_accept")),
    ),
    "the password in force is called wrong once": (
        {"linearizability": IN_FORCE_OPENS},
        history(OPENED, login("0", 1, WRONG, outcome="wrong_reject"), login("0", 2)),
    ),
    "the right old password is called wrong": (
        {"linearizability": IN_FORCE_OPENS},
        history(OPENED, change("0", "1", 1, WRONG), login("0", 2)),
    ),
    "an administrator's change is lost": (
        {"linearizability": NOT_LOST},
        history(OPENED, set_by_admin("1", 1), login("0", 2)),
    ),
    "in the end the acknowledged password does not open": (
        {"final": NOT_LOST},
        history(OPENED, change("0", "1", 1), endings=[ending(opens=False)]),
    ),
    "in the end both passwords open": (
        {"final": ONE_PASSWORD},
        history(OPENED, change("0", "1", 1), endings=[ending(opens=True, earlier_opens=True)]),
    ),
    "in the end neither password of a doubt opens": (
        {"final": NOT_LOST},
        history(
            OPENED, change("0", "1", 1, "timeout"), endings=[ending(after="0", status="retired", settled="neither")]
        ),
    ),
    "in the end a password opens that was replaced": (
        {"final": NOT_LOST},
        history(OPENED, change("0", "1", 1), endings=[ending(after="0", opens=True)]),
    ),
    "in the end a password opens that was refused": (
        {"final": NOT_LOST},
        history(OPENED, change("0", "1:weak", 1, "PWD.0005"), endings=[ending(after="1:weak", opens=True)]),
    ),
    "a session of another": (
        {"sessions": "a session belongs to the one who logged in"},
        history(login("0", 0, "SUCCESS", session=5), login("0", 1, "SUCCESS", session=5, account=1)),
    ),
    "an id_token of another": (
        {"sessions": "a session belongs to the one who logged in"},
        history(login("0", 0, "SUCCESS", session=5, remark="id_token:another")),
    ),
    "a ticket that opens another's session": (
        {"sessions": "a session belongs to the one who logged in"},
        history(login("0", 0, "SUCCESS", session=5, remark="session:another")),
    ),
    "a password is repeated": (
        {"secrets": "an answer never repeats a password"},
        history(OPENED, change("0", "1:weak", 1, "PWD.0005", remark="echo:new_password")),
    ),
    "locked by somebody else's failures": (
        {"lockout": "an account is locked by its own failed logins alone"},
        history(OPENED, *failing(3), login("0", 20, LOCKED), settings=TEN),
    ),
    "never locked": (
        {"lockout": "an account is locked after the set number of failed logins in a row"},
        history(OPENED, *failing(4), settings=THREE),
    ),
    "let in while it must be locked": (
        {"lockout": "an account is locked after the set number of failed logins in a row"},
        history(OPENED, *failing(3), login("0", 5), settings=THREE),
    ),
    "an answer in breach of the contract": (
        {"contract": "every answer is documented"},
        history(login("0", 0, "SUCCESS", outcome="contract_violation", remark="breach:expire=str")),
    ),
    "an error code that the scenario does not accept": (
        {"contract": "every error code is published, or accepted by the scenario"},
        history(OPENED, change("0", "1", 1, "PWD.0099"), settings=Settings(accepted_codes=frozenset({"PWD.0098"}))),
    ),
}
"""Each with the checks that must fail it, and the rule that each must name."""

DOUBTFUL: Mapping[str, tuple[dict[str, str], History]] = {
    "nothing was recorded": ({"assumptions": "Nothing was recorded"}, history()),
    "a sample is missing": (
        {"assumptions": "3 samples of local are missing", "linearizability": "some are missing"},
        history(OPENED, login("1", 2), missing=3),
    ),
    "an account was another from the start": (
        {"assumptions": "did not open at the start"},
        history(login("0", 0, WRONG), login("0", 1, WRONG), endings=[ending(after="0")]),
    ),
    "a request without an answer, and no ledger": (
        {"doubt": "applied or not, nobody knows"},
        history(OPENED, change("0", "1", 1, "timeout")),
    ),
}
"""Each with the checks that cannot tell, and words of why."""
assert RECORD.ledger is None
