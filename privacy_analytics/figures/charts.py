"""Released cells as SVG: Altair draws, and every colour becomes a class of the style sheet, so that a page can be dark.

Sizes, axis values and paddings are given, never measured: the bytes do not depend on the fonts of a machine.
"""

from __future__ import annotations

import math
import re
from typing import Any

import altair as alt
import vl_convert

from privacy_analytics.dp.releases import Cell, Release
from privacy_analytics.figures.format import key_short, key_words, scale, show
from privacy_analytics.figures.words import series

WIDTH = 520
"""Units of the view box; a figure is at most about this many pixels wide, and legible at 360."""
STEP = 28
HEIGHT = 210
MANY = 12
"""More points than this and whiskers become a band."""
PAIR = ("mark", "other")
"""The colours of a cohort and of everybody."""
ROLES = {
    "mark": "#2f6fb0",
    "faint": "#a3a8ae",
    "other": "#c46a1a",
    "whisker": "#14304d",
    "band": "#c4d9ee",
    "label": "#1d2329",
    "quiet": "#5d666f",
    "grid": "#dfe3e7",
}
"""What a colour is for: the class, and how it looks where there is no style sheet."""
_CHARACTER = 9.4
"""Width of a character, generously, at the 16 units that narrow screens get."""


def bars(release: Release) -> str:
    """Horizontal bars with whiskers, largest first, each with its number; unreliable ones are grey."""
    cells = sorted(release.shown, key=lambda cell: -cell.value)
    rows = [
        _row(cell, release.unit, key_words(cell.key)) | {"role": "faint" if cell.status == "unreliable" else "mark"}
        for cell in cells
    ]
    return _barred(rows, thick=14, step=STEP)


def pairs(first: Release, second: Release) -> str:
    """Two bars a key, each with its whisker and number, by the size of the first."""
    others = {cell.key: cell for cell in second.shown}
    both = [(cell, others[cell.key]) for cell in first.shown if cell.key in others]
    both.sort(key=lambda pair: -pair[0].value)
    rows = [
        _row(cell, first.unit, key_words(cell.key) or "All") | {"role": role}
        for pair in both
        for cell, role in zip(pair, PAIR, strict=True)
    ]
    return _barred(rows, thick=11, step=2 * STEP - 8)


def _barred(rows: list[dict[str, Any]], *, thick: int, step: int) -> str:
    labels = list(dict.fromkeys(row["label"] for row in rows))
    left, right = _room(rows, "label", most=200), _room(rows, "text", most=110)
    low, high = min(0.0, *(row["low"] for row in rows)), max(row["end"] for row in rows)
    x = alt.Scale(domain=[low, high], nice=False, zero=False)
    base = alt.Chart(alt.Data(values=rows)).encode(y=_categories(labels, left))
    if len(rows) > len(labels):
        base = base.encode(yOffset=alt.YOffset("role:N", sort=list(PAIR)))
    bar = base.encode(x=_hidden("value", x), x2=alt.X2Datum(0))
    drawn = [
        bar.transform_filter(f"datum.role === '{role}'").mark_bar(height=thick, fill=ROLES[role], cornerRadiusEnd=2)
        for role in dict.fromkeys(row["role"] for row in rows)
    ]
    if low < 0:
        zero = alt.Chart(alt.Data(values=[{"zero": 0}]))
        drawn.append(zero.mark_rule(stroke=ROLES["quiet"]).encode(x=_hidden("zero", x)))
    drawn.append(base.mark_rule(stroke=ROLES["whisker"], strokeWidth=1.6).encode(x=_hidden("low", x), x2="high:Q"))
    tick = base.mark_tick(fill=ROLES["whisker"], thickness=1.6, height=8, opacity=1)
    drawn += [tick.encode(x=_hidden(end, x)) for end in ("low", "high")]
    number = base.mark_text(align="left", dx=8, fill=ROLES["label"], fontSize=13)
    drawn.append(number.encode(x=_hidden("end", x), text="text:N"))
    return _svg(drawn, left, right, len(labels) * step)


def line(release: Release) -> str:
    """Values in time with their 95 % band (whiskers where there are few); grey points are unreliable."""
    unit = release.unit
    labels = [key_short(cell.key[0]) for cell in release.cells]
    shown = [
        _row(cell, unit, key_short(cell.key[0])) | {"run": number, "weak": cell.status == "unreliable"}
        for number, run in enumerate(series(release))
        for cell in run
    ]  # fmt: skip
    ticks = _ticks(
        max(row["high"] for row in shown), min(0.0, *(row["low"] for row in shown)) if unit == "change" else 0.0
    )
    every = max(1, math.ceil(len(labels) / 5))
    x = alt.X(
        "label:O",
        sort=labels,
        scale=alt.Scale(type="point", padding=0.8, domain=labels),
        axis=alt.Axis(
            values=labels[::every], title=None, labelAngle=0, labelOverlap=False, ticks=False, labelPadding=8,
            domainColor=ROLES["quiet"], labelColor=ROLES["quiet"], labelFontSize=13,
        ),
    )  # fmt: skip
    y = alt.Scale(domain=[ticks[0], ticks[-1]], nice=False, clamp=True)
    axis = alt.Axis(
        values=ticks, title=None, format=scale(unit), domain=False, ticks=False, labelPadding=8,
        minExtent=52, maxExtent=52,
        gridColor=ROLES["grid"], labelColor=ROLES["quiet"], labelFontSize=13,
    )  # fmt: skip
    base = alt.Chart(alt.Data(values=shown)).encode(x=x)
    lows = alt.Y("low:Q", scale=y, axis=axis)
    if len(labels) > MANY:
        spread = base.mark_area(fill=ROLES["band"], opacity=1).encode(y=lows, y2="high:Q", detail="run:N")
    else:
        spread = base.mark_rule(stroke=ROLES["whisker"], strokeWidth=1.4).encode(y=lows, y2="high:Q")
    values = alt.Y("value:Q", scale=y, axis=axis)
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
    return _svg(drawn, 60, 16, HEIGHT, bottom=30)


def _row(cell: Cell, unit: str, label: str) -> dict[str, Any]:
    """A cell as it is drawn: noise carries no count below nothing and no share above all."""
    least, most = (-math.inf, math.inf) if unit == "change" else (0.0, 1.0 if unit == "share" else math.inf)
    ends = {name: min(max(getattr(cell, name), least), most) for name in ("value", "low", "high")}
    return {"label": label, "text": show(cell, unit), "end": max(ends["high"], ends["value"]), **ends}


def _categories(labels: list[str], room: int) -> alt.Y:
    axis = alt.Axis(
        title=None, domain=False, ticks=False, labelPadding=10, labelLimit=room, minExtent=room, maxExtent=room,
        labelColor=ROLES["label"], labelFontSize=13, labelOverlap=False,
    )  # fmt: skip
    return alt.Y("label:N", sort=labels, axis=axis)


def _hidden(field: str, x: alt.Scale) -> alt.X:
    """A position without an axis: each bar carries its own number."""
    return alt.X(f"{field}:Q", scale=x, axis=None)


def _room(rows: list[dict[str, Any]], name: str, *, most: int) -> int:
    return min(most, math.ceil(max((len(row[name]) for row in rows), default=0) * _CHARACTER) + 16)


def _ticks(top: float, bottom: float) -> list[float]:
    """Three to six round numbers from at or below ``bottom`` to at or above ``top``."""
    reach = max(top - bottom, 1e-9)
    power = 10.0 ** math.floor(math.log10(reach / 4))
    step = next(power * factor for factor in (1, 2, 5, 10) if reach / (power * factor) <= 5)
    first, last = math.floor(bottom / step), math.ceil(top / step)
    return [round(number * step, 10) for number in range(first, last + 1)]


def _svg(layers: list[alt.Chart], left: int, right: int, height: int, *, bottom: int = 6) -> str:
    sized = alt.layer(*layers).properties(
        width=WIDTH - left - right,
        height=max(height, STEP),
        autosize=alt.AutoSizeParams(type="none"),
        padding={"left": left, "right": right, "top": 8, "bottom": bottom},
        background="transparent",
    )
    spec = sized.configure(aria=False, font="system-ui, sans-serif").configure_view(stroke=None).to_dict()
    return _classed(vl_convert.vegalite_to_svg(spec))


def _classed(svg: str) -> str:
    """Give each drawn thing the class of its role, and let the page decide the size."""
    for role, colour in ROLES.items():
        svg = re.sub(rf'(fill|stroke)="{colour}"', rf'class="{role}" \1="{colour}"', svg)
    svg = re.sub(
        r' class="(?:mark|role|root|background|foreground|marks)[^"]*-[^"]*"| class="(?:background|foreground|marks)"',
        "",
        svg,
    )
    svg = re.sub(r' (?:role|aria-\w+|pointer-events|xmlns:xlink|version)="[^"]*"', "", svg)
    return re.sub(r' width="[\d.]+" height="[\d.]+"( viewBox)', r' aria-hidden="true"\1', svg, count=1)
