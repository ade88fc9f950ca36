"""Who is in a cohort: each predicate reads one account's own rows and public constants alone."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import narwhals as nw

from privacy_analytics.dp.questions import TENURES, Adopters, Cohort, NewAdopters, OnPlan, OnSystem, Tenure

if TYPE_CHECKING:
    from privacy_analytics.collected import Source
    from privacy_analytics.lake.standing import Frame
    from privacy_analytics.snapshots import Snapshot

DAYS_A_MONTH = 365.25 / 12
_SINCE = (0.0, 3 * DAYS_A_MONTH, 365.25)
"""Between two tenures: days before the month's start; whoever registered just then is in the longer one."""


def members(cohort: Cohort, source: Source, snapshots: Sequence[Snapshot], zone: str) -> Frame:
    """The accounts of a cohort (one column), some of them several times.

    Parameters
    ----------
    snapshots : of the months that the question reads, oldest first; the last is the session's
    zone : in which months begin
    """
    inside = _inside(cohort, source, snapshots, zone)
    if not cohort.rest:
        return inside
    active = [_active(source, snapshot) for snapshot in snapshots[-cohort.months :]]
    others = active[-1]
    for earlier in active[:-1]:
        others = others.join(earlier, on="account", how="semi")
    taken = _users(cohort, source, snapshots) if isinstance(cohort, NewAdopters) else inside
    return others.join(taken, on="account", how="anti")


def begins(month: str, zone: str) -> datetime:
    """The instant at which a month ("2026-10") begins."""
    return datetime.strptime(month, "%Y-%m").replace(tzinfo=ZoneInfo(zone))


def _inside(cohort: Cohort, source: Source, snapshots: Sequence[Snapshot], zone: str) -> Frame:
    last = snapshots[-1]
    if isinstance(cohort, Adopters | OnSystem):
        return _with("feature" if isinstance(cohort, Adopters) else "os", cohort.key, source, last)
    if isinstance(cohort, NewAdopters):
        before = snapshots[-2]
        came = _with("feature", cohort.key, source, last).join(_active(source, before), on="account", how="semi")
        return came.join(_with("feature", cohort.key, source, before), on="account", how="anti")
    accounts = source.accounts(last.batches)
    if isinstance(cohort, OnPlan):
        return accounts.filter(nw.col("plan_tier") == cohort.key).select("account")
    if isinstance(cohort, Tenure):
        return accounts.filter(_tenure(cohort.key, begins(last.month, zone))).select("account")
    raise TypeError(type(cohort).__name__)


def _tenure(key: str, start: datetime) -> nw.Expr:
    """Whether an account registered so long before an instant; the spans are taken off it, not off every row."""
    created, at = nw.col("created_at"), TENURES.index(key)
    ends = [start.astimezone(UTC) - timedelta(days=days) for days in _SINCE]
    if at == 0:
        return created > ends[0]
    before = created <= ends[at - 1]
    return before if at == len(ends) else before & (created > ends[at])


def _active(source: Source, snapshot: Snapshot) -> Frame:
    return source.scan("events", snapshot.month, snapshot.batches).select("account")


def _with(column: str, key: str, source: Source, snapshot: Snapshot) -> Frame:
    """Accounts with an event of this key."""
    events = source.scan("events", snapshot.month, snapshot.batches)
    return events.filter(nw.col(column) == key).select("account")


def _users(cohort: Cohort, source: Source, snapshots: Sequence[Snapshot]) -> Frame:
    """Who used it in any of the cohort's months: neither new to it nor without it."""
    return nw.concat([_with("feature", cohort.key, source, snapshot) for snapshot in snapshots[-cohort.months :]])
