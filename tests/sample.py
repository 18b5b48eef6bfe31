"""Renew `reports/sample/` from a real run, a fault and a search for capacity, with its picture: `make sample`.

Where only the looks of a report have changed, `make sample RUN=reports/review/2026-...` takes a run that is there.
"""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.processes import ROOT

SAMPLE = ROOT / "reports" / "sample"
KEPT = (
    "report.html",
    "report.md",
    "report.json",
    "verdict.json",
    "run.json",
    "scenario.toml",
    "target_counts.json",
    "faults.json",
    "search.json",
)
SCENARIO = "review"
SIZE_MAX = 4_000_000


def chromium() -> str:
    """Return the path of a Chromium."""
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if found is None:
        sys.exit("make sample: no Chromium on PATH; install one (Debian: apt-get install chromium)")
    return found


def picture(page: Path, to: Path) -> None:
    """Take a picture of a page's first screen."""
    with tempfile.TemporaryDirectory() as profile:
        options = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
        options += ["--hide-scrollbars", "--virtual-time-budget=5000", f"--user-data-dir={profile}"]
        options += ["--window-size=1440,1000", f"--screenshot={to}"]
        subprocess.run([chromium(), *options, page.as_uri()], check=True, capture_output=True, timeout=60)


def played() -> Path:
    """Run the scenario, and return its directory."""
    command = [
        sys.executable,
        "-m",
        "pwdload",
        "run",
        f"scenarios/{SCENARIO}.toml",
        "--loglevel",
        "WARNING",
        "--only-summary",
    ]
    if code := subprocess.run(command, cwd=ROOT, check=False).returncode:
        sys.exit(f"make sample: the run ended with exit code {code}, see above; the sample was left as it is")
    return (ROOT / "reports" / SCENARIO / "latest").resolve()


def rendered(run: Path) -> Path:
    """Make the report of a run anew, and return its directory."""
    done = subprocess.run([sys.executable, "-m", "pwdload", "report", str(run)], cwd=ROOT, check=False)
    if done.returncode:
        sys.exit(f"make sample: the report ended with exit code {done.returncode}; the sample was left as it is")
    return run


def main(given: str) -> None:
    """Keep what a reader wants to see of a run, the one given or a new one, and take the picture."""
    run = rendered(Path(given).resolve()) if given else played()
    shutil.rmtree(SAMPLE, ignore_errors=True)
    SAMPLE.mkdir(parents=True)
    for name in KEPT:
        shutil.copy(run / name, SAMPLE / name)
    shutil.copytree(run / "tables", SAMPLE / "tables")
    picture(SAMPLE / "report.html", SAMPLE / "report.png")
    size = sum(path.stat().st_size for path in SAMPLE.rglob("*") if path.is_file())
    if size > SIZE_MAX:
        sys.exit(f"make sample: {size:,} bytes, more than {SIZE_MAX:,}")
    sys.stdout.write(f"reports/sample: {size:,} bytes\n")


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "")
