"""How a report splits its privacy loss: by what each block needs, decided from public and released numbers alone.

The month's accounts are released first. From that *released* number every other block gets an expected cell, a share of
rho (weight ~ l2 / expected cell, which minimises the summed squared relative errors), and an expected half-width.
A block whose half-width is not useful takes a coarser grain of time, or is left out with the population it would need.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from privacy_analytics.dp.questions import Bounded
from privacy_analytics.dp.releases import Z95

ANCHOR_SHARE = 0.1
"""Part of a report's rho for the month's accounts, which the choice of everything else rests on."""
USEFUL = 0.5
"""A block is released if its expected 95 % half-width is at most this part of its expected cell."""


@dataclass(frozen=True)
class Allotment:
    """What one block gets: its question at the chosen grain and its nano-rho."""

    name: str
    bounded: Bounded
    nano_rho: int


@dataclass(frozen=True)
class TooSmall:
    """A block that is not released, and the number of active accounts from which it would be."""

    name: str
    needs: int


def expected_cell(bounded: Bounded, accounts: float) -> float:
    """What a cell may hold in a population of this size, guessed from public bounds only.

    An account is taken to touch the square root of the cells that it may, and a quarter of the rows that it may.
    """
    cells = max(len(bounded.cells), 1)
    touched = min(math.sqrt(bounded.per_account), cells)
    return max(accounts * touched / cells * max(bounded.per_cell / 4, 1.0), 1.0)


def sigma(l2: float, nano_rho: int) -> float:
    """Standard deviation of Gaussian noise at this price."""
    return l2 / math.sqrt(2 * max(nano_rho, 1) / 1e9)


def allot(
    blocks: Mapping[str, tuple[Bounded, ...]], accounts: float, nano_rho: int, *, all_of_them: bool = False
) -> tuple[list[Allotment], list[TooSmall]]:
    """Split ``nano_rho`` over blocks, each given as its grains from fine to coarse.

    Every round the least useful block gives way (a coarser grain, then out) until all that stay are useful;
    with ``all_of_them`` none does.
    """
    chosen = dict(blocks)
    dropped: list[TooSmall] = []
    while chosen:
        prices = _split({name: grains[0] for name, grains in chosen.items()}, accounts, nano_rho)
        errors = {
            name: Z95 * sigma(grains[0].l2, prices[name]) / expected_cell(grains[0], accounts)
            for name, grains in chosen.items()
        }
        worst = max(errors, key=lambda name: errors[name])
        if all_of_them or errors[worst] <= USEFUL:
            return [Allotment(name, grains[0], prices[name]) for name, grains in chosen.items()], dropped
        coarser = chosen[worst][1:]
        if coarser:
            chosen[worst] = coarser
        else:
            del chosen[worst]
            dropped.append(TooSmall(worst, _round_up(accounts * errors[worst] / USEFUL)))
    return [], dropped


def _split(blocks: Mapping[str, Bounded], accounts: float, nano_rho: int) -> dict[str, int]:
    """At least one nano-rho each, together at most ``nano_rho``."""
    weights = {name: bounded.l2 / expected_cell(bounded, accounts) for name, bounded in blocks.items()}
    free, total = nano_rho - len(blocks), sum(weights.values())
    return {name: 1 + int(free * (weight / total)) for name, weight in weights.items()}


def _round_up(accounts: float) -> int:
    """Two significant digits, upwards."""
    unit = 10 ** max(math.floor(math.log10(max(accounts, 1))) - 1, 0)
    return math.ceil(accounts / unit) * unit
