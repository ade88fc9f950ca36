"""A first look at a text, which tells the patterns where they can match."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from string import ascii_lowercase

from privacy_analytics.scrub.lists import name_words

WORDY = 12
"""Characters of `Glance.chunks` that may be plain words."""
SHORT = 5
"""Characters that a chunk has at least."""
NEAR = 4_096
"""Characters before and behind a sign that may belong to it."""
DIGITS = frozenset("0")
"""What a pattern needs that needs any digit."""

_ALL_WORDS = re.compile(r"[^\W\d_]+")
_NUMBERS = re.compile(r"[0-9]+")
_MASKS = re.compile(r"<[A-Z_]{2,24}(?:_[0-9]{1,4})?>")
_HUMP = re.compile(r"[A-Z](?<=[a-z].)")


def _shape(char: str) -> str:
    if char in ascii_lowercase:
        return "a"
    return "9" if char.isdecimal() else " " if char.isspace() else "A" if char.isupper() else char


class _Shapes(dict[int, str]):
    """What stands for a character in `Glance.shape`; ASCII is known beforehand."""

    def __missing__(self, code: int) -> str:
        return _shape(chr(code))


_SHAPES = _Shapes((code, _shape(chr(code))) for code in range(128))
_PLAIN_SHAPES = "".join(map(_shape, map(chr, range(128)))).ljust(256).encode()
_PLAIN_WORDS = bytes(code if chr(code) in ascii_lowercase else ord(" ") for code in range(256))
_PLAIN_LETTERS = ascii_lowercase.encode()


def _words(lower: str) -> list[str]:
    if lower.isascii():  # tables of bytes are much quicker
        return lower.encode().translate(_PLAIN_WORDS).decode().split()
    return _ALL_WORDS.findall(lower)


def _signs(lower: str) -> set[str]:
    if lower.isascii():
        return set(lower.encode().translate(None, _PLAIN_LETTERS).decode())
    return set(lower).difference(ascii_lowercase)


def _shown(text: str) -> str:
    return text.encode().translate(_PLAIN_SHAPES).decode() if text.isascii() else text.translate(_SHAPES)


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
    _named: set[str] | None = None
    _places: dict[str, list[int]] = field(default_factory=dict[str, list[int]])
    _chunks: list[tuple[int, int]] | None = None
    _longest: int = -1

    @classmethod
    def of(cls, text: str) -> Glance:
        """Look once."""
        lower = low = text.lower()
        if len(lower) != len(text):
            lower = "".join(small if len(small := char.lower()) == 1 else char for char in text)
        said = text
        if "<" in text:
            said = _MASKS.sub(" ", text)
            low = said.lower()
        tokens = _signs(low)
        tokens.update(_words(low))
        shape = _shown(said)
        if "aA" in shape:
            tokens.update(_words(_HUMP.sub(r" \g<0>", said).lower()))
        numbers = shape.count("9")
        if numbers:
            tokens.update(DIGITS)
        return cls(text, lower, tokens, numbers, shape)

    @property
    def named(self) -> set[str]:
        """Those of `tokens` that a listed name begins with."""
        if self._named is None:
            self._named = self.tokens & name_words()
        return self._named

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
        at = lower.find(word)
        if lower.find(word, at + 1) < 0:
            return [at]
        letter = word.isalpha()
        found: list[int] = []
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
            self._chunks = []
            at, text = 0, self.text
            for run in text.split():
                size = len(run)
                if size >= SHORT and (size > WORDY or not run.rstrip(",.!?:;)").isalpha()):
                    at = text.index(run, at)  # what was passed over are words and cannot hold it
                    self._chunks.append((at, at + size))
                    at += size
        return self._chunks


def around(signs: Sequence[str], glance: Glance, chunks: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """The chunks with one of the signs in them; of endless ones only what is near them."""
    find = glance.lower.find
    for start, end in chunks:
        if end - start > 2 * NEAR:
            yield from _near(signs, glance, start, end)
        else:
            for sign in signs:
                if find(sign, start, end) >= 0:
                    yield start, end
                    break


def _near(signs: Sequence[str], glance: Glance, start: int, end: int) -> Iterator[tuple[int, int]]:
    stop = begin = start
    for at in sorted(at for sign in signs for at in glance.places(sign) if start <= at < end):
        if at - NEAR > stop:
            if stop > begin:
                yield begin, stop
            begin = at - NEAR
        stop = min(at + NEAR, end)
    if stop > begin:
        yield begin, stop
