"""From a finished run to the static site: check the bytes once more, copy them, rewrite the index.

::

    published/index.html                       every report by month, one sentence each
    published/2026-10/usage_report/index.html  the report, byte for byte as it was approved
    published/2026-10/usage_report/manifest.json

The site works from disk: links are relative and nothing is loaded.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
from collections.abc import Iterable
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path
from typing import Any

import jinja2

from privacy_analytics.dp.store import ReleaseStore
from privacy_analytics.errors import NotFound, UsageError
from privacy_analytics.figures import render, sources, specifications, style
from privacy_analytics.figures.format import month_words
from privacy_analytics.gate import Vouched, enforce
from privacy_analytics.gate.findings import digest
from privacy_analytics.gate.fragments import cut
from privacy_analytics.report.manifest import vouched
from privacy_analytics.report.render import TEMPLATES

PAGE, MANIFEST = "index.html", "manifest.json"


def publish(
    run: Path,
    site: Path,
    store: ReleaseStore,
    *,
    approved_by: str,
    product: str,
    contact: str,
    canaries: Iterable[str] = (),
) -> Path:
    """Put a run's report on the site and return its page; the same bytes again change nothing but the approval.

    Parameters
    ----------
    run : folder with ``report.html`` and ``manifest.json``, of which report, month, title, snapshot and policy are
        read; the report's first sentence stands on the index
    site : the folder ``published``
    approved_by : who looked at it and says that it may be seen
    product, contact : as on the page
    canaries : texts that no page may hold

    Raises
    ------
    GateError
        the report or the new index does not pass the gate; the site is as it was
    NotFound
        the run has no report
    UsageError
        nobody approved it, or the run's manifest is not one of this version
    """
    if not (approved_by.strip() and approved_by.isprintable()):
        raise UsageError("A report is published by somebody. Say who approves it: --approve NAME.")
    try:
        page = (run / "report.html").read_bytes()
        written = json.loads((run / MANIFEST).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise NotFound("This run has no finished report. Make one: pa run REPORT --month MONTH") from None
    manifest = _manifest(written)
    canaries = tuple(canaries)
    enforce("report.html", page, store, vouched(written, canaries))
    published: dict[str, Any] = manifest | {
        "sha256": hashlib.sha256(page).hexdigest(),
        "headline": _headline(page.decode("utf-8")),
        "releases": sources(page.decode("utf-8")),
        "approved_by": approved_by.strip(),
        "approved_at": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    others = [entry for entry in _entries(site) if _place(entry) != _place(published)]
    index = _index([*others, published], store, product=product, contact=contact).encode()
    months = {text for entry in [*others, published] for text in (entry["month"], month_words(entry["month"]))}
    template = frozenset(digest(piece) for _, piece in cut(index.decode(), store).pieces)  # all but its headlines
    allowed = (product, contact, "95 of 100", *sorted(months))
    enforce(PAGE, index, store, Vouched(allowed, template, shipped=template, canaries=canaries))
    folder = site / _place(published)
    _replace_folder(
        folder, {PAGE: page, MANIFEST: json.dumps(published, indent=2, sort_keys=True, ensure_ascii=False).encode()}
    )
    _write(site / f"{PAGE}.partial", index)
    (site / f"{PAGE}.partial").replace(site / PAGE)
    return folder / PAGE


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
    return kept


def _headline(page: str) -> dict[str, Any] | None:
    """The specification of the page's first sentence."""
    return next((spec for spec in specifications(page) if spec["render"] == "sentence"), None)


def _place(entry: dict[str, Any]) -> str:
    return f"{entry['month']}/{entry['report']}"


def _entries(site: Path) -> list[dict[str, Any]]:
    """The manifests of what is on the site."""
    return [json.loads(file.read_text(encoding="utf-8")) for file in sorted(site.glob(f"[0-9]*/[a-z]*/{MANIFEST}"))]


def _index(entries: list[dict[str, Any]], store: ReleaseStore, *, product: str, contact: str) -> str:
    entries.sort(key=lambda entry: entry["title"])
    entries.sort(key=lambda entry: entry["month"], reverse=True)
    months = [
        (
            month_words(month),
            [
                {
                    "href": f"{_place(entry)}/{PAGE}",
                    "title": entry["title"],
                    "headline": render(entry["headline"], store) if entry["headline"] else "",
                }
                for entry in listed
            ],
        )
        for month, listed in groupby(entries, key=lambda entry: entry["month"])
    ]
    loader = jinja2.FileSystemLoader(TEMPLATES / "page")
    environment = jinja2.Environment(loader=loader, undefined=jinja2.StrictUndefined, trim_blocks=True)  # noqa: S701  as nbconvert's
    page = {"title": "Reports", "product": product, "month": "", "snapshot": "", "contact": contact, "style": style()}
    return environment.get_template("site.html.j2").render(page=page, months=months)


def _replace_folder(folder: Path, files: dict[str, bytes]) -> None:
    """Write beside, then swap: a reader finds the old files or the new ones, whole."""
    fresh, retired = (folder.with_name(f".{folder.name}.{state}") for state in ("fresh", "retired"))
    for leftover in (fresh, retired):
        shutil.rmtree(leftover, ignore_errors=True)
    fresh.mkdir(parents=True)
    for name, content in files.items():
        _write(fresh / name, content)
    if folder.exists():
        folder.replace(retired)
    fresh.replace(folder)
    shutil.rmtree(retired, ignore_errors=True)


def _write(file: Path, content: bytes) -> None:
    with file.open("wb") as out:
        out.write(content)
        out.flush()
        os.fsync(out.fileno())
