"""Faults that the stand-in is told to have: a slow disk, a clock that jumps, and how an overload is answered."""

import asyncio
from collections.abc import Callable

import pytest
from tests.standin.client import LOGIN, NEW, PASSWORD, UPDATE, Reply, World, request, sdk_headers

from pwdload.standin.clock import Clock
from pwdload.standin.faults import TokenClock
from pwdload.standin.settings_reader import read_settings

FAULTS = "/standin/faults"
NONE: dict[str, object] = {"commit_delay_s": 0.0, "clock_jump_s": 0.0}
DELAY_S = 0.05


def test_faults_are_set_one_by_one_and_ended_together(world: World) -> None:
    """Setting one leaves the other; a 0 takes one back, DELETE all of them, and GET tells what there is."""
    assert world.call("GET", FAULTS).fields == NONE
    assert world.call("PUT", FAULTS, {"commit_delay_s": 0.2}).fields == NONE | {"commit_delay_s": 0.2}
    both = NONE | {"commit_delay_s": 0.2, "clock_jump_s": 600.0}
    assert world.call("PUT", FAULTS, {"clock_jump_s": 600}).fields == both
    assert world.call("PUT", FAULTS, {"commit_delay_s": 0}).fields == NONE | {"clock_jump_s": 600.0}
    assert world.call("DELETE", FAULTS).fields == world.call("GET", FAULTS).fields == NONE


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"commit_delay_s": -1}, "commit_delay_s: a number from 0 to 60 is needed"),
        ({"clock_jump_s": "600s"}, "clock_jump_s: a number from 0 to 1000000000 is needed"),
        ({"clock_jump_s": True}, "clock_jump_s: a number"),
        ({"clock_jump_s": 600, "slow": 1}, "slow: no such fault; there are commit_delay_s, clock_jump_s"),
    ],
)
def test_a_fault_that_cannot_be_is_refused_whole(world: World, fields: dict[str, object], words: str) -> None:
    """What is unknown or out of range is told by name, and nothing of such a request is set."""
    reply = world.call("PUT", FAULTS, fields)
    assert reply.http_status == 400
    assert words in reply.text("error_msg")
    assert world.call("GET", FAULTS).fields == NONE


@pytest.mark.parametrize("client", [("203.0.113.7", 4711), ("", 0), None])
def test_another_machine_cannot_set_faults(world: World, client: tuple[str, int] | None) -> None:
    """Whoever does not come over loopback finds no such route."""

    async def from_elsewhere() -> Reply:
        async def app(scope, receive, send) -> None:  # type: ignore[no-untyped-def]
            await world.app({**scope, "client": client}, receive, send)

        return await request(app, "PUT", FAULTS, sdk_headers({}), [b'{"clock_jump_s": 600}'])

    assert asyncio.run(from_elsewhere()).summary == (404, "PARAM.0404")
    assert world.call("GET", FAULTS).fields == NONE


async def _timed(world: World, *calls: tuple[str, str, object, dict[str, str]]) -> list[tuple[tuple[int, str], float]]:
    loop = asyncio.get_running_loop()
    begun_s = loop.time()

    async def one(method: str, path: str, body: object, headers: dict[str, str]) -> tuple[tuple[int, str], float]:
        reply = await world.acall(method, path, body, headers)
        return reply.summary, loop.time() - begun_s

    return list(await asyncio.gather(*(one(*call) for call in calls)))


def _change(token: str) -> tuple[str, str, object, dict[str, str]]:
    return "POST", UPDATE, {"old_password": PASSWORD, "new_password": NEW}, {"X-state-token": token}


def test_a_slow_disk_delays_what_is_written_one_after_the_other(world: World) -> None:
    """Two changes at once take one and two delays; a login that writes nothing takes none."""
    world.seed("lisi")
    world.seed("wangwu")
    tokens = [world.state_token(name) for name in ("zhangsan", "lisi")]
    world.call("PUT", FAULTS, {"commit_delay_s": DELAY_S})
    only_read = ("POST", LOGIN, {"user_name": "wangwu", "password": PASSWORD}, dict[str, str]())
    one, other, reading = asyncio.run(_timed(world, *map(_change, tokens), only_read))
    assert (one[0], other[0]) == ((200, "SUCCESS"), (200, "SUCCESS"))
    assert one[1] >= DELAY_S
    assert other[1] >= 2 * DELAY_S
    assert reading[1] < one[1] < other[1]


def test_a_write_of_its_own_is_a_commit_too(world: World) -> None:
    """A wrong password is counted outside any transaction, and waits for the disk as well."""
    world.call("PUT", FAULTS, {"commit_delay_s": DELAY_S})
    wrong = ("POST", LOGIN, {"user_name": "zhangsan", "password": "Wrong-pw-1"}, dict[str, str]())
    ((summary, took_s),) = asyncio.run(_timed(world, wrong))
    assert summary == (400, "LOGIN.0002")
    assert took_s >= DELAY_S


def test_a_disk_that_is_well_again_keeps_nobody_waiting(world: World) -> None:
    """Whoever waits for a disk of minutes is answered when the fault ends, and later changes are quick."""
    token = world.state_token()
    world.call("PUT", FAULTS, {"commit_delay_s": 60})

    async def changed_and_healed() -> tuple[int, str]:
        change = asyncio.create_task(world.acall(*_change(token)))
        await asyncio.sleep(0.02)
        assert not change.done()
        await world.acall("DELETE", FAULTS)
        return (await asyncio.wait_for(change, 5)).summary

    assert asyncio.run(changed_and_healed()) == (200, "SUCCESS")
    wrong = ("POST", LOGIN, {"user_name": "zhangsan", "password": "Wrong-pw-1"}, dict[str, str]())
    assert asyncio.run(_timed(world, wrong))[0][1] < 5


def test_a_clock_jump_expires_what_was_handed_out_before(world: World) -> None:
    """A token of before the jump is refused, one of after it serves as long as any."""
    before = world.state_token()
    world.call("PUT", FAULTS, {"clock_jump_s": 600})
    assert world.update(before).summary == (400, "PARAM.0014")
    world.clock.advance(1)
    after = world.state_token()
    world.clock.advance(298)
    assert world.update(after).summary == (200, "SUCCESS")


def test_no_token_outlives_its_life_by_a_jump(world: World) -> None:
    """When a jump is taken back, what was handed out meanwhile is as old as it is, not younger."""
    world.call("PUT", FAULTS, {"clock_jump_s": 600})
    world.clock.advance(1)
    token = world.state_token()
    world.call("DELETE", FAULTS)
    world.clock.advance(300)
    assert world.update(token).summary == (400, "PARAM.0014")


def test_a_token_that_has_served_is_not_forgotten_over_a_jump(world: World) -> None:
    """A token that was used, expired by a jump and is young again when the clock is set back serves no second time."""
    token = world.state_token()
    assert world.update(token).summary == (200, "SUCCESS")
    world.call("PUT", FAULTS, {"clock_jump_s": 600})
    for name in ("lisi", "wangwu"):  # each use of a token clears away expired ones
        world.seed(name)
        world.clock.advance(1)
        assert world.update(world.state_token(name)).summary == (200, "SUCCESS")
    world.call("DELETE", FAULTS)
    assert world.update(token, old=NEW, new="Different-pw-3").summary == (400, "PARAM.0014")


def test_a_jump_moves_tokens_only(world: World) -> None:
    """The time that is told, and the age of passwords, are not those of the token clock."""
    world.seed("fresh", "valid")
    told = world.call("GET", "/api/v2/sdk/server-date").fields
    world.call("PUT", FAULTS, {"clock_jump_s": 100 * 86_400})
    assert world.call("GET", "/api/v2/sdk/server-date").fields == told
    assert world.login(user_name="fresh").summary == (200, "SUCCESS")


def test_a_jump_that_is_made_already_is_no_other() -> None:
    """Setting the same jump twice does not age the tokens that came between; another jump does."""
    now_s = 1000.0
    clock: Clock = lambda: now_s  # noqa: E731
    tokens = TokenClock(clock)
    tokens.jump(600)
    now_s = 1010.0
    tokens.jump(600)
    assert not tokens.is_over(1011.0 + 299, 300)
    assert not tokens.is_over(1005.0 + 300, 300)
    tokens.jump(700)
    assert tokens.is_over(1005.0 + 300, 300)


@pytest.mark.parametrize(
    ("refusal", "retry_after_s", "expected"),
    [
        ("503 COM.0002", -1, (503, "COM.0002", None)),
        ("429 COM.0003", 2, (429, "COM.0003", "2")),
        ("429 COM.0003", -1, (429, "COM.0003", None)),
        ("503 COM.0002", 0, (503, "COM.0002", "0")),
    ],
)
def test_a_full_queue_refuses_as_it_is_told(
    make_world: Callable[..., World], refusal: str, retry_after_s: int, expected: tuple[int, str, str | None]
) -> None:
    """Overload is 503 or 429, and says when to come back or does not."""
    read = read_settings(None, [f"refuse_queue_full={refusal}", f"queue_full_retry_after_s={retry_after_s}"])
    world = make_world(
        servers=1,
        queue_limit=0,
        service_mean_s=0.01,
        refusals=read.refusals,
        queue_full_retry_after_s=read.queue_full_retry_after_s,
    )
    world.seed()
    body = {"user_name": "zhangsan", "password": PASSWORD}

    async def two_at_once() -> list[Reply]:
        return list(await asyncio.gather(*(world.acall("POST", LOGIN, body) for _ in range(2))))

    served, refused = asyncio.run(two_at_once())
    assert (served.http_status, served.headers.get("retry-after")) == (200, None)
    assert (*refused.summary, refused.headers.get("retry-after")) == expected
