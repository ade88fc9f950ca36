"""Cells of two keys as a table with shades: rows of the first key, columns of the second, each with its number."""

from __future__ import annotations

import math

import altair as alt

from privacy_analytics.dp.releases import Release
from privacy_analytics.figures.format import capital, clamp, key_short, part_words, show
from privacy_analytics.figures.measures import measure
from privacy_analytics.figures.svg import ROLES, WIDTH, along, categories, room, svg

ROW = 30
ACROSS = 5
"""Columns side by side; where there are more they come in bands, one below the other."""
LARGEST = 600
"""Cells of a picture; beyond them numbers are looked up, not looked at."""
_SHADES = (0.05, 0.5)
"""Opacity of nothing and of the largest number: the darkest still lets its number be read."""
WEAKEST = 0.15
"""Of a weak number, at most: it is written in grey."""


def grid(release: Release) -> str:
    """A shaded table; weak numbers are grey, and a suppressed cell is blank."""
    across = list(dict.fromkeys(cell.key[1] for cell in release.cells))
    size = math.ceil(len(across) / math.ceil(len(across) / ACROSS))
    return "".join(_band(release, across[at : at + size], size) for at in range(0, len(across), size))


def _band(release: Release, across: list[str], size: int) -> str:
    how, (first, second) = measure(release), release.by
    heads = {part: key_short(part, second) for part in across}
    rows = dict.fromkeys(cell.key[0] for cell in release.cells if cell.key[1] in heads)
    down = {part: capital(part_words(part, first)) for part in rows}
    most = max((clamp(cell.value, how) for cell in release.shown), default=0.0) or 1.0
    drawn = [
        {
            "row": down[cell.key[0]],
            "label": heads[cell.key[1]],
            "text": show(cell, how).removesuffix(how.symbol),
            "shade": min(
                _SHADES[0] + (_SHADES[1] - _SHADES[0]) * max(clamp(cell.value, how) / most, 0.0),
                WEAKEST if cell.status == "unreliable" else 1.0,
            ),
            "weak": cell.status == "unreliable",
        }
        for cell in release.shown
        if cell.key[1] in heads
    ]
    left = room(down.values(), most=200)
    x = along([*heads.values()], [*heads.values()], orient="top", type="band", padding=0.04)
    base = alt.Chart(alt.Data(values=drawn)).encode(x=x, y=categories([*down.values()], left, "row"))
    layers = [base.mark_rect(fill=ROLES["mark"], cornerRadius=3).encode(opacity=alt.Opacity("shade:Q", scale=None))]
    for weak, role in (("false", "label"), ("true", "quiet")):
        number = base.transform_filter(f"datum.weak === {weak}").mark_text(fill=ROLES[role], fontSize=13)
        layers.append(number.encode(text="text:N"))
    right = 6 + (WIDTH - left - 6) * (size - len(across)) // size
    return svg(layers, left, right, ROW * len(down), top=30)
