"""The sections of a report below its first screen, each from one part of the analysis."""

from pwdload.report.sections.accounts import accounts_section
from pwdload.report.sections.answers import answers_section, expectations_section, top_codes_table
from pwdload.report.sections.arrivals import arrivals_section, model_words
from pwdload.report.sections.calibration import calibration_section
from pwdload.report.sections.capacity import capacity_section
from pwdload.report.sections.correctness import correctness_section
from pwdload.report.sections.criteria import criteria_section
from pwdload.report.sections.decision import decision_section, next_words
from pwdload.report.sections.distribution import distribution_section
from pwdload.report.sections.generator import connection_words, generator_section
from pwdload.report.sections.latency import journeys_section, latency_section
from pwdload.report.sections.resilience import resilience_section
from pwdload.report.sections.run import checks_section, reconciliation_section, time_section
from pwdload.report.sections.scalability import scalability_section
from pwdload.report.sections.steadiness import steadiness_section
from pwdload.report.sections.target import target_section

__all__ = [
    "accounts_section",
    "answers_section",
    "arrivals_section",
    "calibration_section",
    "capacity_section",
    "checks_section",
    "connection_words",
    "correctness_section",
    "criteria_section",
    "decision_section",
    "distribution_section",
    "expectations_section",
    "generator_section",
    "journeys_section",
    "latency_section",
    "model_words",
    "next_words",
    "reconciliation_section",
    "resilience_section",
    "scalability_section",
    "steadiness_section",
    "target_section",
    "time_section",
    "top_codes_table",
]
