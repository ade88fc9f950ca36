"""``manifest.json`` of a run: what was run, what its files were made of, and what may stand in them."""

from __future__ import annotations

import copy
import hashlib
import json
from collections.abc import Iterable, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

import nbformat

from privacy_analytics.dp.releases import Release
from privacy_analytics.dp.store import ReleaseStore
from privacy_analytics.errors import UsageError
from privacy_analytics.figures import sources
from privacy_analytics.gate import Vouched
from privacy_analytics.gate.page import blocks
from privacy_analytics.report.places import MANIFEST, NOTEBOOK, PAGE, VARIANT, variant
from privacy_analytics.report.render import Facts, expressions, render_html, title_of
from privacy_analytics.report.shared import GIVEN, cells
from privacy_analytics.shipped import shipped

FORMAT = 2


def vouch(book: Any, values: Mapping[str, Any], *, title: str, facts: Facts, canaries: Iterable[str] = ()) -> Vouched:
    """What may stand in a run's files, read from the workspace's notebook before anything of it runs."""
    ours: list[Any] = [nbformat.read(file, as_version=4) for file in sorted(shipped("notebooks").glob("*.ipynb"))]
    template = nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell("")])
    known = _prose(template, title, facts).union(*(_prose(each, title_of(each), facts) for each in ours))
    run = cells(book, values)
    return Vouched(
        allowed=tuple(facts.allowed()),
        prose=_prose(book, title, facts),
        cells=frozenset(cell.digest for cell in run),
        shipped=known
        | {cell.digest for each in ours for cell in cells(each, {})}
        | {cell.digest for cell in run if cell.id == GIVEN},
        canaries=tuple(canaries),
    )


def vouched(manifest: Mapping[str, Any], canaries: Iterable[str] = ()) -> Vouched:
    """The same, read back from a run's manifest. Raises UsageError for a manifest of another version."""
    if manifest.get("format") != FORMAT:
        raise UsageError("This run is of another version. Make it again with `pa run`; it spends nothing.")
    prose, cells, shipped = (frozenset[str](manifest[name]) for name in ("prose", "cells", "shipped"))
    return Vouched(tuple(manifest["allowed"]), prose, cells, shipped, canaries=tuple(canaries))


def planned(
    vouched: Vouched,
    *,
    report: str,
    variant: str = "",
    title: str,
    facts: Facts,
    source: bytes,
    values: Mapping[str, Any],
) -> dict[str, Any]:
    """What is known of a run before it starts: where nothing of it has changed, it would be the same run.

    ``variant`` is what its parameter set adds to its place, ``source`` the workspace's notebook.
    """
    return {
        "format": FORMAT,
        "version": version("privacy-analytics"),
        "report": report,
        "variant": variant,
        "title": title,
        "month": facts.month,
        "snapshot": facts.snapshot,
        "policy": facts.policy,
        "parameters": dict(values),
        "notebook": hashlib.sha256(source).hexdigest(),
        "allowed": list(vouched.allowed),
        **{each: sorted(getattr(vouched, each)) for each in ("prose", "cells", "shipped")},
    }


def written(page: str, notebook: bytes, store: ReleaseStore, vouched: Vouched, **about: Any) -> dict[str, Any]:
    """The manifest of a finished run; ``about`` as ``planned`` takes it, ``notebook`` the one that is handed on."""
    return {
        **planned(vouched, **about),
        "files": {
            PAGE: hashlib.sha256(page.encode()).hexdigest(),
            NOTEBOOK: hashlib.sha256(notebook).hexdigest(),
        },
        "releases": sources(page),
        "headline": _headline([store.evaluate(expression) for expression in expressions(page)]),
    }


def read(folder: Path) -> dict[str, Any]:
    """The manifest of a run; empty where there is none that can be read."""
    try:
        return json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return {}


def variant_of(manifest: Mapping[str, Any]) -> str:
    """What a run's parameter set adds to its place; runs of version 0.1 do not say, there it is their values."""
    said = str(manifest.get("variant", variant(manifest.get("parameters") or {})))
    return said if VARIANT.fullmatch(said) else ""


def changed(folder: Path, manifest: Mapping[str, Any]) -> list[str]:
    """The files of a run that are not those that were made."""
    return [
        name
        for name, made in manifest.get("files", {MANIFEST: ""}).items()
        if not (folder / name).is_file() or hashlib.sha256((folder / name).read_bytes()).hexdigest() != made
    ]


def _prose(book: Any, title: str, facts: Facts) -> frozenset[str]:
    """What a notebook says around its fragments, template included."""
    bare = copy.deepcopy(book)
    for cell in bare.cells:
        if cell.cell_type == "code":
            cell.outputs = []
    return blocks(render_html(bare, title=title, facts=facts))


def _headline(releases: list[Release]) -> Any:
    """The first single number on the page."""
    return next((release.expression for release in releases if not release.by), None)
