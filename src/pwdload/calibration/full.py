"""The full calibration: every trial, one after the other, and the certificate that they come to."""

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Final

from pwdload.calibration.certificate import Certificate, Comparison
from pwdload.calibration.compare import compare_mmc, compare_stall, even_of, floor_of, lag_of, poisson_of
from pwdload.calibration.drive import Driven, run_trial, short_certificate
from pwdload.calibration.neighbours import Neighbours
from pwdload.calibration.trials import (
    MMC_SEEDS,
    STALL,
    STALL_RATE_PER_S,
    WARM_UP_S,
    Trial,
    floor_trial,
    mmc_trial,
    mmc_truth,
    stall_trial,
)

EVEN_RATE_PER_S: Final = 100.0
STALL_TOLERANCE: Final = 0.01
MMC_TOLERANCE: Final = 0.03
LAG_SHARE: Final = 0.4
"""Lag is measured at so much of the closed loop's highest rate: half of the highest rate of arrivals, which have to be
worked out and handed over, and reach four fifths of it (docs/benchmarks.md, "Open arrivals")."""
LAG_WARM_UP_S: Final = 2.0
"""Until each account has been used once: a run, too, leaves out its warm-up."""
MMC_FOR_S: Final = 20.0

Say = Callable[[str], None]
Run = Callable[[Trial], Driven]


def full_certificate(locustfile: Path, folder: Path, say: Say) -> Certificate:
    """Run the full calibration, about four minutes; `say` is told what comes next. Folders of trials are removed.

    Raises:
        PwdloadError: something of it could not be run.
    """

    def run(trial: Trial) -> Driven:
        say(f"{trial.name}: {trial.rate_per_s:,.0f}/s for {trial.warm_up_s + trial.for_s:.0f} s")
        place = folder / trial.name.replace("/", "").replace(" ", "-").replace("%", "")
        shutil.rmtree(place, ignore_errors=True)
        return run_trial(trial, place, locustfile=locustfile)

    neighbours = Neighbours()
    say("floor, timer, and the rate of one process")
    certificate = _arrivals(short_certificate(), run)
    floor_s = certificate.floor.p95_s if certificate.floor is not None else 0.0
    comparisons = [_stall(run, floor_s), *(_mmc(run, load, floor_s) for load in MMC_SEEDS)]
    return replace(certificate, form="full", comparisons=tuple(comparisons), others_cpu_share=neighbours.share())


def _arrivals(short: Certificate, run: Run) -> Certificate:
    """Add what is seen on a target that answers at once: the floor of open arrivals, evenness, gaps and lag."""
    even = run(floor_trial("even arrivals", "even", EVEN_RATE_PER_S, for_s=10.0))
    poisson = run(floor_trial("Poisson arrivals", "poisson", EVEN_RATE_PER_S, for_s=15.0))
    certificate = replace(
        short,
        floor=floor_of(even.measured()),
        timer=even.dictated.timer_error(),
        even=even_of(even.measured(), EVEN_RATE_PER_S, from_s=0.0, until_s=10.0),
        poisson=poisson_of(poisson.measured(), EVEN_RATE_PER_S),
    )
    if short.capacity is None:
        return certificate
    rate_per_s = float(round(LAG_SHARE * short.capacity.rate_per_s))
    fast = run(floor_trial("half of the highest rate", "poisson", rate_per_s, for_s=5.0, warm_up_s=LAG_WARM_UP_S))
    return replace(certificate, lag=lag_of(fast.measured().since(LAG_WARM_UP_S), rate_per_s))


def _stall(run: Run, floor_s: float) -> Comparison:
    driven = run(stall_trial(STALL, STALL_RATE_PER_S))
    return compare_stall(driven.measured(), STALL, tolerance=STALL_TOLERANCE, floor_s=floor_s, dictated=driven.dictated)


def _mmc(run: Run, load: float, floor_s: float) -> Comparison:
    seed = MMC_SEEDS[load]
    driven = run(mmc_trial(load, seed, for_s=MMC_FOR_S))
    return compare_mmc(
        driven.measured(),
        mmc_truth(load),
        service_seed=seed,
        warm_up_s=WARM_UP_S,
        tolerance=MMC_TOLERANCE,
        floor_s=floor_s,
        dictated=driven.dictated,
    )
