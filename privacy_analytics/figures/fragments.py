"""What a report is made of: each renderer turns releases and a few closed options into HTML, and nothing else.

A renderer is pure: the same releases and options give the same bytes. That is what lets the gate draw every
fragment again from the store and compare.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from html import escape
from typing import Any

from privacy_analytics.dp.questions import ROWS
from privacy_analytics.dp.releases import Release
from privacy_analytics.errors import UsageError
from privacy_analytics.figures.changes import Changes, changes
from privacy_analytics.figures.format import STATUS, column_words, error, months_words, show
from privacy_analytics.figures.measures import covered, measure, rows
from privacy_analytics.figures.parts import beside, details, framed, headed, hidden, numbers, one
from privacy_analytics.figures.words import alt_text, chosen_key, definition, is_sorted_time, sentence, title

Options = Mapping[str, Any]
Renderer = Callable[[Sequence[Release], Options], str]


def figure(releases: Sequence[Release], options: Options) -> str:
    """The form that fits: a tile for one number, a line over time, bars over keys, a shaded table for two keys.

    Tiles and bars take the same question of an earlier month beside it.
    """
    release = releases[0] if releases else one(releases)
    if not release.by:
        labels = {"labels": [options["title"]]} if "title" in options else {}
        tile = tiles(releases, labels | ({"before": [1]} if len(releases) > 1 else {}))
        return tile + beside(release, definition(release))
    if not release.shown:
        return f'<p>{headed(release, options)}</p><p class="note">Nothing here is large enough to be shown.</p>'
    return _form(release)(releases, options)


def tiles(releases: Sequence[Release], options: Options) -> str:
    """A row of headline numbers, one a release that has a single cell.

    ``before`` says for each tile which of the further releases is the same number of an earlier month, or None.
    """
    before: list[int | None] = options.get("before", [])
    count = len(before) or len(releases)
    labels = list(options.get("labels", ()))
    if labels and len(labels) != count:
        raise UsageError("tiles need one label a number, or none at all.")
    if any(at is not None and not count <= at < len(releases) for at in before) or count > len(releases):
        raise UsageError("before names, for each tile, the place of its earlier release behind those of the tiles.")
    earlier = [None if at is None else releases[at] for at in before] or [None] * count
    drawn = map(_tile, releases[:count], labels or map(title, releases[:count]), earlier)
    return f'<div class="tiles">{"".join(drawn)}</div>'


def bars(releases: Sequence[Release], options: Options) -> str:
    """Horizontal bars with whiskers; what is too small to show is named below. A second release is an earlier month."""
    from privacy_analytics.figures import charts

    release, *earlier = releases
    against = changes(release, one(earlier)) if earlier else None
    more = len(release.shown) - charts.MOST
    cut = f" · the {charts.MOST} largest of {len(release.shown)}" if more > 0 else ""
    changed = f" · {against.reading}" if against and against.reading else ""
    reading = f"bar: value · whisker: 95 % interval{cut}{changed}"
    return _figure(release, charts.bars(release, against), options, reading, against)


def line(releases: Sequence[Release], options: Options) -> str:
    """A line over days or weeks with its 95 % intervals."""
    from privacy_analytics.figures import charts

    release = one(releases)
    mark = "band" if len(release.cells) > charts.MANY else "whisker"
    return _figure(release, charts.line(release), options, f"line: value · {mark}: 95 % interval")


def columns(releases: Sequence[Release], options: Options) -> str:
    """Upright bars over the hours of a day, with whiskers; lying ones where the names of keys need more room."""
    from privacy_analytics.figures import charts

    release = one(releases)
    if not charts.stand_beside(release):
        return bars(releases, options)
    zone = (release.recorded or {}).get("timezone")
    where = f" · hours in {zone}" if zone and release.by == ("hour",) else ""
    return _figure(release, charts.columns(release), options, f"bar: value · whisker: 95 % interval{where}")


def ranges(releases: Sequence[Release], options: Options) -> str:
    """Quantiles on the whiskers of their intervals."""
    from privacy_analytics.figures import charts

    release = one(releases)
    return _figure(release, charts.ranges(release), options, "dot: at most this · whisker: 95 % interval")


def grid(releases: Sequence[Release], options: Options) -> str:
    """A shaded table of two keys with its numbers."""
    from privacy_analytics.figures import grids

    release = one(releases)
    across = "weeks later" if release.by == ("cohort", "week") else column_words(release.by[1])
    across = f"number of {rows(release)}" if across == ROWS else across
    blank = " · blank: too small to show" if len(release.shown) < len(release.cells) else ""
    errors = {error(cell, measure(release)) for cell in release.shown}
    spread = f" · each number {errors.pop()}" if len(errors) == 1 else ""
    part = " · in per cent" if release.unit == "share" else ""
    return _figure(release, grids.grid(release), options, f"across: {across}{part}{spread}{blank}")


def table(releases: Sequence[Release], options: Options) -> str:
    """Key, value, 95 % interval and how far to trust it, in words."""
    release = one(releases)
    return numbers(release, options.get("title") or title(release))


def said(releases: Sequence[Release], options: Options) -> str:
    """One quotable sentence with its interval."""
    release = one(releases)
    text = sentence(release, key=chosen_key(release, options.get("key")), says=options.get("says"))
    return f'<p class="said">{escape(text)}</p>'


def _tile(release: Release, label: str, earlier: Release | None) -> str:
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
    notes = filter(None, (note, changes(release, earlier).line() if earlier else ""))
    return (
        f'<div class="tile {cell.status}"><span class="what">{escape(label)}</span>'
        f'<strong class="number">{number}</strong>'
        + "".join(f'<span class="note">{said}</span>' for said in notes)
        + "</div>"
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


def _figure(release: Release, svg: str, options: Options, reading: str, against: Changes | None = None) -> str:
    said = " · ".join(filter(None, (months_words(covered(release)), definition(release), reading)))
    heading = f'{headed(release, options)}<span class="note">{escape(said)}</span>'
    weak = any(cell.status == "unreliable" for cell in release.shown)
    grey = '<p class="note">Grey: the noise is more than a quarter of the value.</p>' if weak else ""
    spoken = " ".join(filter(None, (alt_text(release), against.spoken if against else "")))
    table = details(numbers(release, title(release), against))
    return framed(heading, svg, spoken) + grey + hidden(release) + beside(release) + table
