"""A stand-in with a defect beside one without."""

from collections.abc import Callable
from typing import TypeVar

from tests.standin.client import World

SUCCESS = (200, "SUCCESS")
Summary = tuple[int, str]
Worlds = Callable[..., World]
_Seen = TypeVar("_Seen")


def with_and_without(
    make_world: Worlds, defect: str, try_it: Callable[[World], _Seen], **settings: object
) -> tuple[_Seen, _Seen]:
    """Return what is seen with the defect, and without it, of one account whose password has expired."""
    worlds = (make_world(defects=(defect,), **settings), make_world(**settings))
    for world in worlds:
        world.seed()
    broken, healthy = map(try_it, worlds)
    return broken, healthy
