"""What a report is made of: each renderer turns releases and a few closed options into HTML, and nothing else.

A renderer is pure: the same releases and options give the same bytes. That is what lets the gate draw every
fragment again from the store and compare.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from html import escape
from typing import Any

from privacy_analytics.dp.releases import Cell, Release
from privacy_analytics.errors import UsageError
from privacy_analytics.figures.format import STATUS, error, interval, key_words, month_words, show
from privacy_analytics.figures.words import alt_text, chosen_key, is_sorted_time, sentence, title

Options = Mapping[str, Any]
Renderer = Callable[[Sequence[Release], Options], str]


def figure(releases: Sequence[Release], options: Options) -> str:
    """The form that fits: a tile for one number, a line over time, bars over keys, a table for several keys."""
    release = _one(releases)
    if not release.by:
        return tiles(releases, {"labels": [options["title"]]} if "title" in options else {})
    if not release.shown:
        return f'<p>{_heading(release, options)}</p><p class="note">Nothing here is large enough to be shown.</p>'
    if len(release.by) > 1:
        return table(releases, options)
    return line(releases, options) if is_sorted_time(release) else bars(releases, options)


def tiles(releases: Sequence[Release], options: Options) -> str:
    """A row of headline numbers, one a release that has a single cell."""
    labels = list(options.get("labels", ()))
    if labels and len(labels) != len(releases):
        raise UsageError("tiles need one label a release, or none at all.")
    drawn = map(_tile, releases, labels or map(title, releases))
    return f'<div class="tiles">{"".join(drawn)}</div>'


def bars(releases: Sequence[Release], options: Options) -> str:
    """Horizontal bars with whiskers; what is too small to show is named below."""
    from privacy_analytics.figures import charts

    release = _one(releases)
    return _figure(release, charts.bars(release), options, "bar: value · whisker: 95 % interval")


def line(releases: Sequence[Release], options: Options) -> str:
    """A line over days or weeks with its 95 % intervals."""
    from privacy_analytics.figures import charts

    release = _one(releases)
    mark = "band" if len(release.cells) > charts.MANY else "whisker"
    return _figure(release, charts.line(release), options, f"line: value · {mark}: 95 % interval")


def compare(releases: Sequence[Release], options: Options) -> str:
    """Two releases of the same keys side by side: a cohort, then everybody."""
    from privacy_analytics.figures import charts

    if len(releases) != 2:
        raise UsageError("compare takes two releases: the cohort's, then everybody's.")
    first, second = releases
    if first.by != second.by or first.unit != second.unit:
        raise UsageError("compare takes two releases by the same column and in the same unit.")
    names = list(options.get("names", ("This group", "Everybody")))
    if not {cell.key for cell in first.shown} & {cell.key for cell in second.shown}:
        return _table(first, names[0]) + _table(second, names[1])
    legend = "".join(
        f'<span class="key {role}">{escape(name)}</span>' for name, role in zip(names, ("mark", "other"), strict=True)
    )
    heading = f'{_heading(first, options)}<span class="note">{legend} whisker: 95 % interval</span>'
    spoken = " ".join(f"{name}: {alt_text(release)}" for name, release in zip(names, releases, strict=True))
    numbers = _details(_table(first, names[0]) + _table(second, names[1]))
    return (
        _framed(heading, charts.pairs(first, second), spoken)
        + _hidden(first, names[0])
        + _hidden(second, names[1])
        + numbers
    )


def table(releases: Sequence[Release], options: Options) -> str:
    """Key, value, 95 % interval and how far to trust it, in words."""
    release = _one(releases)
    return _table(release, options.get("title") or title(release))


def said(releases: Sequence[Release], options: Options) -> str:
    """One quotable sentence with its interval."""
    release = _one(releases)
    text = sentence(release, key=chosen_key(release, options.get("key")), says=options.get("says"))
    return f'<p class="said">{escape(text)}</p>'


def _tile(release: Release, label: str) -> str:
    if len(release.cells) != 1:
        raise UsageError("A tile shows one number; this release has several. Use bars, line or table.")
    cell, unit = release.cells[0], release.unit
    if cell.status == "suppressed":
        number, note = "–", STATUS[cell.status]
    else:
        points = " points" if unit in ("share", "change") else ""
        number, note = (
            show(cell, unit),
            error(cell, unit) + points + ("" if cell.status == "ok" else f" · {STATUS[cell.status]}"),
        )
    return (
        f'<div class="tile {cell.status}"><span class="what">{escape(label)}</span>'
        f'<strong class="number">{number}</strong><span class="note">{note}</span></div>'
    )


def _figure(release: Release, svg: str, options: Options, reading: str) -> str:
    heading = f'{_heading(release, options)}<span class="note">{month_words(release.month)} · {reading}</span>'
    weak = any(cell.status == "unreliable" for cell in release.shown)
    grey = '<p class="note">Grey: the noise is more than a quarter of the value.</p>' if weak else ""
    return (
        _framed(heading, svg, alt_text(release)) + grey + _hidden(release) + _details(_table(release, title(release)))
    )


def _framed(heading: str, svg: str, spoken: str) -> str:
    return f'<figure role="img" aria-label="{escape(spoken)}"><figcaption>{heading}</figcaption>{svg}</figure>'


def _heading(release: Release, options: Options) -> str:
    return f"<strong>{escape(options.get('title') or title(release))}</strong>"


def _hidden(release: Release, name: str = "") -> str:
    keys = [key_words(cell.key) for cell in release.cells if cell.status == "suppressed"]
    if not keys:
        return ""
    whose = f" in {name}" if name else ""
    return f'<p class="note">Too small to show{escape(whose)}: {escape(", ".join(keys))}.</p>'


def _details(table: str) -> str:
    return f"<details><summary>The numbers</summary>{table}</details>"


def _table(release: Release, caption: str) -> str:
    unit = release.unit
    head = "".join(
        f'<th scope="col">{escape(name)}</th>'
        for name in (*(key_words((name,)) for name in release.by), "Value", "95 % interval", "Reading")
    )
    rows = "".join(_line(cell, unit) for cell in release.cells)
    return f"<table><caption>{escape(caption)}</caption><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"


def _line(cell: Cell, unit: str) -> str:
    keys = "".join(f'<th scope="row">{escape(key_words((part,)))}</th>' for part in cell.key)
    hidden = cell.status == "suppressed"
    numbers = "".join(
        f'<td class="n">{"–" if hidden else text}</td>' for text in (show(cell, unit), interval(cell, unit))
    )
    return f'<tr class="{cell.status}">{keys}{numbers}<td>{STATUS[cell.status]}</td></tr>'


def _one(releases: Sequence[Release]) -> Release:
    if len(releases) != 1:
        raise UsageError("This fragment draws one release. Draw each on its own, or put them in tiles.")
    return releases[0]
