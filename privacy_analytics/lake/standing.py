"""What holds now of rows that came batch by batch, on every engine: the last word of each account.

Rows are frames of any engine with ``account`` and ``batch``, the id of the intake that brought them: ids sort by time.
"""

from __future__ import annotations

from typing import Any

import narwhals as nw

Frame = nw.LazyFrame[Any]


def newest(rows: Frame, *of: str) -> Frame:
    """The rows of the newest batch of each account, or of each account and whatever else is named."""
    return rows.filter(nw.col("batch") == nw.col("batch").max().over("account", *of))


def held_back(held: Frame, accounts: Frame) -> Frame:
    """The accounts (one column) held back and not attested in a later batch.

    Parameters
    ----------
    held : every row that held one back
    accounts : the newest row of every account
    """
    since = held.group_by("account").agg(since=nw.col("batch").max())
    attested = accounts.select("account", "batch")
    still = nw.col("batch").is_null() | (nw.col("batch") <= nw.col("since"))
    return since.join(attested, on="account", how="left").filter(still).select("account")


def set_now(marks: Frame, *wanted: str) -> Frame:
    """The accounts (one column) on which one of these marks is set, of every row that set one or took it off."""
    said = newest(marks.filter(nw.col("mark").is_in(wanted)), "mark")
    return said.filter(nw.col("is_set")).select("account")
