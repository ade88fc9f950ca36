"""From what one user said in one conversation to at most three themes, by the cues of the taxonomy."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from functools import cache

from privacy_analytics.themes.taxonomy import OTHER, WEIGHTS, Theme, all_themes, area_of
from privacy_analytics.themes.words import NUMBER, Vocabulary, words

VERSION = 1
"""Raised when a conversation's themes may become others, so that questions about them get a new identity."""
MOST = 3
"""Themes of one conversation."""
CLEAR = 1.4
"""Weight from which a theme is clear: one likely cue, or two hints, also where others share them."""
BESIDE = 0.5
"""A further theme weighs at least this share of the first."""
LATER = 0.7
"""What is only said after the first message that says anything counts so much: that one states the question."""
KIN = 0.15
"""What speaks for the other themes of an area speaks so much for each of them."""
HINTS = 2.5
"""Hints of one theme weigh at most this much together, so that talking long is no theme."""


def classify(texts: Sequence[str]) -> tuple[str, ...]:
    """The themes of one conversation, strongest first; ``("other",)`` where none is clear.

    A function of these texts and the public taxonomy alone.

    Parameters
    ----------
    texts : the scrubbed messages of the user, in order
    """
    return _classifier().classify(texts)


class Classifier:
    """Cues by the phrases that they want: a cue speaks where all of its phrases are said, and once."""

    def __init__(self, taxonomy: Sequence[Theme]) -> None:
        cues: defaultdict[frozenset[str], dict[str, float]] = defaultdict(dict)
        for theme in taxonomy:
            for cue, weight in theme.cues:
                themes = cues[frozenset(" ".join(phrase_words(phrase)) for phrase in cue.split(" + "))]
                themes[theme.id] = max(weight, themes.get(theme.id, 0))
        of = math.log(len(taxonomy))
        self._cues = {
            cue: [(theme, weight, weight * (1 - math.log(len(themes)) / of)) for theme, weight in themes.items()]
            for cue, themes in cues.items()
        }
        phrases = {phrase for cue in cues for phrase in cue}
        self._by_phrase: defaultdict[str, list[frozenset[str]]] = defaultdict(list)
        for cue in sorted(cues, key=sorted):
            self._by_phrase[min(cue)].append(cue)
        self._longest: defaultdict[str, int] = defaultdict(int)
        for phrase in phrases:
            first, *more = phrase.split()
            self._longest[first] = max(self._longest[first], 1 + len(more))
        self._phrases = phrases
        self._vocabulary = Vocabulary(word for phrase in phrases for word in phrase.split())

    def classify(self, texts: Iterable[str]) -> tuple[str, ...]:
        """At most three themes of one conversation, as ``classify`` gives them."""
        weighed = self.weigh(texts)
        best = max(weighed.values(), default=0.0)
        if best < CLEAR:
            return (OTHER,)
        clear = [theme for theme, weight in weighed.items() if weight >= max(CLEAR, BESIDE * best)]
        return tuple(sorted(clear, key=lambda theme: (-weighed[theme], theme))[:MOST])

    def weigh(self, texts: Iterable[str]) -> dict[str, float]:
        """The weight of each theme that anything speaks for."""
        opening: set[str] = set()
        said: set[str] = set()
        for text in texts:
            said |= self._said(text)
            opening = opening or set(said)
        clear: defaultdict[str, float] = defaultdict(float)
        hints: defaultdict[str, float] = defaultdict(float)
        for phrase in sorted(said):
            for cue in self._by_phrase.get(phrase, ()):
                if cue <= said:
                    share = 1 if cue <= opening else LATER
                    for theme, listed, weight in self._cues[cue]:
                        (hints if listed < WEIGHTS["likely"] else clear)[theme] += share * weight
        alone = {theme: clear[theme] + min(HINTS, hints[theme]) for theme in {*clear, *hints}}
        areas: defaultdict[str, float] = defaultdict(float)
        for theme in sorted(alone):
            areas[area_of(theme)] += alone[theme]
        return {theme: weight + KIN * (areas[area_of(theme)] - weight) for theme, weight in alone.items()}

    def _said(self, text: str) -> set[str]:
        """The phrases of the taxonomy in a message."""
        line = [self._vocabulary.known(word) for word in words(text)]
        found = self._phrases_in(line)
        if any(word.isdigit() for word in line):
            found |= self._phrases_in([NUMBER if word.isdigit() else word for word in line])
        return found

    def _phrases_in(self, line: list[str]) -> set[str]:
        found: set[str] = set()
        for at, word in enumerate(line):
            for length in range(1, self._longest.get(word, 0) + 1):
                phrase = " ".join(line[at : at + length])
                if phrase in self._phrases:
                    found.add(phrase)
        return found


@cache
def _classifier() -> Classifier:
    return Classifier(all_themes())


def phrase_words(phrase: str) -> list[str]:
    """The words of a cue's phrase, as those of a message."""
    return [word for part in phrase.split() for word in ([NUMBER] if part == NUMBER else words(part))]
