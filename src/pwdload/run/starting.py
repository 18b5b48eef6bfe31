"""Lays down what a team starts from: locustfile, scenarios, settings of Locust; and what else is asked for."""

from collections.abc import Collection, Iterator
from enum import StrEnum
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from pwdload.errors import UsageError

_CHECKOUT = Path(__file__).parents[3]
_FOLDERS = ("locustfiles", "scenarios")
_FILES = {"locust.conf": "locust.conf", "README.md": "README.md", "gitignore": ".gitignore"}
"""By their names in the package, which has no hidden files, what they are called where they are laid down."""
_KEPT = (".py", ".toml", ".json")
_BEGUN = "locustfiles/password_update.py"


class Extra(StrEnum):
    """What is laid down besides, where it is asked for."""

    GITHUB = "github"
    GITLAB = "gitlab"
    KUBERNETES = "kubernetes"
    GRAFANA = "grafana"


class Pipeline(StrEnum):
    """Those of them that are pipelines."""

    GITHUB = Extra.GITHUB.value
    GITLAB = Extra.GITLAB.value


_EXTRAS = {
    Extra.GRAFANA: {"grafana/pwdload.json": "grafana/pwdload.json"},
    Extra.GITHUB: {"ci/github.yml": ".github/workflows/pwdload-smoke.yml"},
    Extra.GITLAB: {"ci/gitlab.yml": ".gitlab-ci.yml"},
    Extra.KUBERNETES: {
        "deploy/Containerfile": "Containerfile",
        "deploy/containerignore": ".containerignore",
        **{
            f"deploy/kubernetes/{name}.yaml": f"deploy/kubernetes/{name}.yaml"
            for name in ("data", "accounts", "run", "locust-operator", "results")
        },
    },
}


def lay_down(directory: Path, extras: Collection[Extra] = ()) -> list[Path]:
    """Write the starting files into a folder that may not be there yet; return them in their order.

    In a folder that was started from before, only the `extras` that are asked for now.

    Raises:
        UsageError: one of them is there already; nothing is written then.
    """
    is_begun = bool(extras) and (directory / _BEGUN).is_file()
    kit = [*(() if is_begun else _kit()), *_of(extras)]
    wanted = [(directory / name, source) for name, source in kit]
    if directory.exists() and not directory.is_dir():
        raise UsageError(f"{directory}: not a folder; give one that is empty, or a new one")
    there = [path for path, _ in wanted if path.exists()]
    if there:
        more = f" and {len(there) - 1} more" if len(there) > 1 else ""
        raise UsageError(f"{there[0]}{more}: there already, and is left as it is; give a folder without it")
    for path, source in wanted:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(source.read_bytes())
    return [path for path, _ in wanted]


def locustfile() -> Path:
    """Return the locustfile that is taken where none is named: this folder's, else the one that came with pwdload."""
    own = Path(_BEGUN)
    if own.is_file():
        return own
    packaged = _folder("locustfiles") / "password_update.py"
    return packaged if isinstance(packaged, Path) else own


def _kit() -> Iterator[tuple[str, Traversable]]:
    package = files("pwdload.starter")
    for name, laid_down_as in _FILES.items():
        yield laid_down_as, package / name
    for folder in _FOLDERS:
        yield from _within(_folder(folder), folder)


def _of(extras: Collection[Extra]) -> Iterator[tuple[str, Traversable]]:
    package = files("pwdload.starter")
    for extra in Extra:
        if extra in extras:
            for name, laid_down_as in _EXTRAS[extra].items():
                yield laid_down_as, package / name


def _folder(name: str) -> Traversable:
    """Return a folder of the package or, where pwdload runs from a checkout, of that."""
    packaged = files("pwdload.starter") / name
    return packaged if packaged.is_dir() else _CHECKOUT / name


def _within(folder: Traversable, place: str) -> Iterator[tuple[str, Traversable]]:
    for item in sorted(folder.iterdir(), key=lambda item: item.name):
        if item.is_dir() and not item.name.startswith("_"):
            yield from _within(item, f"{place}/{item.name}")
        elif item.name.endswith(_KEPT) and item.name != "__init__.py":
            yield f"{place}/{item.name}", item
