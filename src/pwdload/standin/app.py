"""The composition: which handler answers which route."""

from collections.abc import Mapping

from starlette.routing import Route, Router
from starlette.types import ASGIApp

from pwdload.standin.answers import Answer
from pwdload.standin.assembly import Classes
from pwdload.standin.call import Call, Handler
from pwdload.standin.capacity import Capacity
from pwdload.standin.control import Control
from pwdload.standin.counts import Counts
from pwdload.standin.endpoint import Endpoint
from pwdload.standin.headers import sdk_caller
from pwdload.standin.nearby import LoopbackOnly
from pwdload.standin.parts import Parts
from pwdload.standin.sso import Sso
from pwdload.standin.tenant_token import TenantToken
from pwdload.standin.tenant_users import TenantUsers

Routes = Mapping[str, Mapping[str, Handler]]
"""Template of the path -> method -> handler."""

_SDK, _TENANT = "/api/v2/sdk", "/api/v2/tenant"
_USER = f"{_TENANT}/users/{{user_id}}"
_NOWHERE = "*"
FAULTS = "/standin/faults"


def build_app(parts: Parts, classes: Classes) -> ASGIApp:
    """Return the ASGI application. Whatever is not routed is refused, and counted as route ``*``."""
    settings = parts.settings
    counts = Counts(parts.clock)
    capacity = Capacity(settings) if settings.servers else None
    served = {**_sdk_routes(parts, classes), **_tenant_routes(parts), _NOWHERE: {}}
    endpoints: dict[str, ASGIApp] = {
        route: classes.endpoint(
            route, handlers, settings=settings, counts=counts, capacity=capacity, disk=parts.faults.disk
        )
        for route, handlers in served.items()
    }
    nowhere = endpoints.pop(_NOWHERE)
    own: dict[str, ASGIApp] = {
        route: Endpoint(route, handlers, settings=settings, counts=None, capacity=None)
        for route, handlers in _control_routes(parts, counts).items()
    }
    own[FAULTS] = LoopbackOnly(own[FAULTS], otherwise=nowhere)
    routes = [Route(route, endpoint) for route, endpoint in {**endpoints, **own}.items()]
    return Router(routes=routes, redirect_slashes=False, default=nowhere)


def _sdk_routes(parts: Parts, classes: Classes) -> Routes:
    login, change, public = classes.login(parts), classes.forced_change(parts), _Public(parts)
    return {
        f"{_SDK}/login": {"POST": login.login},
        f"{_SDK}/pwd/update": {"POST": change.update},
        f"{_SDK}/pwd/skip-update": {"GET": change.skip},
        f"{_SDK}/mobile-by-token": {"GET": change.mobile},
        f"{_SDK}/server-date": {"GET": public.server_date},
        "/api/v1/oauth2/keys": {"GET": public.key_set},
    }


def _tenant_routes(parts: Parts) -> Routes:
    token, sso, users = TenantToken(parts), Sso(parts), TenantUsers(parts)
    return {
        f"{_TENANT}/token": {"POST": token.issue},
        f"{_TENANT}/sso/session-token/sso-ticket": {"POST": sso.issue_ticket},
        f"{_TENANT}/sso/sso-ticket/verify": {"POST": sso.redeem_ticket},
        f"{_TENANT}/users": {"POST": users.create, "GET": users.page},
        f"{_TENANT}/users/user-by-username": {"POST": users.by_name},
        _USER: {"GET": users.show, "PUT": users.modify, "DELETE": users.delete},
        f"{_USER}/change-password": {"PUT": users.change_password},
        f"{_USER}/change-password-verify": {"PUT": users.change_password_verify},
        f"{_USER}/enable": {"PUT": users.enable},
        f"{_USER}/disable": {"PUT": users.disable},
    }


def _control_routes(parts: Parts, counts: Counts) -> Routes:
    control = Control(parts, counts)
    routes: dict[str, Mapping[str, Handler]] = {
        "/standin/health": {"GET": control.health},
        "/standin/counts": {"GET": control.counts, "DELETE": control.reset_counts, "POST": control.reset_counts},
        FAULTS: {"GET": control.faults, "PUT": control.set_faults, "DELETE": control.end_faults},
    }
    if parts.settings.account_inspection:
        routes["/standin/accounts/{user_name:path}"] = {"GET": control.account, "POST": control.try_password}
    return routes


class _Public:
    """What needs nobody to be logged in."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def server_date(self, call: Call) -> Answer:
        """Tell the time, in milliseconds since 1970 as text."""
        sdk_caller(call, self._parts.settings)
        return Answer(fields={"timestamp": str(int(self._parts.clock() * 1000))})

    async def key_set(self, call: Call) -> Answer:  # noqa: ARG002 - a handler's signature
        """Publish the key that id_tokens are verified with."""
        return Answer(fields=self._parts.id_tokens.key_set())
