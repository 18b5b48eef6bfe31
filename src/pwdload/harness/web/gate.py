"""What Start, Stop and the rest of Locust's web UI may do to a run: what it could not take is refused, in one line.

Locust starts a run while the one before is still being written up, stops one twice, takes any host and any option out
of a form, and calls a start without workers a success. Each would cost one of the guarantees of a run: accounts that a
second run changes while the first has its last look at them are the target's fault in the first one's verdict.
"""

import math
from argparse import Namespace
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import Enum, auto
from typing import TYPE_CHECKING, Any

import gevent
from flask import Response, jsonify, make_response, request
from gevent.event import Event
from locust.argument_parser import ui_extra_args_dict
from locust.env import Environment
from locust.runners import STATE_SPAWNING, MasterRunner
from locust.web import WebUI

from pwdload.harness.options import options_of
from pwdload.harness.web.form import kept, nothing_to_do, number, other_host, unknown_field

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

_BEGINS_WITHIN_S = 20.0
"""How long Stop waits for a run that is just being begun, which would break off in its middle."""
_LOCUSTS_OWN_SHAPE = "Default"
_LEAVE = "access-control-"
"""How the headers begin that let pages of other origins read an answer."""


class _Moment(Enum):
    IDLE = auto()
    BEGINNING = auto()
    ON = auto()
    ENDING = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What a start is held against."""

    target: str
    too_fast: Callable[[Namespace], str]
    """Why users by hand, as the options have them, are too many for the target; empty where they are not."""


class Gate:
    """Stands before the buttons of Locust's web UI. Knows from Locust's events how far a run is.

    `begins` and `ends` are to be heard before pwdload's own listeners, `has_begun` and `has_ended` after them.
    """

    def __init__(self, environment: Environment, web_ui: WebUI, rules: Rules) -> None:
        self._environment, self._web_ui, self._rules = environment, web_ui, rules
        self._moment = _Moment.IDLE
        self._begun = Event()
        self._spawning = gevent.Greenlet()

    def install(self) -> None:
        """Put this before the buttons."""
        app = self._web_ui.app
        assert app is not None  # noqa: S101 - Locust has made it by now
        for endpoint, view in (("swarm", self._swarm), ("stop", self._stop), ("update_user", self._update_user)):
            name = f"locust.{endpoint}"
            app.view_functions[name] = self._web_ui.auth_required_if_enabled(_before(view, app.view_functions[name]))
        app.before_request(_refuse_other_origins)
        app.wsgi_app = _for_own_pages_alone(app.wsgi_app)  # type: ignore[assignment]
        if self._environment.shape_class is not None:
            # With its class picker Locust would take the scenario's load away: of its own it knows no other.
            self._web_ui._update_shape_class = lambda _name: None  # type: ignore[method-assign]

    def begins(self, **_: object) -> None:
        """Note that a run is being begun."""
        self._moment = _Moment.BEGINNING
        self._begun.clear()

    def has_begun(self, **_: object) -> None:
        """Note that it has begun."""
        self._moment = _Moment.ON
        self._begun.set()

    def ends(self, **_: object) -> None:
        """Note that its users are being stopped."""
        self._moment = _Moment.ENDING

    def has_ended(self, **_: object) -> None:
        """Note that its report is made."""
        self._moment = _Moment.IDLE

    def _swarm(self, start: Callable[[], Response]) -> Response:
        why = self._why_not()
        if why:
            return self._no(why)
        if self._moment is _Moment.ON:
            return self._change_users()
        options = options_of(self._environment)
        before = kept(options)
        self._moment = _Moment.BEGINNING
        self._begun.clear()
        try:
            answer = start()
        except BaseException:
            self._moment = _Moment.IDLE
            raise
        if not (answer.get_json(silent=True) or {}).get("success"):
            self._moment = _Moment.IDLE
        self._settle(options, before)
        return answer

    def _settle(self, options: Namespace, before: dict[str, object]) -> None:
        """Have the options say what holds: the form of a run whose load the scenario decides says nothing of it."""
        self._environment.host = self._rules.target
        options.host = before["host"]
        if self._environment.shape_class is not None:
            for name, value in before.items():
                setattr(options, name, value)
        elif not request.form.get("run_time"):
            options.run_time = None  # Locust sets no timer then, and an earlier run's length is not this one's

    def _why_not(self) -> str:
        """Return why a run cannot be started, or its users changed, now; empty where it can."""
        if self._moment is _Moment.BEGINNING:
            return "A run is just being started"
        if self._moment is _Moment.ENDING:
            return "The run before is still being written up: flows are finished, and its report is made; a moment"
        form, added = request.form, ui_extra_args_dict([])
        why = unknown_field(form, added) or other_host(form.get("host", ""), self._rules.target)
        return why or self._why_no_load()

    def _why_no_load(self) -> str:
        form, environment, runner = request.form, self._environment, self._environment.runner
        if isinstance(runner, MasterRunner) and not (runner.clients.ready or runner.clients.running):
            return "No worker is there that could play; start one with --worker"
        picked = form.getlist("user_classes") if self._web_ui.userclass_picker_is_active else []
        offered: dict[str, Any] = environment.available_user_classes or {}
        why = nothing_to_do(picked, {name: kind.tasks for name, kind in offered.items()})
        if why or environment.shape_class is not None:
            is_other = form.get("shape_class", _LOCUSTS_OWN_SHAPE) != _LOCUSTS_OWN_SHAPE
            on = self._moment is _Moment.ON
            return why or ("The scenario decides the load, and no other shape" if is_other else _DECIDED if on else "")
        users = number(form, "user_count")
        asked = Namespace(**{**vars(options_of(environment)), "num_users": int(users)}) if users else None
        return self._rules.too_fast(asked) if asked is not None else ""

    def _change_users(self) -> Response:
        """Change the number of users of the run that is on. Locust itself would forget when the run ends."""
        users, rate = number(request.form, "user_count"), number(request.form, "spawn_rate")
        if users is None or users < 0 or rate is None or rate <= 0 or not math.isfinite(users + rate):
            return self._no("Number of users: a whole number from 0 on, and a ramp up of more than 0 users per second")
        runner = self._environment.runner
        assert runner is not None  # noqa: S101 - a run is on
        if isinstance(runner, MasterRunner) and runner.state == STATE_SPAWNING:
            return self._no("Users are just being started; change their number when they are there")
        options_of(self._environment).num_users, options_of(self._environment).spawn_rate = int(users), rate
        self._spawning = gevent.spawn(runner.start, int(users), rate)
        return jsonify({"success": True, "message": "The number of users is changed", "host": self._rules.target})

    def _stop(self, stop: Callable[[], Response]) -> Response:
        if self._moment is _Moment.ENDING:
            return jsonify({"success": True, "message": "The run is being ended already"})
        if self._moment is _Moment.BEGINNING:
            self._begun.wait(_BEGINS_WITHIN_S)
        self._spawning.kill()
        return stop()

    def _update_user(self, update: Callable[[], Response]) -> Response:
        if self._moment is not _Moment.IDLE:
            return make_response("The classes of users are settled while a run is on", 409)
        return update()

    def _no(self, why: str) -> Response:
        return jsonify({"success": False, "message": why, "host": self._rules.target})


_DECIDED = "The scenario decides the load of the run that is on; stop it first to start another"


def _before(view: Callable[[Callable[..., Any]], Response], original: Callable[..., Any]) -> Callable[[], Response]:
    def guarded() -> Response:
        return view(original)

    guarded.__name__ = original.__name__
    return guarded


def _refuse_other_origins() -> Response | None:
    """Refuse what a page of another origin has its visitor's browser press here: no load by a link in a mail."""
    if request.method == "POST" and request.headers.get("Sec-Fetch-Site") in ("cross-site", "same-site"):
        return make_response("Refused: asked by a page of another site", 403)
    return None


def _for_own_pages_alone(app: "WSGIApplication") -> "WSGIApplication":
    """Take back that pages of any origin may read answers here: Locust allows it, for a server of its developers.

    Whoever opened a page anywhere would show that page what is tested, how it stands, and its error codes. Locust's own
    page, and ours, are of the same origin, and need no leave.
    """

    def answered(environ: "WSGIEnvironment", start: "StartResponse") -> Iterable[bytes]:
        def begin(status: str, headers: list[tuple[str, str]], *error: Any) -> Callable[[bytes], object]:
            return start(status, [one for one in headers if not one[0].lower().startswith(_LEAVE)], *error)

        return app(environ, begin)

    return answered
