"""The name model with its words cleaned up: odds weighed by lists and case, lone numbers dropped."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from privacy_analytics.scrub.lists import (
    cities,
    clear_names,
    clear_surnames,
    known_names,
    ordinary_words,
    plain,
    surnames,
)
from privacy_analytics.scrub.spans import Span
from privacy_analytics.scrub.tagger import Tagger

LEAST = 0.2
"""Odds that are asked of a word."""
KNOWN = 0.05
"""Asked of a name that means nothing else."""
SURE = 0.95
"""Asked of a person or a town in small letters that is on no list, and of what patterns mostly find."""
_CODES = frozenset({"USERNAME", "EMAIL", "PASSWORD"})
NEAR = 4
"""Characters between the words of one name or address, at most."""
MOST = 0.85
"""The model's odds are capped below a pattern's score: where both find something, the pattern names its type."""
ENTITIES = ("ADDRESS", "EMAIL", "ID", "LOCATION", "PASSWORD", "PERSON", "PHONE", "USERNAME")


class NameModel:
    """Finds names, places and ids; offline; one a process.

    Parameters
    ----------
    threads : of the model's runtime

    Raises `SettingsError` where the weights are not installed; reading them takes 0.2 s.
    """

    def __init__(self, threads: int = 1) -> None:
        self._tagger = Tagger(threads)

    def tag(self, texts: Sequence[str], known: Sequence[Sequence[Span]] | None = None) -> list[list[Span]]:
        """Spans of every text, in its own indices; ``known`` are those that patterns found already."""
        tagged = self._tagger.tag(texts, known)
        return [_settled(words, text) for text, words in zip(texts, tagged, strict=True)]


def _settled(words: list[Span], text: str) -> list[Span]:
    """Drop what only looks personal: unlikely words, lone numbers as addresses."""
    kept: list[Span] = []
    words = [
        word._replace(score=min(word.score, MOST))
        for word in words
        if word.score >= _asked(text[word.start : word.end], word.type)
        and _believable(text[word.start : word.end], word.type)
    ]
    for (_, family), run in groupby(_runs(words), key=lambda pair: pair[0]):
        spans = [span for _, span in run]
        if family == "PLACE":
            street = [text[s.start : s.end].lower() for s in spans if s.type == "ADDRESS"]
            named = len(spans) > 1 and any(word.isalpha() and word not in ordinary_words() for word in street)
            kept += [s for s in spans if named or s.type == "LOCATION"]
        else:
            kept += spans
    return kept


def _runs(words: list[Span]) -> Iterator[tuple[tuple[int, str], Span]]:
    """Each word with its run: neighbours of one family at most four characters apart."""
    run, last = 0, Span(-9, -9, "", 0.0)
    for word in words:
        if _family(word) != _family(last) or word.start - last.end > NEAR:
            run += 1
        last = word
        yield (run, _family(word)), word


def _family(span: Span) -> str:
    return "PLACE" if span.type in ("ADDRESS", "LOCATION") else span.type


def _asked(word: str, kind: str) -> float:
    name = plain(word).removesuffix("'s")
    if kind == "PERSON" and (name in clear_names() or name in clear_surnames()):
        return KNOWN
    if kind in ("ADDRESS", "PHONE", "ID") or (word[0].isupper() and kind not in _CODES):
        return LEAST
    listed = name in cities() if kind == "LOCATION" else name in known_names() or name in surnames()
    return LEAST if listed and kind not in _CODES else SURE


def _believable(word: str, kind: str) -> bool:
    if kind in ("PERSON", "LOCATION"):
        return len(word) > 2 - word[0].isupper() and not word.isdigit() and word.lower() not in ordinary_words()
    if kind in _CODES:
        return len(word) > 2 and word.lower() not in ordinary_words()
    return kind == "ADDRESS" or sum(c.isdigit() for c in word) >= 5
