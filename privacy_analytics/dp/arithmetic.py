"""Arithmetic on releases: ``share``, ``change``, ``add``, ``average``, ``kept`` and ``combine``. It reads no
data and costs nothing.

Intervals hold with at least 95 %. Of a quotient both counts are taken at 97.5 % (Bonferroni), at their worst corner; of
a sum the noises are independent and no wider than normal ones, so their variances add up.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Literal

from privacy_analytics.dp.releases import Z95, Z975, Cell, Release, status
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
    return _derived("share", part, of, lambda cell, total: _quotient(cell, total, part, of, at_most_one=at_most_one))


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

    def less_one(cell: Cell, before: Cell) -> Cell:
        found = _quotient(cell, before, new, old, at_most_one=False)
        return replace(found, value=found.value - 1, low=found.low - 1, high=found.high - 1)

    return _derived("change", new, old, less_one)


def add(*parts: Release) -> Release:
    """Of several releases the sum cell by cell, of one the sum over its cells. Free.

    Raises
    ------
    UsageError
        these are no counts or sums of rows, one of them is named twice, or their keys differ; accounts add up only over
        the cells of one release in which an account is in one cell
    """
    first = parts[0]
    alone = first.unit == "accounts" and first.mechanism is not None and first.mechanism.per_account == 1
    if any(part.unit not in ("rows", "sum") for part in parts) and not (len(parts) == 1 and alone):
        raise UsageError(
            "add() takes counts or sums of rows. An account may be in several cells: count accounts without `by`."
        )
    if any((part.unit, part.by, part.population) != (first.unit, first.by, first.population) for part in parts):
        raise UsageError("These releases have different keys, units or populations. Ask them alike.")
    _independent(parts)
    total = len(parts) == 1
    cells = [((), list(first.cells))] if total else _by_key(parts)
    return _summary("add", parts, [_total(key, addends, first) for key, addends in cells], () if total else first.by)


def average(release: Release) -> Release:
    """The mean of a count over its cells, such as accounts on an average day. Free.

    Raises
    ------
    UsageError
        it has no cells to average, or is no count or sum
    """
    if release.unit not in ("accounts", "rows", "sum") or not release.by or release.question.get("kind") == "top_keys":
        raise UsageError("average() takes a count with keys, such as accounts by day.")
    cells, parts = release.cells, len(release.cells)
    sigma = math.sqrt(math.fsum((cell.sigma or 0.0) ** 2 for cell in cells)) / parts
    mean = math.fsum(cell.value for cell in cells) / parts
    return _summary("average", [release], [_normal((), mean, sigma, release)], ())


def kept(retention: Release) -> Release:
    """Of a retention's cohorts the share that was active so many weeks later, out of those of its first week. Free.

    Raises
    ------
    UsageError
        this is no retention
    """
    if retention.question.get("kind") != "retention" or not retention.key:
        raise UsageError("kept() takes the answer to a Retention question.")
    cells: list[Cell] = []
    for cell in retention.cells:
        first = retention[(cell.key[0], "0")]
        if cell.key[1] != "0":
            cells.append(_quotient(cell, first, retention, retention, at_most_one=False))
    return replace(
        retention,
        id=f"kept:{retention.id}",
        key="",
        unit="share",
        cells=tuple(cells),
        question={**retention.question, "op": "kept", "operands": [retention.expression]},
        mechanism=None,
    )


def combine(*draws: Release) -> Release:
    """Several draws of one question, each weighted by its precision (inverse variance, which is public). Free.

    Raises
    ------
    UsageError
        these are not draws of one question, or of a kind whose noise has no one width
    """
    first = draws[0]
    asked = [{name: value for name, value in draw.question.items() if name != "again"} for draw in draws]
    if any(each != asked[0] for each in asked) or {draw.snapshot for draw in draws} != {first.snapshot}:
        raise UsageError("combine() takes draws of one question. Draw it again with session.refine().")
    if first.unit not in ("accounts", "rows", "sum") or first.question.get("kind") == "top_keys":
        raise UsageError("Counts and sums can be refined. For a better mean or quantile ask with a larger share.")
    _independent(draws)
    cells: list[Cell] = []
    for key, parts in _by_key(draws):
        weights = [1 / (part.sigma or math.inf) ** 2 for part in parts]
        sigma = 1 / math.sqrt(sum(weights))
        value = sum(weight * part.value for weight, part in zip(weights, parts, strict=True)) * sigma**2
        cells.append(_normal(key, value, sigma, first))
    return _summary("combine", draws, cells, first.by)


_ASKED = ("kind", "table", "by", "where", "cohort", "per_account", "per_cell", "value", "places", "edges", "probs")
OPERATIONS: dict[str, Callable[..., Release]] = {
    "share": lambda part, of: share(part, of=of),
    "change": change,
    "add": add,
    "average": average,
    "kept": kept,
    "combine": combine,
}
"""By the name that an expression has. Raises TypeError for another number of operands than it takes."""


def _corner(cell: Cell, unit: str) -> tuple[float, float]:
    """A 97.5 % interval; a count's noise is a whole number, so its half-width is rounded up to one."""
    half = Z975 * (cell.sigma or 0.0)
    half = half if unit == "sum" else math.ceil(half)
    return cell.value - half, cell.value + half


def _quotient(cell: Cell, other: Cell, part: Release, of: Release, *, at_most_one: bool) -> Cell:
    """The quotient of two counts with both at 97.5 %, at its worst corner; as trustworthy as the lesser of them."""
    (low, high), (least, most) = _corner(cell, part.unit), _corner(other, of.unit)
    low, high = _ratio(max(low, 0.0), most), _ratio(high, least)
    high = min(1.0, high) if at_most_one else high
    worst = max((cell.status, other.status), key=("ok", "approximate", "unreliable", "suppressed").index)
    return Cell(cell.key, _ratio(cell.value, other.value), low, high, (high - low) / (2 * Z95), worst)


def _ratio(above: float, below: float) -> float:
    """A quotient of noised counts; one account is the least that a denominator can stand for."""
    return above / max(below, 1.0)


def _comparable(first: Release, second: Release) -> None:
    if not {first.unit, second.unit} <= {"accounts", "rows", "sum"}:
        raise UsageError("share() and change() take counts and sums, not one of each other.")
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
    quotient: Callable[[Cell, Cell], Cell],
) -> Release:
    others = {cell.key: cell for cell in second.cells}
    cells: list[Cell] = []
    for cell in first.cells:
        other = others.get(cell.key) or (second.cells[0] if len(second.cells) == 1 and not second.by else None)
        if other is None:
            continue  # a key that only one month has, such as a day, has nothing to be compared with
        cells.append(quotient(cell, other))
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
        question={"op": op, "operands": [first.expression, second.expression]},
        recorded=first.recorded,
    )


def _independent(parts: Sequence[Release]) -> None:
    if not parts or len({part.id for part in parts}) < len(parts):
        raise UsageError("A release is named twice: its noise would count as if it were drawn twice. Name it once.")


def _by_key(parts: Sequence[Release]) -> list[tuple[tuple[str, ...], list[Cell]]]:
    """Cells of the same key, in the order of the first release. Raises UsageError where one of them lacks a key."""
    found = [{cell.key: cell for cell in part.cells} for part in parts]
    if any(each.keys() != found[0].keys() for each in found):
        raise UsageError("These releases have different keys. Ask them by the same columns.")
    return [(key, [each[key] for each in found]) for key in found[0]]


def _total(key: tuple[str, ...], parts: Sequence[Cell], first: Release) -> Cell:
    value, sigma = sum(part.value for part in parts), math.sqrt(sum((part.sigma or 0.0) ** 2 for part in parts))
    return _normal(key, value, sigma, first)


def _normal(key: tuple[str, ...], value: float, sigma: float, like: Release) -> Cell:
    """What is shown is as much as the floor's accounts add at least, as of the release that it is made of."""
    half, least = Z95 * sigma, like.floor * (like.mechanism.per_cell if like.mechanism else 1)
    return Cell(
        key, value, value - half, value + half, sigma, status(abs(value) if like.unit == "sum" else value, sigma, least)
    )


def _summary(op: str, parts: Sequence[Release], cells: Sequence[Cell], by: tuple[str, ...]) -> Release:
    first = parts[0]
    return replace(
        first,
        id=":".join([op, *(part.id for part in parts)]),
        key="",
        by=by,
        month=max(part.month for part in parts),
        cells=tuple(cells),
        question={**first.question, "op": op, "operands": [part.expression for part in parts]},
        nano_rho=sum(part.nano_rho for part in parts),
    )
