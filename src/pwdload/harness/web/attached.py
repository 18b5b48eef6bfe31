"""What of pwdload is in the web UI of a process in charge: put in before its first run, and shown each snapshot."""

import time
from collections.abc import Callable
from pathlib import Path

from locust.env import Environment
from locust.event import Events
from locust.web import WebUI

from pwdload.harness.web.gate import Gate, Rules
from pwdload.harness.web.pages import add_pages
from pwdload.watched import Phase, Snapshot
from pwdload.watched.live import Live


class Web:
    """The tabs, the live page and the gate of one web UI."""

    def __init__(self, environment: Environment, web_ui: WebUI, rules: Rules) -> None:
        """Put them in; `hear` and `heard` are still to be called."""
        self._live = Live(time.monotonic)
        self._gate = Gate(environment, web_ui, rules)
        self._gate.install()
        add_pages(web_ui, self._live, self._report)

    def hear(self, events: Events) -> None:
        """Listen for begin and end of a run; to be called before pwdload's own listeners are added."""
        events.test_start.add_listener(self._gate.begins)
        events.test_stopping.add_listener(self._gate.ends)

    def heard(self, events: Events) -> None:
        """Listen for what comes after pwdload's own listeners, which have been added."""
        events.test_start.add_listener(self._gate.has_begun)
        events.test_stop.add_listener(self._gate.has_ended)

    @property
    def show(self) -> Callable[[Snapshot], None]:
        """Whom to show each snapshot."""
        return self._live.take

    def _report(self) -> Path | None:
        """Return where the report of the run that is shown is; null where it is not made yet."""
        latest = self._live.latest
        if latest is None or not latest.directory or latest.phase is not Phase.ENDED:
            return None
        path = Path(latest.directory) / "report.html"
        return path if path.is_file() else None
