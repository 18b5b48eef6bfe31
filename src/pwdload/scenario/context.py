"""What a scenario is read against: names and places that the file itself does not hold."""

from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadContext:
    """The caller's knowledge while a file is validated; without it, names are taken as they come."""

    case_names: Collection[str] = field(default_factory=tuple)
    """What `[mix]` and `[expect.CASE]` may name."""
    group_names: Collection[str] = field(default_factory=tuple)
    """What `[mix]` may name besides."""
    folder: Path = field(default_factory=Path)
    """Where relative paths of the file start."""
    has_search: bool = False
    """Whether the file has the table `[search]`, which sets the rate where the load has no stages."""
