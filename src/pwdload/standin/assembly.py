"""Which class makes each part and each handler, and the parts put together over one database."""

from dataclasses import dataclass

from pwdload.standin.accounts import Accounts
from pwdload.standin.clock import Clock
from pwdload.standin.endpoint import Endpoint
from pwdload.standin.faults import Faults
from pwdload.standin.forced_change import ForcedChange
from pwdload.standin.hashing import PasswordHasher
from pwdload.standin.lockout import PasswordGuard
from pwdload.standin.login import Login
from pwdload.standin.new_password import PasswordChange
from pwdload.standin.parts import Parts
from pwdload.standin.policy import PasswordPolicy
from pwdload.standin.sessions import Sessions
from pwdload.standin.settings import Settings
from pwdload.standin.store import Store
from pwdload.standin.tokens import IdTokens, StateTokens, new_rsa_key


@dataclass(frozen=True, slots=True, kw_only=True)
class Classes:
    """The class that makes each part: the healthy one, unless a defect has put one of its own in its place."""

    accounts: type[Accounts] = Accounts
    sessions: type[Sessions] = Sessions
    guard: type[PasswordGuard] = PasswordGuard
    policy: type[PasswordPolicy] = PasswordPolicy
    change: type[PasswordChange] = PasswordChange
    state_tokens: type[StateTokens] = StateTokens
    id_tokens: type[IdTokens] = IdTokens
    login: type[Login] = Login
    forced_change: type[ForcedChange] = ForcedChange
    endpoint: type[Endpoint] = Endpoint


def assemble(settings: Settings, store: Store, hasher: PasswordHasher, clock: Clock, classes: Classes) -> Parts:
    """Return the parts over an open database; the keys that sign tokens are kept in it."""
    faults = Faults(store, clock)
    accounts, policy = classes.accounts(store), classes.policy(settings)
    id_tokens = classes.id_tokens(settings, lambda: store.secret("id_token_key", new_rsa_key), clock)
    if settings.id_token:
        id_tokens.prepare()
    return Parts(
        settings=settings,
        clock=clock,
        store=store,
        accounts=accounts,
        sessions=classes.sessions(settings, store, clock),
        hasher=hasher,
        guard=classes.guard(settings, accounts, hasher, clock),
        policy=policy,
        change=classes.change(settings=settings, accounts=accounts, hasher=hasher, policy=policy, clock=clock),
        state_tokens=classes.state_tokens(settings, store.secret("state_token_key"), clock, faults.token_clock),
        id_tokens=id_tokens,
        faults=faults,
    )
