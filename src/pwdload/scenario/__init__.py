"""The scenario format: a TOML file read into a value, every problem of it told at once, and its plan in words."""

from pwdload.scenario.accounts import Accounts
from pwdload.scenario.forecast import Forecast
from pwdload.scenario.loader import default_scenario, load_scenario, parse_scenario
from pwdload.scenario.metrics import MetricsTable
from pwdload.scenario.model import Scenario
from pwdload.scenario.oracle import Oracle
from pwdload.scenario.plan import describe
from pwdload.scenario.rates import RatePiece
from pwdload.scenario.stages import Stage
from pwdload.scenario.structure import json_schema
from pwdload.scenario.tables import Devices, Expect, Load, PasswordRules, Target, ThinkTime

__all__ = [
    "Accounts",
    "Devices",
    "Expect",
    "Forecast",
    "Load",
    "MetricsTable",
    "Oracle",
    "PasswordRules",
    "RatePiece",
    "Scenario",
    "Stage",
    "Target",
    "ThinkTime",
    "default_scenario",
    "describe",
    "json_schema",
    "load_scenario",
    "parse_scenario",
]
