"""Tokens that are handed to the wrong user."""

from collections.abc import Callable

from pwdload.standin.assembly import Classes
from pwdload.standin.clock import Clock
from pwdload.standin.defects.defect import Defect, Tuned
from pwdload.standin.sessions import Session, Sessions
from pwdload.standin.settings import Settings
from pwdload.standin.store import Store
from pwdload.standin.tokens import Caller, Identity, IdTokens


def _session_of_another(tuned: Tuned) -> Classes:
    class OfAnother(Sessions):
        def __init__(self, settings: Settings, store: Store, clock: Clock) -> None:
            super().__init__(settings, store, clock)
            self._last = ""

        def open(self, user_id: str, caller: Caller, life_s: int) -> Session:
            last, self._last = self._last or user_id, user_id
            return super().open(last if last != user_id and tuned.strikes() else user_id, caller, life_s)

    return Classes(sessions=OfAnother)


def _id_token_of_another(tuned: Tuned) -> Classes:
    if not tuned.settings.id_token:
        raise ValueError("no id_token is handed out; add --set id_token=true")

    class OfAnother(IdTokens):
        def __init__(self, settings: Settings, key_pem: Callable[[], bytes], clock: Clock) -> None:
            super().__init__(settings, key_pem, clock)
            self._last: Identity | None = None

        def issue(self, identity: Identity, client_id: str) -> str:
            last, self._last = self._last or identity, identity
            return super().issue(last if last != identity and tuned.strikes() else identity, client_id)

    return Classes(id_tokens=OfAnother)


DEFECTS = (
    Defect(
        name="session_of_another_user",
        sentence="Of the session_tokens a share VALUE is one of the user who was let in just before.",
        share=0.05,
        fit=_session_of_another,
    ),
    Defect(
        name="id_token_of_another_user",
        sentence="Of the id_tokens a share VALUE is one of the user who was let in just before; needs the setting"
        " id_token.",
        share=0.05,
        fit=_id_token_of_another,
    ),
)
