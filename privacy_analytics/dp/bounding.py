"""The one bounding plan, for every engine that narwhals speaks.

The sentence everything rests on: the vector that is noised is a sum of per-account vectors, each a function of that
account's rows and public constants alone, each of L2 norm at most ``sqrt(per_account) * per_cell``.

``cells_of`` turns public keys into a small table (row value -> cell, hash); ``contributions`` is the per-account
statistic, ``enforced`` the last look at it, ``summed`` the vector.
"""

from __future__ import annotations

import hashlib
from itertools import product
from typing import Any

import narwhals as nw

from privacy_analytics.dp.questions import Bounded

P = 2**31 - 1
"""A Mersenne prime: residues have 31 bits, so their products stay below 2^62 on engines that raise on overflow."""


def cells_of(bounded: Bounded, salt: bytes) -> dict[str, list[Any]]:
    """The public cells as columns: one for each key column, ``cell`` (its index) and ``cell_hash`` (of its key).

    A row value appears once; values that mean the same key (the days of a week) share its cell.
    """
    index = {key: position for position, key in enumerate(bounded.cells)}
    columns: dict[str, list[Any]] = {key.column: [] for key in bounded.keys} | {"cell": [], "cell_hash": []}
    for pairs in product(*(key.values for key in bounded.keys)):
        cell = tuple(key for _, key in pairs)
        for key, (value, _) in zip(bounded.keys, pairs, strict=True):
            columns[key.column].append(value)
        columns["cell"].append(index[cell])
        columns["cell_hash"].append(int.from_bytes(hashlib.sha256(salt + repr(cell).encode()).digest()[:8]) >> 1)
    return columns


def contributions(rows: nw.LazyFrame[Any], cells: nw.LazyFrame[Any], bounded: Bounded) -> nw.LazyFrame[Any]:
    """Per (account, cell): how much that account counts there, ``n`` in 1..per_cell, in at most per_account cells.

    Parameters
    ----------
    rows : ``account``, ``account_hash`` (int64) and the key columns
    cells : what ``cells_of`` gives, on the rows' engine
    """
    keys = [key.column for key in bounded.keys]
    if keys:
        placed = rows.join(cells, on=keys, how="inner")
    else:
        placed = rows.with_columns(cell=nw.lit(0, dtype=nw.Int64), cell_hash=nw.lit(0, dtype=nw.Int64))
    counted = (
        placed.group_by("account", "cell")
        .agg(n=nw.len(), account_hash=nw.col("account_hash").min(), cell_hash=nw.col("cell_hash").min())
        .with_columns(n=nw.col("n").cast(nw.Int64).clip(0, bounded.per_cell))
    )
    size = len(bounded.cells)
    if bounded.per_account < size:
        ranked = counted.with_columns(priority=_priority() * size + nw.col("cell"))
        counted = ranked.with_columns(rank=nw.col("priority").rank("ordinal").over("account")).filter(
            nw.col("rank") <= bounded.per_account
        )
    return counted.select("account", "cell", "n")


def enforced(contributed: nw.LazyFrame[Any], bounded: Bounded) -> nw.LazyFrame[Any]:
    """Contributions with ``kept``: whether all of the account's are within the bounds. It reads only that account.

    Each ``n`` is compared, never added or squared, so no value can wrap around past the check.
    """
    within = (nw.col("n") >= 0) & (nw.col("n") <= bounded.per_cell) & (nw.col("times") == 1)
    return (
        contributed.with_columns(one=nw.lit(1, dtype=nw.Int64))
        .with_columns(times=nw.col("one").sum().over("account", "cell"))
        .with_columns(outside=(~within).cast(nw.Int64))
        .with_columns(bad=nw.col("outside").sum().over("account"), cells=nw.col("one").sum().over("account"))
        .with_columns(kept=(nw.col("bad") == 0) & (nw.col("cells") <= bounded.per_account))
    )


def summed(checked: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    """The small table that leaves the engine: ``cell``, ``kept``, ``n`` summed over accounts."""
    return checked.group_by("cell", "kept").agg(nw.col("n").sum())


def _priority() -> nw.Expr:
    """Which cells of an account stay when it has too many: a salted hash of (account, key) below 2^31.

    Squaring between the additions makes it non-linear; a linear mix prefers some keys over others for everybody.
    """
    a, b = nw.col("account_hash"), nw.col("cell_hash")
    mixed = (a % P + b % P) % P
    for addend in (a // P % P, b // P % P, a % P):
        mixed = (mixed * mixed % P + addend) % P
    return mixed * mixed % P
