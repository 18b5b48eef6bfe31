"""Levels in which something was done to the target: what that cost says nothing of the load."""

from collections.abc import Iterable

Done = tuple[str, float, float]
"""A fault's name, and from when to when on the run's clock it was there; infinite where it was never healed."""


def disturbed_by(faults: Iterable[Done], start_s: float, end_s: float) -> str:
    """Return the names of the faults that were there between two times; empty where none was."""
    met = (name for name, from_s, to_s in faults if from_s < end_s and to_s > start_s)
    return ", ".join(dict.fromkeys(f'the fault "{name}"' for name in met))
