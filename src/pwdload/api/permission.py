"""Which hosts may be put under load, or have their accounts touched: loopback, and those that somebody has named.

By its name before anything is sent, and by every address behind the name before anything connects. The addresses are
looked at in each process by itself, since the same name may be another machine on another network.
"""

from collections.abc import Collection, Iterable, Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address

from pwdload.api.http import is_loopback
from pwdload.errors import UsageError
from pwdload.scenario import Target


def check_host_allowed(host: str, allowed: Iterable[str], place: str = "--host") -> None:
    """Refuse a target that nobody has named as one that may be put under load; `place` says where it was given.

    Raises:
        UsageError: the host is neither loopback nor allowed.
    """
    if is_loopback(host) or _plain(host) in named(allowed):
        return
    raise UsageError(
        f"{place} {host}: not loopback and not named as a target that may be put under load; "
        f'add it to [target] allow = ["{host}"] in the scenario, or give --allow-host {host}'
    )


def check_addresses_allowed(host: str, addresses: Iterable[str], allowed: Iterable[str]) -> None:
    """Refuse a host for what is behind its name, before anything connects there.

    A name of loopback must be loopback, whatever the hosts file says. Whoever names another host means the machines
    behind it, and none that no name of a service stands for: link-local addresses (a cloud's metadata service),
    multicast, the unspecified and the reserved ones have to be named themselves.

    Args:
        host: as it was given, allowed by its name.
        addresses: all that it resolves to, as text; an IPv6 zone is ignored.
        allowed: hosts and addresses that somebody has named.

    Raises:
        UsageError: one of the addresses is not allowed; nothing must be sent to any of them.
    """
    known = named(allowed)
    for text in addresses:
        bare = text.partition("%")[0]
        address = _mapped(ip_address(bare))
        if str(address) in known or bare in known or address.is_loopback:
            continue
        if is_loopback(host):
            raise UsageError(
                f"host {host}: it resolves to {bare}, which is not loopback; mend the name (/etc/hosts), or give "
                f"--allow-host {bare}"
            )
        if why := _special(address):
            raise UsageError(
                f"host {host}: it resolves to {bare}, {why}, and nothing is sent there; mend the name, or give "
                f"--allow-host {bare}"
            )


def check_same_addresses(host: str, addresses: Sequence[str], masters: Collection[str], allowed: Iterable[str]) -> None:
    """Refuse a host that is, for a worker, another machine than for its master.

    Args:
        host: the target.
        addresses: all that it resolves to here.
        masters: all that it resolves to there, which is where a person has looked; empty where nobody knows.
        allowed: hosts and addresses that somebody has named.

    Raises:
        UsageError: it resolves here to an address that the master does not know, and that is not named.
    """
    known = named(allowed)
    strange = [text for text in addresses if text not in masters and text not in known]
    if masters and strange:
        raise UsageError(
            f"host {host}: it resolves to {strange[0]} here and to {', '.join(sorted(masters))} at the master; "
            f"make the name the same everywhere, or give the master --allow-host {strange[0]}"
        )


def named(allowed: Iterable[str]) -> frozenset[str]:
    """Return hosts as they are compared: in lower case, without brackets and without the dot of the root."""
    return frozenset(map(_plain, allowed))


def with_allowed(target: Target, more: Iterable[str]) -> Target:
    """Return a target that names these hosts too: every process that connects to it then knows of them.

    Raises:
        UsageError: one of them is the name of no host.
    """
    wanted = [_plain(host) for host in more]
    for host in wanted:
        if not host or any(letter in host for letter in "/@*? ") or (":" in host and not _is_address(host)):
            raise UsageError(f"--allow-host {host!r}: not a host; give its name or address alone, as in the URL")
    return target.model_copy(update={"allow": tuple(dict.fromkeys((*target.allow, *wanted)))}) if wanted else target


def _plain(host: str) -> str:
    return host.strip("[]").rstrip(".").lower()


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def _mapped(address: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    """Return the IPv4 address that an IPv6 one stands for (::ffff:127.0.0.1), or the address itself."""
    return (address.ipv4_mapped or address) if isinstance(address, IPv6Address) else address


def _special(address: IPv4Address | IPv6Address) -> str:
    if address.is_link_local:
        return "a link-local address"
    if address.is_multicast:
        return "a multicast address"
    if address.is_unspecified:
        return "the unspecified address"
    return "a reserved address" if isinstance(address, IPv4Address) and address.is_reserved else ""
