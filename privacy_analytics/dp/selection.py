"""Keys that nobody listed beforehand, found in rounds (DP-SIPS).

Each round every account spreads a weight of L2 norm at most ``WEIGHT`` evenly over those of its items that are not
found yet; the sums get discrete Gaussian noise, and what reaches the threshold is found. The cheap first rounds take
out the frequent keys, so that in the last one accounts put their weight on what is rarer.

Source: Swanberg, Desfontaines and Haney, "DP-SIPS: A simpler, more scalable mechanism for differentially private
partition selection", PoPETs 2023(4), arXiv:2301.01998. The rounds compose by addition; the mechanism of a round and its
price are OpenDP's ``make_gaussian_threshold``.
"""

from __future__ import annotations

import json
import math
from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from opendp import domains, measurements, metrics

from privacy_analytics.dp.mechanisms import NANO, scale_for
from privacy_analytics.errors import UsageError

WEIGHT = 2**16
"""The largest L2 norm of an account's weights in a round; one whole account on one key."""
ROUNDS = (Fraction(5, 100), Fraction(15, 100), Fraction(80, 100))
"""Each round's part of the loss, as in the paper."""
FEMTO = 10**15
"""Deltas are whole numbers of 1e-15."""


def weight(items: int) -> int:
    """What an account with this many kept items adds to each: ``floor(WEIGHT / sqrt(items))``, exactly."""
    return math.isqrt(WEIGHT**2 // items)


@dataclass(frozen=True)
class Round:
    """One noised sum of weights and the least noised sum that counts as found."""

    scale: float
    """Of the discrete Gaussian noise, in the unit of the weights."""
    threshold: int
    distances: tuple[tuple[int, int, int], ...]
    """The ways in which one account (spanning: one of its months) moves the sums: so many keys, in L2, in any one."""

    @property
    def nano_rho(self) -> int:
        """The price in 1e-9 of zCDP rho, rounded up: that of the dearest distance."""
        return max(_price(self.scale, self.threshold, distance)[0] for distance in self.distances)

    @property
    def delta(self) -> int:
        """The price in 1e-15 of delta, rounded up: that of the dearest distance."""
        return max(_price(self.scale, self.threshold, distance)[1] for distance in self.distances)


@dataclass(frozen=True)
class Found:
    """A found key's noised weight (``WEIGHT`` is one account that has no other item left) and its noise's scale."""

    weight: int
    scale: float


def rounds_for(per_account: int, nano_rho: int, delta: int, factor: int = 1) -> tuple[Round, ...]:
    """Rounds that together cost at most ``nano_rho`` and ``delta``, each with the smallest threshold it can pay for.

    Parameters
    ----------
    per_account : items that an account may keep in a round
    nano_rho, delta : what may be spent, in 1e-9 of rho and in 1e-15
    factor : 1, or 2 where an account's rows of one month are a part of what it adds (a spanning question)

    Raises
    ------
    UsageError
        nothing is to be spent
    """
    distances = _distances(per_account, factor)
    return tuple(round_for(distances, int(nano_rho * part), int(delta * part)) for part in ROUNDS)


def round_for(distances: tuple[tuple[int, int, int], ...], nano_rho: int, delta: int) -> Round:
    """One round at the least scale and threshold whose price fits. Raises UsageError where nothing is to be spent."""
    if delta < 1:
        raise UsageError("Keys that nobody listed need a delta above zero. Ask by a listed key, or give it a share.")
    scale = scale_for(float(max(l2 for _, l2, _ in distances)), nano_rho)
    threshold = max(largest for _, _, largest in distances) + 1
    for distance in distances:

        def fits(candidate: int, distance: tuple[int, int, int] = distance) -> bool:
            return _price(scale, candidate, distance)[1] <= delta

        if not fits(threshold):  # beyond 12 sigma the delta is below 1e-30
            threshold += bisect_left(range(threshold, threshold + math.ceil(12 * scale)), True, key=fits)
    return Round(scale, threshold, distances)


def discover(
    weights: Callable[[frozenset[str]], Mapping[str, int]], rounds: Sequence[Round], *, nano_rho: int, delta: int
) -> dict[str, Found]:
    """The found keys, round by round, the largest noised weight first; the order reads released values only.

    Parameters
    ----------
    weights : called once a round with what is found: the sum over accounts of ``weight(kept items)`` for each other key
    nano_rho, delta : what was charged

    Raises
    ------
    UsageError
        OpenDP prices the rounds above what was charged
    """
    if sum(each.nano_rho for each in rounds) > nano_rho or sum(each.delta for each in rounds) > delta:
        raise UsageError("The noise is too small for what was charged. This is a fault of ours; please report it.")
    found: dict[str, Found] = {}
    for each in rounds:
        # OpenDP cuts a text at its first NUL and refuses lone surrogates; JSON's ASCII form of a text has neither.
        asked = {json.dumps(key): summed for key, summed in weights(frozenset(found)).items()}
        released = {json.loads(key): noised for key, noised in _mechanism(each.scale, each.threshold)(asked).items()}
        for key in sorted(released, key=lambda key: (-released[key], key)):
            found.setdefault(key, Found(released[key], each.scale))
    return found


def _distances(per_account: int, factor: int) -> tuple[tuple[int, int, int], ...]:
    """What one account adds: n keys of ``weight(n)`` each, for any n; the widest first, which is mostly the dearest.

    A month taken away may turn one such vector into another, so a spanning question pays for the worst of everything.
    """
    if factor > 1:
        return ((factor * per_account, factor * WEIGHT, factor * WEIGHT),)
    return tuple((items, WEIGHT, weight(items)) for items in range(per_account, 0, -1))


def _mechanism(scale: float, threshold: int) -> Any:
    """OpenDP's discrete Gaussian and threshold over maps of text to int64."""
    space = (
        domains.map_domain(domains.atom_domain(T="String"), domains.atom_domain(T="i64")),
        metrics.l02inf_distance(metrics.absolute_distance(T=float)),
    )
    return measurements.make_gaussian_threshold(*space, scale=scale, threshold=threshold)


def _price(scale: float, threshold: int, distance: tuple[int, int, int]) -> tuple[int, int]:
    """Nano-rho and 1e-15 of delta by OpenDP's map, rounded up.

    It releases what is at least the threshold but prices what is above it (opendp#2922), so we ask for one less.
    """
    keys, l2, largest = distance
    rho, delta = _mechanism(scale, threshold - 1).map((keys, float(l2), float(largest)))
    return math.ceil(Fraction(rho) * NANO), math.ceil(Fraction(delta) * FEMTO)
