"""A test account and the passwords that open it."""

from dataclasses import dataclass, field, replace
from typing import Self

from pwdload.passwords import PasswordBook


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """A test account as the harness knows it: who it is, and which generation of its password is in force."""

    index: int
    """Place in the run's account list, from 0: what samples and reports call it by."""
    user_name: str
    generation: int = 0
    """How many times the harness has changed the password; 0 is the password that the account came with."""
    initial_password: str | None = field(default=None, repr=False)
    """The password of generation 0 where it was given (accounts.csv); null where it is derived."""
    earlier_password: str | None = field(default=None, repr=False)
    """A password in the account's history from before generation 0, where one is known."""

    def changed(self) -> Self:
        """Return the account after one acknowledged change of its password."""
        return replace(self, generation=self.generation + 1)

    def password(self, book: PasswordBook, generation: int) -> str:
        """Return the password of a generation; -1 is the one before the account came to us.

        Raises:
            LookupError: generation -1 is asked for and not known.
        """
        if generation < 0:
            if self.earlier_password is None:
                raise LookupError(f"account {self.index} has no earlier password")
            return self.earlier_password
        if generation == 0 and self.initial_password is not None:
            return self.initial_password
        return book.password(self.user_name, generation)
