"""Puts the locustfile and the scenarios of the checkout into the package; what else there is to say is in pyproject."""

from setuptools import find_packages, setup

KIT = {
    "pwdload.starter.locustfiles": "locustfiles",
    "pwdload.starter.scenarios": "scenarios",
    "pwdload.starter.scenarios.resilience": "scenarios/resilience",
}

setup(
    packages=[*find_packages("src"), *KIT],
    package_dir={"": "src", **KIT},
)
