"""Who is in a cohort: each predicate reads one account's own rows and public constants alone."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import polars as pl

from privacy_analytics.dp.questions import TENURES, Adopters, Cohort, NewAdopters, OnPlan, OnSystem, Tenure

if TYPE_CHECKING:
    from privacy_analytics.lake import Lake
    from privacy_analytics.snapshots import Snapshot

DAYS_A_MONTH = 365.25 / 12
_SINCE = (None, 0.0, 3 * DAYS_A_MONTH, 365.25)
"""Of each tenure but the first: the least days before the month's start."""


def members(cohort: Cohort, lake: Lake, snapshots: Sequence[Snapshot], zone: str) -> pl.LazyFrame:
    """The accounts of a cohort, one row each.

    Parameters
    ----------
    snapshots : of the months that the question reads, oldest first; the last is the session's
    zone : in which months begin
    """
    inside = _inside(cohort, lake, snapshots, zone)
    if not cohort.rest:
        return inside
    active = [_active(lake, snapshot) for snapshot in snapshots[-cohort.months :]]
    others = active[-1]
    for earlier in active[:-1]:
        others = others.join(earlier, on="account", how="semi")
    taken = _users(cohort, lake, snapshots) if isinstance(cohort, NewAdopters) else inside
    return others.join(taken, on="account", how="anti")


def _inside(cohort: Cohort, lake: Lake, snapshots: Sequence[Snapshot], zone: str) -> pl.LazyFrame:
    last = snapshots[-1]
    if isinstance(cohort, Adopters | OnSystem):
        return _with("feature" if isinstance(cohort, Adopters) else "os", cohort.key, lake, last)
    if isinstance(cohort, NewAdopters):
        before = snapshots[-2]
        came = _with("feature", cohort.key, lake, last).join(_active(lake, before), on="account", how="semi")
        return came.join(_with("feature", cohort.key, lake, before), on="account", how="anti")
    accounts = lake.accounts(last.batches)
    if isinstance(cohort, OnPlan):
        return accounts.filter(pl.col("plan_tier") == cohort.key).select("account")
    if isinstance(cohort, Tenure):
        return accounts.filter(_tenure(cohort.key, last.month, zone)).select("account")
    raise TypeError(type(cohort).__name__)


def _tenure(key: str, month: str, zone: str) -> pl.Expr:
    start = datetime.strptime(month, "%Y-%m").replace(tzinfo=ZoneInfo(zone))
    days = (pl.lit(start) - pl.col("created_at").dt.convert_time_zone(zone)).dt.total_seconds() / 86_400
    at = TENURES.index(key)
    if at == 0:
        return days < 0
    return (days >= _SINCE[at]) & (True if at + 1 == len(TENURES) else days < _SINCE[at + 1])


def _active(lake: Lake, snapshot: Snapshot) -> pl.LazyFrame:
    return lake.scan("events", snapshot.month, snapshot.batches).select("account").unique()


def _with(column: str, key: str, lake: Lake, snapshot: Snapshot) -> pl.LazyFrame:
    """Accounts with an event of this key."""
    events = lake.scan("events", snapshot.month, snapshot.batches)
    return events.filter(pl.col(column) == key).select("account").unique()


def _users(cohort: Cohort, lake: Lake, snapshots: Sequence[Snapshot]) -> pl.LazyFrame:
    """Who used it in any of the cohort's months: neither new to it nor without it."""
    return pl.concat([_with("feature", cohort.key, lake, snapshot) for snapshot in snapshots[-cohort.months :]])
