"""The devices that callers claim to be: consistent, distinct, and the same everywhere."""

import json
import math
import os
import pickle
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import astuple
from itertools import pairwise
from pathlib import Path
from typing import TypeVar

import pytest
from faker import Faker

import pwdload
from pwdload.devices import (
    DEFAULT_LANGUAGES,
    DEFAULT_SHARES,
    FAMILIES,
    DevicePopulation,
    DeviceProfile,
    DeviceProvider,
    Family,
    device_seed,
)
from pwdload.devices.catalogue import CATALOGUE
from pwdload.errors import UsageError

MANY = 20_000
Name = TypeVar("Name", bound=str)


@pytest.fixture(scope="module")
def devices() -> list[DeviceProfile]:
    """A population large enough for every pair of the catalogue to occur."""
    population = DevicePopulation(seed=20_261_123)
    return [population.device(index) for index in range(MANY)]


def _android(agent: str) -> set[str]:
    return {f"Android {version}" for version in re.findall(r"Linux; Android (\d+); ", agent)}


def _ios(agent: str) -> set[str]:
    found = re.findall(r"CPU iPhone OS ([\d_]+) like Mac OS X", agent)
    return {f"iOS {release.replace('_', '.')}" for release in found}


def _harmonyos(agent: str) -> set[str]:
    native = re.findall(r"OpenHarmony (\d+\.\d+)", agent)
    if native:
        return {f"HarmonyOS {native[0]}"}
    # HuaweiBrowser 12 came with HarmonyOS 2, 13 with 3, 14 with 4.0, 15 with 4.2.
    compatible = re.findall(r"; HarmonyOS; [A-Z]{3}-A[LN]00; HMSCore [\d.]+\).* HuaweiBrowser/(\d+)\.", agent)
    return {"HarmonyOS " + {"12": "2.0", "13": "3.0", "14": "4.0", "15": "4.2"}[major] for major in compatible}


def _desktop(agent: str) -> set[str]:
    if "Windows NT 10.0; Win64; x64" in agent:
        return {"Windows 10"}
    if "X11; Ubuntu; Linux x86_64" in agent:
        return {"Ubuntu 22.04", "Ubuntu 24.04"}
    mac = re.findall(r"Macintosh; Intel Mac OS X 10_15_7\).* Version/(\d+)\.(\d+) Safari/", agent)
    return {f"macOS {int(major) - 3}.{minor}" for major, minor in mac}


READ_SYSTEM: dict[Family, Callable[[str], set[str]]] = {
    "android": _android,
    "ios": _ios,
    "harmonyos": _harmonyos,
    "desktop": _desktop,
}


def test_the_agent_of_every_device_tells_the_system_that_its_header_names(devices: list[DeviceProfile]) -> None:
    """A target that compares the two never meets a device that contradicts itself."""
    for device in devices:
        assert device.operating_sys_version in READ_SYSTEM[device.family](device.agent), device

    assert {device.family for device in devices} == set(FAMILIES)


def test_a_mac_or_iphone_browser_has_the_version_that_came_with_the_system(devices: list[DeviceProfile]) -> None:
    """Safari and the system it belongs to never drift apart."""
    for device in devices:
        if device.family == "ios":
            safari = re.search(r"Version/(\d+\.\d+) Mobile/15E148 Safari/604\.1$", device.agent)
            assert safari is not None
            assert device.operating_sys_version.removeprefix("iOS ").startswith(safari[1])


def test_an_android_phone_runs_a_build_of_its_android_version() -> None:
    """The build in an agent belongs to the Android version beside it: Q is 10, R is 11, and so on by letters."""
    first_letters = {"10": "Q", "11": "R", "12": "S", "13": "T", "14": "U", "15": "A", "16": "B"}
    for software in CATALOGUE["android"]:
        version, build = re.findall(r"Android (\d+); .* Build/(\S+); wv\)", software.agent)[0]
        assert build.startswith(first_letters[version]), software


def test_a_phone_model_has_neighbouring_android_versions_only() -> None:
    """No model skips a version or runs one that is further from its first than updates reach."""
    versions: dict[str, set[int]] = {}
    for software in CATALOGUE["android"]:
        version, model = re.findall(r"Android (\d+); (.*) Build/", software.agent)[0]
        versions.setdefault(model, set()).add(int(version))
    for model, known in versions.items():
        assert known == set(range(min(known), max(known) + 1)), model
        assert len(known) <= 5, model


def test_every_header_value_can_be_sent_as_it_is(devices: list[DeviceProfile]) -> None:
    """No value can break a request: printable ASCII, without line breaks and without blanks at the ends."""
    for device in devices:
        for value in astuple(device):
            assert re.fullmatch(r"[!-~](?:[ -~]*[!-~])?", value), device


def test_fingerprints_and_addresses_are_of_the_documented_kind(devices: list[DeviceProfile]) -> None:
    """A fingerprint is 16 to 32 letters and digits; an address is a private one that can be a host's."""
    for device in devices:
        assert re.fullmatch(r"[0-9a-f]{16,32}", device.device_fingerprint)
        assert re.fullmatch(r"10(\.(\d|[1-9]\d|1\d\d|2[0-4]\d|25[0-5])){3}", device.device_ip)
        assert device.device_ip.rpartition(".")[2] not in ("0", "255")


@pytest.mark.slow
def test_two_hundred_thousand_devices_have_as_many_fingerprints() -> None:
    """A target that counts devices sees every account's own, even in the largest run."""
    population = DevicePopulation(seed=7)

    assert len({population.device(index).device_fingerprint for index in range(200_000)}) == 200_000


def test_shares_hold_within_what_chance_allows(devices: list[DeviceProfile]) -> None:
    """The mix of devices and languages is the one that the scenario states: each within 5 standard deviations."""
    _assert_shares(DEFAULT_SHARES, Counter(device.family for device in devices))
    _assert_shares(DEFAULT_LANGUAGES, Counter(device.language for device in devices))


def _assert_shares(weights: Mapping[Name, float], found: Counter[Name]) -> None:
    assert found.total() == MANY
    for name, weight in weights.items():
        share = weight / sum(weights.values())
        assert abs(found[name] - MANY * share) <= 5 * math.sqrt(MANY * share * (1 - share)), name


def test_language_and_kind_of_device_are_independent(devices: list[DeviceProfile]) -> None:
    """No kind of device speaks only one language, so that a finding about one is not one about the other."""
    for family in FAMILIES:
        languages = [device.language for device in devices if device.family == family]
        share = languages.count("zh") / len(languages)
        assert abs(share - 0.8) <= 5 * math.sqrt(0.8 * 0.2 / len(languages)), family


def test_a_family_without_a_weight_does_not_occur() -> None:
    """Whoever asks for iPhones only gets iPhones only; a weight of 0 is the same as none."""
    population = DevicePopulation(seed=1, shares={"ios": 3, "android": 0}, languages={"en": 1})

    devices = [population.device(index) for index in range(500)]

    assert {(device.family, device.language) for device in devices} == {("ios", "en")}


def test_several_client_ids_all_occur() -> None:
    """A population can be spread over the applications of a tenant."""
    population = DevicePopulation(seed=1, client_id=("app-one", "app-two"))

    found = Counter(population.device(index).client_id for index in range(1_000))

    assert set(found) == {"app-one", "app-two"}
    assert min(found.values()) > 400


def test_a_device_depends_on_seed_and_index_only() -> None:
    """A worker that needs account 41 gets its device without making the 40 before it, and again the next time."""
    forwards, backwards = DevicePopulation(seed=5), DevicePopulation(seed=5)

    first = [forwards.device(index) for index in range(200)]
    second = [backwards.device(index) for index in reversed(range(200))]

    assert first == second[::-1]
    assert pickle.loads(pickle.dumps(forwards)).device(41) == first[41]


def test_the_order_of_shares_does_not_matter() -> None:
    """A scenario whose keys were sorted on their way to a worker gives that worker the same devices."""
    one = DevicePopulation(seed=5, shares={"android": 1, "ios": 1}, languages={"zh": 1, "en": 1})
    other = DevicePopulation(seed=5, shares={"ios": 1, "android": 1}, languages={"en": 1, "zh": 1})

    assert [one.device(index) for index in range(100)] == [other.device(index) for index in range(100)]


def test_another_seed_is_another_population() -> None:
    """Runs with different seeds do not share devices, not even those with neighbouring seeds or signs."""
    populations = [DevicePopulation(seed=seed) for seed in (-1, 0, 1, 2)]
    fingerprints = {population.device(index).device_fingerprint for population in populations for index in range(500)}

    assert len(fingerprints) == 4 * 500


def test_neighbouring_devices_have_nothing_in_common(devices: list[DeviceProfile]) -> None:
    """Devices are drawn, not counted up: neighbours agree in family and agent no more often than chance has it."""
    same_agent = sum(one.agent == other.agent for one, other in pairwise(devices))
    expected = sum((count / MANY) ** 2 for count in Counter(device.agent for device in devices).values())

    assert abs(same_agent / (MANY - 1) - expected) < 0.01


def test_the_same_seed_gives_the_same_devices_in_another_process() -> None:
    """Workers agree on every device although Python's own hashes differ from process to process."""
    program = (
        "import json; from pwdload.devices import DevicePopulation; from dataclasses import astuple;"
        "p = DevicePopulation(seed=99); print(json.dumps([astuple(p.device(i)) for i in range(50)]))"
    )
    source = str(Path(pwdload.__file__).parents[1])
    environment = {**os.environ, "PYTHONPATH": source, "PYTHONHASHSEED": "12345"}
    run = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True, timeout=60
    )

    population = DevicePopulation(seed=99)
    assert json.loads(run.stdout) == [list(astuple(population.device(index))) for index in range(50)]


def test_the_same_seed_gives_the_same_devices_in_every_version_of_python() -> None:
    """A run can be repeated next year: this device was written down when the population was made."""
    assert DevicePopulation(seed=1).device(4) == DeviceProfile(
        family="ios",
        operating_sys_version="iOS 17.3.1",
        device_fingerprint="2b78ef46dc09d544c1df75e8d8a9405f",
        agent="Mozilla/5.0 (iPhone; CPU iPhone OS 17_3_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
        "Version/17.3 Mobile/15E148 Safari/604.1",
        device_ip="10.68.97.28",
        language="zh",
        client_id="DRrYIqauawN0I8myTMoDTPys6ezGZxnm",
    )


def test_faker_makes_the_very_same_devices() -> None:
    """People who build their test data with Faker get the devices of the load test."""
    fake = Faker()
    fake.add_provider(DeviceProvider)
    population = DevicePopulation(seed=3, shares={"harmonyos": 1, "desktop": 2}, client_id="my-app")

    for index in range(50):
        fake.seed_instance(device_seed(3, index))
        profile = fake.device_profile(shares={"harmonyos": 1, "desktop": 2}, client_id="my-app")
        assert profile == population.device(index)


def test_faker_needs_no_arguments() -> None:
    """`fake.device_profile()` alone gives one device after the other, and the same ones for the same Faker seed."""
    streams = []
    for _ in range(2):
        fake = Faker()
        fake.add_provider(DeviceProvider)
        fake.seed_instance(11)
        streams.append([fake.device_profile() for _ in range(20)])

    assert streams[0] == streams[1]
    assert len({device.device_fingerprint for device in streams[0]}) == 20


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"shares": {"andriod": 1}}, r"unknown device 'andriod'; allowed: android, .*; did you mean \"android\"\?"),
        ({"languages": {"fr": 1}}, r"unknown language 'fr'; allowed: zh, en"),
        ({"shares": {"ios": -1}}, r"device ios: the weight -1 is not allowed; a number of 0 or more is"),
        ({"shares": {"ios": math.nan}}, r"device ios: the weight nan is not allowed"),
        ({"shares": {"ios": math.inf}}, r"device ios: the weight inf is not allowed"),
        ({"shares": {}}, r"no device has a weight above 0"),
        ({"languages": {"zh": 0}}, r"no language has a weight above 0"),
        ({"client_id": ()}, r"no client id"),
        ({"client_id": ""}, r"client id ''"),
        ({"client_id": "a\r\nX-L: en"}, r"client id 'a\\r\\nX-L: en': only printable ASCII"),
        ({"client_id": ("good", "schlüssel")}, r"client id 'schlüssel'"),
    ],
)
def test_an_impossible_population_is_refused_in_one_line(arguments: dict[str, object], message: str) -> None:
    """A mistake in `[devices]` is named with what is allowed, before any request is sent."""
    with pytest.raises(UsageError, match=message) as caught:
        DevicePopulation(seed=1, **arguments)  # type: ignore[arg-type] # wrong on purpose

    assert "\n" not in str(caught.value)
