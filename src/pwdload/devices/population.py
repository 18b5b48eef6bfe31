"""Profiles and populations."""

import re
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from hashlib import blake2b
from itertools import accumulate
from math import isfinite
from random import Random
from types import MappingProxyType
from typing import Generic, Literal, TypeVar, get_args

from pwdload.devices.catalogue import CATALOGUE, Family
from pwdload.errors import UsageError
from pwdload.scenario import Scenario

Language = Literal["zh", "en"]
"""A language the target answers in, as the header X-L names it."""

FAMILIES: tuple[Family, ...] = get_args(Family)
LANGUAGES: tuple[Language, ...] = get_args(Language)

DEFAULT_SHARES: Mapping[Family, float] = MappingProxyType({"android": 45, "ios": 25, "harmonyos": 20, "desktop": 10})
DEFAULT_LANGUAGES: Mapping[Language, float] = MappingProxyType({"zh": 80, "en": 20})
EXAMPLE_CLIENT_ID = "DRrYIqauawN0I8myTMoDTPys6ezGZxnm"
"""The client id of the API's own documentation, which the embedded stand-in knows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceProfile:
    """What one device says about itself; every text is printable ASCII and fit for a header as it is."""

    family: Family
    operating_sys_version: str
    """As X-operating-sys-version has it: "Android 10", "iOS 17.5.1", "HarmonyOS 4.2", "macOS 14.5"."""
    device_fingerprint: str
    """16 to 32 hexadecimal digits, distinct for every device of a population."""
    agent: str
    device_ip: str
    """Out of 10.0.0.0/8, which belongs to nobody."""
    language: Language
    client_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DevicePopulation:
    """As many devices as wanted, each a pure function of (seed, index): the same in every process, in any order.

    `shares` and `languages` are weights (45 and 25, or 0.45 and 0.25); what is left out does not occur. Several
    client ids are equally likely. The order of a mapping does not matter. Changing `shares` leaves languages and
    addresses as they were.

    Raises `UsageError` for an unknown family or language, weights that are negative, not finite or all zero, and
    client ids that cannot be sent in a header.
    """

    seed: int
    shares: Mapping[Family, float] = field(default_factory=lambda: dict(DEFAULT_SHARES))
    languages: Mapping[Language, float] = field(default_factory=lambda: dict(DEFAULT_LANGUAGES))
    client_id: str | tuple[str, ...] = EXAMPLE_CLIENT_ID
    _source: "ProfileSource" = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_source", profile_source(self.shares, self.languages, self.client_id))

    def device(self, index: int) -> DeviceProfile:
        """Return the device of that index (0 or more); about 15 us, so once per account and never per request.

        Fingerprints have at least 64 drawn bits: two among 200,000 devices are the same in one of 10^9 populations.
        """
        return self._source.profile(Random(device_seed(self.seed, index)))  # noqa: S311 - a made-up device, no secret


def device_seed(seed: int, index: int) -> int:
    """Return the 128-bit seed of one device of a population.

    A Faker instance seeded with it (`seed_instance`) makes that very device. Hashed, so that neither neighbouring
    indices nor neighbouring seeds resemble one another; not by `hash`, which differs between processes.
    """
    digest = blake2b(f"{seed}:{index}".encode(), digest_size=16, person=b"pwdload device").digest()
    return int.from_bytes(digest, "big")


_FINGERPRINT_DIGITS: Mapping[Family, int] = {"android": 16, "ios": 32, "harmonyos": 32, "desktop": 32}
"""ANDROID_ID has 64 bits; Apple's and Huawei's identifiers and those that browser libraries compute have 128."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Weighted(Generic[T]):
    """Options to draw from, with the running sum of their shares (the last one is 1)."""

    options: tuple[T, ...]
    cumulative: tuple[float, ...]

    def draw(self, random: Random) -> T:
        return self.options[bisect_right(self.cumulative, random.random(), hi=len(self.options) - 1)]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileSource:
    """Everything that is decided once; what is left is to draw.

    It calls nothing of `Random` but `random()`, the one method whose numbers Python promises to keep from version to
    version. A family's own draws come last, so that another family does not change the language or the address.
    """

    families: _Weighted[Family]
    languages: _Weighted[Language]
    client_ids: tuple[str, ...]

    def profile(self, random: Random) -> DeviceProfile:
        """Return the next device of a stream of numbers."""
        family = self.families.draw(random)
        language = self.languages.draw(random)
        client_id = _draw(random, self.client_ids)
        device_ip = f"10.{_below(random, 256)}.{_below(random, 256)}.{1 + _below(random, 254)}"
        software = _draw(random, CATALOGUE[family])
        return DeviceProfile(
            family=family,
            operating_sys_version=software.operating_sys_version,
            device_fingerprint="".join(f"{_below(random, 2**32):08x}" for _ in range(_FINGERPRINT_DIGITS[family] // 8)),
            agent=software.agent,
            device_ip=device_ip,
            language=language,
            client_id=client_id,
        )


def profile_source(
    shares: Mapping[Family, float], languages: Mapping[Language, float], client_id: str | tuple[str, ...]
) -> ProfileSource:
    """Return what draws devices with these weights.

    Raises `UsageError` as `DevicePopulation` does.
    """
    client_ids = (client_id,) if isinstance(client_id, str) else client_id
    if not client_ids:
        raise UsageError("devices: no client id; at least one is needed")
    for one in client_ids:
        if not re.fullmatch(r"[!-~]+", one):
            raise UsageError(f"devices: client id {one!r}: only printable ASCII without spaces fits into a header")
    return ProfileSource(
        families=_weighted("device", shares, FAMILIES),
        languages=_weighted("language", languages, LANGUAGES),
        client_ids=client_ids,
    )


def _weighted(what: str, weights: Mapping[T, float], allowed: tuple[T, ...]) -> _Weighted[T]:
    for option, weight in weights.items():
        if option not in allowed:
            near = get_close_matches(str(option), map(str, allowed), n=1)
            hint = f'; did you mean "{near[0]}"?' if near else ""
            raise UsageError(f"devices: unknown {what} {option!r}; allowed: {', '.join(map(str, allowed))}{hint}")
        if not (isfinite(weight) and weight >= 0):
            raise UsageError(f"devices: {what} {option}: the weight {weight} is not allowed; a number of 0 or more is")
    # In the order of `allowed`, whatever the order of the mapping: a scenario's keys may be sorted on their way.
    options = tuple(option for option in allowed if weights.get(option, 0) > 0)
    if not options:
        raise UsageError(f"devices: no {what} has a weight above 0; give one to any of {', '.join(map(str, allowed))}")
    total = sum(weights[option] for option in options)
    return _Weighted(options, tuple(accumulate(weights[option] / total for option in options)))


def _draw(random: Random, options: tuple[T, ...]) -> T:
    return options[_below(random, len(options))]


def _below(random: Random, limit: int) -> int:
    return int(random.random() * limit)


def device_population(scenario: Scenario) -> DevicePopulation:
    """Return the devices of a scenario."""
    return DevicePopulation(
        seed=scenario.seed,
        shares=scenario.devices.shares,
        client_id=scenario.target.client_id,
        languages=scenario.devices.languages,
    )
