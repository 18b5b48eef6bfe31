"""A state_token that serves more often than once."""

import asyncio

from pwdload.standin.answers import Answer
from pwdload.standin.assembly import Classes
from pwdload.standin.clock import Clock
from pwdload.standin.defects.defect import Defect, Tuned
from pwdload.standin.forced_change import ForcedChange, Update
from pwdload.standin.sessions import Sessions
from pwdload.standin.settings import Settings
from pwdload.standin.store import Store
from pwdload.standin.tokens import StateToken


class _Reusable(Sessions):
    """Knows of no token that it has served."""

    def has_served(self, state_token: StateToken) -> bool:  # noqa: ARG002 - that is the defect
        return False

    def use_up(self, state_token: StateToken) -> bool:  # noqa: ARG002 - that is the defect
        return True


class _Forgetful(Sessions):
    """Keeps in memory which tokens have served."""

    def __init__(self, settings: Settings, store: Store, clock: Clock) -> None:
        super().__init__(settings, store, clock)
        self._served: set[str] = set()

    def has_served(self, state_token: StateToken) -> bool:
        return state_token.token_id in self._served

    def use_up(self, state_token: StateToken) -> bool:
        is_first = state_token.token_id not in self._served
        self._served.add(state_token.token_id)
        return is_first


def _raced(tuned: Tuned) -> Classes:
    class Raced(ForcedChange):
        """Checks, gives way to others for a while, and writes without looking again."""

        async def _carry_out(self, update: Update, password_hash: str) -> Answer:
            await asyncio.sleep(tuned.time_s)
            return await super()._carry_out(update, password_hash)

        def _use_up(self, state_token: StateToken) -> None:
            self._parts.sessions.use_up(state_token)

        def _apply(self, update: Update, password_hash: str) -> bool:
            current = self._parts.accounts.by_id(update.account.user_id)
            return current is not None and self._parts.change.apply(current, password_hash)

    return Classes(forced_change=Raced)


DEFECTS = (
    Defect(
        name="token_reusable",
        sentence="A state_token serves any number of times until it expires.",
        fit=lambda _: Classes(sessions=_Reusable),
    ),
    Defect(
        name="token_race",
        sentence="A state_token is checked, and used up only the time VALUE later: until then, every change with it"
        " is acknowledged.",
        time_s=0.005,
        fit=_raced,
    ),
    Defect(
        name="token_reusable_after_restart",
        sentence="Which state_tokens have served is kept in memory: a restart on the same database makes them good"
        " again.",
        fit=lambda _: Classes(sessions=_Forgetful),
    ),
)
