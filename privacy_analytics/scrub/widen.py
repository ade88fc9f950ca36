"""What belongs to a name or a place that was found: titles, degrees, a postcode, the other street of a corner."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

from privacy_analytics.scrub.spans import Span

REACH = 24
"""Characters that are looked at beside a span."""
_TITLE = re.compile(
    r"(?<![^\W_])(?:(?:mr|mrs|ms|miss|mx|dr|prof|professor|sir|madam|lord|lady|officer|detective|sergeant|sgt|captain|capt|judge"
    r"|justice|senator|rev|reverend|father|sister|herr|frau|señora?|monsieur|madame)\b\.?\s){1,2}$",
    re.IGNORECASE,
)
_DEGREE = re.compile(r",?\s(?:(?:jr|sr|ph\.?\s?d|m\.?d|dds|esq|cpa|msc|bsc|mba|rn)\b\.?|I{2,3}\b|IV\b)", re.IGNORECASE)
_POSTCODE = re.compile(
    r",?\s(?!(?:19|20)\d\d\b)\d{4,6}(?![\w:/-]|\.\d|\s?(?:hz|khz|bpm|ms|db|k|%|people|fans|users|plays)\b)",
    re.IGNORECASE,
)
_CORNER = re.compile(r"(?<!\w)(?:the )?(?:corner|intersection|crossing) of $", re.IGNORECASE)
_PLACES = frozenset({"ADDRESS", "LOCATION"})


def widened(spans: Sequence[Span], text: str) -> Iterator[Span]:
    """Each of the disjoint spans of a text, as wide as what belongs to it; some may touch or overlap then."""
    for span in spans:
        if span.type == "PERSON":
            yield _person(span, text)
        elif span.type in _PLACES and (code := _POSTCODE.match(text, span.end)):
            yield span._replace(end=code.end(), type="ADDRESS")
        else:
            yield span
    for left, right in pairwise(spans):
        if text[left.end : right.start] == " and " and (
            corner := _CORNER.search(text, max(0, left.start - REACH), left.start)
        ):
            yield Span(corner.start(), right.end, "ADDRESS", max(left.score, right.score))


def _person(span: Span, text: str) -> Span:
    title = _TITLE.search(text, max(0, span.start - REACH), span.start)
    degree = _DEGREE.match(text, span.end)
    if title is None and degree is None:
        return span
    return span._replace(start=title.start() if title else span.start, end=degree.end() if degree else span.end)
