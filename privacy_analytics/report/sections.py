"""Which sections of a notebook have something to show: a small month is a short page, not a list of what it lacks."""

from __future__ import annotations

import re
from itertools import count
from typing import Any

from privacy_analytics.figures import specifications

_HEADING = re.compile(r"(#+) ")


def with_something(cells: list[Any]) -> list[Any]:
    """The cells without those sections whose figures are all too small this month; the list at the end has them."""
    left_out: set[int] = set()
    for start, cell in enumerate(cells):
        level = _level(cell)
        if not level:
            continue
        end = next((at for at in count(start + 1) if at == len(cells) or 0 < _level(cells[at]) <= level), len(cells))
        shown = [output for each in cells[start:end] for output in each.get("outputs", ())]
        if shown and all(map(_only_missing, shown)):
            left_out.update(range(start, end))
    return [cell for at, cell in enumerate(cells) if at not in left_out]


def _level(cell: Any) -> int:
    found = _HEADING.match(cell["source"]) if cell["cell_type"] == "markdown" else None
    return len(found[1]) if found else 0


def _only_missing(output: Any) -> bool:
    specs = specifications("".join(output["data"]["text/html"]))
    return all(spec["render"] == "not_shown" and spec["options"].get("beside") for spec in specs)
