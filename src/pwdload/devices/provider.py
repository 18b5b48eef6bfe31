"""The Faker provider, on its own: Faker takes longer to import than all of the devices, and no load needs it."""

from collections.abc import Mapping

from faker.providers import BaseProvider

from pwdload.devices.catalogue import Family
from pwdload.devices.population import (
    DEFAULT_LANGUAGES,
    DEFAULT_SHARES,
    EXAMPLE_CLIENT_ID,
    DeviceProfile,
    Language,
    profile_source,
)


class DeviceProvider(BaseProvider):
    """A Faker provider of devices: `fake.add_provider(DeviceProvider)`, then `fake.device_profile()`."""

    def device_profile(
        self,
        *,
        shares: Mapping[Family, float] = DEFAULT_SHARES,
        languages: Mapping[Language, float] = DEFAULT_LANGUAGES,
        client_id: str | tuple[str, ...] = EXAMPLE_CLIENT_ID,
    ) -> DeviceProfile:
        """Return the next device out of this Faker instance's own stream; arguments as in `DevicePopulation`."""
        return profile_source(shares, languages, client_id).profile(self.generator.random)
