"""Quantiles from counts: in each group, how many accounts have their one value at each public candidate.

A candidate's score is how many accounts its rank is away from the one that is asked for; OpenDP's ``make_noisy_max``
(Gumbel noise, which is the exponential mechanism) chooses the best and prices the choice. Our own score instead of
``make_quantile_score_candidates``: that one is ``|below - prob * (all - at)|``, which passes over a candidate on which
many accounts stand (60 accounts at 0 and one at each of 1 to 40: it calls 1 the median), and rounds ``prob`` to 1e-4.

The score. With ``below`` and ``upto`` the accounts under and up to a candidate, and the rank asked for
``r = prob * all + shift``: ``max(0, below - r, r - upto)``, where the first candidate has no ``below`` and the last no
``upto``. One account more changes ``below``, ``upto`` and ``all`` by 0 or 1, ``below`` and ``upto`` never without
``all``, so each term by at most ``max(prob, 1 - prob)``, hence the score.

The interval. Three priced picks for each quantile: ``shift`` 0 for the value, ``-t`` and ``+t`` for the ends. Some
candidate always scores 0: the ranks [below, upto] tile 0 to all, and the first and the last take what is beyond. Let q
be a ``prob``-quantile. A low end above q has ``below >= prob * all``, so a score of at least ``t``; likewise a high end
below q. The exponential mechanism of scale b picks one given such candidate with probability at most ``exp(-t / b)``
(McSherry and Talwar 2007; Dwork and Roth 2014, theorem 3.11); there are ``candidates - 1`` of them, above and below q
together, so ``t = b * ln((candidates - 1) / 0.05)`` makes [low, high] miss q with at most 5 %, whatever the group's
size: in one that is too small the ends drift to the first and the last candidate. The noised count takes no part in it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
from opendp import domains, measurements, measures, metrics

from privacy_analytics.dp import mechanisms
from privacy_analytics.dp.mechanisms import NANO
from privacy_analytics.errors import UsageError

COUNT = Fraction(1, 10)
"""Of the loss: the group's count. It only says how far to trust the group, and a tenth tells dozens from nothing."""
VALUE, END = Fraction(1, 5), Fraction(2, 5)
"""Of a quantile's loss: its value, and each end. The value is off by about b, the ends stand 6 to 8 b away."""
MISS = 0.05
"""How often an interval may miss."""
FINEST = 10_000
"""Probabilities have at most this denominator, so that the scores of 10^14 accounts stay below 2^63."""

Scores = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Picks:
    """How quantiles are drawn in every group, and at what scales (a pick's is in 1/denominator accounts)."""

    probs: tuple[Fraction, ...]
    candidates: int
    per_account: int
    factor: int
    count_scale: float
    value_scales: tuple[float, ...]
    end_scales: tuple[float, ...]

    @property
    def nano_rho(self) -> int:
        """The price in 1e-9 of zCDP rho, rounded up: an account's value takes part in ``per_account`` groups."""
        picks = sum(
            _price(prob, self.factor, value) + 2 * _price(prob, self.factor, end)
            for prob, value, end in zip(self.probs, self.value_scales, self.end_scales, strict=True)
        )
        return mechanisms.price(_l2(self.per_account, self.factor), self.count_scale) + self.per_account * picks

    @property
    def shifts(self) -> tuple[int, ...]:
        """t of each quantile, in 1/denominator accounts, rounded up."""
        times = math.log(max(self.candidates - 1, 1) / MISS)
        return tuple(math.ceil(scale * times) for scale in self.end_scales)

    @property
    def rank_errors(self) -> tuple[float, ...]:
        """t of each quantile in accounts: an end is mostly about t, rarely over 2 t, away in rank."""
        return tuple(shift / prob.denominator for shift, prob in zip(self.shifts, self.probs, strict=True))


@dataclass(frozen=True)
class Quantile:
    """One quantile: ``low <= value <= high``, all three of them candidates; [low, high] holds it with at least 95 %."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Picked:
    """One group: its noised count of accounts, that noise's scale, and its quantiles in the order of the probs."""

    count: int
    count_sigma: float
    quantiles: tuple[Quantile, ...]


def picks_for(
    probs: Sequence[Fraction | float], *, candidates: int, per_account: int, nano_rho: int, factor: int = 1
) -> Picks:
    """Picks that cost at most ``nano_rho``, shared equally by the quantiles after the count's part.

    Parameters
    ----------
    probs : increasing, each strictly between 0 and 1, at most four decimals (a half is the median)
    candidates : how many candidates there are
    per_account : groups that an account may be in, with one value in each
    nano_rho : what may be spent, in 1e-9 of rho
    factor : 1, or 2 where one month of an account taken away replaces its value (a spanning question)

    Raises
    ------
    UsageError
        other probabilities, or nothing is to be spent
    """
    exact = tuple(prob if isinstance(prob, Fraction) else Fraction(str(prob)) for prob in probs)
    if not exact or not all(0 < prob < 1 and prob.denominator <= FINEST for prob in exact):
        raise UsageError("Quantiles lie between 0 and 1 and have at most four decimals, for instance 0.5 and 0.9.")
    if list(exact) != sorted(set(exact)):
        raise UsageError("Name each quantile once, the lowest first.")
    each = nano_rho * (1 - COUNT) / len(exact) / per_account
    return Picks(
        exact,
        candidates,
        per_account,
        factor,
        mechanisms.scale_for(_l2(per_account, factor), int(nano_rho * COUNT)),
        tuple(_scale_for(prob, factor, int(each * VALUE)) for prob in exact),
        tuple(_scale_for(prob, factor, int(each * END)) for prob in exact),
    )


def pick(
    counts: npt.NDArray[np.integer[Any]], candidates: Sequence[float], picks: Picks, *, nano_rho: int
) -> list[Picked]:
    """Each group's count and quantiles. An empty group gets an answer like any other.

    Parameters
    ----------
    counts : groups x candidates, accounts whose value in that group is (or is binned to) that candidate
    candidates : strictly increasing and finite
    nano_rho : what was charged

    Raises
    ------
    UsageError
        candidates that are not increasing, counts of another shape, or a price above what was charged
    """
    if not (all(map(math.isfinite, candidates)) and all(low < high for low, high in pairwise(candidates))):
        raise UsageError("Candidates must be finite and strictly increasing. Put them in order, each once.")
    if counts.shape != (len(counts), picks.candidates) or len(candidates) != picks.candidates:
        raise UsageError("Counts and candidates do not fit. This is a fault of ours; please report it.")
    if picks.nano_rho > nano_rho:
        raise UsageError("The noise is too small for what was charged. This is a fault of ours; please report it.")
    upto = np.cumsum(counts, axis=1, dtype=np.int64)
    below = upto - counts.astype(np.int64)
    l2 = _l2(picks.per_account, picks.factor)
    counted = mechanisms.add_noise(
        upto[:, -1].tolist(), l2=l2, scale=picks.count_scale, nano_rho=mechanisms.price(l2, picks.count_scale)
    )
    drawn = np.empty((3, len(counts), len(picks.probs)), np.intp)
    for at, (prob, value, end, t) in enumerate(
        zip(picks.probs, picks.value_scales, picks.end_scales, picks.shifts, strict=True)
    ):
        middle, first, second = (
            _chosen(scores(below, upto, prob, shift), scale) for shift, scale in ((0, value), (-t, end), (t, end))
        )
        drawn[:, :, at] = middle, np.minimum(first, second), np.maximum(first, second)
    # A higher quantile is not lower: where all intervals hold, they still do.
    middle, low = np.maximum.accumulate(drawn[:2], axis=2)
    high = np.minimum.accumulate(drawn[2, :, ::-1], axis=1)[:, ::-1]
    ordered = np.stack([np.clip(middle, low, np.maximum(low, high)), low, np.maximum(low, high)], axis=2)
    return [
        Picked(
            count, picks.count_scale, tuple(Quantile(*(candidates[index] for index in group)) for group in quantiles)
        )
        for count, quantiles in zip(counted, ordered.tolist(), strict=True)
    ]


def scores(below: Scores, upto: Scores, prob: Fraction, shift: int) -> Scores:
    """Each candidate's distance in rank from ``prob * all + shift``; ``shift`` and scores in 1/denominator accounts."""
    rank = prob.numerator * upto[:, -1:] + shift
    over, under = prob.denominator * below - rank, rank - prob.denominator * upto
    over[:, 0] = under[:, -1] = 0
    return np.maximum(0, np.maximum(over, under))


@cache
def _chooser(scale: float) -> Any:
    """OpenDP's choice of the lowest score after Gumbel noise, in zCDP."""
    space = domains.vector_domain(domains.atom_domain(T="i64")), metrics.linf_distance(T="i64")
    return measurements.make_noisy_max(*space, measures.zero_concentrated_divergence(), scale=scale, negate=True)


def _chosen(scored: Scores, scale: float) -> npt.NDArray[np.intp]:
    return np.array([_chooser(scale)(row) for row in scored], dtype=np.intp)


def _sensitivity(prob: Fraction, factor: int) -> int:
    return factor * max(prob.numerator, prob.denominator - prob.numerator)


def _price(prob: Fraction, factor: int, scale: float) -> int:
    """Nano-rho of one pick in one group, rounded up."""
    return math.ceil(Fraction(_chooser(scale).map(_sensitivity(prob, factor))) * NANO)


def _scale_for(prob: Fraction, factor: int, nano_rho: int) -> float:
    """The smallest scale, to one part in 1e6, whose price is at most ``nano_rho``."""
    if nano_rho < 1:
        raise UsageError("A question needs a price above zero. Give it a larger share.")
    scale = 2 * _sensitivity(prob, factor) / math.sqrt(8 * nano_rho / NANO)
    while _price(prob, factor, scale) > nano_rho:
        scale *= 1 + 1e-6
    return scale


def _l2(per_account: int, factor: int) -> float:
    """One account more moves the counts of so many groups by one; rounded up."""
    return factor * math.nextafter(math.sqrt(per_account), math.inf)
