"""Recovery as the client sees it: what a fault did, how soon that showed, and when service was truly back.

Pure functions of samples (keyed by the time when they were due), the plan of an open load, and the stamps of the
injections. What cannot be told has a name, never a NaN.
"""

from pwdload.analysis.recovery.load import Load, Planned, load_of
from pwdload.analysis.recovery.measure import Recovery, measure
from pwdload.analysis.recovery.thresholds import RecoveryCriteria, RecoveryThresholds
from pwdload.analysis.recovery.values import Baseline, Effect, Elapsed, ErrorClass, Measured, State

__all__ = [
    "Baseline",
    "Effect",
    "Elapsed",
    "ErrorClass",
    "Load",
    "Measured",
    "Planned",
    "Recovery",
    "RecoveryCriteria",
    "RecoveryThresholds",
    "State",
    "load_of",
    "measure",
]
