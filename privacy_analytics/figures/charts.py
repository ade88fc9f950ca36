"""Released cells as pictures of one key: bars, pairs of bars, a line in time, columns of a day, ranges of quantiles."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import altair as alt

from privacy_analytics.dp.releases import Cell, Release
from privacy_analytics.figures.changes import Changes
from privacy_analytics.figures.format import capital, clamp, key_short, key_words, scale, show
from privacy_analytics.figures.measures import measure
from privacy_analytics.figures.svg import (
    ROLES,
    STEP,
    WIDTH,
    WITHIN,
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
FEW = 6
"""Points that each have room for their number."""
MOST = 25
"""Bars of one picture; the numbers beside it have them all."""
BROADEST = 212
"""Of the margin with the names of bars."""
LEAST, PARTS = 0.03, 5
"""The smallest part of a whole that has a place of its own, and how many have."""
DEPTHS = (0.95, 0.68, 0.44, 0.24, 0.1)
"""How full the parts of a whole are, from the largest: told apart without colours."""
PAIR = ("mark", "other")
"""The colours of a cohort and of everybody."""


def bars(release: Release, against: Changes | None = None) -> str:
    """Horizontal bars with whiskers and numbers, largest first unless the keys have an order; weak ones are grey.

    What clearly changed since an earlier month carries an arrow.
    """
    cells = list(release.shown) if has_order(release) else sorted(release.shown, key=lambda cell: -cell.value)
    rows = [_row(release, cell) | {"role": _role(cell)} for cell in cells[:MOST]]
    for row, cell in zip(rows, cells, strict=False):
        row["text"] += against.label(cell.key) if against else ""
    return _barred(rows, thick=14, step=STEP)


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
    marks = _reach(shown)
    left = room((f"{mark:,.12g}" for mark in marks), most=110)
    upright = amounts(marks, scale(measure(release)), left)
    x = along(labels, labels[:: max(1, math.ceil(len(labels) / 5))], type="point", padding=0.8)
    base = alt.Chart(alt.Data(values=shown)).encode(x=x)
    lows, values = alt.Y("low:Q", **upright), alt.Y("value:Q", **upright)
    if len(labels) > MANY:
        spread = [base.mark_area(fill=ROLES["band"], opacity=1).encode(y=lows, y2="high:Q", detail="run:N")]
        edge = base.mark_line(stroke=ROLES["edge"], strokeWidth=0.7)
        spread += [edge.encode(y=alt.Y(end, **upright), detail="run:N") for end in ("low:Q", "high:Q")]
    else:
        spread = [base.mark_rule(stroke=ROLES["whisker"], strokeWidth=1.4).encode(y=lows, y2="high:Q")]
    if len(labels) <= FEW:
        number = base.mark_text(dy=-9, fill=ROLES["label"], fontSize=13)
        spread.append(number.encode(y=alt.Y("high:Q", **upright), text="text:N"))
    drawn = [
        *spread,
        base.mark_line(stroke=ROLES["mark"], strokeWidth=2.2).encode(y=values, detail="run:N"),
        base.transform_filter("datum.weak === false")
        .mark_circle(size=34, fill=ROLES["mark"], opacity=1)
        .encode(y=values),
        base.transform_filter("datum.weak === true")
        .mark_circle(size=34, fill=ROLES["faint"], opacity=1)
        .encode(y=values),
    ]
    return svg(drawn, left, 16, HEIGHT, top=30, bottom=34)  # a number may stand above the highest line of the grid


def stand_beside(release: Release) -> bool:
    """Whether the names of upright bars have room below them; those of hours need not all be written."""
    names = [key_short(cell.key[0], release.by[0]) for cell in release.cells]
    return release.by == ("hour",) or sum(room([name], most=WIDTH) for name in names) <= WIDTH - 80


def columns(release: Release) -> str:
    """Upright bars in the order of the keys, such as the hours of a day, with whiskers; grey if weak."""
    (name,) = release.by
    labels = [key_short(cell.key[0], name) for cell in release.cells]
    shown = [_row(release, cell, key_short(cell.key[0], name)) | {"role": _role(cell)} for cell in release.shown]
    marks = _reach(shown)
    left = room((f"{mark:,.12g}" for mark in marks), most=110)
    upright = amounts(marks, scale(measure(release)), left)
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
    return svg(drawn, left, 16, HEIGHT, bottom=34)


def ranges(release: Release) -> str:
    """Quantiles as dots on the whisker of their 95 % interval, each with its number; weak ones are grey.

    Those of a group stand below its name. The axis is wider at the low end, by the square root, as the numbers are that
    quantiles are chosen from.
    """
    how = measure(release)
    rows: list[dict[str, Any]] = []
    labels: list[str] = []
    for cell in release.shown:
        *groups, last = map(key_short, cell.key, release.by)
        group = capital(", ".join(groups))
        label = f"{group}{WITHIN}{last}" if group else capital(last)
        rows.append(_row(release, cell, label) | {"role": _role(cell)})
        labels += [each for each in (group, label) if each and each not in labels]
    left = room((label.rpartition(WITHIN)[2] for label in labels), most=BROADEST)
    right = room((row["text"] for row in rows), most=110)
    top, least = max(row["high"] for row in rows), min(0.0, *(row["low"] for row in rows))
    marks = ticks(top, least) if least < 0 else root_ticks(top, WIDTH - left - right)
    span = alt.Scale(type="linear" if least < 0 else "sqrt", domain=[least, max(top, marks[-1])], nice=False)
    axis = alt.Axis(
        values=marks, title=None, format=scale(how), domain=False, ticks=False, labelPadding=6, labelOverlap=False,
        labelFlush=False, gridColor=ROLES["grid"], labelColor=ROLES["quiet"], labelFontSize=13,
    )  # fmt: skip
    base = alt.Chart(alt.Data(values=rows)).encode(y=categories(labels, left))
    drawn = _whiskers(base, lambda end: alt.X(f"{end}:Q", scale=span, axis=axis))
    drawn += [
        base.transform_filter(f"datum.role === '{role}'")
        .mark_circle(size=70, fill=ROLES[role], opacity=1)
        .encode(x=alt.X("value:Q", scale=span, axis=axis))
        for role in dict.fromkeys(row["role"] for row in rows)
    ]
    number = base.mark_text(align="left", dx=10, fill=ROLES["label"], fontSize=13)
    drawn.append(number.encode(x=alt.XValue("width"), text="text:N"))
    return svg(drawn, left, right, len(labels) * (STEP - 4), bottom=34)


def slopes(groups: Sequence[tuple[Release, Release]], months: Sequence[str]) -> str:
    """Two lines from before to after, each end with its interval and its number; the labels of ends keep apart."""
    rows: list[dict[str, Any]] = [
        _row(release, release.cells[0], month) | {"role": role, "shift": sign * 5, "last": month == months[1]}
        for pair, role, sign in zip(groups, PAIR, (-1, 1), strict=True)
        for release, month in zip(pair, months, strict=True)
    ]
    tall, (low, high) = HEIGHT - 40, (min(row["low"] for row in rows), max(row["high"] for row in rows))
    x = along([*months], [*months], type="point", padding=0.5)
    reach = (high - low) or 1.0
    low, high = low - 0.08 * reach, high + 0.02 * reach
    for last in (False, True):
        ends = sorted((row for row in rows if row["last"] is last), key=lambda row: row["value"])
        lower, upper = (tall * (high - row["value"]) / (high - low) for row in ends)
        push = max(0.0, 18 - (lower - upper)) / 2
        ends[0]["at"], ends[1]["at"] = lower + push, upper - push
    span = alt.Scale(domain=[low, high], nice=False, zero=False)
    y, least = alt.Y("value:Q", scale=span, axis=None), alt.Y("low:Q", scale=span, axis=None)
    drawn: list[alt.Chart] = []
    for role in PAIR:
        both = [row for row in rows if row["role"] == role]
        base = alt.Chart(alt.Data(values=both)).encode(x=x)
        whisker = base.mark_rule(stroke=ROLES["whisker"], strokeWidth=1.4, xOffset=both[0]["shift"])
        point = base.mark_circle(size=70, fill=ROLES[role], opacity=1, xOffset=both[0]["shift"])
        drawn += [
            base.mark_line(stroke=ROLES[role], strokeWidth=2.6, xOffset=both[0]["shift"]).encode(y=y),
            whisker.encode(y=least, y2="high:Q"),
            point.encode(y=y),
        ]
    for last in (False, True):
        ends = alt.Chart(alt.Data(values=[row for row in rows if row["last"] is last]))
        text = ends.mark_text(
            align="left" if last else "right", dx=16 if last else -16, fill=ROLES["label"], fontSize=13
        )
        drawn.append(text.encode(x=x, y=alt.Y("at:Q", scale=None), text="text:N"))
    return svg(drawn, 16, 16, tall, top=14, bottom=34)


def stacked(release: Release) -> str:
    """One bar of shares, largest first, and below it a line a part; what is small or hidden is the pale rest."""
    cells = sorted(release.shown, key=lambda cell: -cell.value)
    parts = [cell for cell in cells if cell.key != ("other",) and cell.value >= LEAST][:PARTS]
    rows = [_row(release, cell) for cell in parts]
    end = 0.0
    for row, depth in zip(rows, DEPTHS, strict=False):
        row |= {"from": end, "to": end + row["value"], "depth": depth}
        end = row["to"]
    if end < 1 - LEAST / 10:
        rows.append({"label": "All others", "text": "", "from": end, "to": 1.0, "depth": 0.0})
    labels = [row["label"] for row in rows]
    left = room(labels, most=BROADEST)
    for number, row in enumerate(rows):
        row |= {"top": 42 + STEP * number, "foot": 42 + STEP * number + 14, "at": 49 + STEP * number}
    base = alt.Chart(alt.Data(values=rows))
    part = base.encode(
        x=alt.X("from:Q", scale=alt.Scale(domain=[0, 1], nice=False), axis=None), x2="to:Q", y=alt.YValue(2),
        y2=alt.Y2Value(30),
    )  # fmt: skip
    swatch = base.encode(x=alt.XValue(1), x2=alt.X2Value(15), y=alt.Y("top:Q", scale=None, axis=None), y2="foot:Q")
    depth = alt.Opacity("depth:Q", scale=None)
    drawn = [box.mark_rect(fill=ROLES["mark"]).encode(opacity=depth) for box in (part, swatch)]
    drawn += [box.mark_rect(fill="none", stroke=ROLES["mark"], strokeWidth=1.2) for box in (part, swatch)]
    for at, field in ((24, "label"), (24 + left, "text")):
        text = base.mark_text(align="left", baseline="middle", fill=ROLES["label"], fontSize=13)
        drawn.append(text.encode(x=alt.XValue(at), y=alt.Y("at:Q", scale=None, axis=None), text=f"{field}:N"))
    return svg(drawn, 2, 2, 42 + STEP * len(rows))


def _barred(rows: list[dict[str, Any]], *, thick: int, step: int) -> str:
    for row, label in zip(rows, fitted([row["label"] for row in rows], most=BROADEST), strict=True):
        row["label"] = label
    labels = list(dict.fromkeys(row["label"] for row in rows))
    left, right = room(labels, most=BROADEST), room((row["text"] for row in rows), most=150)
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
    drawn += _whiskers(base, lambda end: hidden(end, x))
    number = base.mark_text(align="left", dx=8, fill=ROLES["label"], fontSize=13)
    drawn.append(number.encode(x=hidden("end", x), text="text:N"))
    return svg(drawn, left, right, len(labels) * step)


def _whiskers(base: alt.Chart, at: Callable[[str], alt.X]) -> list[alt.Chart]:
    """From ``low`` to ``high``, with an end at each."""
    tick = base.mark_tick(fill=ROLES["whisker"], thickness=1.6, height=8, opacity=1)
    rule = base.mark_rule(stroke=ROLES["whisker"], strokeWidth=1.6).encode(x=at("low"), x2="high:Q")
    return [rule, *(tick.encode(x=at(end)) for end in ("low", "high"))]


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
