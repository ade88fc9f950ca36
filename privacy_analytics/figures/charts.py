"""Released cells as pictures of one key: bars, pairs of bars, a line in time, columns of a day, ranges of quantiles."""

from __future__ import annotations

import math
from typing import Any

import altair as alt

from privacy_analytics.dp.releases import Cell, Release
from privacy_analytics.figures.format import capital, clamp, key_short, key_words, scale, show
from privacy_analytics.figures.measures import measure
from privacy_analytics.figures.svg import (
    ROLES,
    STEP,
    WIDTH,
    along,
    amounts,
    categories,
    fitted,
    hidden,
    room,
    root_ticks,
    svg,
    ticks,
)
from privacy_analytics.figures.words import has_order, series

HEIGHT = 210
MANY = 12
"""More points than this and whiskers become a band."""
MOST = 25
"""Bars of one picture; the numbers beside it have them all."""
BROADEST = 230
"""Of the margin with the names of bars."""
PAIR = ("mark", "other")
"""The colours of a cohort and of everybody."""


def bars(release: Release) -> str:
    """Horizontal bars with whiskers and numbers, largest first unless the keys have an order; weak ones are grey."""
    cells = list(release.shown) if has_order(release) else sorted(release.shown, key=lambda cell: -cell.value)
    return _barred([_row(release, cell) | {"role": _role(cell)} for cell in cells[:MOST]], thick=14, step=STEP)


def pairs(first: Release, second: Release) -> str:
    """Two bars a key, each with its whisker and number, by the size of the first unless the keys have an order."""
    others = {cell.key: cell for cell in second.shown}
    both = [(cell, others[cell.key]) for cell in first.shown if cell.key in others]
    if not has_order(first):
        both.sort(key=lambda pair: -pair[0].value)
    rows = [_row(first, cell) | {"role": role} for pair in both[:MOST] for cell, role in zip(pair, PAIR, strict=True)]
    return _barred(rows, thick=11, step=2 * STEP - 8)


def line(release: Release) -> str:
    """Values in time with their 95 % band (whiskers where there are few); grey points are unreliable."""
    (name,) = release.by
    labels = [key_short(cell.key[0], name) for cell in release.cells]
    shown = [
        _row(release, cell, key_short(cell.key[0], name)) | {"run": number, "weak": cell.status == "unreliable"}
        for number, run in enumerate(series(release))
        for cell in run
    ]
    upright = amounts(_reach(shown), scale(measure(release)))
    x = along(labels, labels[:: max(1, math.ceil(len(labels) / 5))], type="point", padding=0.8)
    base = alt.Chart(alt.Data(values=shown)).encode(x=x)
    lows, values = alt.Y("low:Q", **upright), alt.Y("value:Q", **upright)
    if len(labels) > MANY:
        spread = base.mark_area(fill=ROLES["band"], opacity=1).encode(y=lows, y2="high:Q", detail="run:N")
    else:
        spread = base.mark_rule(stroke=ROLES["whisker"], strokeWidth=1.4).encode(y=lows, y2="high:Q")
    drawn = [
        spread,
        base.mark_line(stroke=ROLES["mark"], strokeWidth=2.2).encode(y=values, detail="run:N"),
        base.transform_filter("datum.weak === false")
        .mark_circle(size=34, fill=ROLES["mark"], opacity=1)
        .encode(y=values),
        base.transform_filter("datum.weak === true")
        .mark_circle(size=34, fill=ROLES["faint"], opacity=1)
        .encode(y=values),
    ]
    return svg(drawn, 60, 16, HEIGHT, bottom=30)


def columns(release: Release) -> str:
    """Upright bars in the order of the keys, such as the hours of a day, with whiskers; grey if weak."""
    (name,) = release.by
    labels = [key_short(cell.key[0], name) for cell in release.cells]
    shown = [_row(release, cell, key_short(cell.key[0], name)) | {"role": _role(cell)} for cell in release.shown]
    upright = amounts(_reach(shown), scale(measure(release)))
    x = along(labels, labels[:: max(1, math.ceil(len(labels) / 8))], type="band", paddingInner=0.25, paddingOuter=0.2)
    base = alt.Chart(alt.Data(values=shown)).encode(x=x)
    drawn = [
        base.transform_filter(f"datum.role === '{role}'")
        .mark_bar(fill=ROLES[role], cornerRadiusEnd=2)
        .encode(y=alt.Y("value:Q", **upright), y2=alt.Y2Datum(0))
        for role in dict.fromkeys(row["role"] for row in shown)
    ]
    whisker = base.mark_rule(stroke=ROLES["whisker"], strokeWidth=1.4)
    drawn.append(whisker.encode(y=alt.Y("low:Q", **upright), y2="high:Q"))
    return svg(drawn, 60, 16, HEIGHT, bottom=30)


def ranges(release: Release) -> str:
    """Quantiles as dots on the bar of their 95 % interval, each with its number; weak ones are grey.

    The axis is wider at the low end, by the square root, as the numbers are that quantiles are chosen from.
    """
    how = measure(release)
    rows: list[dict[str, Any]] = [
        _row(release, cell, capital(", ".join(map(key_short, cell.key, release.by)))) | {"role": _role(cell)}
        for cell in release.shown
    ]
    labels = [row["label"] for row in rows]
    left, right = room(labels, most=200), room((row["text"] for row in rows), most=110)
    top, least = max(row["high"] for row in rows), min(0.0, *(row["low"] for row in rows))
    marks = ticks(top, least) if least < 0 else root_ticks(top, WIDTH - left - right)
    span = alt.Scale(type="linear" if least < 0 else "sqrt", domain=[least, max(top, marks[-1])], nice=False)
    axis = alt.Axis(
        values=marks, title=None, format=scale(how), domain=False, ticks=False, labelPadding=6, labelOverlap=False,
        labelFlush=False, gridColor=ROLES["grid"], labelColor=ROLES["quiet"], labelFontSize=13,
    )  # fmt: skip
    base = alt.Chart(alt.Data(values=rows)).encode(y=categories(labels, left))
    drawn = [
        base.mark_bar(fill=ROLES["band"], height=10, cornerRadius=5).encode(
            x=alt.X("low:Q", scale=span, axis=axis), x2="high:Q"
        )
    ]
    drawn += [
        base.transform_filter(f"datum.role === '{role}'")
        .mark_circle(size=70, fill=ROLES[role], opacity=1)
        .encode(x=alt.X("value:Q", scale=span, axis=axis))
        for role in dict.fromkeys(row["role"] for row in rows)
    ]
    number = base.mark_text(align="left", dx=10, fill=ROLES["label"], fontSize=13)
    drawn.append(number.encode(x=alt.XValue("width"), text="text:N"))
    return svg(drawn, left, right, len(labels) * STEP, bottom=30)


def _barred(rows: list[dict[str, Any]], *, thick: int, step: int) -> str:
    for row, label in zip(rows, fitted([row["label"] for row in rows], most=BROADEST), strict=True):
        row["label"] = label
    labels = list(dict.fromkeys(row["label"] for row in rows))
    left, right = room(labels, most=BROADEST), room((row["text"] for row in rows), most=110)
    low, high = min(0.0, *(row["low"] for row in rows)), max(row["end"] for row in rows)
    x = alt.Scale(domain=[low, high], nice=False, zero=False)
    base = alt.Chart(alt.Data(values=rows)).encode(y=categories(labels, left))
    if len(rows) > len(labels):
        base = base.encode(yOffset=alt.YOffset("role:N", sort=list(PAIR)))
    bar = base.encode(x=hidden("value", x), x2=alt.X2Datum(0))
    drawn = [
        bar.transform_filter(f"datum.role === '{role}'").mark_bar(height=thick, fill=ROLES[role], cornerRadiusEnd=2)
        for role in dict.fromkeys(row["role"] for row in rows)
    ]
    if low < 0:
        zero = alt.Chart(alt.Data(values=[{"zero": 0}]))
        drawn.append(zero.mark_rule(stroke=ROLES["quiet"]).encode(x=hidden("zero", x)))
    drawn.append(base.mark_rule(stroke=ROLES["whisker"], strokeWidth=1.6).encode(x=hidden("low", x), x2="high:Q"))
    tick = base.mark_tick(fill=ROLES["whisker"], thickness=1.6, height=8, opacity=1)
    drawn += [tick.encode(x=hidden(end, x)) for end in ("low", "high")]
    number = base.mark_text(align="left", dx=8, fill=ROLES["label"], fontSize=13)
    drawn.append(number.encode(x=hidden("end", x), text="text:N"))
    return svg(drawn, left, right, len(labels) * step)


def _row(release: Release, cell: Cell, label: str | None = None) -> dict[str, Any]:
    """A cell as it is drawn: noise carries no count below nothing and no share above all."""
    how = measure(release)
    ends = {name: clamp(getattr(cell, name), how) for name in ("value", "low", "high")}
    words = label or capital(key_words(cell.key, release.by)) or "All"
    return {"label": words, "text": show(cell, how), "end": max(ends["high"], ends["value"]), **ends}


def _role(cell: Cell) -> str:
    return "faint" if cell.status == "unreliable" else "mark"


def _reach(rows: list[dict[str, Any]]) -> list[float]:
    return ticks(max(row["high"] for row in rows), min(0.0, *(row["low"] for row in rows)))
