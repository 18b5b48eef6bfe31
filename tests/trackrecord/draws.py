"""Clean runs, each drawn from its number: what is played, how, and against which settings of a healthy target."""

import random
from collections.abc import Mapping
from dataclasses import dataclass

from tests.trackrecord.running import toml_text

from pwdload.cases.catalogue import CASES

LENGTH_S = 5
_THRESHOLD = 5
_NOT_DRAWN = frozenset({"lockout", "tenant_id_missing", "tenant_id_blank"})
"""Drawn by itself, for it needs a budget of wrong passwords; and two that only an ISV's application can play."""
_TIMED = {"login_unknown_user": 5.0, "login_wrong_then_right": 5.0}
"""Often enough that the times of their answers can be compared."""
_NEEDS_EXPIRED = frozenset({"skip_when_expired"})
_NEEDS_WARNED = frozenset({"valid_change_when_warned", "skip_when_warned"})


@dataclass(frozen=True, slots=True, kw_only=True)
class CleanRun:
    """A short run against a healthy target."""

    number: int
    """Its seed: the run is a function of it."""
    traits: tuple[str, ...]
    """What is special about it, in words of the scenario format."""
    scenario: str
    processes: int

    @property
    def words(self) -> str:
        """What it is, in a line."""
        return ", ".join(self.traits)


def drawn(number: int) -> CleanRun:
    """Return the clean run of a number."""
    chance = random.Random(number)
    reuse = chance.choices(("once", "warn", "rearm"), (5, 2, 3))[0]
    target, standin, what = _target(chance)
    locks = reuse == "once" and chance.random() < 0.2
    load, stage, model = _load(chance)
    processes = chance.choices((1, 2), (3, 1))[0]
    probes = chance.choice((0.0, 0.02, 0.1, 0.2))
    oracle = {"probes": probes, "final_logins": chance.choice((100, 500)), "lockout_threshold": _THRESHOLD}
    tables: Mapping[str, Mapping[str, object]] = {
        "target": {"state_token_life": "1s", **target},
        "accounts": _accounts(chance, reuse),
        "oracle": oracle | ({"wrong_passwords_max": _THRESHOLD + 1} if locks else {}),
        "load": load,
        "mix": _mix(chance, reuse=reuse, locks=locks),
        "standin": {"hash_algorithm": "sha256", "lockout_threshold": _THRESHOLD, **standin},
    }
    traits = (model, f"reuse {reuse}", f"probes {probes:g}", *what, *(["lock-outs"] if locks else []))
    return CleanRun(
        number=number,
        traits=(*traits, *(["two processes"] if processes == 2 else [])),
        scenario=toml_text(f"Clean run {number}", number, tables, stage),
        processes=processes,
    )


def _target(chance: random.Random) -> tuple[dict[str, object], dict[str, object], list[str]]:
    """Return keys of [target] and of [standin], and what they make of the target."""
    kept = chance.choices(("kept", "per_flow"), (3, 1))[0]
    target: dict[str, object] = {"connections": kept}
    standin: dict[str, object] = {"id_token": chance.random() < 0.5, "service_seed": chance.randrange(1_000)}
    what = ["connections per flow"] if kept == "per_flow" else []
    match chance.choices(("quick", "slow", "overloaded", "later than the time-out"), (5, 2, 1, 2))[0]:
        case "slow":
            standin |= {"servers": 200, "service_time": "exponential", "service_mean_s": 0.05}
            what.append("slow target")
        case "overloaded":
            standin |= {"servers": 4, "service_time": "exponential", "service_mean_s": 0.05, "queue_limit": 10}
            what.append("overloaded target")
        case "later than the time-out":
            standin |= {"servers": 200, "service_time": "exponential", "service_mean_s": 0.1}
            target |= {"timeout": "400ms"}
            what.append("answers later than the time-out")
    return target, standin, what


def _accounts(chance: random.Random, reuse: str) -> dict[str, object]:
    fields: dict[str, object] = {"reuse": reuse, "fsync": chance.choice(("none", "none", "group"))}
    match reuse:
        case "once":
            return fields | {"count": 6_000}
        case "warn":
            return fields | {"count": chance.choice((100, 400))}
        case _:
            return fields | {"count": 1_500, "rearm_rate": "200/s"}


def _load(chance: random.Random) -> tuple[dict[str, object], dict[str, object], str]:
    """Return the table [load], its stage, and its name for people."""
    if chance.random() < 0.6:
        arrivals = chance.choice(("even", "poisson"))
        load: dict[str, object] = {"model": "open", "arrivals": arrivals, "max_in_flight": 200}
        stage: dict[str, object] = {"rate": f"{chance.choice((40, 80, 120))}/s"}
        name = f"open, {arrivals}"
    else:
        load = {"model": "closed", "think_time": f"{chance.choice((20, 100))}ms"}
        stage = {"users": chance.choice((4, 12))}
        name = "closed"
    return load, {"name": "load", **stage, "for": f"{LENGTH_S}s"}, name


def _mix(chance: random.Random, *, reuse: str, locks: bool) -> dict[str, float]:
    """Return valid changes, races of one token, and some cases more."""
    out = _NOT_DRAWN | (_NEEDS_EXPIRED if reuse == "warn" else _NEEDS_WARNED if reuse == "rearm" else frozenset())
    names = chance.sample(sorted(CASES.keys() - out), chance.randint(5, 14))
    mix = dict.fromkeys(names, 1.0) | {"valid_change": 5.0, "race_one_token": 1.0}
    mix |= _TIMED if chance.random() < 0.4 else {}
    return mix | ({"lockout": 0.5} if locks else {})
