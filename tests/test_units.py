"""How durations, rates, shares and counts are read from people and written for them."""

import json
import math
import re
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pwdload.errors import UsageError
from pwdload.units import (
    DURATION_PATTERN,
    PERCENT_PATTERN,
    RATE_PATTERN,
    format_change,
    format_count,
    format_duration,
    format_moment,
    format_rate,
    format_share,
    parse_change,
    parse_duration_s,
    parse_rate_per_s,
    parse_share,
    parse_share_within,
)

PARSERS = (parse_duration_s, parse_rate_per_s, parse_share)
ANYTHING = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(),
    st.text(alphabet="0123456789.dhms/% -+e"),
    st.lists(st.integers(), max_size=3),
    st.dictionaries(st.text(max_size=3), st.integers(), max_size=2),
)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("200ms", 0.2),
        ("0.5ms", 0.0005),
        ("1.5s", 1.5),
        ("2m", 120),
        ("1h", 3600),
        ("1d", 86_400),
        ("1m30s", 90),
        ("1h0m0.5s", 3600.5),
        ("2 m 05 s", 125),
        (" 10s ", 10),
        ("0s", 0),
    ],
)
def test_a_duration_means_what_it_says(text: str, seconds: float) -> None:
    """The durations that people write in scenarios are read as the seconds they mean, to the last digit."""
    assert parse_duration_s(text) == seconds


@given(milliseconds=st.integers(0, 10**9))
def test_the_same_duration_in_another_unit_is_the_same_number(milliseconds: int) -> None:
    """Nobody's run changes because "300ms" was rewritten as "0.3s"."""
    seconds = f"{Decimal(milliseconds) / 1000:f}s"

    assert parse_duration_s(f"{milliseconds}ms") == parse_duration_s(seconds) == milliseconds / 1000


@pytest.mark.parametrize("value", ["10", " 10 ", "0", "1.5", 10, 0, 1.5])
def test_a_duration_without_a_unit_is_refused_with_the_way_out(value: object) -> None:
    """A bare number is never guessed to be seconds or milliseconds: the message shows how to write it."""
    with pytest.raises(UsageError, match=r"^\S+: a duration needs a unit: 10s, 200ms, 2m"):
        parse_duration_s(value)


@pytest.mark.parametrize(
    "value",
    [
        *("", " ", "s", "-5s", "+5s", "nan", "nans", "inf", "infs", "1e3s", "5 minutes", "10S", "30s1m", "1s1s"),
        *("1,5s", "٣s", ".5s", "1.s", "5s\n6s", True, None, [], {"s": 1}, math.nan, math.inf),
    ],
)
def test_what_is_no_duration_is_refused(value: object) -> None:
    """A duration that could be misread, is negative or not finite never reaches a plan."""
    with pytest.raises(UsageError):
        parse_duration_s(value)


@pytest.mark.parametrize(("text", "per_s"), [("50/s", 50), ("3000/m", 50), ("10/h", 10 / 3600), ("0.5 / s", 0.5)])
def test_a_rate_means_what_it_says(text: str, per_s: float) -> None:
    """Rates per second, minute and hour are the same thing to a plan."""
    assert parse_rate_per_s(text) == per_s


@pytest.mark.parametrize("value", ["50", 50, 0.5])
def test_a_rate_without_a_unit_is_refused_with_the_way_out(value: object) -> None:
    """Fifty a second and fifty a minute are sixty times apart, so a bare number is sent back."""
    with pytest.raises(UsageError, match=r"a rate needs a unit: 50/s, 3000/m"):
        parse_rate_per_s(value)


@pytest.mark.parametrize("value", ["-1/s", "1/0", "/s", "50/", "50 per s", "nan/s", "inf/s", "1/s/s", True, None, []])
def test_what_is_no_rate_is_refused(value: object) -> None:
    """A rate that is negative, not finite or not a rate never reaches a plan."""
    with pytest.raises(UsageError):
        parse_rate_per_s(value)


@pytest.mark.parametrize(
    ("value", "share"),
    [("0.1%", 0.001), ("60%", 0.6), ("60 %", 0.6), ("100%", 1), ("0%", 0), (0.25, 0.25), (0, 0), (1, 1)],
)
def test_a_share_means_what_it_says(value: object, share: float) -> None:
    """Percent as text and a plain number up to 1 are the two ways to write a share."""
    assert parse_share(value) == share


@pytest.mark.parametrize(
    ("value", "way_out"),
    [(60, 'write "60%"'), ("60", 'write "60%"'), ("101%", "0% to 100%"), (-0.1, "from 0 to 1"), (1.5, 'write "1.5%"')],
)
def test_a_share_that_could_be_misread_is_refused_with_the_way_out(value: object, way_out: str) -> None:
    """60 is never taken for 6000 %, nor 101 % for everything."""
    with pytest.raises(UsageError, match=way_out):
        parse_share(value)


@pytest.mark.parametrize("value", ["", "%", "-3%", "nan%", math.nan, math.inf, True, None, []])
def test_what_is_no_share_is_refused(value: object) -> None:
    """A share outside 0 to 100 %, or no share at all, never reaches a criterion."""
    with pytest.raises(UsageError):
        parse_share(value)


@given(value=ANYTHING)
def test_whatever_is_given_the_answer_is_a_number_or_one_clear_line(value: object) -> None:
    """No value in a scenario brings about a traceback, a NaN, or a message of several lines."""
    for parse in PARSERS:
        try:
            result = parse(value)
        except UsageError as error:
            message = str(error)
            assert "\n" not in message
            assert ": " in message
            assert len(message) < 250
        else:
            assert math.isfinite(result)
            assert result >= 0


@pytest.mark.parametrize("parse", PARSERS)
def test_a_message_shows_the_value_but_not_a_novel(parse: object) -> None:
    """The value at fault is named, cut short when somebody pasted a page of it."""
    assert callable(parse)
    with pytest.raises(UsageError, match=r"^x{57}\.\.\.: "):
        parse("x" * 5_000)


@pytest.mark.parametrize("text", ["9" * 400 + "s", "9" * 5_000 + "d"])
def test_a_duration_beyond_all_numbers_is_refused(text: str) -> None:
    """An absurd number of digits is refused like any other mistake, not turned into infinity."""
    with pytest.raises(UsageError, match="too large"):
        parse_duration_s(text)


@given(text=st.lists(st.sampled_from([*"1 .%/\n", "05", ".5", "d", "h", "m", "s", "ms"])).map("".join))
def test_the_patterns_for_editors_agree_with_the_parsers(text: str) -> None:
    """An editor that checks a scenario against its schema underlines exactly what a run would refuse."""
    for parse, pattern in ((parse_duration_s, DURATION_PATTERN), (parse_rate_per_s, RATE_PATTERN)):
        try:
            parse(text)
        except UsageError as error:
            accepted = "too large" in str(error)
        else:
            accepted = True
        assert (re.search(pattern, text) is not None) == accepted, (pattern, text)


def test_the_patterns_are_plain_enough_for_a_json_schema() -> None:
    """The patterns use nothing that only Python's regular expressions have."""
    for pattern in (DURATION_PATTERN, RATE_PATTERN, PERCENT_PATTERN):
        assert json.loads(json.dumps(pattern)) == pattern
        assert not re.search(r"\(\?[P<#aimsux]|\\[AZ]|\*\+", pattern)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 ms"),
        (0.000_000_1, "< 0.01 ms"),
        (0.000_15, "0.15 ms"),
        (0.0034, "3.4 ms"),
        (0.0342, "34.2 ms"),
        (0.3421, "342 ms"),
        (0.9994, "999 ms"),
        (0.9996, "1.00 s"),
        (1.2, "1.20 s"),
        (9.996, "10.0 s"),
        (42.46, "42.5 s"),
        (59.96, "1 m 00 s"),
        (125, "2 m 05 s"),
        (3599.4, "59 m 59 s"),
        (3599.6, "1 h 00 m"),
        (11_220, "3 h 07 m"),
        (86_399, "1 d 00 h"),
        (187_200, "2 d 04 h"),
        (-0.0034, "-3.4 ms"),
    ],
)
def test_a_duration_is_written_with_few_digits_and_always_a_unit(seconds: float, text: str) -> None:
    """A reader of the report compares durations at a glance, and no rounding ever shows "1000 ms" or "60 s"."""
    assert format_duration(seconds) == text


@given(seconds=st.floats(0.000_01, 10**8))
def test_a_written_duration_reads_back_as_itself(seconds: float) -> None:
    """What a report shows can be pasted into a scenario and means the same, to the digits shown."""
    assert parse_duration_s(format_duration(seconds)) == pytest.approx(seconds, rel=0.05, abs=0.000_005)


@given(shorter=st.floats(0, 10**6), longer=st.floats(0, 10**6))
def test_a_longer_duration_never_reads_as_the_shorter(shorter: float, longer: float) -> None:
    """Rounding never turns the order of two durations round."""
    shorter, longer = sorted((max(shorter, 0.000_01), max(longer, 0.000_01)))

    assert parse_duration_s(format_duration(shorter)) <= parse_duration_s(format_duration(longer))


@pytest.mark.parametrize(
    ("per_s", "text"),
    [
        (0, "0/s"),
        (12_400, "12,400/s"),
        (483.2, "483/s"),
        (99.96, "100/s"),
        (48.32, "48.3/s"),
        (9.996, "10.0/s"),
        (4.83, "4.83/s"),
        (0.1, "0.10/s"),
        (0.05, "3.00/m"),
        (10 / 3600, "0.17/m"),
        (1 / 3600, "1.00/h"),
        (1e-9, "< 0.01/h"),
    ],
)
def test_a_rate_is_written_in_the_unit_that_suits_it(per_s: float, text: str) -> None:
    """Rates from one an hour to thousands a second keep three digits and their unit."""
    assert format_rate(per_s) == text


@given(per_s=st.floats(0.000_01, 10**9))
def test_a_written_rate_reads_back_as_itself(per_s: float) -> None:
    """A rate out of a report means the same in a scenario, to the digits shown."""
    assert parse_rate_per_s(format_rate(per_s).replace(",", "")) == pytest.approx(per_s, rel=0.15)


@pytest.mark.parametrize(
    ("share", "text"),
    [
        (0, "0 %"),
        (1, "100 %"),
        (0.0012, "0.12 %"),
        (0.6, "60.00 %"),
        (0.000_099, "< 0.01 %"),
        (1e-300, "< 0.01 %"),
        (0.0001, "0.01 %"),
        (0.9999, "99.99 %"),
        (0.999_999, "> 99.99 %"),
    ],
)
def test_a_share_never_rounds_to_none_or_to_all(share: float, text: str) -> None:
    """One failure in a million is not shown as "0 %", and one success short of all is not shown as "100 %"."""
    assert format_share(share) == text


@given(share=st.floats(0.0001, 0.9999))
def test_a_written_share_reads_back_as_itself(share: float) -> None:
    """A share out of a report means the same as a criterion, to a hundredth of a percent."""
    assert parse_share(format_share(share)) == pytest.approx(share, abs=0.000_051)


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_what_is_not_finite_is_never_written_as_a_number(number: float) -> None:
    """No report shows "nan ms": that there is no number has to be said in words."""
    for write in (format_duration, format_rate, format_share):
        with pytest.raises(ValueError, match=r"finite|between"):
            write(number)


@pytest.mark.parametrize("share", [-0.01, 1.01])
def test_a_share_outside_its_range_is_a_mistake_of_ours(share: float) -> None:
    """A wrong calculation shows up as an error and not as "101 %"."""
    with pytest.raises(ValueError, match="between 0 and 1"):
        format_share(share)


def test_a_negative_rate_is_a_mistake_of_ours() -> None:
    """A wrong calculation shows up as an error and not as "-3/s"."""
    with pytest.raises(ValueError, match="negative"):
        format_rate(-3)


@pytest.mark.parametrize(("count", "text"), [(0, "0"), (999, "999"), (12_400, "12,400"), (-1_000, "-1,000")])
def test_a_count_is_grouped_by_thousands(count: int, text: str) -> None:
    """Large counts can be read without counting digits."""
    assert format_count(count) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0 s"), (59.99, "59 s"), (60, "1 min 00 s"), (363.9, "6 min 03 s"), (3_963, "1 h 06 min 03 s")],
)
def test_a_moment_is_in_whole_seconds_and_never_later_than_it_is(seconds: float, text: str) -> None:
    """What is dry after 6 min 03 s was not dry before."""
    assert format_moment(seconds) == text


def test_a_moment_before_the_start_is_refused() -> None:
    """A sign error does not read as a time."""
    with pytest.raises(ValueError, match="before its start"):
        format_moment(-1)


@pytest.mark.parametrize(("value", "part"), [("20%", 0.2), ("-5 %", -0.05), ("0%", 0), ("150%", 1.5), ("0.1%", 0.001)])
def test_a_change_means_what_it_says(value: str, part: float) -> None:
    """What grows may double, and what shrinks is below nothing."""
    assert parse_change(value) == part


@pytest.mark.parametrize("value", ["", "%", "20", 0.2, 20, "+5%", "--5%", "nan%", None, True, []])
def test_what_is_no_change_is_refused(value: object) -> None:
    """A number could mean per cent or a part: it is never guessed."""
    with pytest.raises(UsageError, match="per cent"):
        parse_change(value)


def test_a_share_within_a_time_is_both() -> None:
    """The two are read as they are read alone."""
    assert parse_share_within("60% within 15m") == (0.6, 900.0)
    assert parse_share_within(" 0.5 %  within  1m30s ") == (0.005, 90.0)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("60%", "write both"),
        ("within 15m", "write both"),
        ("60% in 15m", "write both"),
        (0.6, "write both"),
        (None, "write both"),
        ("60 within 15m", 'write "60%"'),
        ("160% within 15m", "more than everything"),
        ("60% within 15", "needs a unit"),
        ("60% within soon", "not a duration"),
    ],
)
def test_what_is_no_share_within_a_time_is_refused(value: object, words: str) -> None:
    """The half that is wrong is named."""
    with pytest.raises(UsageError, match=words):
        parse_share_within(value)


@pytest.mark.parametrize(
    ("part", "text"),
    [
        (0.32, "+32 %"),
        (-0.071, "-7.1 %"),
        (0.0996, "+10 %"),
        (0, "0 %"),
        (12.3, "+1,230 %"),
        (0.0004, "< +0.1 %"),
        (-0.0004, "> -0.1 %"),
    ],
)
def test_a_change_reads_with_its_sign(part: float, text: str) -> None:
    """More and less are never mixed up, and little never reads as nothing."""
    assert format_change(part) == text


@pytest.mark.parametrize("part", [math.nan, math.inf, -math.inf])
def test_a_change_that_is_no_number_is_a_mistake_of_ours(part: float) -> None:
    """No report says nan %."""
    with pytest.raises(ValueError, match="finite"):
        format_change(part)
