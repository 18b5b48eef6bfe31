"""The parts that the handlers share, built once over one database."""

from dataclasses import dataclass

from pwdload.standin.accounts import Accounts
from pwdload.standin.clock import Clock
from pwdload.standin.hashing import PasswordHasher
from pwdload.standin.lockout import PasswordGuard
from pwdload.standin.new_password import PasswordChange
from pwdload.standin.policy import PasswordPolicy
from pwdload.standin.sessions import Sessions
from pwdload.standin.settings import Settings
from pwdload.standin.store import Store
from pwdload.standin.tokens import IdTokens, StateTokens, new_rsa_key


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


def assemble(settings: Settings, store: Store, hasher: PasswordHasher, clock: Clock) -> Parts:
    """Return the parts over an open database; the keys that sign tokens are kept in it."""
    accounts, policy = Accounts(store), PasswordPolicy(settings)
    id_tokens = IdTokens(settings, lambda: store.secret("id_token_key", new_rsa_key), clock)
    if settings.id_token:
        id_tokens.prepare()
    return Parts(
        settings=settings,
        clock=clock,
        store=store,
        accounts=accounts,
        sessions=Sessions(settings, store, clock),
        hasher=hasher,
        guard=PasswordGuard(settings, accounts, hasher, clock),
        policy=policy,
        change=PasswordChange(settings=settings, accounts=accounts, hasher=hasher, policy=policy, clock=clock),
        state_tokens=StateTokens(settings, store.secret("state_token_key"), clock),
        id_tokens=id_tokens,
    )
