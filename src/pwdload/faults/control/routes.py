"""The routes of Toxiproxy's API, and those that the embedded proxy has beside them: counts and the lease."""

from collections.abc import Awaitable, Callable
from dataclasses import asdict
from functools import partial
from http import HTTPStatus

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from pwdload.errors import FaultError
from pwdload.faults.control.calls import HANDLERS, NoBrowsers, body_of, no_content
from pwdload.faults.control.fields import Fields, parsed
from pwdload.faults.control.lease import Lease
from pwdload.faults.control.managed import Managed
from pwdload.faults.control.proxies import Proxies
from pwdload.faults.control.refusal import bad_body
from pwdload.faults.control.shapes import read_proxies, read_proxy, read_toxic, read_update, toxic_document
from pwdload.faults.version import VERSION

Handler = Callable[[Request], Awaitable[Response]]

_PROXY = "/proxies/{proxy}"
_TOXIC = f"{_PROXY}/toxics/{{toxic}}"


def build_app(proxies: Proxies, lease: Lease) -> Starlette:
    """Return the ASGI application of the control API."""
    served = {**_proxy_routes(proxies), **_toxic_routes(proxies), **_own_routes(proxies, lease)}
    app = Starlette(
        routes=[
            Route(path, handler, methods=[method])
            for (methods, path), handler in served.items()
            for method in methods.split()
        ],
        exception_handlers=HANDLERS,
        middleware=[Middleware(NoBrowsers)],
    )
    app.router.redirect_slashes = False
    return app


Routes = dict[tuple[str, str], Handler]
"""Methods and template of the path -> handler."""


def _proxy_routes(proxies: Proxies) -> Routes:
    routes = ProxyRoutes(proxies)
    return {
        ("GET", "/proxies"): routes.index,
        ("POST", "/proxies"): routes.create,
        ("POST", "/populate"): routes.populate,
        ("POST", "/reset"): routes.reset,
        ("GET", _PROXY): routes.show,
        ("POST PATCH", _PROXY): routes.update,
        ("DELETE", _PROXY): routes.delete,
    }


def _toxic_routes(proxies: Proxies) -> Routes:
    routes = ToxicRoutes(proxies)
    return {
        ("GET", f"{_PROXY}/toxics"): routes.index,
        ("POST", f"{_PROXY}/toxics"): routes.create,
        ("GET", _TOXIC): routes.show,
        ("POST PATCH", _TOXIC): routes.update,
        ("DELETE", _TOXIC): routes.delete,
    }


def _own_routes(proxies: Proxies, lease: Lease) -> Routes:
    routes = OwnRoutes(proxies, lease)
    return {
        ("GET", "/version"): routes.version,
        ("GET", f"{_PROXY}/counts"): routes.counts,
        ("GET", "/lease"): routes.show_lease,
        ("PUT", "/lease"): routes.take_lease,
        ("DELETE", "/lease"): routes.end_lease,
    }


class ProxyRoutes:
    """Proxies, all of them and each."""

    def __init__(self, proxies: Proxies) -> None:
        self._proxies = proxies

    async def index(self, _request: Request) -> Response:
        """List all, by name."""
        return JSONResponse({proxy.name: proxy.document() for proxy in self._proxies.all()})

    async def create(self, request: Request) -> Response:
        """Make one."""
        proxy = await self._proxies.create(read_proxy(Fields.parse(await body_of(request))))
        return JSONResponse(proxy.document(), HTTPStatus.CREATED)

    async def populate(self, request: Request) -> Response:
        """Make several, unless they are there already."""
        made = await self._proxies.populate(read_proxies(parsed(await body_of(request))))
        return JSONResponse({"proxies": [proxy.document() for proxy in made]}, HTTPStatus.CREATED)

    async def reset(self, _request: Request) -> Response:
        """Remove all toxics, and enable all proxies."""
        await self._proxies.reset()
        return no_content()

    async def show(self, request: Request) -> Response:
        """Show one."""
        return JSONResponse(self._named(request).document())

    async def update(self, request: Request) -> Response:
        """Move, enable or disable one; what is not named stays."""
        proxy = self._named(request)
        fields = Fields.parse(await body_of(request))
        updated = await self._proxies.update(
            proxy.name,
            listen=fields.text("listen") or proxy.listen,
            upstream=fields.text("upstream") or proxy.upstream,
            enabled=fields.flag("enabled", default=proxy.enabled),
        )
        return JSONResponse(updated.document())

    async def delete(self, request: Request) -> Response:
        """Stop one, and forget it."""
        await self._proxies.delete(self._named(request).name)
        return no_content()

    def _named(self, request: Request) -> Managed:
        return self._proxies.get(request.path_params["proxy"])


class ToxicRoutes:
    """The toxics of a proxy, all of them and each."""

    def __init__(self, proxies: Proxies) -> None:
        self._proxies = proxies

    async def index(self, request: Request) -> Response:
        """List all."""
        return JSONResponse(self._proxy(request).toxics_document())

    async def create(self, request: Request) -> Response:
        """Add one."""
        name = self._proxy(request).name
        toxic = await self._proxies.add(name, read_toxic(Fields.parse(await body_of(request))))
        return JSONResponse(toxic_document(toxic))

    async def show(self, request: Request) -> Response:
        """Show one."""
        return JSONResponse(toxic_document(self._proxy(request).toxic(request.path_params["toxic"])))

    async def update(self, request: Request) -> Response:
        """Change one; what is not named stays."""
        fields = Fields.parse(await body_of(request))
        name, toxic_name = request.path_params["proxy"], request.path_params["toxic"]
        toxic = await self._proxies.change(name, toxic_name, partial(read_update, fields))
        return JSONResponse(toxic_document(toxic))

    async def delete(self, request: Request) -> Response:
        """Remove one."""
        await self._proxies.remove(request.path_params["proxy"], request.path_params["toxic"])
        return no_content()

    def _proxy(self, request: Request) -> Managed:
        return self._proxies.get(request.path_params["proxy"])


class OwnRoutes:
    """What is about the process, and what a real Toxiproxy does not have."""

    def __init__(self, proxies: Proxies, lease: Lease) -> None:
        self._proxies = proxies
        self._lease = lease

    async def version(self, _request: Request) -> Response:
        """Tell which API this is."""
        return JSONResponse({"version": VERSION})

    async def counts(self, request: Request) -> Response:
        """Tell what went through a proxy, and what was affected."""
        return JSONResponse(asdict(self._proxies.get(request.path_params["proxy"]).counts))

    async def show_lease(self, _request: Request) -> Response:
        """Tell how the lease is."""
        return JSONResponse(self._lease.status().document())

    async def take_lease(self, request: Request) -> Response:
        """Take or renew the lease."""
        seconds = Fields.parse(await body_of(request)).number("seconds")
        try:
            status = await self._lease.take(seconds)
        except FaultError as error:
            raise bad_body(str(error)) from None
        return JSONResponse(status.document())

    async def end_lease(self, _request: Request) -> Response:
        """Give the lease back; nothing is healed."""
        self._lease.end()
        return no_content()
