"""What people ask about: each conversation gets themes of a public taxonomy, by rules over scrubbed text."""

from __future__ import annotations

from privacy_analytics.themes.accuracy import ThemesCard, card, quoted
from privacy_analytics.themes.classifier import VERSION, classify
from privacy_analytics.themes.taxonomy import all_themes, area_of

__all__ = ["THEMES", "VERSION", "ThemesCard", "area_of", "card", "classify", "quoted"]

THEMES: tuple[str, ...]
"""The ids of all themes, in the taxonomy's order; read when first asked for."""


def __getattr__(name: str) -> tuple[str, ...]:
    if name == "THEMES":
        return tuple(theme.id for theme in all_themes())
    raise AttributeError(f"privacy_analytics.themes has no {name!r}")
