"""What a message says, word by word, as the taxonomy spells it: lower case, singular, with slips mended."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from functools import lru_cache

from privacy_analytics.shipped import shipped

NUMBER = "#"
_PLACEHOLDER = re.compile(r"<[A-Z][A-Z_]*(?:_\d+)?>")
_WORD = re.compile(r"[a-z]+|\d+")
_SHORT = {
    "u": "you", "ur": "your", "r": "are", "w": "with", "n": "and", "pls": "please",
    "vox": "vocal", "gtr": "guitar", "gtrs": "guitar",
}  # fmt: skip
_ENDINGS = ("ing", "ed", "er", "in", "y", "ly")
_LEAST = 6
"""Letters of a word that a typo is looked for in: shorter words have too many neighbours."""


def words(text: str) -> list[str]:
    """The words and numbers of a text; what the scrubber put in leaves none."""
    text = _PLACEHOLDER.sub(" ", text).lower().replace("%", " percent ")
    if not text.isascii():
        spread = unicodedata.normalize("NFKD", text.replace("\u2019", "'"))
        text = "".join(char for char in spread if not unicodedata.combining(char))
    return [singular(_SHORT.get(word, word)) for word in _WORD.findall(text.replace("'", ""))]


@lru_cache(maxsize=65_536)
def singular(word: str) -> str:
    """A word without a plural's ending, roughly: both sides of a comparison are treated alike."""
    if len(word) < 4 or word[-1] != "s" or word.endswith(("ss", "us", "is")):
        return word
    if word.endswith("ies"):
        return word[:-3] + "y"
    if word.endswith(("sses", "xes", "ches", "shes", "oes", "buses")):
        return word[:-2]
    return word[:-1]


class Vocabulary:
    """The words of the taxonomy, found again in other forms and with one slip of the keyboard."""

    def __init__(self, known: Iterable[str]) -> None:
        self._known = frozenset(known)
        ordinary = shipped("data", "words.txt").read_text(encoding="utf-8").splitlines()
        self._ordinary = frozenset(
            singular(word.rstrip("?")) for line in ordinary if not line.startswith("#") for word in line.split()
        )
        self._near: dict[str, list[str]] = {}
        for word in sorted(self._known):
            if len(word) >= _LEAST:
                for less in {word, *_without_one(word)}:
                    self._near.setdefault(less, []).append(word)
        self.known = lru_cache(maxsize=65_536)(self._find)
        """The word of the taxonomy that a word stands for; empty where there is none."""

    def _find(self, word: str) -> str:
        if word in self._known:
            return word
        if word.isdigit():
            return NUMBER
        return next((form for form in _forms(word) if form in self._known), "") or self._mended(word)

    def _mended(self, word: str) -> str:
        if len(word) < _LEAST or word in self._ordinary:
            return ""
        near = {
            each
            for less in {word, *_without_one(word)}
            for each in self._near.get(less, ())
            if each[0] == word[0] and _one_slip(word, each)
        }
        return min(near, default="")


def _forms(word: str) -> Iterator[str]:
    for ending in _ENDINGS:
        stem = word.removesuffix(ending)
        if 3 <= len(stem) < len(word):
            yield from (stem, stem + "e")
            if stem[-1] == stem[-2]:
                yield stem[:-1]
    for ending in ("ing", "ed", "e"):
        yield word + ending
        yield word.removesuffix("e") + ending


def _without_one(word: str) -> set[str]:
    return {word[:at] + word[at + 1 :] for at in range(len(word))}


def _one_slip(one: str, other: str) -> bool:
    """Whether a letter was left out, put in, replaced, or swapped with the next one."""
    if len(one) != len(other):
        return abs(len(one) - len(other)) == 1
    apart = [at for at, (a, b) in enumerate(zip(one, other, strict=True)) if a != b]
    swapped = len(apart) == 2 and apart[1] == apart[0] + 1 and one[apart[0]] == other[apart[1]]
    return len(apart) == 1 or (swapped and one[apart[1]] == other[apart[0]])
