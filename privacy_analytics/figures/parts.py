"""Parts that figures share: heading, frame, the table of the numbers, what is not shown, what stands beside."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from privacy_analytics.dp.releases import Cell, Release
from privacy_analytics.errors import UsageError
from privacy_analytics.figures.bounds import bounds, clipped
from privacy_analytics.figures.changes import Changes
from privacy_analytics.figures.format import STATUS, capital, column_words, interval, key_words, part_words, show
from privacy_analytics.figures.measures import MEASURED, heading, measure
from privacy_analytics.figures.words import title


def beside(release: Release, defined: str = "") -> str:
    """What was averaged, the bounds, and what they could have cost: the error bars know nothing of them."""
    said = " ".join(filter(None, (f"{capital(defined)}." if defined else "", bounds(release), clipped(release))))
    return f'<p class="note">{escape(said)}</p>' if said else ""


def framed(heading: str, svg: str, spoken: str) -> str:
    """A drawing under its heading; who cannot see it hears the alternative text."""
    drawing = f'<div role="img" aria-label="{escape(spoken)}">{svg}</div>'
    return f"<figure><figcaption>{heading}</figcaption>{drawing}</figure>"


def headed(release: Release, options: Mapping[str, Any]) -> str:
    """The heading that was given, or the release's own."""
    return f"<strong>{escape(options.get('title') or title(release))}</strong>"


def hidden(release: Release, name: str = "") -> str:
    """Names the keys that are not shown; not those of a grid, which are blank, nor phrases, which are not public."""
    keys = [cell.key for cell in release.cells if cell.status == "suppressed"]
    if not keys or len(release.by) > 1:
        return ""
    whose = f" in {name}" if name else ""
    if release.by == ("phrase",):
        return f'<p class="note">Found, but too rare to show{escape(whose)}: {len(keys)} more.</p>'
    said = ", ".join(key_words(key, release.by) for key in keys)
    return f'<p class="note">Too small to show{escape(whose)}: {escape(said)}.</p>'


def details(table: str) -> str:
    """Tables that are one step away, on paper none."""
    return f"<details><summary>The numbers</summary>{table}</details>"


def numbers(release: Release, caption: str, against: Changes | None = None) -> str:
    """Key, value, 95 % interval with a word where it is not reliable, and what changed since an earlier month."""
    value = capital(heading(release)) if release.unit in MEASURED else "Value"
    since = (f"Against {against.since}",) if against else ()
    head = "".join(
        f'<th scope="col">{escape(name)}</th>'
        for name in (*(capital(column_words(name)) for name in release.by), value, "95 % interval", *since)
    )
    cells = release.shown if release.by == ("phrase",) else release.cells
    rows = "".join(_line(release, cell, against) for cell in cells)
    return f"<table><caption>{escape(caption)}</caption><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"


def one(releases: Sequence[Release]) -> Release:
    """The only release. Raises UsageError where there are several."""
    if len(releases) != 1:
        raise UsageError("This fragment draws one release. Draw each on its own, or put them in tiles.")
    return releases[0]


def _line(release: Release, cell: Cell, against: Changes | None) -> str:
    how = measure(release)
    keys = "".join(
        f'<th scope="row">{escape(capital(part_words(part, name)))}</th>'
        for part, name in zip(cell.key, release.by, strict=True)
    )
    note = "" if cell.status == "ok" else f'<span class="note">{STATUS[cell.status]}</span>'
    value, span = ("–", "") if cell.status == "suppressed" else (show(cell, how), interval(cell, how))
    changed = f"<td>{against.said(cell.key)}</td>" if against else ""
    return f'<tr class="{cell.status}">{keys}<td class="n">{value}</td><td class="n">{span}{note}</td>{changed}</tr>'
