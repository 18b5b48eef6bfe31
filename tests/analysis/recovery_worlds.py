"""Worlds in virtual time: a scripted target that fails and recovers at exact times, and clients that meet it.

Whole runs as arrays. What must be found of a world follows from its script alone, not from what the clients saw of it.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from pwdload.analysis.recovery import Load, Planned, load_of
from pwdload.analysis.windows import Window
from pwdload.injections import FaultsRecord, Injection
from pwdload.pacing import RatePlan

Floats = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int64]
Way = Literal["error", "black_hole", "partial", "drain"]
STEPS = ("login", "update_password")
CODES = ("", "SYSTEM.0001", "transport:timeout")
CALL_S = 0.004
"""How long the call takes that injects or heals; the fault takes hold in the middle of it."""
QUICK_S = (0.004, 0.006)
PARTIAL = 0.3


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One fault of the script. ``recover_s`` is when the target is truly back: at its healing, or later."""

    way: Way
    inject_s: float
    heal_s: float
    recover_s: float

    @property
    def injection(self) -> Injection:
        """What is on record of it."""
        half_s = CALL_S / 2
        return Injection(
            fault=self.way,
            kind=self.way,
            means="process",
            planned_start_s=self.inject_s - half_s,
            planned_end_s=self.heal_s - half_s,
            inject_before_s=self.inject_s - half_s,
            inject_after_s=self.inject_s + half_s,
            heal_before_s=self.heal_s - half_s,
            heal_after_s=self.heal_s + half_s,
        )


@dataclass(kw_only=True)
class World:
    """A target with its script, and clients of one kind."""

    faults: tuple[Fault, ...]
    seed: int = 1
    length_s: float = 40.0
    rate_per_s: float = 100.0
    arrivals: Literal["even", "poisson", "closed"] = "even"
    users: int = 20
    think_s: float = 0.2
    timeout_s: float = 1.0
    retries: int = 0
    due_s: Floats | None = None
    """When flows are due, where a schedule of the harness says it."""
    background: float = 0.0
    """Share of the requests that fail at any time."""
    _rows: list[dict[str, npt.NDArray[np.generic]]] = field(default_factory=list, init=False)
    _flows: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        self._random = np.random.default_rng(self.seed)

    @property
    def record(self) -> FaultsRecord:
        """What is on record of the faults."""
        return FaultsRecord(injections=tuple(fault.injection for fault in self.faults))

    def samples(self) -> pd.DataFrame:
        """Play it, and return what the clients recorded."""
        self._rows.clear()
        if self.arrivals == "closed":
            now_s = self._random.uniform(0.0, self.think_s, self.users)
            while len(now_s):
                now_s = self._play(now_s) + self.think_s * self._random.uniform(0.8, 1.2, len(now_s))
                now_s = now_s[now_s < self.length_s]
        else:
            self._play(self._due_s())
        return _frame(self._rows)

    def load(self) -> Load:
        """Play it, and return the load as the analysis takes it."""
        samples = self.samples()
        planned = None
        if self.arrivals != "closed":
            rates = RatePlan.of([("steady", 0.0, self.length_s, self.rate_per_s, self.rate_per_s)])
            first = samples.drop_duplicates("flow")
            planned = Planned(due_s=np.sort(first["intended_s"].to_numpy()), rates=rates)
        return load_of(samples, planned, [Window(0.0, self.length_s)], self.length_s)

    def _due_s(self) -> Floats:
        if self.due_s is not None:
            return self.due_s
        count = int(self.rate_per_s * self.length_s)
        if self.arrivals == "even":
            return np.arange(count) / self.rate_per_s
        return np.sort(self._random.uniform(0.0, self.length_s, self._random.poisson(count)))

    def _play(self, due_s: Floats) -> Floats:
        """Play a flow for each time; return when each was over."""
        flow = self._flows + np.arange(len(due_s))
        self._flows += len(due_s)
        end_s, going = due_s.copy(), np.arange(len(due_s))
        for step in range(len(STEPS)):
            for attempt in range(1, self.retries + 2):
                if attempt == 1:
                    trying, next_going = going, []
                else:
                    end_s[trying] += 0.2 * 2 ** (attempt - 2)
                done_s, code = self._answers(end_s[trying] + 0.0002)
                self._keep(flow[trying], step, attempt, end_s[trying], done_s, code)
                end_s[trying] = done_s
                next_going.append(trying[code == 0])
                trying = trying[code > 0]
            going = np.sort(np.concatenate(next_going))
        return end_s

    def _answers(self, sent_s: Floats) -> tuple[Floats, Codes]:
        """Return when each request was answered or given up, and the place of its code in `CODES`."""
        service_s = self._random.uniform(*QUICK_S, len(sent_s))
        code = np.where(self._random.random(len(sent_s)) < self.background, 1, 0)
        for fault in self.faults:
            inside = (sent_s >= fault.inject_s) & (sent_s < fault.recover_s)
            if fault.way == "error":
                code[inside] = 1
            elif fault.way == "partial":
                code[inside & (self._random.random(len(sent_s)) < PARTIAL)] = 1
            elif fault.way == "black_hole":
                # What is on its way when it comes is swallowed too.
                code[(sent_s + service_s >= fault.inject_s) & (sent_s < fault.recover_s)] = 2
            else:
                code[inside & (sent_s < fault.heal_s)] = 1
                service_s = np.where(inside, service_s + (fault.recover_s - sent_s) * 0.6, service_s)
        service_s = np.where(code == 2, self.timeout_s, np.minimum(service_s, self.timeout_s))
        return sent_s + service_s, np.where(service_s >= self.timeout_s, 2, code)

    def _keep(self, flow: Codes, step: int, attempt: int, due_s: Floats, done_s: Floats, code: Codes) -> None:
        count = len(flow)
        self._rows.append(
            {
                "flow": flow,
                "step": np.full(count, step),
                "attempt": np.full(count, attempt, dtype=np.int16),
                "intended_s": due_s.copy(),
                "sent_s": due_s + 0.0002,
                "done_s": done_s,
                "code": code,
            }
        )


def _frame(rows: list[dict[str, npt.NDArray[np.generic]]]) -> pd.DataFrame:
    """Return rows as `pwdload.analysis.run.Run.samples` has them, as far as recovery needs them."""
    columns = {name: np.concatenate([row[name] for row in rows]) for name in rows[0]}
    step, code = columns.pop("step"), columns.pop("code")
    good = code == 0
    frame = pd.DataFrame(columns).assign(
        worker=pd.Categorical(["local"] * len(code)),
        step=pd.Categorical(np.asarray(STEPS)[step], STEPS),
        error_code=pd.Categorical(np.asarray(CODES)[code], CODES),
        status=pd.Categorical(np.where(good, "SUCCESS", "")),
        outcome=pd.Categorical(np.where(good, "right_accept", "unknown")),
        http_status=pd.array(np.where(code == 2, 0, 200), dtype="Int16"),
        is_as_expected=good,
        is_change=good & (step == 1),
    )
    return frame.sort_values("intended_s", kind="stable", ignore_index=True)


def schedules(count: int) -> Iterator[World]:
    """Yield seeded worlds: each way to fail with each kind of load, with and without retries."""
    kinds: tuple[Literal["even", "closed", "poisson"], ...] = ("even", "closed", "poisson")
    ways: tuple[Way, ...] = ("error", "black_hole", "partial", "drain")
    for number in range(count):
        rng = np.random.default_rng(1_000 + number)
        way = ways[number % 4]
        inject_s = float(rng.uniform(8.0, 14.0))
        heal_s = inject_s + float(rng.uniform(2.0, 5.0))
        lag_s = 0.0 if way == "partial" else float(rng.uniform(0.5, 4.0)) * (way == "drain" or rng.random() < 0.5)
        yield World(
            faults=(Fault(way=way, inject_s=inject_s, heal_s=heal_s, recover_s=heal_s + lag_s),),
            seed=number,
            rate_per_s=float(rng.uniform(40.0, 150.0)),
            arrivals=kinds[number % 3],
            users=int(rng.integers(10, 40)),
            think_s=float(rng.uniform(0.1, 0.6)),
            timeout_s=float(rng.uniform(0.5, 2.0)),
            retries=2 * (number % 5 == 4),
        )
