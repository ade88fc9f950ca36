"""The one bounding plan, for every engine that narwhals speaks.

The sentence everything rests on: the vector that is noised is a sum of per-account vectors, each a function of that
account's rows and public constants alone, each of L2 norm at most ``Bounded.l2``.

``contributions`` is the per-account statistic, ``outside`` the last look at it; what is within the bounds is added up
by ``summed`` and ``met_a_bound``. On one machine ``local`` does the same on arrays, in a third of the time; that both
give the same integers is a test.
"""

from __future__ import annotations

from typing import Any

import narwhals as nw

from privacy_analytics.dp.local import priority
from privacy_analytics.dp.questions import Bounded, CountRows, Histogram, Quantiles


def contributions(rows: nw.LazyFrame[Any], bounded: Bounded, salt: bytes) -> nw.LazyFrame[Any]:
    """Per (account, cell): how much that account counts there, ``n``, in at most per_account cells; and ``place``, the
    value in steps that decides its bin, 0 for questions without bins; ``beyond``, 1 where it met a bound, else 0.

    Parameters
    ----------
    rows : ``account`` (text or a number: only whether two are equal matters), ``account_hash`` (int64), ``cell``
        (int64, an index of ``bounded.groups``) and, where the question has a value, ``number``
    salt : see ``priority``
    """
    size = len(bounded.groups)
    counted = _statistic(_measured(rows, bounded), bounded)
    if bounded.per_account < size:
        order = priority(nw.col("account_hash"), nw.col("cell"), salt) * size + nw.col("cell")
        ranked = counted.with_columns(rank=order.rank("ordinal").over("account"), touched=nw.len().over("account"))
        counted = ranked.filter(nw.col("rank") <= bounded.per_account).with_columns(
            beyond=nw.max_horizontal("beyond", (nw.col("touched") > bounded.per_account).cast(nw.Int64))
        )
    return counted.select("account", "cell", "n", "place", "beyond")


def outside(contributed: nw.LazyFrame[Any], bounded: Bounded) -> nw.LazyFrame[Any]:
    """The accounts that exceed a bound all the same, one column: none, unless there is a fault. They are dropped whole.

    Each ``n`` is compared, never added or squared, so no value can wrap around past the check.
    """
    n = nw.col("n")
    accounts = contributed.group_by("account").agg(
        least=n.min(), most=n.max(), cells=nw.len(), different=nw.col("cell").n_unique()
    )
    within = (nw.col("least") >= -bounded.per_cell) & (nw.col("most") <= bounded.per_cell)
    once = (nw.col("cells") <= bounded.per_account) & (nw.col("different") == nw.col("cells"))
    return accounts.filter(~(within & once)).select("account")


def summed(kept: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    """The small table that leaves the engine: by ``cell`` and ``place``, over accounts, ``n`` and ``accounts``."""
    return kept.group_by("cell", "place").agg(nw.col("n").sum().cast(nw.Int64), accounts=nw.len().cast(nw.Int64))


def met_a_bound(kept: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    """One row: how many accounts (``accounts``) met a bound, each counted once."""
    met = kept.filter(nw.col("beyond") > 0).group_by("account").agg(cells=nw.len())
    return met.select(accounts=nw.len().cast(nw.Int64))


def _statistic(measured: nw.LazyFrame[Any], bounded: Bounded) -> nw.LazyFrame[Any]:
    """What an account counts in each cell it touches, within its bounds there."""
    value, question = bounded.value, bounded.question
    cut = bounded.per_account < len(bounded.groups)
    more: dict[str, Any] = {"account_hash": nw.col("account_hash").min()} if cut else {}
    by_key, zero = measured.group_by("account", "cell"), nw.lit(0, dtype=nw.Int64)
    if value is None:
        counted = by_key.agg(rows=nw.len().cast(nw.Int64), **more)
        over = (nw.col("rows") > bounded.per_cell) if isinstance(question, CountRows) else nw.lit(value=False)
        return counted.with_columns(n=nw.col("rows").clip(0, bounded.per_cell), place=zero, beyond=over.cast(nw.Int64))
    totals = {"rows": nw.len().cast(nw.Int64), "total": nw.col("value").sum().cast(nw.Int64)}
    counted, total = by_key.agg(**more, **totals, beyond=nw.col("outside").max()), nw.col("total")
    low, high = value.span
    if value.total:  # of one account
        amount = total.clip(low, high)
        over = ((total < low) | (total > high)).cast(nw.Int64)
        counted = counted.with_columns(beyond=nw.max_horizontal("beyond", over))
    else:  # shifted to start at 0 and to divide without a rest: engines differ in how they round
        above = total - nw.col("rows") * value.low
        whole = (above - above % nw.col("rows")) / nw.col("rows")
        amount = whole.round().cast(nw.Int64) + value.low
    counted = counted.with_columns(amount=amount)
    if isinstance(question, Quantiles | Histogram):
        return counted.with_columns(n=nw.lit(1, dtype=nw.Int64), place=nw.col("amount"))
    return counted.with_columns(n=nw.col("amount") - bounded.centre, place=zero)


def _measured(rows: nw.LazyFrame[Any], bounded: Bounded) -> nw.LazyFrame[Any]:
    """Rows that have a ``number``, with it as ``value``: in steps, clamped; ``outside`` is 1 where that changed it.

    Each row by itself: a missing or undefined number is left out, an infinite one clamped; a half goes up, since
    engines differ in how they round one.
    """
    value = bounded.value
    if value is None:
        return rows
    low, high = value.low / value.units, value.high / value.units
    number = nw.col("number")
    steps = (number.clip(low, high) * value.units + 0.5).floor().cast(nw.Int64).clip(value.low, value.high)
    return rows.filter(~number.is_null(), ~number.is_nan()).with_columns(
        value=steps, outside=((number < low) | (number > high)).cast(nw.Int64)
    )
