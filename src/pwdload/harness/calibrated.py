"""What a run does with calibration: it is measured before the first request, and may refuse the plan."""

import logging
from argparse import Namespace
from collections.abc import Mapping
from pathlib import Path

from pwdload.calibration import Certificate, read_certificate, refusal
from pwdload.calibration.certificate import KEPT_AS
from pwdload.calibration.drive import short_certificate
from pwdload.calibration.headroom import requests_per_flow
from pwdload.errors import PwdloadError, RunDirectoryError, UsageError

log = logging.getLogger(__name__)


def calibrate(options: Namespace, peak_per_s: float | None, weights: Mapping[str, float]) -> Certificate | None:
    """Measure what this machine's instrument is worth; null when that was not wanted, or did not work.

    `peak_per_s` is the highest rate of open arrivals, null in the closed model.

    What an earlier `pwdload calibrate` knows of the same machine and versions is taken over.

    Raises:
        UsageError: the plan is too fast for this machine.
    """
    if options.no_calibrate:
        return None
    try:
        certificate = short_certificate()
    except PwdloadError as error:
        log.warning("Not calibrated: %s", error)
        return None
    if peak_per_s is not None and (processes := _processes_here(options)):
        why_not = refusal(certificate, peak_per_s, requests_per_flow(weights), processes)
        if why_not:
            raise UsageError(why_not)
    return certificate.with_known_truth_of(_earlier(Path(options.reports) / KEPT_AS))


def _processes_here(options: Namespace) -> int:
    """Return how many processes of this machine generate the load; 0 where workers may be on others."""
    if options.processes:
        return int(options.processes)
    return 0 if options.master else 1


def _earlier(path: Path) -> Certificate | None:
    try:
        return read_certificate(path)
    except RunDirectoryError as error:
        log.warning("%s", error)
        return None
