"""The listening socket of a proxy, and what becomes of those who knock: let in, refused, or never answered."""

import asyncio
import socket
from collections.abc import Callable
from contextlib import suppress
from enum import Enum, auto

BACKLOG = 1024
_FILLING_S = 0.2
"""How long a filler may take; it needs microseconds, unless somebody else has filled the queue already."""

_NO_DESCRIPTORS_S = 0.1
"""How long to wait when the process may open no more files."""


class Doorway(Enum):
    """What becomes of a new connection."""

    OPEN = auto()
    REFUSED = auto()
    """Its SYN is answered with RST."""
    UNANSWERED = auto()
    """Its SYN is not answered: a black hole."""


class Door:
    """Listens, and hands over the socket of each connection that is made.

    The port stays taken until `close`, whatever the doorway: nobody else can be given it meanwhile.

    No answer to a SYN needs no privilege on Linux: a queue of length 0 takes one connection, and the kernel drops the
    SYN of any other for as long as nobody accepts that one. We are that one (the filler).
    """

    def __init__(self, address: tuple[str, int], knocked: Callable[[socket.socket], None]) -> None:
        self._knocked = knocked
        self._doorway = Doorway.OPEN
        self._fillers: list[socket.socket] = []
        self._moving = asyncio.Lock()
        found = socket.getaddrinfo(*address, type=socket.SOCK_STREAM)[0]
        self._family, where = found[0], found[4]
        self._socket = self._bound((str(where[0]), int(where[1])))
        self.address: tuple[str, int] = self._socket.getsockname()[:2]
        self._listen()

    async def become(self, doorway: Doorway) -> None:
        """Do from now on what this says with whoever knocks. Raises `OSError` where the port has gone to another."""
        async with self._moving:
            if doorway is self._doorway:
                return
            self._reopen()
            if doorway is Doorway.REFUSED:
                self._refuse()
            elif doorway is Doorway.UNANSWERED:
                await self._fall_silent()
            self._doorway = doorway

    def close(self) -> None:
        """Stop listening, and give the port back."""
        self._let_fillers_go()
        self._stop_listening()
        self._socket.close()

    def _bound(self, address: tuple[str, int]) -> socket.socket:
        # With its protocol named, asyncio takes what is accepted here for TCP, and turns Nagle's algorithm off.
        bound = socket.socket(self._family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        try:
            bound.setblocking(False)
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            bound.bind(address)
        except OSError:
            bound.close()
            raise
        return bound

    def _listen(self) -> None:
        self._socket.listen(BACKLOG)
        asyncio.get_running_loop().add_reader(self._socket.fileno(), self._accept)

    def _stop_listening(self) -> None:
        asyncio.get_running_loop().remove_reader(self._socket.fileno())

    def _accept(self) -> None:
        fillers = {filler.getsockname() for filler in self._fillers}
        for _ in range(BACKLOG):
            try:
                accepted, peer = self._socket.accept()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                return
            except OSError:  # out of file descriptors, mostly: those who knock wait in the queue until there are some
                loop = asyncio.get_running_loop()
                loop.remove_reader(self._socket.fileno())
                loop.call_later(_NO_DESCRIPTORS_S, self._listen_again)
                return
            if peer in fillers:
                accepted.close()
                continue
            accepted.setblocking(False)
            self._knocked(accepted)

    def _listen_again(self) -> None:
        if self._doorway is Doorway.OPEN and self._socket.fileno() >= 0:
            self._listen()

    def _refuse(self) -> None:
        self._stop_listening()
        self._socket.close()
        self._socket = self._bound(self.address)  # holds the port, and does not listen

    async def _fall_silent(self) -> None:
        self._stop_listening()
        self._socket.listen(0)
        filler = socket.socket(self._family, socket.SOCK_STREAM)
        filler.setblocking(False)
        self._fillers.append(filler)
        with suppress(TimeoutError):
            await asyncio.wait_for(asyncio.get_running_loop().sock_connect(filler, self.address), _FILLING_S)

    def _reopen(self) -> None:
        if self._doorway is Doorway.REFUSED:
            placeholder = self._socket
            self._socket = self._bound(self.address)
            placeholder.close()
        if self._doorway is not Doorway.OPEN:
            self._listen()
            self._accept()  # the filler is at the head of the queue
        self._let_fillers_go()
        self._doorway = Doorway.OPEN

    def _let_fillers_go(self) -> None:
        while self._fillers:
            self._fillers.pop().close()
