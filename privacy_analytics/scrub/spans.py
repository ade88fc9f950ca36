"""A span: where in a text something personal stands, and what it is."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

JOINED = frozenset({"PERSON", "ADDRESS", "LOCATION"})
"""Types that are written as several words; parts that nearly touch are one."""

_PARTICLES = r"(?:de|da|do|dos|di|du|del|della|der|den|des|el|al|la|le|les|van|von|bin|ibn|am|an|im|sur|upon)"
_GLUE = re.compile(rf"[ ,.\n]{{0,2}}|\s\w\.?\s|\s(?:{_PARTICLES}\s){{1,2}}", re.IGNORECASE)


class Span(NamedTuple):
    """Half-open range ``[start, end)`` of string indices, with a type and a score in (0, 1]."""

    start: int
    end: int
    type: str
    score: float


def merged(spans: Iterable[Span], text: str) -> list[Span]:
    """Disjoint spans in order that cover all given ones.

    Overlapping spans become one that bears the type of the most certain, then longest; neighbours of one
    type in `JOINED` with at most white space, punctuation, an initial or a particle (van der) between are joined.
    """
    ordered = sorted(spans, key=_place)
    if len(ordered) < 2:
        return ordered
    result, best = ordered[:1], ordered[0]
    for span in ordered[1:]:
        last = result[-1]
        if not (span.start < last.end or _touch(last, span, text)):
            result.append(span)
            best = span
            continue
        if (span.score, span.end - span.start) > (best.score, best.end - best.start):
            best = span
        result[-1] = Span(last.start, max(last.end, span.end), best.type, best.score)
    return result


def _place(span: Span) -> tuple[int, int]:
    return span.start, -span.end


def _touch(left: Span, right: Span, text: str) -> bool:
    return left.type == right.type and left.type in JOINED and _GLUE.fullmatch(text, left.end, right.start) is not None
