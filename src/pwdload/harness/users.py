"""The base class of pwdload's Locust users, and tasks made from the catalogue of cases."""

from collections.abc import Callable, Mapping
from itertools import accumulate
from typing import Any, ClassVar

from gevent.event import Event
from locust import TaskSet, User, tag, task
from locust.env import Environment
from locust.user.task import LOCUST_STATE_STOPPING

from pwdload.cases.catalogue import CASES
from pwdload.errors import AccountsError
from pwdload.harness.session import Session

Task = Callable[..., Any] | TaskSet
"""What Locust calls a task: a function of the user, or a set of tasks."""
_TASKS_SHOWN = 1000
"""Into how many parts the shares of the tasks are cut for Locust's own displays."""


def case_task(name: str) -> Task:
    """Make a Locust task that plays a case of the catalogue; `--tags` knows it by its name and by its group."""
    case = CASES[name]

    def play(user: "PasswordUpdateUser") -> None:
        user.play(name)

    play.__name__ = name
    play.__doc__ = case.summary
    return tag(name, case.group)(task(play))


class PasswordUpdateUser(User):
    """A client that plays cases: one keep-alive connection, one flow at a time, think time between flows.

    Subclasses list their cases as tasks made by `case_task`. Which task comes next is drawn by the scenario's mix from
    a stream seeded for this user, so that the same seed gives the same sequence of cases.
    """

    abstract = True
    sessions: ClassVar[Callable[[Environment], Session]]
    """Finds the run that is going on in an environment; set by `pwdload.harness.install`."""

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        self._session = type(self).sessions(environment)
        self._random = self._session.random_of_next_user(type(self).__name__)
        self._told_to_stop = Event()
        self._wire = self._session.open_wire(self._told_to_stop)
        self._choices = list(dict.fromkeys(self.tasks))
        self._weights = list(accumulate(_weight(made, self._session.weights) for made in self._choices))

    def on_start(self) -> None:
        """Take over the choice of tasks from Locust, and spread the users' beginnings over one think time."""
        assert self._taskset_instance is not None  # noqa: S101 - Locust sets it right before it calls this
        self._taskset_instance.get_next_task = self._next_task  # type: ignore[method-assign]
        self._taskset_instance._sleep = self._told_to_stop.wait  # type: ignore[method-assign]  # see `stop`
        self._told_to_stop.wait(self._random.uniform(0.0, self.wait_time()))

    def stop(self, force: bool = False) -> bool:
        """Stop after the flow that is on, or now if none is; `force` kills.

        Locust kills a user that thinks. One whose think time ends at that very moment would be killed in its next
        request, and leave an account in doubt: so a thinking user is woken instead, and ends by itself.
        """
        if force or self._state is None:
            return bool(super().stop(force))
        # Telling it twice does no harm; Locust itself would raise.
        self._state = LOCUST_STATE_STOPPING
        self._told_to_stop.set()
        return False

    def on_stop(self) -> None:
        """Close the connection."""
        self._wire.close()

    def wait_time(self) -> float:
        """Return the think time before the next flow, in seconds."""
        think = self._session.scenario.load.think_time
        return self._random.uniform(think.min_s, think.max_s)

    def play(self, case_name: str) -> None:
        """Play one flow of a case."""
        try:
            self._session.play(case_name, self._wire)
        except AccountsError as error:
            self._session.end_run(str(error))
            self._told_to_stop.wait()
        except Exception as error:
            # Locust would log it and go on with the next flow: this kind would silently be missing from the load.
            self._session.end_run(f"error: {case_name}: {type(error).__name__}: {error}")
            raise

    def _next_task(self) -> Task:
        return self._random.choices(self._choices, cum_weights=self._weights)[0]


def _weight(made: Task, weights: Mapping[str, float]) -> float:
    """Weight of a task in the mix; a hand-written task that names no case keeps Locust's weight of 1."""
    name = getattr(made, "__name__", "")
    return weights.get(name, 0.0 if name in CASES else 1.0)


def show_shares(user_class: type[PasswordUpdateUser], weights: Mapping[str, float]) -> None:
    """Give a class the tasks and the weight that the mix leaves it, in the shares that Locust's displays then show."""
    tasks = {made: weight for made in dict.fromkeys(user_class.tasks) if (weight := _weight(made, weights))}
    total = sum(tasks.values())
    shown = {made: round(_TASKS_SHOWN * weight / total) or 1 for made, weight in tasks.items()}
    user_class.tasks = [made for made, count in shown.items() for _ in range(count)]
    user_class.weight = total
