import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from opendp import domains, measurements, measures, metrics

from privacy_analytics.dp import mechanisms, ranks
from privacy_analytics.dp.ranks import END, VALUE, Quantile, pick, picks_for, scores
from privacy_analytics.errors import UsageError

PROBS = st.sampled_from([Fraction(1, 2), Fraction(9, 10), Fraction(1, 4), Fraction(999, 1000), Fraction(1, 3)])
COUNTS = st.lists(st.integers(0, 9), min_size=1, max_size=12)
EXACT = 10**15
"""A price at which the noise is so small that every pick is the best one."""


def scored(counts: list[int], prob: Fraction, shift: int = 0) -> list[int]:
    upto = np.cumsum([counts], axis=1, dtype=np.int64)
    return scores(upto - np.array([counts]), upto, prob, shift)[0].tolist()


def quantiles_of(counts: list[int], prob: Fraction) -> list[int]:
    """Every candidate with at most ``prob`` of the accounts below it and at least ``prob`` up to it."""
    total = sum(counts)
    return [i for i in range(len(counts)) if sum(counts[:i]) <= prob * total <= sum(counts[: i + 1])]


def one_by_opendp(scale: float, distance: int) -> float:
    space = domains.vector_domain(domains.atom_domain(T="i64")), metrics.linf_distance(T="i64")
    measure = measures.zero_concentrated_divergence()
    return measurements.make_noisy_max(*space, measure, scale=scale, negate=True).map(distance)


def exact(counts: list[list[int]], probs: list[float]) -> list[tuple[Quantile, ...]]:
    table = np.array(counts)
    picks = picks_for(probs, candidates=table.shape[1], per_account=1, nano_rho=EXACT)
    return [group.quantiles for group in pick(table, range(table.shape[1]), picks, nano_rho=EXACT)]


@given(COUNTS, st.data(), PROBS, st.integers(-50, 50))
@settings(max_examples=300, deadline=None)
def test_one_account_moves_no_score_by_more_than_was_priced(
    counts: list[int], data: st.DataObject, prob: Fraction, shift: int
):
    most = max(prob.numerator, prob.denominator - prob.numerator)
    at, instead = (data.draw(st.integers(0, len(counts) - 1)) for _ in range(2))
    more = [count + (i == at) for i, count in enumerate(counts)]
    other = [count + (i == instead) for i, count in enumerate(counts)]
    before, after, replaced = (scored(each, prob, shift) for each in (counts, more, other))
    assert max(abs(a - b) for a, b in zip(before, after, strict=True)) <= most
    assert max(abs(a - b) for a, b in zip(after, replaced, strict=True)) <= 2 * most


@given(COUNTS, PROBS)
@settings(max_examples=300, deadline=None)
def test_exactly_the_quantiles_score_nothing(counts: list[int], prob: Fraction):
    found = [i for i, score in enumerate(scored(counts, prob)) if score == 0]
    assert found == quantiles_of(counts, prob)
    assert found


@given(COUNTS, PROBS, st.integers(1, 100_000))
@settings(max_examples=300, deadline=None)
def test_an_end_on_the_wrong_side_of_the_quantile_is_at_least_t_off(counts: list[int], prob: Fraction, t: int):
    low, high = scored(counts, prob, -t), scored(counts, prob, t)
    assert min(low) == min(high) == 0
    for true in quantiles_of(counts, prob):
        assert all(score >= t for score in low[true + 1 :])
        assert all(score >= t for score in high[:true])


@pytest.mark.parametrize("factor", [1, 2])
@pytest.mark.parametrize("per_account", [1, 3])
def test_the_price_is_opendps_for_every_group_an_account_is_in(per_account: int, factor: int):
    picks = picks_for([0.5, 0.9], candidates=65, per_account=per_account, nano_rho=5_000_000, factor=factor)
    each = sum(
        math.ceil(Fraction(one_by_opendp(scale, factor * distance)) * 10**9) * times
        for scales, times in ((picks.value_scales, 1), (picks.end_scales, 2))
        for scale, distance in zip(scales, (1, 9), strict=True)
    )
    count = mechanisms.price(factor * math.nextafter(math.sqrt(per_account), 9), picks.count_scale)
    assert picks.nano_rho == count + per_account * each


@given(st.integers(10**5, 10**9), st.integers(1, 8), st.sampled_from([1, 2]))
@settings(max_examples=40, deadline=None)
def test_picks_cost_no_more_than_was_given_and_waste_little(nano_rho: int, per_account: int, factor: int):
    how = {"candidates": 65, "per_account": per_account, "factor": factor}
    picks = picks_for([0.25, 0.5, 0.9], nano_rho=nano_rho, **how)
    assert nano_rho * 0.999 - 100 <= picks.nano_rho <= nano_rho


def test_a_count_takes_a_tenth_and_an_end_twice_what_a_value_does():
    picks = picks_for([0.5], candidates=65, per_account=1, nano_rho=10_000_000)
    assert mechanisms.price(1.0, picks.count_scale) == pytest.approx(1_000_000, rel=1e-3)
    assert one_by_opendp(picks.value_scales[0], 1) == pytest.approx(0.0018, rel=1e-3)
    assert one_by_opendp(picks.end_scales[0], 1) == pytest.approx(0.0036, rel=1e-3)
    assert VALUE + 2 * END == 1


def test_the_rank_error_is_the_exponential_mechanisms():
    """rho = (max(prob, 1 - prob) / b)**2 / 2 a pick, so b = .9 * sqrt(1 / (2 * .0036)) accounts."""
    picks = picks_for([0.9], candidates=65, per_account=1, nano_rho=10_000_000)
    assert picks.rank_errors[0] == pytest.approx(0.9 * math.sqrt(1 / (2 * 0.0036)) * math.log(64 / 0.05), rel=1e-2)


def test_without_noise_the_value_is_the_quantile_and_so_are_the_ends():
    counts = [[6, 0, 4, 0, 2], [0, 0, 0, 0, 7], [3, 3, 3, 3, 4]]
    expected = [(0, 4), (4, 4), (2, 4)]
    assert exact(counts, [0.45, 0.9]) == [tuple(Quantile(each, each, each) for each in group) for group in expected]


def test_a_candidate_on_which_most_accounts_stand_is_the_median():
    assert exact([[60] + [1] * 40], [0.5]) == [(Quantile(0, 0, 0),)]


def test_the_ends_stand_about_t_ranks_to_either_side():
    """Ten accounts a candidate, t = 45 accounts: the mean of 40 ends is known to 0.15 candidates."""
    picks = picks_for([0.5], candidates=101, per_account=1, nano_rho=10_000_000)
    groups = pick(np.full((40, 101), 10), range(101), picks, nano_rho=10_000_000)
    t = picks.rank_errors[0] / 10
    assert sum(50 - group.quantiles[0].low for group in groups) / 40 == pytest.approx(t, abs=1)
    assert sum(group.quantiles[0].high - 50 for group in groups) / 40 == pytest.approx(t, abs=1)


@pytest.mark.parametrize(
    ("drawn", "expected"),
    [((3, 1, 4), Quantile(3, 1, 4)), ((0, 1, 4), Quantile(1, 1, 4)), ((5, 4, 1), Quantile(4, 1, 4))],
)
def test_ends_are_put_in_order_and_the_value_between_them(
    monkeypatch: pytest.MonkeyPatch, drawn: tuple[int, ...], expected: Quantile
):
    draws = iter(drawn)
    monkeypatch.setattr(ranks, "_chosen", lambda _scores, _scale: np.array([next(draws)]))
    picks = picks_for([0.5], candidates=6, per_account=1, nano_rho=10**6)
    assert pick(np.ones((1, 6), dtype=int), range(6), picks, nano_rho=10**6)[0].quantiles == (expected,)


def test_an_empty_group_has_an_answer_like_any_other_and_no_group_has_none():
    picks = picks_for([0.5, 0.9], candidates=3, per_account=1, nano_rho=10**6)
    empty, full = pick(np.array([[0, 0, 0], [50, 900, 50]]), [1.5, 2.5, 4.0], picks, nano_rho=10**6)
    for group in (empty, full):
        assert len(group.quantiles) == 2
        assert group.count_sigma == picks.count_scale
        assert {type(group.count)} == {int}
        assert all({each.value, each.low, each.high} <= {1.5, 2.5, 4.0} for each in group.quantiles)
    assert abs(empty.count) < 8 * picks.count_scale
    assert pick(np.zeros((0, 3), dtype=np.int64), [1.5, 2.5, 4.0], picks, nano_rho=10**6) == []


def test_a_group_too_small_for_its_price_gets_the_whole_range():
    """300 groups of 20 accounts where t is 1,000: an end inside the range is rare, one across the middle rarer."""
    picks = picks_for([0.5], candidates=33, per_account=1, nano_rho=10_000)
    groups = pick(np.tile(np.eye(33, dtype=int)[16] * 20, (300, 1)), range(33), picks, nano_rho=10_000)
    assert sum(group.quantiles[0].low == 0 and group.quantiles[0].high == 32 for group in groups) > 200


def test_values_lie_within_their_interval_and_are_noised():
    picks = picks_for([0.5], candidates=65, per_account=1, nano_rho=10**6)
    groups = pick(np.full((200, 65), 3), range(65), picks, nano_rho=10**6)
    assert all(group.quantiles[0].low <= group.quantiles[0].value <= group.quantiles[0].high for group in groups)
    assert len({group.quantiles[0].value for group in groups}) > 10
    assert len({group.count for group in groups}) > 50


@pytest.mark.parametrize("dtype", [np.uint32, np.uint64, np.int64])
def test_counts_of_any_whole_type_are_read_and_never_written(dtype: type):
    counts = np.array([[1, 1000, 1]], dtype=dtype)
    counts.flags.writeable = False
    picks = picks_for([0.5], candidates=3, per_account=1, nano_rho=EXACT)
    assert pick(counts, [1, 2, 3], picks, nano_rho=EXACT)[0].quantiles == (Quantile(2, 2, 2),)


@pytest.mark.parametrize("probs", [[], [0.0], [1.0], [-0.1], [0.5, 0.5], [0.9, 0.5], [0.12345], [math.pi / 4]])
def test_probabilities_that_make_no_quantile_are_refused(probs: list[float]):
    with pytest.raises(UsageError, match=r"between 0 and 1|lowest first"):
        picks_for(probs, candidates=5, per_account=1, nano_rho=10**6)


@pytest.mark.parametrize("candidates", [[1, 1, 2], [3, 2, 1], [1, 2, math.nan], [1, math.nan, 3], [1, 2, math.inf]])
def test_candidates_out_of_order_or_not_finite_are_refused(candidates: list[float]):
    picks = picks_for([0.5], candidates=3, per_account=1, nano_rho=10**6)
    with pytest.raises(UsageError, match="strictly increasing"):
        pick(np.zeros((1, 3), dtype=int), candidates, picks, nano_rho=10**6)


@pytest.mark.parametrize(("shape", "candidates"), [((2, 4), 3), ((2, 3), 4), ((3,), 3)])
def test_counts_that_do_not_fit_the_candidates_are_refused(shape: tuple[int, ...], candidates: int):
    picks = picks_for([0.5], candidates=3, per_account=1, nano_rho=10**6)
    with pytest.raises(UsageError, match="do not fit"):
        pick(np.zeros(shape, dtype=int), range(candidates), picks, nano_rho=10**6)


def test_nothing_buys_no_quantile():
    with pytest.raises(UsageError, match="price above zero"):
        picks_for([0.5], candidates=3, per_account=1, nano_rho=5)


def test_picks_dearer_than_what_was_charged_are_refused():
    picks = picks_for([0.5], candidates=3, per_account=1, nano_rho=10**6)
    with pytest.raises(UsageError, match="too small for what was charged"):
        pick(np.zeros((1, 3), dtype=int), [1, 2, 3], picks, nano_rho=9 * 10**5)


def test_a_single_candidate_is_every_quantile():
    picks = picks_for([0.5], candidates=1, per_account=1, nano_rho=10**6)
    assert pick(np.array([[7]]), [3], picks, nano_rho=10**6)[0].quantiles == (Quantile(3, 3, 3),)
