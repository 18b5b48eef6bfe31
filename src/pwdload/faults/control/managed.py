"""One proxy as the control API knows it: what it was asked for, whether it is enabled, and the engine that does it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

from pwdload.errors import FaultError
from pwdload.faults.control.endings import Endings
from pwdload.faults.control.refusal import Refusal, bad_body, toxic_not_found
from pwdload.faults.control.shapes import ProxySpec, toxic_document
from pwdload.faults.kinds import KINDS, checked
from pwdload.faults.links import ProxyCounts
from pwdload.faults.proxy import FaultProxy
from pwdload.faults.toxic import Stream, Toxic


class Managed:
    """A proxy that can be disabled and enabled, moved, and asked how it is; its toxics outlive all of that."""

    def __init__(self, spec: ProxySpec, endings: Endings) -> None:
        """Raises `FaultError` for TLS that cannot be ended as it is asked for."""
        self.name = spec.name
        self.enabled = False
        self._asked = spec
        self._endings = endings
        self._engine = self._made(spec)

    @property
    def listen(self) -> str:
        """Where it listens; the real port as soon as it was enabled once."""
        return self._engine.listen

    @property
    def upstream(self) -> str:
        """Where it sends to."""
        return self._engine.upstream

    @property
    def counts(self) -> ProxyCounts:
        """What went through it, since it was last moved."""
        return self._engine.counts

    async def enable(self, on: bool) -> None:
        """Listen, or stop listening and end all connections; nothing where it is so already.

        Raises:
            FaultError: it cannot listen there.
        """
        if on and not self.enabled:
            await self._engine.start()
        elif self.enabled and not on:
            await self._engine.stop()
        self.enabled = on

    async def move(self, listen: str, upstream: str) -> None:
        """Listen elsewhere, or send elsewhere; it is disabled then, and has its toxics still."""
        asked = replace(self._asked, listen=listen, upstream=upstream)
        moved = self._made(asked)
        for toxic in self._engine.toxics:
            await moved.add(toxic)
        await self.enable(False)
        self._asked, self._engine = asked, moved

    def is_at(self, listen: str, upstream: str) -> bool:
        """Whether it listens and sends there, as it was asked to or as it came out."""
        return listen in (self._engine.listen, self._asked.listen) and upstream == self._engine.upstream

    def toxic(self, name: str) -> Toxic:
        """Return the toxic of a name.

        Raises:
            Refusal: there is none.
        """
        for toxic in self._engine.toxics:
            if toxic.name == name:
                return toxic
        raise toxic_not_found()

    async def add(self, toxic: Toxic) -> Toxic:
        """Add a toxic, and return it with the defaults of its kind.

        Raises:
            Refusal: there is one of its name, no such kind, or an attribute is not what the kind takes.
        """
        if toxic.kind not in KINDS:
            raise Refusal(400, "invalid toxic type", {"allowed": sorted(KINDS)})
        if any(other.name == toxic.name for other in self._engine.toxics):
            raise Refusal(409, "toxic already exists")
        complete = _checked(toxic)
        with _bad_body_for_faults():
            await self._engine.add(complete)
        return complete

    async def change(self, name: str, how: Callable[[Toxic], Toxic]) -> Toxic:
        """Change a toxic, and return what it is now.

        Raises:
            Refusal: there is none of this name, or an attribute is not what the kind takes.
        """
        complete = _checked(how(self.toxic(name)))
        with _bad_body_for_faults():
            await self._engine.replace(complete)
        return complete

    async def remove(self, name: str) -> None:
        """Remove a toxic.

        Raises:
            Refusal: there is none of this name.
        """
        await self._engine.remove(self.toxic(name).name)

    async def clear(self) -> None:
        """Remove all toxics."""
        for toxic in self._engine.toxics:
            await self._engine.remove(toxic.name)

    def toxics_document(self) -> list[dict[str, object]]:
        """Return the toxics as JSON: upstream first, as Toxiproxy does."""
        ordered = sorted(self._engine.toxics, key=lambda toxic: toxic.stream is Stream.DOWNSTREAM)
        return [toxic_document(toxic) for toxic in ordered]

    def document(self) -> dict[str, object]:
        """Return the proxy as JSON."""
        document: dict[str, object] = {
            "name": self.name,
            "listen": self._engine.listen,
            "upstream": self._engine.upstream,
            "enabled": self.enabled,
            "toxics": self.toxics_document(),
        }
        if self._asked.tls is not None:
            document["tls"] = self._endings.document(self._asked.tls)
        return document

    def _made(self, spec: ProxySpec) -> FaultProxy:
        tls = self._endings.of(spec)
        return FaultProxy(name=spec.name, listen=spec.listen, upstream=spec.upstream, tls=tls)


def _checked(toxic: Toxic) -> Toxic:
    with _bad_body_for_faults():
        return checked(toxic)


@contextmanager
def _bad_body_for_faults() -> Iterator[None]:
    """Let what kind and engine say of a toxic be what is said of the body that asked for it."""
    try:
        yield
    except FaultError as error:
        raise bad_body(str(error)) from None
