"""A first look at a text, which tells the patterns where they can match."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from string import ascii_lowercase

WORDY = 12
"""Characters of `Glance.chunks` that may be plain words."""
NEAR = 4_096
"""Characters before and behind a sign that may belong to it."""
DIGITS = frozenset("0")
"""What a pattern needs that needs any digit."""

_WORDS = re.compile(r"[a-z]+")
_ALL_WORDS = re.compile(r"[^\W\d_]+")
_NUMBERS = re.compile(r"[0-9]+")
_MASKS = re.compile(r"<[A-Z_]{2,24}(?:_[0-9]{1,4})?>")
_RUNS = re.compile(r"\S{5,}")
_HUMP = re.compile(r"[A-Z](?<=[a-z].)")
_LETTERS = frozenset(ascii_lowercase)


def _shape(char: str) -> str:
    if char in ascii_lowercase:
        return "a"
    return "9" if char.isdecimal() else " " if char.isspace() else "A" if char.isupper() else char


class _Shapes(dict[int, str]):
    """What stands for a character in `Glance.shape`; ASCII is known beforehand."""

    def __missing__(self, code: int) -> str:
        return _shape(chr(code))


_SHAPES = _Shapes((code, _shape(chr(code))) for code in range(128))


@dataclass(slots=True)
class Glance:
    """A text and what a first look shows; all recognizers share it."""

    text: str
    lower: str
    """As long as the text."""
    tokens: set[str]
    """Lower-case words (dbUser counts as three) and signs; "0" stands for any digit. Placeholders say nothing."""
    digits: int
    shape: str
    """The text with "9" for every digit, "A" for every capital, "a" for a to z, blanks for spaces and placeholders."""
    _places: dict[str, list[int]] = field(default_factory=dict[str, list[int]])
    _chunks: list[tuple[int, int]] | None = None
    _longest: int = -1

    @classmethod
    def of(cls, text: str) -> Glance:
        """Look once."""
        lower = text.lower()
        if len(lower) != len(text):
            lower = "".join(low if len(low := char.lower()) == 1 else char for char in text)
        words = _WORDS if text.isascii() else _ALL_WORDS
        said = _MASKS.sub(" ", text) if "<" in text else text
        low = said.lower()
        tokens = set(low).difference(_LETTERS)
        tokens.update(words.findall(low))
        shape = said.translate(_SHAPES)
        if "aA" in shape:
            tokens.update(words.findall(_HUMP.sub(r" \g<0>", said).lower()))
        numbers = shape.count("9")
        if numbers:
            tokens.update(DIGITS)
        return cls(text, lower, tokens, numbers, shape)

    def places(self, word: str) -> list[int]:
        """Where one of `tokens` stands: a word or a number ("0") begins, or a sign is."""
        known = self._places.get(word)
        if known is None:
            known = self._places[word] = self._numbers() if word in DIGITS else self._find(word)
        return known

    def _numbers(self) -> list[int]:
        return [match.start() for match in _NUMBERS.finditer(self.text)]

    def _find(self, word: str) -> list[int]:
        text, lower = self.text, self.lower
        if lower.count(word) == 1:
            return [lower.find(word)]
        letter = word.isalpha()
        found: list[int] = []
        at = lower.find(word)
        while at >= 0:
            if not (letter and at and lower[at - 1].isalpha()) or (text[at].isupper() and text[at - 1].islower()):
                found.append(at)
            at = lower.find(word, at + 1)
        return found

    @property
    def longest(self) -> int:
        """Characters of the longest of `chunks`."""
        if self._longest < 0:
            self._longest = max([end - start for start, end in self.chunks()], default=0)
        return self._longest

    def chunks(self) -> list[tuple[int, int]]:
        """Ranges without white space; short ones only if there are digits or signs in them."""
        if self._chunks is None:
            self._chunks = [
                match.span()
                for match in _RUNS.finditer(self.text)
                if match.end() - match.start() > WORDY or not match[0].rstrip(",.!?:;)").isalpha()
            ]
        return self._chunks


def around(signs: Iterable[str], glance: Glance, start: int, end: int) -> Iterator[tuple[int, int]]:
    """The chunk if one of the signs is in it; of an endless one only what is near them."""
    if end - start <= 2 * NEAR:
        for sign in signs:
            if glance.lower.find(sign, start, end) >= 0:
                yield start, end
                return
        return
    stop = begin = start
    for at in sorted(at for sign in signs for at in glance.places(sign) if start <= at < end):
        if at - NEAR > stop:
            if stop > begin:
                yield begin, stop
            begin = at - NEAR
        stop = min(at + NEAR, end)
    if stop > begin:
        yield begin, stop
