"""Layers of Altair as SVG in which every colour is a class of the style sheet, so that a page can be dark.

Sizes, axis values and paddings are given, never measured: the bytes do not depend on the fonts of a machine.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from typing import Any, Literal

import altair as alt
import vl_convert

WIDTH = 440
"""Units of the view box: so narrow that its writing is still legible where a telephone has 320 pixels for it."""
STEP = 28
ROLES = {
    "mark": "#2a68a8",
    "faint": "#868e96",
    "other": "#cf7d33",
    "whisker": "#050d16",
    "band": "#cfe0f1",
    "edge": "#7f8890",
    "label": "#1d2329",
    "quiet": "#5d666f",
    "grid": "#dfe3e7",
}
"""What a colour is for: the class, and how it looks where there is no style sheet."""
WITHIN = "¦"
"""Between a group, whose name is a line of its own, and what is written below it."""
_CHARACTER = 9.4
"""Width of a character, generously, at the 16 units that narrow screens get."""


def room(texts: Iterable[str], *, most: int) -> int:
    """How wide a margin the longest of some texts needs."""
    return min(most, math.ceil(max(map(len, texts), default=0) * _CHARACTER) + 16)


def fitted(labels: list[str], *, most: int) -> list[str]:
    """Labels that fit into a margin, the middle of long ones left out; all of them whole if two would look alike."""
    longest = int((most - 16) / _CHARACTER)
    cut = [
        label if len(label) <= longest else f"{label[: longest // 2]}…{label[longest // 2 + 1 - longest :]}"
        for label in labels
    ]
    return cut if len(set(cut)) == len(set(labels)) else labels


def categories(labels: list[str], width: int, field: str = "label") -> alt.Y:
    """One line a label, from the top, in a margin of this width; ``WITHIN`` stands after the group of a label."""
    grouped: dict[str, Any] = {}
    if any(WITHIN in label for label in labels):
        bold = {"test": f"indexof(datum.label, '{WITHIN}') < 0", "value": "bold"}
        grouped = {
            "labelExpr": f"peek(split(datum.label, '{WITHIN}'))",
            "labelFontWeight": {"condition": bold, "value": "normal"},
        }
    axis = alt.Axis(
        **grouped, title=None, domain=False, ticks=False, labelPadding=10, labelLimit=width - 12, minExtent=width,
        maxExtent=width, labelColor=ROLES["label"], labelFontSize=13, labelOverlap=False,
    )  # fmt: skip
    return alt.Y(f"{field}:N", sort=labels, scale=alt.Scale(domain=labels), axis=axis)


def along(labels: list[str], shown: list[str], *, orient: Literal["bottom", "top"] = "bottom", **scale: Any) -> alt.X:
    """Labels from left to right, of which some are written; ``scale`` says how they stand."""
    axis = alt.Axis(
        values=shown, orient=orient, domain=orient == "bottom", title=None, labelAngle=0, labelOverlap=False,
        ticks=False, labelPadding=12 if orient == "bottom" else 8,
        domainColor=ROLES["quiet"], labelColor=ROLES["quiet"], labelFontSize=13,
    )  # fmt: skip
    return alt.X("label:O", sort=labels, scale=alt.Scale(domain=labels, **scale), axis=axis)


def amounts(ticks: list[float], form: str, width: int) -> dict[str, Any]:
    """Scale and axis of a vertical amount with these ticks, in a margin of this width."""
    axis = alt.Axis(
        values=ticks, title=None, format=form, domain=False, ticks=False, labelPadding=8, minExtent=width - 8,
        maxExtent=width - 8,
        gridColor=ROLES["grid"], labelColor=ROLES["quiet"], labelFontSize=13,
    )  # fmt: skip
    return {"scale": alt.Scale(domain=[ticks[0], ticks[-1]], nice=False, clamp=True), "axis": axis}


def hidden(field: str, x: alt.Scale) -> alt.X:
    """A position without an axis: each mark carries its own number."""
    return alt.X(f"{field}:Q", scale=x, axis=None)


def ticks(top: float, bottom: float) -> list[float]:
    """Three to six round numbers from at or below ``bottom`` to at or above ``top``."""
    reach = max(top - bottom, 1e-9)
    power = 10.0 ** math.floor(math.log10(reach / 4))
    step = next(power * factor for factor in (1, 2, 5, 10) if reach / (power * factor) <= 5)
    first, last = math.floor(bottom / step), math.ceil(top / step)
    return [round(number * step, 10) for number in range(first, last + 1)]


def root_ticks(top: float, width: int) -> list[float]:
    """Zero and round numbers up to ``top`` whose labels do not touch when they stand by their square root."""
    marks, end = [0.0], 0.0
    power = math.floor(math.log10(max(top, 1e-9)))
    for number in (factor * 10.0**at for at in range(power - 3, power + 1) for factor in (1, 2, 5)):
        at, half = width * math.sqrt(number / max(top, number)), len(f"{number:,.15g}") * _CHARACTER / 2
        if number <= top and at - half >= end + 3 * _CHARACTER:
            marks.append(number)
            end = at + half
    return marks


def svg(layers: list[alt.Chart], left: int, right: int, height: int, *, top: int = 11, bottom: int = 6) -> str:
    """Layers on top of each other, with these margins."""
    sized = alt.layer(*layers).properties(
        width=WIDTH - left - right,
        height=max(height, STEP),
        autosize=alt.AutoSizeParams(type="none"),
        padding={"left": left, "right": right, "top": top, "bottom": bottom},
        background="transparent",
    )
    spec = sized.configure(aria=False, font="system-ui, sans-serif").configure_view(stroke=None).to_dict(validate=False)
    return _classed(vl_convert.vegalite_to_svg(spec))


def _classed(svg: str) -> str:
    """Give each drawn thing the class of its role, let the page decide the size, and leave out what says nothing."""
    for role, colour in ROLES.items():
        svg = re.sub(rf'(fill|stroke)="{colour}"', rf'class="{role}" \1="{colour}"', svg)
    svg = re.sub(
        r' class="(?:mark|role|root|background|foreground|marks)[^"]*-[^"]*"| class="(?:background|foreground|marks)"',
        "",
        svg,
    )
    svg = re.sub(r' (?:role|aria-\w+|pointer-events|xmlns:xlink|version)="[^"]*"', "", svg)
    svg = re.sub(r' opacity="1"| font-family="[^"]*"| font-size="13px"|<path d="" display="none"/>', "", svg)
    svg = re.sub(r"<[^>]*>", lambda tag: re.sub(r"-?\d+\.\d{3,}", _short, tag[0]), svg)
    svg = svg.replace("<g ", '<g font-family="system-ui, sans-serif" font-size="13px" ', 1)
    return re.sub(r' width="[\d.]+" height="[\d.]+"( viewBox)', r' aria-hidden="true"\1', svg, count=1)


def _short(number: re.Match[str]) -> str:
    """A coordinate to a hundredth of a unit."""
    return f"{float(number[0]):.2f}".rstrip("0").rstrip(".")
