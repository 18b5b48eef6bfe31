"""A clock that goes on only when somebody sleeps on it."""

from pwdload.faults.acts import Patience


class SleepingClock:
    """Time passes by sleeping alone."""

    def __init__(self) -> None:
        self.now_s = 0.0
        self.sleeps = 0

    def __call__(self) -> float:
        return self.now_s

    def sleep(self, seconds: float) -> None:
        self.now_s += seconds
        self.sleeps += 1

    def patience(self, limit_s: float = 10.0, step_s: float = 0.5) -> Patience:
        return Patience(limit_s=limit_s, step_s=step_s, clock=self, sleep=self.sleep)
