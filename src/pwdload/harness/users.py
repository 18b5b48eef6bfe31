"""The base class of pwdload's Locust users, and tasks made from the catalogue of cases."""

from collections.abc import Callable, Mapping
from types import FunctionType
from typing import ClassVar

from gevent.event import Event
from locust import User, tag, task
from locust.env import Environment
from locust.exception import StopUser
from locust.user.task import LOCUST_STATE_STOPPING, DefaultTaskSet

from pwdload.cases.catalogue import CASES
from pwdload.errors import AccountsError
from pwdload.harness.loops import Loop, Task, task_weight
from pwdload.harness.session import Session

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


class _Tasks(DefaultTaskSet):
    """Locust's loop around the tasks of a user, to whom ours says which comes next, and when."""

    def __init__(self, user: "PasswordUpdateUser", loop: Loop) -> None:
        super().__init__(user)
        self._loop = loop

    def get_next_task(self) -> Task:
        """Return the next task, when its time has come."""
        return self._loop.next_task()

    def wait(self) -> None:
        """Do what is done after a task."""
        self._loop.rest()

    def execute_next_task(self) -> None:
        """Execute task after task until something is raised, where Locust's own executes one and returns to its `run`.

        What `run` does between two tasks is done here, in its order, at half the cost. Whatever is raised is its
        affair as ever; it comes back for the next task.
        """
        user, queue, loop = self._user, self._task_queue, self._loop
        while True:
            made = queue.popleft()
            if type(made) is FunctionType:
                made(user)
            else:
                self.execute_task(made)  # type: ignore[no-untyped-call]
            loop.rest()
            if not queue:
                queue.append(loop.next_task())
            if user._state == LOCUST_STATE_STOPPING:
                raise StopUser


class PasswordUpdateUser(User):
    """A client that plays cases: one keep-alive connection, one flow at a time.

    Subclasses list their cases as tasks made by `case_task`. In the closed model which task comes next is drawn by the
    scenario's mix from a stream seeded for this user, with think time in between; in the open model each arrival brings
    its own. Either way the same seed gives the same sequence of cases.
    """

    abstract = True
    sessions: ClassVar[Callable[[Environment], Session]]
    """Finds the run that is going on in an environment; set by `pwdload.harness.install`."""

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        self._session = type(self).sessions(environment)
        self._told_to_stop = Event()
        self._wire = self._session.open_wire(self._told_to_stop)
        self._loop = self._session.open_loop(type(self), self._told_to_stop)

    def on_start(self) -> None:
        """Take over from Locust which task comes next, and when."""
        self._taskset_instance = _Tasks(self, self._loop)  # Locust has set its own right before it calls this
        self._loop.begin()

    def stop(self, force: bool = False) -> bool:
        """Stop after the flow that is on, or now if none is; `force` kills.

        Locust kills a user that waits. One whose wait ends at that very moment would be killed in its next request,
        and leave an account in doubt: so a waiting user is woken instead, and ends by itself.
        """
        if force or self._state is None:
            return bool(super().stop(force))
        if self._session.dispatcher is None:  # else the seat decides: arrivals that are due may still be waiting
            # Telling it twice does no harm; Locust itself would raise.
            self._state = LOCUST_STATE_STOPPING
        self._told_to_stop.set()
        self._loop.stop()
        return False

    def on_stop(self) -> None:
        """Close the connection."""
        self._wire.close()

    def play(self, case_name: str) -> None:
        """Play one flow of a case."""
        try:
            self._session.play(case_name, self._wire, self._loop.arrival)
        except AccountsError as error:
            self._session.end_run(str(error))
            self._told_to_stop.wait()
        except Exception as error:
            # Locust would log it and go on with the next flow: this kind would silently be missing from the load.
            self._session.end_run(f"error: {case_name}: {type(error).__name__}: {error}")
            raise


def show_shares(user_class: type[PasswordUpdateUser], weights: Mapping[str, float]) -> None:
    """Give a class the tasks and the weight that the mix leaves it, in the shares that Locust's displays then show."""
    tasks = {made: weight for made in dict.fromkeys(user_class.tasks) if (weight := task_weight(made, weights))}
    total = sum(tasks.values())
    shown = {made: round(_TASKS_SHOWN * weight / total) or 1 for made, weight in tasks.items()}
    user_class.tasks = [made for made, count in shown.items() for _ in range(count)]
    user_class.weight = total
