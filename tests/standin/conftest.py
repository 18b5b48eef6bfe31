"""A stand-in for each test."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.standin.client import World


@pytest.fixture
def make_world(tmp_path: Path) -> Iterator[Callable[..., World]]:
    """Give a maker of stand-ins with changed settings, over one database each."""
    worlds: list[World] = []

    def make(**changes: object) -> World:
        world = World(tmp_path / f"standin-{len(worlds)}.db", **changes)
        worlds.append(world)
        return world

    yield make
    for world in worlds:
        world.close()


@pytest.fixture
def world(make_world: Callable[..., World]) -> World:
    """Give a stand-in with default settings and one account, zhangsan, whose password has expired."""
    world = make_world()
    world.seed()
    return world
