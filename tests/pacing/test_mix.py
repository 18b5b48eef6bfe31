"""What an arrival plays."""

from collections import Counter
from math import inf, nan, sqrt

import pytest

from pwdload.errors import UsageError
from pwdload.pacing import Mix
from pwdload.pacing.mix import splitmix64

WEIGHTS = {"valid_change": 85.0, "wrong_old_password": 8.0, "reused_password": 4.0, "replayed_state_token": 3.0}
MANY = 100_000


def worst_deviation(draws: list[str], weights: dict[str, float]) -> float:
    """Return the largest deviation of a case's count from its share, in standard deviations of the binomial."""
    counts, total = Counter(draws), sum(weights.values())
    shares = {case: weight / total for case, weight in weights.items()}
    return max(
        abs(counts[case] - len(draws) * share) / sqrt(len(draws) * share * (1 - share))
        for case, share in shares.items()
    )


@pytest.mark.parametrize("seed", [1, 2, 20_261_123])
def test_shares_hold_within_statistical_error(seed: int) -> None:
    """Over 100,000 arrivals each case comes as often as its weight says, to four standard deviations."""
    draws = list(map(Mix(WEIGHTS, seed).case, range(MANY)))
    assert worst_deviation(draws, WEIGHTS) < 4
    assert set(draws) == set(WEIGHTS)


@pytest.mark.parametrize("workers", [2, 3, 16])
def test_shares_hold_for_each_worker(workers: int) -> None:
    """Turn-taking does not resonate with the draw: every n-th arrival has the same shares."""
    mix = Mix(WEIGHTS, 1)
    for turn in range(workers):
        assert worst_deviation([mix.case(number) for number in range(turn, MANY, workers)], WEIGHTS) < 4.5


def test_the_deviation_would_be_seen() -> None:
    """A case that comes a little too often is found out."""
    draws = list(map(Mix(WEIGHTS | {"valid_change": 92.0}, 1).case, range(MANY)))
    assert worst_deviation(draws, WEIGHTS) > 4


def test_a_case_depends_on_seed_and_number_alone() -> None:
    """Any worker, in any order, at any time, plays the same case for an arrival."""
    mix, again = Mix(WEIGHTS, 7), Mix(dict(reversed(WEIGHTS.items())), 7)
    forwards = [mix.case(number) for number in range(1_000)]
    assert [again.case(number) for number in reversed(range(1_000))] == forwards[::-1]
    assert list(map(Mix(WEIGHTS, 8).case, range(1_000))) != forwards


def test_neighbouring_arrivals_know_nothing_of_one_another() -> None:
    """Cases do not come in bunches: pairs have the product of their shares."""
    mix = Mix({"a": 1, "b": 1}, 3)
    draws = [mix.case(number) for number in range(MANY)]
    for lag in (1, 2, 10):
        same = sum(before == after for before, after in zip(draws, draws[lag:], strict=False))
        assert abs(same - MANY / 2) < 4 * sqrt(MANY) / 2


def test_the_bits_are_those_that_the_algorithm_is_known_for() -> None:
    """The published first numbers of SplitMix64 with the seed 1234567."""
    assert [splitmix64(1_234_567, number) for number in range(5)] == [
        6_457_827_717_110_365_317,
        3_203_168_211_198_807_973,
        9_817_491_932_198_370_423,
        4_593_380_528_125_082_431,
        16_408_922_859_458_223_821,
    ]


def test_a_single_case_is_always_played_and_one_without_weight_never() -> None:
    """The ends of the scale are exact."""
    assert set(map(Mix({"a": 1e-9}, 1).case, range(1_000))) == {"a"}
    assert set(map(Mix({"a": 1, "b": 0, "c": 1}, 1).case, range(1_000))) == {"a", "c"}


@pytest.mark.parametrize("weights", [{}, {"a": 0.0}, {"a": -1.0}, {"a": nan}, {"a": 1.0, "b": inf}])
def test_impossible_weights_are_refused(weights: dict[str, float]) -> None:
    """A mix of nothing cannot be played."""
    with pytest.raises(UsageError, match="mix: "):
        Mix(weights, 1)
