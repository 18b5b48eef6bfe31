"""A stand-in for each test."""

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.standin.client import World
from tests.standin.process import WITHIN_S, Process, accounts_csv, popen


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


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Process]]:
    """Give a starter of stand-ins, which end with the test."""
    started: list[subprocess.Popen[str]] = []

    def start_one(*arguments: str) -> Process:
        process = popen("--port", "0", "--seed-from", "-", *arguments, cwd=tmp_path)
        started.append(process)
        assert process.stdin is not None
        process.stdin.write(accounts_csv())
        process.stdin.close()
        return Process(process)

    yield start_one
    for process in started:
        process.kill()
        process.wait(WITHIN_S)
        for stream in (process.stdin, process.stdout, process.stderr):
            assert stream is not None
            stream.close()
