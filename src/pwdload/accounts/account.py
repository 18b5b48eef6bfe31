"""A test account and the passwords that open it."""

from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from pwdload.passwords import PasswordBook, Shape, variation

_new: Final = tuple.__new__
"""Makes a NamedTuple out of a tuple at half of what naming its fields costs: for what is made with each exchange."""


_PLAIN: Final = Shape.PLAIN  # a global is at hand at a quarter of what a member of an enum costs
_bare: Final = object.__new__


class PasswordRef(NamedTuple):
    """Names a password of an account, and never is one: what ledgers, messages and samples may hold."""

    generation: int
    """How many changes led to it. 0: the password that the account came with; -1: the one before, where it is known."""
    shape: Shape = Shape.PLAIN

    @property
    def word(self) -> str:
        """The same in one word: the generation, and the shape where that is not plain, such as "3" or "4:too_short"."""
        generation, shape = self
        if shape:
            return f"{generation}:{shape}"
        return _WORDS.get(generation) or _WORDS.setdefault(generation, str(generation))


_WORDS: Final[dict[int, str]] = {}
"""Words of plain passwords: asked for with each exchange, and the same few again and again."""


NO_ACCOUNT: Final = -1
"""The index of whoever has no account."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """A test account as the harness knows it: who it is, and which password is in force."""

    index: int
    """The account's number in its ledger, from 0: what samples and reports call it by."""
    user_name: str
    generation: int = 0
    shape: Shape = Shape.PLAIN
    """With `generation`, the password in force."""
    newest: int = -1
    """The highest generation that was ever in force, where that is not the one in force now."""
    before: PasswordRef | None = None
    """The password that was in force before; null: the plain one of the generation before."""
    initial_password: str | None = field(default=None, repr=False)
    """The password of generation 0 where it was given (accounts.csv); null where it is derived."""
    earlier_password: str | None = field(default=None, repr=False)
    """A password in the account's history from before generation 0, where one is known."""
    is_listed: bool = False
    """Whether it was there before us: its passwords of generation 0 and before are listed, and cannot be derived."""
    lease: int = 0
    """Number of the lease under which its process holds it; 0 outside a run."""
    user_id: str = ""
    """What the tenant API calls it by; empty where that is not known yet."""

    @property
    def in_force(self) -> PasswordRef:
        """The password that opens the account."""
        return _new(PasswordRef, (self.generation, self.shape))

    @property
    def next(self) -> PasswordRef:
        """The password of its next change: of a generation that was never in force."""
        generation, newest = self.generation, self.newest
        return _new(PasswordRef, (max(generation, newest) + 1, _PLAIN))

    @property
    def previous(self) -> PasswordRef:
        """The password that was in force before, which the account's history must remember."""
        return self.before or PasswordRef(self.generation - 1)

    def changed(self, new: PasswordRef) -> "Account":
        """Return the account after its password was changed to another."""
        generation = new.generation
        draft: Any = _bare(_Draft)  # `dataclasses.replace` takes five times as long, twice for each change
        draft.index, draft.user_name, draft.user_id, draft.lease = self.index, self.user_name, self.user_id, self.lease
        draft.initial_password, draft.earlier_password = self.initial_password, self.earlier_password
        draft.is_listed = self.is_listed
        draft.generation, draft.shape, draft.before = generation, new.shape, self.in_force
        draft.newest = max(self.generation, self.newest, generation)
        draft.__class__ = Account
        return draft  # type: ignore[no-any-return]  # an account by now

    def password(self, book: PasswordBook, generation: int, shape: Shape = Shape.PLAIN) -> str:
        """Return a password by what a `PasswordRef` says of it.

        Raises:
            LookupError: it is one that cannot be derived, and is not listed.
            UsageError: nobody can know the password (`Shape.UNKNOWABLE`).
        """
        if shape:
            return variation(shape, self.user_name, self.password(book, generation), book.policy)
        if generation < 0:
            if self.earlier_password is None:
                raise LookupError(f"account {self.index} has no earlier password")
            return self.earlier_password
        if generation == 0 and self.initial_password is not None:
            return self.initial_password
        if generation == 0 and self.is_listed:
            raise LookupError(f"the first password of {self.user_name!r} is not in the list of accounts")
        return book.password(self.user_name, generation)


class _Draft(Account):
    """An account that is being made: it can be written to until it is made one."""

    __slots__ = ()
    __setattr__ = object.__setattr__
    __delattr__ = object.__delattr__  # both, or Python looks for the one each time that the other is used
