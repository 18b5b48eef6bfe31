"""The checks: each looks at a history for one thing, and says what it found."""

from pwdload.oracle.checks.assumptions import check_assumptions
from pwdload.oracle.checks.concluding import Check
from pwdload.oracle.checks.contract import check_contract
from pwdload.oracle.checks.doubt import check_doubt
from pwdload.oracle.checks.final import check_final
from pwdload.oracle.checks.linearizability import check_linearizability, check_refusals
from pwdload.oracle.checks.lockout import check_lockout
from pwdload.oracle.checks.outcomes import check_outcomes
from pwdload.oracle.checks.races import check_races
from pwdload.oracle.checks.secrets import check_secrets
from pwdload.oracle.checks.sessions import check_sessions
from pwdload.oracle.checks.timing import check_timing
from pwdload.oracle.checks.tokens import check_tokens

CHECKS: tuple[tuple[str, Check], ...] = (
    ("assumptions", check_assumptions),
    ("outcomes", check_outcomes),
    ("tokens", check_tokens),
    ("linearizability", check_linearizability),
    ("refusals", check_refusals),
    ("final", check_final),
    ("races", check_races),
    ("sessions", check_sessions),
    ("secrets", check_secrets),
    ("lockout", check_lockout),
    ("timing", check_timing),
    ("contract", check_contract),
    ("doubt", check_doubt),
)
"""In the order in which a person should read them: what the rest builds on, then what hurts most."""
