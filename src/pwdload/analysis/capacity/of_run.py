"""The one place that says what a run tells of its target's capacity."""

from pwdload.analysis.capacity.estimate import capacity_of_levels
from pwdload.analysis.capacity.levels import LoadLevels, load_levels
from pwdload.analysis.capacity.values import Capacity
from pwdload.analysis.run import Run


def capacity_of(run: Run, levels: LoadLevels | None = None) -> Capacity | None:
    """Return what is known of the target's capacity; null where nothing was sent while it counted.

    `levels` are the run's own (`load_levels`), where somebody has them already.
    """
    if not len(run.due):
        return None
    return capacity_of_levels(load_levels(run) if levels is None else levels)
