"""Plans of arrivals for tests, by hand and for hypothesis."""

from itertools import accumulate, pairwise

from hypothesis import strategies as st

from pwdload.pacing import RatePlan

Piece = tuple[float, float, float]
"""How long, from which rate, to which rate."""


def plan_of(*pieces: Piece) -> RatePlan:
    """Put pieces one after the other, each a stage of its own: s0, s1, ..."""
    borders_s = [0.0, *accumulate(for_s for for_s, _, _ in pieces)]
    return RatePlan.of(
        (f"s{n}", start_s, end_s, from_per_s, to_per_s)
        for n, ((start_s, end_s), (_, from_per_s, to_per_s)) in enumerate(zip(pairwise(borders_s), pieces, strict=True))
    )


STEADY = plan_of((30, 100, 100))
HUNDRED_AROUND_BORDERS = plan_of((0.333, 100, 100), (1.001, 100, 100), (0.0005, 100, 100), (5, 100, 100))
RUSH = plan_of((10, 20, 20), (30, 20, 200), (10, 200, 200), (5, 0, 0), (20, 200, 0))
"""Warm-up, ramp, plateau, a pause, and a ramp down to nothing."""

RATES = st.one_of(st.just(0.0), st.floats(1e-3, 1e4))
LENGTHS = st.floats(1e-3, 1e4)


@st.composite
def pieces(draw: st.DrawFn) -> Piece:
    """Draw a piece: flat, nearly flat, zero, or a ramp."""
    from_per_s = draw(RATES)
    nearly = from_per_s * draw(st.sampled_from([1.0, 1 + 1e-15, 1 - 1e-12, 1 + 1e-9]))
    return draw(LENGTHS), from_per_s, draw(RATES | st.just(nearly))


PLANS = st.lists(pieces(), min_size=1, max_size=6).map(lambda made: plan_of(*made))
SMALL_PLANS = st.lists(st.tuples(st.floats(0.01, 5), st.floats(0, 100), st.floats(0, 100)), min_size=1, max_size=5).map(
    lambda made: plan_of(*made)
)
"""Plans of 2500 arrivals at most."""
