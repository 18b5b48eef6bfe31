"""Settings from files and arguments."""

from pathlib import Path

import pytest

from pwdload.standin.failure import StandinError
from pwdload.standin.reasons import WORDINGS, Reason, Refused, message
from pwdload.standin.settings import Settings, all_settings
from pwdload.standin.settings_reader import describe_settings, read_settings


def test_defaults_are_what_the_documentation_says() -> None:
    """Without any setting the stand-in has the documented policy and lock-out."""
    settings = read_settings(None, [])
    assert settings == Settings()
    assert (settings.password_length_min, settings.password_length_max, settings.password_classes) == (8, 18, 3)
    assert (settings.lockout_threshold, settings.lockout_s) == (10, 180.0)


def test_arguments_override_the_file(tmp_path: Path) -> None:
    """Each kind of value can be set either way, and --set has the last word."""
    config = tmp_path / "standin.toml"
    config.write_text(
        'lockout_threshold = 3\nisv_mode = true\nstate_token_life_s = 5\ntenants = ["a", "b"]\n'
        'hash_algorithm = "scrypt"\nrefuse_busy = "503 COM.0002"\n'
    )
    settings = read_settings(
        config, ["lockout_threshold=4", "client_ids = x, y", "id_token=yes", "password_repeats_max=0"]
    )
    assert (settings.lockout_threshold, settings.isv_mode, settings.tenants) == (4, True, ("a", "b"))
    assert (settings.client_ids, settings.id_token, settings.password_repeats_max) == (("x", "y"), True, 0)
    assert settings.state_token_life_s == 5.0
    assert settings.hash_algorithm == "scrypt"
    assert settings.refusals[Reason.BUSY] == Refused(503, "COM.0002")
    assert settings.refusals[Reason.QUEUE_FULL] == Refused(503, "COM.0002")


@pytest.mark.parametrize(
    ("assignment", "hint"),
    [
        ("lockout", "--set lockout: no value"),
        ("lockout_treshold=3", 'did you mean "lockout_threshold"?'),
        ("zzz=3", "`pwdload standin settings` lists them all"),
        ("lockout_threshold=x", "a whole number is needed"),
        ("lockout_threshold=1.5", "a whole number is needed"),
        ("lockout_threshold=-1", "allowed: at least 0"),
        ("lockout_s=soon", "a number is needed"),
        ("lockout_s=inf", "allowed: at least 0.001"),
        ("lockout_s=nan", "allowed: at least 0.001"),
        ("max_body_bytes=9000000", "allowed: at least 1, at most 8388608"),
        ("isv_mode=maybe", "true or false is needed"),
        ("hash_algorithm=md5", "allowed: sha256, pbkdf2_sha256, scrypt"),
        ("refuse_busy=COM.0002", 'such as "400 PARAM.0001"'),
        ("refuse_busy=200 OK", 'such as "400 PARAM.0001"'),
        ("password_length_min=19", "password_length_min = 19 is more than password_length_max = 18"),
    ],
)
def test_a_setting_that_cannot_be_is_told_in_one_line(assignment: str, hint: str) -> None:
    """The line names the key, the value and what is allowed."""
    with pytest.raises(StandinError) as caught:
        read_settings(None, [assignment])
    text = str(caught.value)
    assert hint in text
    assert assignment.partition("=")[0] in text
    assert "\n" not in text


def test_four_classes_need_special_characters() -> None:
    """A policy that no password can meet is refused at the start."""
    with pytest.raises(StandinError, match="needs special_characters"):
        read_settings(None, ["password_classes=4", "special_characters="])


def test_scrypt_needs_a_power_of_two() -> None:
    """A cost that the hash cannot have is refused at the start, not at the first login."""
    with pytest.raises(StandinError, match="power of two"):
        read_settings(None, ["hash_algorithm=scrypt", "hash_cost=1000"])


@pytest.mark.parametrize(
    ("content", "hint"),
    [
        (b"lockout_threshold = ", "not TOML"),
        (b"\xff", "not UTF-8"),
        (b"[lockout]\nthreshold = 3\n", "lockout: no such setting"),
        (b'lockout_threshold = "3x"', "a whole number is needed"),
        (b"lockout_threshold = true", "a whole number is needed"),
        (b"tenants = [1]", "a list of texts is needed"),
        (b"hash_algorithm = 3", "a text is needed"),
    ],
)
def test_a_file_that_cannot_be_used_is_told_in_one_line(tmp_path: Path, content: bytes, hint: str) -> None:
    """The line names the file and what is wrong in it."""
    config = tmp_path / "standin.toml"
    config.write_bytes(content)
    with pytest.raises(StandinError, match=hint) as caught:
        read_settings(config, [])
    assert str(config) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_file_that_is_missing_is_told_in_one_line(tmp_path: Path) -> None:
    """A wrong path is named."""
    with pytest.raises(StandinError, match="cannot be read"):
        read_settings(tmp_path / "none.toml", [])


def test_every_setting_is_listed_with_meaning_and_confidence() -> None:
    """Whoever wonders what is documented and what is a guess finds it in one list."""
    text = describe_settings()
    for info in all_settings():
        assert f"{info.name} = " in text
        assert info.rule.meaning
    assert text.count("[documented]") + text.count("[inferred]") == len(all_settings())


def test_every_reason_has_a_text_in_both_languages() -> None:
    """No refusal is answered with an empty or untranslated message."""
    assert set(WORDINGS) == set(Reason)
    for reason, wording in WORDINGS.items():
        places = (1, 2)
        assert wording.en.isascii()
        assert not wording.zh.isascii()
        assert message(reason, "en", places) != message(reason, "zh", places)
        assert ("{0}" in wording.en) == ("{0}" in wording.zh)
