"""Released values as HTML. Everything a report shows is a *fragment*, and a fragment can be drawn again.

``fragment("bars", release)`` is ``<section class="pa" data-fragment="…">…</section>``; the attribute says which
renderer drew which expressions over stored releases with which options. ``render`` repeats it from a store. So
whoever holds the store can recompute every number, label, drawing and alternative text of a page byte by byte;
``gate`` does.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from html import escape, unescape
from pathlib import Path
from typing import Any, cast

from privacy_analytics.dp.releases import Release
from privacy_analytics.dp.store import ReleaseStore
from privacy_analytics.errors import UsageError
from privacy_analytics.figures import box, cards, claims, comparisons, fragments, notes, pictured, revisions
from privacy_analytics.figures.box import STEPS, bucket
from privacy_analytics.figures.changes import comparable
from privacy_analytics.figures.claims import judged, single
from privacy_analytics.figures.format import month_words
from privacy_analytics.figures.revisions import revises
from privacy_analytics.figures.words import PROVISIONAL, alt_text, sentence

__all__ = [
    "PROVISIONAL",
    "RENDERERS",
    "alt_text",
    "bucket",
    "comparable",
    "figure",
    "fragment",
    "judged",
    "opening",
    "render",
    "revises",
    "sentence",
    "single",
    "sources",
    "specifications",
    "style",
    "styled",
    "table",
]

RENDERERS: dict[str, tuple[fragments.Renderer, tuple[str, ...]]] = {
    "figure": (fragments.figure, ("title",)),
    "tiles": (fragments.tiles, ("labels", "before")),
    "bars": (fragments.bars, ("title",)),
    "line": (fragments.line, ("title",)),
    "columns": (fragments.columns, ("title",)),
    "ranges": (fragments.ranges, ("title",)),
    "grid": (fragments.grid, ("title",)),
    "compare": (comparisons.compare, ("title", "names")),
    "slopes": (comparisons.slopes, ("title", "names")),
    "stacked": (comparisons.stacked, ("title",)),
    "revised": (revisions.revised, ("names",)),
    "table": (fragments.table, ("title",)),
    "sentence": (fragments.said, ("key", "says")),
    "claims": (claims.summary, ("claims", "everything")),
    "claim": (claims.one, ("claim", "offered")),
    "claim_bars": (pictured.bars, ("claim", "offered")),
    "persona": (cards.persona, ("title", "labels")),
    "method": (cards.method, ()),
    "footnotes": (notes.footnotes, ()),
    "not_shown": (box.not_shown, ("blocks", "beside")),
    "privacy_box": (box.privacy_box, ()),
}
"""Each renderer with the options that it takes; all take ``sources=True``, which links to the page's footnotes."""
opening = re.compile(r'<section class="pa" data-fragment="([^"]*)">')
"""How every fragment starts; the group is its specification, escaped."""
LONGEST = 120


def fragment(renderer: str, *releases: Release, **options: Any) -> str:
    """Draw releases. ``None`` options count as not given.

    Raises
    ------
    UsageError
        there is no such renderer, it does not take the option or these releases, or a text holds a digit
    """
    given = {name: value for name, value in options.items() if value is not None}
    given = cast("dict[str, Any]", json.loads(json.dumps(given)))
    spec = {"render": renderer, "of": [release.expression for release in releases], "options": given}
    return _drawn(spec, releases)


def render(spec: Mapping[str, Any], store: ReleaseStore) -> str:
    """Draw a fragment's specification again from stored releases. Raises NotFound, UsageError."""
    if (
        set(spec) != {"render", "of", "options"}
        or not isinstance(spec["of"], list)
        or not isinstance(spec["options"], dict)
    ):
        raise UsageError("This is no specification of a fragment.")
    return _drawn(spec, [store.evaluate(expression) for expression in cast("list[Any]", spec["of"])])


def figure(release: Release, title: str | None = None) -> str:
    """The picture that fits a release: a tile, bars, a line, ranges, a shaded table or a table."""
    return fragment("figure", release, title=title)


def table(release: Release, title: str | None = None) -> str:
    """The release's numbers as a table."""
    return fragment("table", release, title=title)


def specifications(page: str) -> list[dict[str, Any]]:
    """What the fragments of a page say of themselves, in the order of the page."""
    return [json.loads(unescape(found[1])) for found in opening.finditer(page)]


def sources(page: str) -> list[str]:
    """The ids of all stored releases that the fragments of a page are made of, sorted."""
    return sorted({known for spec in specifications(page) for each in spec["of"] for known in notes.stored(each)})


@cache
def style() -> str:
    """The one style sheet, for a ``<style>`` element: of fragments, of reports and of the site."""
    return Path(__file__).with_name("style.css").read_text(encoding="utf-8")


def styled(html: str) -> str:
    """HTML with its own style sheet, for a notebook outside a report."""
    return f'<style>{style()}</style><div class="pa">{html}</div>'


def _drawn(spec: Mapping[str, Any], releases: Sequence[Release]) -> str:
    known = RENDERERS.get(str(spec["render"]))
    if known is None:
        raise UsageError(f"There is no such renderer. There are: {', '.join(RENDERERS)}.")
    draw, takes = known
    months = [text for release in releases for text in (month_words(release.month), release.month)]
    for name, value in spec["options"].items():
        if name not in (*takes, "sources"):
            raise UsageError(
                f"The renderer {spec['render']} has no option of this name. It has: {', '.join((*takes, 'sources'))}."
            )
        _CHECKS[name](value, months)
    inner = draw(releases, spec["options"])
    if spec["options"].get("sources"):
        inner += notes.links(spec["of"])
    canonical = json.dumps(spec, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return f'<section class="pa" data-fragment="{escape(canonical)}">{inner}</section>'


def _text(value: Any, months: Sequence[str]) -> None:
    """Words only: a number typed into a title would be printed without being computed."""
    if not isinstance(value, str) or not 0 < len(value) <= LONGEST or not value.isprintable():
        raise UsageError(f"A title or label is one line of at most {LONGEST} characters.")
    for month in months:
        value = value.replace(month, "")
    if any(character.isnumeric() for character in value):
        raise UsageError(
            "A title or label holds a digit. Numbers come from releases: leave it to the figure, or use sentence()."
        )


def _texts(value: Any, months: Sequence[str]) -> None:
    if not isinstance(value, list):
        raise UsageError("labels and names are lists of texts.")
    for text in cast("list[Any]", value):
        _text(text, months)


def _key(value: Any, _months: Sequence[str]) -> None:
    """Any text will do: a key that is not the release's own is refused when it is looked up."""
    parts = cast("list[Any]", value) if isinstance(value, list) else [value]
    if not all(isinstance(part, str) for part in parts):
        raise UsageError("key is a key of the release: a text, or a list of texts.")


def _blocks(value: Any, months: Sequence[str]) -> None:
    if not isinstance(value, list):
        raise UsageError("blocks is a list of {name, needs}.")
    for block in cast("list[Any]", value):
        if (
            not isinstance(block, dict)
            or set(cast("dict[str, Any]", block)) != {"name", "needs"}
            or block["needs"] not in (None, 0, *STEPS)
        ):
            raise UsageError("blocks holds {name, needs} records, with needs made by figures.bucket(), None or 0.")
        _text(block["name"], months)


def _claim(value: Any, months: Sequence[str]) -> None:
    for text in claims.check(value):
        _text(text, months)


def _claims(value: Any, months: Sequence[str]) -> None:
    if not isinstance(value, list) or not value:
        raise UsageError("claims is a list of claims, at least one.")
    for each in cast("list[Any]", value):
        _claim(each, months)


def _offered(value: Any, _months: Sequence[str]) -> None:
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise UsageError("offered is how many sentences were tried together.")


def _flag(value: Any, _months: Sequence[str]) -> None:
    if not isinstance(value, bool):
        raise UsageError("everything and beside are true or false.")


def _before(value: Any, _months: Sequence[str]) -> None:
    if not isinstance(value, list) or not all(at is None or type(at) is int for at in cast("list[Any]", value)):
        raise UsageError("before is a list of places of releases, with None for a tile that has no earlier one.")


def _sources(value: Any, _months: Sequence[str]) -> None:
    if value is not True:
        raise UsageError("sources is True, or left out.")


_CHECKS: dict[str, Callable[[Any, Sequence[str]], None]] = {
    "before": _before,
    "sources": _sources,
    "title": _text,
    "says": _text,
    "labels": _texts,
    "names": _texts,
    "key": _key,
    "blocks": _blocks,
    "claim": _claim,
    "claims": _claims,
    "offered": _offered,
    "everything": _flag,
    "beside": _flag,
}
