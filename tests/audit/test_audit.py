"""The audit itself: its bounds, and that every fault can still be seeded. All of it is run by ``make audit``."""

import math
from statistics import NormalDist

import numpy as np
import pytest
from bounds import ALPHA, at_least, lost, mu, odds, on_integers
from claims import CLAIMS
from faults import FAULTS, ROOT

from privacy_analytics.dp.questions import KINDS

NORMAL = NormalDist()


def test_every_kind_of_question_has_a_claim():
    assert CLAIMS.keys() == KINDS.keys()


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_the_place_of_a_fault_is_there_once(fault):
    for edit in fault.edits:
        assert edit.times(ROOT / "privacy_analytics") == 1, (edit.file, edit.old)
        assert edit.old != edit.new


@pytest.mark.parametrize(("successes", "trials"), [(1, 10), (7, 20), (20, 20), (300, 5000), (4999, 5000)])
def test_the_lower_bound_of_a_rate_is_where_the_binomial_tail_is_alpha(successes, trials):
    """Clopper and Pearson 1934: at the bound so many successes or more have probability alpha."""
    rate = at_least(successes, trials)
    tail = sum(
        math.exp(
            math.lgamma(trials + 1) - math.lgamma(k + 1) - math.lgamma(trials - k + 1)
            + k * math.log(rate) + (trials - k) * math.log1p(-rate)
        )
        for k in range(successes, trials + 1)
    )  # fmt: skip
    assert tail == pytest.approx(ALPHA, rel=1e-6)


def test_nothing_seen_bounds_nothing():
    assert at_least(0, 100) == 0


def test_the_loss_of_an_event_is_that_of_the_two_distributions():
    assert mu(NORMAL.cdf(1.5), NORMAL.cdf(-0.5)) == pytest.approx(2)
    assert odds(math.e / (1 + math.e), 1 / (1 + math.e)) == pytest.approx(2)


@pytest.mark.parametrize(("true", "least"), [(0.0, -1.0), (1.0, 0.7), (2.0, 1.6)])
def test_a_bound_lies_below_the_true_loss_and_not_far(true, least):
    """Seeded, so it cannot fail by chance."""
    noise = np.random.default_rng(7).normal(size=(2, 10_000))
    assert least < lost(noise[0] + true, noise[1], mu) < max(true, 0.001)


@pytest.mark.parametrize("scale", [0.9, 1.0, 1.5, 3.0])
@pytest.mark.parametrize("shift", [1, 2, 4])
def test_noise_on_integers_tells_no_more_than_is_allowed_for_it(scale, shift):
    """Exactly, over every threshold of the discrete Gaussian."""
    x = np.arange(-60, 61)
    density = np.exp(-(x**2) / (2 * scale**2))
    upper = np.cumsum((density / density.sum())[::-1])[::-1]
    likely, unlikely = upper[40:80], upper[40 + shift : 80 + shift]
    told = [mu(p, q) for p, q in zip(likely, unlikely, strict=True) if q > 1e-4 and p < 1 - 1e-4]
    assert shift / scale < max(told) < on_integers(shift / scale, scale)
