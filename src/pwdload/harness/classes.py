"""Which of the locustfile's user classes are spawned, and in which shares they play."""

from argparse import Namespace
from collections.abc import Iterable, Mapping
from typing import Any

from locust.env import Environment

from pwdload.errors import UsageError
from pwdload.harness.loops import Choices
from pwdload.harness.users import PasswordUpdateUser, show_shares


def choose_classes(environment: Environment, weights: Mapping[str, float], options: Namespace) -> None:
    """Choose the classes to spawn, and show each class's shares.

    A class that another one builds on stands aside for it, unless it was named on the command line: so one class that
    inherits all cases carries the whole mix, and its shares hold for any number of users.

    Raises:
        UsageError: the mix leaves nothing to do for any class.
    """
    every = environment.user_classes
    chosen = [kind for kind in every if options.user_classes or not _stands_aside(kind, every)]
    offered: Iterable[Any] = (environment.available_user_classes or {}).values()  # typed by Locust as instances
    for kind in {*every, *offered}:  # the class picker offers them all
        if issubclass(kind, PasswordUpdateUser):
            show_shares(kind, weights)
    playing = [kind for kind in chosen if kind.tasks]
    if chosen and not playing:
        names = ", ".join(kind.__name__ for kind in chosen)
        raise UsageError(f"[mix]: none of its cases belongs to {names}; name other user classes or add their cases")
    every[:] = playing


def _stands_aside(kind: type, every: list[type]) -> bool:
    return any(kind is not other and issubclass(other, kind) for other in every)


def drop_idle_classes(environment: Environment) -> None:
    """Drop the classes that mix, tags or class picker have left without a task: Locust would fail to spawn them.

    Raises:
        UsageError: no class is left.
    """
    busy = [kind for kind in environment.user_classes if kind.tasks]
    if not busy:
        names = ", ".join(kind.__name__ for kind in environment.user_classes)
        raise UsageError(
            f"[mix], --tags, --exclude-tags: no case of {names} is left; `pwdload cases` lists names and groups"
        )
    environment.user_classes[:] = busy


def tasks_of(
    classes: Iterable[type], weights: Mapping[str, float]
) -> tuple[dict[str, float], dict[str, tuple[str, ...]]]:
    """Return the weight of every task that the classes have, and the names of the classes that have it.

    A case that several classes play has its weight once: which of them plays it is decided when it is due.
    """
    mix: dict[str, float] = {}
    players: dict[str, tuple[str, ...]] = {}
    for kind in classes:
        for name, weight in Choices(kind.tasks, weights).weights.items():  # type: ignore[attr-defined]
            if weight:
                mix[name] = weight
                players[name] = (*players.get(name, ()), kind.__name__)
    return mix, players
