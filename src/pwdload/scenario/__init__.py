"""The scenario format: a TOML file read into a value, every problem of it told at once, and its plan in words."""

from pwdload.scenario.loader import default_scenario, load_scenario, parse_scenario
from pwdload.scenario.model import (
    Accounts,
    Devices,
    Expect,
    Load,
    PasswordRules,
    Scenario,
    Target,
    ThinkTime,
)
from pwdload.scenario.plan import describe
from pwdload.scenario.schema import json_schema
from pwdload.scenario.stages import Stage

__all__ = [
    "Accounts",
    "Devices",
    "Expect",
    "Load",
    "PasswordRules",
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
