"""Our own locustfile, with every login built anew: a run keeps its bytes for as long as the account's password stays.

In the bench an account logs in again and again, and the peers build their JSON each time: held against them is this.
"""

from locustfiles.password_update import Attacker, EveryClient, FaultyApp, Person, Prober

from pwdload.accounts.account import Account
from pwdload.api.request import DeviceRequests
from pwdload.cases import asking, play
from pwdload.passwords import PasswordBook

__all__ = ["Attacker", "EveryClient", "FaultyApp", "Person", "Prober"]


def _anew(account: Account, requests: DeviceRequests, book: PasswordBook) -> asking.Asking:
    return asking.login(account, requests, account.in_force, book)


play.own_login = _anew  # type: ignore[attr-defined]  # it is imported there
