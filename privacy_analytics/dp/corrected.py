"""Ratios of released counts at any confidence: what a sentence may say when several are said at once.

A *tree* is a count, or a pair of trees: the first divided by the second. An estimate splits the chance to miss evenly
over its counts (Bonferroni) and takes every quotient at its worst corner, so [low, high] holds the value without noise
with at least ``1 - miss``, whatever the tree. Several sentences share one chance in the same way.

A count is ``{"of": 0}``, the only number of the first release; with ``"keys"`` the sum of those cells; with
``"mean": true`` the mean of all its cells.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

from privacy_analytics.dp.releases import Release
from privacy_analytics.errors import UsageError

Tree = Mapping[str, Any] | Sequence[Any]
DEEPEST = 4
"""Quotients inside each other: a change of a share against another group's change of it has three."""


@dataclass(frozen=True)
class Estimate:
    """A number and the interval that holds it without its noise; ``high`` may be infinite."""

    value: float
    low: float
    high: float

    @property
    def clear(self) -> bool:
        """Whether as a ratio it is clearly above or below one."""
        return self.low > 1 or self.high < 1


def estimate(tree: Tree, releases: Sequence[Release], miss: float) -> Estimate | None:
    """The value of a tree with its interval; None where one of its counts is too small to show.

    Raises
    ------
    UsageError
        it names what is not there, or counts that cannot be added, or is no count
    """
    if not 0 < miss < 1:
        raise UsageError("The chance to miss lies between 0 and 1.")
    return _value(tree, releases, -NormalDist().inv_cdf(miss / leaves(tree) / 2), DEEPEST)


def leaves(tree: Tree) -> int:
    """How many counts a tree is made of."""
    return 1 if isinstance(tree, Mapping) else sum(map(leaves, tree))


def _value(tree: Tree, releases: Sequence[Release], z: float, deep: int) -> Estimate | None:
    if isinstance(tree, Mapping):
        return _count(tree, releases, z)
    if len(tree) != 2 or not deep:
        raise UsageError("A quotient is a pair of counts, or of quotients of them.")
    above, below = (_value(part, releases, z, deep - 1) for part in tree)
    if above is None or below is None:
        return None
    least = 1.0 if isinstance(tree[1], Mapping) else 0.0  # one account is the least that a count can stand for
    return Estimate(
        _divided(above.value, max(below.value, least)),
        max(above.low, 0.0) / below.high if below.high > 0 else 0.0,
        _divided(above.high, max(below.low, least)),
    )


def _divided(above: float, below: float) -> float:
    return above / below if below > 0 else math.inf


def _count(leaf: Mapping[str, Any], releases: Sequence[Release], z: float) -> Estimate | None:
    at, keys, mean = leaf.get("of"), leaf.get("keys"), leaf.get("mean", False)
    if set(leaf) - {"of", "keys", "mean"} or not isinstance(at, int) or not 0 <= at < len(releases):
        raise UsageError("A count names one of the releases.")
    release = releases[at]
    if release.unit not in ("accounts", "rows") or not release.key:
        raise UsageError("Sentences are made of counts of accounts or rows, as they were released.")
    cells = [release[tuple(key)] for key in keys] if keys else list(release.cells)
    alone = len(cells) == 1 or mean or release.unit == "rows" or _apart(release)
    if not alone or (not keys and not mean and len(cells) > 1):
        raise UsageError("An account may be in several of these cells, so they do not add up. Name one of them.")
    if any(cell.status == "suppressed" for cell in cells) and not mean:
        return None
    parts = len(cells) if mean else 1
    value = math.fsum(cell.value for cell in cells) / parts
    half = z * math.sqrt(math.fsum((cell.sigma or 0.0) ** 2 for cell in cells)) / parts
    half = half if mean else math.ceil(half)  # noise is a whole number
    return Estimate(value, value - half, value + half)


def _apart(release: Release) -> bool:
    """Whether an account is in one cell at most."""
    return release.mechanism is not None and release.mechanism.per_account == 1
