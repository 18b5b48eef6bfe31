"""Routes for this machine only: whoever is not on it finds nothing there."""

import ipaddress

from starlette.types import ASGIApp, Receive, Scope, Send


class LoopbackOnly:
    """Hands a request that comes over loopback to one application, and any other to `otherwise`."""

    def __init__(self, guarded: ASGIApp, *, otherwise: ASGIApp) -> None:
        self._guarded = guarded
        self._otherwise = otherwise

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        await (self._guarded if _is_nearby(scope) else self._otherwise)(scope, receive, send)


def _is_nearby(scope: Scope) -> bool:
    host, _port = scope.get("client") or ("", 0)
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
