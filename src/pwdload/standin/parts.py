"""The parts that the handlers share."""

from dataclasses import dataclass

from pwdload.standin.accounts import Accounts
from pwdload.standin.clock import Clock
from pwdload.standin.faults import Faults
from pwdload.standin.hashing import PasswordHasher
from pwdload.standin.lockout import PasswordGuard
from pwdload.standin.new_password import PasswordChange
from pwdload.standin.policy import PasswordPolicy
from pwdload.standin.sessions import Sessions
from pwdload.standin.settings import Settings
from pwdload.standin.store import Store
from pwdload.standin.tokens import IdTokens, StateTokens


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What a handler may need."""

    settings: Settings
    clock: Clock
    store: Store
    accounts: Accounts
    sessions: Sessions
    hasher: PasswordHasher
    guard: PasswordGuard
    policy: PasswordPolicy
    change: PasswordChange
    state_tokens: StateTokens
    id_tokens: IdTokens
    faults: Faults
