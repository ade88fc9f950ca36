"""Arithmetic on releases: ``share`` and ``change``. It reads no data and costs nothing.

Intervals hold with at least 95 %: both counts are taken at 97.5 % (Bonferroni), the quotient at its worst corner.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Literal

from privacy_analytics.dp.releases import Z95, Z975, Cell, Release
from privacy_analytics.errors import UsageError


def share(part: Release, *, of: Release) -> Release:
    """Each cell of ``part`` as a share of ``of``, a total or a release with the same keys. Free.

    Rows of accounts are a ratio: so many a head.

    The interval holds with at least 95 %: both counts are taken at 97.5 % (Bonferroni), the ratio at its worst corner.

    Raises
    ------
    UsageError
        the two do not fit: other units, months, populations or keys
    """
    _comparable(part, of)
    if part.snapshot != of.snapshot:
        raise UsageError("These releases are of different months. Compare months with change().")
    if of.by not in ((), part.by):
        raise UsageError("These releases have different keys. Take the share of a total, or of the same keys.")
    at_most_one = _within(part, of)

    def ratio(cell: Cell, total: Cell) -> tuple[float, float, float]:
        low, high = _corner(cell)
        least, most = _corner(total)
        return (
            _ratio(cell.value, total.value),
            max(0.0, _ratio(max(low, 0.0), most)),
            min(1.0, _ratio(high, least)) if at_most_one else _ratio(high, least),
        )

    return _derived("share", part, of, ratio)


def change(new: Release, old: Release) -> Release:
    """Relative change of each cell from ``old`` to ``new`` (0.1 is a tenth more). Free.

    The interval holds with at least 95 % (both counts at 97.5 %, the ratio at its worst corner); where it spans 0
    there is no clear difference.

    Raises
    ------
    UsageError
        the two do not answer the same question
    """
    _comparable(new, old)
    if {"day", "week"} & set(new.by):
        raise UsageError("change() compares months, which have no day in common. Ask both without day or week.")
    if any(new.question.get(name) != old.question.get(name) for name in _ASKED):
        raise UsageError("change() compares two answers to the same question under the same bounds; these differ.")

    def ratio(cell: Cell, before: Cell) -> tuple[float, float, float]:
        low, high = _corner(cell)
        least, most = _corner(before)
        return _ratio(cell.value, before.value) - 1, _ratio(max(low, 0.0), most) - 1, _ratio(high, least) - 1

    return _derived("change", new, old, ratio)


_ASKED = ("kind", "table", "by", "where", "cohort", "per_account", "per_cell")
OPERATIONS: dict[str, Callable[[Release, Release], Release]] = {
    "share": lambda part, of: share(part, of=of),
    "change": change,
}


def _corner(cell: Cell) -> tuple[float, float]:
    """A 97.5 % interval; the noise is a whole number, so the half-width is rounded up to one."""
    half = math.ceil(Z975 * (cell.sigma or 0.0))  # counts have one
    return cell.value - half, cell.value + half


def _ratio(above: float, below: float) -> float:
    """A quotient of noised counts; one account is the least that a denominator can stand for."""
    return above / max(below, 1.0)


def _comparable(first: Release, second: Release) -> None:
    if not {first.unit, second.unit} <= {"accounts", "rows"}:
        raise UsageError("share() and change() take releases of counts, not one of each other.")
    if first.population != second.population:
        raise UsageError("These releases count different populations. Ask both for the same purpose.")


def _within(part: Release, of: Release) -> bool:
    """Whether every account counts in the total ``of`` at least what it counts in any one cell of ``part``."""
    narrower = all(of.question.get(name) in ([], None, part.question.get(name)) for name in ("where", "cohort"))
    same = not of.by and (part.unit, part.table) == (of.unit, of.table)
    bounds = [release.mechanism.per_cell if release.mechanism else 0 for release in (part, of)]
    return same and narrower and bounds[0] <= bounds[1]


def _derived(
    op: Literal["share", "change"],
    first: Release,
    second: Release,
    ratio: Callable[[Cell, Cell], tuple[float, float, float]],
) -> Release:
    others = {cell.key: cell for cell in second.cells}
    cells: list[Cell] = []
    for cell in first.cells:
        other = others.get(cell.key) or (second.cells[0] if len(second.cells) == 1 and not second.by else None)
        if other is None:
            continue  # a key that only one month has, such as a day, has nothing to be compared with
        value, low, high = ratio(cell, other)
        worst = max((cell.status, other.status), key=("ok", "approximate", "unreliable", "suppressed").index)
        cells.append(Cell(cell.key, value, low, high, (high - low) / (2 * Z95), worst))
    if not cells:
        raise UsageError("These releases have no keys in common. Ask both by the same column.")
    return Release(
        id=f"{op}:{first.id}:{second.id}",
        key="",
        unit="ratio" if op == "share" and first.unit != second.unit else op,
        table=first.table,
        by=first.by,
        month=first.month,
        snapshot=first.snapshot,
        population=first.population,
        floor=first.floor,
        cells=tuple(cells),
        question={"op": op, "of": [first.expression, second.expression]},
        recorded=first.recorded,
    )
