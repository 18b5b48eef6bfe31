"""The scenario's stages of users, as a Locust load shape."""

from collections.abc import Sequence

from locust import LoadTestShape

from pwdload.scenario import Stage


class StagesShape(LoadTestShape):
    """Holds each stage's number of users for its time.

    Locust blocks in `tick` while it ramps, and would skip a stage whose turn passes meanwhile; the scenario's loader
    therefore refuses stages that are shorter than their own ramp.
    """

    abstract = True  # made by hand for a scenario, never found by Locust in a file

    def __init__(self, stages: Sequence[Stage]) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._stages = stages

    def tick(self) -> tuple[int, float] | None:
        """Return the users and the spawn rate of the stage that is on, null after the last."""
        elapsed_s = self.get_run_time()  # type: ignore[no-untyped-call]
        stage = next((stage for stage in self._stages if elapsed_s < stage.end_s), None)
        return None if stage is None else (stage.users, stage.spawn_rate_per_s)
