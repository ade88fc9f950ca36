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
    result: list[Span] = []
    best = ordered[0]
    begin, stop = best.start, best.end
    for span in ordered[1:]:
        start, end, kind, score = span
        if start >= stop and not (kind in JOINED and kind == best.type and _GLUE.fullmatch(text, stop, start)):
            result.append(Span(begin, stop, best.type, best.score))
            best, begin, stop = span, start, end
            continue
        if score > best.score or (score == best.score and end - start > best.end - best.start):
            best = span
        stop = max(stop, end)
    return [*result, Span(begin, stop, best.type, best.score)]


def _place(span: Span) -> tuple[int, int]:
    return span.start, -span.end
