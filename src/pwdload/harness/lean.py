"""Keeps pandas out of the processes that generate load.

pyarrow looks for pandas when it first makes an array of Python objects, and imports it where it is installed: a third
of a second and 40 MB in each process, for nothing, since nobody here hands it anything of pandas.
"""

import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from types import ModuleType

import pyarrow as pa

_PANDAS = "pandas"


class _Without(MetaPathFinder):
    """Finds everything as ever, and says of pandas that it is not there."""

    def find_spec(self, fullname: str, _path: Sequence[str] | None, _target: ModuleType | None = None) -> None:
        """Leave all others to the finders behind this one."""
        if fullname == _PANDAS:
            raise ModuleNotFoundError(f"no {_PANDAS} for the moment", name=fullname)


def do_without_pandas() -> None:
    """Have pyarrow look for pandas now, while it cannot be found.

    It does not look again of itself; `import pandas` in a locustfile, and conversions to pandas, work as ever. Where
    somebody has imported pandas already, nothing is changed.
    """
    if _PANDAS in sys.modules:
        return
    finder = _Without()
    sys.meta_path.insert(0, finder)
    try:
        pa.array([0])
    finally:
        sys.meta_path.remove(finder)
