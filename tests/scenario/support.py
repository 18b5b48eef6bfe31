"""Scenarios for tests, as text, and the names of cases that they use."""

import json
from collections.abc import Mapping
from datetime import date, datetime, time

import pytest

from pwdload.errors import ScenarioError
from pwdload.scenario import Scenario, parse_scenario
from pwdload.scenario.slo import SHORT_FORMS

CASES = ("valid_change", "skip_when_warned", "token_missing", "token_forged", "unicode_password")
GROUPS = ("change", "token", "body")

EVERY_KEY = """
title = "Every key"
description = "One of each."
seed = 20261123

[target]
host = "https://staging.example.com:8443"
client_id = "0123456789abcdef"
tenant_id = "08f770f51f80d2f40f38c00cb199fd21"
allow = ["staging.example.com", "10.0.0.7"]
rate_max = "700/s"
timeout = "2.5s"
state_token_life = "1m30s"
phase_timeouts = { connect = "1s", tls = "1.5s", first_byte = "2s" }
connections = "per_flow"
returning_share = 0.7
ca_file = "ca.pem"
client_certificate = "client.pem"
client_key = "client.key"
server_name = "login.example.com"
proxy = "http://proxy.example.com:3128/"

[target.metrics]
prometheus = "http://prometheus.example.com:9090/prom/"
queries = { cpu = "sum(rate(process_cpu_seconds_total[30s]))", memory = "process_resident_memory_bytes" }
cores = 8
step = "10s"
timeout = "3s"

[accounts]
source = "accounts.csv"
ledger = "kept/staging"
count = 1_234
reuse = "rearm"
rearm_rate = "300/m"
fsync = "group"
settle_wait = "1m"

[password_policy]
min_length = 10
max_length = 50
classes = 4
max_repeats = 2

[load]
model = "closed"
think_time = { min = "500ms", max = "2s" }

[[load.stages]]
name = "warm up"
users = 10
spawn_rate = "30/m"
for = "30s"
measured = false

[[load.stages]]
name = "steady"
users = 50
for = "2m"

[mix]
valid_change = 85
token = 0.5

[devices]
android = 3
ios = 1
languages = { zh = 1 }

[expect.token_missing]
http_status = [400, 401]
error_code = ["PARAM.0014"]

[oracle]
probes = 0.05
accepted_codes = ["LOGIN.0009"]
lockout_threshold = 5
wrong_passwords_max = 6
timing_leak = "10ms"
final_logins = 50

[retries]
attempts = 4
backoff = "100ms"
backoff_max = "2s"
jitter = "none"
doubtful = "same_token"
retry_after = "ignored"

[[faults]]
name = "slow network"
kind = "latency"
at = "20s"
for = "5s"
repeat = 3
pause = "10s"
scope = "request"
share = 0.3
latency = "200ms"
jitter = "50ms"

[[faults]]
name = "far away"
kind = "latency"
at = "20s"
for = "5s"
latency = "80ms"
distribution = "pareto"

[[faults]]
name = "thin line"
kind = "bandwidth"
at = "20s"
for = "5s"
kilobytes_per_s = 50

[[faults]]
name = "slices"
kind = "slicer"
at = "20s"
for = "5s"
average_size = 64
size_variation = 32
delay = "10ms"

[[faults]]
name = "cut"
kind = "limit_data"
at = "20s"
for = "5s"
bytes = 100
part = "body"
direction = "downstream"

[[faults]]
name = "silence"
kind = "black_hole"
at = "20s"
for = "5s"
where = "connect"

[[faults]]
name = "held"
kind = "timeout"
at = "0s"
for = "5s"
after = "1s"

[[faults]]
name = "too many"
kind = "http_error"
at = "20s"
for = "5s"
http_status = 429
retry_after = "2s"

[[faults]]
name = "lost"
kind = "drop_answer"
at = "20s"
for = "5s"
then = "reset"

[[faults]]
name = "twice"
kind = "duplicate"
at = "20s"
for = "5s"
copies = 2

[[faults]]
name = "old tokens"
kind = "clock_jump"
at = "20s"
for = "5s"
by = "10m"

[[faults]]
name = "lost packets"
kind = "packet_loss"
at = "20s"
for = "5s"
loss = "2%"
interface = "veth0"
namespace = "staging"

[[faults]]
name = "too much"
kind = "overload"
stage = "warm up"

[fault_proxy]
engine = "http://127.0.0.1:8474"

[commands]
stop = ["systemctl", "kill", "oneaccess"]
start = ["systemctl", "start", "oneaccess"]
health = ["curl", "-fs", "http://127.0.0.1/"]
within = "1m"

[steady_state]
failed_share = "1%"
p95 = "300ms"
over = "10s"

[slo]
failed_share = "0.1%"
recover_within = "10s"
max_failed_share_during = 0.5
data_correct = true
goodput = "2000/h"
SHORT_FORMS

[[slo.criteria]]
name = "slow_at_the_peak"
metric = "p99_5"
of = "service"
step = "login"
case = "valid_change"
stage = "steady"
at_most = "1.5s"
seconds = "99.5%"

[[slo.criteria]]
metric = "failed_share"
at_most = "5%"
window = "10s"
stop = true

[[slo.criteria]]
name = "enough_changes"
metric = "goodput"
at_least = "5/s"

[forecast]
people = 40_000
expires_every = "90d"
working_hours = "10h"
working_days = 6
morning_rush = "60% within 15m"
mass_expiry = "100% within 2h"
peak_over = "30s"
growth_per_year = "20%"
headroom = "30%"
lead_time = "90d"

[standin]
hash_algorithm = "sha256"
servers = 4
service_mean_s = 0.02
id_token = true
""".replace("SHORT_FORMS", "\n".join(f'{key} = "1500ms"' for key in SHORT_FORMS))

EVERY_OPEN_KEY = """
title = "Every key of open arrivals"
seed = 7

[target.metrics]
csv = "vmstat.csv"

[forecast]
today = "2/s"
peak_factor = 1.5
growth_per_year = "-5%"

[load]
model = "open"
arrivals = "even"
max_in_flight = 500
queue_limit = 50

[[load.stages]]
name = "warm up"
rate = "20/s"
for = "10s"
measured = false

[[load.stages]]
name = "rush"
rate = { from = "20/s", to = "200/s" }
for = "30s"

[[load.stages]]
name = "stairs"
rate = { from = "200/s", to = "50/s", steps = 4 }
for = "20s"

[[load.stages]]
name = "spike"
rate = { base = "50/s", spike = "24000/m", at = "1s", for = "500ms" }
for = "2s"

[[load.stages]]
name = "pause"
rate = "0/s"
for = "5s"

[search]
from = "20/s"
to = "500/s"
resolution = "2%"
hold = "20s"
settle = "5s"
repeats = 8
beyond = "120%"
budget = "15m"
abort_when = { failed_share = "20%", shed = "10%", p99 = "10s" }
at_least = "80/s"
"""


def parse(text: str) -> Scenario:
    """Read a scenario that may name the cases and groups above."""
    return parse_scenario(text, case_names=CASES, group_names=GROUPS, file="x.toml")


def problems(text: str) -> tuple[str, ...]:
    """Return the problems of a scenario that has some."""
    with pytest.raises(ScenarioError) as caught:
        parse(text)
    return caught.value.problems


def toml(value: object) -> str:
    """Write a value as TOML would have it in one line."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_quoted(str(key))} = {toml(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return f"[{', '.join(map(toml, value))}]"
    if isinstance(value, str):
        return _quoted(value)
    if isinstance(value, date | datetime | time):
        return value.isoformat()
    return str(value).lower() if isinstance(value, bool) else repr(value)


def toml_file(data: Mapping[str, object]) -> str:
    """Write the tables of a file, each on one line."""
    return "".join(f"{_quoted(key)} = {toml(value)}\n" for key, value in data.items())


def _quoted(text: str) -> str:
    plain = json.dumps(text, ensure_ascii=False)
    return "".join(letter if letter.isprintable() else f"\\U{ord(letter):08x}" for letter in plain)
