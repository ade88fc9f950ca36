"""How well themes are found, for reports to quote.

``make bench-themes`` classifies conversations labelled by hand (``data/themes_labelled.tsv``) and stores what it found
in ``data/themes_card.json``. A card speaks for the very taxonomy that was measured, and for no other.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

from privacy_analytics.shipped import shipped
from privacy_analytics.themes.classifier import VERSION
from privacy_analytics.themes.taxonomy import taxonomy_hash


class Share(NamedTuple):
    """Hits of so many, with a 95 % interval; shares from 0 to 1."""

    hits: int
    of: int
    share: float
    low: float
    high: float

    @classmethod
    def measured(cls, hits: int, of: int) -> Share:
        """With Wilson's score interval (Wilson 1927, JASA 22, 209-212), z = 1.96."""
        z, p = 1.96, hits / of
        middle = (p + z * z / (2 * of)) / (1 + z * z / of)
        half = z * math.sqrt(p * (1 - p) / of + z * z / (4 * of * of)) / (1 + z * z / of)
        return cls(hits, of, *(round(each, 4) for each in (p, max(0.0, middle - half), min(1.0, middle + half))))


@dataclass(frozen=True, slots=True)
class ThemesCard:
    """How many conversations labelled by hand got their theme."""

    measured: str
    """The day, YYYY-MM-DD."""
    themes: int
    conversations: int
    first: Share
    """The main theme is the first one given."""
    among: Share
    """The main theme is one of the at most three given."""
    area: Share
    """The first theme given lies in the area of the main theme."""
    other: Share
    """Nothing but ``other`` was given, of the conversations that have a theme."""
    first_unsaid: Share
    """As ``first``, without any phrase of the taxonomy that a measured conversation says word for word (two words or
    more): the cautious figure, since one hand wrote conversations and cues."""
    among_unsaid: Share
    recall: Mapping[str, tuple[int, int]]
    """By main theme: conversations that got it among their themes, of how many."""


@cache
def card() -> ThemesCard | None:
    """What was measured; None where the taxonomy or classifier here is not the measured one."""
    stored = json.loads(shipped("data", "themes_card.json").read_text(encoding="utf-8"))
    if (stored["version"], stored["taxonomy_sha256"]) != (VERSION, taxonomy_hash()):
        return None
    return ThemesCard(
        measured=stored["measured"],
        themes=stored["themes"],
        conversations=stored["conversations"],
        recall={theme: (hits, of) for theme, (hits, of) in stored["recall"].items()},
        **{name: Share(**stored[name]) for name in ("first", "among", "area", "other", "first_unsaid", "among_unsaid")},
    )


def quoted() -> str:
    """How themes are found and how well, as the sentence that a reader gets."""
    known = card()
    if known is None:
        return "Themes are found by rules over scrubbed text; how well was not measured for this list of themes."
    return (
        f"Themes are found by rules over scrubbed text: of {known.conversations} conversations that its authors wrote "
        f"and labelled to measure it, {_in_100(known.among)} in 100 got the right one of {known.themes} themes among "
        f"at most three, {_in_100(known.first)} in 100 as the first; in other people's words expect fewer."
    )


def _in_100(share: Share) -> int:
    """Rounded down: better than promised, not worse."""
    return math.floor(round(100 * share.share, 4))
