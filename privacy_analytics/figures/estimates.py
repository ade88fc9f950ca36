"""Estimates as sentences write them: no digit too many, ends rounded outwards, and the strongest word that holds."""

from __future__ import annotations

import math
from typing import Literal

from privacy_analytics.dp.corrected import Estimate
from privacy_analytics.figures.format import Measure, clamp

Verdict = Literal["clear", "level", "unclear", "dropped"]
LEVEL = 0.05
"""What changed by less than this either way stayed level."""
TWICE, HALF_AGAIN = 2.0, 1.5
TELLS = 4
"""That no difference is clear is worth saying while the interval's ends are at most so many times apart."""
OPEN = 10
"""A rise whose upper end is so many times the lower one is told by its lower end alone."""
TIMES = Measure(" times")
_CHANGE = Measure(" %", 100, least=-math.inf, finest=0.1, signed=True)
_POINTS = Measure(" %", 100, finest=0.1)
_EXACT = 1e-9
"""What floats are off by: 0.3 / 0.1 is no more than 3."""


def tells(found: Estimate) -> bool:
    """Whether a ratio says something: it is clear of one, or close enough to it."""
    return found.clear or (found.low > 0 and found.high <= TELLS * found.low)


def moved(found: Estimate) -> tuple[Verdict, str]:
    """What a ratio of new to old says at most."""
    if found.low >= TWICE:
        return "clear", f"more than doubled ({span(found, TIMES)})"
    if found.high <= 1 / TWICE:
        return "clear", f"fell by more than half ({span(found, TIMES)})"
    if found.clear:
        way, sign = ("rose", 1) if found.low > 1 else ("fell", -1)
        low, high = sorted((sign * (found.low - 1), sign * (found.high - 1)))
        high = math.inf if way == "rose" and high > OPEN * low else high
        return "clear", f"{way} by {span(Estimate(sign * (found.value - 1), low, high), _POINTS)}"
    change = span(Estimate(found.value - 1, found.low - 1, found.high - 1), _CHANGE)
    if found.low >= 1 - LEVEL and found.high <= 1 + LEVEL:
        return "level", f"stayed level ({change})"
    return "unclear", f"did not clearly change ({change})"


def likely(found: Estimate) -> str:
    """How much likelier one group is than another, as the interval's nearer end says."""
    times = span(found, TIMES)
    if found.low >= TWICE:
        return f"at least twice as likely ({times}) as"
    if found.low >= HALF_AGAIN:
        return f"at least one and a half times as likely ({times}) as"
    if found.high <= 1 / TWICE:
        return f"at most half as likely ({times}) as"
    return f"{'more' if found.low > 1 else 'less'} likely ({times}) than"


def number(found: Estimate, how: Measure) -> str:
    value = round(clamp(found.value, how) * how.times / _step(found, how)) * _step(found, how)
    return f"{_plain(value, found, how)}{how.symbol} ({span(found, how)})"


def span(found: Estimate, how: Measure) -> str:
    """The interval, its ends rounded outwards so that it still holds what it held."""
    step = _step(found, how)
    low = math.floor(clamp(found.low, how) * how.times / step + _EXACT) * step
    if not math.isfinite(found.high):
        return f"at least {_plain(low, found, how)}{how.symbol}"
    high = math.ceil(clamp(found.high, how) * how.times / step - _EXACT) * step
    return f"{_plain(low, found, how)} to {_plain(high, found, how)}{how.symbol}"


def _plain(value: float, found: Estimate, how: Measure) -> str:
    decimals = max(0, -math.floor(math.log10(_step(found, how)) + _EXACT))
    sign = "+" if how.signed and value > 0 else ""
    return sign + f"{value:,.{decimals}f}".replace("-", "−")


def _step(found: Estimate, how: Measure) -> float:
    """The coarsest of 1, 2 and 5 times a power of ten that is a fifth of the half-width at most: no digit too many."""
    side = min(found.value - found.low, found.high - found.value)  # of a lopsided interval the shorter one
    same = 1.0 if how is TIMES else 0.0
    gap = max(found.low - same, same - found.high)  # what is clear of it has to look so
    fifth = max(side / 5 * how.times, how.finest)
    fifth = min(fifth, gap * how.times) if gap > 0 else fifth
    power = 10.0 ** math.floor(math.log10(fifth) + _EXACT)
    return max(factor * power for factor in (1, 2, 5) if factor * power <= fifth * (1 + _EXACT))
