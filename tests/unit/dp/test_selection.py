import math
from collections.abc import Mapping
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from opendp import domains, measurements, metrics

from privacy_analytics.dp.selection import ROUNDS, WEIGHT, Round, discover, rounds_for, weight
from privacy_analytics.errors import UsageError

RHO, DELTA = 19_000_000, 50_000_000
CHARGED = {"nano_rho": RHO, "delta": DELTA}
AMPLE = 10**12
"""A weight that no noise here can hide, nor a zero reach."""


def by_opendp(scale: float, threshold: int, distance: tuple[int, float, float]) -> tuple[float, float]:
    space = (
        domains.map_domain(domains.atom_domain(T="String"), domains.atom_domain(T="i64")),
        metrics.l02inf_distance(metrics.absolute_distance(T=float)),
    )
    return measurements.make_gaussian_threshold(*space, scale=scale, threshold=threshold).map(distance)


@pytest.mark.parametrize("items", [1, 2, 3, 7, 15, 30, 1000, 10**6])
def test_an_accounts_weights_stay_within_the_norm_and_waste_no_more_than_rounding(items: int):
    assert items * weight(items) ** 2 <= WEIGHT**2 < items * (weight(items) + 1) ** 2


@given(st.integers(1, 40), st.integers(10**5, 10**9), st.integers(10**3, 10**12), st.sampled_from([1, 2]))
@settings(max_examples=25, deadline=None)
def test_rounds_cost_no_more_than_was_given_and_waste_little(per_account: int, nano_rho: int, delta: int, factor: int):
    rounds = rounds_for(per_account, nano_rho, delta, factor)
    assert nano_rho * 0.999 - 10 <= sum(each.nano_rho for each in rounds) <= nano_rho
    assert sum(each.delta for each in rounds) <= delta


def test_rounds_take_5_15_and_80_percent_and_the_least_threshold_they_pay_for():
    for each, part in zip(rounds_for(15, RHO, DELTA), (0.05, 0.15, 0.8), strict=True):
        assert each.nano_rho == pytest.approx(part * RHO, rel=1e-4)
        assert each.delta <= part * DELTA < Round(each.scale, each.threshold - 1, each.distances).delta
    assert sum(ROUNDS) == 1


def test_opendp_prices_a_threshold_of_one_less():
    for each in rounds_for(15, RHO, DELTA):
        charged = by_opendp(each.scale, each.threshold - 1, (15, WEIGHT, weight(15)))[1]
        assert each.delta == math.ceil(Fraction(charged) * 10**15)
    small = Round(3.0, 8, ((1, 1, 1),))
    assert small.delta / 1e15 == pytest.approx(by_opendp(3.0, 7, (1, 1.0, 1.0))[1])
    assert small.delta / 1e15 > 1.5 * by_opendp(3.0, 8, (1, 1.0, 1.0))[1]


def test_an_account_with_any_number_of_items_is_within_the_price():
    for each in rounds_for(15, RHO, DELTA):
        for items in range(1, 16):
            rho, delta = by_opendp(each.scale, each.threshold - 1, (items, WEIGHT, weight(items)))
            assert Fraction(rho) * 10**9 <= each.nano_rho
            assert Fraction(delta) * 10**15 <= each.delta


def test_the_dearest_distance_is_charged_whichever_it_is():
    one, many = (1, WEIGHT, WEIGHT), (1000, WEIGHT, weight(1000))
    for threshold in (WEIGHT + 10, 40 * WEIGHT):
        both = Round(5.0 * WEIGHT, threshold, (one, many))
        assert both.delta == max(Round(5.0 * WEIGHT, threshold, (each,)).delta for each in (one, many))


def test_a_spanning_question_pays_for_twice_the_keys_the_norm_and_the_largest():
    for single, each in zip(rounds_for(10, RHO, DELTA), rounds_for(10, RHO, DELTA, factor=2), strict=True):
        assert each.distances == ((20, 2 * WEIGHT, 2 * WEIGHT),)
        assert each.scale == pytest.approx(2 * single.scale, rel=1e-4)
        rho, delta = by_opendp(each.scale, each.threshold - 1, (20, 2.0 * WEIGHT, 2.0 * WEIGHT))
        assert (each.nano_rho, each.delta) == (
            math.ceil(Fraction(rho) * 10**9),
            math.ceil(Fraction(delta) * 10**15),
        )


def test_nothing_buys_no_keys():
    with pytest.raises(UsageError, match="delta above zero"):
        rounds_for(15, RHO, 0)
    with pytest.raises(UsageError, match="price above zero"):
        rounds_for(15, 0, DELTA)


def test_a_key_is_found_once_and_asked_for_no_more():
    asked: list[frozenset[str]] = []

    def weights(found: frozenset[str]) -> Mapping[str, int]:
        asked.append(found)
        return {f"key {len(asked)}": AMPLE, "never": -AMPLE}

    rounds = rounds_for(15, RHO, DELTA)
    found = discover(weights, rounds, **CHARGED)
    assert list(found) == ["key 1", "key 2", "key 3"]
    assert [each.scale for each in found.values()] == [each.scale for each in rounds]
    assert asked == [frozenset(), {"key 1"}, {"key 1", "key 2"}]


def test_a_found_key_keeps_its_first_weight():
    rounds = rounds_for(15, RHO, DELTA)
    found = discover(lambda _: {"again": AMPLE}, rounds, **CHARGED)
    assert [each.scale for each in found.values()] == [rounds[0].scale]


def test_the_order_is_of_noised_weights_and_not_of_the_rows():
    sums = {f"key {i}": AMPLE * i for i in (3, 1, 4, 2, 5)}
    rounds = rounds_for(15, RHO, DELTA)
    for way in (sums, dict(reversed(sums.items()))):
        found = discover(lambda _, way=way: way, rounds[:1], **CHARGED)
        assert list(found) == ["key 5", "key 4", "key 3", "key 2", "key 1"]
        assert all(first.weight >= second.weight for first, second in pairwise(found.values()))


def test_noise_is_added_to_every_weight():
    found = discover(lambda _: {str(i): AMPLE for i in range(50)}, rounds_for(15, RHO, DELTA), **CHARGED)
    assert len({each.weight for each in found.values()}) > 45
    assert all(abs(each.weight - AMPLE) < 12 * each.scale for each in found.values())


@pytest.mark.parametrize("key", ["", "a\0b", "\0", "\ud800", '"quoted"', "ü\u200b🎹", "new\nline", "\\u0000"])
def test_any_text_can_be_found_as_it_is(key: str):
    found = discover(lambda _: {key: AMPLE, "a": -AMPLE}, rounds_for(15, RHO, DELTA), **CHARGED)
    assert list(found) == [key]


def test_texts_that_differ_behind_a_nul_are_two_keys():
    found = discover(lambda _: {"a\0b": AMPLE, "a\0c": AMPLE}, rounds_for(15, RHO, DELTA), **CHARGED)
    assert set(found) == {"a\0b", "a\0c"}


def test_no_rows_find_nothing():
    assert discover(lambda _: {}, rounds_for(15, RHO, DELTA), **CHARGED) == {}


@pytest.mark.parametrize("given", [{"nano_rho": RHO * 9 // 10, "delta": DELTA}, {"nano_rho": RHO, "delta": DELTA // 2}])
def test_rounds_dearer_than_what_was_charged_are_refused_before_any_sum_is_asked_for(given: dict[str, int]):
    def never(_: frozenset[str]) -> Mapping[str, int]:
        raise AssertionError

    with pytest.raises(UsageError, match="too small for what was charged"):
        discover(never, rounds_for(15, RHO, DELTA), **given)
