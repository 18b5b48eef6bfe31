"""What the database remembers of tokens: sessions, one-time tickets, access tokens, and state_tokens used up."""

from dataclasses import dataclass

from pwdload.standin.clock import Clock
from pwdload.standin.settings import Settings
from pwdload.standin.store import Store
from pwdload.standin.tokens import Caller, StateToken, access_token, opaque_token


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A session_token and how long it is good for."""

    token: str
    life_s: int


class Sessions:
    """The tokens of one database."""

    def __init__(self, settings: Settings, store: Store, clock: Clock) -> None:
        self._settings = settings
        self._store = store
        self._db = store.connection
        self._clock = clock

    def open(self, user_id: str, caller: Caller, life_s: int) -> Session:
        """Begin a session."""
        session = Session(token=opaque_token(), life_s=life_s)
        self._db.execute(
            "INSERT INTO sessions SELECT ?, user_id, ?, ?, ?, password_version FROM accounts WHERE user_id = ?",
            (session.token, caller.client_id, caller.device_fingerprint, self._clock() + life_s, user_id),
        )
        return session

    def user_of(self, session_token: str, device_fingerprint: str) -> str | None:
        """Return the user id of a session; null unless it exists, is not over, and began on this device."""
        row = self._db.execute(
            "SELECT user_id FROM sessions JOIN accounts USING (user_id)"
            " WHERE session_token = ? AND device_fingerprint = ? AND expires_at > ?"
            " AND (sessions.password_version = accounts.password_version OR NOT ?)",
            (session_token, device_fingerprint, self._clock(), self._settings.sessions_end_with_change),
        ).fetchone()
        return str(row[0]) if row is not None else None

    def has_served(self, state_token: StateToken) -> bool:
        """Whether a state_token has been used up."""
        row = self._db.execute("SELECT 1 FROM used_state_tokens WHERE token_id = ?", (state_token.token_id,))
        return row.fetchone() is not None

    def use_up(self, state_token: StateToken) -> bool:
        """Use a state_token up; of several callers exactly one gets True.

        Belongs into the transaction of whatever the token is used for.
        """
        inserted = self._db.execute(
            "INSERT OR IGNORE INTO used_state_tokens VALUES (?)", (state_token.token_id,)
        ).rowcount
        self._forget_some_expired()
        return bool(inserted)

    def issue_ticket(self, user_id: str, device_fingerprint: str) -> str:
        """Return a new sso_ticket."""
        ticket = opaque_token()
        expires_at = self._clock() + self._settings.sso_ticket_life_s
        self._db.execute(
            "INSERT INTO sso_tickets VALUES (?, ?, ?, ?)", (ticket, user_id, device_fingerprint, expires_at)
        )
        return ticket

    def redeem_ticket(self, ticket: str, device_fingerprint: str) -> str | None:
        """Use an sso_ticket up and return its user id; null when it is unknown, used, expired or another device's."""
        with self._store.transaction() as db:
            row = db.execute(
                "SELECT user_id FROM sso_tickets WHERE sso_ticket = ? AND device_fingerprint = ? AND expires_at > ?",
                (ticket, device_fingerprint, self._clock()),
            ).fetchone()
            if row is None:
                return None
            db.execute("DELETE FROM sso_tickets WHERE sso_ticket = ?", (ticket,))
        return str(row[0])

    def issue_access_token(self) -> str:
        """Return a new access_token of the management API; earlier ones stay valid."""
        token = access_token()
        expires_at = self._clock() + self._settings.access_token_life_s
        self._db.execute("INSERT INTO access_tokens VALUES (?, ?)", (token, expires_at))
        return token

    def is_access_token(self, token: str) -> bool:
        """Whether an access_token is ours and not expired."""
        row = self._db.execute(
            "SELECT 1 FROM access_tokens WHERE access_token = ? AND expires_at > ?", (token, self._clock())
        )
        return row.fetchone() is not None

    def forget_expired(self) -> None:
        """Remove everything that has expired. For the start: on a large database it takes a while."""
        for table in ("sessions", "sso_tickets", "access_tokens"):
            self._db.execute(f"DELETE FROM {table} WHERE expires_at <= ?", (self._clock(),))  # noqa: S608 - our names

    def _forget_some_expired(self) -> None:
        """Remove two expired state_tokens for each one used: the table stays small, and no request pays for many."""
        self._db.execute(
            "DELETE FROM used_state_tokens WHERE token_id IN"
            " (SELECT token_id FROM used_state_tokens WHERE token_id < ? ORDER BY token_id LIMIT 2)",
            (f"{int(self._clock() * 1000):013d}",),
        )
