"""The project's locustfile with users that crash now and then, and a list of all that the web UI answers."""

import importlib.util
import itertools
import sys
from pathlib import Path
from typing import Any

from locust import events
from tests.processes import LOCUSTFILE

_spec = importlib.util.spec_from_file_location("password_update", LOCUSTFILE)
assert _spec is not None
assert _spec.loader is not None
_module = importlib.util.module_from_spec(_spec)
sys.modules["password_update"] = _module
_spec.loader.exec_module(_module)
EveryClient = _module.EveryClient
_flows = itertools.count(1)


class Crashing(EveryClient):  # type: ignore[misc, valid-type]
    """Every client there is; of its flows each fortieth ends in an error of the team's own."""

    def play(self, case_name: str) -> None:
        super().play(case_name)
        if next(_flows) % 40 == 0:
            raise RuntimeError(f"crashed after {case_name}, with {self._session!r} and {vars(self)!r}")


@events.init.add_listener
def _routes(web_ui: Any = None, **_: object) -> None:
    if web_ui is not None:
        rules = (rule for rule in web_ui.app.url_map.iter_rules() if "GET" in rule.methods and not rule.arguments)
        Path("routes.txt").write_text("\n".join(sorted({rule.rule for rule in rules})))
