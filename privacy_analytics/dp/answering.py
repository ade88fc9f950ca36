"""From a bounded question and a charge to published cells: which mechanism answers which kind of question.

An engine bounds and adds up; OpenDP adds the noise; what is here arranges vectors and reads intervals off noised
numbers, which costs nothing.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import Protocol, cast

import numpy as np
from numpy.typing import NDArray

from privacy_analytics.dp import mechanisms, ranks, selection
from privacy_analytics.dp.charge import Charge
from privacy_analytics.dp.questions import Bounded, Quantiles, TopKeys, Value
from privacy_analytics.dp.questions.bounded import root
from privacy_analytics.dp.releases import Z95, Cell, Clipped, Mechanism, status, trust

SELECTION = 0.9
"""Part of the loss of TopKeys that finds phrases; the rest counts them. Half as much would find a third fewer."""
BEYOND = 6
"""Thresholds of phrases lie about so many sigma up, at deltas from 1e-8 to 1e-10."""
LEAST = 10_000
"""Nano-rho from which on quantiles can be priced; below it they are as good as none."""
PHRASE_FLOOR = 50
"""Smallest released number of accounts of a phrase that is shown: what a team shares is above any noise."""

Vector = NDArray[np.int64]


@dataclass(frozen=True)
class Sums:
    """What an engine adds up over accounts, bounded: by cell (or cell and place), and how many met a bound."""

    n: Vector
    accounts: Vector
    met_a_bound: int


class Engine(Protocol):
    """Whatever can read rows of one question."""

    def sums(self, bounded: Bounded) -> Sums:
        """Over all accounts; ``n`` and ``accounts`` have one number a group, or one a cell or candidate in rows."""
        ...

    def weights(self, bounded: Bounded, found: frozenset[str]) -> Mapping[str, int]:
        """Summed weights of keys that are not found yet; see ``selection``."""
        ...

    def counts(self, bounded: Bounded, keys: Sequence[str]) -> Vector:
        """How many accounts have each of these keys; of one account ``per_account`` at most."""
        ...


@dataclass(frozen=True)
class Drawn:
    """Published cells, what made them, and how the parts of their keys are called."""

    cells: tuple[Cell, ...]
    mechanism: Mechanism
    by: tuple[str, ...]


def answer(bounded: Bounded, charge: Charge, engine: Engine, floor: int) -> Drawn:
    """Draw the noise of one question. ``floor`` is the smallest number of accounts that is shown.

    Raises
    ------
    UsageError
        OpenDP prices the noise above the charge, or there is nothing to spend
    """
    question = bounded.question
    if isinstance(question, TopKeys):
        return _top_keys(bounded, charge, engine, floor)
    if isinstance(question, Quantiles):
        return _quantiles(bounded, charge, engine, floor)
    sums = engine.sums(bounded)
    size = sums.n.size
    parts = [sums.n.ravel()]
    if bounded.counted:
        parts.append(bounded.counted * sums.accounts.ravel())
    if bounded.clipped:
        parts.append(np.array([bounded.clipped * sums.met_a_bound], np.int64))
    sensitivity, spent = bounded.sensitivity, charge.nano_rho
    scale = mechanisms.scale_for(sensitivity, spent)
    noised = mechanisms.add_noise(np.concatenate(parts), l2=sensitivity, scale=scale, nano_rho=spent)
    if bounded.counted:
        cells = [
            _mean(bounded, key, total, count, scale, floor)
            for key, total, count in zip(bounded.cells, noised[:size], noised[size : 2 * size], strict=True)
        ]
    else:
        half = mechanisms.half_width(scale)
        cells = [
            _amount(bounded, key, total, half, scale, floor)
            for key, total in zip(bounded.cells, noised[:size], strict=True)
        ]
    clipped = _clipped(noised[-1] / bounded.clipped, scale / bounded.clipped) if bounded.clipped else None
    return Drawn(tuple(cells), _mechanism("discrete Gaussian", bounded, scale, clipped), bounded.names)


def least(bounded: Bounded) -> Charge:
    """The smallest charge that every part of an answer's price still fits in: below it nothing can be drawn."""
    question = bounded.question
    if isinstance(question, TopKeys):
        first = selection.ROUNDS[0]
        return Charge(max(_parts(1 - SELECTION), _parts(SELECTION * first)), _parts(first))
    if isinstance(question, Quantiles):
        picks = len(question.probs) * bounded.per_account
        return Charge(picks * _parts((1 - ranks.COUNT) * ranks.VALUE))
    return Charge(1)


def _parts(share: float | Fraction) -> int:
    """So much has to be there, so that a share of it is one unit, with room for rounding."""
    return math.ceil(2 / share)


def half_width(bounded: Bounded, nano_rho: int) -> float:
    """Expected half of the 95 % interval of a cell, in accounts, rows or the column's unit, from public bounds alone.

    Of quantiles and means it is in accounts: how far off the rank is, and how far off the number of accounts; of
    phrases it is how many accounts have to say one, so that it is found.
    """
    question, spent = bounded.question, max(nano_rho, 1)
    if isinstance(question, Quantiles):
        return max(_picks(bounded, question, max(spent, LEAST)).rank_errors)
    sigma = bounded.sensitivity / math.sqrt(2 * spent / mechanisms.NANO)
    if isinstance(question, TopKeys):  # what decides is not how well a phrase is counted but whether it is found
        return BEYOND * sigma / math.sqrt(SELECTION * selection.ROUNDS[-1])
    units = bounded.value.units if bounded.value and bounded.unit == "sum" else 1
    return Z95 * sigma / (bounded.counted or units)


def _amount(bounded: Bounded, key: tuple[str, ...], noised: int, half: int, scale: float, floor: int) -> Cell:
    """A count or a sum: an account adds ``per_cell`` at most, so that many accounts are behind it at least."""
    units = bounded.value.units if bounded.value and bounded.unit == "sum" else 1
    least = floor * (bounded.per_cell / units)
    sigma = scale / units
    value, low, high = (amount / units if units > 1 else amount for amount in (noised, noised - half, noised + half))
    return Cell(key, value, low, high, sigma, status(abs(value) if bounded.unit == "sum" else value, sigma, least))


def _mean(bounded: Bounded, key: tuple[str, ...], total: int, count: int, scale: float, floor: int) -> Cell:
    """A mean with Fieller's interval: all m for which total - m * count is within its own noise of 0 (Fieller 1954)."""
    value = cast("Value", bounded.value)
    middle, weight = bounded.centre, bounded.counted
    accounts, noise = count / weight, scale / weight
    low, high = (end - middle for end in value.span)
    spread = (Z95 * noise) ** 2
    first = accounts**2 - spread
    if accounts > 0 and first > 0:
        root = Z95 * scale * math.sqrt(max(first + (total / weight) ** 2, 0.0))
        ends = (total * accounts - root) / first, (total * accounts + root) / first
        off, low, high = (min(max(each, low), high) for each in (total / accounts, *ends))
    else:
        off = min(max(total / max(accounts, 1.0), low), high)
    mean, low, high = ((each + middle) / value.units for each in (off, low, high))
    sigma = (high - low) / (2 * Z95)
    enough = accounts - 2 * noise >= floor
    return Cell(
        key, mean, low, high, sigma, trust(mean - value.span[0] / value.units, sigma) if enough else "suppressed"
    )


def _quantiles(bounded: Bounded, charge: Charge, engine: Engine, floor: int) -> Drawn:
    question, value = cast("Quantiles", bounded.question), cast("Value", bounded.value)
    picks = _picks(bounded, question, charge.nano_rho)
    picked = ranks.pick(engine.sums(bounded).accounts, bounded.places, picks, nano_rho=charge.nano_rho)
    middles = [(low + high) / 2 for low, high in pairwise(bounded.places)]
    low_ends, high_ends = [value.span[0], *middles], [*middles, value.span[1]]  # of all that count at a candidate
    lowest = dict[float, float](zip(bounded.places, low_ends, strict=True))
    highest = dict[float, float](zip(bounded.places, high_ends, strict=True))
    cells: list[Cell] = []
    for group, each in zip(bounded.groups, picked, strict=True):
        enough = each.count - 2 * each.count_sigma >= floor
        for prob, quantile in zip(question.probs, each.quantiles, strict=True):
            ends = quantile.value, lowest[quantile.low], highest[quantile.high]
            point, low, high = (end / value.units for end in ends)
            sure = trust(point - value.span[0] / value.units, (high - low) / (2 * Z95))
            cells.append(Cell((*group, f"p{100 * prob:g}"), point, low, high, None, sure if enough else "suppressed"))
    return Drawn(tuple(cells), _mechanism("noisy max of rank scores", bounded, None, None), bounded.names)


def _picks(bounded: Bounded, question: Quantiles, nano_rho: int) -> ranks.Picks:
    return ranks.picks_for(
        question.probs,
        candidates=len(bounded.places),
        per_account=bounded.per_account,
        nano_rho=nano_rho,
        factor=bounded.factor,
    )


def _top_keys(bounded: Bounded, charge: Charge, engine: Engine, floor: int) -> Drawn:
    """Find phrases, then count the first of them: two mechanisms, whose prices add up. Rare ones are not named."""
    question = cast("TopKeys", bounded.question)
    finding = Charge(int(SELECTION * charge.nano_rho), charge.delta)
    rounds = selection.rounds_for(bounded.per_account, finding.nano_rho, finding.delta, bounded.factor)
    found = selection.discover(
        lambda known: engine.weights(bounded, known), rounds, nano_rho=finding.nano_rho, delta=finding.delta
    )
    keys = list(found)[: question.top]
    left = charge.nano_rho - finding.nano_rho
    l2 = bounded.factor * root(min(bounded.per_account, max(len(keys), 1)))
    scale = mechanisms.scale_for(l2, left)
    noised = mechanisms.add_noise(engine.counts(bounded, keys), l2=l2, scale=scale, nano_rho=left)
    half = mechanisms.half_width(scale)
    cells = [
        Cell((key,), count, count - half, count + half, scale, status(count, scale, max(floor, PHRASE_FLOOR)))
        for key, count in zip(keys, noised, strict=True)
    ]
    shown = sorted((cell for cell in cells if cell.status != "suppressed"), key=lambda cell: (-cell.value, cell.key))
    return Drawn(tuple(shown), _mechanism("DP-SIPS, discrete Gaussian", bounded, scale, None), bounded.names)


def _mechanism(name: str, bounded: Bounded, sigma: float | None, clipped: Clipped | None) -> Mechanism:
    value = bounded.value
    units = value.units if value else 1
    return Mechanism(
        name=name,
        sigma=sigma,
        per_account=bounded.per_account,
        per_cell=bounded.per_cell / units if units > 1 and bounded.per_cell > 1 else bounded.per_cell,
        l2=bounded.l2,
        bounds=(value.span[0] / units, value.span[1] / units) if value else None,
        clipped=clipped,
    )


def _clipped(accounts: float, sigma: float) -> Clipped:
    half = Z95 * sigma
    return Clipped(round(accounts, 1), round(accounts - half, 1), round(accounts + half, 1))
