"""The catalogue: every pair of operating system and agent that a device may have.

The pairs are real or put together from parts that occur together: phone models with the Android versions they were
released with and updated to, and the build of each; Safari with the system it belongs to; desktop browsers with the
systems they run on. Versions reach to autumn 2026.
"""

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Literal, NamedTuple

Family = Literal["android", "ios", "harmonyos", "desktop"]
"""A kind of device, as the keys of `[devices]` name it."""


class Software(NamedTuple):
    """An operating system and an agent that occur together."""

    operating_sys_version: str
    agent: str


_WEBVIEWS = (
    "131.0.6778.260",
    "140.0.7339.52",
    "143.0.7499.192",
    "144.0.7559.132",
    "146.0.7680.153",
    "148.0.7778.120",
    "150.0.7871.46",
    "151.0.7922.199",
)
"""Releases of the Android System WebView; all of them run on Android 10 and newer."""

_QUALCOMM_BUILDS: Mapping[int, str] = {
    10: "QKQ1.190825.002",
    11: "RKQ1.200826.002",
    12: "SKQ1.211006.001",
    13: "TKQ1.220829.002",
    14: "UKQ1.230804.001",
    15: "AQ3A.240912.001",
    16: "BP2A.250605.031.A3",
}
_GOOGLE_BUILDS: Mapping[int, str] = {
    10: "QP1A.190711.020",
    11: "RP1A.200720.012",
    12: "SP1A.210812.016",
    13: "TP1A.220624.014",
    14: "UP1A.231005.007",
    15: "AP3A.240905.015.A2",
    16: "BP2A.250605.031.A3",
}
_ANDROID_PHONES = (
    # Model as Build.MODEL has it, its first Android version, its last one, and whose builds it runs.
    ("Redmi K30", 10, 12, _QUALCOMM_BUILDS),
    ("M2012K11AC", 11, 13, _QUALCOMM_BUILDS),  # Redmi K40
    ("23013RK75C", 13, 15, _QUALCOMM_BUILDS),  # Redmi K60
    ("23113RKC6C", 14, 16, _QUALCOMM_BUILDS),  # Redmi K70
    ("2201123C", 12, 15, _QUALCOMM_BUILDS),  # Xiaomi 12
    ("2211133C", 13, 16, _QUALCOMM_BUILDS),  # Xiaomi 13
    ("23127PN0CC", 14, 16, _QUALCOMM_BUILDS),  # Xiaomi 14
    ("LE2120", 11, 14, _QUALCOMM_BUILDS),  # OnePlus 9 Pro
    ("SM-G9810", 10, 13, _GOOGLE_BUILDS),  # Galaxy S20
    ("SM-G9910", 11, 15, _GOOGLE_BUILDS),  # Galaxy S21
    ("SM-S9010", 12, 16, _GOOGLE_BUILDS),  # Galaxy S22
    ("SM-S9110", 13, 16, _GOOGLE_BUILDS),  # Galaxy S23
    ("SM-S9210", 14, 16, _GOOGLE_BUILDS),  # Galaxy S24
    ("V2241A", 13, 15, _GOOGLE_BUILDS),  # vivo X90
    ("V2309A", 14, 16, _GOOGLE_BUILDS),  # vivo X100
)

# iOS 26 and newer are left out: their agents keep saying "iPhone OS 18_6" or "18_7", so that the agent of an honest
# device contradicts its header, and a check of the two against one another could not tell it from a forged one.
_IOS_RELEASES = (
    "16.3.1",
    "16.5.1",
    "16.6.1",
    "17.2.1",
    "17.3.1",
    "17.5.1",
    "17.6.1",
    "18.2.1",
    "18.4.1",
    "18.5",
    "18.6.2",
)

_HARMONYOS_RELEASES = (
    # HarmonyOS 2 to 4 say which Android they are compatible with, not their own version: HuaweiBrowser's major tells.
    ("2.0", 10, "6.3.0.327", "92.0.4515.105", "12.0.4.301", ("NOH-AN00", "ELS-AN00", "ANA-AN00", "JAD-AL00")),
    ("3.0", 12, "6.11.0.302", "99.0.4844.88", "13.0.5.303", ("NOH-AN00", "ELS-AN00", "JAD-AL00", "DCO-AL00")),
    ("4.0", 12, "6.13.0.302", "99.0.4844.88", "14.0.2.317", ("NOH-AN00", "JAD-AL00", "DCO-AL00", "ALN-AL00")),
    ("4.2", 12, "6.15.0.302", "114.0.5735.196", "15.0.4.312", ("NOH-AN00", "DCO-AL00", "ALN-AL00", "ADY-AL00")),
)
_ARKWEB_RELEASES = (("5.0", 114, "4.1.6.1"), ("6.0", 132, "6.0.0.130"))
"""HarmonyOS 5 and newer have no Android in them: system version, compatible Chrome, web kernel."""

_CHROME_MAJORS = (140, 143, 144, 146, 148, 150, 151)
_FIREFOX_MAJORS = (128, 140, 144, 147, 150)
_MACOS_RELEASES = ("13.3", "13.5", "13.6", "14.2", "14.4", "14.5", "14.6", "15.1", "15.3", "15.5", "15.6")
_UBUNTU_RELEASES = ("22.04", "24.04")


def _android() -> Iterator[Software]:
    for model, first, last, builds in _ANDROID_PHONES:
        for version in range(first, last + 1):
            for webview in _WEBVIEWS:
                yield Software(
                    f"Android {version}",
                    f"Mozilla/5.0 (Linux; Android {version}; {model} Build/{builds[version]}; wv) AppleWebKit/537.36 "
                    f"(KHTML, like Gecko) Version/4.0 Chrome/{webview} Mobile Safari/537.36",
                )


def _ios() -> Iterator[Software]:
    for release in _IOS_RELEASES:
        safari = ".".join(release.split(".")[:2])
        yield Software(
            f"iOS {release}",
            f"Mozilla/5.0 (iPhone; CPU iPhone OS {release.replace('.', '_')} like Mac OS X) AppleWebKit/605.1.15 "
            f"(KHTML, like Gecko) Version/{safari} Mobile/15E148 Safari/604.1",
        )


def _harmonyos() -> Iterator[Software]:
    for release, android, hms, chrome, browser, models in _HARMONYOS_RELEASES:
        for model in models:
            yield Software(
                f"HarmonyOS {release}",
                f"Mozilla/5.0 (Linux; Android {android}; HarmonyOS; {model}; HMSCore {hms}) AppleWebKit/537.36 "
                f"(KHTML, like Gecko) Chrome/{chrome} HuaweiBrowser/{browser} Mobile Safari/537.36",
            )
    for release, major, arkweb in _ARKWEB_RELEASES:
        yield Software(
            f"HarmonyOS {release}",
            f"Mozilla/5.0 (Phone; OpenHarmony {release}) AppleWebKit/537.36 "
            f"(KHTML, like Gecko) Chrome/{major}.0.0.0 Safari/537.36 ArkWeb/{arkweb} Mobile",
        )


def _desktop() -> Iterator[Software]:
    windows, chromium = "Mozilla/5.0 (Windows NT 10.0; Win64; x64", "AppleWebKit/537.36 (KHTML, like Gecko) Chrome/"
    # Browsers on Windows 11 say "Windows NT 10.0" too, so Windows 10 is all that an agent can stand for.
    for major in _CHROME_MAJORS:
        yield Software("Windows 10", f"{windows}) {chromium}{major}.0.0.0 Safari/537.36")
        yield Software("Windows 10", f"{windows}) {chromium}{major}.0.0.0 Safari/537.36 Edg/{major}.0.0.0")
    for major in _FIREFOX_MAJORS:
        yield Software("Windows 10", f"{windows}; rv:{major}.0) Gecko/20100101 Firefox/{major}.0")
        for release in _UBUNTU_RELEASES:
            ubuntu = f"Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:{major}.0)"
            yield Software(f"Ubuntu {release}", f"{ubuntu} Gecko/20100101 Firefox/{major}.0")
    # Every browser on a Mac says "10_15_7" for good. Only Safari tells more: 16, 17 and 18 came with macOS 13, 14, 15.
    for release in _MACOS_RELEASES:
        major, minor = map(int, release.split("."))
        yield Software(
            f"macOS {release}",
            "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 "
            f"(KHTML, like Gecko) Version/{major + 3}.{minor} Safari/605.1.15",
        )


CATALOGUE: Mapping[Family, tuple[Software, ...]] = MappingProxyType(
    {
        "android": tuple(_android()),
        "ios": tuple(_ios()),
        "harmonyos": tuple(_harmonyos()),
        "desktop": tuple(_desktop()),
    }
)
"""Every pair that a family offers, each as likely as the next."""
