"""The one formatter of values, intervals, keys and dates: whatever a report prints was written here."""

from __future__ import annotations

import math
import re

from privacy_analytics.dp.releases import Cell, half_width

MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
STATUS = {
    "ok": "reliable",
    "approximate": "approximate",
    "unreliable": "unreliable",
    "suppressed": "too small to show",
}
_CASED = {"macos": "macOS", "ios": "iOS"} | {
    word.lower(): word for word in ("AI", "BPM", "DAW", "EQ", "GPU", "MIDI", "OS")
}
_SUFFIX = {"share": " %", "change": " %"}


def show(cell: Cell, unit: str) -> str:
    """A cell's value, rounded to two significant digits of its half width: ``"1,240"``, ``"34.1 %"``, ``"+12 %"``."""
    return _number(_clamp(cell.value, unit), _step(cell, unit), unit)


def error(cell: Cell, unit: str) -> str:
    """Half of the 95 % interval, rounded as the value is: ``"±35"``; for shares in percentage points, ``"±1.2"``."""
    half = half_width(cell)
    if not math.isfinite(half):
        return "±?"
    return "±" + _number(half, _step(cell, unit), unit, bare=True)


def interval(cell: Cell, unit: str) -> str:
    """The 95 % interval in words: ``"1,205 to 1,275"``."""
    low, high = (_number(_clamp(end, unit), _step(cell, unit), unit, bare=True) for end in (cell.low, cell.high))
    return f"{low} to {high}{_suffix(unit)}"


def scale(unit: str) -> str:
    """Number format of an axis in d3's language."""
    return ".0%" if unit in _SUFFIX else ",~f"


def key_words(key: tuple[str, ...]) -> str:
    """A cell's key as people write it: ``"Mix assist"``, ``"5 October 2026"``, ``"macOS, Free"``."""
    return ", ".join(_part(part) for part in key)


def key_short(part: str) -> str:
    """A day or week as an axis has room for: ``"5 Oct"``, ``"W40"``."""
    if day := re.fullmatch(r"\d{4}-(\d\d)-(\d\d)", part):
        return f"{int(day[2])} {MONTHS[int(day[1]) - 1][:3]}"
    week = re.fullmatch(r"\d{4}-W(\d\d)", part)
    return f"W{week[1]}" if week else _part(part)


def column_words(name: str) -> str:
    """A column or key without its underscores: ``"plan tier"``, ``"OS"``."""
    return " ".join(_CASED.get(word, word) for word in name.split("_"))


def month_words(month: str) -> str:
    """``"2026-10"`` as ``"October 2026"``."""
    year, number = month.split("-")
    return f"{MONTHS[int(number) - 1]} {year}"


def _part(part: str) -> str:
    if day := re.fullmatch(r"(\d{4})-(\d\d)-(\d\d)", part):
        return f"{int(day[3])} {MONTHS[int(day[2]) - 1]} {day[1]}"
    if week := re.fullmatch(r"(\d{4})-W(\d\d)", part):
        return f"week {int(week[2])} of {week[1]}"
    if not re.fullmatch(r"[a-z][a-z0-9_]*", part):
        return part
    words = column_words(part)
    return words if words.split(" ")[0] in _CASED.values() else words[0].upper() + words[1:]


def _clamp(value: float, unit: str) -> float:
    """Noise is signed inside; what is shown is not below zero, a share not above one."""
    if unit == "change":
        return value
    return min(max(value, 0.0), 1.0) if unit == "share" else max(value, 0.0)


def _step(cell: Cell, unit: str) -> float:
    """The power of ten that leaves two significant digits of the half width; counts are whole."""
    half = half_width(cell) * (100 if unit in _SUFFIX else 1)
    if not math.isfinite(half) or half <= 0:
        return 1.0
    step = 10.0 ** (math.floor(math.log10(half)) - 1)
    return max(step, 1.0) if unit in ("accounts", "rows") else max(step, 0.01)


def _number(value: float, step: float, unit: str, *, bare: bool = False) -> str:
    decimals = max(0, -round(math.log10(step)))
    rounded = round(value * (100 if unit in _SUFFIX else 1) / step) * step
    text = f"{rounded:,.{decimals}f}" if rounded else f"{0:.{decimals}f}"
    sign = "+" if unit == "change" and rounded > 0 and not bare else ""
    return sign + text.replace("-", "−") + ("" if bare else _suffix(unit))


def _suffix(unit: str) -> str:
    return _SUFFIX.get(unit, "")
