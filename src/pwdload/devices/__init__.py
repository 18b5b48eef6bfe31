"""Devices: who a simulated caller claims to be, in the headers of every call.

A `DeviceProfile` holds what one device sends: operating system, fingerprint, agent, address, language, client id. Its
parts agree with one another, because a target that watches for odd devices (and the service this tool is for does)
would otherwise answer another question than the one asked. `DevicePopulation` gives the same device for the same
(seed, index) in every process; `DeviceProvider` gives the same devices to people who use Faker.

Operating system and agent come together from a catalogue of real pairs: phones with the versions they were released
with and updated to, browsers with the systems they run on. Only what tells one device from the next is drawn freely.
"""

from typing import TYPE_CHECKING

from pwdload.devices.catalogue import Family
from pwdload.devices.population import (
    DEFAULT_LANGUAGES,
    DEFAULT_SHARES,
    EXAMPLE_CLIENT_ID,
    FAMILIES,
    LANGUAGES,
    DevicePopulation,
    DeviceProfile,
    Language,
    device_population,
    device_seed,
)

if TYPE_CHECKING:
    from pwdload.devices.provider import DeviceProvider

__all__ = [
    "DEFAULT_LANGUAGES",
    "DEFAULT_SHARES",
    "EXAMPLE_CLIENT_ID",
    "FAMILIES",
    "LANGUAGES",
    "DevicePopulation",
    "DeviceProfile",
    "DeviceProvider",
    "Family",
    "Language",
    "device_population",
    "device_seed",
]


def __getattr__(name: str) -> object:
    if name == "DeviceProvider":
        from pwdload.devices.provider import DeviceProvider  # noqa: PLC0415 - no load waits for Faker

        return DeviceProvider
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
