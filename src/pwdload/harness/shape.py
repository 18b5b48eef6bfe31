"""The scenario's stages of users, as a Locust load shape."""

from collections.abc import Callable, Sequence

from locust import LoadTestShape

from pwdload.scenario import Stage


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
        """Return the users and the spawn rate of the stage that is on, null after the last."""
        elapsed_s = self._elapsed_s()
        stage = next((stage for stage in self._stages if elapsed_s < stage.end_s), None)
        return None if stage is None else (stage.users, stage.spawn_rate_per_s)
