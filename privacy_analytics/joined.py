"""Columns that no table stores: made from an account's other rows of the same snapshot when a question asks for them.

So they do not depend on the order in which files arrive, and they are local: what a row gets follows from its own
account's rows of that month alone. They come before filters, keys and bounding, so no bound changes: as before, each
account's vector is clipped last.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import polars as pl

from privacy_analytics.dp.questions import Question

if TYPE_CHECKING:
    from privacy_analytics.contracts import Table
    from privacy_analytics.lake import Lake
    from privacy_analytics.snapshots import Snapshot

AFTERWARDS = 5
"""Minutes after a session's last event in which a crash is still that session's: reports are sent late."""


def joined(rows: pl.LazyFrame, question: Question, table: Table, lake: Lake, snapshot: Snapshot) -> pl.LazyFrame:
    """The rows, in their order, with the joined columns that the question names; nothing else is read.

    ``crashed``: whether the account has a crash from the session's start to ``AFTERWARDS`` minutes after its last
    event; one after the month's end is of the next month, and no part of this one. ``days_since_signup``: whole days
    from the account's ``created_at`` to the row's time; null where one of them is unknown.
    """
    for name, column in table.columns.items():
        if column.joined and name in question.columns:
            rows = _MADE[name](rows, table, lake, snapshot)
    return rows


def _days_since_signup(rows: pl.LazyFrame, table: Table, lake: Lake, snapshot: Snapshot) -> pl.LazyFrame:
    signup = lake.accounts(snapshot.batches).select("account", signup="created_at")
    seconds = (pl.col(table.time) - pl.col("signup")).dt.total_seconds()
    days = (seconds // 86_400).cast(pl.Float64).alias("days_since_signup")
    return rows.join(signup, on="account", how="left", maintain_order="left").with_columns(days).drop("signup")


def _crashed(rows: pl.LazyFrame, table: Table, lake: Lake, snapshot: Snapshot) -> pl.LazyFrame:
    crashes = lake.scan("crashes", snapshot.month, snapshot.batches).select("account", crash="occurred_at")
    began, until = pl.col(table.time), pl.duration(seconds=(pl.col("minutes") + AFTERWARDS) * 60)
    return (
        rows.with_row_index("#at")
        .sort(table.time)
        .join_asof(
            crashes.sort("crash"),
            left_on=table.time,
            right_on="crash",
            by="account",
            strategy="forward",
            check_sortedness=False,
        )
        .sort("#at")
        .with_columns((pl.col("crash") <= began + until).fill_null(value=False).alias("crashed"))
        .drop("#at", "crash")
    )


_MADE: Mapping[str, Callable[[pl.LazyFrame, Table, Lake, Snapshot], pl.LazyFrame]] = {
    "crashed": _crashed,
    "days_since_signup": _days_since_signup,
}
