import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from opendp import accuracy, combinators

from privacy_analytics.dp import mechanisms
from privacy_analytics.errors import UsageError


@given(st.floats(1, 1e4), st.floats(1, 1e5))
@settings(max_examples=50, deadline=None)
def test_opendp_prices_and_we_round_up(l2: float, scale: float):
    charged = mechanisms.price(l2, scale)
    assert charged / 1e9 >= float(mechanisms.gaussian(scale).map(l2)) * (1 - 1e-12)
    assert charged - 1 <= (l2 / scale) ** 2 / 2 * 1e9 * (1 + 1e-9)


@given(st.floats(1, 1e4), st.integers(1, 10**9))
@settings(max_examples=50, deadline=None)
def test_the_scale_for_a_price_costs_no_more_and_wastes_little(l2: float, nano_rho: int):
    scale = mechanisms.scale_for(l2, nano_rho)
    assert mechanisms.price(l2, scale) <= nano_rho
    assert scale <= l2 / math.sqrt(2 * nano_rho / 1e9) * (1 + 1e-4)


def test_nothing_buys_no_noise():
    with pytest.raises(UsageError, match="price above zero"):
        mechanisms.scale_for(1.0, 0)


def test_noise_that_is_too_small_for_its_price_is_refused():
    scale = mechanisms.scale_for(2.0, 1_000_000)
    with pytest.raises(UsageError, match="too small for what was charged"):
        mechanisms.add_noise([0], l2=2.0, scale=scale / 2, nano_rho=1_000_000)
    with pytest.raises(UsageError, match="too small for what was charged"):
        mechanisms.add_noise([0], l2=4.0, scale=scale, nano_rho=1_000_000)


def test_noise_is_added_to_every_cell_and_never_the_same():
    bought = {"l2": 1.0, "scale": 1000.0, "nano_rho": mechanisms.price(1.0, 1000.0)}
    first, second = (mechanisms.add_noise([10**9] * 20, **bought) for _ in range(2))
    assert first != second
    assert len(set(first)) > 15
    assert all(abs(value - 10**9) < 20_000 for value in first)


def test_an_empty_vector_stays_empty():
    assert mechanisms.add_noise([], l2=1.0, scale=10.0, nano_rho=mechanisms.price(1.0, 10.0)) == []


@pytest.mark.parametrize("scale", [0.7, 1.0, 1.3, 2.0, 5.0, 22.36])
def test_a_half_width_covers_its_part_of_the_discrete_noise_and_is_the_smallest(scale: float):
    mass = [math.exp(-(k**2) / (2 * scale**2)) for k in range(-400, 401)]

    def within(half: int) -> float:
        return sum(mass[400 - half : 401 + half]) / sum(mass)

    half = mechanisms.half_width(scale)
    assert within(half) >= 0.95
    assert within(half - 1) < 0.95


@pytest.mark.parametrize("scale", [1001.0, 5000.5, 99_999.0])
@pytest.mark.parametrize("alpha", [0.05, 0.025, 0.01])
def test_the_half_width_of_wide_noise_is_opendps(scale: float, alpha: float):
    ours, theirs = mechanisms.half_width(scale, alpha), accuracy.discrete_gaussian_scale_to_accuracy(scale, alpha) - 1
    assert 0 <= ours - theirs <= 1


def test_the_half_width_of_the_widest_noise_takes_no_time():
    """OpenDP would add up 10^12 numbers."""
    assert mechanisms.half_width(1e12) == pytest.approx(1.959964e12, rel=1e-6)


def test_epsilon_of_what_epsilon_buys_is_at_most_that_epsilon():
    bought = mechanisms.nano_rho_for(2.0, 5e-8)
    assert mechanisms.epsilon_of(bought, 5e-8) <= 2.0 < mechanisms.epsilon_of(bought + 1000, 5e-8)
    assert mechanisms.epsilon_of(0, 5e-8) == 0


def test_the_default_month_is_about_seven_hundredths_of_rho():
    assert 0.069e9 < mechanisms.nano_rho_for(2.0, 5e-8) < 0.075e9


def test_our_conversion_is_opendps():
    curve = combinators.make_zCDP_to_approxDP(mechanisms.gaussian(10.0)).map(1.0)
    assert mechanisms.epsilon_of(5_000_000, 1e-7) == pytest.approx(float(curve.epsilon(1e-7)), rel=1e-9)
