"""What a curator hands out over HTTP beside its answers: approved statistics, and releases that are stored already."""

from __future__ import annotations

import base64
from bisect import bisect_right
from datetime import datetime

from privacy_analytics import sharing
from privacy_analytics.errors import UsageError
from privacy_analytics.marketing.shelf import current, handed_out
from privacy_analytics.marketing.site import Site
from privacy_analytics.marketing.terms import KINDS
from privacy_analytics.serving.calls import Json
from privacy_analytics.settings import Settings
from privacy_analytics.stored import release_store

PAGE = 100
"""Releases that are listed at once."""


def statistics(settings: Settings, _: Json) -> Json:
    """Every statistic that may be quoted today."""
    return {
        "statistics": [
            {
                "id": approval.id,
                "sentence": statistic.sentence,
                "about": statistic.about,
                "month": statistic.month,
                "until": str(approval.until),
                "report": approval.report,
                "notes": statistic.notes(),
            }
            for approval, statistic in current(_site(settings))
        ]
    }


def statistic(settings: Settings, request: Json) -> Json:
    """One of them as a file, past the gate, base64. Raises NotFound, GateError, and UsageError for another format."""
    if request.get("format") not in KINDS:
        raise UsageError(f"A statistic is handed out as {', '.join(KINDS)}.")
    data = handed_out(_site(settings), str(request.get("id")), request["format"], to=sharing.MARKETING)
    return {"data": base64.b64encode(data).decode()}


def releases(settings: Settings, request: Json) -> Json:
    """Ids of stored releases, the first of those that come after one, and from which to go on."""
    ids = release_store(settings).ids()
    start = bisect_right(ids, str(request.get("after") or ""))
    more = start + PAGE < len(ids)
    page = ids[start : start + PAGE]
    return {"ids": page, "next": page[-1] if more else None}


def released(settings: Settings, request: Json) -> Json:
    """The bytes of a stored release. Raises NotFound."""
    return {"data": release_store(settings).get(str(request.get("id"))).to_json()}


def _site(settings: Settings) -> Site:
    return Site(settings, datetime.now(settings.zone).date())
