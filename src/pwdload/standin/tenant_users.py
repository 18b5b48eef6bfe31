"""The management API's users, as far as test accounts need them."""

import secrets
import sqlite3
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime

from pwdload.standin.accounts import Account, new_user_id
from pwdload.standin.answers import Answer, Refusal
from pwdload.standin.call import Call, boolean_field, text_field
from pwdload.standin.parts import Parts
from pwdload.standin.policy import Person
from pwdload.standin.reasons import Reason
from pwdload.standin.tenant_token import require_access_token

_PAGE_LIMIT_MAX = 1000


class TenantUsers:
    """/api/v2/tenant/users and what is below it."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._accounts = parts.accounts

    async def create(self, call: Call) -> Answer:
        """Create a user; answers 201. Without a password nobody can log in until one is set."""
        fields = self._fields(call)
        user_name, mobile = text_field(fields, "user_name").strip(), text_field(fields, "mobile").strip()
        if not user_name:
            raise Refusal(Reason.USER_NAME_MISSING)
        if not mobile:
            raise Refusal(Reason.MOBILE_MISSING)
        password, email = text_field(fields, "password"), text_field(fields, "email")
        if password:
            self._check_strength(password, Person(user_name=user_name, mobile=mobile, email=email))
        now_s = self._parts.clock()
        account = Account(
            user_id=new_user_id(now_s),
            user_name=user_name,
            name=text_field(fields, "name"),
            mobile=mobile,
            email=email,
            org_code=text_field(fields, "org_code").strip(),
            password_hash=await self._parts.hasher.hash_politely(password or secrets.token_urlsafe(32)),
            password_version=1,
            password_changed_at=now_s,
            must_modify=self._must_modify(fields),
            disabled=False,
            mfa=False,
            failed_attempts=0,
            locked_until=0.0,
            created_at=now_s,
            updated_at=now_s,
        )
        try:
            self._accounts.insert(account)
        except sqlite3.IntegrityError as error:
            raise _taken(error) from None
        return _user_id(account, http_status=201)

    async def page(self, call: Call) -> Answer:
        """List users: ``offset`` is the number of the page, from 0, ``limit`` its size, ``org_id`` blank for all."""
        require_access_token(call, self._parts.sessions)
        query = call.query()
        offset, limit = _whole(query, "offset", default=0), _whole(query, "limit", default=10)
        if not 1 <= limit <= _PAGE_LIMIT_MAX:
            raise Refusal(Reason.BODY_INVALID, "limit")
        org_code = query.get("org_id", "").strip()
        users = [self._described(account) for account in self._accounts.page(offset, limit, org_code)]
        return Answer(fields={"total": self._accounts.count(org_code), "users": users})

    async def show(self, call: Call) -> Answer:
        """Tell about one user."""
        require_access_token(call, self._parts.sessions)
        return Answer(fields=self._described(self._account(call)))

    async def by_name(self, call: Call) -> Answer:
        """Find a user by name."""
        user_name = text_field(self._fields(call), "user_name")
        if not user_name.strip():
            raise Refusal(Reason.USER_NAME_MISSING)
        account = self._accounts.by_name(user_name)
        if account is None:
            raise Refusal(Reason.USER_UNKNOWN)
        return Answer(fields=self._described(account))

    async def modify(self, call: Call) -> Answer:
        """Change a user's data; what is not named stays."""
        fields = self._fields(call)
        account = self._account(call)
        return self._store_modified(
            replace(
                account,
                user_name=text_field(fields, "user_name").strip() or account.user_name,
                name=text_field(fields, "name") or account.name,
                mobile=text_field(fields, "mobile").strip() or account.mobile,
                email=text_field(fields, "email") or account.email,
                org_code=text_field(fields, "org_code").strip() or account.org_code,
                must_modify=boolean_field(fields, "pwd_must_modify", default=account.must_modify),
            )
        )

    async def enable(self, call: Call) -> Answer:
        """Let a disabled user in again."""
        require_access_token(call, self._parts.sessions)
        return self._store_modified(replace(self._account(call), disabled=False))

    async def disable(self, call: Call) -> Answer:
        """Keep a user out."""
        require_access_token(call, self._parts.sessions)
        return self._store_modified(replace(self._account(call), disabled=True))

    async def delete(self, call: Call) -> Answer:
        """Remove a user; answers 204 with an empty body."""
        require_access_token(call, self._parts.sessions)
        if not self._accounts.delete(call.path_parameters["user_id"]):
            raise Refusal(Reason.USER_UNKNOWN)
        return Answer(http_status=204, fields=None)

    async def change_password(self, call: Call) -> Answer:
        """Set a password as an administrator."""
        fields = self._fields(call)
        account = self._account(call)
        password = _password(fields, "password")
        must_modify = self._must_modify(fields)
        self._check_strength(password, account.person)
        password_hash = await self._parts.hasher.hash_politely(password)
        return self._apply(account, password_hash, must_modify=must_modify)

    async def change_password_verify(self, call: Call) -> Answer:
        """Set a password whose predecessor is shown."""
        fields = self._fields(call)
        account = self._account(call)
        old, new = _password(fields, "old_password"), _password(fields, "password")
        await self._parts.guard.verify(account, old, counts=self._parts.settings.wrong_old_password_counts)
        return self._apply(account, await self._parts.change.prepare(account, old=old, new=new), must_modify=False)

    def _apply(self, account: Account, password_hash: str, *, must_modify: bool) -> Answer:
        with self._parts.store.transaction():
            if not self._parts.change.apply(account, password_hash, must_modify=must_modify):
                raise Refusal(Reason.BUSY)
        return _user_id(account)

    def _store_modified(self, account: Account) -> Answer:
        try:
            self._accounts.modify(account, now_s=self._parts.clock())
        except sqlite3.IntegrityError as error:
            raise _taken(error) from None
        return _user_id(account)

    def _fields(self, call: Call) -> Mapping[str, object]:
        call.require_json()
        require_access_token(call, self._parts.sessions)
        return call.json_object()

    def _must_modify(self, fields: Mapping[str, object]) -> bool:
        return boolean_field(fields, "pwd_must_modify", default=self._parts.settings.must_modify_default)

    def _account(self, call: Call) -> Account:
        account = self._accounts.by_id(call.path_parameters["user_id"])
        if account is None:
            raise Refusal(Reason.USER_UNKNOWN)
        return account

    def _check_strength(self, password: str, person: Person) -> None:
        if self._parts.settings.admin_password_check == "strength":  # noqa: S105 - the value of a setting
            self._parts.policy.check(password, person)

    def _described(self, account: Account) -> Mapping[str, object]:
        return {
            "user_id": account.user_id,
            "org_id": account.org_code,
            "user_name": account.user_name,
            "name": account.name,
            "mobile": account.mobile or "",
            "email": account.email,
            "pwd_must_modify": account.must_modify,
            "pwd_change_at": _date(account.password_changed_at),
            "created_at": _date(account.created_at),
            "updated_at": _date(account.updated_at),
            "disabled": account.disabled,
            "locked": account.locked_until > self._parts.clock(),
        }


def _user_id(account: Account, *, http_status: int = 200) -> Answer:
    return Answer(http_status=http_status, fields={"user_id": account.user_id})


def _password(fields: Mapping[str, object], name: str) -> str:
    password = text_field(fields, name)
    if not password.strip():
        raise Refusal(Reason.PASSWORD_BLANK)
    return password


def _taken(error: sqlite3.IntegrityError) -> Refusal:
    return Refusal(Reason.MOBILE_TAKEN if "mobile" in str(error) else Reason.USER_NAME_TAKEN)


def _whole(query: Mapping[str, str], name: str, *, default: int) -> int:
    text = query.get(name) or str(default)
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise Refusal(Reason.BODY_INVALID, name)
    return int(text)


def _date(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S")
