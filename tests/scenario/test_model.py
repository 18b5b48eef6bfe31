"""The scenario as a value: what a file means, what follows from it, and that it travels unchanged."""

from pathlib import Path

import pytest
from pydantic import ValidationError
from tests.scenario.support import EVERY_KEY, EVERY_OPEN_KEY, parse

from pwdload.scenario import Scenario, default_scenario, parse_scenario

TWO_STAGES = """
title = "Two stages"
[[load.stages]]
name = "up"
users = 30
spawn_rate = "10/s"
for = "10s"
[[load.stages]]
name = "down"
users = 5
for = "1m"
measured = false
"""


def test_every_key_reaches_the_attribute_of_its_name_in_seconds() -> None:
    """What a person writes with a unit is what the harness reads in base units."""
    scenario = parse(EVERY_KEY)
    target, accounts, policy = scenario.target, scenario.accounts, scenario.password_policy
    assert (scenario.title, scenario.description, scenario.seed) == ("Every key", "One of each.", 20261123)
    assert (target.host, target.client_id) == ("https://staging.example.com:8443", "0123456789abcdef")
    assert (target.timeout_s, target.state_token_life_s) == (2.5, 90.0)
    assert target.allow == ("staging.example.com", "10.0.0.7")
    assert target.phase_timeouts.stated == {"connect": 1.0, "tls": 1.5, "first_byte": 2.0}
    assert (target.connections, target.returning_share) == ("per_flow", 0.7)
    assert (target.ca_file, target.server_name) == (Path("ca.pem"), "login.example.com")
    assert (target.client_certificate, target.client_key) == (Path("client.pem"), Path("client.key"))
    assert target.proxy == "http://proxy.example.com:3128"
    assert (accounts.source, accounts.count, accounts.reuse) == (Path("accounts.csv"), 1234, "rearm")
    assert (accounts.ledger, accounts.rearm_rate_per_s) == (Path("kept/staging"), 5.0)
    assert (accounts.fsync, accounts.settle_wait_s) == ("group", 60.0)
    assert (policy.min_length, policy.max_length, policy.classes, policy.max_repeats) == (10, 50, 4, 2)
    assert (scenario.load.think_time.min_s, scenario.load.think_time.max_s) == (0.5, 2.0)
    assert scenario.mix == {"valid_change": 85, "token": 0.5}
    oracle = scenario.oracle
    assert (oracle.probes, oracle.accepted_codes, oracle.lockout_threshold) == (0.05, ("LOGIN.0009",), 5)
    assert (oracle.wrong_passwords_max, oracle.timing_leak_s, oracle.final_logins) == (6, 0.01, 50)
    assert (scenario.devices.shares, scenario.devices.languages) == ({"android": 3, "ios": 1}, {"zh": 1})
    assert scenario.expect["token_missing"].http_status == (400, 401)
    assert scenario.expect["token_missing"].error_code == ("PARAM.0014",)


def test_open_arrivals_reach_the_program_as_plain_values() -> None:
    """Stages, ramps, steps, spikes and pauses become pieces without a gap, on the run's clock."""
    load = parse(EVERY_OPEN_KEY).load
    assert (load.model, load.arrivals, load.max_in_flight, load.queue_limit) == ("open", "even", 500, 50)
    assert load.rates == (
        ("warm up", 0.0, 10.0, 20.0, 20.0),
        ("rush", 10.0, 40.0, 20.0, 200.0),
        *(
            ("stairs", start_s, start_s + 5.0, rate, rate)
            for start_s, rate in ((40, 200), (45, 150), (50, 100), (55, 50))
        ),
        ("spike", 60.0, 61.0, 50.0, 50.0),
        ("spike", 61.0, 61.5, 400.0, 400.0),
        ("spike", 61.5, 62.0, 50.0, 50.0),
        ("pause", 62.0, 67.0, 0.0, 0.0),
    )
    assert [piece.arrivals for piece in load.rates[:3]] == [200.0, 3300.0, 1000.0]


def test_open_stages_have_the_slots_as_users() -> None:
    """The stages of both models stand on the same clock, and the largest number of users is the slots."""
    scenario = parse(EVERY_OPEN_KEY)
    assert [(stage.name, stage.start_s, stage.users) for stage in scenario.stages] == [
        *(("warm up", 0.0, 500), ("rush", 10.0, 500), ("stairs", 40.0, 500), ("spike", 60.0, 500), ("pause", 62.0, 500))
    ]
    assert (scenario.users_max, scenario.duration_s) == (500, 67.0)


def test_open_arrivals_have_defaults() -> None:
    """Who states nothing but the model and a rate gets traffic as it is, and as many waiting as in flight."""
    text = "title = 'x'\n[load]\nmodel = 'open'\nstages = [{ name = 'a', rate = '5/s', for = '10s' }]"
    load = parse(text).load
    assert (load.arrivals, load.max_in_flight, load.queue_limit) == ("poisson", 2_000, 2_000)
    assert parse(text.replace("'open'", "'open'\nmax_in_flight = 70")).load.queue_limit == 70
    assert parse(text.replace("'open'", "'open'\nqueue_limit = 0")).load.queue_limit == 0


@pytest.mark.parametrize(("at", "length"), [("0s", "10s"), ("0s", "3s"), ("7s", "3s"), ("9.9s", "100ms")])
def test_a_spike_may_touch_the_ends_of_its_stage(at: str, length: str) -> None:
    """No piece without length is made, and the pieces fill the stage."""
    stages = f"[{{ name = 'a', rate = {{ base = '1/s', spike = '9/s', at = '{at}', for = '{length}' }}, for = '10s' }}]"
    rates = parse(f"title = 'x'\n[load]\nmodel = 'open'\nstages = {stages}").load.rates
    assert (rates[0].start_s, rates[-1].end_s) == (0.0, 10.0)
    assert all(piece.start_s < piece.end_s for piece in rates)


def test_the_closed_model_has_no_rates() -> None:
    """Users who wait for answers have no plan of arrivals."""
    assert parse(EVERY_KEY).load.rates == ()


def test_settings_of_the_stand_in_keep_their_types() -> None:
    """A switch must not arrive as 1, nor a number as text."""
    settings = parse(EVERY_KEY).standin
    assert settings == {"hash_algorithm": "sha256", "servers": 4, "service_mean_s": 0.02, "id_token": True}
    assert [type(value) for value in settings.values()] == [str, int, float, bool]


def test_defaults_are_those_of_the_documentation() -> None:
    """A scenario of one line is one that can be run, and means what the documentation says."""
    scenario = parse('title = "Least"')
    assert (scenario.seed, scenario.mix, scenario.stages) == (1, None, ())
    assert scenario.target.client_id == "DRrYIqauawN0I8myTMoDTPys6ezGZxnm"
    assert (scenario.target.host, scenario.target.timeout_s, scenario.target.state_token_life_s) == (None, 10.0, None)
    assert (scenario.target.connections, scenario.target.returning_share) == ("kept", 0.0)
    assert not scenario.target.phase_timeouts.stated
    assert (scenario.accounts.source, scenario.accounts.count) == (None, 20_000)
    assert (scenario.load.think_time.min_s, scenario.load.think_time.max_s) == (1.0, 1.0)
    assert scenario.devices.shares == {"android": 45, "ios": 25, "harmonyos": 20, "desktop": 10}
    assert scenario.devices.languages == {"zh": 80, "en": 20}
    assert (scenario.password_policy.min_length, scenario.password_policy.max_length) == (8, 18)
    assert (scenario.password_policy.classes, scenario.password_policy.max_repeats) == (3, None)


def test_a_single_share_leaves_the_other_devices_out() -> None:
    """Who asks for iOS alone does not get the default's Androids beside it."""
    assert parse('title = "x"\n[devices]\nios = 1').devices.shares == {"ios": 1}


def test_a_host_loses_its_last_slash_and_allowed_hosts_their_capitals() -> None:
    """Two spellings of one host are one host, in requests and where it is decided what may be put under load."""
    target = parse('title = "x"\n[target]\nhost = "http://[::1]:8080/"\nallow = ["Staging.Example.com", "::1"]').target
    assert (target.host, target.allow) == ("http://[::1]:8080", ("staging.example.com", "::1"))


def test_stages_follow_one_another_on_the_runs_clock() -> None:
    """The report's stages begin and end where the load's do."""
    scenario = parse(TWO_STAGES)
    up, down = scenario.stages
    assert [(stage.name, stage.start_s, stage.for_s, stage.end_s) for stage in (up, down)] == [
        ("up", 0.0, 10.0, 10.0),
        ("down", 10.0, 60.0, 70.0),
    ]
    assert (up.users_before, down.users_before, up.measured, down.measured) == (0, 30, True, False)
    assert (scenario.duration_s, scenario.users_max) == (70.0, 30)


def test_a_stage_without_spawn_rate_ramps_within_one_second() -> None:
    """The default is fast enough for any stage of a second or more, upwards and downwards."""
    up, down = parse(TWO_STAGES).stages
    assert (up.spawn_rate_per_s, up.ramp_s) == (10.0, 3.0)
    assert (down.spawn_rate_per_s, down.ramp_s) == (25.0, 1.0)


def test_a_stage_that_keeps_the_users_has_a_spawn_rate_that_locust_accepts() -> None:
    """Locust refuses a spawn rate of 0, although nobody is to be spawned."""
    stage = "[[load.stages]]\nname = '{}'\nusers = 5\nfor = '10s'\n"
    _, second = parse(f"title = 'x'\n{stage.format('a')}{stage.format('b')}").stages
    assert (second.spawn_rate_per_s, second.ramp_s) == (1.0, 0.0)


@pytest.mark.parametrize(
    ("t_s", "name"), [(-0.1, None), (0.0, "up"), (9.999, "up"), (10.0, "down"), (69.9, "down"), (70.0, None)]
)
def test_each_moment_belongs_to_one_stage(t_s: float, name: str | None) -> None:
    """A moment between two stages is counted once, and none outside of them."""
    stage = parse(TWO_STAGES).stage_at(t_s)
    assert (stage.name if stage else None) == name


def test_without_stages_nothing_is_known_of_length_and_users() -> None:
    """Where -u, -r and -t decide, the scenario must not pretend to know."""
    scenario = default_scenario()
    assert (scenario.stages, scenario.duration_s, scenario.users_max, scenario.stage_at(0.0)) == ((), None, None, None)


def test_the_plain_scenario_can_be_kept_and_read_again() -> None:
    """A run without a scenario leaves a scenario.toml like any other run."""
    plain = default_scenario()
    assert (plain.name, plain.title) == ("plain", "Plain Locust run")
    assert parse_scenario(plain.source, name="plain") == plain


THINKING = [f'title = "x"\n[load]\nthink_time = "{wait}"' for wait in ("0.1s", "1h0.7ms", f"0.{'0' * 27}12345678ms")]


@pytest.mark.parametrize("text", [EVERY_KEY, EVERY_OPEN_KEY, TWO_STAGES, 'title = "x"', *THINKING])
def test_a_scenario_travels_to_workers_unchanged(text: str) -> None:
    """Every process of a run plays the same scenario, to the last digit."""
    scenario = parse(text)
    again = Scenario.from_json(scenario.to_json())
    assert again == scenario
    assert (again.stages, again.source) == (scenario.stages, text)


def test_what_is_no_scenario_does_not_become_one() -> None:
    """A worker that was sent something else says so rather than playing the defaults."""
    with pytest.raises(ValueError, match="title"):
        Scenario.from_json('{"name": "x", "source": ""}')


def test_a_scenario_cannot_be_changed_once_read() -> None:
    """What the report says was planned is what was planned."""
    with pytest.raises(ValidationError, match="frozen"):
        parse('title = "x"').target.host = "http://elsewhere"
