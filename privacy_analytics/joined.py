"""Columns that no table stores: made from an account's other rows of the same snapshot when a question asks for them.

So they do not depend on the order in which files arrive, and they are local: what a row gets follows from its own
account's rows of that month alone. They come before filters, keys and bounding, so no bound changes: as before, each
account's vector is clipped last.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import narwhals as nw

from privacy_analytics.dp.questions import Question

if TYPE_CHECKING:
    from privacy_analytics.collected import Source
    from privacy_analytics.contracts import Table
    from privacy_analytics.lake.standing import Frame
    from privacy_analytics.snapshots import Snapshot

AFTERWARDS = 5
"""Minutes after a session's last event in which a crash is still that session's: reports are sent late."""
_MINUTE, _DAY = 60 * 10**6, 86_400 * 10**6
"""In microseconds: engines agree on whole numbers, not on spans of time."""


def joined(rows: Frame, question: Question, table: Table, source: Source, snapshot: Snapshot) -> Frame:
    """The rows with the joined columns that the question names; nothing else is read.

    ``crashed``: whether the account has a crash from the session's start to ``AFTERWARDS`` minutes after its last
    event; one after the month's end is of the next month, and no part of this one. ``days_since_signup``: whole days
    from the account's ``created_at`` to the row's time; null where one of them is unknown.
    """
    for name, column in table.columns.items():
        if column.joined and name in question.columns:
            rows = _MADE[name](rows, table, source, snapshot)
    return rows


def _days_since_signup(rows: Frame, table: Table, source: Source, snapshot: Snapshot) -> Frame:
    accounts = source.accounts(snapshot.batches).select("account", "created_at")
    signup = source.micros(accounts, signup="created_at").select("account", "signup")
    both = source.micros(rows, now=table.time).join(signup, on="account", how="left")
    days = ((nw.col("now") - nw.col("signup")) / _DAY).floor().cast(nw.Float64)
    return both.with_columns(days_since_signup=days).drop("now", "signup")


def _crashed(rows: Frame, table: Table, source: Source, snapshot: Snapshot) -> Frame:
    crashes = source.scan("crashes", snapshot.month, snapshot.batches).select("account", "occurred_at")
    crashes = source.micros(crashes, crash="occurred_at").select("account", "crash")
    sessions = source.micros(rows.select("account", "row_id", "minutes", table.time), began=table.time)
    since = nw.col("crash") - nw.col("began")
    within = (since >= 0) & (since < (nw.col("minutes") + AFTERWARDS) * _MINUTE + 0.5)  # minutes are no whole number
    crashed = sessions.join(crashes, on="account", how="inner").filter(within)
    crashed = crashed.group_by("account", "row_id").agg(crashes=nw.len())
    found = rows.join(crashed, on=["account", "row_id"], how="left")
    return found.with_columns(crashed=~nw.col("crashes").is_null()).drop("crashes")


_MADE: Mapping[str, Callable[[Frame, Table, Source, Snapshot], Frame]] = {
    "crashed": _crashed,
    "days_since_signup": _days_since_signup,
}
