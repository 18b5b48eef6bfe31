"""What a person is told about a scenario: the place, the value, what is allowed, the nearest right word."""

import pytest
from tests.scenario.support import parse, problems

HEAD = 'title = "x"\n'
STAGE = "[[load.stages]]\nname = 'a'\nusers = 10\nfor = '10s'\n"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("", "title: missing; give text on one line of at most 200 characters"),
        ("title = 3", "title = 3: is a whole number; allowed: text on one line of at most 200 characters"),
        ('title = " "', 'title = " ": blank; allowed is text with at least one visible character'),
        (
            'title = "a\\nb"',
            'title = "a\\nb": has a line break or another control character; allowed is text on one line',
        ),
        (
            HEAD + 'seed = "7"',
            'seed = "7": is text; allowed: a whole number from 0 to 9,223,372,036,854,775,807',
        ),
        (
            HEAD + "seed = true",
            "seed = true: is true or false; allowed: a whole number from 0 to 9,223,372,036,854,775,807",
        ),
        (HEAD + "load = 3", "load = 3: is a whole number; allowed: a table"),
        (
            HEAD + "accounts.count = 1.5",
            "accounts.count = 1.5: is a number; allowed: a whole number from 1 to 1,000,000",
        ),
        (
            HEAD + "accounts.count = 0",
            "accounts.count = 0: too small; allowed: a whole number from 1 to 1,000,000",
        ),
        (HEAD + 'accounts.reuse = "twice"', 'accounts.reuse = "twice": unknown; allowed: "once" or "warn" or "rearm"'),
        (
            HEAD + 'accounts.rearm_rate = "5/s"',
            'accounts.rearm_rate = "5/s": for [accounts] reuse = "rearm" only: remove it, or state that',
        ),
        (HEAD + 'accounts.fsync = "always"', 'accounts.fsync = "always": unknown; allowed: "none" or "group"'),
        (
            HEAD + "accounts.settle_wait = 60",
            "accounts.settle_wait = 60: a duration needs a unit: 10s, 200ms, 2m, 1m30s, 1.5h or 1d",
        ),
        (
            HEAD + 'accounts.source = ""',
            'accounts.source = "": not the path of a file; allowed is text on one line, relative to the scenario file',
        ),
        (
            HEAD + "target.timeout = 10",
            "target.timeout = 10: a duration needs a unit: 10s, 200ms, 2m, 1m30s, 1.5h or 1d",
        ),
        (
            HEAD + 'target = { timeout = "2s", phase_timeouts = { tls = "3s" } }',
            "target.phase_timeouts = {...}: tls is longer than timeout, which ends all phases; "
            "allowed is that time or less",
        ),
        (
            HEAD + 'target.phase_timeouts.connect = "0s"',
            'target.phase_timeouts.connect = "0s": too little; allowed is 1ms to 365d',
        ),
        (
            HEAD + 'target.phase_timeouts.total = "1s"',
            "target.phase_timeouts.total: unknown key; allowed: connect, tls, first_byte",
        ),
        (
            HEAD + 'target.client_key = "client.key"',
            'target.client_key = "client.key": a key alone; '
            "allowed is one beside the client_certificate that it belongs to",
        ),
        (
            HEAD + 'target.proxy = "proxy:3128"',
            'target.proxy = "proxy:3128": not the URL of a proxy; allowed is http://HOST:PORT, without user',
        ),
        (
            HEAD + 'target.proxy = "http://proxy"',
            'target.proxy = "http://proxy": not the URL of a proxy; allowed is http://HOST:PORT, without user',
        ),
        (
            HEAD + 'target.proxy = "http://proxy:99999"',
            'target.proxy = "http://proxy:99999": not the URL of a proxy; allowed is http://HOST:PORT, without user',
        ),
        (
            HEAD + 'target.proxy = "http://bob:pw@proxy:1"',
            'target.proxy = "http://...@proxy:1": has a user in it, and secrets come from the environment only: '
            "set PWDLOAD_PROXY there",
        ),
        (
            HEAD + 'target.connections = "perflow"',
            'target.connections = "perflow": unknown; allowed: "kept" or "per_flow"; did you mean "per_flow"?',
        ),
        (
            HEAD + "target.returning_share = 70",
            "target.returning_share = 70: too large; allowed: a number from 0 to 1",
        ),
        (HEAD + 'target.timeout = "0s"', 'target.timeout = "0s": too little; allowed is 1ms to 365d'),
        (HEAD + 'target.timeout = "999d"', 'target.timeout = "999d": too much; allowed is 1ms to 365d'),
        (
            HEAD + 'target.client_id = "a b"',
            'target.client_id = "a b": does not fit; allowed: 1 to 128 printable ASCII characters without spaces',
        ),
        (HEAD + "oracle.probes = 0.3", "oracle.probes = 0.3: too large; allowed: a number from 0 to 0.2"),
        (
            HEAD + "oracle.lockout_threshold = 0",
            "oracle.lockout_threshold = 0: too small; allowed: a whole number from 1 to 100",
        ),
        (
            HEAD + "oracle.timing_leak = 5",
            "oracle.timing_leak = 5: a duration needs a unit: 10s, 200ms, 2m, 1m30s, 1.5h or 1d",
        ),
        (HEAD + "[mix]", "mix = {}: too short; allowed: a table with at least one key"),
        (HEAD + "mix.token = 0", "mix.token = 0: too small; allowed: a number above 0 to 1,000,000"),
        (HEAD + "mix.token = inf", "mix.token = inf: not a finite number; allowed: a number above 0 to 1,000,000"),
        (HEAD + "mix.token = nan", "mix.token = nan: not a finite number; allowed: a number above 0 to 1,000,000"),
        (HEAD + 'mix.change = "5%"', 'mix.change = "5%": is text; allowed: a number above 0 to 1,000,000'),
        (
            HEAD + 'load.think_time = { min = "2s", max = "1s" }',
            'load.think_time.max = "1s": less than min; allowed is min or more',
        ),
        (
            HEAD + 'load.think_time = { min = "2s" }',
            'load.think_time.max: missing; give a duration from 0s to 365d, such as "1s"',
        ),
        (
            HEAD + "load.think_time = 1",
            "load.think_time = 1: a duration needs a unit: 10s, 200ms, 2m, 1m30s, 1.5h or 1d",
        ),
        (
            HEAD + "password_policy.min_length = 20",
            "password_policy.max_length = 18, the default: less than min_length = 20; allowed is 20 to 50",
        ),
        (
            HEAD + "password_policy.classes = 5",
            "password_policy.classes = 5: too large; allowed: a whole number from 1 to 4",
        ),
        (
            HEAD + "devices.android = 0",
            "devices = {...}: no device has a share; "
            "allowed is a weight above 0 for any of android, ios, harmonyos, desktop",
        ),
        (HEAD + "devices.languages.fr = 1", 'devices.languages.fr: unknown key; allowed: "zh" or "en"'),
        (
            HEAD + "devices.languages.zh = 0",
            "devices.languages = {...}: no language has a share; allowed is a weight above 0 for zh, en or both",
        ),
        (
            HEAD + "[expect.token_missing]",
            'expect.token_missing = {}: says nothing; give http_status = [400], error_code = ["LOGIN.0002"] or both',
        ),
        (
            HEAD + "[expect.token_missing]\nhttp_status = 400",
            "expect.token_missing.http_status = 400: is a whole number; "
            "allowed: a list, each item a whole number from 100 to 599",
        ),
        (
            HEAD + "[expect.token_missing]\nhttp_status = [400, 42]",
            "expect.token_missing.http_status[1] = 42: too small; allowed: a whole number from 100 to 599",
        ),
        (HEAD + "[expect.token]\nhttp_status = [400]", "expect.token: a group; allowed is the name of one case"),
        (
            HEAD + "standin.client_ids = ['a']",
            "standin.client_ids = [...]: not a single value; allowed is text, a finite number, true or false",
        ),
        (
            HEAD + "standin.'a=b' = 1",
            'standin."a=b": not a name; allowed are lower-case letters, digits and _, with a letter first',
        ),
        (HEAD + STAGE + "measured = 'no'", 'load.stages[0].measured = "no": is text; allowed: true or false'),
        (
            HEAD + STAGE + "spawn_rate = '0/s'",
            'load.stages[0].spawn_rate = "0/s": too little; allowed is 1/h to 1000000/s',
        ),
        (
            HEAD + STAGE + "spawn_rate = 5",
            "load.stages[0].spawn_rate = 5: a rate needs a unit: 50/s, 3000/m or 10/h",
        ),
        (
            HEAD + "[[load.stages]]\nname = 'a'\nusers = 0\nfor = '10s'",
            "load.stages[0].users = 0: too small; allowed: a whole number from 1 to 1,000,000",
        ),
        (
            HEAD + "load.stages = { name = 'a' }",
            "load.stages = {...}: is a table; allowed: a list, each item a table",
        ),
    ],
)
def test_a_problem_names_the_place_the_value_and_what_is_allowed(text: str, line: str) -> None:
    """Whoever reads the line can mend the file without the documentation."""
    assert problems(text) == (f"x.toml: {line}",)


@pytest.mark.parametrize(
    ("text", "nearest"),
    [
        ("titel = 'y'", "title"),
        ("[target]\nhots = 'https://x'", "host"),
        ("[target]\ntimeout_s = 10", "timeout"),
        ("[mix]\nvalid_chnage = 1", "valid_change"),
        ("[mix]\ntokens = 1", "token"),
        ("[expect.token_mising]\nhttp_status = [400]", "token_missing"),
        ("load.model = 'closd'", "closed"),
        (STAGE + "spawnrate = '1/s'", "spawn_rate"),
    ],
)
def test_a_mistyped_word_is_answered_with_the_nearest_right_one(text: str, nearest: str) -> None:
    """A typing mistake is mended by copying from the message."""
    (line,) = problems(HEAD + text)
    assert line.endswith(f'; did you mean "{nearest}"?')


def test_an_unknown_key_comes_with_those_that_are_known() -> None:
    """The keys of a table are listed where one is needed."""
    (line,) = problems(HEAD + "[accounts]\nzzz = 1")
    assert (
        line
        == "x.toml: accounts.zzz: unknown key; allowed: source, ledger, count, reuse, rearm_rate, fsync, settle_wait"
    )


@pytest.mark.parametrize(
    ("text", "table"),
    [("users = 5", "[[load.stages]]"), ("think_time = '1s'", "[load]"), ("timeout = '1s'", "[target]")],
)
def test_a_key_in_the_wrong_table_is_told_where_it_belongs(text: str, table: str) -> None:
    """TOML's tables are easily opened too late."""
    (line,) = problems(HEAD + text)
    assert line.endswith(f"; it belongs to {table}")


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("[accounts]\ntenant = 'x'", "accounts.tenant"),
    ],
)
def test_what_is_planned_is_refused_and_never_ignored(text: str, place: str) -> None:
    """A scenario of a later version does not run as something weaker than it says."""
    assert problems(HEAD + text) == (f"x.toml: {place}: planned, not in this version: remove it to run",)


@pytest.mark.parametrize(
    "text",
    [
        "[target]\nclient_secret = 'hunter2'",
        "[target]\nAccessToken = 'hunter2'",
        "[target]\npasswrod = 'hunter2'",
        "[accounts]\npassword = 'hunter2'",
        "password = ['hunter2']",
        "[auth]\npassword = 'hunter2'",
        "[standin]\ntenant_client_secret = 'hunter2'",
        "[mix]\npassword = 'hunter2'",
        "[mix]\nvalid_change = 1\nunicode_password = 'hunter2'",
        "[target]\nhost = 'https://bob:hunter2@staging.example.com'",
        "[target]\nhost = 'https://bob:hunter2@@x/y'",
        "[target]\nhost = 'https://bob:slash/hunter2@x'",
        "[target]\nallow = ['//bob:hunter2@x']",
    ],
)
def test_a_secret_is_refused_and_never_shown(text: str) -> None:
    """A message ends up in a CI log, which is no place for a password."""
    lines = problems(HEAD + text)
    assert lines
    assert not [line for line in lines if "hunter2" in line]


@pytest.mark.parametrize(
    "text", ["[target]\nclient_secret = 'x'", "[accounts]\napi-key = 'x'", "[standin]\na_token = 'x'"]
)
def test_a_secret_is_told_where_secrets_belong(text: str) -> None:
    """The way out is named: the environment."""
    (line,) = problems(HEAD + text)
    assert line.endswith(": looks like a secret, and secrets come from the environment only: remove it")


def test_a_key_that_is_listed_is_no_secret_whatever_it_ends_with() -> None:
    """Whoever forgot a unit sees what they wrote; an unknown percentile is answered with those that there are."""
    text = '[slo]\np95_update_password = "300"\np42_update_password = "3s"'
    forgotten, unknown = problems(HEAD + text)
    assert forgotten.startswith('x.toml: slo.p95_update_password = "300": a duration needs a unit')
    assert unknown.startswith("x.toml: slo.p42_update_password: unknown key; allowed: ")


def test_a_ramp_that_does_not_fit_is_shown_with_its_arithmetic() -> None:
    """Locust would skip the next stage; the two ways out are named."""
    text = HEAD + STAGE + "[[load.stages]]\nname = 'b'\nusers = 110\nspawn_rate = '5/s'\nfor = '15s'"
    assert problems(text) == (
        'x.toml: load.stages[1].for = "15s": shorter than its own ramp from 10 to 110 users: '
        "100 / 5.00/s = 20.0 s; allowed is that time or more, or a higher spawn_rate",
    )


def test_a_ramp_that_just_fits_is_accepted() -> None:
    """The limit itself is allowed, upwards and downwards, else a stage of pure ramp could not be written."""
    ramp = "[[load.stages]]\nname = '{}'\nusers = {}\nspawn_rate = '5/s'\nfor = '20s'\n"
    stages = parse(HEAD + ramp.format("up", 100) + ramp.format("down", 1).replace("20s", "19800ms")).stages
    assert [(stage.ramp_s, stage.for_s) for stage in stages] == [(20.0, 20.0), (19.8, 19.8)]


def test_the_default_ramp_of_one_second_must_fit_too() -> None:
    """Without a spawn rate all users come within one second, which must fit."""
    (line,) = problems(HEAD + "[[load.stages]]\nname = 'a'\nusers = 3\nfor = '500ms'")
    assert "3 / 3.00/s = 1.00 s" in line


def test_two_stages_of_one_name_are_told_apart() -> None:
    """A report could not say which of them a figure belongs to."""
    assert problems(HEAD + STAGE + STAGE) == (
        'x.toml: load.stages[1].name = "a": the same name as stages[0]; allowed is a name of its own',
    )


def test_stages_are_held_against_one_another_although_one_is_broken() -> None:
    """A mistake in one stage does not hide those of the others until the next attempt."""
    broken = "[[load.stages]]\nname = 'c'\nusers = 'many'\nfor = '10s'\n"
    slow = "[[load.stages]]\nname = 'd'\nusers = 99\nspawn_rate = '1/s'\nfor = '3s'\n"
    lines = problems(HEAD + STAGE + STAGE + broken + slow + slow.replace("users = 99", "users = 1"))
    places = [line.split(": ")[1].split(" = ")[0] for line in lines]
    assert places == [f"load.stages[{place}" for place in ("1].name", "2].users", "4].name", "4].for")]


WARM_UP = "[[load.stages]]\nname = 'w'\nrate = '1/s'\nfor = '1s'\n"
OPEN = "[load]\nmodel = 'open'\n" + WARM_UP
OPEN_STAGE = "[[load.stages]]\nname = 'a'\nfor = '10s'\n"
TABLES = (
    'a rate such as "50/s", or a table such as { from = "20/s", to = "200/s" }, '
    '{ from = "20/s", to = "200/s", steps = 6 } or { base = "20/s", spike = "200/s", at = "10s", for = "5s" }'
)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (
            STAGE.replace("users = 10", "rate = '20/s'"),
            'load.stages[0].rate = "20/s": arrivals are for [load] model = "open"; '
            "state that, or give users in place of the rate",
        ),
        (
            STAGE + "rate = { from = '1/s', to = '2/s' }",
            'load.stages[0].rate = {...}: arrivals are for [load] model = "open"; '
            "state that, or give users in place of the rate",
        ),
        (
            STAGE.replace("users = 10\n", ""),
            "load.stages[0].users: missing; give a whole number from 1 to 1,000,000",
        ),
        (
            OPEN + OPEN_STAGE + "users = 10",
            'load.stages[1].users = 10: users are for [load] model = "closed"; '
            "state that, or give a rate in place of the users",
        ),
        (OPEN + OPEN_STAGE, f"load.stages[1].rate: missing; give {TABLES}"),
        (
            OPEN + OPEN_STAGE + "rate = '1/s'\nspawn_rate = '5/s'",
            'load.stages[1].spawn_rate = "5/s": for [load] model = "closed" only: remove it',
        ),
        (
            "[load]\nmodel = 'open'\nthink_time = '1s'\n" + WARM_UP,
            'load.think_time = "1s": for [load] model = "closed" only, since arrivals wait for nothing: remove it',
        ),
        *(
            (
                f"[load]\n{key} = {value}",
                f'load.{key} = {shown}: for [load] model = "open" only: remove it, or state that model',
            )
            for key, value, shown in (
                ("arrivals", "'even'", '"even"'),
                ("max_in_flight", "9", "9"),
                ("queue_limit", "9", "9"),
            )
        ),
        (
            "[load]\nmodel = 'open'",
            "load.stages = [], the default: none; the open model needs one or more, "
            'such as { name = "steady", rate = "50/s", for = "1m" }',
        ),
        (
            "[load]\nmodel = 'open'\n" + WARM_UP.replace("1/s", "0/s"),
            "load.stages = [...]: no arrival in any stage; allowed is a rate above 0/s in one or more",
        ),
        (
            OPEN + OPEN_STAGE + "rate = { base = '1/s', spike = '9/s', at = '8s', for = '2001ms' }",
            'load.stages[1].rate.for = "2001ms": reaches past the end of its stage; allowed is 2s or less',
        ),
        (
            OPEN + OPEN_STAGE + "rate = { base = '1/s', spike = '9/s', at = '10s', for = '1s' }",
            'load.stages[1].rate.at = "10s": its stage is over by then; allowed is less than 10s',
        ),
        (OPEN + OPEN_STAGE + "rate = 50", "load.stages[1].rate = 50: a rate needs a unit: 50/s, 3000/m or 10/h"),
        (
            OPEN + OPEN_STAGE + "rate = { from = '1/s' }",
            'load.stages[1].rate.to: missing; give a rate from 0/s to 1000000/s, such as "50/s"',
        ),
        (
            OPEN + OPEN_STAGE + "rate = { from = '1/s', to = '2/s', at = '1s' }",
            f"load.stages[1].rate = {{...}}: keys of a ramp and of a spike; allowed is {TABLES}",
        ),
        (
            OPEN + OPEN_STAGE + "rate = { from = '1/s', to = '2/s', step = 6 }",
            "load.stages[1].rate.step: unknown key; allowed: from, to, steps, base, spike, at, for; "
            'did you mean "steps"?',
        ),
        (
            OPEN + OPEN_STAGE + "rate = { from = '1/s', to = '2/s', steps = 1 }",
            "load.stages[1].rate.steps = 1: too small; allowed: a whole number from 2 to 1,000",
        ),
        (
            "[load]\nmodel = 'open'\nqueue_limit = -1\n" + WARM_UP,
            "load.queue_limit = -1: too small; allowed: a whole number from 0 to 10,000,000",
        ),
        (
            "load.think_time = { mni = '1s', max = '2s', min = '1s' }",
            'load.think_time.mni: unknown key; allowed: min, max; did you mean "min"?',
        ),
    ],
)
def test_the_two_models_of_load_are_not_mixed_and_rates_are_explained(text: str, line: str) -> None:
    """A key that would change nothing is refused with the model that it belongs to; a rate says how it is written."""
    assert problems(HEAD + text) == (f"x.toml: {line}",)


def test_a_wrong_model_hides_no_other_problem_and_adds_none() -> None:
    """Whether users or rates are right is not known then; what is wrong anyway is told."""
    text = "[load]\nmodel = 'opne'\nthink_time = '1s'\nmax_in_flight = 9\n" + WARM_UP + STAGE + STAGE
    assert [line.partition(": ")[2].partition(":")[0] for line in problems(HEAD + text)] == [
        'load.model = "opne"',
        'load.stages[2].name = "a"',
    ]


def test_every_problem_comes_at_once_in_the_order_of_the_file() -> None:
    """A file is mended in one go, from top to bottom."""
    text = """
[load]
model = "halfway"
think_time = "soon"

[mix]
nothing_like_it = 1
token = -1

[target]
timeout = 10
hots = "x"
"""
    assert [line.removeprefix("x.toml: ").partition(":")[0] for line in problems(text)] == [
        'load.model = "halfway"',
        'load.think_time = "soon"',
        "mix.nothing_like_it",
        "mix.token = -1",
        "target.timeout = 10",
        "target.hots",
        "title",
    ]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (f"title = '{'x' * 500}'", f'title = "{"x" * 56}...: too long'),
        ("seed = 0x" + "f" * 5_000, "seed = a number of more than 60 digits: too large"),
        ("seed = 2026-11-23", "seed = 2026-11-23: is a date or time"),
        ("'tit\\u2028le\u200b' = 1", '"tit\\u2028le\\u200b": unknown key'),
        ("'[key]' = 1", '"[key]": unknown key'),
    ],
)
def test_odd_values_are_shown_on_one_short_line(text: str, shown: str) -> None:
    """A message stays readable, whatever was pasted into the file."""
    assert any(line.startswith(f"x.toml: {shown}") for line in problems(text))


def test_a_duration_that_would_take_long_to_refuse_is_refused_at_once() -> None:
    """Blanks pasted between two units do not hang the command."""
    (line,) = problems(HEAD + f'target.timeout = "1d{" " * 5_000}x"')
    assert line.endswith(": too long; allowed is 1ms to 365d")
