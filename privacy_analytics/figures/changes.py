"""What changed since an earlier month, cell by cell: of counts in per cent, of shares in points, else in their unit.

A change is *clear* where its interval excludes 0. Both ends are taken at 97.5 % and at their worst corner, so that the
interval holds with at least 95 % whatever the two noises have to do with each other (Bonferroni).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

from privacy_analytics.dp.arithmetic import change
from privacy_analytics.dp.releases import Z95, Z975, Cell, Release
from privacy_analytics.errors import UsageError
from privacy_analytics.figures.format import Measure, capital, difference, key_words, month_words, show
from privacy_analytics.figures.measures import measure

_POINTS = Measure(" points", 100, least=-math.inf, signed=True)
_RELATIVE = Measure(" %", 100, least=-math.inf, signed=True)
_COUNTS, _LEVELS = ("accounts", "rows", "sum"), ("share", "ratio", "mean")


@dataclass(frozen=True)
class Changes:
    """How the cells of a release differ from those of an earlier month."""

    since: str
    """The month of comparison in words: ``"September"``, with its year where that is another one."""
    cells: Mapping[tuple[str, ...], Cell]
    """By key; those that either month suppresses are left out."""
    measure: Measure
    by: tuple[str, ...]

    def said(self, key: tuple[str, ...]) -> str:
        """``"+3.1 points (+1.2 to +5.0)"``, clear or not; ``"–"`` where there is nothing to compare."""
        return difference(self.cells[key], self.measure) if key in self.cells else "–"

    def line(self, key: tuple[str, ...] = ()) -> str:
        """Below a headline number: ``"+4 % (+2 to +6) on September"``, ``"no clear change on September"``."""
        if key not in self.cells:
            return ""
        return f"{self.said(key) if clear(self.cells[key]) else 'no clear change'} on {self.since}"

    def label(self, key: tuple[str, ...]) -> str:
        """Beside a bar: ``" ▲ 3.1"``; nothing where the change is not clear."""
        cell = self.cells.get(key)
        if cell is None or not clear(cell):
            return ""
        amount = show(cell, replace(self.measure, symbol="")).lstrip("+−")
        return f" {'▲' if cell.value > 0 else '▼'} {amount}"

    @property
    def reading(self) -> str:
        """What the arrows are, for a legend; empty where there is none."""
        unit = self.measure.symbol.strip()
        found = any(map(clear, self.cells.values()))
        return f"▲ ▼: clear change on {self.since}{f', in {unit}' if unit else ''}" if found else ""

    @property
    def spoken(self) -> str:
        """The clear changes as a sentence for an alternative text."""
        found = [
            f"{capital(key_words(key, self.by))} {show(cell, self.measure)}".strip()
            for key, cell in self.cells.items()
            if clear(cell)
        ]
        return f"Clear change on {self.since}: {', '.join(found)}." if found else f"No clear change on {self.since}."


def changes(new: Release, old: Release) -> Changes:
    """How ``new`` differs from the same question of an earlier month. Free.

    Raises
    ------
    UsageError
        these are not of two months in their order, do not answer the same question, or have no such difference
    """
    if not old.month < new.month:
        raise UsageError("A change is from an earlier month to a later one: give the later release first.")
    if new.unit in _COUNTS:
        relative = {cell.key: cell for cell in change(new, old).cells if cell.status != "suppressed"}
        return Changes(_since(new, old), relative, _RELATIVE, new.by)
    if any(getattr(new, name) != getattr(old, name) for name in ("unit", "table", "by", "population")):
        raise UsageError("These releases answer different questions. Compare the same question in two months.")
    if new.unit not in _LEVELS:
        raise UsageError("There is no change of quantiles or of changes. Compare counts, shares, ratios or means.")
    before = {cell.key: cell for cell in old.shown}
    cells = {cell.key: minus(cell, before[cell.key]) for cell in new.shown if cell.key in before}
    return Changes(_since(new, old), cells, in_points(new), new.by)


def comparable(new: Release, old: Release) -> bool:
    """Whether there is a change from ``old`` to ``new``; not of average weeks, which months cut differently."""
    if new.question.get("op") == "average" and new.question.get("by") == ["week"]:
        return False
    try:
        changes(new, old)
    except UsageError:
        return False
    return True


def in_points(release: Release) -> Measure:
    """How a difference of two such numbers is printed."""
    return _POINTS if release.unit == "share" else replace(measure(release), least=-math.inf, signed=True)


def minus(new: Cell, old: Cell, *, wider: float = Z975 / Z95) -> Cell:
    """The difference of two numbers; ``wider`` takes their 95 % intervals to the level that Bonferroni asks for."""
    (low, high), (least, most) = (_widened(cell, wider) for cell in (new, old))
    return Cell(new.key, new.value - old.value, low - most, high - least, None, "ok")


def clear(cell: Cell) -> bool:
    """Whether a difference's interval excludes 0."""
    return not cell.low <= 0 <= cell.high


def _widened(cell: Cell, factor: float) -> tuple[float, float]:
    return cell.value - (cell.value - cell.low) * factor, cell.value + (cell.high - cell.value) * factor


def _since(new: Release, old: Release) -> str:
    words = month_words(old.month)
    return words.split()[0] if old.month[:4] == new.month[:4] else words
