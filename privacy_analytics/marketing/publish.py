"""From a finished run to the site: look at its bytes once more, copy them, make the index anew."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable
from datetime import UTC, date, datetime
from itertools import chain
from pathlib import Path
from typing import Any

from privacy_analytics import sharing
from privacy_analytics.audit import AuditLog
from privacy_analytics.dp.store import ReleaseStore
from privacy_analytics.errors import NotFound, PolicyError, UsageError
from privacy_analytics.figures import sources, specifications
from privacy_analytics.gate import enforce
from privacy_analytics.marketing.pages import place
from privacy_analytics.marketing.recalling import recalled, shown_at
from privacy_analytics.marketing.site import MANIFEST, PAGE, Site, replace_folder
from privacy_analytics.marketing.statistics import statistics
from privacy_analytics.report import manifest
from privacy_analytics.report.manifest import variant_of, vouched
from privacy_analytics.settings import Settings
from privacy_analytics.signing import named
from privacy_analytics.stored import release_store


def publish(
    settings: Settings, run: Path, *, approved_by: str, canaries: Iterable[str] = (), today: date | None = None
) -> Path:
    """Put a run's report on the site and return its page; the same bytes again change nothing but the approval.

    Parameters
    ----------
    settings : of the workspace whose site it is
    run : folder with ``report.html`` and ``manifest.json``, of which report, month, title, snapshot and policy are
        read; the report's first sentence stands on the index
    approved_by : who looked at it and says that it may be seen
    canaries : texts that no page may hold
    today : decides which statistics beside it have expired; the workspace's own day, if none is given

    Raises
    ------
    GateError
        the report or another file of the site does not pass the gate; the site is as it was
    NotFound
        the run has no report
    PolicyError
        the page was recalled, or the contact address reaches nobody
    UsageError
        nobody approved it by name, or the run's manifest is not one of this version
    """
    name, canaries = named(approved_by), tuple(canaries)
    page, written = report_of(run)
    about = _manifest(written)
    store = release_store(settings)
    enforce("report.html", page, store, vouched(written, canaries))
    if recalled(settings, run):
        raise PolicyError("This page was recalled, so it is not published again. Mend the notebook and run it anew.")
    shown: dict[str, Any] = about | {
        "sha256": hashlib.sha256(page).hexdigest(),
        "headline": _headline(page.decode("utf-8"), store),
        "releases": sources(page.decode("utf-8")),
        "approved_by": name,
        "approved_at": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    site = Site(settings, today or datetime.now(settings.zone).date(), canaries)
    folder, report = site.folder / place(shown), f"{about['month']}/{about['report']}"
    said = json.dumps(shown, indent=2, sort_keys=True, ensure_ascii=False).encode()
    with site.alone():
        draft = site.draft(report=shown)
        sharing.record(settings, [report], purpose=_purposes(shown["releases"], store), to=sharing.EVERYBODY)
        replace_folder(folder, {PAGE: page, MANIFEST: said})
        site.put(draft)
    AuditLog(settings).add("publish", by=name, report=report)
    return folder / PAGE


def on_site(settings: Settings, run: Path) -> bool:
    """Whether the site says that it shows this run's page."""
    made = manifest.read(run).get("files", {}).get("report.html")
    return made is not None and manifest.read(shown_at(settings, run)).get("sha256") == made


def published(settings: Settings, run: Path) -> Path | None:
    """The page on the site where that is this run's, byte for byte, and the index leads to it."""
    page, index = shown_at(settings, run) / PAGE, settings.path("published", PAGE)
    if not (on_site(settings, run) and page.is_file() and index.is_file()):
        return None
    leads = f'href="{page.relative_to(index.parent)}"' in index.read_text(encoding="utf-8")
    return page if leads and page.read_bytes() == (run / "report.html").read_bytes() else None


def newer_revision(settings: Settings, run: Path) -> str:
    """The token of a later revision of its month that the site shows in the run's place; empty where there is none."""
    there, ours = (manifest.read(folder).get("snapshot", "") for folder in (shown_at(settings, run), run))
    return there if _revision(there) > _revision(ours) else ""


def report_of(run: Path) -> tuple[bytes, dict[str, Any]]:
    """The page of a finished run, and its manifest. Raises NotFound where it has none."""
    try:
        return (run / "report.html").read_bytes(), json.loads((run / MANIFEST).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise NotFound("This run has no finished report. Make one: pa run REPORT --month MONTH") from None


def _manifest(raw: dict[str, Any]) -> dict[str, Any]:
    """The fields that go on the site; names that become paths are checked."""
    kept: dict[str, Any] = {name: raw.get(name) for name in ("report", "month", "title", "snapshot", "policy")}
    if not (
        all(isinstance(value, str) for value in kept.values())
        and re.fullmatch(r"[a-z][a-z0-9_]{0,60}", kept["report"])
        and re.fullmatch(r"\d{4}-\d\d", kept["month"])
    ):
        raise UsageError(
            "The run's manifest does not say which report of which month it is. Run it again with `pa run`."
        )
    return kept | {"variant": variant_of(raw)}


def _revision(token: str) -> int:
    found = re.search(r"\.r(\d+)$", token)
    return int(found[1]) if found else 0


def _purposes(releases: Iterable[str], store: ReleaseStore) -> str:
    """What the numbers of a report were released for."""
    return ", ".join(sorted({str((store.get(each).recorded or {}).get("purpose")) for each in releases}))


def _headline(page: str, store: ReleaseStore) -> dict[str, Any] | None:
    """The specification of the first sentence on the page that can be quoted, else of the first there is."""
    quotable = (dict(each.spec) for each in statistics(page, store) if each.quotable)
    said = (spec for spec in specifications(page) if spec["render"] == "sentence")
    return next(chain(quotable, said), None)
