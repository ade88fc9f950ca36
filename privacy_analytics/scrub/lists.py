"""Public word lists: first names, those that are also ordinary words, and words that are no names."""

from __future__ import annotations

from functools import cache

from privacy_analytics.shipped import shipped


def _words(file: str) -> frozenset[str]:
    lines = shipped("data", file).read_text(encoding="utf-8").splitlines()
    return frozenset(word for line in lines if not line.startswith("#") for word in line.split())


@cache
def known_names() -> frozenset[str]:
    """Common first names, lower-case, ordinary words (mark, rose) among them: good after a cue."""
    return frozenset(word.rstrip("?") for word in _words("names.txt"))


@cache
def clear_names() -> frozenset[str]:
    """First names that mean nothing else, lower-case: good without a cue."""
    return frozenset(word for word in _words("names.txt") if not word.endswith("?")) - _words("words.txt")


@cache
def ordinary_words() -> frozenset[str]:
    """Plain English, chat and studio words that are no first name, lower-case."""
    return _words("words.txt") - known_names()
