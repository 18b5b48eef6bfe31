"""A new password that breaks a rule of the policy and is accepted."""

from collections.abc import Mapping

from pwdload.standin.accounts import Account
from pwdload.standin.assembly import Classes
from pwdload.standin.call import mandatory_field, text_field
from pwdload.standin.defects.defect import Defect
from pwdload.standin.forced_change import ForcedChange
from pwdload.standin.new_password import PasswordChange
from pwdload.standin.policy import PasswordPolicy, Person


class _AnyLength(PasswordPolicy):
    def _check_length(self, password: str) -> None:
        pass


class _AnySimplicity(PasswordPolicy):
    def _check_complexity(self, password: str) -> None:
        pass


class _AnyUserInfo(PasswordPolicy):
    def _check_user_info(self, password: str, person: Person) -> None:
        pass


class _AnyRepeats(PasswordPolicy):
    def _check_repeats(self, password: str) -> None:
        pass


class _AnyWeakness(PasswordPolicy):
    def _check_weak(self, password: str) -> None:
        pass


class _AnyBlank(PasswordPolicy):
    """Takes a blank password as it is; of others, the rules hold."""

    def check(self, password: str, person: Person) -> None:
        if password.strip():
            super().check(password, person)


class _TakesBlanks(ForcedChange):
    """Wants new_password to be there, whatever is in it."""

    def _passwords(self, fields: Mapping[str, object]) -> tuple[str, str]:
        if fields.get("new_password") is None:
            return super()._passwords(fields)
        return mandatory_field(fields, "old_password"), text_field(fields, "new_password")


class _NoHistory(PasswordChange):
    def _refuse_current(self, old: str, new: str) -> None:
        pass

    async def _refuse_earlier(self, account: Account, new: str) -> None:
        pass


DEFECTS = (
    Defect(
        name="policy_length_unchecked",
        sentence="A new password may be of any length.",
        fit=lambda _: Classes(policy=_AnyLength),
    ),
    Defect(
        name="policy_complexity_unchecked",
        sentence="A new password may have too few kinds of characters.",
        fit=lambda _: Classes(policy=_AnySimplicity),
    ),
    Defect(
        name="policy_user_name_unchecked",
        sentence="A new password may contain the user name, also in reverse, the mobile number and the email prefix.",
        fit=lambda _: Classes(policy=_AnyUserInfo),
    ),
    Defect(
        name="policy_repeats_unchecked",
        sentence="A new password may repeat a character any number of times.",
        fit=lambda _: Classes(policy=_AnyRepeats),
    ),
    Defect(
        name="policy_weak_unchecked",
        sentence="A new password may be on the list of weak ones.",
        fit=lambda _: Classes(policy=_AnyWeakness),
    ),
    Defect(
        name="policy_blank_unchecked",
        sentence="A new password may be empty or blanks alone.",
        fit=lambda _: Classes(policy=_AnyBlank, forced_change=_TakesBlanks),
    ),
    Defect(
        name="history_unchecked",
        sentence="A new password may be the current one, or one that was used before.",
        fit=lambda _: Classes(change=_NoHistory),
    ),
)
