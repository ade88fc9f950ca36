"""The public taxonomy: what themes there are and which words and phrases speak for them (``data/themes.toml``)."""

from __future__ import annotations

import hashlib
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from privacy_analytics.shipped import shipped

OTHER = "other"
"""What a conversation without a clear theme is about, and the area of that."""
WEIGHTS = {"sure": 3.0, "likely": 2.0, "hint": 1.0}
"""How much a cue of each list speaks for its theme, before sharing it with other themes takes some away."""


@dataclass(frozen=True, slots=True)
class Theme:
    """One theme: a key of the public list ``themes``."""

    id: str
    name: str
    area: str
    """A key of the public list ``areas``."""
    definition: str
    """What belongs to it, one line."""
    cues: tuple[tuple[str, float], ...]
    """(what is said, its weight); ``kick + bass`` wants both anywhere in a conversation, ``#`` is any number."""


@cache
def all_themes() -> tuple[Theme, ...]:
    """Every theme, in the order of the file."""
    return tuple(
        Theme(
            id=each["id"],
            name=each["name"],
            area=each["area"],
            definition=each["definition"],
            cues=tuple(
                (" ".join(cue.split()), weight) for kind, weight in WEIGHTS.items() for cue in each[kind].split(",")
            ),
        )
        for each in tomllib.loads(_file().read_text(encoding="utf-8"))["theme"]
    )


def area_of(theme: str) -> str:
    """The area that a theme belongs to; ``other`` is its own. Raises KeyError for what is no theme."""
    return _areas()[theme]


def taxonomy_hash() -> str:
    """SHA-256 of the taxonomy file, cues and all, in hex."""
    return hashlib.sha256(_file().read_bytes()).hexdigest()


@cache
def _areas() -> dict[str, str]:
    return {theme.id: theme.area for theme in all_themes()} | {OTHER: OTHER}


def _file() -> Path:
    return shipped("data", "themes.toml")
