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
from privacy_analytics.figures.bounds import bounds, clipped
from privacy_analytics.figures.format import (
    STATUS,
    capital,
    column_words,
    error,
    interval,
    key_words,
    months_words,
    part_words,
    show,
)
from privacy_analytics.figures.measures import MEASURED, covered, heading, measure
from privacy_analytics.figures.words import alt_text, chosen_key, definition, is_sorted_time, sentence, title

Options = Mapping[str, Any]
Renderer = Callable[[Sequence[Release], Options], str]


def figure(releases: Sequence[Release], options: Options) -> str:
    """The form that fits: a tile for one number, a line over time, bars over keys, a shaded table for two keys."""
    release = _one(releases)
    if not release.by:
        return tiles(releases, {"labels": [options["title"]]} if "title" in options else {}) + _beside(
            release, definition(release)
        )
    if not release.shown:
        return f'<p>{_heading(release, options)}</p><p class="note">Nothing here is large enough to be shown.</p>'
    return _form(release)(releases, options)


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
    more = len(release.shown) - charts.MOST
    cut = f" · the {charts.MOST} largest of {len(release.shown)}" if more > 0 else ""
    return _figure(release, charts.bars(release), options, f"bar: value · whisker: 95 % interval{cut}")


def line(releases: Sequence[Release], options: Options) -> str:
    """A line over days or weeks with its 95 % intervals."""
    from privacy_analytics.figures import charts

    release = _one(releases)
    mark = "band" if len(release.cells) > charts.MANY else "whisker"
    return _figure(release, charts.line(release), options, f"line: value · {mark}: 95 % interval")


def columns(releases: Sequence[Release], options: Options) -> str:
    """Upright bars over the hours of a day, with whiskers."""
    from privacy_analytics.figures import charts

    release = _one(releases)
    zone = (release.recorded or {}).get("timezone")
    where = f" · hours in {zone}" if zone and release.by == ("hour",) else ""
    return _figure(release, charts.columns(release), options, f"bar: value · whisker: 95 % interval{where}")


def ranges(releases: Sequence[Release], options: Options) -> str:
    """Quantiles on the bars of their intervals."""
    from privacy_analytics.figures import charts

    release = _one(releases)
    return _figure(release, charts.ranges(release), options, "dot: at most this · bar: 95 % interval")


def grid(releases: Sequence[Release], options: Options) -> str:
    """A shaded table of two keys with its numbers."""
    from privacy_analytics.figures import grids

    release = _one(releases)
    across = "weeks later" if release.by == ("cohort", "week") else column_words(release.by[1])
    blank = " · blank: too small to show" if len(release.shown) < len(release.cells) else ""
    errors = {error(cell, measure(release)) for cell in release.shown}
    spread = f" · each number {errors.pop()}" if len(errors) == 1 else ""
    return _figure(release, grids.grid(release), options, f"across: {across}{spread}{blank}")


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
        how = measure(release)
        number, note = (
            show(cell, how),
            error(cell, how) + points + ("" if cell.status == "ok" else f" · {STATUS[cell.status]}"),
        )
    return (
        f'<div class="tile {cell.status}"><span class="what">{escape(label)}</span>'
        f'<strong class="number">{number}</strong><span class="note">{note}</span></div>'
    )


def _form(release: Release) -> Renderer:
    """How a release with keys is drawn."""
    if len(release.by) > 2:
        return table
    if release.unit == "quantile":
        return ranges
    if len(release.by) == 2:
        from privacy_analytics.figures import grids

        return grid if len(release.cells) <= grids.LARGEST else table
    if is_sorted_time(release):
        return line
    return columns if release.by == ("hour",) else bars


def _figure(release: Release, svg: str, options: Options, reading: str) -> str:
    said = " · ".join(filter(None, (months_words(covered(release)), definition(release), reading)))
    heading = f'{_heading(release, options)}<span class="note">{escape(said)}</span>'
    weak = any(cell.status == "unreliable" for cell in release.shown)
    grey = '<p class="note">Grey: the noise is more than a quarter of the value.</p>' if weak else ""
    numbers = _details(_table(release, title(release)))
    return _framed(heading, svg, alt_text(release)) + grey + _hidden(release) + _beside(release) + numbers


def _beside(release: Release, defined: str = "") -> str:
    """What was averaged, the bounds, and what they could have cost: the error bars know nothing of them."""
    said = " ".join(filter(None, (f"{capital(defined)}." if defined else "", bounds(release), clipped(release))))
    return f'<p class="note">{escape(said)}</p>' if said else ""


def _framed(heading: str, svg: str, spoken: str) -> str:
    return f'<figure role="img" aria-label="{escape(spoken)}"><figcaption>{heading}</figcaption>{svg}</figure>'


def _heading(release: Release, options: Options) -> str:
    return f"<strong>{escape(options.get('title') or title(release))}</strong>"


def _hidden(release: Release, name: str = "") -> str:
    """Names the keys that are not shown; not those of a grid, which are blank, nor phrases, which are not public."""
    keys = [cell.key for cell in release.cells if cell.status == "suppressed"]
    if not keys or len(release.by) > 1:
        return ""
    whose = f" in {name}" if name else ""
    if release.by == ("phrase",):
        return f'<p class="note">Found, but too rare to show{escape(whose)}: {len(keys)} more.</p>'
    said = ", ".join(key_words(key, release.by) for key in keys)
    return f'<p class="note">Too small to show{escape(whose)}: {escape(said)}.</p>'


def _details(table: str) -> str:
    return f"<details><summary>The numbers</summary>{table}</details>"


def _table(release: Release, caption: str) -> str:
    value = capital(heading(release)) if release.unit in MEASURED else "Value"
    head = "".join(
        f'<th scope="col">{escape(name)}</th>'
        for name in (*(capital(column_words(name)) for name in release.by), value, "95 % interval", "Reading")
    )
    cells = release.shown if release.by == ("phrase",) else release.cells
    rows = "".join(_line(release, cell) for cell in cells)
    return f"<table><caption>{escape(caption)}</caption><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"


def _line(release: Release, cell: Cell) -> str:
    how = measure(release)
    keys = "".join(
        f'<th scope="row">{escape(capital(part_words(part, name)))}</th>'
        for part, name in zip(cell.key, release.by, strict=True)
    )
    hidden = cell.status == "suppressed"
    numbers = "".join(
        f'<td class="n">{"–" if hidden else text}</td>' for text in (show(cell, how), interval(cell, how))
    )
    return f'<tr class="{cell.status}">{keys}{numbers}<td>{STATUS[cell.status]}</td></tr>'


def _one(releases: Sequence[Release]) -> Release:
    if len(releases) != 1:
        raise UsageError("This fragment draws one release. Draw each on its own, or put them in tiles.")
    return releases[0]
