"""A site with statistics of two months and three features, one recalled, one expired, from releases made by hand."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import gallery

from privacy_analytics import claims, workspace
from privacy_analytics.claims import Told
from privacy_analytics.dp.store import FolderStore
from privacy_analytics.marketing.site import Site
from privacy_analytics.marketing.statistics import Statistic

TODAY = date(2026, 11, 23)
SENTENCES = 7
"""That may be quoted."""


def site(root: Path) -> Path:
    """Make it in a new workspace and return its index."""
    settings = workspace.create(
        root, product="Groove Assistant", contact_email="privacy@example.com", timezone="UTC", posted=date(2026, 1, 1)
    )
    store = FolderStore(settings.path("releases"))
    made = [_approved(settings, store, *each) for each in (("2026-10", "stem_splitter"), ("2026-10", "mix_assist"),
                                                           ("2026-09", "lyric_ideas"))]  # fmt: skip
    today = Site(settings, TODAY)
    today.recall(made[0][0].id, by="N. N.", reason="superseded")
    return Site(settings, date(2027, 1, 1)).build()


def _approved(settings, store, month, feature):
    """Three sentences about a feature, approved; the last of lyric ideas has expired on the day of the site."""
    adopters = {"kind": "adopters", "key": feature, "rest": False}
    numbers = {
        "everybody": (12_400.0, {}),
        "group": (3_000.0, {"cohort": adopters}),
        "others": (9_400.0, {"cohort": adopters | {"rest": True}}),
        "done": (1_800.0, {"cohort": adopters}),
        "others_done": (2_200.0, {"cohort": adopters | {"rest": True}}),
    }
    released = {name: gallery.released(value, month=month, **about) for name, (value, about) in numbers.items()}
    released["features"] = gallery.released(gallery.FEATURES, by=("feature",), month=month)
    released = {name: replace(each, population="not opted out", floor=50) for name, each in released.items()}
    for each in released.values():
        store.put(each.id, each.to_json())
    tried = [
        claims.amount(("group", "everybody"), "of the active accounts were {who}"),
        claims.versus(("done", "group"), ("others_done", "others"), "finished an export"),
        claims.leader("features", "the feature that most accounts used", of="everybody"),
    ]
    made = []
    for claim in tried:
        told = Told(released, {})
        spec = told.spec(claim)
        options = {"claim": spec, "offered": len(tried)}
        made.append(Statistic({"render": "claim", "of": [each.id for each in told.used], "options": options}, store))
    for at, statistic in enumerate(made):
        until = date(2026, 12, 31) if (feature, at) == ("lyric_ideas", 2) else None
        Site(settings, TODAY).approve(statistic, report=f"{month}/case_study", by="N. N., privacy officer", until=until)
    return made
