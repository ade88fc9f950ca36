"""From what one user said in one conversation to at most three themes, by the cues of the taxonomy."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from functools import cache

from privacy_analytics.themes.taxonomy import OTHER, WEIGHTS, taxonomy
from privacy_analytics.themes.words import NUMBER, Vocabulary, words

MOST = 3
"""Themes of one conversation."""
CLEAR = 1.9
"""Weight from which a theme is clear: about one likely cue, or two hints."""
BESIDE = 0.5
"""A further theme weighs at least this share of the first."""
LATER = 0.7
"""What is only said after the first message that says anything counts so much: that one states the question."""
HINTS = 2.5
"""Hints of one theme weigh at most this much together, so that talking long is no theme."""


def classify(texts: Sequence[str]) -> tuple[str, ...]:
    """The themes of one conversation, strongest first; ``("other",)`` where none is clear.

    A function of these texts and the public taxonomy alone.

    Parameters
    ----------
    texts : the scrubbed messages of the user, in order
    """
    weighed = _classifier().weigh(texts)
    best = max(weighed.values(), default=0.0)
    if best < CLEAR:
        return (OTHER,)
    clear = [theme for theme, weight in weighed.items() if weight >= max(CLEAR, BESIDE * best)]
    return tuple(sorted(clear, key=lambda theme: (-weighed[theme], theme))[:MOST])


class _Classifier:
    """Cues by the phrases that they want: a cue speaks where all of its phrases are said, and once."""

    def __init__(self) -> None:
        cues: defaultdict[frozenset[str], dict[str, float]] = defaultdict(dict)
        for theme in taxonomy():
            for cue, weight in theme.cues:
                themes = cues[frozenset(" ".join(_words(phrase)) for phrase in cue.split(" + "))]
                themes[theme.id] = max(weight, themes.get(theme.id, 0))
        of = math.log(len(taxonomy()))
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
        return {theme: clear[theme] + min(HINTS, hints[theme]) for theme in {*clear, *hints}}

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
def _classifier() -> _Classifier:
    return _Classifier()


def _words(phrase: str) -> list[str]:
    return [word for part in phrase.split() for word in ([NUMBER] if part == NUMBER else words(part))]
