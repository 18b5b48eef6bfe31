"""The scenario's stages of users, as a Locust load shape."""

from collections.abc import Callable, Sequence

import gevent
from locust import LoadTestShape

from pwdload.scenario import Stage

_ASKED_EVERY_S = 1.1


class StagesShape(LoadTestShape):
    """Holds each stage's number of users for its time.

    Locust blocks in `tick` while it ramps, and would skip a stage whose turn passes meanwhile; the scenario's loader
    therefore refuses stages that are shorter than their own ramp.
    """

    abstract = True  # made by hand for a scenario, never found by Locust in a file

    def __init__(self, stages: Sequence[Stage], elapsed_s: Callable[[], float]) -> None:
        """Take the stages, and the clock by which samples are assigned to them; Locust's own begins too early."""
        super().__init__()  # type: ignore[no-untyped-call]
        self._stages = stages
        self._elapsed_s = elapsed_s

    def tick(self) -> tuple[int, float] | None:
        """Return the users and the spawn rate of the stage that is on, null after the last.

        Locust asks about once a second; a stage that ends before it would ask again is waited for here.
        """
        stage, elapsed_s = self._stage_now(), self._elapsed_s()
        if stage is not None and elapsed_s > 0.0 and stage.end_s - elapsed_s < _ASKED_EVERY_S:
            gevent.sleep(stage.end_s - elapsed_s)
            stage = self._stage_now()
        return None if stage is None else (stage.users, stage.spawn_rate_per_s)

    def _stage_now(self) -> Stage | None:
        elapsed_s = self._elapsed_s()
        return next((stage for stage in self._stages if elapsed_s < stage.end_s), None)
