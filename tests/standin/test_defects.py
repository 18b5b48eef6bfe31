"""The list of defects: how they are named, set and told."""

from collections.abc import Callable
from pathlib import Path

import pytest
from tests.standin.client import World

from pwdload.standin.assembly import Classes
from pwdload.standin.defects.registry import DEFECTS, chosen_defects, defective_classes, describe_defects
from pwdload.standin.failure import StandinError
from pwdload.standin.settings import Settings
from pwdload.standin.settings_reader import read_settings


def test_the_list_tells_every_defect_with_its_value_and_one_sentence() -> None:
    """Whoever wants to break something finds its name, what it takes, and what then goes wrong."""
    lines = describe_defects().splitlines()
    heads = [line for line in lines if not line.startswith(" ")]
    assert heads == [f"{name}={defect.value}" if defect.value else name for name, defect in DEFECTS.items()]
    for name, defect in DEFECTS.items():
        assert name == defect.name
        assert defect.sentence.endswith(".")
        assert ("VALUE" in defect.sentence or "share" in defect.sentence) == bool(defect.value), name


@pytest.mark.parametrize("name", DEFECTS)
def test_what_the_list_shows_may_be_typed(name: str) -> None:
    """The default value of each defect is one that it takes, and is told back as it was typed."""
    settings = Settings(id_token=True)
    for typed in (name, f"{name}={DEFECTS[name].value}".rstrip("=")):
        (one,) = chosen_defects([typed], settings)
        assert str(one) == f"{name}={DEFECTS[name].value}".rstrip("=")


def test_without_a_defect_the_healthy_classes_are_used() -> None:
    """No defect costs nothing and changes nothing: not one class is another."""
    assert defective_classes(Settings()) == Classes()


def test_each_defect_replaces_something() -> None:
    """A defect that leaves every part healthy would be a name without a deed."""
    for name in DEFECTS:
        assert defective_classes(Settings(defects=(name,), id_token=True)) != Classes(), name


def test_all_defects_at_once_can_be_put_together(make_world: Callable[..., World]) -> None:
    """Any defects can be combined: the parts are made, and the service answers."""
    world = make_world(defects=tuple(DEFECTS), id_token=True)
    world.seed()
    assert world.login().http_status == 200


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("token_reusabel", 'defect token_reusabel: no such defect; did you mean "token_reusable"?'),
        ("zzz", "defect zzz: no such defect; `pwdload standin defects` lists them all"),
        ("token_reusable=3", "defect token_reusable=3: it takes no value"),
        ("token_race=5", "defect token_race=5: allowed: a time up to 60s, such as token_race=5ms"),
        ("token_race=61s", "allowed: a time up to 60s"),
        ("token_race=", None),
    ],
)
def test_a_defect_that_cannot_be_is_told_in_one_line(text: str, hint: str | None) -> None:
    """The line names the defect, the value and what is allowed, or the nearest name."""
    if hint is None:
        assert read_settings(None, [], [text]).defects == ("token_race=5ms",)
        return
    with pytest.raises(StandinError) as caught:
        read_settings(None, [], [text])
    assert hint in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_defect_is_named_once(tmp_path: Path) -> None:
    """Two values of one defect contradict one another, wherever they stand."""
    config = tmp_path / "standin.toml"
    config.write_text('defects = ["token_race=1ms"]\n')
    with pytest.raises(StandinError, match="defect token_race: named twice"):
        read_settings(config, [], ["token_race=2ms"])


@pytest.mark.parametrize("typed", ["token_race=1s, token_reusable", '["token_race=1s", "token_reusable"]'])
def test_defects_may_be_set_as_a_setting(typed: str) -> None:
    """`--set defects=a,b` is as good as two `--defect`, and so is the list of a scenario."""
    settings = read_settings(None, [f"defects={typed}"], ["token_unsigned"])
    assert settings.defects == ("token_race=1s", "token_reusable", "token_unsigned")


def test_the_health_route_tells_what_is_broken(make_world: Callable[..., World]) -> None:
    """A report about a broken target can say so, since the target does."""
    world = make_world(defects=("token_race=5ms",))
    assert world.call("GET", "/standin/health", bare=True).fields["defects"] == ["token_race=5ms"]
