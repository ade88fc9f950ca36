"""Approved statistics as they are handed out: which may be quoted today, and their files past the gate."""

from __future__ import annotations

from privacy_analytics import sharing
from privacy_analytics.errors import NotFound
from privacy_analytics.gate import Vouched, enforce
from privacy_analytics.marketing.approvals import Approval
from privacy_analytics.marketing.site import Site
from privacy_analytics.marketing.statistics import Statistic

PURPOSE = "marketing"
"""What approved statistics are for."""


def current(site: Site) -> list[tuple[Approval, Statistic]]:
    """What may be quoted today, the newest month first."""
    found = [(each, Statistic(each.spec, site.store)) for each in site.approvals.current(site.today)]
    return sorted(found, key=lambda each: each[1].month, reverse=True)


def one(site: Site, statistic_id: str) -> tuple[Approval, Statistic]:
    """The statistic of an id. Raises NotFound where none of it may be quoted today."""
    for approval, statistic in current(site):
        if approval.id == statistic_id:
            return approval, statistic
    raise NotFound(
        "No statistic of this id may be quoted today: never approved, expired or recalled. See: pa stats list"
    )


def handed_out(site: Site, statistic_id: str, kind: str, *, to: sharing.Audience) -> bytes:
    """A statistic as a file of one of ``terms.KINDS``, entered into the ledger of exports.

    Raises
    ------
    NotFound
        none of this id may be quoted today
    GateError
        the file may not leave
    """
    _, statistic = one(site, statistic_id)
    data = statistic.export(kind)
    enforce(f"{statistic.id}.{kind}", data, site.store, Vouched(drawn_from=statistic.picture))
    sharing.record(site.settings, [statistic.id], purpose=PURPOSE, to=to)
    return data
