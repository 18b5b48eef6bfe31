"""Renew what the page draws with, from the published package: `make vendor VERSION=4.1.1`, then `make test`."""

import hashlib
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

from tests.processes import ROOT

VENDOR = ROOT / "src" / "pwdload" / "report" / "templates" / "vendor"
PACKAGE = "plotly.js-cartesian-dist-min"
FILES = {"LICENSE": "LICENSE.plotly", "plotly-cartesian.min.js": "plotly-cartesian.min.js"}
"""What is kept of the package, and under which name."""


def published(version: str, folder: Path) -> None:
    """Have npm fetch and check the package, and copy the kept files into the vendor folder."""
    npm = shutil.which("npm")
    if npm is None:
        sys.exit("make vendor: no npm on PATH; install Node.js (Debian: apt-get install npm)")
    subprocess.run([npm, "pack", "--silent", f"{PACKAGE}@{version}"], cwd=folder, check=True)
    (archive,) = folder.glob("*.tgz")
    with tarfile.open(archive) as package:
        for name, kept_as in FILES.items():
            content = package.extractfile(f"package/{name}")
            if content is None:
                sys.exit(f"make vendor: {PACKAGE} {version} has no {name}; tests/vendor.py says what is kept")
            (VENDOR / kept_as).write_bytes(content.read())


def sums() -> str:
    """Return the hashes of the kept files as `sha256sum` writes them."""
    names = sorted(FILES.values())
    return "".join(f"{hashlib.sha256((VENDOR / name).read_bytes()).hexdigest()}  {name}\n" for name in names)


def main(version: str) -> None:
    """Replace the files, their hashes, and the version that the README names."""
    if not re.fullmatch(r"\d+\.\d+\.\d+", version):
        sys.exit(f"make vendor: VERSION is {version!r}; it must be three numbers, like VERSION=4.1.1")
    with tempfile.TemporaryDirectory() as folder:
        published(version, Path(folder))
    (VENDOR / "SHA256SUMS").write_text(sums(), "utf-8")
    readme = VENDOR / "README.md"
    readme.write_text(re.sub(r"plotly\.js \d+\.\d+\.\d+", f"plotly.js {version}", readme.read_text("utf-8")), "utf-8")
    sys.stdout.write(sums())


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "")
