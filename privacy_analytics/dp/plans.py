"""How a report splits its privacy loss: by what each block needs, decided from public and released numbers alone.

The month's accounts are released first. From that *released* number every other block gets an expected cell, a share of
rho (weight ~ l2 / expected cell, which minimises the summed squared relative errors), and an expected half-width.
A block whose half-width is not useful takes a coarser grain of time, or is left out with the population it would need.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

from privacy_analytics.dp.answering import half_width
from privacy_analytics.dp.charge import Charge
from privacy_analytics.dp.mechanisms import NANO
from privacy_analytics.dp.questions import Bounded, CountRows, Mean, Sum, TopKeys

ANCHOR_SHARE = 0.1
"""Part of a report's rho for the month's accounts, which the choice of everything else rests on."""
USEFUL = 0.5
"""A block is released if its expected 95 % half-width is at most this part of its expected cell."""
CLOSER = 5
"""Means and quantiles need their accounts so much closer than a count does: a tenth of them, not half."""
MANY = 1e9
"""Accounts, so many that every expected cell is above one."""
SAID_BY = 30
"""A phrase is taken to be said by one account in so many."""


@dataclass(frozen=True)
class Allotment:
    """What one block gets: its question at the chosen grain and its charge."""

    name: str
    bounded: Bounded
    charge: Charge


@dataclass(frozen=True)
class TooSmall:
    """A block that is not released, and the number of active accounts from which it would be."""

    name: str
    needs: int


def expected_cell(bounded: Bounded, accounts: float) -> float:
    """What a cell may hold in a population of this size, guessed from public bounds only, in the unit of `half_width`.

    An account is taken to touch the square root of the cells that it may, and a quarter of what it may add to one.
    """
    cells, question = max(len(bounded.cells), 1), bounded.question
    touched = min(math.sqrt(bounded.per_account), len(bounded.groups))
    if isinstance(question, TopKeys):
        return max(accounts / SAID_BY, 1.0)
    expected = accounts * touched / cells
    if isinstance(question, CountRows | Sum):
        units = bounded.value.units if bounded.value else 1
        expected *= max(bounded.per_cell / units / 4, 1.0)
    return max(expected / CLOSER if isinstance(question, Mean) and bounded.unit != "accounts" else expected, 1.0)


def allot(
    blocks: Mapping[str, tuple[Bounded, ...]],
    accounts: float,
    budget: Charge,
    *,
    parts: Mapping[str, float] | None = None,
    all_of_them: bool = False,
) -> tuple[list[Allotment], list[TooSmall]]:
    """Split a charge over blocks, each given as its grains from fine to coarse.

    ``parts`` says of blocks that are about few of the accounts, about which part of them: a public guess.
    Every round the least useful block gives way (a coarser grain, then out) until all that stay are useful;
    with ``all_of_them`` none does.
    """
    chosen, dropped = dict(blocks), list[TooSmall]()
    part = {name: (parts or {}).get(name, 1.0) for name in blocks}
    while chosen:
        fine = {name: grains[0] for name, grains in chosen.items()}
        cells = {name: expected_cell(bounded, accounts * part[name]) for name, bounded in fine.items()}
        charges = _split(fine, cells, budget)
        errors = {name: half_width(each, charges[name].nano_rho) / cells[name] for name, each in fine.items()}
        worst = max(errors, key=lambda name: errors[name])
        if all_of_them or errors[worst] <= USEFUL:
            return [Allotment(name, grains[0], charges[name]) for name, grains in chosen.items()], dropped
        coarser = chosen[worst][1:]
        if coarser:
            chosen[worst] = coarser
        else:
            dropped.append(TooSmall(worst, _needed(chosen[worst][0], charges[worst], part[worst])))
            del chosen[worst]
    return [], dropped


def alternatives(
    bounded: Bounded, grains: tuple[Bounded, ...], accounts: float, charge: Charge
) -> list[dict[str, str | float]]:
    """What else could be asked, from public numbers alone: a coarser grain, fewer cells an account, another share.

    Each with ``says``, the ``half_width`` it would have and the ``expected_cell`` beside it.
    """
    offers = [("by " + ", by ".join(grain.names), grain, charge) for grain in grains if grain.key != bounded.key]
    fewer = max(bounded.per_account // 4, 1)
    if fewer < bounded.per_account and not bounded.months:
        offers.append((f"per_account={fewer}", replace(bounded, per_account=fewer), charge))
    cell = expected_cell(bounded, accounts)
    off = half_width(bounded, charge.nano_rho) / cell
    if off > USEFUL:
        offers.append(
            ("the price that makes it useful", bounded, Charge(math.ceil(charge.nano_rho * (off / USEFUL) ** 2)))
        )
    elif off < USEFUL / 4:
        offers.append(("a quarter of the price", bounded, Charge(charge.nano_rho // 4)))
    return [
        {
            "says": says,
            "nano_rho": each.nano_rho,
            "half_width": half_width(other, each.nano_rho),
            "expected_cell": expected_cell(other, accounts),
        }
        for says, other, each in offers
    ]


def _split(blocks: Mapping[str, Bounded], cells: Mapping[str, float], budget: Charge) -> dict[str, Charge]:
    """Rho by how wide a block is at the same price, at least one nano-rho each; delta evenly, to those that need it."""
    weights = {name: half_width(bounded, NANO) / cells[name] for name, bounded in blocks.items()}
    free, total = budget.nano_rho - len(blocks), sum(weights.values())
    discovering = [name for name, bounded in blocks.items() if isinstance(bounded.question, TopKeys)]
    return {
        name: Charge(1 + int(free * (weight / total)), budget.delta // len(discovering) if name in discovering else 0)
        for name, weight in weights.items()
    }


def _needed(bounded: Bounded, charge: Charge, part: float) -> int:
    """Accounts from which a block is useful at this price: beyond one, its expected cell grows with them."""
    each = expected_cell(bounded, MANY * part) / MANY
    return _round_up(half_width(bounded, charge.nano_rho) / USEFUL / each)


def _round_up(accounts: float) -> int:
    """Two significant digits, upwards."""
    unit = 10 ** max(math.floor(math.log10(max(accounts, 1))) - 1, 0)
    return math.ceil(accounts / unit) * unit
