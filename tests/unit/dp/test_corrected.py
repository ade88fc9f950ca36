"""Estimates for sentences: intervals that hold together, whatever is divided by what."""

from dataclasses import replace
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from privacy_analytics.dp.arithmetic import add, average, kept, share
from privacy_analytics.dp.corrected import DEEPEST, estimate, leaves
from privacy_analytics.dp.releases import Mechanism, status
from privacy_analytics.errors import UsageError

MONTH, CHAT = {"of": 0}, {"of": 1, "keys": [["chat"]]}


@pytest.fixture
def counts(release):
    return [release("month", 10_000.0, sigma=20.0), release("features", {"chat": 4_000.0, "mix": 30.0}, sigma=20.0)]


def test_a_count_at_95_percent_is_the_releases_own_interval(counts):
    found = estimate(MONTH, counts, 0.05)
    assert (found.value, found.low, found.high) == (10_000, 10_000 - 40, 10_000 + 40)  # 1.96 x 20, rounded up


def test_more_sentences_widen_every_interval(counts):
    widths = [(found := estimate([CHAT, MONTH], counts, 0.05 / n)).high - found.low for n in (1, 5, 50)]
    assert widths == sorted(widths)
    assert widths[0] < widths[-1]


def test_a_share_is_as_wide_as_the_stored_arithmetics(counts):
    whole, part = counts
    found, stored = estimate([CHAT, MONTH], counts, 0.05), share(part, of=whole)["chat"]
    assert (found.value, found.low, found.high) == (stored.value, stored.low, stored.high)


def test_what_is_too_small_to_show_gives_no_sentence(counts):
    assert estimate([{"of": 1, "keys": [["mix"]]}, MONTH], counts, 0.05) is None


def test_a_denominator_that_may_be_nothing_leaves_the_ratio_open(release):
    tiny = [release("tiny", 60.0, sigma=4.0)]
    ratio = [MONTH, MONTH]
    assert estimate([MONTH, [ratio, ratio]], tiny, 1e-60).high == float("inf")


@pytest.mark.parametrize(
    ("tree", "says"),
    [
        ({"of": 5}, "names one of the releases"),
        ({"of": 0, "sql": 1}, "names one of the releases"),
        ({"of": 1}, "do not add up"),
        ({"of": 1, "keys": [["chat"], ["mix"]]}, "do not add up"),
        ([MONTH], "a pair"),
        ([MONTH, MONTH, MONTH], "a pair"),
    ],
)
def test_what_is_no_tree_of_counts_is_refused(counts, tree, says):
    with pytest.raises(UsageError, match=says):
        estimate(tree, counts, 0.05)


def test_a_tree_without_end_is_refused(counts):
    tree = MONTH
    for _ in range(DEEPEST + 1):
        tree = [tree, MONTH]
    with pytest.raises(UsageError, match="a pair"):
        estimate(tree, counts, 0.05)


def test_shares_and_quantiles_make_no_sentences(counts):
    with pytest.raises(UsageError, match="as they were released"):
        estimate(MONTH, [share(counts[1], of=counts[0])], 0.05)


def test_bins_of_accounts_that_are_in_one_each_add_up(release):
    bins = release("bins", {"1 to 5": 600.0, "5 or more": 400.0}, by="rows")
    alone = replace(bins, mechanism=replace(bins.mechanism, per_account=1))
    tree = {"of": 0, "keys": [["1 to 5"], ["5 or more"]]}
    assert estimate(tree, [alone], 0.05).value == add(alone).cells[0].value == 1_000


def test_the_mean_over_days_is_the_stored_arithmetics(release):
    days = release("days", {f"2026-10-{day:02}": 500.0 + day for day in range(1, 32)}, by="day", sigma=15.0)
    found, stored = estimate({"of": 0, "mean": True}, [days], 0.05), average(days).cells[0]
    assert found.value == pytest.approx(stored.value)
    assert found.low == pytest.approx(stored.low, abs=1e-4)


def test_the_mean_of_what_has_no_keys_is_refused(counts):
    with pytest.raises(UsageError, match="with keys"):
        average(counts[0])


trees = st.recursive(
    st.integers(0, 3).map(lambda at: {"of": at}), lambda inner: st.tuples(inner, inner).map(list), max_leaves=6
)


@given(trees, st.lists(st.integers(200, 10**6), min_size=4, max_size=4), st.integers(0, 2**32))
def test_noise_within_its_share_of_the_chance_stays_in_the_interval(tree, truths, seed):
    """The invariant behind the 95 %: if every count is within z sigma, the tree's true value is in [low, high]."""
    sigma, miss = 15.0, 0.01
    z = NormalDist().inv_cdf(1 - miss / leaves(tree) / 2)
    noise = np.random.default_rng(seed).uniform(-z, z, 4) * sigma
    released = [_total(truth + off, sigma) for truth, off in zip(truths, noise, strict=True)]
    found = estimate(tree, released, miss)
    assert found is not None
    assert found.low * (1 - 1e-9) <= _true(tree, truths) <= found.high * (1 + 1e-9)


def _true(tree, truths):
    return truths[tree["of"]] if isinstance(tree, dict) else _true(tree[0], truths) / _true(tree[1], truths)


def _total(value, sigma):
    from privacy_analytics.dp.releases import Cell, Release

    cell = Cell((), value, value - 2 * sigma, value + 2 * sigma, sigma, status(value, sigma, 20))
    return Release(
        id="r-1", key="k", unit="accounts", table="events", by=(), month="2026-10", snapshot="s", population="all",
        floor=20, cells=(cell,), question={}, mechanism=Mechanism("discrete Gaussian", sigma, 1, 1, 1.0),
    )  # fmt: skip


def test_what_came_back_is_a_share_of_each_cohorts_first_week(release):
    cells = {("2026-W36", "0"): 1_000.0, ("2026-W36", "1"): 400.0, ("2026-W37", "0"): 500.0, ("2026-W37", "1"): 100.0}
    flat = release("stayed", {"x": 1.0})
    made = [replace(flat.cells[0], key=key, value=v, low=v - 20, high=v + 20, sigma=10.0) for key, v in cells.items()]
    stayed = replace(flat, by=("cohort", "week"), cells=tuple(made), question={**flat.question, "kind": "retention"})
    came = kept(stayed)
    assert [(cell.key, cell.value) for cell in came.cells] == [(("2026-W36", "1"), 0.4), (("2026-W37", "1"), 0.2)]
    assert all(cell.low < cell.value < cell.high for cell in came.cells)
    assert came.expression == {"op": "kept", "of": [stayed.id]}


def test_only_a_retention_has_cohorts_that_come_back(counts):
    with pytest.raises(UsageError, match="Retention"):
        kept(counts[1])


def test_an_average_is_called_one(release):
    from privacy_analytics.figures import sentence

    days = release("days", {f"2026-10-{day:02}": 500.0 for day in range(1, 32)}, by="day")
    assert "on an average day" in sentence(average(days))
