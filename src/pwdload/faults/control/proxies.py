"""The proxies of this process by name, and what may be done with them: one change at a time."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from pwdload.errors import FaultError
from pwdload.faults.addresses import HostPort, Permission
from pwdload.faults.control.endings import Endings
from pwdload.faults.control.managed import Managed
from pwdload.faults.control.refusal import Refusal, proxy_not_found
from pwdload.faults.control.shapes import ProxySpec
from pwdload.faults.toxic import Toxic


class Proxies:
    """All proxies of this process."""

    def __init__(self, permission: Permission, endings: Endings) -> None:
        self._permission = permission
        self._endings = endings
        self._by_name: dict[str, Managed] = {}
        self._one_at_a_time = asyncio.Lock()

    def all(self) -> Sequence[Managed]:
        """Return the proxies in the order in which they were made."""
        return tuple(self._by_name.values())

    def get(self, name: str) -> Managed:
        """Return a proxy.

        Raises:
            Refusal: there is none of this name.
        """
        proxy = self._by_name.get(name)
        if proxy is None:
            raise proxy_not_found()
        return proxy

    async def create(self, spec: ProxySpec) -> Managed:
        """Make a proxy, and enable it if that is asked for.

        Raises:
            Refusal: there is one of this name, or its addresses are not allowed.
            FaultError: it cannot listen there.
        """
        if spec.name in self._by_name:
            raise Refusal(409, "proxy already exists")
        await self._check(spec.listen, spec.upstream)
        async with self._one_at_a_time:
            if spec.name in self._by_name:
                raise Refusal(409, "proxy already exists")
            return await self._add(spec)

    async def update(self, name: str, *, listen: str, upstream: str, enabled: bool) -> Managed:
        """Move a proxy, enable or disable it.

        Raises:
            Refusal: there is none of this name, or the addresses are not allowed.
            FaultError: it cannot listen there; it is disabled then.
        """
        await self._check(listen, upstream)
        async with self._one_at_a_time:
            proxy = self.get(name)
            if not proxy.is_at(listen, upstream):
                await proxy.move(listen, upstream)
            await proxy.enable(enabled)
            return proxy

    async def delete(self, name: str) -> None:
        """Stop a proxy, and forget it.

        Raises:
            Refusal: there is none of this name.
        """
        async with self._one_at_a_time:
            await self.get(name).enable(False)
            del self._by_name[name]

    async def populate(self, specs: Sequence[ProxySpec]) -> list[Managed]:
        """Make all these proxies; one that is there already, at the same addresses, is left as it is, toxics and all.

        Raises:
            Refusal: the addresses of one are not allowed; then none was made.
            FaultError: one cannot listen where it should; those before it were made.
        """
        for spec in specs:
            await self._check(spec.listen, spec.upstream)
        async with self._one_at_a_time:
            return [await self._added_or_replaced(spec) for spec in specs]

    async def reset(self) -> None:
        """Remove all toxics of all proxies, and enable every proxy.

        Raises:
            FaultError: one could not be enabled; all others were, and there is no toxic any more.
        """
        problems: list[str] = []
        async with self._one_at_a_time:
            for proxy in self._by_name.values():
                with _noted(problems):
                    await proxy.clear()
            for proxy in self._by_name.values():
                with _noted(problems):
                    await proxy.enable(True)
        if problems:
            raise FaultError("; ".join(problems))

    async def add(self, name: str, toxic: Toxic) -> Toxic:
        """Add a toxic to a proxy, and return it with the defaults of its kind.

        Raises:
            Refusal: there is no such proxy, it has a toxic of this name, or the toxic is not what its kind takes.
        """
        async with self._one_at_a_time:
            return await self.get(name).add(toxic)

    async def change(self, name: str, toxic_name: str, how: Callable[[Toxic], Toxic]) -> Toxic:
        """Change a toxic of a proxy, and return what it is now.

        Raises:
            Refusal: there is no such proxy or toxic, or the toxic is not what its kind takes.
        """
        async with self._one_at_a_time:
            return await self.get(name).change(toxic_name, how)

    async def remove(self, name: str, toxic_name: str) -> None:
        """Remove a toxic from a proxy.

        Raises:
            Refusal: there is no such proxy, or no such toxic.
        """
        async with self._one_at_a_time:
            await self.get(name).remove(toxic_name)

    async def close(self) -> None:
        """Stop all proxies."""
        async with self._one_at_a_time:
            for proxy in self._by_name.values():
                await proxy.enable(False)

    async def _add(self, spec: ProxySpec) -> Managed:
        try:
            proxy = Managed(spec, self._endings)
        except FaultError as error:
            raise Refusal(400, str(error)) from None
        await proxy.enable(spec.enabled)
        self._by_name[spec.name] = proxy
        return proxy

    async def _added_or_replaced(self, spec: ProxySpec) -> Managed:
        known = self._by_name.get(spec.name)
        if known is not None and known.is_at(spec.listen, spec.upstream):
            return known
        if known is not None:
            await known.enable(False)
            del self._by_name[spec.name]
        return await self._add(spec)

    async def _check(self, listen: str, upstream: str) -> None:
        for place, text in (("listen", listen), ("upstream", upstream)):
            try:
                address = HostPort.parse(text, place=place)
            except FaultError as error:
                raise Refusal(400, str(error)) from None
            try:
                await self._permission.check(address, place=place)
            except FaultError as error:
                raise Refusal(403, str(error)) from None


@contextmanager
def _noted(problems: list[str]) -> Iterator[None]:
    try:
        yield
    except Exception as error:  # noqa: BLE001 - what cannot be healed in one place must not keep the others from it
        problems.append(str(error) or type(error).__name__)
