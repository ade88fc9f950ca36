"""Noise and its price, from OpenDP core alone: exact discrete Gaussian noise on integer vectors, accounted in zCDP.

Prices are whole nano-rho (1e-9 of zCDP rho), rounded up; OpenDP's own map prices, our code only compares.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from functools import cache
from statistics import NormalDist
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray
from opendp import accuracy, combinators, domains, measurements, metrics
from opendp.mod import enable_features

from privacy_analytics.errors import UsageError

NANO = 1_000_000_000
WIDE = 1_000.0
"""Scale of noise from which on its tail is bounded in closed form."""
enable_features("contrib")


@cache
def gaussian(scale: float) -> Any:
    """OpenDP's discrete Gaussian over int64 vectors, in L2 distance and zCDP."""
    space = domains.vector_domain(domains.atom_domain(T="i64")), metrics.l2_distance(T=float)
    return measurements.make_gaussian(*space, scale=scale)


def price(l2: float, scale: float) -> int:
    """Nano-rho that noise of this scale costs at this L2 bound, rounded up."""
    return math.ceil(Fraction(cast("float", gaussian(scale).map(l2))) * NANO)


def scale_for(l2: float, nano_rho: int) -> float:
    """The smallest scale, to one part in 1e6, whose price is at most ``nano_rho``.

    Raises UsageError where nothing is to be spent.
    """
    if nano_rho < 1:
        raise UsageError("A question needs a price above zero. Give it a larger share.")
    scale = l2 / math.sqrt(2 * nano_rho / NANO)
    while price(l2, scale) > nano_rho:
        scale *= 1 + 1e-6
    return scale


def add_noise(vector: Sequence[int] | NDArray[np.int64], *, l2: float, scale: float, nano_rho: int) -> list[int]:
    """The noised vector. Refuses unless OpenDP prices it within ``nano_rho``."""
    measurement = gaussian(scale)
    if price(l2, scale) > nano_rho:
        raise UsageError("The noise is too small for what was charged. This is a fault of ours; please report it.")
    return [int(value) for value in measurement(np.array(vector, dtype=np.int64))]


@cache
def half_width(scale: float, alpha: float = 0.05) -> int:
    """Noise exceeds this in absolute value with probability at most ``alpha``, which is below 0.3.

    OpenDP adds the discrete tail up, a second for every million of the scale. A wide one is bounded by the normal tail
    from half a step earlier: the discrete normaliser is at least sqrt(2 pi) scale (Poisson summation), and beyond one
    scale the density is convex, so each step is at most its integral from half a step before it to half after.
    """
    if scale > WIDE:
        return math.ceil(NormalDist().inv_cdf(1 - alpha / 2) * scale - 0.5)
    return int(accuracy.discrete_gaussian_scale_to_accuracy(scale=scale, alpha=alpha)) - 1


@cache
def nano_rho_for(epsilon: float, delta: float) -> int:
    """The largest nano-rho that converts to at most (epsilon, delta), by OpenDP's ``make_zCDP_to_approxDP``."""
    low, high = 0, math.ceil(epsilon * NANO)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if epsilon_of(middle, delta) <= epsilon else (low, middle)
    return low


def epsilon_of(nano_rho: int, delta: float) -> float:
    """The ε that this rho converts to at this δ; zero for nothing spent."""
    if nano_rho == 0:
        return 0.0
    scale = math.sqrt(NANO / (2 * nano_rho))
    return float(combinators.make_zCDP_to_approxDP(gaussian(scale)).map(1.0).epsilon(delta))
