"""The project as a built package, installed away from the checkout."""

import shutil
import subprocess
import sys
from pathlib import Path

from tests.processes import ROOT


def installed(folder: Path) -> Path:
    """Build the package and install it, without what it depends on; return what belongs on PYTHONPATH."""
    source = folder / "source"  # building leaves a folder beside the sources
    for name in ("src", "locustfiles", "scenarios"):
        shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
    for name in ("pyproject.toml", "setup.py", "README.md"):
        shutil.copy(ROOT / name, source)
    pip, quietly = [sys.executable, "-m", "pip"], ["--quiet", "--no-deps"]
    subprocess.run([*pip, "wheel", *quietly, "-w", str(folder), str(source)], check=True, capture_output=True)
    (wheel,) = folder.glob("pwdload-*.whl")
    site = folder / "site"
    subprocess.run([*pip, "install", *quietly, "--target", str(site), str(wheel)], check=True, capture_output=True)
    return site
