"""A change that is acknowledged and not made, made and not acknowledged, or made too late."""

import asyncio

from pwdload.standin.answers import Answer, Refusal
from pwdload.standin.assembly import Classes
from pwdload.standin.defects.defect import Defect, Tuned
from pwdload.standin.forced_change import ForcedChange, Update
from pwdload.standin.login import session_answer
from pwdload.standin.reasons import Reason


def _ignored(tuned: Tuned) -> Classes:
    class Ignored(ForcedChange):
        def _apply(self, update: Update, password_hash: str) -> bool:
            return tuned.strikes() or super()._apply(update, password_hash)

    return Classes(forced_change=Ignored)


def _although_refused(tuned: Tuned) -> Classes:
    class AlthoughRefused(ForcedChange):
        """Writes first and refuses then; a lock alone is respected."""

        async def _approved(self, update: Update) -> str:
            try:
                return await super()._approved(update)
            except Refusal as refusal:
                if refusal.reason is not Reason.ACCOUNT_LOCKED and tuned.strikes():
                    await self._change(update)
                raise

        async def _change(self, update: Update) -> None:
            password_hash = await self._parts.hasher.hash_politely(update.new)
            with self._parts.store.transaction():
                self._parts.change.apply(update.account, password_hash)

    return Classes(forced_change=AlthoughRefused)


def _late(tuned: Tuned) -> Classes:
    class Late(ForcedChange):
        """Holds a change back, and then makes it whatever has become of the account and of the token."""

        async def _carry_out(self, update: Update, password_hash: str) -> Answer:
            if not tuned.strikes():
                return await super()._carry_out(update, password_hash)
            await asyncio.sleep(tuned.time_s)
            parts = self._parts
            account = parts.accounts.by_id(update.account.user_id)
            if account is None:
                raise Refusal(Reason.STATE_TOKEN_INVALID)
            with parts.store.transaction():
                parts.sessions.use_up(update.state_token)
                parts.change.apply(account, password_hash)
                session = parts.sessions.open(account.user_id, update.caller, self._settings.change_session_life_s)
            return session_answer(parts, account, update.caller, session)

    return Classes(forced_change=Late)


def _denied(tuned: Tuned) -> Classes:
    class Denied(ForcedChange):
        async def _carry_out(self, update: Update, password_hash: str) -> Answer:
            answer = await super()._carry_out(update, password_hash)
            return Answer(fields={"status": "ACCESS_DENIED"}) if tuned.strikes() else answer

    return Classes(forced_change=Denied)


DEFECTS = (
    Defect(
        name="change_ignored",
        sentence="Of the good changes a share VALUE is acknowledged and not made.",
        share=0.001,
        fit=_ignored,
    ),
    Defect(
        name="change_applied_although_refused",
        sentence="Of the changes that are refused for the old password or the policy a share VALUE is made all the"
        " same.",
        share=1.0,
        fit=_although_refused,
    ),
    Defect(
        name="late_application",
        sentence="Of the good changes a share is held back for a time, VALUE being TIME:SHARE, and made and answered"
        " only then, even over a newer one that was acknowledged meanwhile.",
        time_s=1.8,
        share=0.05,
        fit=_late,
    ),
    Defect(
        name="ok_with_access_denied",
        sentence="Of the good changes a share VALUE is made and answered with HTTP 200 and ACCESS_DENIED.",
        share=0.1,
        fit=_denied,
    ),
)
