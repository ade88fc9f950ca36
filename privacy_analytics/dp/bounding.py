"""The one bounding plan, for every engine that narwhals speaks.

The sentence everything rests on: the vector that is noised is a sum of per-account vectors, each a function of that
account's rows and public constants alone, each of L2 norm at most ``Bounded.l2``.

``cells_of`` turns public keys into a small table (row value -> cell, hash); ``contributions`` is the per-account
statistic, ``enforced`` the last look at it, ``summed`` and ``met_a_bound`` are the vector.
"""

from __future__ import annotations

import hashlib
from itertools import product
from typing import Any

import narwhals as nw

from privacy_analytics.dp.questions import Bounded, CountRows, Histogram, Mean, Quantiles, Sum

P = 2**31 - 1
"""A Mersenne prime: residues have 31 bits, so their products stay below 2^62 on engines that raise on overflow."""


def cells_of(bounded: Bounded, salt: bytes) -> dict[str, list[Any]]:
    """The public groups as columns: one for each key column, ``cell`` (its index) and ``cell_hash`` (of its key).

    A row value appears once; values that mean the same key (the days of a week) share its cell.
    """
    index = {key: position for position, key in enumerate(bounded.groups)}
    columns: dict[str, list[Any]] = {key.column: [] for key in bounded.keys} | {"cell": [], "cell_hash": []}
    for pairs in product(*(key.values for key in bounded.keys)):
        cell = tuple(key for _, key in pairs)
        for key, (value, _) in zip(bounded.keys, pairs, strict=True):
            columns[key.column].append(value)
        columns["cell"].append(index[cell])
        columns["cell_hash"].append(int.from_bytes(hashlib.sha256(salt + repr(cell).encode()).digest()[:8]) >> 1)
    return columns


def contributions(rows: nw.LazyFrame[Any], cells: nw.LazyFrame[Any], bounded: Bounded) -> nw.LazyFrame[Any]:
    """Per (account, cell): how much that account counts there, ``n``, in at most per_account cells; and ``place``, the
    value in steps that decides its bin, 0 for questions without bins; ``beyond``, 1 where it met a bound, else 0.

    Parameters
    ----------
    rows : ``account``, ``account_hash`` (int64), the key columns and, where the question has a value, ``number``
    cells : what ``cells_of`` gives, on the rows' engine
    """
    keys = [key.column for key in bounded.keys]
    if keys:
        placed = measured(rows, bounded).join(cells, on=keys, how="inner")
    else:
        placed = measured(rows, bounded).with_columns(
            cell=nw.lit(0, dtype=nw.Int64), cell_hash=nw.lit(0, dtype=nw.Int64)
        )
    counted = _statistic(placed, bounded)
    size = len(bounded.groups)
    if bounded.per_account < size:
        ranked = counted.with_columns(priority=_priority() * size + nw.col("cell")).with_columns(
            rank=nw.col("priority").rank("ordinal").over("account"), touched=nw.len().over("account")
        )
        counted = ranked.filter(nw.col("rank") <= bounded.per_account).with_columns(
            beyond=nw.max_horizontal("beyond", (nw.col("touched") > bounded.per_account).cast(nw.Int64))
        )
    return counted.select("account", "cell", "n", "place", "beyond")


def enforced(contributed: nw.LazyFrame[Any], bounded: Bounded) -> nw.LazyFrame[Any]:
    """Contributions with ``kept``: whether all of the account's are within the bounds. It reads only that account.

    Each ``n`` is compared, never added or squared, so no value can wrap around past the check.
    """
    within = (nw.col("n") >= -bounded.per_cell) & (nw.col("n") <= bounded.per_cell) & (nw.col("times") == 1)
    return (
        contributed.with_columns(one=nw.lit(1, dtype=nw.Int64))
        .with_columns(times=nw.col("one").sum().over("account", "cell"))
        .with_columns(outside=(~within).cast(nw.Int64))
        .with_columns(bad=nw.col("outside").sum().over("account"), cells=nw.col("one").sum().over("account"))
        .with_columns(kept=(nw.col("bad") == 0) & (nw.col("cells") <= bounded.per_account))
    )


def summed(checked: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    """The small table that leaves the engine: ``cell``, ``place``, ``kept``, and over accounts ``n``, ``accounts``."""
    return checked.group_by("cell", "place", "kept").agg(nw.col("n").sum(), accounts=nw.col("one").sum())


def met_a_bound(checked: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    """One row: how many accounts (``accounts``) met a bound, each counted once."""
    met = checked.filter(nw.col("kept") & (nw.col("beyond") > 0)).select("account").unique()
    return met.select(accounts=nw.len())


def _statistic(placed: nw.LazyFrame[Any], bounded: Bounded) -> nw.LazyFrame[Any]:
    """What an account counts in each cell it touches, within its bounds there."""
    hashes = {"account_hash": nw.col("account_hash").min(), "cell_hash": nw.col("cell_hash").min()}
    per_cell = placed.group_by("account", "cell")
    value, question = bounded.value, bounded.question
    if value is None:
        counted = per_cell.agg(rows=nw.len().cast(nw.Int64), **hashes)
        over = (nw.col("rows") > bounded.per_cell) if isinstance(question, CountRows) else nw.lit(value=False)
        return counted.with_columns(
            n=nw.col("rows").clip(0, bounded.per_cell), place=nw.lit(0, dtype=nw.Int64), beyond=over.cast(nw.Int64)
        )
    counted = per_cell.agg(
        rows=nw.len().cast(nw.Int64), total=nw.col("value").sum(), beyond=nw.col("outside").max(), **hashes
    )
    low, high = value.span
    if value.total:  # of one account
        amount = nw.col("total").clip(low, high)
        outside = ((nw.col("total") < low) | (nw.col("total") > high)).cast(nw.Int64)
        counted = counted.with_columns(beyond=nw.max_horizontal("beyond", outside))
    else:  # values are shifted to start at 0: engines differ in how they divide below it
        amount = (nw.col("total") - nw.col("rows") * value.low) // nw.col("rows") + value.low
    counted = counted.with_columns(amount=amount)
    if isinstance(question, Quantiles | Histogram):
        return counted.with_columns(n=nw.lit(1, dtype=nw.Int64), place=nw.col("amount"))
    middle = 0 if isinstance(question, Sum) else centre(bounded)
    return counted.with_columns(n=nw.col("amount") - middle, place=nw.lit(0, dtype=nw.Int64))


def measured(rows: nw.LazyFrame[Any], bounded: Bounded) -> nw.LazyFrame[Any]:
    """Rows that have a ``number``, with it as ``value``: in steps, clamped; ``outside`` is 1 where that changed it.

    Each row by itself: a missing or undefined number is left out, an infinite one clamped.
    """
    value = bounded.value
    if value is None:
        return rows
    low, high = value.low / value.units, value.high / value.units
    number = nw.col("number")
    return (
        rows.filter(~number.is_null())
        .filter(~number.is_nan())
        .with_columns(
            value=(number.clip(low, high) * value.units).round(0).cast(nw.Int64).clip(value.low, value.high),
            outside=((number < low) | (number > high)).cast(nw.Int64),
        )
    )


def centre(bounded: Bounded) -> int:
    """The middle of a mean's bounds, in steps: what is summed is the distance from it, at most ``per_cell``."""
    if not isinstance(bounded.question, Mean) or bounded.value is None:
        return 0
    low, high = bounded.value.span
    return (low + high) // 2


def _priority() -> nw.Expr:
    """Which cells of an account stay when it has too many: a salted hash of (account, key) below 2^31.

    Squaring between the additions makes it non-linear; a linear mix prefers some keys over others for everybody.
    """
    a, b = nw.col("account_hash"), nw.col("cell_hash")
    mixed = (a % P + b % P) % P
    for addend in (a // P % P, b // P % P, a % P):
        mixed = (mixed * mixed % P + addend) % P
    return mixed * mixed % P
