"""A published report taken off the site for good: these bytes are not published again, whoever asks.

``approved/page-….recalled.json`` says by whom, when and why; the releases stay, since people have seen them.
"""

from __future__ import annotations

import json
import shutil
from datetime import UTC, datetime
from pathlib import Path

from privacy_analytics.audit import AuditLog
from privacy_analytics.errors import NotFound, UsageError
from privacy_analytics.marketing.site import Site
from privacy_analytics.marketing.terms import REASONS
from privacy_analytics.private import write_private
from privacy_analytics.report import manifest
from privacy_analytics.settings import Settings
from privacy_analytics.signing import named


def recall(settings: Settings, run: Path, *, by: str, reason: str) -> Path:
    """Take a run's page off the site and return the site's index, made anew. Again after a crash, it goes on.

    Raises
    ------
    NotFound
        the site does not show this run's page, and it was not recalled before
    UsageError
        nobody's name, or no reason of ``REASONS``
    GateError, PolicyError
        the rest of the site may not be shown; the page is gone all the same
    """
    name, page, shown = named(by), _sha256(run), shown_at(settings, run)
    if reason not in REASONS:
        raise UsageError(f"A recall has a reason: {', '.join(REASONS)}.")
    on_site = manifest.read(shown).get("sha256") == page
    if not page or not (on_site or recalled(settings, run)):
        raise NotFound("The site does not show this run's page. See which one it shows: pa runs list --state published")
    site = Site(settings, datetime.now(settings.zone).date())
    report = shown.relative_to(site.folder).as_posix()
    if not recalled(settings, run):
        said = {"report": report, "sha256": page, "by": name, "reason": reason, "at": f"{datetime.now(UTC):%F}"}
        write_private(_record(settings, page), json.dumps(said, ensure_ascii=False, indent=1))
        AuditLog(settings).add("recall", by=name, report=report, reason=reason)
    with site.alone():
        if on_site:
            away = shown.with_name(f".{shown.name}.recalled")
            shutil.rmtree(away, ignore_errors=True)
            shown.replace(away)
        for left in site.folder.glob("*/.*.recalled"):
            shutil.rmtree(left)
        return site.put(site.draft())


def recalled(settings: Settings, run: Path) -> bool:
    """Whether a run's page was recalled, byte for byte."""
    return _record(settings, _sha256(run)).exists()


def shown_at(settings: Settings, run: Path) -> Path:
    """Where the site has, or would have, what a run made."""
    made = manifest.read(run)
    return settings.path("published", run.parents[1].name, f"{made.get('report')}{manifest.variant_of(made)}")


def _sha256(run: Path) -> str:
    return str(manifest.read(run).get("files", {}).get("report.html", ""))


def _record(settings: Settings, page: str) -> Path:
    return settings.path("approved", f"page-{page[:16]}.recalled.json")
