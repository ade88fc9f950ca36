"""Intervals of quantiles hold them. Each test states how often it fails though all is well."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import pytest

from privacy_analytics.dp import ranks
from privacy_analytics.dp.ranks import Picked, pick, picks_for

pytestmark = pytest.mark.statistical
N = 20_000
CANDIDATES = 33
NANO_RHO = 2_000_000


def at_least(successes: int, trials: int, alpha: float = 1e-4) -> float:
    """The lower Clopper-Pearson bound of a rate, by bisection of the exact binomial tail."""
    k = np.arange(successes, trials + 1)
    choose = np.array([math.lgamma(trials + 1) - math.lgamma(i + 1) - math.lgamma(trials - i + 1) for i in k])
    low, high = 0.0, min(successes / trials, 1 - 1e-9)
    for _ in range(50):
        rate = (low + high) / 2
        tail = np.exp(choose + k * math.log(rate) + (trials - k) * math.log1p(-rate)).sum()
        low, high = (rate, high) if tail < alpha else (low, rate)
    return low


def covered(counts: npt.NDArray[np.int64], prob: float) -> float:
    """The share of groups whose interval holds the least candidate with ``prob`` of the accounts up to it."""
    picks = picks_for([prob], candidates=CANDIDATES, per_account=1, nano_rho=NANO_RHO)
    groups: list[Picked] = pick(counts, range(CANDIDATES), picks, nano_rho=NANO_RHO)
    upto = np.cumsum(counts, axis=1)
    true = (upto >= prob * upto[:, -1:]).argmax(axis=1).tolist()
    held = sum(g.quantiles[0].low <= q <= g.quantiles[0].high for g, q in zip(groups, true, strict=True))
    print(f"{held / len(true):.4f} of {len(true):,} intervals hold the {prob:g}-quantile")
    return at_least(held, len(true))


def test_intervals_of_groups_of_every_size_hold_the_quantile():
    """20,000 groups of 0 to 5,000 accounts with a long tail. At the .974 that it is a false alarm is below 1e-10."""
    rng = np.random.default_rng(1)
    sizes = np.repeat([0, 1, 5, 20, 100, 300, 1000, 5000], N // 8)
    share = np.exp(-np.arange(CANDIDATES) / 8)
    assert covered(rng.multinomial(sizes, share / share.sum()), 0.9) >= 0.94


def test_intervals_hold_the_quantile_where_the_proof_is_tight():
    """Half of 2,000 accounts on the first and half on the last candidate, one account between them: every end on the
    wrong side is exactly t off, so little is left over. At the .957 that it is a false alarm is below 1e-10.
    """
    counts = np.zeros((N, CANDIDATES), dtype=np.int64)
    counts[:, [0, -1]] = 1000
    counts[:, CANDIDATES // 2] = 1
    assert covered(counts, 0.5) >= 0.94


def test_a_shorter_reach_would_be_found(monkeypatch: pytest.MonkeyPatch):
    """The same groups with ends at a half of t: misses are several times as many, so this never passes (1e-9)."""
    counts = np.zeros((N // 10, CANDIDATES), dtype=np.int64)
    counts[:, [0, -1]] = 1000
    counts[:, CANDIDATES // 2] = 1
    monkeypatch.setattr(ranks, "MISS", 1.2)
    assert covered(counts, 0.5) < 0.94


def test_the_noised_count_is_as_wide_as_it_says():
    """20,000 groups: sd within 2.5 % (5 sigma of its estimate: 6e-7), mean within 5 sigma."""
    picks = picks_for([0.5], candidates=2, per_account=3, nano_rho=NANO_RHO)
    groups = pick(np.full((N, 2), 50), range(2), picks, nano_rho=NANO_RHO)
    noise = np.array([group.count - 100 for group in groups])
    assert abs(noise.std() / picks.count_scale - 1) < 0.025
    assert abs(noise.mean()) < 5 * picks.count_scale / math.sqrt(N)
    assert picks.count_scale == pytest.approx(math.sqrt(3 / (2 * NANO_RHO / 1e10)), rel=1e-3)
