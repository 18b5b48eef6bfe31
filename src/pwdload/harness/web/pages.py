"""The routes that pwdload adds to Locust's web UI. All are behind Locust's login where it has one, and only read."""

import json
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path

from flask import Blueprint, Flask, Response, request, send_file
from locust.web import WebUI

from pwdload.harness.web.tabs import extended_stats, template_args
from pwdload.watched.live import Live

_SCRIPTS = ("words.js", "charts.js", "tiles.js", "tables.js", "live.js")
_STATIC = {"live.css": "text/css; charset=utf-8"} | dict.fromkeys(_SCRIPTS, "text/javascript; charset=utf-8")
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'"
)
"""Of the live page: nothing but its own files, and nothing inline, whatever a target puts into its error codes."""
_LINK = (
    '<a href="./pwdload" style="position:fixed;left:1rem;bottom:1rem;z-index:1300;padding:.55rem 1rem;'
    "border-radius:2rem;background:#17528c;color:#fff;font:600 14px/1.2 system-ui,sans-serif;text-decoration:none;"
    'box-shadow:0 1px 5px rgba(0,0,0,.35)">Live page (pwdload)</a>'
)


def add_pages(web_ui: WebUI, live: Live, report: Callable[[], Path | None]) -> None:
    """Add the live page, what it asks for, and the tabs; `report` says where that of the latest run is, if any."""
    app = web_ui.app
    assert app is not None  # noqa: S101 - Locust has made it by now
    pages = Blueprint("pwdload", __name__, url_prefix=_base_path(app))
    pages.after_request(_guarded)

    def behind_login(path: str, view: Callable[..., Response]) -> None:
        pages.add_url_rule(path, view.__name__, web_ui.auth_required_if_enabled(view))

    def page() -> Response:
        return Response(_static("live.html"), mimetype="text/html")

    def snapshot() -> Response:
        return Response(live.snapshot_json(has_report=report() is not None), mimetype="application/json")

    def history() -> Response:
        after = request.args.get("after", default=0, type=int)
        return Response(
            live.history_json(whole=request.args.get("span") == "run", after=after), mimetype="application/json"
        )

    def latest_report() -> Response:
        path = report()
        if path is None:
            return Response("No report yet: it is made when a run has ended.", 404, mimetype="text/plain")
        return send_file(path.resolve(), max_age=0)

    behind_login("/pwdload", page)
    behind_login("/pwdload/snapshot.json", snapshot)
    behind_login("/pwdload/history.json", history)
    behind_login("/pwdload/report", latest_report)
    for name, kind in _STATIC.items():
        behind_login(f"/pwdload/{name}", _file_view(name, kind))
    app.register_blueprint(pages)
    web_ui.template_args |= template_args()
    app.after_request(lambda answer: _extended(answer, live))


def _base_path(app: Flask) -> str | None:
    """Return where Locust's own pages begin, if somebody has moved them (--web-base-path)."""
    index = next(rule.rule for rule in app.url_map.iter_rules() if rule.endpoint == "locust.index")
    return index.rstrip("/") or None


def _static(name: str) -> bytes:
    return (files("pwdload.harness.web") / "static" / name).read_bytes()


def _file_view(name: str, kind: str) -> Callable[[], Response]:
    def view() -> Response:
        return Response(_static(name), content_type=kind)

    view.__name__ = name.replace(".", "_")
    return view


def _guarded(answer: Response) -> Response:
    answer.headers.setdefault("Cache-Control", "no-store")
    answer.headers["X-Content-Type-Options"] = "nosniff"
    if request.endpoint != "pwdload.latest_report":  # which has its script and style in itself
        answer.headers["Content-Security-Policy"] = _POLICY
    return answer


def _extended(answer: Response, live: Live) -> Response:
    """Put the rows of the tabs into what Locust's page asks for each two seconds, and a link to ours onto the page."""
    if request.endpoint == "locust.request_stats" and answer.status_code == 200 and answer.is_json:
        # Locust keeps an answer for two seconds: what an earlier look has put into it is replaced.
        answer.set_data(_with_rows(answer, live))
    elif request.endpoint == "locust.index" and answer.status_code == 200 and not answer.direct_passthrough:
        answer.set_data(answer.get_data(as_text=True).replace("</body>", f"{_LINK}</body>", 1))
    return answer


def _with_rows(answer: Response, live: Live) -> str:
    known = answer.get_json()
    return json.dumps({**known, "extended_stats": extended_stats(live.latest)})
