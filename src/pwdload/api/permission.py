"""Which hosts may be put under load, or have their accounts touched: loopback, and those that somebody has named."""

from collections.abc import Iterable

from pwdload.api.http import is_loopback
from pwdload.errors import UsageError


def check_host_allowed(host: str, allowed: Iterable[str]) -> None:
    """Refuse a target that nobody has named as one that may be put under load.

    Raises:
        UsageError: the host is neither loopback nor allowed.
    """
    if host in set(allowed) or is_loopback(host):
        return
    raise UsageError(
        f"--host {host}: not loopback and not named as a target that may be put under load; "
        f'add it to [target] allow = ["{host}"] in the scenario, or give --allow-host {host}'
    )
