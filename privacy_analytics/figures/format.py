"""The one formatter of values, intervals, keys and dates: whatever a report prints was written here."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

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
_BIN = re.compile(r"(under )?(-?[\d.]+(?:e[+-]?\d+)?)(?:( to )(-?[\d.]+(?:e[+-]?\d+)?)|( or more))?")
_PARTS = {"p10": "one in ten", "p25": "a quarter", "p50": "half", "p75": "three quarters", "p90": "nine in ten"}


@dataclass(frozen=True)
class Measure:
    """How the numbers of a release are printed."""

    symbol: str = ""
    """Behind a number, with its space: ``" %"``, ``" ms"``."""
    times: int = 1
    """100 where a part is printed in per cent."""
    least: float = 0.0
    """Noise is signed inside; what is shown is not below this, nor above ``most``."""
    most: float = math.inf
    finest: float = 0.01
    """The smallest step that is printed: counts are whole."""
    signed: bool = False
    """Whether a rise is printed with its plus."""
    chosen: bool = False
    """Whether a value was chosen from a list, as quantiles are: it has an interval, and no ± around it."""


def show(cell: Cell, measure: Measure) -> str:
    """A cell's value, rounded to two significant digits of its half width: ``"1,240"``, ``"34.1 %"``, ``"+12 %"``."""
    return _signed(cell.value, cell, measure) + measure.symbol


def difference(cell: Cell, measure: Measure) -> str:
    """A difference with its interval: ``"+3.1 points (+1.2 to +5.0)"``."""
    low, high = (_signed(end, cell, measure) for end in (cell.low, cell.high))
    return f"{show(cell, measure)} ({low} to {high})"


def error(cell: Cell, measure: Measure) -> str:
    """How far off it may be: ``"±35"``, rounded as the value is; the interval itself where it is lopsided."""
    half = half_width(cell)
    lopsided = measure.times == 1 and abs((cell.low + cell.high) / 2 - cell.value) > half / 5
    if measure.chosen or lopsided:
        return interval(cell, measure)
    return "±" + _number(half, cell, measure) if math.isfinite(half) else "±?"


def interval(cell: Cell, measure: Measure) -> str:
    """The 95 % interval in words: ``"1,205 to 1,275"``."""
    return f"{_number(cell.low, cell, measure)} to {_number(cell.high, cell, measure)}{measure.symbol}"


def clamp(value: float, measure: Measure) -> float:
    """What is shown of a noised number."""
    return min(max(value, measure.least), measure.most)


def scale(measure: Measure) -> str:
    """Number format of an axis in d3's language."""
    return ".0%" if measure.times == 100 else ",.12~g"


def plain(number: float) -> str:
    """A public number, such as a bound, in full: ``"86,400,000"``, ``"0.5"``."""
    return f"{number:,.15g}".replace("-", "−")


def key_words(key: tuple[str, ...], by: tuple[str, ...]) -> str:
    """A cell's key as people write it: ``"Mix assist"``, ``"5 October 2026"``, ``"macOS, Free"``."""
    return ", ".join(part_words(part, name) for part, name in zip(key, by, strict=True))


def key_short(part: str, name: str) -> str:
    """A part of a key as an axis has room for it: ``"5 Oct"``, ``"W40"``, ``"+1"``, ``"5–15"``, ``"half"``."""
    if day := re.fullmatch(r"\d{4}-(\d\d)-(\d\d)", part):
        return f"{int(day[2])} {MONTHS[int(day[1]) - 1][:3]}"
    if week := re.fullmatch(r"\d{4}-W(\d\d)", part):
        return f"W{week[1]}"
    if name == "hour":
        return part
    if name == "quantile":
        return _PARTS.get(part, f"{part[1:]} %")
    words = part_words(part, name)
    if is_bin(part) and "-" not in part:
        return words.replace("under ", "<").replace(" to ", "–").replace(" or more", "+")
    return f"+{part}" if name == "week" else words


def part_words(part: str, name: str) -> str:
    """One part of a key, by the name of its column: ``"nine in ten accounts"``, ``"“make it louder”"``."""
    if name == "quantile":
        words = key_short(part, name)
        return f"{words} accounts" if words.endswith("ten") else f"{words} of the accounts"
    if name == "phrase":
        return f"“{part}”"
    if name == "hour" and part.isdigit():
        return f"{part}:00 to {int(part) + 1:02}:00"
    if name == "week" and part.isdigit():
        return {0: "in the same week", 1: "1 week later"}.get(int(part), f"{part} weeks later")
    if day := re.fullmatch(r"(\d{4})-(\d\d)-(\d\d)", part):
        return f"{int(day[3])} {MONTHS[int(day[2]) - 1]} {day[1]}"
    if week := re.fullmatch(r"(\d{4})-W(\d\d)", part):
        return f"week {int(week[2])} of {week[1]}"
    if name == "rows" and is_bin(part):
        part = _whole(part)
    if is_bin(part):
        return re.sub(r"(?<![.\d])-?\d+(?![.\d]|e)", lambda whole: plain(int(whole[0])), part)
    if not re.fullmatch(r"[a-z][a-z0-9_]*", part):
        return part
    return capital(column_words(part))


def is_bin(part: str) -> bool:
    """Whether a part of a key is a bin of a number: ``"under 5"``, ``"5 to 15"``, ``"15 or more"``."""
    found = _BIN.fullmatch(part)
    return found is not None and sum(found[group] is not None for group in (1, 3, 5)) == 1


def _whole(part: str) -> str:
    """A bin of whole numbers by those that are in it: ``"3 to 6"`` holds 3 to 5, ``"under 3"`` of rows 1 to 2."""
    low, high = (int(end) for end in re.findall(r"\d+", f"1 {part}" if part.startswith("under") else f"{part} 0")[:2])
    if part.endswith("or more"):
        return part
    return str(low) if high == low + 1 else f"{low} to {high - 1}"


def column_words(name: str) -> str:
    """A column or key without its underscores: ``"plan tier"``, ``"OS"``."""
    return " ".join(_CASED.get(word, word) for word in name.split("_"))


def capital(words: str) -> str:
    """Words as they start a line."""
    return words if re.split(r"\W", words)[0] in _CASED.values() else words[:1].upper() + words[1:]


def month_words(month: str) -> str:
    """``"2026-10"`` as ``"October 2026"``."""
    year, number = month.split("-")
    return f"{MONTHS[int(number) - 1]} {year}"


def months_words(months: Sequence[str]) -> str:
    """A month, or the first and the last of several: ``"September 2026 to October 2026"``."""
    return " to ".join(map(month_words, sorted({months[0], months[-1]})))


def _step(cell: Cell, measure: Measure) -> float:
    """The power of ten that leaves two significant digits of the half width, but no finer than is printed."""
    half = half_width(cell) * measure.times
    if not math.isfinite(half) or half <= 0:
        return 1.0
    return max(10.0 ** (math.floor(math.log10(half)) - 1), measure.finest)


def _rounded(value: float, cell: Cell, measure: Measure) -> float:
    step = _step(cell, measure)
    return round(clamp(value, measure) * measure.times / step) * step


def _signed(value: float, cell: Cell, measure: Measure) -> str:
    sign = "+" if measure.signed and _rounded(value, cell, measure) > 0 else ""
    return sign + _number(value, cell, measure)


def _number(value: float, cell: Cell, measure: Measure) -> str:
    if measure.chosen:
        return plain(float(f"{value:.3g}"))
    decimals, rounded = max(0, -round(math.log10(_step(cell, measure)))), _rounded(value, cell, measure)
    return (f"{rounded:,.{decimals}f}" if rounded else f"{0:.{decimals}f}").replace("-", "−")
